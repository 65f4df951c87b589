//! One reading of the target: what is authorised is what is sent.

use super::kit::{Ask, World, permit, verdict};
use crate::admission::{Outcome, Run};
use crate::request::percent_decode;
use crate::s3::operations::{Effect, Level, Mark, OPERATIONS, Operation, OperationId};
use proptest::prelude::*;
use std::sync::LazyLock;

/// The key that was authorised, and the one the upstream decodes.
fn keys(ask: &Ask) -> Option<(String, String)> {
    let admission = World::new().ask(ask);
    if verdict(&admission) != "pass" {
        return None;
    }
    let permit = permit(admission);
    let asked = permit.labels.decision.clone().unwrap().resource;
    let sent = percent_decode(permit.key().as_bytes()).unwrap();
    assert_eq!(permit.bucket(), asked.bucket_name().unwrap());
    assert_eq!(permit.labels.target.as_ref(), Some(&asked));
    Some((
        asked.key().unwrap_or_default().to_owned(),
        String::from_utf8(sent.into_owned()).unwrap(),
    ))
}

#[test]
fn t01_odd_paths_stay_in_their_bucket() {
    for (path, key) in [
        ("/acme-open/../acme-private/k", "../acme-private/k"),
        ("/acme-open/%2e%2e/acme-private/k", "../acme-private/k"),
        ("/acme-open/./k", "./k"),
        ("/acme-open//k", "/k"),
        ("/acme-open/a//", "a//"),
        ("/acme-open/a/..", "a/.."),
    ] {
        let found = keys(&Ask::new(&format!("GET {path}")));
        assert_eq!(found, Some((key.to_owned(), key.to_owned())), "{path}");
    }
    let world = World::new();
    for (path, expected) in [
        ("//acme-open/k", "InvalidBucketName"),
        ("/../acme-open/k", "InvalidBucketName"),
        ("/acme-open%2F..%2Facme-private/k", "InvalidBucketName"),
        ("/partner-open/../partner-private/k", "InvalidURI"),
        ("/partner-open/%2e%2e/partner-private/k", "InvalidURI"),
        ("/partner-open//k", "InvalidURI"),
        ("/partner-open//", "InvalidURI"),
        ("/partner-open/.", "InvalidURI"),
        ("/partner-open/a%2F..%2Fb", "InvalidURI"),
        ("/partner-open/k/", "pass"),
    ] {
        let found = verdict(&world.ask(&Ask::new(&format!("GET {path}"))));
        assert_eq!(found, expected, "{path}");
    }
}

proptest! {
    #[test]
    fn t02_the_authorised_key_is_the_key_the_upstream_decodes(
        key in "([a-zA-Z0-9/.+%;?=&#~ü]|%2[fF]|%25|%252[fF]|%C3%BC|%FF|%00|%3F){1,12}",
        signed in any::<bool>(),
    ) {
        // A question mark begins the query, and a bad escape cannot be signed.
        let path = key.split('?').next().unwrap().to_owned();
        let ask = Ask::new(&format!("GET /acme-open/{path}"));
        let ask = if signed { ask.signed("admin") } else { ask };
        if let Some((asked, sent)) = keys(&ask) {
            prop_assert_eq!(&asked, &sent);
            let decoded = percent_decode(path.as_bytes()).unwrap();
            prop_assert_eq!(asked.as_bytes(), &*decoded);
        }
    }
}

#[test]
fn t03_the_host_names_the_bucket_or_the_path_does() {
    let at = |host: &str, line: &str| {
        let admission = World::new().ask(&Ask::new(line).instead("host", host));
        let target = admission.labels.target.clone();
        (
            verdict(&admission),
            target.map(|target| target.as_str().to_owned()),
        )
    };
    let here = |target: &str| Some(target.to_owned());
    for host in [
        "s3.example.com",
        "S3.EXAMPLE.COM:8080",
        "s3.example.com.",
        "127.0.0.1:9000",
        "other",
    ] {
        assert_eq!(
            at(host, "GET /acme-open/k"),
            ("pass", here("acme-open/k")),
            "{host}"
        );
    }
    for host in [
        "acme-open.s3.example.com",
        "ACME-OPEN.s3.example.com:80",
        "acme-open.s3.example.com.",
    ] {
        assert_eq!(at(host, "GET /k"), ("pass", here("acme-open/k")), "{host}");
        // The host wins; what looks like a bucket is the key's beginning.
        let both = at(host, "GET /acme-private/k");
        assert_eq!(both, ("pass", here("acme-open/acme-private/k")), "{host}");
    }
    assert_eq!(
        at("acme-private.s3.example.com", "GET /acme-open/k").0,
        "AccessDenied"
    );
    assert_eq!(
        at("s3.example.com", "GET http://acme-open.s3.example.com/k").0,
        "InvalidRequest"
    );
    let two = Ask::new("GET /acme-open/k").header("host", "acme-private.s3.example.com");
    assert_eq!(verdict(&World::new().ask(&two)), "InvalidRequest");
}

