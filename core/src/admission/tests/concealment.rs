//! What may not be learnt: whether a key exists, without leave to list its bucket.

use super::kit::{Ask, World};

#[track_caller]
fn conceals(ask: Ask, expected: bool) {
    let shown = format!("{} {}", ask.method, String::from_utf8_lossy(&ask.target));
    let permit = World::new().permit(&ask);
    assert_eq!(permit.conceals_missing(), expected, "{shown}");
}

#[test]
fn t32_a_missing_key_reads_as_forbidden_without_leave_to_list() {
    for method in ["GET", "HEAD"] {
        let ask = |target: &str| Ask::new(&format!("{method} {target}"));
        conceals(ask("/acme-private/home/home/key").signed("home"), false);
        conceals(ask("/acme-private/key").signed("reader"), false);
        conceals(ask("/acme-private/key").signed("bounded"), true);
        conceals(ask("/acme-private/key").signed("run"), true);
        conceals(ask("/acme-private/key").signed("root"), false);
        conceals(ask("/acme-open/key"), false);
        conceals(ask("/acme-shared/key").signed("partner"), false);
        // A grant limited to a prefix counts for the keys that begin with it.
        conceals(ask("/acme-public/shown/key"), false);
        conceals(ask("/acme-public/key"), true);
        conceals(ask("/acme-public/key?versionId=1"), true);
        conceals(ask("/acme-public/%73hown/key"), false);
    }
}

#[test]
fn t32_a_copy_conceals_its_source_and_not_its_target() {
    let copy = |source: &str, query: &str| {
        Ask::new(&format!("PUT /acme-open/key{query}")).header("x-amz-copy-source", source)
    };
    for query in ["", "?uploadId=1&partNumber=1"] {
        conceals(copy("acme-public/key", query), true);
        conceals(copy("acme-public/shown/key", query), false);
        conceals(copy("acme-open/key", query), false);
    }
    // Who may not list where it writes may still know of its source.
    let world = World::new().with_policy(
        "demo-inbox",
        r#"{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::demo-inbox/*"}"#,
    );
    let ask = Ask::new("PUT /demo-inbox/key").header("x-amz-copy-source", "acme-open/key");
    assert!(!world.permit(&ask).conceals_missing());
}

#[test]
fn a_write_conceals_nothing() {
    let world = World::new();
    for line in [
        "PUT /acme-open/key",
        "DELETE /acme-open/key",
        "GET /acme-open",
    ] {
        let ask = Ask::new(line).header("content-length", "0");
        assert!(!world.permit(&ask).conceals_missing(), "{line}");
    }
}

/// Whoever is refused a key is answered alike, whether it exists or not: nothing is asked of the upstream.
#[test]
fn t32_preconditions_are_looked_at_after_permissions() {
    let ask = Ask::new("GET /acme-private/key")
        .header("if-match", "\"etag\"")
        .header("range", "bytes=0-1")
        .header("if-modified-since", "Wed, 04 Mar 2026 05:06:07 GMT");
    assert_eq!(World::new().refusal(&ask).code.name(), "AccessDenied");
}
