//! A process that is killed in the middle: what it was told is durable is there, and nothing by halves.
//!
//! The process is this test program again, running the ignored test below alone.

use super::*;
use crate::state::tests::objects::record;
use portcullis_core::controls::settings::{Setting, SettingKind};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

/// Says to the child which file is its store.
const STATE: &str = "PORTCULLIS_TEST_STATE";
const ROUNDS: usize = 20;

fn policy(step: usize) -> SettingChange {
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"s{step}","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::{}"}}]}}"#,
        bucket(step % 3)
    );
    let setting = Setting::read(SettingKind::Policy, &bucket(step % 3), document.as_bytes());
    SettingChange::Put(setting.unwrap())
}

/// What a child has not settled yet.
#[derive(Debug, Default)]
pub(super) struct Open {
    claims: [Option<Claim>; 3],
    intents: [Vec<OpenIntent>; 3],
}

impl Open {
    fn count(&self) -> usize {
        self.claims.iter().flatten().count()
    }
}

const UPLOAD: &str = "upload";

/// The objects that the steps are about, of as many incarnations as there come to be.
fn object(bucket: BucketName, incarnation: u64, key: &str) -> ObjectName {
    ObjectName {
        bucket,
        incarnation,
        key: key.into(),
    }
}

/// Three intents on two keys, all at once.
fn intents(bucket: &BucketName, incarnation: u64, step: usize) -> Vec<(ObjectName, Intent)> {
    let mark = u8::try_from(step % 200).unwrap();
    let object = |key| object(bucket.clone(), incarnation, key);
    let version = "1".into();
    vec![
        (object("a"), Intent::Write(record(mark))),
        (object("a"), Intent::Write(record(mark + 1))),
        (object("b"), Intent::Destroy { version }),
    ]
}

fn endings(open: &mut Vec<OpenIntent>, step: usize) -> Vec<(OpenIntent, Ending)> {
    let done = |version: &str| Ending::Done {
        version: version.into(),
    };
    let last = match step % 2 {
        0 => Ending::NotDone,
        _ => done("1"),
    };
    let version = if step % 5 < 2 { "1" } else { NULL_VERSION };
    std::mem::take(open)
        .into_iter()
        .zip([done(version), done("2"), last])
        .collect()
}

/// One of the changes that a child makes one after the other; it changes one of three buckets, in turns of fourteen.
pub(super) async fn step(store: &dyn Store, open: &mut Open, step: usize) {
    let bucket = bucket(step % 3);
    let incarnation = store.buckets().get(&bucket).map(|live| live.incarnation);
    let set = async |change| {
        store
            .change(&bucket, incarnation.unwrap(), change)
            .await
            .unwrap();
    };
    let (claim, begun) = (&mut open.claims[step % 3], &mut open.intents[step % 3]);
    match step / 3 % 14 {
        0 => {
            let settings = BucketSettings::of_new_bucket();
            let claimed = store.claim(&bucket, owner(), "lake", settings, Timestamp::UNIX_EPOCH);
            *claim = Some(claimed.await.unwrap());
        }
        1 => {
            store.commit(&claim.take().unwrap()).await.unwrap();
        }
        2 | 9 => set(policy(step)).await,
        3 => set(SettingChange::Delete(SettingKind::PublicAccessBlock)).await,
        4 | 7 | 12 => {
            let intents = intents(&bucket, incarnation.unwrap(), step);
            let intents = store.begin(intents, Timestamp::UNIX_EPOCH);
            *begun = intents.await.unwrap();
        }
        5 | 8 => store.settle(endings(begun, step)).await.unwrap(),
        6 => {
            let object = object(bucket, incarnation.unwrap(), "b");
            store.set_object(&object, "1", record(7)).await.unwrap();
        }
        10 => {
            let object = object(bucket, incarnation.unwrap(), "a");
            let kept = store.keep_upload(&object, UPLOAD, record(8));
            kept.await.unwrap();
        }
        11 => {
            let block = step.is_multiple_of(2).then_some(PublicAccessBlock::ALL);
            store.change_account(owner(), block).await.unwrap();
        }
        _ => store.forget(&bucket, incarnation.unwrap()).await.unwrap(),
    }
}

