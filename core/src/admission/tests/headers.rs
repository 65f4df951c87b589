//! Headers that change what a request means.

use super::kit::{Ask, World, verdict};

/// May write, but not read.
const WRITE: &str = r#"{"Effect":"Allow","Principal":"*","Action":["s3:PutObject","s3:DeleteObject"],
    "Resource":"arn:aws:s3:::demo-inbox/*"}"#;

#[test]
fn a_condition_on_the_etag_needs_leave_to_read_it() {
    let world = World::new().with_policy("demo-inbox", WRITE);
    let put = || Ask::new("PUT /demo-inbox/key").header("content-length", "5");
    let finish = || Ask::new("POST /demo-inbox/key?uploadId=1").body("<CompleteMultipartUpload/>");
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
