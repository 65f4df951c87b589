//! Headers that change what a request means.

use super::kit::{Ask, World, verdict};

/// May write, but not read.
const WRITE: &str = r#"{"Effect":"Allow","Principal":"*","Action":["s3:PutObject","s3:DeleteObject"],
    "Resource":"arn:aws:s3:::demo-inbox/*"}"#;

#[test]
fn a_condition_on_the_etag_needs_leave_to_read_it() {
    let world = World::new().with_policy("demo-inbox", WRITE);
    let put = || Ask::new("PUT /demo-inbox/key").header("content-length", "5");
    let finish = || {
        Ask::new("POST /demo-inbox/key?uploadId=1")
            .body("<CompleteMultipartUpload><Part/></CompleteMultipartUpload>")
    };
    let copy = || Ask::new("PUT /demo-inbox/key").header("x-amz-copy-source", "acme-public/source");
    let delete = || Ask::new("DELETE /demo-inbox/key");
    for ask in [put(), finish(), copy(), delete()] {
        let with = |value: &str| verdict(&world.ask(&ask.clone().header("if-match", value)));
        assert_eq!(verdict(&world.ask(&ask)), "pass");
        assert_eq!(with("*"), "pass");
        assert_eq!(with("\"etag\""), "AccessDenied");
        let twice = ask.header("if-match", "*").header("if-match", "\"etag\"");
        assert_eq!(verdict(&world.ask(&twice)), "AccessDenied");
    }
    for ask in [put(), finish(), copy()] {
        let with = |value: &str| verdict(&world.ask(&ask.clone().header("if-none-match", value)));
        assert_eq!(with("*"), "pass");
        assert_eq!(with("\"etag\""), "AccessDenied");
    }
}

#[test]
fn t08_a_header_that_decides_may_come_once_also_unsigned() {
    const FULL: &str = "bucket-owner-full-control";
    let world = World::new();
    let put = || Ask::new("PUT /acme-open/key").header("content-length", "5");
    let get = || Ask::new("GET /acme-open/key");
    for (ask, name, one, other) in [
        (
            get(),
            "x-amz-expected-bucket-owner",
            "111111111111",
            "222222222222",
        ),
        (get(), "x-amz-request-payer", "requester", "requester"),
        (put(), "x-amz-acl", FULL, FULL),
        (put(), "x-amz-tagging", "a=b", "c=d"),
        (put(), "x-amz-server-side-encryption", "AES256", "aws:kms"),
        (put(), "x-amz-storage-class", "STANDARD", "GLACIER"),
        (put(), "content-type", "text/plain", "text/html"),
        (put(), "content-length", "5", "5"),
    ] {
        let once = ask.instead(name, one);
        let twice = once.clone().header(name, other);
        assert_eq!(verdict(&world.ask(&once)), "pass", "{name}");
        assert_eq!(verdict(&world.ask(&twice)), "InvalidRequest", "{name}");
        assert_eq!(
            verdict(&world.ask_fixed(&twice)),
            "InvalidRequest",
            "{name}"
        );
        assert_eq!(
            verdict(&world.ask(&twice.signed("admin"))),
            "InvalidRequest",
            "{name}"
        );
    }
}

#[test]
fn t08_user_metadata_and_lists_may_come_twice() {
    let put = Ask::new("PUT /acme-open/key").header("content-length", "5");
    let put = put.header("x-amz-meta-a", "1").header("x-amz-meta-a", "2");
    let list =
        Ask::new("GET /acme-open").header("x-amz-optional-object-attributes", "RestoreStatus");
    let list = list.header("x-amz-optional-object-attributes", "RestoreStatus");
    for ask in [put, list] {
        assert_eq!(verdict(&World::new().ask(&ask)), "pass");
    }
}
