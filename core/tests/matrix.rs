//! Who may do what: a golden table of callers and operations. A new operation or a changed rule shows as a changed
//! line; if it is right, run this test with `UPDATE_GOLDEN=1`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use portcullis_core as portcullis;

#[expect(dead_code, reason = "the tests of admission use the rest")]
#[path = "../src/admission/tests/kit.rs"]
mod kit;

use kit::{Ask, World, golden};
use portcullis::admission::{Admission, Outcome, Run};
use portcullis::s3::answer::Answer;
use portcullis::s3::operations::{OPERATIONS, Operation};
use std::fmt::Write;

const LEGEND: &str = "\
A allowed, A* allowed but a missing key reads as forbidden, D AccessDenied, NotImplemented allowed but answered by
nobody yet, otherwise the error's code.
DeleteObjects: one letter for home/home/key, one for elsewhere.
The buckets: acme-private has no policy. acme-shared gives everything to the partner's account. acme-public lets
everyone read objects and list those below shown/. All belong to acme.
root, admin (s3:*, iam:PassRole, s3tables:*), reader (s3:Get*, s3:List*) and home (its own folder) are acme's; partner (s3:*), p-nobody (no
policy) and p-root are another account's. fixed is a role behind a listener that asks for no signature: it may get,
put and delete objects and list.

";

/// Of the operations' names.
const WIDTH: usize = 52;

/// Heading, bucket, who asks.
const COLUMNS: &[(&str, &str, Caller)] = &[
    ("root", "acme-private", Caller::Signed("root")),
    ("admin", "acme-private", Caller::Signed("admin")),
    ("reader", "acme-private", Caller::Signed("reader")),
    ("home", "acme-private", Caller::Signed("home")),
    ("nobody", "acme-private", Caller::Signed("nobody")),
    ("partner", "acme-private", Caller::Signed("partner")),
    ("partner@shared", "acme-shared", Caller::Signed("partner")),
    (
        "p-nobody@shared",
        "acme-shared",
        Caller::Signed("partner-nobody"),
    ),
    (
        "p-root@shared",
        "acme-shared",
        Caller::Signed("partner-root"),
    ),
    ("partner@public", "acme-public", Caller::Signed("partner")),
    ("anonymous", "acme-private", Caller::Anonymous),
    ("anonymous@public", "acme-public", Caller::Anonymous),
    ("fixed", "acme-private", Caller::Listener),
];

#[derive(Debug, Clone, Copy)]
enum Caller {
    Anonymous,
    Signed(&'static str),
    Listener,
}

#[test]
fn callers_may_do_what_the_table_says() {
    let world = World::new();
    let mut text = LEGEND.to_owned();
    write!(text, "{:<WIDTH$}", "").unwrap();
    for (heading, ..) in COLUMNS {
        write!(text, "{heading:<17}").unwrap();
    }
    for row in OPERATIONS {
        text = text.trim_end().to_owned();
        write!(text, "\n{:<WIDTH$}", row.name).unwrap();
        for (_, bucket, caller) in COLUMNS {
            write!(text, "{:<17}", cell(&world, row, bucket, *caller)).unwrap();
        }
    }
    golden("matrix.txt", &(text.trim_end().to_owned() + "\n"));
}

fn cell(world: &World, row: &Operation, bucket: &str, caller: Caller) -> String {
    let ask = Ask::of(row, bucket, "home/home/key");
    let admission = match caller {
        Caller::Anonymous => world.ask(&ask),
        Caller::Signed(name) => world.ask(&ask.signed(name)),
        Caller::Listener => world.ask_fixed(&ask),
    };
    shown(&admission)
}

fn shown(admission: &Admission) -> String {
    match &admission.outcome {
        Outcome::Forward(permit) => match permit.run() {
            Run::DeleteObjects { .. } => {
                let items = admission.labels.items.iter();
                items
                    .map(|item| if item.allowed { 'A' } else { 'D' })
                    .collect()
            }
            Run::OnObject(_) => "A".to_owned(),
            Run::Settle(settling) => match settling.answer() {
                Answer::Error(error) => format!("A {}", error.code.status().as_u16()),
                Answer::Success(_) => "A".to_owned(),
            },
            Run::Stream
            | Run::Post(_)
            | Run::Buffered(_)
            | Run::Relayed(_)
            | Run::ListBuckets(_)
            | Run::CreateBucket { .. }
            | Run::DeleteBucket => match permit.conceals_missing() {
                true => "A*".to_owned(),
                false => "A".to_owned(),
            },
        },
        Outcome::Answer(Answer::Error(error)) => match error.code.name() {
            "AccessDenied" => "D".to_owned(),
            code => code.to_owned(),
        },
        Outcome::Answer(Answer::Success(_)) | Outcome::Need(_) => {
            panic!("admission neither allows nor refuses")
        }
    }
}