#[tokio::test]
#[ignore = "it never ends: run by the test below, and killed"]
async fn changes_until_it_is_killed() {
    // By itself, e.g. with --include-ignored, it has nothing to do.
    let Some(path) = std::env::var_os(STATE) else {
        return;
    };
    let store = RedbStore::open(PathBuf::from(path)).unwrap();
    let mut open = Open::default();
    for number in 0.. {
        step(&store, &mut open, number).await;
        writeln!(std::io::stdout(), "done {number}").unwrap();
    }
}

fn child(path: &Path) -> Child {
    let name = "state::redb::tests::kill::changes_until_it_is_killed";
    Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .env(STATE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills a child once it has told of this many changes, and says how many it told of in all.
fn killed_after(path: &Path, told: usize) -> usize {
    let mut child = child(path);
    let output = BufReader::new(child.stdout.take().unwrap());
    let lines = output.lines().map_while(Result::ok);
    let done = lines.filter(|line| line.starts_with("done "));
    let mut count = 0;
    for line in done {
        assert_eq!(line, format!("done {count}"));
        count += 1;
        if count == told {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(count >= told, "the child ended by itself");
    count
}

/// Everything that a store can be asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    buckets: Arc<Buckets>,
    accounts: Arc<Accounts>,
    claims: usize,
    records: Vec<Vec<Option<ObjectRecord>>>,
    uploads: Vec<Option<ObjectRecord>>,
}

/// Of a store with so many open claims.
pub(super) async fn content(store: &dyn Store, claims: usize) -> Content {
    let (mut records, mut uploads) = (Vec::new(), Vec::new());
    for number in 0..3 {
        for incarnation in 1..8 {
            for key in ["a", "b"] {
                let object = object(bucket(number), incarnation, key);
                for version in [None, Some(NULL_VERSION), Some("1"), Some("2"), Some("3")] {
                    records.push(store.object(&object, version).await.unwrap());
                }
                uploads.push(store.upload(&object, UPLOAD).await.unwrap());
            }
        }
    }
    Content {
        buckets: store.buckets(),
        accounts: store.accounts(),
        claims,
        records,
        uploads,
    }
}

/// What there is after so many changes, by a store without a disk; and what is open.
pub(super) async fn after(count: usize) -> (Content, Vec<OpenIntent>) {
    let store = MemoryStore::new();
    let mut open = Open::default();
    for number in 0..count {
        step(&store, &mut open, number).await;
    }
    let claims = open.count();
    let mut intents: Vec<_> = open.intents.into_iter().flatten().collect();
    // Those of a bucket that is gone are nobody's any more.
    let live = store.buckets();
    intents.retain(|open| {
        let record = live.get(&open.object.bucket);
        record.is_some_and(|record| record.incarnation == open.object.incarnation)
    });
    intents.sort_by_key(|open| open.id);
    (content(&store, claims).await, intents)
}

/// What a store has that nobody in this process has used yet.
pub(super) async fn found(store: &RedbStore) -> (Content, Vec<OpenIntent>) {
    let content = content(store, store.unresolved().len()).await;
    (content, store.unresolved_intents())
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_and_nothing_by_halves() {
    for round in 0..ROUNDS {
        let (_directory, path) = place();
        let told = killed_after(&path, 1 + round * 7);
        let store = RedbStore::open(&path).unwrap();
        assert_eq!(store.origin(), Origin::Same);
        let found = found(&store).await;
        let (least, most) = (after(told).await, after(told + 1).await);
        assert!(
            found == least || found == most,
            "after {told} changes: {found:#?}\nis neither {least:#?}\nnor {most:#?}"
        );
    }
}
