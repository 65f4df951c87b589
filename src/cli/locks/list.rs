//! `locks list` and `locks show`

use super::super::Layout;
use super::super::ask::{Gateway, Question};
use super::{Ending, List, Show, Stop, answered, bucket, chosen, pages, rows, said, say};
use crate::admin::LockWork;
use portcullis_core::s3::names::BucketName;
use serde_json::{Map, Value, json};

pub(super) fn list(arguments: &List) -> Result<Ending, Stop> {
    let gateway = Gateway::find(&arguments.running)?;
    let standing = answered(gateway.ask(&Question::Locks)?)?;
    let buckets = chosen(arguments.bucket.as_deref(), &standing)?;
    let mut printer = Printer::begin(arguments.format, &standing);
    for bucket in buckets {
        let wanted = Map::from_iter([("active".to_owned(), arguments.active.into())]);
        pages(&gateway, LockWork::List, &bucket, wanted, |page| {
            for row in rows(page, "locks") {
                printer.row(&bucket, row);
            }
        })?;
    }
    printer.end();
    Ok(Ending::Done)
}

/// Prints locks as they come: a million of them are never in memory.
struct Printer {
    layout: Layout,
    count: u64,
}

impl Printer {
    fn begin(layout: Layout, standing: &Value) -> Self {
        match layout {
            Layout::Text => say(said::standing(standing)),
            Layout::Json => {
                let member = |name: &str| standing.get(name).unwrap_or(&Value::Null).to_string();
                let [clock, doubt, unresolved] = ["clock", "in_doubt", "unresolved"].map(member);
                say(format!(
                    "{{\n\"clock\": {clock},\n\"in_doubt\": {doubt},\n\"unresolved\": {unresolved},\n\"locks\": ["
                ));
            }
        }
        Self { layout, count: 0 }
    }

    fn row(&mut self, bucket: &BucketName, row: &Value) {
        match self.layout {
            Layout::Text => {
                let (place, lock) = (said::place(bucket, row), said::lock(row));
                say(format!("{place}: {lock}; {}", said::protection(row)));
            }
            Layout::Json => {
                let comma = if self.count == 0 { "" } else { "," };
                let mut row = row.clone();
                if let Some(row) = row.as_object_mut() {
                    row.insert("bucket".to_owned(), bucket.as_str().into());
                }
                say(format!("{comma}{row}"));
            }
        }
        self.count += 1;
    }

    fn end(&self) {
        match self.layout {
            Layout::Text => say(format!("locks: {}", self.count)),
            Layout::Json => say("]\n}"),
        }
    }
}

pub(super) fn show(arguments: &Show) -> Result<Ending, Stop> {
    let gateway = Gateway::find(&arguments.running)?;
    let bucket = bucket(&arguments.bucket)?;
    let standing = answered(gateway.ask(&Question::Locks)?)?;
    let wanted = json!({ "key": arguments.object, "version": arguments.version });
    let asked = Question::WorkOnLocks(LockWork::Show, &bucket, &wanted);
    let answer = answered(gateway.ask(&asked)?)?;
    match arguments.format {
        Layout::Json => say(format!("{answer:#}")),
        Layout::Text => {
            if !said::text(&standing, "in_doubt").is_empty() {
                say(said::standing(&standing));
            }
            for version in rows(&answer, "versions") {
                let id = said::text(version, "version").escape_debug();
                say(format!("version {id}: {}", said::protection(version)));
                for possible in rows(version, "possible") {
                    say(format!("  {}", said::lock(possible)));
                }
            }
        }
    }
    Ok(Ending::Done)
}
