//! Every way to harm a log, and what is said of it.

use super::*;

const FIRST: &str = "00000001-000001.jsonl";

/// A log of one stream: `open`, a checkpoint, ten intents with their outcomes, a checkpoint.
async fn log() -> Place {
    let place = Place::new();
    let audit = place.open(place.config(Mode::FailClosed));
    requests(&audit, 10).await;
    audit.stop();
    place
}

fn lines(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.dir().join(FIRST)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn write(place: &Place, lines: &[String]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(place.dir().join(FIRST), text).unwrap();
}

/// What is found with the key and an anchor: of which sort, in which file, line and sequence.
#[track_caller]
fn check(place: &Place, what: What, file: &str, line: u64, sequence: u64) {
    let report = place.anchored();
    let found = report.finding.as_ref();
    let found = found.map(|found| (found.what, found.file.as_str(), found.line, found.sequence));
    assert_eq!(found, Some((what, file, line, sequence)), "{report:?}");
    assert_eq!(report.verdict, Verdict::Tampered);
}

#[tokio::test]
async fn any_byte_that_is_flipped_is_found() {
    let place = log().await;
    let path = place.dir().join(FIRST);
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut harmed = whole.clone();
        harmed[at] ^= 1;
        fs::write(&path, &harmed).unwrap();
        let report = place.anchored();
        assert_eq!(report.verdict, Verdict::Tampered, "byte {at}: {report:?}");
    }
}

#[tokio::test]
async fn an_altered_record_is_named() {
    let place = log().await;
    let mut lines = lines(&place);
    lines[6] = lines[6].replace("key", "kex").replace("200", "403");
    write(&place, &lines);
    check(&place, What::Altered, FIRST, 7, 7);
}

#[tokio::test]
async fn a_record_altered_with_all_hashes_behind_it_fails_at_the_checkpoint() {
    let place = log().await;
    let mut text = lines(&place);
    text[6] = text[6].replace("key", "kex").replace("200", "403");
    for at in 7..text.len() {
        let hash = line::Hash::of(text[at - 1].as_bytes()).to_string();
        let old = line::Line::parse(text[at].as_bytes()).unwrap().prev;
        text[at] = text[at].replace(&old, &hash);
    }
    write(&place, &text);
    let last = text.len() as u64;
    check(&place, What::Altered, FIRST, last, last);
}

#[tokio::test]
async fn a_deleted_record_is_named() {
    let place = log().await;
    let mut lines = lines(&place);
    lines.remove(6);
    write(&place, &lines);
    check(&place, What::Missing, FIRST, 7, 7);
}

#[tokio::test]
async fn swapped_records_are_named() {
    let place = log().await;
    let mut lines = lines(&place);
    lines.swap(6, 7);
    write(&place, &lines);
    check(&place, What::Reordered, FIRST, 7, 7);
}

#[tokio::test]
async fn what_is_cut_off_is_found_against_an_anchor_and_proven_up_to_a_checkpoint_without() {
    let place = log().await;
    let whole = lines(&place);
    write(&place, &whole[..7]);
    check(&place, What::Missing, FIRST, 8, 8);
    let report = place.pinned();
    assert_eq!(report.verdict, Verdict::Proven);
    assert_eq!(report.proven.unwrap().sequence, 2);
    assert_eq!(report.unproven, 5);
}

#[tokio::test]
async fn what_is_cut_off_before_a_restart_is_found_against_an_anchor() {
    let place = log().await;
    let whole = lines(&place);
    let anchor = Anchor::parse(whole.last().unwrap()).unwrap();
    write(&place, &whole[..7]);
    place.open(place.config(Mode::FailClosed)).stop();
    let finding = place.asked(vec![anchor]).finding.unwrap();
    assert_eq!((finding.what, finding.sequence), (What::Missing, 8));
}

