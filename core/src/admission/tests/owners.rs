//! Whose bucket it is, and who may know.

use super::kit::{ACME, Ask, PARTNER, World, account, permit, sent, verdict};
use crate::admission::Run;
use crate::s3::xml::BucketPage;

fn create(bucket: &str) -> Ask {
    Ask::new(&format!("PUT /{bucket}"))
}

#[test]
fn a_bucket_is_its_creators_where_the_store_records_it() {
    let world = World::new();
    let ask = create("acme-new").signed("partner");
    let permit = world.permit(&ask);
    assert_eq!(permit.labels.owner.as_ref().unwrap().id, account(PARTNER));
    assert!(matches!(permit.run(), Run::CreateBucket { .. }));
    let without = world.without_store();
    assert_eq!(verdict(&without.ask(&ask)), "AccessDenied");
    assert_eq!(
        verdict(&without.ask(&create("acme-new").signed("admin"))),
        "pass"
    );
}

#[test]
fn every_permission_to_create_a_bucket_is_the_creators_own() {
    let settings = |name| {
        create("acme-new")
            .header("x-amz-object-ownership", "BucketOwnerEnforced")
            .header("x-amz-acl", "bucket-owner-full-control")
            .signed(name)
    };
    let world = World::new();
    assert_eq!(verdict(&world.ask(&settings("partner"))), "pass");
    assert_eq!(verdict(&world.ask(&settings("partner-root"))), "pass");
    let error = world.refusal(&settings("partner-nobody"));
    assert_eq!(
        error.message,
        "User: arn:aws:iam::222222222222:user/partner-nobody is not authorized to perform: s3:CreateBucket on \
         resource: \"arn:aws:s3:::acme-new\" because no identity-based policy allows the s3:CreateBucket action"
    );
}

/// By creating a bucket one becomes its owner, so nobody does it anonymously.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
#[test]
fn a_policy_that_lies_ready_creates_no_bucket() {
    for world in [World::new(), World::new().without_store()] {
        assert_eq!(verdict(&world.ask(&create("acme-open"))), "AccessDenied");
        for name in ["nobody", "partner-nobody", "home"] {
            let ask = create("acme-open").signed(name);
            assert_eq!(verdict(&world.ask(&ask)), "AccessDenied", "{name}");
        }
        assert_eq!(
            verdict(&world.ask(&create("acme-open").signed("admin"))),
            "pass"
        );
    }
}

#[test]
fn a_recorded_owner_counts_before_the_upstreams() {
    let get = |name| Ask::new("GET /acme-theirs/key").signed(name);
    let world = World::new();
    assert_eq!(verdict(&world.ask(&get("admin"))), "pass");
    assert_eq!(verdict(&world.ask(&get("partner"))), "AccessDenied");
    let recorded = world.recording("acme-theirs", PARTNER);
    assert_eq!(verdict(&recorded.ask(&get("admin"))), "AccessDenied");
    assert_eq!(verdict(&recorded.ask(&get("root"))), "AccessDenied");
    assert_eq!(verdict(&recorded.ask(&get("partner"))), "pass");
    assert_eq!(verdict(&recorded.ask(&get("partner-root"))), "pass");
    let labels = recorded.ask(&get("partner")).labels;
    assert_eq!(labels.owner.unwrap().id, account(PARTNER));
    // Other buckets stay the upstream's.
    let other = Ask::new("GET /acme-private/key").signed("admin");
    assert_eq!(verdict(&recorded.ask(&other)), "pass");
}

#[track_caller]
fn expecting(ask: Ask, header: &str, owner: &str, expected: &str) {
    let world = World::new();
    let ask = ask.header(header, owner);
    assert_eq!(verdict(&world.ask(&ask)), expected, "{owner}");
    assert_eq!(
        verdict(&world.ask(&ask.signed("admin"))),
        expected,
        "{owner}"
    );
}

