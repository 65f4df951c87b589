//! The log written, harmed and read back.

mod faults;
mod golden;
mod kill;
mod shim;
mod tampering;

use super::disk::Disk;
use super::verify::{Anchor, Question, Report, Verdict, verify};
use super::*;
use std::fs;
use tempfile::TempDir;

/// A log's folder, its key and what its witness was told.
pub(super) struct Place {
    folder: TempDir,
    pub(super) told: Arc<Mutex<Vec<String>>>,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        SigningKey::create(&folder.path().join("audit.key")).unwrap();
        Self {
            folder,
            told: Arc::default(),
        }
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.folder.path().join("audit")
    }

    pub(super) fn key_file(&self) -> PathBuf {
        self.folder.path().join("audit.key")
    }

    pub(super) fn key(&self) -> SigningKey {
        SigningKey::read(&self.key_file()).unwrap()
    }

    pub(super) fn config(&self, mode: Mode) -> Config {
        Config::new(mode, self.dir(), self.key())
    }

    pub(super) fn open(&self, config: Config) -> Audit {
        self.try_open(config).unwrap()
    }

    pub(super) fn try_open(&self, config: Config) -> Result<Audit, AuditError> {
        Audit::open(config, clock(), self.witness())
    }

    pub(super) fn open_on(&self, disk: Arc<dyn Disk>, config: Config) -> Audit {
        Audit::open_on(disk, config, clock(), self.witness()).unwrap()
    }

    fn witness(&self) -> Witness {
        let told = Arc::clone(&self.told);
        Arc::new(move |line: &str| told.lock().unwrap().push(line.to_owned()))
    }

    /// With its key pinned, and the last checkpoint it told of as the anchor.
    pub(super) fn anchored(&self) -> Report {
        let told = self.told.lock().unwrap();
        let last = told.iter().rev().find(|line| line.contains("checkpoint"));
        let anchor = Anchor::parse(last.unwrap()).unwrap();
        self.asked(vec![anchor])
    }

    /// With its key pinned, and no anchor.
    pub(super) fn pinned(&self) -> Report {
        self.asked(Vec::new())
    }

    fn asked(&self, anchors: Vec<Anchor>) -> Report {
        let question = Question {
            keys: vec![self.key().public().clone()],
            anchors,
            since: None,
        };
        verify(&self.dir(), &question).unwrap()
    }

    /// All that the log's files say, in their order.
    pub(super) fn text(&self) -> String {
        let shelf = shelf::Shelf::look(&self.dir()).unwrap();
        let volumes = shelf.volumes.iter();
        volumes
            .map(|(volume, forms)| shelf::read(&self.dir(), *volume, *forms).unwrap())
            .map(|content| String::from_utf8_lossy(&content).into_owned())
            .collect()
    }
}

pub(super) fn clock() -> Clock {
    Arc::new(crate_now)
}

#[expect(clippy::disallowed_methods, reason = "no test depends on what it says")]
fn crate_now() -> Timestamp {
    Timestamp::now()
}

