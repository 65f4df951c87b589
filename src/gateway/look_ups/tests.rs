use super::*;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::oneshot;
use tokio::task::yield_now;

type Found = (Result<u32, NotFound<&'static str>>, LookedUp);

fn look_ups(concurrent: usize, per_second: u32) -> Arc<LookUps<u32>> {
    Arc::new(LookUps::new(LookUpLimits {
        concurrent,
        per_second: NonZeroU32::new(per_second).unwrap(),
    }))
}

/// Begins a look-up that ends when it is told what is found.
fn begin(
    look_ups: &Arc<LookUps<u32>>,
    of: &'static str,
) -> (
    tokio::task::JoinHandle<Found>,
    oneshot::Sender<Result<u32, &'static str>>,
) {
    let (tell, told) = oneshot::channel();
    let look_ups = Arc::clone(look_ups);
    let run = tokio::spawn(async move {
        let ask = async move { told.await.unwrap_or(Err("nobody told")) };
        look_ups.find(of, ask).await
    });
    (run, tell)
}

async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test]
async fn those_who_wait_for_the_same_share_the_look_up_that_begins_after_they_came() {
    let all = look_ups(8, 1000);
    let (first, tell_first) = begin(&all, "key");
    settle().await;
    let (second, tell_second) = begin(&all, "key");
    let (third, tell_third) = begin(&all, "key");
    settle().await;
    // What the first finds may be older than the others' questions.
    tell_first.send(Ok(1)).unwrap();
    tell_second.send(Ok(2)).unwrap();
    tell_third.send(Ok(3)).unwrap();
    assert_eq!(first.await.unwrap(), (Ok(1), LookedUp::Asked));
    assert_eq!(second.await.unwrap(), (Ok(2), LookedUp::Asked));
    assert_eq!(third.await.unwrap(), (Ok(2), LookedUp::Shared));
    assert!(lock(&all.turns).is_empty());
}

#[tokio::test]
async fn nothing_is_kept_for_those_who_come_later() {
    let all = look_ups(8, 1000);
    for found in [1, 2] {
        let answer = all.find("key", async { Ok::<_, ()>(found) }).await;
        assert_eq!(answer, (Ok(found), LookedUp::Asked));
    }
}

#[tokio::test]
async fn different_look_ups_do_not_wait_for_each_other() {
    let all = look_ups(8, 1000);
    let (_first, _tell) = begin(&all, "one");
    settle().await;
    let other = all.find("other", async { Ok::<_, ()>(2) }).await;
    assert_eq!(other, (Ok(2), LookedUp::Asked));
}

#[tokio::test]
async fn a_failure_is_shared_and_the_next_asks_again() {
    let all = look_ups(8, 1000);
    let (first, tell_first) = begin(&all, "key");
    settle().await;
    let (second, tell_second) = begin(&all, "key");
    let (third, _tell_third) = begin(&all, "key");
    settle().await;
    tell_first.send(Ok(1)).unwrap();
    tell_second.send(Err("no")).unwrap();
    assert_eq!(first.await.unwrap().0, Ok(1));
    let failed = (Err(NotFound::Failed("no")), LookedUp::Failed);
    assert_eq!(second.await.unwrap(), failed);
    let elsewhere = (Err(NotFound::FailedElsewhere), LookedUp::Failed);
    assert_eq!(third.await.unwrap(), elsewhere);
    let later = all.find("key", async { Ok::<_, ()>(4) }).await;
    assert_eq!(later.0, Ok(4));
}

#[tokio::test]
async fn who_gives_up_leaves_the_others_to_ask() {
    let all = look_ups(8, 1000);
    let (first, _tell_first) = begin(&all, "key");
    settle().await;
    let (second, tell_second) = begin(&all, "key");
    settle().await;
    first.abort();
    tell_second.send(Ok(2)).unwrap();
    assert_eq!(second.await.unwrap(), (Ok(2), LookedUp::Asked));
}

#[tokio::test(start_paused = true)]
async fn more_than_so_many_at_once_wait_and_then_are_refused() {
    let all = look_ups(1, 1000);
    let (first, tell_first) = begin(&all, "one");
    settle().await;
    let (second, tell_second) = begin(&all, "two");
    settle().await;
    tell_second.send(Ok(2)).unwrap();
    tokio::time::advance(PATIENCE + Duration::from_millis(1)).await;
    let limited = (Err(NotFound::Limited), LookedUp::Limited);
    assert_eq!(second.await.unwrap(), limited);
    tell_first.send(Ok(1)).unwrap();
    assert_eq!(first.await.unwrap().0, Ok(1));
    let next = all.find("three", async { Ok::<_, ()>(3) }).await;
    assert_eq!(next.0, Ok(3));
}

#[tokio::test]
async fn more_than_so_many_in_a_second_are_refused() {
    let all = look_ups(8, 3);
    let asked = AtomicU32::new(0);
    let mut limited = 0;
    for number in 0..10_u32 {
        let ask = async { Ok::<_, ()>(asked.fetch_add(1, Ordering::Relaxed)) };
        let (found, how) = all.find(&number.to_string(), ask).await;
        limited += u32::from(how == LookedUp::Limited);
        assert_eq!(found.is_err(), how == LookedUp::Limited);
    }
    // A slow machine may let another through, as a third of a second goes by.
    let asked = asked.load(Ordering::Relaxed);
    assert!((3..10).contains(&asked), "{asked}");
    assert_eq!(asked + limited, 10);
}
