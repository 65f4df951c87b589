//! What becomes of every way to ask for an ACL: a golden table by ownership, writer and Block Public Access. A changed
//! rule shows as a changed line; if it is right, run this test with `UPDATE_GOLDEN=1`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use portcullis_core as portcullis;

use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis::context::FixedContext;
use portcullis::controls::acl::{
    AMAZON_EC2, ANONYMOUS, Acl, AclChange, AclRequest, Canned, NewObject, On, effective_grants,
    new_bucket, new_object, put_acl,
};
use portcullis::controls::ownership::ObjectOwnership;
use portcullis::controls::public_access::PublicAccessBlock;
use portcullis::identity::Principal;
use portcullis::policy::{
    AclPermission, Grant, Grantee, Policies, PolicySet, PublicPolicies, Question, Verdict, View,
    evaluate,
};
use portcullis::s3::actions::Action;
use portcullis::s3::answer::S3Error;
use portcullis::s3::names::AccountId;
use std::fmt::Write;

const LEGEND: &str = "\
An ACL is written as its owner and, after a colon, its grants. B is the account of the bucket's owner, W another one,
A who does not sign, E Amazon EC2; * is AllUsers, + AuthenticatedUsers, L LogDelivery. F is FULL_CONTROL, R READ,
W WRITE, RA READ_ACP, WA WRITE_ACP. `B, no ACL`: the bucket's owner owns it and ACLs are disabled. `taken`: nothing
changes. Otherwise the error's code; `blocked` is with BlockPublicAcls.
";

const BUCKET: &str = "aa00000000000000000000000000000000000000000000000000000000000001";
const WRITER: &str = "bb00000000000000000000000000000000000000000000000000000000000002";

/// What is asked for beside the canned ACLs: a heading, the header, its value with letters for the grantees.
const GRANTS: &[(&str, &str, &str)] = &[
    ("full control to B", "x-amz-grant-full-control", "id=B"),
    ("full control to W", "x-amz-grant-full-control", "id=W"),
    (
        "full control to B, W",
        "x-amz-grant-full-control",
        "id=B, id=W",
    ),
    ("read to B", "x-amz-grant-read", "id=B"),
    ("read to *", "x-amz-grant-read", "uri=*"),
];

const ENFORCED: ObjectOwnership = ObjectOwnership::BucketOwnerEnforced;

fn block(column: &str) -> PublicAccessBlock {
    PublicAccessBlock {
        block_public_acls: column.contains("blocked"),
        ..PublicAccessBlock::default()
    }
}

/// Each request: how it is called and its headers.
fn requests() -> Vec<(String, HeaderMap)> {
    let mut requests = vec![("nothing".to_owned(), HeaderMap::new())];
    let mut add = |label: &str, name: &'static str, value: &str| {
        let value = HeaderValue::from_str(value).unwrap();
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
        requests.push((label.to_owned(), headers));
    };
    for canned in Canned::ALL {
        add(canned.name(), "x-amz-acl", canned.name());
    }
    for (label, name, value) in GRANTS {
        let everyone = "http://acs.amazonaws.com/groups/global/AllUsers";
        let value = value.replace('B', BUCKET).replace('W', WRITER);
        add(label, name, &value.replace('*', everyone));
    }
    requests
}

fn letter(id: &str) -> &'static str {
    match id {
        BUCKET => "B",
        WRITER => "W",
        ANONYMOUS => "A",
        AMAZON_EC2 => "E",
        _ => "?",
    }
}

fn short(grant: &Grant) -> String {
    let grantee = match &grant.grantee {
        Grantee::AllUsers => "*",
        Grantee::AuthenticatedUsers => "+",
        Grantee::LogDelivery => "L",
        Grantee::CanonicalUser(id) => letter(id),
    };
    let permission = match grant.permission {
        AclPermission::Read => "R",
        AclPermission::Write => "W",
        AclPermission::ReadAcp => "RA",
        AclPermission::WriteAcp => "WA",
        AclPermission::FullControl => "F",
    };
    format!(" {grantee}={permission}")
}

fn acl(acl: &Acl) -> String {
    let grants: String = acl.grants.iter().map(short).collect();
    format!("{}:{grants}", letter(&acl.owner))
}

fn object(object: NewObject) -> String {
    match object.acl {
        Some(list) => {
            assert_eq!(list.owner, object.owner);
            acl(&list)
        }
        None => format!("{}, no ACL", letter(&object.owner)),
    }
}

fn cell<T>(found: Result<T, S3Error>, show: impl Fn(T) -> String) -> String {
    found.map_or_else(|error| error.code.name().to_owned(), show)
}

