//! `locks verify`

use super::super::ask::{Gateway, Question};
use super::{Ending, Stop, Verify, answered, chosen, number, pages, rows, said, say};
use crate::admin::LockWork;
use portcullis_core::s3::names::BucketName;
use serde_json::{Map, Value};

pub(super) fn run(arguments: &Verify) -> Result<Ending, Stop> {
    let gateway = Gateway::find(&arguments.running)?;
    let standing = answered(gateway.ask(&Question::Locks)?)?;
    let buckets = chosen(arguments.bucket.as_deref(), &standing)?;
    let (mut locked, mut found) = (0, 0);
    for bucket in &buckets {
        let looked = pages(&gateway, LockWork::Verify, bucket, Map::new(), |page| {
            locked += number(page, "locked");
            let findings = rows(page, "findings");
            found += findings.len();
            findings.iter().for_each(|row| tell(bucket, row));
        });
        match looked {
            Err(Stop::Refused(why)) if arguments.bucket.is_none() => {
                found += 1;
                say(format!("{:<14} {}: {why}", "bucket", bucket.as_str()));
            }
            looked => looked?,
        }
    }
    let buckets = buckets.len();
    say(format!(
        "buckets: {buckets}, locked versions: {locked}, findings: {found}"
    ));
    Ok(match found {
        0 => Ending::Done,
        _ => Ending::Refused,
    })
}

fn tell(bucket: &BucketName, row: &Value) {
    let (finding, why) = (said::text(row, "finding"), said::text(row, "why"));
    let place = match row.get("key") {
        Some(_) => said::place(bucket, row),
        None => bucket.as_str().to_owned(),
    };
    say(format!("{finding:<14} {place}: {why}"));
}