/// Requests that end.
pub(super) async fn requests(audit: &Audit, count: usize) {
    for number in 0..count {
        let ticket = audit.intent(&format!(r#"{{"key":"{number}"}}"#)).await;
        audit.outcome(ticket.unwrap(), r#"{"http_status":200}"#);
    }
}

#[tokio::test]
async fn an_untouched_log_is_said_to_be_so_only_against_an_anchor_and_a_trusted_key() {
    let place = Place::new();
    let audit = place.open(place.config(Mode::FailClosed));
    audit.event("start", r#"{"version":"1"}"#);
    requests(&audit, 20).await;
    assert!(audit.ready());
    audit.stop();
    assert!(audit.intent("{}").await.is_err());
    let report = place.anchored();
    assert_eq!(report.verdict, Verdict::Untouched, "{report:?}");
    assert_eq!(report.records, 44);
    assert_eq!(place.pinned().verdict, Verdict::Proven);
    let unpinned = verify(&place.dir(), &Question::default()).unwrap();
    assert_eq!(unpinned.verdict, Verdict::NotPinned);
}

#[tokio::test]
async fn an_intent_is_in_the_file_before_its_caller_goes_on() {
    let place = Place::new();
    let audit = place.open(place.config(Mode::FailClosed));
    let ticket = audit.intent(r#"{"key":"here"}"#).await.unwrap();
    assert!(place.text().contains(r#""kind":"intent""#));
    assert!(place.text().contains(r#"{"key":"here"}"#));
    drop(ticket);
    audit.stop();
    assert!(place.text().contains(r#""outcome":"unknown""#));
}

#[tokio::test]
async fn interrupted_requests_are_closed_by_the_next_run_once() {
    let place = Place::new();
    let audit = place.open(place.config(Mode::FailClosed));
    let ticket = audit.intent(r#"{"key":"a"}"#).await.unwrap();
    audit.stop();
    // As if the process had been killed: nothing comes of it any more.
    std::mem::forget(ticket);
    for _ in 0..2 {
        place.open(place.config(Mode::FailClosed)).stop();
        let closed = place
            .text()
            .matches(r#""intent":[1,3],"outcome":"unknown""#)
            .count();
        assert_eq!(closed, 1);
    }
    assert_eq!(place.anchored().verdict, Verdict::Untouched);
}

#[tokio::test]
async fn files_are_sealed_by_size_and_compressed_and_open_intents_go_with_them() {
    let place = Place::new();
    let mut config = place.config(Mode::FailClosed);
    config.seal_bytes = 4096;
    let audit = place.open(config);
    let ticket = audit.intent(r#"{"key":"long"}"#).await.unwrap();
    requests(&audit, 60).await;
    audit.stop();
    std::mem::forget(ticket);
    assert!(place.dir().join("00000001-000001.jsonl.gz").exists());
    assert_eq!(place.anchored().verdict, Verdict::Untouched);
    place.open(place.config(Mode::FailClosed)).stop();
    assert!(
        place
            .text()
            .contains(r#""intent":[1,3],"outcome":"unknown""#)
    );
    assert_eq!(place.anchored().verdict, Verdict::Untouched);
}

#[tokio::test]
async fn pruned_files_are_archived_and_not_missing() {
    let place = Place::new();
    let mut config = place.config(Mode::FailClosed);
    config.seal_bytes = 4096;
    config.prune_after = Some(Duration::ZERO);
    let audit = place.open(config);
    requests(&audit, 60).await;
    audit.stop();
    assert!(!place.dir().join("00000001-000001.jsonl.gz").exists());
    let report = place.anchored();
    assert_eq!(report.verdict, Verdict::Untouched, "{report:?}");
    assert!(report.archived > 1);
    // A file that no stub speaks of is missing all the same.
    let last = shelf::Shelf::look(&place.dir()).unwrap().last(1).unwrap();
    fs::remove_file(last.path(&place.dir())).unwrap();
    assert_eq!(place.anchored().finding.unwrap().what, What::Missing);
}

#[tokio::test]
async fn an_idle_log_has_checkpoints_too() {
    let place = Place::new();
    let mut config = place.config(Mode::FailClosed);
    config.checkpoint_every = Duration::from_millis(5);
    let audit = place.open(config);
    while audit.counters().checkpoints.load(Ordering::Relaxed) < 5 {
        tokio::task::yield_now().await;
    }
    audit.stop();
    assert!(place.told.lock().unwrap().len() > 5);
    assert_eq!(place.anchored().verdict, Verdict::Untouched);
}

#[tokio::test]
async fn best_effort_writes_outcomes_and_counts_every_drop() {
    let place = Place::new();
    let mut config = place.config(Mode::BestEffort);
    config.queue = 0;
    let audit = place.open(config);
    requests(&audit, 3).await;
    audit.event("reload", "{}");
    assert!(audit.ready());
    assert_eq!(audit.counters().dropped.load(Ordering::Relaxed), 4);
    audit.stop();
    assert!(place.text().contains(r#""dropped":4"#));
    let audit = place.open(place.config(Mode::BestEffort));
    requests(&audit, 3).await;
    audit.stop();
    assert_eq!(audit.counters().dropped.load(Ordering::Relaxed), 0);
    assert_eq!(place.text().matches(r#""kind":"outcome""#).count(), 3);
    assert_eq!(place.anchored().verdict, Verdict::Untouched);
}

#[tokio::test]
async fn the_next_key_is_introduced_under_the_old_one() {
    let place = Place::new();
    let next_file = place.folder.path().join("next.key");
    let next = SigningKey::create(&next_file).unwrap();
    let mut config = place.config(Mode::FailClosed);
    config.next_key = Some(next.public().clone());
    place.open(config).stop();
    let with_next = || {
        Config::new(
            Mode::FailClosed,
            place.dir(),
            SigningKey::read(&next_file).unwrap(),
        )
    };
    place.open(with_next()).stop();
    let report = place.anchored();
    assert_eq!(report.verdict, Verdict::Untouched, "{report:?}");
    assert_eq!(report.signer, Some(next.public().fingerprint()));
    // The old one has had its time.
    let old = place.try_open(place.config(Mode::FailClosed));
    assert!(matches!(old, Err(AuditError::Unknown(_))), "{old:?}");
}

#[tokio::test]
async fn a_key_that_nobody_introduced_and_a_second_process_are_refused() {
    let place = Place::new();
    let audit = place.open(place.config(Mode::FailClosed));
    let second = place.try_open(place.config(Mode::FailClosed));
    assert!(matches!(second, Err(AuditError::Locked(_))), "{second:?}");
    audit.stop();
    let stranger = SigningKey::create(&place.folder.path().join("other.key")).unwrap();
    let config = Config::new(Mode::FailClosed, place.dir(), stranger);
    let opened = place.try_open(config);
    assert!(matches!(opened, Err(AuditError::Unknown(_))), "{opened:?}");
}

#[test]
fn a_key_goes_through_its_file_and_its_text() {
    let place = Place::new();
    let public = place.key().public().clone();
    assert_eq!(PublicKey::read(&public.to_string()).unwrap(), public);
    let file = place.folder.path().join("audit.pub");
    fs::write(&file, public.pem()).unwrap();
    assert_eq!(PublicKey::read(file.to_str().unwrap()).unwrap(), public);
    assert!(SigningKey::create(&place.key_file()).is_err());
    assert!(SigningKey::read(&file).is_err());
    assert!(!format!("{:?}", place.key()).contains("PRIVATE"));
}