/// A table: a line for each request, a cell for each column.
fn table(title: &str, columns: &[&str], cell: impl Fn(&HeaderMap, &str) -> String) -> String {
    let mut text = format!("\n{title}\n");
    let mut line = |label: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:44}")).collect();
        writeln!(text, "{}", format!("{label:27}{cells}").trim_end()).unwrap();
    };
    line("", columns.iter().map(|name| (*name).to_owned()).collect());
    for (label, headers) in requests() {
        line(
            &label,
            columns
                .iter()
                .map(|column| cell(&headers, column))
                .collect(),
        );
    }
    text
}

/// Who writes, by letter.
fn new_objects(ownership: ObjectOwnership) -> String {
    table(
        &format!("New object, {}", ownership.name()),
        &["B", "W", "A", "B, blocked"],
        |headers, column| {
            let writer = match column {
                "W" => WRITER,
                "A" => ANONYMOUS,
                _ => BUCKET,
            };
            let block = block(column);
            let made = AclRequest::from_headers(headers, On::Object)
                .and_then(|request| new_object(&request, ownership, writer, BUCKET, block));
            cell(made, object)
        },
    )
}

fn new_buckets(ownership: ObjectOwnership) -> String {
    table(
        &format!("New bucket, {}", ownership.name()),
        &["B", "B, blocked"],
        |headers, column| {
            let made = AclRequest::from_headers(headers, On::Bucket)
                .and_then(|request| new_bucket(&request, ownership, BUCKET, block(column)));
            cell(made, |made| acl(&made))
        },
    )
}

/// The ACL of a bucket, and of an object that is the other account's.
fn changes(ownership: ObjectOwnership) -> String {
    let columns = ["B's bucket", "W's object", "W's object, blocked"];
    table(
        &format!("New ACL, {}", ownership.name()),
        &columns,
        |headers, column| {
            let (on, owner) = match column {
                "B's bucket" => (On::Bucket, BUCKET),
                _ => (On::Object, WRITER),
            };
            let put = AclChange::of(headers, b"", on)
                .and_then(|change| put_acl(&change, ownership, owner, BUCKET, block(column)));
            cell(put, |put| put.map_or("taken".to_owned(), |put| acl(&put)))
        },
    )
}

#[test]
fn what_becomes_of_an_acl_is_as_it_was() {
    let tables = [new_objects, new_buckets, changes].iter();
    let tables = tables.flat_map(|table| ObjectOwnership::ALL.map(table));
    let text = format!("{LEGEND}{}", tables.collect::<String>());
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/acl.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    for (expected, found) in expected.lines().zip(text.lines()) {
        assert_eq!(
            found, expected,
            "if that is right, run the test with UPDATE_GOLDEN=1"
        );
    }
    assert_eq!(expected.lines().count(), text.lines().count());
}

/// Whether the ACL of a bucket lets anyone do this who does not sign.
#[track_caller]
fn check(canned: Canned, ownership: ObjectOwnership, ignored: &str, action: Action, allowed: bool) {
    let bucket = canned.expand(BUCKET, BUCKET);
    let block = PublicAccessBlock {
        ignore_public_acls: ignored == "ignored",
        ..PublicAccessBlock::default()
    };
    let grants = effective_grants(Some(&bucket), None, ownership, block);
    let question = Question {
        principal: &Principal::Anonymous,
        action,
        resource: "acme",
        owner: AccountId::parse("111122223333").unwrap(),
        context: &FixedContext::default(),
        view: View::Live,
    };
    let policies = Policies {
        bucket: None,
        guardrails: &PolicySet::default(),
        acl: Some(&grants),
        public: PublicPolicies::Count,
    };
    let verdict = evaluate(policies, &question).verdict;
    assert_eq!(
        verdict == Verdict::Allow,
        allowed,
        "{canned:?} {ownership:?} {ignored}"
    );
}

#[test]
fn a_public_acl_lets_in_who_does_not_sign_unless_it_is_disabled_or_ignored() {
    let (public, list) = (Canned::PublicRead, Action::ListBucket);
    let writer = ObjectOwnership::ObjectWriter;
    check(public, writer, "counted", list, true);
    check(public, writer, "counted", Action::GetBucketAcl, false);
    check(
        public,
        ObjectOwnership::BucketOwnerPreferred,
        "counted",
        list,
        true,
    );
    check(public, ENFORCED, "counted", list, false);
    check(public, writer, "ignored", list, false);
    check(Canned::AuthenticatedRead, writer, "counted", list, false);
}

#[test]
fn grants_to_the_delivery_of_logs_let_nobody_in() {
    let writer = ObjectOwnership::ObjectWriter;
    for action in [Action::PutObject, Action::GetBucketAcl] {
        check(Canned::LogDeliveryWrite, writer, "counted", action, false);
    }
    check(
        Canned::PublicReadWrite,
        writer,
        "counted",
        Action::PutObject,
        true,
    );
}
