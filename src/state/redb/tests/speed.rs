//! How long things take with many buckets. They print and assert nothing: run with `--ignored --nocapture`.

use super::*;
use portcullis_core::controls::settings::{Setting, SettingKind};
use std::time::Instant;

const MANY: usize = 10_000;

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
        ledger.apply(change, &mut Vec::new()).unwrap();
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
    drop(StateFile::open(&copy).unwrap());
    println!("opening it without reading it: {:?}", began.elapsed());
}
