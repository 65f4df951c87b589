//! Which facts conditions see, and that a client cannot make any up.

use super::kit::{Ask, World, verdict};

/// Whether a policy with this one condition lets a request pass.
#[track_caller]
fn holds(condition: &str, ask: &Ask, expected: &str) {
    let statement = format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::demo-if","arn:aws:s3:::demo-if/*"],
            "Condition":{condition}}}"#
    );
    let world = World::new().with_policy("demo-if", &statement);
    assert_eq!(verdict(&world.ask(ask)), expected, "{condition}");
}

fn get() -> Ask {
    Ask::new("GET /demo-if/key")
}

#[test]
fn t26_the_source_is_the_sockets_peer() {
    let from = |address: &str| format!(r#"{{"IpAddress":{{"aws:SourceIp":"{address}"}}}}"#);
    holds(&from("192.0.2.1/32"), &get(), "pass");
    for name in [
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "client-ip",
        "true-client-ip",
    ] {
        let spoofed = get().header(name, "10.0.0.1");
        holds(&from("10.0.0.0/8"), &spoofed, "AccessDenied");
        holds(&from("192.0.2.1/32"), &spoofed, "pass");
    }
}

#[test]
fn t27_the_transport_is_what_we_saw() {
    let secure = r#"{"Bool":{"aws:SecureTransport":"true"}}"#;
    for (name, value) in [
        ("x-forwarded-proto", "https"),
        ("forwarded", "proto=https"),
        ("front-end-https", "on"),
    ] {
        holds(secure, &get().header(name, value), "AccessDenied");
    }
}

#[test]
fn t25_headers_named_like_condition_keys_are_no_facts() {
    for (condition, header) in [
        (r#"{"StringEquals":{"aws:userid":"root"}}"#, "userid"),
        (r#"{"StringEquals":{"aws:username":"admin"}}"#, "username"),
        (
            r#"{"StringEquals":{"aws:PrincipalAccount":"111111111111"}}"#,
            "principalaccount",
        ),
        (r#"{"StringEquals":{"s3:prefix":"p"}}"#, "prefix"),
        (r#"{"StringEquals":{"s3:versionid":"v"}}"#, "versionid"),
        (
            r#"{"StringEquals":{"aws:PrincipalType":"Account"}}"#,
            "principaltype",
        ),
    ] {
        for value in ["root", "admin", "111111111111", "p", "v", "Account"] {
            holds(condition, &get().header(header, value), "AccessDenied");
        }
    }
}

#[test]
fn t25_a_listings_parameters_are_facts_of_listings_alone() {
    let prefix = r#"{"StringEquals":{"s3:prefix":"p"}}"#;
    holds(prefix, &Ask::new("GET /demo-if?prefix=p"), "pass");
    holds(
        prefix,
        &Ask::new("GET /demo-if?list-type=2&prefix=%70"),
        "pass",
    );
    holds(prefix, &Ask::new("GET /demo-if?versions&prefix=p"), "pass");
    holds(prefix, &Ask::new("GET /demo-if?prefix=q"), "AccessDenied");
    holds(prefix, &Ask::new("GET /demo-if"), "AccessDenied");
    holds(
        prefix,
        &Ask::new("GET /demo-if?uploads&prefix=p"),
        "AccessDenied",
    );
    let max = r#"{"NumericLessThanEquals":{"s3:max-keys":"10"}}"#;
    holds(max, &Ask::new("GET /demo-if?max-keys=10"), "pass");
    holds(max, &Ask::new("GET /demo-if?max-keys=11"), "AccessDenied");
    holds(max, &Ask::new("GET /demo-if"), "AccessDenied");
}

#[test]
fn how_a_request_is_signed_is_a_fact() {
    let auth = |kind: &str| format!(r#"{{"StringEquals":{{"s3:authType":"{kind}"}}}}"#);
    holds(&auth("REST-HEADER"), &get().signed("partner"), "pass");
    holds(
        &auth("REST-HEADER"),
        &get().presigned("partner"),
        "AccessDenied",
    );
    holds(
        &auth("REST-QUERY-STRING"),
        &get().presigned("partner"),
        "pass",
    );
    holds(&auth("REST-HEADER"), &get(), "AccessDenied");
    let hash = r#"{"StringEquals":{"s3:x-amz-content-sha256":"UNSIGNED-PAYLOAD"}}"#;
    holds(hash, &get().signed("partner"), "pass");
    holds(
        hash,
        &get().header("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        "AccessDenied",
    );
    let young = r#"{"NumericLessThan":{"s3:signatureAge":"1000"}}"#;
    holds(young, &get().presigned("partner"), "pass");
    holds(young, &get(), "AccessDenied");
}

#[test]
fn the_location_of_a_new_bucket_is_a_fact() {
    let body = |region: &str| {
        format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        )
    };
    let create = |region| Ask::new("PUT /acme-new").body(&body(region));
    let world = World::new();
    assert_eq!(
        verdict(&world.ask(&create("eu-central-1").signed("admin"))),
        "pass"
    );
    assert_eq!(
        verdict(&world.ask(&create("us-east-1").signed("admin"))),
        "IllegalLocationConstraintException"
    );
    // Whoever may not create buckets is told nothing of regions.
    assert_eq!(
        verdict(&world.ask(&create("us-east-1").signed("nobody"))),
        "AccessDenied"
    );
}

/// What an SDK moves into the query of a presigned URL is another request than the one with the header.
#[test]
fn t07_an_amz_header_in_the_query_is_refused() {
    let world = World::new();
    for name in [
        "x-amz-acl",
        "x-amz-copy-source",
        "x-amz-tagging",
        "x-amz-meta-a",
        "X-Amz-Expected-Bucket-Owner",
    ] {
        let ask = Ask::new("PUT /acme-open/key")
            .header("content-length", "0")
            .query(name, "1");
        assert_eq!(verdict(&world.ask(&ask)), "NotImplemented", "{name}");
        assert_eq!(
            verdict(&world.ask(&ask.presigned("admin"))),
            "NotImplemented",
            "{name}"
        );
    }
}
