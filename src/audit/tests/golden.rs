//! A log that was written once and must always verify; `tests/audit` harms copies of it.

use super::*;

const GOLDEN: &str = "tests/data/audit";

/// Three streams, files of which one is archived and others are compressed, a second key, a line that was cut short, an
/// interrupted request.
#[tokio::test]
#[ignore = "it writes the files anew: run it when the format changes"]
async fn write_the_golden_log() {
    let place = Place::new();
    let mut config = place.config(Mode::FailClosed);
    config.seal_bytes = 3000;
    config.prune_after = Some(Duration::from_millis(30));
    let audit = place.open(config);
    requests(&audit, 30).await;
    audit.stop();
    let first = shelf::Shelf::look(&place.dir()).unwrap().last(1).unwrap();
    let path = first.path(&place.dir());
    let mut content = fs::read(&path).unwrap();
    content.extend_from_slice(b"{\"seq\":");
    fs::write(&path, content).unwrap();
    let next_file = place.folder.path().join("next.key");
    let next = SigningKey::create(&next_file).unwrap();
    let mut config = place.config(Mode::FailClosed);
    config.next_key = Some(next.public().clone());
    config.seal_bytes = 2000;
    let audit = place.open(config);
    let ticket = audit.intent(r#"{"key":"interrupted"}"#).await.unwrap();
    requests(&audit, 10).await;
    audit.event("reload", "{}");
    audit.stop();
    std::mem::forget(ticket);
    let audit = place.open(Config::new(Mode::FailClosed, place.dir(), next));
    requests(&audit, 5).await;
    audit.stop();
    let report = place.anchored();
    assert_eq!(report.verdict, Verdict::Untouched, "{report:?}");
    assert!(report.archived > 0);
    let golden = Path::new(GOLDEN);
    let _ = fs::remove_dir_all(golden);
    fs::create_dir_all(golden.join("log")).unwrap();
    for entry in fs::read_dir(place.dir()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "lock" {
            fs::copy(entry.path(), golden.join("log").join(entry.file_name())).unwrap();
        }
    }
    fs::write(
        golden.join("audit.pub"),
        format!("{}\n", place.key().public()),
    )
    .unwrap();
    let told = place.told.lock().unwrap();
    let anchors = told.iter().filter(|line| line.contains("checkpoint"));
    let text: String = anchors.map(|line| format!("{line}\n")).collect();
    fs::write(golden.join("anchors.txt"), text).unwrap();
}

#[test]
fn the_golden_log_verifies() {
    let golden = Path::new(GOLDEN);
    let key = golden.join("audit.pub");
    let question = Question {
        keys: vec![PublicKey::read(key.to_str().unwrap()).unwrap()],
        anchors: Anchor::read(&golden.join("anchors.txt")).unwrap(),
        since: None,
    };
    let report = verify(&golden.join("log"), &question).unwrap();
    assert_eq!(report.verdict, Verdict::Untouched, "{report:?}");
    assert_eq!(report.streams, 3);
}
