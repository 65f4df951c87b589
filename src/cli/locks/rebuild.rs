//! `locks rebuild`

use super::super::ask::{Gateway, Question};
use super::{Ending, Rebuild, Stop, answered, chosen, number, pages, rows, said, say};
use crate::admin::LockWork;
use portcullis_core::s3::names::BucketName;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What was done.
#[derive(Default)]
struct Tally {
    buckets: u64,
    versions: u64,
    locked: u64,
    without_record: u64,
    unreadable: u64,
    unknown: u64,
}

pub(super) fn run(arguments: &Rebuild) -> Result<Ending, Stop> {
    let gateway = Gateway::find(&arguments.running)?;
    let standing = answered(gateway.ask(&Question::Locks)?)?;
    let named = arguments.bucket.as_deref();
    let mut buckets: BTreeSet<BucketName> = chosen(named, &standing)?.into_iter().collect();
    if named.is_none() {
        let there = answered(gateway.ask(&Question::LockedUpstream)?)?;
        buckets.extend(chosen(None, &there)?);
    }
    let (mut tally, mut ending) = (Tally::default(), Ending::Done);
    for bucket in &buckets {
        let mut has_lock = true;
        let done = pages(&gateway, LockWork::Rebuild, bucket, Map::new(), |page| {
            has_lock = page.get("object_lock") == Some(&Value::Bool(true));
            tally.add(bucket, page);
        });
        match done {
            // What was on record and is gone, or cannot be told, is for an operator to look at.
            Err(Stop::Refused(why)) if named.is_none() => {
                say(format!("{:<10} {}: {why}", "refused", bucket.as_str()));
                ending = Ending::Refused;
            }
            done => done?,
        }
        tally.buckets += u64::from(has_lock);
        if !has_lock && named.is_some() {
            let name = bucket.as_str();
            let why = "has no Object Lock, on record, by files or at its upstream";
            return Err(Stop::Refused(format!("bucket `{name}` {why}")));
        }
    }
    tally.tell();
    if !said::text(&standing, "in_doubt").is_empty() {
        say("locks stay in doubt until `portcullis locks acknowledge restore`");
    }
    Ok(match tally.unknown {
        0 => ending,
        _ => Ending::Refused,
    })
}

impl Tally {
    fn add(&mut self, bucket: &BucketName, page: &Value) {
        self.versions += number(page, "versions");
        for row in rows(page, "changes") {
            let became = said::text(row, "became");
            let place = said::place(bucket, row);
            let why = match (became, said::text(row, "by")) {
                ("locked", "default") => {
                    self.locked += 1;
                    self.without_record += 1;
                    format!(
                        "{}, the bucket's default: it had no record",
                        said::lock(row)
                    )
                }
                ("locked", _) => {
                    self.locked += 1;
                    said::lock(row)
                }
                ("unreadable", _) => {
                    self.unreadable += 1;
                    said::lock(row)
                }
                ("unknown", _) => {
                    self.unknown += 1;
                    "the upstream does not say how it is locked".to_owned()
                }
                (_, _) => {
                    self.without_record += 1;
                    "not locked: no default retention would protect it now".to_owned()
                }
            };
            say(format!("{became:<10} {place}: {why}"));
        }
    }

    fn tell(&self) {
        let Self {
            buckets,
            versions,
            locked,
            without_record,
            unreadable,
            unknown,
        } = self;
        say(format!(
            "buckets: {buckets}, versions: {versions}, locked: {locked}, without a record: {without_record}, unreadable: {unreadable}, unknown: {unknown}"
        ));
    }
}
