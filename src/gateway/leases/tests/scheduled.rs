//! The same leases in every order of events that chance finds: shuttle runs the tasks one step at a time, and finds those
//! that wait for ever.

use super::*;
use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng as _, thread_rng};
use std::pin::{Pin, pin};
use std::task::Poll;

/// More than there are readers.
const ALL: usize = 100;
const ROUNDS: usize = 2000;

/// As tokio's lock: whoever reads takes one, whoever changes takes all, in the order in which they came.
#[derive(Debug)]
struct Scheduled(BatchSemaphore);

impl Default for Scheduled {
    fn default() -> Self {
        Self(BatchSemaphore::new(ALL, Fairness::StrictlyFair))
    }
}

/// Of the same, but some lose patience.
#[derive(Debug, Default)]
struct Impatient(Scheduled);

impl AsRef<BatchSemaphore> for Scheduled {
    fn as_ref(&self) -> &BatchSemaphore {
        &self.0
    }
}

impl AsRef<BatchSemaphore> for Impatient {
    fn as_ref(&self) -> &BatchSemaphore {
        &self.0.0
    }
}

#[derive(Debug)]
struct Permits<L: AsRef<BatchSemaphore>> {
    lock: Arc<L>,
    count: usize,
}

impl<L: AsRef<BatchSemaphore>> Permits<L> {
    async fn take(lock: Arc<L>, count: usize) -> Self {
        (*lock).as_ref().acquire(count).await.unwrap();
        Self { lock, count }
    }
}

impl<L: AsRef<BatchSemaphore>> Drop for Permits<L> {
    fn drop(&mut self) {
        (*self.lock).as_ref().release(self.count);
    }
}

impl Lock for Scheduled {
    type Read = Permits<Self>;
    type Write = Permits<Self>;

    async fn read(self: Arc<Self>) -> Result<Self::Read, Busy> {
        Ok(Permits::take(self, 1).await)
    }

    async fn write(self: Arc<Self>) -> Result<Self::Write, Busy> {
        Ok(Permits::take(self, ALL).await)
    }
}

impl Lock for Impatient {
    type Read = Permits<Self>;
    type Write = Permits<Self>;

    async fn read(self: Arc<Self>) -> Result<Self::Read, Busy> {
        sometimes(Permits::take(self, 1)).await.ok_or(Busy)
    }

    async fn write(self: Arc<Self>) -> Result<Self::Write, Busy> {
        sometimes(Permits::take(self, ALL)).await.ok_or(Busy)
    }
}

/// Waits for a while, or for ever.
async fn sometimes<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..thread_rng().gen_range(0..4) {
        if let Poll::Ready(ready) = poll_once(future.as_mut()).await {
            return Some(ready);
        }
        yield_now().await;
    }
    match thread_rng().gen_bool(0.5) {
        true => None,
        false => Some(future.await),
    }
}

async fn poll_once<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// Runs this in many orders of events.
fn check(run: impl Fn() + Send + Sync + 'static) {
    let run = Arc::new(run);
    let random = run.clone();
    shuttle::check_random(move || random(), ROUNDS);
    shuttle::check_pct(move || run(), ROUNDS, 3);
}

/// Runs tasks to their end.
async fn all(tasks: Vec<shuttle::future::JoinHandle<()>>) {
    for task in tasks {
        task.await.unwrap();
    }
}

#[derive(Debug, Default)]
struct Inside {
    readers: usize,
    changes: usize,
}

type Watch = Arc<Mutex<Inside>>;

async fn read<L: Lock>(leases: Arc<Leases<L>>, key: &'static str, watch: Watch) {
    let Ok(lease) = leases.read(&object(key)).await else {
        return;
    };
    watch.lock().unwrap().readers += 1;
    yield_now().await;
    let mut inside = watch.lock().unwrap();
    assert_eq!(inside.changes, 0, "read beside a change");
    inside.readers -= 1;
    drop(inside);
    drop(lease);
}

async fn change<L: Lock>(leases: Arc<Leases<L>>, key: &'static str, watch: Watch) {
    let Ok(lease) = leases.write(&object(key)).await else {
        return;
    };
    watch.lock().unwrap().changes += 1;
    yield_now().await;
    let mut inside = watch.lock().unwrap();
    assert_eq!((inside.readers, inside.changes), (0, 1), "not alone");
    inside.changes -= 1;
    drop(inside);
    drop(lease);
}

/// Readers and changes of two keys at once; afterwards no key is left, and each can be had.
fn contend<L: Lock>() {
    block_on(async {
        let leases = Arc::new(Leases::<L>::default());
        let mut tasks = Vec::new();
        for key in ["a", "b"] {
            let watch = Watch::default();
            for _ in 0..2 {
                tasks.push(spawn(read(leases.clone(), key, watch.clone())));
                tasks.push(spawn(change(leases.clone(), key, watch.clone())));
            }
        }
        all(tasks).await;
        assert!(leases.locks().is_empty(), "{:?}", leases.locks());
    });
}

#[test]
fn whoever_changes_is_alone_and_nobody_waits_for_ever() {
    check(contend::<Scheduled>);
}

#[test]
fn who_gives_up_holds_up_nobody_and_leaves_nothing() {
    check(contend::<Impatient>);
}

#[test]
fn who_is_cut_off_while_waiting_holds_up_nobody_and_leaves_nothing() {
    check(|| {
        block_on(async {
            let leases = Arc::new(Leases::<Scheduled>::default());
            let mut tasks = vec![spawn(change(leases.clone(), "a", Watch::default()))];
            for _ in 0..2 {
                let leases = leases.clone();
                tasks.push(spawn(async move {
                    // Dropped wherever it stands, as when a client goes away.
                    let object = object("a");
                    let mut cut = pin!(leases.write(&object));
                    let _leased = poll_once(cut.as_mut()).await;
                    yield_now().await;
                }));
            }
            tasks.push(spawn(read(leases.clone(), "a", Watch::default())));
            all(tasks).await;
            assert!(leases.locks().is_empty(), "{:?}", leases.locks());
        });
    });
}

#[derive(Debug, Clone, Copy)]
struct Version {
    there: bool,
    locked: bool,
}

/// Each step that waits is one at which the upstream or the store is asked.
async fn destroy(leases: Arc<Leases<Scheduled>>, version: Arc<Mutex<Version>>) {
    let _lease = leases.write(&object("a")).await.unwrap();
    let found = *version.lock().unwrap();
    yield_now().await;
    if !found.locked {
        version.lock().unwrap().there = false;
    }
}

async fn protect(leases: Arc<Leases<Scheduled>>, version: Arc<Mutex<Version>>) -> bool {
    let _lease = leases.write(&object("a")).await.unwrap();
    let found = *version.lock().unwrap();
    yield_now().await;
    version.lock().unwrap().locked = found.there;
    found.there
}

#[test]
fn t33_a_check_and_what_it_allows_are_one_in_10_000_orders_of_events() {
    let run = || {
        block_on(async {
            let leases = Arc::new(Leases::default());
            let version = Arc::new(Mutex::new(Version {
                there: true,
                locked: false,
            }));
            let destroyed = [(); 2].map(|()| spawn(destroy(leases.clone(), version.clone())));
            let protected = protect(leases, version.clone()).await;
            all(destroyed.into()).await;
            assert_eq!(version.lock().unwrap().there, protected);
        });
    };
    shuttle::check_random(run, 10_000);
}
