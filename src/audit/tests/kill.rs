//! A process that is killed while it writes.

use super::*;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

const FOLDER: &str = "PORTCULLIS_TEST_AUDIT";
const ROUNDS: usize = 20;

#[tokio::test]
#[ignore = "it never ends: run by the test below, and killed"]
async fn writes_until_it_is_killed() {
    // By itself, e.g. with --include-ignored, it has nothing to do.
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = PathBuf::from(folder);
    let key = SigningKey::read(&folder.join("audit.key")).unwrap();
    let mut config = Config::new(Mode::FailClosed, folder.join("audit"), key);
    config.seal_bytes = 5000;
    config.checkpoint_every = Duration::from_millis(2);
    let said = |line: &str| writeln!(std::io::stdout(), "signed {line}").unwrap();
    let audit = Audit::open(config, clock(), Arc::new(said)).unwrap();
    for number in 0.. {
        let ticket = audit.intent(&format!(r#"{{"key":"{number}"}}"#)).await;
        writeln!(std::io::stdout(), "durable {number}").unwrap();
        audit.outcome(ticket.unwrap(), "{}");
    }
}

fn child(folder: &Path) -> Child {
    let name = "audit::tests::kill::writes_until_it_is_killed";
    Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills a child once it has told of this many intents; says how many it told of, and what it signed last.
fn killed_after(folder: &Path, told: usize) -> (usize, String) {
    let mut child = child(folder);
    let output = BufReader::new(child.stdout.take().unwrap());
    let (mut count, mut signed) = (0, String::new());
    for line in output.lines().map_while(Result::ok) {
        if line.contains("durable ") {
            count += 1;
            if count == told {
                child.kill().unwrap();
            }
        }
        if line.contains(r#""kind":"checkpoint""#) && line.ends_with('}') {
            signed = line;
        }
    }
    child.wait().unwrap();
    assert!(count >= told, "the child ended by itself");
    (count, signed)
}

#[test]
fn what_was_told_before_a_kill_is_there_and_what_was_cut_short_is_closed() {
    let place = Place::new();
    let folder = place.folder.path();
    for round in 0..ROUNDS {
        let (told, signed) = killed_after(folder, 1 + round * 3);
        let anchor = Anchor::parse(&signed).unwrap();
        let before = place.asked(vec![anchor.clone()]);
        assert_eq!(before.finding, None, "round {round}");
        let mut config = place.config(Mode::FailClosed);
        config.checkpoint_every = Duration::from_secs(60);
        place.open(config).stop();
        let stream = format!("{:08}-", 2 * round + 1);
        let text = text_of(&place, &stream);
        for number in 0..told {
            let body = format!(r#""body":{{"key":"{number}"}}}}"#);
            assert!(text.contains(&body), "round {round}: {number} is lost");
        }
        let closing = text_of(&place, &format!("{:08}-", 2 * round + 2));
        let intents = text.matches(r#""kind":"intent""#).count();
        let known = text.matches(r#""outcome":"known""#).count();
        let unknown = closing.matches(r#""outcome":"unknown""#).count();
        assert_eq!(intents, known + unknown, "round {round}");
        let after = place.asked(vec![anchor]);
        assert_eq!(
            after.verdict,
            Verdict::Untouched,
            "round {round}: {after:?}"
        );
    }
}

/// What the files of a stream hold.
fn text_of(place: &Place, stream: &str) -> String {
    let shelf = shelf::Shelf::look(&place.dir()).unwrap();
    let volumes = shelf.volumes.iter();
    let mine = volumes.filter(|(volume, _)| volume.name().starts_with(stream));
    mine.map(|(volume, forms)| shelf::read(&place.dir(), *volume, *forms).unwrap())
        .map(|content| String::from_utf8_lossy(&content).into_owned())
        .collect()
}
