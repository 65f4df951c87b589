//! How long things take with many buckets. They print and assert nothing: run with `--ignored --nocapture`.

use super::*;
use crate::state::tests::objects::record;
use portcullis_core::controls::settings::{Setting, SettingKind};
use std::time::Instant;

const MANY: usize = 10_000;
const OBJECTS: usize = 100_000;

fn policy(number: usize, mark: usize) -> SettingChange {
    let bucket = bucket(number);
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Sid":"Read{mark}","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:role/reader"}},
              "Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::{bucket}","arn:aws:s3:::{bucket}/*"]}},
            {{"Sid":"Tls","Effect":"Deny","Principal":"*","Action":"s3:*",
              "Resource":["arn:aws:s3:::{bucket}","arn:aws:s3:::{bucket}/*"],"Condition":{{"Bool":{{"aws:SecureTransport":"false"}}}}}}]}}"#
    );
    let setting = Setting::read(SettingKind::Policy, &bucket, document.as_bytes());
    SettingChange::Put(setting.unwrap())
}

fn change(change: Change) -> Waiting {
    let (answer, _) = oneshot::channel();
    Waiting { change, answer }
}

fn set(number: usize, mark: usize) -> Change {
    Change::Set {
        bucket: bucket(number),
        incarnation: 1,
        change: policy(number, mark),
    }
}

#[test]
#[ignore = "takes a while, and asserts nothing"]
fn a_change_among_many_buckets() {
    let (_directory, path) = place();
    let (mut writer, _published) = writer(&path);
    for start in (0..MANY).step_by(500) {
        writer.turn((start..start + 500).map(adopt).map(change).collect());
        let sets = (start..start + 500).map(|number| set(number, 0));
        writer.turn(sets.map(change).collect());
    }
    let changes: Vec<_> = (0..100).map(|number| set(number * 97, 1)).collect();

    let mut ledger = writer.ledger().clone();
    let began = Instant::now();
    for change in changes.clone() {
        // A reader still has the last one, as the gateway's snapshot does.
        let _before = ledger.buckets();
        ledger.apply(change).unwrap();
    }
    println!("a change without the disk: {:?}", began.elapsed() / 100);

    let began = Instant::now();
    for applied in changes {
        writer.turn(vec![change(applied)]);
    }
    println!("a change with the disk: {:?}", began.elapsed() / 100);

    drop(writer);
    let began = Instant::now();
    let store = RedbStore::open(&path).unwrap();
    println!(
        "opening {} buckets: {:?}",
        store.buckets().len(),
        began.elapsed()
    );
    let began = Instant::now();
    for number in 0..MANY {
        policy(number, 1);
    }
    println!("reading as many policies alone: {:?}", began.elapsed());
    let copy = disk::with_suffix(&path, "copy");
    let began = Instant::now();
    store.backup(&copy).unwrap();
    println!("a backup: {:?}", began.elapsed());
    let began = Instant::now();
    drop(StateFile::open(&copy, format::plainly()).unwrap());
    println!("opening it without reading it: {:?}", began.elapsed());
}

/// Ten objects in each bucket, or this many versions of one.
async fn write_objects(store: &RedbStore, names: impl Iterator<Item = (usize, String, String)>) {
    let names: Vec<_> = names.collect();
    for names in names.chunks(1000) {
        let intents = names.iter().map(|(number, key, _)| {
            let object = ObjectName {
                bucket: bucket(*number),
                incarnation: 1,
                key: key.as_str().into(),
            };
            (object, Intent::Write(record(1)))
        });
        let open = store.begin(intents.collect(), Timestamp::UNIX_EPOCH).await;
        let endings = open.unwrap().into_iter().zip(names);
        let done = endings.map(|(open, (_, _, version))| {
            let version = version.as_str().into();
            (open, Ending::Done { version })
        });
        store.settle(done.collect()).await.unwrap();
    }
}

async fn look_up(store: &RedbStore, number: usize, key: &str) {
    let object = ObjectName {
        bucket: bucket(number),
        incarnation: 1,
        key: key.into(),
    };
    let found = store.object(&object, None).await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
#[ignore = "takes a while, and asserts nothing"]
async fn a_restart_with_many_objects() {
    let (_directory, path) = place();
    let (mut writer, _published) = writer(&path);
    for start in (0..MANY).step_by(500) {
        writer.turn((start..start + 500).map(adopt).map(change).collect());
        let sets = (start..start + 500).map(|number| set(number, 0));
        writer.turn(sets.map(change).collect());
    }
    drop(writer);
    let store = RedbStore::open(&path).unwrap();
    let began = Instant::now();
    let name = |number: usize| format!("logs/2026/01/01/part-{number:012}.parquet");
    let of_all = (0..OBJECTS).map(|number| (number % MANY, name(number), NULL_VERSION.to_owned()));
    write_objects(&store, of_all).await;
    println!("writing {OBJECTS} records: {:?}", began.elapsed());
    let of_one = (0..OBJECTS / 10).map(|number| (0, "key".to_owned(), format!("{number:032}")));
    write_objects(&store, of_one).await;
    drop(store);
    let size = std::fs::metadata(&path).unwrap().len();
    println!("the file: {} MiB", size >> 20);

    let began = Instant::now();
    let store = RedbStore::open(&path).unwrap();
    println!("a restart: {:?}", began.elapsed());
    let began = Instant::now();
    for number in (0..OBJECTS).step_by(97) {
        look_up(&store, number % MANY, &name(number)).await;
    }
    let count = u32::try_from(OBJECTS.div_ceil(97)).unwrap();
    println!("a record: {:?}", began.elapsed() / count);
    let began = Instant::now();
    for _ in 0..count {
        look_up(&store, 0, "key").await;
    }
    println!(
        "a record among {} versions: {:?}",
        OBJECTS / 10,
        began.elapsed() / count
    );
    let copy = disk::with_suffix(&path, "copy");
    let began = Instant::now();
    store.backup(&copy).unwrap();
    println!("a backup: {:?}", began.elapsed());
    let began = Instant::now();
    store.forget(&bucket(0), 1).await.unwrap();
    println!(
        "forgetting a bucket with {} versions: {:?}",
        OBJECTS / 10,
        began.elapsed()
    );
}