#[test]
fn t04_what_looks_like_a_subresource_is_part_of_the_key_or_refused() {
    for (path, key) in [
        ("/acme-open/k%3Facl", "k?acl"),
        ("/acme-open/k;x=1", "k;x=1"),
        ("/acme-open/k%23x", "k#x"),
        ("/acme-open/k%26versionId=1", "k&versionId=1"),
    ] {
        let found = keys(&Ask::new(&format!("GET {path}")));
        assert_eq!(found, Some((key.to_owned(), key.to_owned())), "{path}");
    }
    assert_eq!(
        verdict(&World::new().ask(&Ask::new("GET /acme-open/k#x"))),
        "InvalidURI"
    );
}

#[test]
fn t20_a_version_takes_the_permission_for_versions() {
    let world = World::new();
    for (line, action) in [
        ("GET /acme-open/k", "s3:GetObject"),
        ("HEAD /acme-open/k", "s3:GetObject"),
        ("DELETE /acme-open/k", "s3:DeleteObject"),
        ("GET /acme-open/k?versionId=null", "s3:GetObjectVersion"),
        ("GET /acme-open/k?version%49d=v", "s3:GetObjectVersion"),
        ("HEAD /acme-open/k?versionId=v", "s3:GetObjectVersion"),
        (
            "DELETE /acme-open/k?versionId=null",
            "s3:DeleteObjectVersion",
        ),
    ] {
        let permit = world.permit(&Ask::new(line));
        assert_eq!(
            permit.labels.decision.as_ref().unwrap().action,
            action,
            "{line}"
        );
        assert_eq!(permit.query().contains("versionId="), line.contains('?'));
    }
    for (line, expected) in [
        ("GET /acme-open/k?versionid=v", "NotImplemented"),
        (
            "GET /acme-open/k?versionId=v&versionId=w",
            "InvalidArgument",
        ),
        ("PUT /acme-open/k?versionId=v", "NotImplemented"),
        ("GET /partner-open/k?versionId=null", "NotImplemented"),
    ] {
        assert_eq!(verdict(&world.ask(&Ask::new(line))), expected, "{line}");
    }
}

/// Everything a request can bear that could make another operation of it: query names of any row in several spellings,
/// and headers.
fn extra() -> impl Strategy<Value = (String, String)> {
    let names: Vec<&str> = OPERATIONS
        .iter()
        .flat_map(|row| row.query_marks().chain(row.accepts.iter().copied()))
        .filter(|name| *name != "*")
        .chain(["x-id", "nosuch", "x-amz-acl"])
        .collect();
    let spelled = (prop::sample::select(names), 0..6_u8).prop_map(|(name, spelling)| {
        let first = name.chars().next().unwrap_or('x');
        let rest = name.strip_prefix(first).unwrap_or_default();
        let name = match spelling {
            0 => format!("%{:02x}{rest}", u32::from(first)),
            1 => format!("{}{rest}", first.to_ascii_uppercase()),
            2 => format!("{first}{rest}%20"),
            _ => name.to_owned(),
        };
        ("query".to_owned(), name)
    });
    let header = prop::sample::select(vec![
        "x-amz-copy-source",
        "if-match",
        "x-amz-acl",
        "x-amz-tagging",
        "x-amz-bypass-governance-retention",
        "x-goog-copy-source",
        "x-amz-account-id",
        "x-amz-request-route",
        "x-amz-rename-source",
        "content-type",
    ]);
    prop_oneof![
        4 => spelled,
        1 => header.prop_map(|name| ("header".to_owned(), name.to_owned())),
    ]
}

/// A request of one row that bears some more.
fn mixed(row: &Operation, extras: &[(String, String)]) -> Ask {
    let mut ask = Ask::of(row, "acme-open", "key");
    let mut signed = false;
    for (kind, name) in extras {
        // A client cannot sign what it says twice.
        let twice = kind == "query" && name.to_ascii_lowercase().contains("-amz-acl");
        if twice && std::mem::replace(&mut signed, true) {
            continue;
        }
        let value = match name.as_str() {
            "x-amz-copy-source" => "acme-open/s?versionId=1",
            "content-type" => "multipart/form-data; boundary=a",
            "x-amz-account-id" => "111111111111",
            "x-amz-acl" => "private",
            "list-type" | "select-type" => "2",
            _ => "1",
        };
        ask = match kind.as_str() {
            "query" => ask.query(name, value),
            _ => ask.header(name, value),
        };
    }
    ask
}

