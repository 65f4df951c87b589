//! Every refusal by the request that brings it about, beside its nearest allowed neighbour.

use super::kit::{Ask, Signer, World, delete, form_policy, golden, refusal, verdict};
use crate::admission::refuse_body;
use crate::s3::answer::S3Error;
use crate::sigv4::payload::{Algorithm, BodyError, FrameFault};
use jiff::SignedDuration;
use std::fmt::Write;

/// A name, what is refused, what is allowed.
type Pair = (&'static str, Ask, Ask);

fn get() -> Ask {
    Ask::new("GET /acme-open/key")
}

fn put() -> Ask {
    Ask::new("PUT /acme-open/key").header("content-length", "5")
}

fn form() -> Ask {
    Ask::form("acme-open", "key")
}

/// A form whose policy has these conditions beside those of its key and signature.
fn with_policy(expiration: &str, conditions: &str) -> Ask {
    let signature = r#"{"key":"key"},["starts-with","$x-amz-algorithm",""],["starts-with","$x-amz-credential",""],
        ["starts-with","$x-amz-date",""]"#;
    let policy = form_policy(expiration, &format!("{signature}{conditions}"));
    form().field("policy", &policy).signed("admin")
}

fn forms() -> Vec<Pair> {
    let later = "2026-03-04T05:06:07Z";
    let field = |name, bad, good| (form().field(name, bad), form().field(name, good));
    let policy = |bad: &str, good: &str| (with_policy(later, bad), with_policy(later, good));
    let signed = || form().signed("admin");
    let pair = |name, (bad, good)| (name, bad, good);
    vec![
        (
            "a form without a key",
            form().without_field("key").field("a", "b"),
            form(),
        ),
        (
            "a form with half a signature",
            signed().without_field("x-amz-date"),
            signed(),
        ),
        (
            "a form of version 2",
            form().field("AWSAccessKeyId", "a"),
            form(),
        ),
        ("a form signed twice", signed().presigned("admin"), signed()),
        (
            "a form signed wrongly",
            signed().field("x-amz-signature", &"0".repeat(64)),
            signed(),
        ),
        (
            "a form signed for elsewhere",
            Signer {
                region: Some("us-east-1"),
                ..admin()
            }
            .sign(form()),
            signed(),
        ),
        (
            "a signature in a form that cannot be read",
            signed().field("x-amz-signature", "00"),
            signed(),
        ),
        (
            "a policy that cannot be read",
            form().field("policy", "bm8=").signed("admin"),
            signed(),
        ),
        (
            "a policy that expired",
            with_policy("2026-03-04T05:06:06Z", ""),
            with_policy(later, ""),
        ),
        pair(
            "a condition of a policy",
            policy(r#",{"bucket":"other"}"#, r#",{"bucket":"acme-open"}"#),
        ),
        (
            "a field in no condition",
            with_policy(later, "").field("acl", "private"),
            with_policy(later, "").field("x-ignore-acl", "private"),
        ),
        pair(
            "a small file",
            policy(
                r#",["content-length-range",6,9]"#,
                r#",["content-length-range",5,9]"#,
            ),
        ),
        pair(
            "a large file",
            policy(
                r#",["content-length-range",0,4]"#,
                r#",["content-length-range",0,5]"#,
            ),
        ),
        pair(
            "a field with a line break",
            field("x-amz-meta-a", "a\r\nb", "a b"),
        ),
        (
            "a field of another operation",
            form().field("x-amz-copy-source", "a/b"),
            form().field("x-copy-source", "a/b"),
        ),
        pair(
            "tags in a form",
            field("tagging", "a=b", "<Tagging><TagSet/></Tagging>"),
        ),
        (
            "a form without a length",
            form().without("content-length"),
            form(),
        ),
        (
            "a form with a large field",
            form().field("a", &"a".repeat(20 << 10)),
            form().field("a", &"a".repeat(20 << 9)),
        ),
        (
            "a form without a boundary",
            form().instead("content-type", "multipart/form-data"),
            form(),
        ),
        (
            "a form without a file",
            form()
                .body("--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--b--\r\n"),
            form(),
        ),
        ("a form that is cut", form().body("--b\r\nContent"), form()),
    ]
}

fn admin() -> Signer {
    Signer::of("admin")
}

fn show(text: &mut String, name: &str, error: &S3Error) {
    let status = error.code.status().as_u16();
    writeln!(text, "{name}: {status} {}", error.code.name()).unwrap();
    writeln!(text, "    {}", error.message).unwrap();
    for (element, value) in &error.details {
        writeln!(text, "    {element}: {}", value.escape_debug()).unwrap();
    }
}

#[test]
fn every_refusal_has_its_answer_and_an_allowed_neighbour() {
    let world = World::new();
    let mut text = String::new();
    let pairs = [
        parsing(),
        authentication(),
        legality(),
        forms(),
        bodies(),
        documents(),
    ];
    for (name, refused, allowed) in pairs.into_iter().flatten() {
        show(&mut text, name, &world.refusal(&refused));
        assert_eq!(verdict(&world.ask(&allowed)), "pass", "{name}");
    }
    golden("refusals.txt", &text);
}

fn parsing() -> Vec<Pair> {
    let target = |bad: &str, good: &str| (Ask::new(bad), Ask::new(good));
    let pair = |name, (bad, good)| (name, bad, good);
    vec![
        pair(
            "absolute form",
            target(
                "GET http://s3.example.com/acme-open/key",
                "GET /acme-open/key",
            ),
        ),
        ("no host", get().without("host"), get()),
        ("two hosts", get().header("host", "s3.example.com"), get()),
        ("not a host", get().instead("host", "a/b"), get()),
        pair(
            "bad escape",
            target("GET /acme-open/%4", "GET /acme-open/%41"),
        ),
        pair(
            "fragment",
            target("GET /acme-open/a#b", "GET /acme-open/a%23b"),
        ),
        pair(
            "key not UTF-8",
            target("GET /acme-open/%FF", "GET /acme-open/%C3%BF"),
        ),
        pair(
            "key with NUL",
            target("GET /acme-open/%00", "GET /acme-open/%01"),
        ),
        (
            "key too long",
            Ask::new(&format!("GET /acme-open/{}", "k".repeat(1025))),
            Ask::new(&format!("GET /acme-open/{}", "k".repeat(1024))),
        ),
        pair(
            "bucket name",
            target("GET /Acme-open/key", "GET /acme-open/key"),
        ),
        pair(
            "method",
            target("PATCH /acme-open/key", "GET /acme-open/key"),
        ),
        pair(
            "operation",
            target("POST /acme-open/key", "GET /acme-open/key"),
        ),
        ("no form", Ask::new("POST /acme-open"), form()),
        pair(
            "query name",
            target("GET /acme-open/key?nosuch", "GET /acme-open/key?x-nosuch"),
        ),
        pair(
            "query name twice",
            target(
                "GET /acme-open/key?partNumber=1&partNumber=1",
                "GET /acme-open/key?partNumber=1",
            ),
        ),
        pair(
            "query value",
            target(
                "GET /acme-open/key?versionId",
                "GET /acme-open/key?versionId=null",
            ),
        ),
        (
            "copy source",
            put_copy("acme-open"),
            put_copy("acme-open/a"),
        ),
        (
            "copy source ARN",
            put_copy("arn:aws:s3:::acme-open/a"),
            put_copy("acme-open/arn:aws:s3:::a"),
        ),
        (
            "account id",
            account("11111111111"),
            Ask::new("GET /acme-open/key"),
        ),
    ]
}

fn account(id: &str) -> Ask {
    Ask::new("GET /v20180820/configuration/publicAccessBlock").header("x-amz-account-id", id)
}

fn put_copy(source: &str) -> Ask {
    Ask::new("PUT /acme-open/key").header("x-amz-copy-source", source)
}

fn authentication() -> Vec<Pair> {
    let signed = || admin().sign(get());
    let presigned = || admin().presign(get());
    let scope = |change: fn(&mut Signer)| {
        let mut signer = admin();
        change(&mut signer);
        signer
    };
    let both = |name, change: fn(&mut Signer), form: &str| {
        let signer = scope(change);
        match form {
            "header" => (name, signer.sign(get()), signed()),
            _ => (name, signer.presign(get()), presigned()),
        }
    };
    let authorization = |text: &str| get().header("authorization", text);
    vec![
        (
            "header and query",
            presigned().header("authorization", "x"),
            presigned(),
        ),
        ("version 2 header", authorization("AWS AKIA:s"), signed()),
        (
            "version 2 query",
            get().query("AWSAccessKeyId", "a").query("Signature", "s"),
            get(),
        ),
        (
            "SigV4a",
            authorization("AWS4-ECDSA-P256-SHA256 Credential=a"),
            signed(),
        ),
        ("another scheme", authorization("Bearer token"), signed()),
        (
            "malformed header",
            authorization("AWS4-HMAC-SHA256 Credential=a"),
            signed(),
        ),
        (
            "malformed query",
            get().query("X-Amz-Signature", "s"),
            presigned(),
        ),
        (
            "query parameter twice",
            get()
                .query("x-amz-user-agent", "a")
                .query("x-amz-user-agent", "b"),
            get().query("x-amz-user-agent", "a"),
        ),
        (
            "header twice",
            put()
                .header("x-amz-acl", "bucket-owner-full-control")
                .header("x-amz-acl", "bucket-owner-full-control"),
            put().header("x-amz-acl", "bucket-owner-full-control"),
        ),
        (
            "header and query contradict",
            admin().presign(
                get()
                    .query("x-amz-checksum-mode", "ENABLED")
                    .header("x-amz-checksum-mode", "enabled"),
            ),
            admin().presign(
                get()
                    .query("x-amz-checksum-mode", "ENABLED")
                    .header("x-amz-checksum-mode", "ENABLED"),
            ),
        ),
        ("no date", signed().without("x-amz-date"), signed()),
        (
            "no content hash",
            signed().without("x-amz-content-sha256"),
            signed(),
        ),
        both(
            "region, header",
            |signer| signer.region = Some("mars"),
            "header",
        ),
        both(
            "region, query",
            |signer| signer.region = Some("mars"),
            "query",
        ),
        both("service, header", |signer| signer.service = "ec2", "header"),
        both("service, query", |signer| signer.service = "ec2", "query"),
        both(
            "scope date, header",
            |signer| signer.day = Some("20260303"),
            "header",
        ),
        both(
            "scope date, query",
            |signer| signer.day = Some("20260303"),
            "query",
        ),
        both("unsigned host", |signer| signer.omit = &["host"], "header"),
        (
            "signed header absent",
            admin().sign(get().header("range", "a")).without("range"),
            admin().sign(get().header("range", "a")),
        ),
        both(
            "wrong signature, header",
            |signer| signer.secret = "x".to_owned(),
            "header",
        ),
        both(
            "wrong signature, query",
            |signer| signer.secret = "x".to_owned(),
            "query",
        ),
        both(
            "skewed clock",
            |signer| signer.at += SignedDuration::from_secs(901),
            "header",
        ),
        both(
            "not yet valid",
            |signer| signer.at += SignedDuration::from_secs(901),
            "query",
        ),
        both(
            "expired",
            |signer| signer.at -= SignedDuration::from_secs(601),
            "query",
        ),
        both(
            "bad expiry",
            |signer| signer.expires = "604801".to_owned(),
            "query",
        ),
        both(
            "unknown key",
            |signer| signer.key = "AKIA0".to_owned(),
            "header",
        ),
        (
            "inactive key",
            get().signed("inactive"),
            get().signed("admin"),
        ),
        (
            "session token",
            get().header("x-amz-security-token", "t").signed("admin"),
            get().signed("admin"),
        ),
    ]
}

fn legality() -> Vec<Pair> {
    let sse = "x-amz-server-side-encryption-customer-algorithm";
    let copy =
        |to: &str, from: &str| Ask::new(&format!("PUT {to}")).header("x-amz-copy-source", from);
    let create =
        || Ask::new("PUT /acme-new").header("x-amz-object-ownership", "BucketOwnerEnforced");
    let owner = |id: &str| get().header("x-amz-expected-bucket-owner", id);
    let partner = |line: &str| Ask::new(line).header("content-length", "5");
    vec![
        ("no such bucket", Ask::new("GET /nowhere/key"), get()),
        (
            "operation not in the profile",
            Ask::new("GET /partner-open?versions"),
            Ask::new("GET /partner-open"),
        ),
        (
            "header the store ignores",
            partner("PUT /partner-open/key").header(sse, "AES256"),
            put().header(sse, "AES256"),
        ),
        (
            "header no row lists",
            get().header("x-amz-unknown", "1"),
            get().header("x-unknown", "1"),
        ),
        (
            "header for later",
            put().header("x-amz-object-lock-event-hold", "ON"),
            put().header("x-amz-storage-class", "GLACIER"),
        ),
        (
            "copy across upstreams",
            copy("/acme-open/key", "partner-open/a"),
            copy("/partner-open/key", "partner-open/a"),
        ),
        (
            "max-buckets",
            Ask::new("GET /?max-buckets=0").signed("admin"),
            Ask::new("GET /?max-buckets=1").signed("admin"),
        ),
        (
            "unsigned response headers",
            get().query("response-expires", "0"),
            get().query("response-expires", "0").signed("admin"),
        ),
        (
            "no versions",
            Ask::new("GET /partner-open/key?versionId=1"),
            Ask::new("GET /partner-open/key"),
        ),
        (
            "key not literal",
            Ask::new("GET /partner-open/a/../b"),
            Ask::new("GET /acme-open/a/../b"),
        ),
        ("malformed owner", owner("x"), owner("111111111111")),
        (
            "another owner",
            owner("222222222222"),
            owner("111111111111"),
        ),
        (
            "ACL of an object",
            put().header("x-amz-acl", "public-read"),
            put().header("x-amz-acl", "bucket-owner-full-control"),
        ),
        (
            "grant on an object",
            put().header("x-amz-grant-read", "id=1"),
            put(),
        ),
        (
            "ACL of a bucket",
            create().header("x-amz-acl", "public-read").signed("admin"),
            create().header("x-amz-acl", "private").signed("admin"),
        ),
        (
            "ownership",
            create()
                .instead("x-amz-object-ownership", "Nobody")
                .signed("admin"),
            create()
                .instead("x-amz-object-ownership", "ObjectWriter")
                .signed("admin"),
        ),
    ]
}

fn bodies() -> Vec<Pair> {
    let chunked = |sha256: &str| {
        put()
            .header("content-encoding", "aws-chunked")
            .header("x-amz-decoded-content-length", "5")
            .header("x-amz-content-sha256", sha256)
    };
    let unsigned = || {
        chunked("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
            .header("x-amz-trailer", "x-amz-checksum-crc32")
    };
    let checked = || put().header("x-amz-checksum-crc32", "AAAAAA==");
    let many = |length: &str| {
        Ask::new("POST /acme-open?delete")
            .document(&delete(&["a"]))
            .instead("content-length", length)
    };
    vec![
        ("no length", put().without("content-length"), put()),
        (
            "content with a read",
            get().header("content-length", "1"),
            get().header("content-length", "0"),
        ),
        (
            "object too large",
            put().instead("content-length", "5368709121"),
            put().instead("content-length", "5368709120"),
        ),
        ("document too large", many("2097153"), many("2097152")),
        ("length", put().instead("content-length", "+5"), put()),
        (
            "Content-MD5",
            put().header("content-md5", "x"),
            put().header("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
        ),
        (
            "content hash",
            put().header("x-amz-content-sha256", "x"),
            put().header("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ),
        (
            "asymmetric chunks",
            chunked("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"),
            unsigned(),
        ),
        (
            "checksum",
            checked().instead("x-amz-checksum-crc32", "AAAA"),
            checked(),
        ),
        (
            "several checksums",
            checked().header("x-amz-checksum-crc32c", "AAAAAA=="),
            checked(),
        ),
        (
            "algorithm of a checksum",
            checked().header("x-amz-sdk-checksum-algorithm", "SHA1"),
            checked().header("x-amz-sdk-checksum-algorithm", "CRC32"),
        ),
        (
            "algorithm without a checksum",
            put().header("x-amz-sdk-checksum-algorithm", "CRC32"),
            checked().header("x-amz-sdk-checksum-algorithm", "CRC32"),
        ),
        (
            "trailer",
            unsigned().instead("x-amz-trailer", "x-amz-meta-a"),
            unsigned(),
        ),
        (
            "aws-chunked contradicts",
            chunked("UNSIGNED-PAYLOAD"),
            unsigned(),
        ),
    ]
}

fn documents() -> Vec<Pair> {
    let delete = |text: &str| Ask::new("POST /acme-open?delete").document(text);
    let create = |text: &str| Ask::new("PUT /acme-new").body(text).signed("admin");
    let complete = |text: &str| Ask::new("POST /acme-open/key?uploadId=1").body(text);
    let located = |region: &str| {
        create(&format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        ))
    };
    let tagging = |text: &str| Ask::new("PUT /acme-open/key?tagging").document(text);
    let replicate = |role: &str| {
        let document =
            format!("<ReplicationConfiguration><Role>{role}</Role></ReplicationConfiguration>");
        Ask::new("PUT /acme-open?replication")
            .document(&document)
            .signed("admin")
    };
    let tables = |arn: &str| {
        let document = format!(
            "<MetadataTableConfiguration><S3TablesDestination><TableBucketArn>{arn}</TableBucketArn>\
             </S3TablesDestination></MetadataTableConfiguration>"
        );
        Ask::new("POST /acme-open?metadataTable")
            .document(&document)
            .signed("admin")
    };
    let restore = |inside: &str| {
        let document = format!("<RestoreRequest>{inside}</RestoreRequest>");
        Ask::new("POST /acme-open/key?restore").body(&document)
    };
    vec![
        (
            "malformed XML",
            delete("<Delete>"),
            delete("<Delete><Object><Key>a</Key></Object></Delete>"),
        ),
        (
            "list of parts",
            complete("<!DOCTYPE a><CompleteMultipartUpload><Part/></CompleteMultipartUpload>"),
            complete("<CompleteMultipartUpload><Part/></CompleteMultipartUpload>"),
        ),
        (
            "no parts",
            complete("<CompleteMultipartUpload/>"),
            complete("<CompleteMultipartUpload><Part/></CompleteMultipartUpload>"),
        ),
        ("malformed configuration", create("<Other/>"), create("")),
        (
            "directory bucket",
            create("<CreateBucketConfiguration><Bucket/></CreateBucketConfiguration>"),
            create("<CreateBucketConfiguration/>"),
        ),
        (
            "no document",
            Ask::new("PUT /acme-open/key?tagging")
                .header("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
            tagging("<Tagging><TagSet/></Tagging>"),
        ),
        (
            "another root",
            tagging("<TagSet/>"),
            tagging("<Tagging><TagSet/></Tagging>"),
        ),
        (
            "entities in settings",
            tagging("<!DOCTYPE a><Tagging><TagSet/></Tagging>"),
            tagging("<Tagging><TagSet/></Tagging>"),
        ),
        (
            "no checksum",
            tagging("<Tagging><TagSet/></Tagging>").without("content-md5"),
            tagging("<Tagging><TagSet/></Tagging>")
                .without("content-md5")
                .header(
                    "x-amz-checksum-sha256",
                    "mLlZ95NCeCe1VrAkoQ1w5v4dsTs5rS01Mlbo9vj6Xgw=",
                ),
        ),
        (
            "role that is none",
            replicate("arn:aws:s3:::acme-open"),
            replicate("arn:aws:iam::111111111111:role/copier"),
        ),
        (
            "table bucket that is none",
            tables("arn:aws:s3:::acme-open"),
            tables("arn:aws:s3tables:eu-central-1:111111111111:bucket/tables"),
        ),
        (
            "restore that selects",
            restore("<Type>SELECT</Type>"),
            restore("<Days>1</Days>"),
        ),
        (
            "another location",
            located("us-east-1"),
            located("eu-central-1"),
        ),
    ]
}

#[test]
fn every_fault_of_a_body_has_its_answer() {
    let mut text = String::new();
    let faults = [
        BodyError::TooShort,
        BodyError::TooLong,
        BodyError::Digest,
        BodyError::Md5,
        BodyError::Framing(FrameFault::BytesAfterEnd),
    ];
    let checksums = Algorithm::all().map(BodyError::Checksum);
    for fault in faults.into_iter().chain(checksums) {
        show(&mut text, &format!("{fault:?}"), &refuse_body(&fault));
    }
    golden("bodies.txt", &text);
}

/// AWS's sentences, for every layer that can refuse, and for those who are told nothing.
#[test]
fn a_refused_permission_says_which_layer_to_its_own_account() {
    let world = World::new();
    let mut text = String::new();
    let delete = |bucket: &str| Ask::new(&format!("DELETE /{bucket}/key"));
    let list = || Ask::new("GET /acme-private");
    for (name, ask, by) in [
        ("no identity policy", delete("acme-private"), "nobody"),
        ("no boundary", list(), "bounded"),
        ("no session policy", list(), "run"),
        ("identity policy denies", delete("acme-private"), "careful"),
        ("boundary denies", delete("acme-private"), "bounded"),
        ("session policy denies", delete("acme-private"), "run"),
        ("bucket policy denies", delete("acme-guarded"), "root"),
        ("guardrail denies", Ask::new("DELETE /acme-kept"), "root"),
        ("the service", Ask::new("GET /"), "nobody"),
        (
            "a version",
            Ask::new("DELETE /acme-private/a%20b?versionId=v"),
            "nobody",
        ),
        (
            "another account, no bucket policy",
            delete("acme-private"),
            "partner",
        ),
        (
            "another account, bucket policy denies",
            delete("acme-guarded"),
            "partner",
        ),
        (
            "another account, no identity policy",
            delete("acme-shared"),
            "partner-nobody",
        ),
        (
            "another account's root user",
            delete("acme-private"),
            "partner-root",
        ),
        (
            "the service, another account",
            Ask::new("GET /"),
            "partner-nobody",
        ),
    ] {
        show(&mut text, name, &refusal(world.ask(&ask.signed(by))));
    }
    show(
        &mut text,
        "anonymous",
        &world.refusal(&delete("acme-private")),
    );
    let chunks = Ask::new("PUT /acme-open/key")
        .header("content-length", "5")
        .header("content-encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", "5")
        .header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    show(
        &mut text,
        "anonymous, signed chunks",
        &world.refusal(&chunks),
    );
    super::kit::permit(world.ask(&chunks.signed("admin")));
    show(
        &mut text,
        "anonymous, denied",
        &world.refusal(&delete("acme-guarded")),
    );
    show(
        &mut text,
        "fixed principal",
        &refusal(world.ask_fixed(&list().signed("root").query("versions", ""))),
    );
    golden("denials.txt", &text);
}