#[test]
fn the_expected_owner_is_the_owner() {
    for (owner, expected) in [
        (ACME, "pass"),
        (PARTNER, "AccessDenied"),
        ("000000000000", "AccessDenied"),
        ("", "InvalidBucketOwnerAWSAccountID"),
        ("11111111111", "InvalidBucketOwnerAWSAccountID"),
        ("1111-1111-1111", "InvalidBucketOwnerAWSAccountID"),
        ("everybody", "InvalidBucketOwnerAWSAccountID"),
        ("\u{661}11111111111", "InvalidBucketOwnerAWSAccountID"),
    ] {
        let get = Ask::new("GET /acme-open/key");
        expecting(get, "x-amz-expected-bucket-owner", owner, expected);
        let copy = Ask::new("PUT /acme-open/key").header("x-amz-copy-source", "acme-open/source");
        expecting(copy, "x-amz-source-expected-bucket-owner", owner, expected);
    }
}

#[test]
fn the_expected_owner_is_asked_of_every_bucket_operation() {
    let world = World::new();
    for row in sent() {
        if matches!(row.name, "ListBuckets" | "CreateBucket") {
            continue;
        }
        let ask = |owner| {
            let ask = Ask::of(row, "acme-open", "key").header("x-amz-expected-bucket-owner", owner);
            verdict(&world.ask(&ask.signed("admin")))
        };
        assert_eq!(ask(ACME), "pass", "{}", row.name);
        assert_eq!(ask(PARTNER), "AccessDenied", "{}", row.name);
    }
}

#[test]
fn the_expected_owner_of_a_source_is_that_of_its_record() {
    let world = World::new().recording("acme-shared", PARTNER);
    let copy = |owner| {
        Ask::new("PUT /acme-open/key")
            .header("x-amz-copy-source", "acme-shared/source")
            .header("x-amz-source-expected-bucket-owner", owner)
            .header("x-amz-expected-bucket-owner", ACME)
            .signed("partner")
    };
    assert_eq!(verdict(&world.ask(&copy(PARTNER))), "pass");
    assert_eq!(verdict(&world.ask(&copy(ACME))), "AccessDenied");
    let labels = world.ask(&copy(PARTNER)).labels;
    assert_eq!(labels.owner.unwrap().id, account(ACME));
    assert_eq!(labels.source_owner.unwrap().id, account(PARTNER));
}

fn page(query: &str) -> BucketPage {
    let permit = permit(World::new().ask(&Ask::new(&format!("GET /?{query}")).signed("partner")));
    assert_eq!(permit.query(), "");
    assert_eq!(permit.upstream(), None);
    assert_eq!(permit.labels.owner.as_ref().unwrap().id, account(PARTNER));
    match permit.run() {
        Run::ListBuckets(page) => page.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn list_buckets_takes_its_page_from_the_query() {
    assert_eq!(page("x-id=ListBuckets"), BucketPage::default());
    assert_eq!(
        page("prefix=&bucket-region=&continuation-token="),
        BucketPage::default()
    );
    let asked =
        page("prefix=a%2Bb&max-buckets=10000&bucket-region=eu-central-1&continuation-token=c");
    assert_eq!(
        asked,
        BucketPage {
            prefix: Some("a+b".to_owned()),
            region: Some("eu-central-1".to_owned()),
            max: Some(10_000),
            after: Some("c".to_owned()),
        }
    );
    assert_eq!(page("max-buckets=1").max, Some(1));
}

#[test]
fn list_buckets_lists_at_most_ten_thousand() {
    for bad in [
        "",
        "0",
        "10001",
        "-1",
        "%2B5",
        "1.0",
        "x",
        "99999999999999999999",
    ] {
        let ask = Ask::new(&format!("GET /?max-buckets={bad}")).signed("admin");
        assert_eq!(verdict(&World::new().ask(&ask)), "InvalidArgument", "{bad}");
    }
}

#[test]
fn list_buckets_is_for_callers_with_an_account() {
    let world = World::new();
    for (name, expected) in [
        ("root", "pass"),
        ("reader", "pass"),
        ("partner-root", "pass"),
        ("home", "AccessDenied"),
        ("bounded", "AccessDenied"),
    ] {
        let ask = Ask::new("GET /").signed(name);
        assert_eq!(verdict(&world.ask(&ask)), expected, "{name}");
    }
    assert_eq!(verdict(&world.ask(&Ask::new("GET /"))), "AccessDenied");
}
