//! The listener with a fixed principal: whatever a client presents there means nothing.

use super::kit::{Ask, Signer, World, delete, permit, verdict};
use crate::admission::{Auth, Permit, Run};
use crate::identity::Principal;
use crate::sigv4::payload::{Framing, Signatures};

fn put() -> Ask {
    Ask::new("PUT /acme-private/key").header("content-length", "5")
}

/// Whoever signs, it is the listener's principal, and nothing of the signature goes upstream.
#[track_caller]
fn check(ask: &Ask) {
    let shown = format!("{:?}", ask.headers);
    let permit = permit(World::new().ask_fixed(ask));
    let labels = &permit.labels;
    assert_eq!(labels.auth, Some(Auth::Listener), "{shown}");
    assert!(labels.access_key.is_none(), "{shown}");
    match &labels.principal {
        Principal::Known(caller) => {
            assert_eq!(
                &*caller.arn,
                "arn:aws:sts::111111111111:assumed-role/app/s1"
            );
        }
        other => panic!("{other:?}"),
    }
    for name in [
        "authorization",
        "x-amz-date",
        "date",
        "x-amz-security-token",
        "x-amz-content-sha256",
    ] {
        assert!(!permit.headers().contains_key(name), "{name}");
    }
    assert!(
        !permit.query().to_lowercase().contains("x-amz-"),
        "{}",
        permit.query()
    );
    assert!(!permit.query().contains("Signature"), "{}", permit.query());
}

#[test]
fn whatever_stands_in_the_header_is_ignored() {
    for garbage in [
        "",
        " ",
        "x",
        "Bearer token",
        "AWS AKIA:signature",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=",
        "AWS4-ECDSA-P256-SHA256 Credential=x",
        "\u{fc}",
    ] {
        check(&put().header("authorization", garbage));
        check(
            &put()
                .header("authorization", garbage)
                .header("authorization", "x"),
        );
        check(&put().header("x-amz-date", garbage).header("date", garbage));
        check(&put().header("x-amz-security-token", garbage));
    }
    check(&put().header("x-amz-date", "a").header("x-amz-date", "b"));
}

#[test]
fn signatures_of_whatever_key_region_and_time_are_ignored() {
    for name in ["admin", "stranger", "inactive", "partner"] {
        check(&put().signed(name));
        check(&put().presigned(name));
        let odd = Signer {
            region: Some("mars-north-1"),
            service: "ec2",
            at: "1999-01-01T00:00:00Z".parse().unwrap(),
            expires: "99999999".to_owned(),
            ..Signer::of(name)
        };
        check(&odd.sign(put()));
        check(&odd.presign(put()));
        check(&odd.sign(put()).query("X-Amz-Security-Token", "t"));
    }
    check(
        &put()
            .query("AWSAccessKeyId", "a")
            .query("Signature", "b")
            .query("Expires", "c"),
    );
    check(
        &put()
            .query("X-Amz-Credential", "")
            .query("X-Amz-Signature", "x"),
    );
}

/// A header that is sent unsigned is refused elsewhere; here nothing is signed.
#[test]
fn unsigned_amz_headers_are_what_they_say() {
    let signer = Signer {
        omit: &["x-amz-meta-a", "host"],
        ..Signer::of("stranger")
    };
    let ask = signer.sign(put().header("x-amz-meta-a", "1"));
    check(&ask);
    let permit = permit(World::new().ask_fixed(&ask));
    assert_eq!(permit.headers()["x-amz-meta-a"], "1");
}

#[test]
fn the_principal_may_do_what_it_may_and_no_more() {
    let world = World::new();
    for (line, expected) in [
        ("GET /acme-private/key", "pass"),
        ("DELETE /acme-private/key", "pass"),
        ("DELETE /acme-private", "AccessDenied"),
        ("GET /", "AccessDenied"),
        ("GET /partner-private/key", "AccessDenied"),
    ] {
        let found = verdict(&world.ask_fixed(&Ask::new(line).signed("root")));
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn chunk_signatures_are_skipped_here_and_verified_elsewhere() {
    let world = World::new();
    for (form, signed) in [
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", true),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", false),
    ] {
        let ask = Ask::new("PUT /acme-private/key")
            .header("content-length", "200")
            .header("content-encoding", "aws-chunked")
            .header("x-amz-decoded-content-length", "5")
            .header("x-amz-content-sha256", form);
        let ask = if form.ends_with("TRAILER") {
            ask.header("x-amz-trailer", "x-amz-checksum-crc32")
        } else {
            ask
        };
        let ask = ask.signed("admin");
        let verified = |permit: &Permit| {
            matches!(
                permit.body().framing,
                Framing::Frames {
                    signatures: Signatures::Verified(..)
                }
            )
        };
        assert_eq!(verified(&permit(world.ask(&ask))), signed, "{form}");
        assert!(!verified(&permit(world.ask_fixed(&ask))), "{form}");
        check(&ask);
        let permit = permit(world.ask_fixed(&ask));
        assert_eq!(permit.body().length, 5);
        assert!(matches!(permit.body().framing, Framing::Frames { .. }));
        // No signature of the client's goes on; a checksum behind the body does, in frames of the gateway's own.
        let trailer = form.ends_with("TRAILER");
        assert_eq!(permit.wrapping().is_some(), trailer);
        let encoding = permit.headers().get("content-encoding");
        assert_eq!(encoding.is_some(), trailer, "{encoding:?}");
    }
}

const NOT_PRESENTED: &str = r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject",
    "Resource":"arn:aws:s3:::demo-aged/*","Condition":{"Null":{"KEY":"false"}}}"#;

#[test]
fn presented_claims_are_no_facts_for_conditions() {
    for key in [
        "s3:signatureAge",
        "s3:x-amz-content-sha256",
        "s3:authType",
        "s3:signatureversion",
    ] {
        let world = World::new().with_policy("demo-aged", &NOT_PRESENTED.replace("KEY", key));
        let plain = Ask::new("DELETE /demo-aged/key");
        let several = Ask::new("POST /demo-aged?delete").document(&delete(&["key"]));
        for ask in [plain, several] {
            let permit = permit(world.ask_fixed(&ask.signed("stranger")));
            let refused = match permit.run() {
                Run::DeleteObjects { refused, .. } => refused.len(),
                _ => 0,
            };
            assert_eq!(refused, 0, "{key} {}", permit.method());
        }
    }
}