#[tokio::test]
async fn a_line_that_a_crash_cut_short_is_said_and_no_tampering() {
    let place = log().await;
    let path = place.dir().join(FIRST);
    let mut content = fs::read(&path).unwrap();
    content.extend_from_slice(br#"{"seq":24,"prev":"00"#);
    fs::write(&path, &content).unwrap();
    let report = place.anchored();
    assert_eq!(report.verdict, Verdict::Untouched);
    assert_eq!(report.notes.len(), 1);
    place.open(place.config(Mode::FailClosed)).stop();
    let report = place.anchored();
    assert_eq!(report.verdict, Verdict::Untouched, "{report:?}");
    assert!(report.notes[0].contains("20 bytes"), "{report:?}");
    // What is torn stays what it was.
    let packed = place.dir().join(format!("{FIRST}.gz"));
    assert!(packed.exists());
    fs::remove_file(packed).unwrap();
    let torn = &content[..content.len() - 1];
    fs::write(&path, torn).unwrap();
    check(&place, What::Added, FIRST, 24, 24);
}

fn lines_of_manifest(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.dir().join("manifest.jsonl")).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn records_below_a_checkpoint_cannot_be_passed_off_as_torn() {
    let place = log().await;
    let mut lines = lines(&place);
    lines[6].truncate(30);
    write(&place, &lines);
    // The next run takes the end where the chain breaks, and still nobody is deceived.
    place.open(place.config(Mode::FailClosed)).stop();
    check(&place, What::Altered, FIRST, 7, 7);
}

#[tokio::test]
async fn a_file_that_is_gone_or_another_is_found() {
    let place = Place::new();
    let mut config = place.config(Mode::FailClosed);
    config.seal_bytes = 3000;
    let audit = place.open(config);
    requests(&audit, 60).await;
    audit.stop();
    let name = |number| place.dir().join(format!("00000001-00000{number}.jsonl.gz"));
    let second = fs::read(name(2)).unwrap();
    let first_of_second = shelf::read(
        &place.dir(),
        shelf::Volume {
            stream: 1,
            number: 2,
        },
        shelf::Forms {
            plain: false,
            packed: true,
        },
    );
    let first_of_second = line::Line::parse(
        first_of_second
            .unwrap()
            .split(|b| *b == b'\n')
            .next()
            .unwrap(),
    )
    .unwrap()
    .seq;
    fs::remove_file(name(2)).unwrap();
    check(
        &place,
        What::Missing,
        "00000001-000002.jsonl",
        1,
        first_of_second,
    );
    fs::copy(name(3), name(2)).unwrap();
    check(
        &place,
        What::Missing,
        "00000001-000002.jsonl",
        1,
        first_of_second,
    );
    fs::copy(name(1), name(2)).unwrap();
    check(
        &place,
        What::Reordered,
        "00000001-000002.jsonl",
        1,
        first_of_second,
    );
    let mut longer = second.clone();
    longer.push(0);
    fs::write(name(2), longer).unwrap();
    check(
        &place,
        What::Altered,
        "00000001-000002.jsonl",
        1,
        first_of_second,
    );
    fs::write(name(2), second).unwrap();
    assert_eq!(place.anchored().verdict, Verdict::Untouched);
}

#[tokio::test]
async fn a_log_that_another_key_signed_is_found() {
    let place = log().await;
    let other = log().await;
    let told = place.told.lock().unwrap().clone();
    fs::remove_dir_all(place.dir()).unwrap();
    fs::create_dir(place.dir()).unwrap();
    for name in ["manifest.jsonl", FIRST] {
        fs::copy(other.dir().join(name), place.dir().join(name)).unwrap();
    }
    check(&place, What::Resigned, "manifest.jsonl", 1, 1);
    // Without a key the anchor still tells.
    let question = Question {
        anchors: vec![Anchor::parse(told.last().unwrap()).unwrap()],
        ..Question::default()
    };
    let report = verify(&place.dir(), &question).unwrap();
    assert_eq!(report.finding.unwrap().what, What::Resigned);
}

#[tokio::test]
async fn a_checkpoint_that_another_key_signed_is_found() {
    let place = log().await;
    let other = log().await;
    let mut mine = lines(&place);
    let end = mine.len();
    let head = line::Head {
        seq: end as u64 - 1,
        hash: line::Hash::of(mine[end - 2].as_bytes()),
    };
    let body = line::Line::parse(mine[end - 1].as_bytes())
        .unwrap()
        .body
        .get();
    let body = body.replace(
        &place.key().public().fingerprint(),
        &other.key().public().fingerprint(),
    );
    let mut forged = line::Lines::after(head, Timestamp::UNIX_EPOCH);
    let forged = forged.push_signed("checkpoint", &body, &other.key());
    mine[end - 1] = forged;
    write(&place, &mine);
    check(&place, What::Resigned, FIRST, end as u64, end as u64);
}

#[tokio::test]
async fn streams_cannot_be_taken_out_of_the_manifest() {
    let place = log().await;
    place.open(place.config(Mode::FailClosed)).stop();
    let manifest = lines_of_manifest(&place);
    fs::write(
        place.dir().join("manifest.jsonl"),
        format!("{}\n", manifest[0]),
    )
    .unwrap();
    check(&place, What::Missing, "manifest.jsonl", 2, 2);
    fs::write(
        place.dir().join("manifest.jsonl"),
        format!("{}\n", manifest[1]),
    )
    .unwrap();
    check(&place, What::Missing, "manifest.jsonl", 1, 1);
    fs::write(place.dir().join("manifest.jsonl"), "").unwrap();
    check(&place, What::Missing, "manifest.jsonl", 1, 1);
}
