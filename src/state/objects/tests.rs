use super::*;

fn record(owner: &str) -> ObjectRecord {
    ObjectRecord {
        owner: owner.into(),
        acl: None,
        tags: Vec::new(),
    }
}

/// Versions of one object, the oldest first; each is its own owner.
fn rows(versions: &[&str]) -> Vec<ObjectRow> {
    let row = |(sequence, version): (usize, &&str)| ObjectRow {
        version: (*version).into(),
        sequence: sequence as u64,
        record: record(version),
    };
    versions.iter().enumerate().map(row).collect()
}

fn open(intents: &[Intent]) -> Vec<OpenIntent> {
    let open = |(id, intent): (usize, &Intent)| OpenIntent {
        id: id as u64,
        object: ObjectName {
            bucket: BucketName::parse("bucket").unwrap(),
            incarnation: 1,
            key: "key".into(),
        },
        intent: intent.clone(),
        begun: Timestamp::UNIX_EPOCH,
    };
    intents.iter().enumerate().map(open).collect()
}

fn write(owner: &str) -> Intent {
    Intent::Write(record(owner))
}

fn destroy(version: &str) -> Intent {
    Intent::Destroy {
        version: version.into(),
    }
}

/// `-` stands for no record.
#[track_caller]
fn check(versions: &[&str], intents: &[Intent], version: Option<&str>, expected: &[&str]) {
    let found = possible(rows(versions), &open(intents), version);
    let owners = found
        .iter()
        .map(|record| record.as_ref().map_or("-", |record| &*record.owner));
    assert_eq!(owners.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_settled_is_known() {
    check(&[], &[], None, &["-"]);
    check(&["1", "2"], &[], None, &["2"]);
    check(&["1", "2"], &[], Some("1"), &["1"]);
    check(&["1", "2"], &[], Some("3"), &["-"]);
    check(&["1", "null"], &[], Some("null"), &["null"]);
}

#[test]
fn a_write_may_be_the_current_version_and_any_that_is_not_known() {
    check(&[], &[write("w")], None, &["-", "w"]);
    check(
        &["1", "2"],
        &[write("w"), write("x")],
        None,
        &["2", "w", "x"],
    );
    check(&["1", "2"], &[write("w")], Some("1"), &["1"]);
    check(&["1", "2"], &[write("w")], Some("3"), &["-", "w"]);
    check(&["null"], &[write("w")], Some("null"), &["null", "w"]);
    check(&["2"], &[write("2")], None, &["2"]);
}

#[test]
fn what_is_being_destroyed_may_be_there_or_not() {
    check(&["1", "2"], &[destroy("2")], None, &["2", "1"]);
    check(&["1", "2"], &[destroy("1")], None, &["2"]);
    check(
        &["1", "2"],
        &[destroy("1"), destroy("2")],
        None,
        &["2", "1", "-"],
    );
    check(
        &["1", "2", "3"],
        &[destroy("3"), write("w")],
        None,
        &["3", "2", "w"],
    );
    check(&["null"], &[destroy("null")], None, &["null", "-"]);
    check(&["1", "2"], &[destroy("2")], Some("2"), &["2"]);
}