/// The row that the upstream would find in what is sent to it.
fn row_of(permit: &crate::admission::Permit) -> &'static Operation {
    let level = match (permit.bucket(), permit.key()) {
        ("", _) => Level::Service,
        (_, "") => Level::Bucket,
        _ => Level::Object,
    };
    let query = crate::request::Query::parse(permit.query().as_bytes()).unwrap();
    let holds = |mark: &Mark| match mark {
        Mark::Query(name) => query.has(name),
        Mark::QueryValue(name, value) => query.get(name) == Some(value),
        Mark::Header(name) => permit.headers().contains_key(*name),
        Mark::ContentType(_) => false,
    };
    Operation::find(permit.method().as_str(), level, query.0.len(), holds).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn t18_route_question_and_permit_come_from_one_row(
        at in 0..OPERATIONS.len(),
        extras in prop::collection::vec(extra(), 0..4),
    ) {
        static WORLD: LazyLock<World> = LazyLock::new(World::new);
        let ask = mixed(&OPERATIONS[at], &extras).signed("admin");
        let admission = WORLD.ask(&ask);
        let settles = matches!(&admission.outcome, Outcome::Forward(permit) if matches!(permit.run(), Run::Settle(_) | Run::OnObject(_)));
        if verdict(&admission) == "pass" && !settles {
            let permit = permit(admission);
            let row = permit.labels.operation.unwrap();
            let sent_as = match row.id {
                OperationId::PostObject => OperationId::PutObject,
                id => id,
            };
            prop_assert_eq!(sent_as, row_of(&permit).id);
            // What was asked is what this row needs.
            let required = || row.needs.iter().filter(|need| need.effect == Effect::Required);
            for asked in &permit.labels.permissions {
                prop_assert!(required().any(|need| need.action.name() == asked.action));
            }
            let deletes = row.id == OperationId::DeleteObjects;
            prop_assert_ne!(permit.labels.permissions.is_empty(), !deletes);
            // Every query name that goes upstream is one the row knows, and none is the mark of another.
            let query = crate::request::Query::parse(permit.query().as_bytes()).unwrap();
            for parameter in &query.0 {
                prop_assert!(row.accepts(&parameter.name));
                let own = row.query_marks().any(|mark| mark == &*parameter.name);
                let rivals = Operation::of(row.method, row.level).iter();
                let marked = rivals.flat_map(|rival| rival.query_marks()).any(|mark| mark == &*parameter.name);
                let listing = row.id == OperationId::ListObjects && &*parameter.name == "list-type";
                prop_assert!(own || listing || !marked, "{}: {}", row.name, parameter.name);
            }
            // And every header is one the row sends on, or a digest of its document.
            for name in permit.headers().keys() {
                prop_assert!(row.disposition(name.as_str()).is_some());
            }
        }
    }
}

#[test]
fn every_row_is_reached_by_the_smallest_request_it_takes() {
    let world = World::new();
    for row in OPERATIONS {
        for ask in [
            Ask::of(row, "acme-open", "key"),
            Ask::of(row, "acme-open", "key")
                .query("x-id", "Other")
                .signed("admin"),
            Ask::of(row, "acme-open", "key").presigned("admin"),
        ] {
            let admission = world.ask(&ask);
            assert_eq!(admission.labels.operation.unwrap().name, row.name);
        }
    }
}

/// Neither is the other's request, whichever name a client's SDK has for it.
#[test]
fn t18_deprecated_twins_are_one_operation() {
    let world = World::new();
    for (line, name) in [
        (
            "GET /acme-open?lifecycle",
            "GetBucketLifecycleConfiguration",
        ),
        (
            "GET /acme-open?notification",
            "GetBucketNotificationConfiguration",
        ),
        (
            "GET /acme-open?lifecycle&x-id=GetBucketLifecycle",
            "GetBucketLifecycleConfiguration",
        ),
    ] {
        let admission = world.ask(&Ask::new(line));
        assert_eq!(admission.labels.operation.unwrap().name, name);
        assert_eq!(verdict(&admission), "pass");
    }
}

#[test]
fn t42_only_signed_requests_choose_headers_of_the_answer() {
    let world = World::new();
    for method in ["GET", "HEAD"] {
        for name in [
            "cache-control",
            "content-disposition",
            "content-encoding",
            "content-language",
            "content-type",
            "expires",
        ] {
            let ask = Ask::new(&format!("{method} /acme-open/key?response-{name}=x"));
            let error = world.refusal(&ask);
            assert_eq!(error.code.name(), "InvalidRequest");
            assert!(error.message.contains("anonymous"));
            assert_eq!(verdict(&world.ask(&ask.clone().signed("admin"))), "pass");
            assert_eq!(verdict(&world.ask(&ask.clone().presigned("admin"))), "pass");
            assert_eq!(verdict(&world.ask_fixed(&ask.clone())), "pass");
            let split = Ask::new(&format!("{method} /acme-open/key?response-{name}=a%0D%0Ab"));
            assert_eq!(
                verdict(&world.ask(&split.signed("admin"))),
                "InvalidArgument"
            );
        }
    }
}
