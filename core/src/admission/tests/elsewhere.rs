//! What looks like a bucket and is none of ours: access points, their aliases, directory buckets, accounts.

use super::kit::{ACME, Ask, PARTNER, World, account, verdict};
use crate::s3::operations::OperationId;

const POINT: &str = "arn:aws:s3:eu-central-1:111111111111:accesspoint/mine";

/// How a request for this path is answered, and the resource that its record names.
fn at(path: &str) -> (&'static str, String) {
    let admission = World::new().ask(&Ask::new(&format!("GET {path}")));
    let target = admission.labels.target.as_ref();
    let named = target.map(|target| target.arn()).unwrap_or_default();
    (verdict(&admission), named)
}

#[test]
fn t03_an_arn_in_a_buckets_place_is_an_access_point() {
    let encoded = "arn%3Aaws%3As3%3Aeu-central-1%3A111111111111%3Aaccesspoint%2Fmine";
    for (path, named) in [
        (format!("/{encoded}"), POINT.to_owned()),
        (format!("/{encoded}/"), POINT.to_owned()),
        (format!("/{POINT}"), POINT.to_owned()),
        (format!("/{encoded}/a%20b/"), format!("{POINT}/object/a b/")),
        (
            format!("/{encoded}%2Fobject%2Fa"),
            format!("{POINT}/object/a"),
        ),
        (
            format!("/{POINT}/object/a/../b"),
            format!("{POINT}/object/a/../b"),
        ),
    ] {
        assert_eq!(at(&path), ("NotImplemented", named), "{path}");
    }
    for path in [
        "/arn:aws:s3:::acme-open/key",
        "/arn:aws:s3:eu-central-1:1111:accesspoint/mine/key",
        "/arn:aws:s3-outposts:eu-central-1:111111111111:outpost/o/accesspoint/mine/key",
        "/arn:aws:iam::111111111111:role/a",
    ] {
        assert_eq!(at(path), ("InvalidBucketName", String::new()), "{path}");
    }
    // Behind a bucket's host it is a key like any other.
    let world = World::new();
    let hosted = Ask::new(&format!("GET /{POINT}")).instead("host", "acme-open.s3.example.com");
    assert_eq!(verdict(&world.ask(&hosted)), "pass");
}

#[test]
fn an_access_point_is_refused_after_authentication() {
    let world = World::new();
    let ask = Ask::new(&format!("GET /{POINT}/key")).signed("admin");
    let admission = world.ask(&ask);
    assert_eq!(verdict(&admission), "NotImplemented");
    assert!(admission.labels.access_key.is_some());
    let target = admission.labels.target.unwrap();
    assert_eq!(target.access_point_arn(), Some(POINT));
    assert_eq!(target.key(), Some("key"));
    assert_eq!(admission.labels.upstream, None);
    let forged = Ask::new(&format!("GET /{POINT}/key"));
    let forged = super::kit::Signer {
        secret: "x".to_owned(),
        ..super::kit::Signer::of("admin")
    }
    .sign(forged);
    assert_eq!(verdict(&world.ask(&forged)), "SignatureDoesNotMatch");
}

#[test]
fn t19_a_source_behind_an_access_point_is_refused() {
    let world = World::new();
    for query in ["", "?uploadId=1&partNumber=1"] {
        let ask = Ask::new(&format!("PUT /acme-open/key{query}"))
            .header("x-amz-copy-source", &format!("{POINT}/object/source"));
        let admission = world.ask(&ask.signed("admin"));
        assert_eq!(verdict(&admission), "NotImplemented");
        let source = admission.labels.copy_source.unwrap();
        assert_eq!(source.target.arn(), format!("{POINT}/object/source"));
    }
}

/// AWS reads such a name as another bucket's, whose policy would not be asked.
#[test]
fn t03_names_that_aws_reads_otherwise_never_reach_an_upstream() {
    let world = World::new();
    for name in [
        "acme-open-0123456789abcdef-s3alias",
        "acme-zone--euc1-az1--x-s3",
        "acme-lambda--ol-s3",
        "acme.mrap",
        "acme-tables--table-s3",
    ] {
        let named = format!("GET /{name}/key");
        assert_eq!(
            verdict(&world.ask(&Ask::new(&named).signed("root"))),
            "NotImplemented"
        );
        let hosted = Ask::new("GET /key").instead("host", &format!("{name}.s3.example.com"));
        assert_eq!(verdict(&world.ask(&hosted)), "NotImplemented");
        let source =
            Ask::new("PUT /acme-open/key").header("x-amz-copy-source", &format!("{name}/a"));
        assert_eq!(
            verdict(&world.ask(&source.signed("root"))),
            "NotImplemented"
        );
        let create = Ask::new(&format!("PUT /{name}")).signed("root");
        assert_eq!(verdict(&world.ask(&create)), "NotImplemented");
    }
    let plain = Ask::new("GET /acme-s3alias-a/key").signed("root");
    assert_eq!(verdict(&world.ask(&plain)), "pass");
}

fn control(method: &str, host: &str) -> Ask {
    Ask::new(&format!(
        "{method} /v20180820/configuration/publicAccessBlock"
    ))
    .instead("host", host)
}

#[test]
fn an_accounts_settings_are_told_by_path_and_header() {
    let world = World::new();
    for host in ["s3.example.com", "111111111111.s3.example.com", "127.0.0.1"] {
        let ask = control("GET", host).header("x-amz-account-id", ACME);
        let admission = world.ask(&ask.signed("admin"));
        let operation = admission.labels.operation.unwrap();
        assert_eq!(operation.id, OperationId::GetAccountPublicAccessBlock);
        assert_eq!(verdict(&admission), "pass");
        assert_eq!(admission.labels.owner.unwrap().id, account(ACME));
        let asked = &admission.labels.permissions[0];
        assert_eq!(
            (asked.action, asked.resource.arn().as_str()),
            ("s3:GetAccountPublicAccessBlock", "*")
        );
    }
    // Without the header, or behind a bucket's host, it is a key.
    let plain = world.ask(&control("GET", "s3.example.com"));
    let target = plain.labels.target.unwrap();
    assert_eq!(target.as_str(), "v20180820/configuration/publicAccessBlock");
    let hosted = control("GET", "acme-open.s3.example.com").header("x-amz-account-id", ACME);
    let hosted = world.ask(&hosted);
    let target = hosted.labels.target.clone().unwrap();
    assert_eq!(
        target.as_str(),
        "acme-open/v20180820/configuration/publicAccessBlock"
    );
    assert_eq!(verdict(&hosted), "NotImplemented");
}

#[test]
fn nobody_asks_for_the_settings_of_another_account() {
    let world = World::new();
    for method in ["GET", "DELETE"] {
        let ask = |account: &str, who: &str| {
            let ask = control(method, "s3.example.com").header("x-amz-account-id", account);
            verdict(&world.ask(&ask.signed(who)))
        };
        assert_eq!(ask(ACME, "root"), "pass");
        assert_eq!(ask(PARTNER, "root"), "AccessDenied");
        assert_eq!(ask(ACME, "partner"), "AccessDenied");
        assert_eq!(ask(ACME, "partner-root"), "AccessDenied");
        assert_eq!(ask("333333333333", "root"), "AccessDenied");
        let anonymous = control(method, "s3.example.com").header("x-amz-account-id", ACME);
        assert_eq!(verdict(&world.ask(&anonymous)), "AccessDenied");
        let two = anonymous.header("x-amz-account-id", PARTNER);
        assert_eq!(verdict(&world.ask(&two)), "InvalidArgument");
    }
}
