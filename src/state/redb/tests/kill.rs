//! A process that is killed in the middle: what it was told is durable is there, and nothing by halves.
//!
//! The process is this test program again, running the ignored test below alone.

use super::*;
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

/// One of the changes that the child makes one after the other; it changes one of three buckets, in turns of eight.
async fn step(store: &dyn Store, open: &mut [Option<Claim>; 3], step: usize) {
    let bucket = bucket(step % 3);
    let incarnation = store.buckets().get(&bucket).map(|live| live.incarnation);
    let set = async |change| {
        store
            .change(&bucket, incarnation.unwrap(), change)
            .await
            .unwrap();
    };
    match step / 3 % 8 {
        0 => {
            let settings = BucketSettings::of_new_bucket();
            let claim = store.claim(&bucket, owner(), "lake", settings, Timestamp::UNIX_EPOCH);
            open[step % 3] = Some(claim.await.unwrap());
        }
        1 => {
            let claim = open[step % 3].take().unwrap();
            store.commit(&claim).await.unwrap();
        }
        2 | 4 | 6 => set(policy(step)).await,
        3 => set(SettingChange::Delete(SettingKind::PublicAccessBlock)).await,
        5 => {
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
    let mut open = [const { None }; 3];
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

type Content = (Arc<Buckets>, Arc<Accounts>, usize);

fn content(store: &dyn Store, open: usize) -> Content {
    (store.buckets(), store.accounts(), open)
}

/// What there is after so many changes, by a store without a disk.
async fn after(count: usize) -> Content {
    let store = MemoryStore::new();
    let mut open = [const { None }; 3];
    for number in 0..count {
        step(&store, &mut open, number).await;
    }
    content(&store, open.iter().flatten().count())
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_and_nothing_by_halves() {
    for round in 0..ROUNDS {
        let (_directory, path) = place();
        let told = killed_after(&path, 1 + round * 7);
        let store = RedbStore::open(&path).unwrap();
        assert_eq!(store.origin(), Origin::Same);
        let found = content(&store, store.unresolved().len());
        let (least, most) = (after(told).await, after(told + 1).await);
        assert!(
            found == least || found == most,
            "after {told} changes: {found:#?}\nis neither {least:#?}\nnor {most:#?}"
        );
    }
}
