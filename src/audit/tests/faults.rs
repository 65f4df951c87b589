//! A disk that fails: no success is told that is not durable.

use super::shim::{Fault, Shim};
use super::*;

async fn check(fault: Fault) {
    let place = Place::new();
    let disk = Arc::new(Shim::default());
    let audit = place.open_on(
        Arc::clone(&disk) as Arc<dyn Disk>,
        place.config(Mode::FailClosed),
    );
    requests(&audit, 3).await;
    let flying = audit.intent(r#"{"key":"flying"}"#).await.unwrap();
    disk.set(Some(fault));
    for _ in 0..3 {
        let refused = audit.intent(r#"{"key":"refused"}"#).await;
        assert_eq!(refused.err(), Some(Unavailable), "{fault:?}");
        assert!(!audit.ready(), "{fault:?}");
    }
    assert_eq!(audit.counters().refused.load(Ordering::Relaxed), 3);
    // What happened meanwhile is not forgotten.
    audit.outcome(flying, r#"{"http_status":200,"key":"flying"}"#);
    audit.event("reload", "{}");
    disk.set(None);
    audit.intent(r#"{"key":"again"}"#).await.unwrap();
    assert!(audit.ready(), "{fault:?}");
    audit.stop();
    let text = place.text();
    assert!(!text.contains("refused"), "{fault:?}");
    assert!(text.contains(r#""event":"reload""#), "{fault:?}");
    assert!(
        text.contains(r#""http_status":200,"key":"flying""#),
        "{fault:?}"
    );
    assert_eq!(place.anchored().verdict, Verdict::Untouched, "{fault:?}");
}

#[tokio::test]
async fn a_full_disk_refuses_intents_until_there_is_room() {
    check(Fault::Full).await;
}

#[tokio::test]
async fn a_disk_that_takes_no_writes_refuses_intents() {
    check(Fault::Broken).await;
}

#[tokio::test]
async fn after_a_failed_fsync_no_success_is_told_without_writing_again() {
    check(Fault::Unsynced).await;
}

#[tokio::test]
async fn readiness_comes_back_without_a_request() {
    let place = Place::new();
    let disk = Arc::new(Shim::default());
    let audit = place.open_on(
        Arc::clone(&disk) as Arc<dyn Disk>,
        place.config(Mode::FailClosed),
    );
    disk.set(Some(Fault::Full));
    assert!(audit.intent("{}").await.is_err());
    assert!(!audit.ready());
    disk.set(None);
    while !audit.ready() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_followed_by_another_takes_no_more() {
    let place = Place::new();
    let disk = Arc::new(Shim::default());
    let mut config = place.config(Mode::FailClosed);
    config.seal_bytes = 2000;
    let audit = place.open_on(Arc::clone(&disk) as Arc<dyn Disk>, config);
    for round in 0..40 {
        disk.set((round % 3 == 1).then_some(Fault::Unsynced));
        if let Ok(ticket) = audit.intent(r#"{"key":"a"}"#).await {
            audit.outcome(ticket, "{}");
        }
    }
    disk.set(None);
    audit.stop();
    let report = place.anchored();
    assert_eq!(report.verdict, Verdict::Untouched, "{report:?}");
}
