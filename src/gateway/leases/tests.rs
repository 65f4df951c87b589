mod scheduled;

use super::*;
use portcullis_core::s3::names::BucketName;

fn object(key: &str) -> ObjectName {
    ObjectName {
        bucket: BucketName::parse("bucket").unwrap(),
        incarnation: 1,
        key: key.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn readers_share_a_key_and_a_change_has_it_alone() {
    let leases = Arc::new(Leases::<RwLock<()>>::default());
    let first = leases.read(&object("a")).await.unwrap();
    let second = leases.read(&object("a")).await.unwrap();
    assert_eq!(leases.write(&object("a")).await.err(), Some(Busy));
    drop((first, second));
    let change = leases.write(&object("a")).await.unwrap();
    assert_eq!(leases.read(&object("a")).await.err(), Some(Busy));
    assert_eq!(leases.write(&object("a")).await.err(), Some(Busy));
    let other = leases.write(&object("b")).await;
    assert!(other.is_ok());
    drop(change);
    assert!(leases.read(&object("a")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_change_that_waits_goes_before_readers_that_come_later() {
    let leases = Arc::new(Leases::<RwLock<()>>::default());
    let reader = leases.read(&object("a")).await.unwrap();
    let waiting = tokio::spawn({
        let leases = leases.clone();
        async move { leases.write(&object("a")).await }
    });
    tokio::task::yield_now().await;
    let later = tokio::spawn({
        let leases = leases.clone();
        async move { leases.read(&object("a")).await }
    });
    tokio::task::yield_now().await;
    drop(reader);
    let change = waiting.await.unwrap().unwrap();
    tokio::task::yield_now().await;
    assert!(!later.is_finished());
    drop(change);
    assert!(later.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn keys_that_nobody_holds_take_no_memory() {
    let leases = Arc::new(Leases::<RwLock<()>>::default());
    let held = leases.write(&object("held")).await.unwrap();
    for key in ["a", "b"] {
        drop(leases.read(&object(key)).await.unwrap());
    }
    assert!(leases.write(&object("held")).await.is_err());
    assert_eq!(leases.locks().len(), 1);
    drop(held);
    assert!(leases.locks().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_no_longer_waits_leaves_nothing() {
    let leases = Arc::new(Leases::<RwLock<()>>::default());
    let held = leases.write(&object("a")).await.unwrap();
    let waiting = tokio::spawn({
        let leases = leases.clone();
        async move { leases.write(&object("a")).await.map(drop) }
    });
    tokio::task::yield_now().await;
    drop(held);
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert!(leases.locks().is_empty());
}
