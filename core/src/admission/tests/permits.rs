//! What goes upstream, and what never does.

use super::kit::{Ask, Signer, World, golden, permit, sent};
use crate::admission::{Permit, Run};
use crate::controls::settings::SettingKind;
use crate::s3::headers::Disposition;
use crate::s3::names::BucketName;
use crate::s3::operations::{Level, Mark, OPERATIONS, Operation, OperationId};
use std::fmt::Write;

/// A value for each header that a row sends on, such that the request passes.
fn value(name: &str) -> &'static str {
    match name {
        "content-length" => "5",
        "content-md5" => "XUFAKrxLKna5cZ2REBfFkg==",
        "x-amz-checksum-crc32" => "NhCmhg==",
        "x-amz-copy-source" => "acme-open/source%20a?versionId=v1",
        "content-encoding" => "aws-chunked, gzip",
        "if-match" | "if-none-match" => "*",
        "x-amz-acl" => "private",
        "x-amz-object-ownership" => "BucketOwnerEnforced",
        "x-amz-expected-bucket-owner" | "x-amz-source-expected-bucket-owner" => "111111111111",
        "x-amz-meta-*" => "metadata",
        _ => "value",
    }
}

/// A request of a row with every query name it accepts and every header it lists, which no other row takes, signed.
fn full(row: &Operation) -> Ask {
    let mut ask = Ask::of(row, "acme-open", "a%20b/ü+%25");
    for name in row.accepts {
        let value = match *name {
            "max-buckets" => "10",
            "list-type" => "1",
            _ => "a%20value",
        };
        ask = ask.query(name, value);
    }
    for rule in row.headers.iter().flat_map(|group| group.iter()) {
        let needless = [
            // Of the client's signature, or only with frames.
            "x-amz-content-sha256",
            "x-amz-date",
            "x-amz-security-token",
            "x-amz-decoded-content-length",
            "x-amz-trailer",
            "x-amz-sdk-checksum-algorithm",
            "content-length",
        ];
        let unique = rule.name.starts_with("x-amz-checksum-")
            && !matches!(
                rule.name,
                "x-amz-checksum-crc32"
                    | "x-amz-checksum-mode"
                    | "x-amz-checksum-type"
                    | "x-amz-checksum-algorithm"
            );
        let grant = rule.name.starts_with("x-amz-grant-");
        let has_digests = row.disposition("content-md5").is_some();
        let digest = rule.name == "content-md5" && !has_digests;
        // Of buckets with Object Lock; their tests are in `locks`.
        let lock = ["object-lock", "bypass-governance"]
            .iter()
            .any(|part| rule.name.contains(part));
        if rule.disposition == Disposition::Later
            || lock
            || needless.contains(&rule.name)
            || unique
            || grant
            || digest
        {
            continue;
        }
        ask = ask.instead(&rule.name.replace('*', "a"), value(rule.name));
    }
    let never = [
        ("cookie", "session=1"),
        ("connection", "close, x-amz-meta-a"),
        ("te", "trailers"),
        ("keep-alive", "1"),
        ("upgrade", "h2c"),
        ("expect", "100-continue"),
        ("proxy-authorization", "Basic x"),
        ("via", "1.1 proxy"),
        ("x-forwarded-for", "10.0.0.1"),
        ("forwarded", "for=10.0.0.1"),
        ("x-real-ip", "10.0.0.1"),
        ("x-goog-acl", "public-read"),
        ("x-goog-copy-source", "acme-private/a"),
        ("x-minio-force-delete", "true"),
        ("x-rgw-object-lock", "x"),
        ("x-oss-acl", "public"),
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/acme-private/a"),
        ("userid", "root"),
        ("s3-prefix", "p"),
        ("origin", "http://a"),
        ("referer", "http://a"),
        ("user-agent", "client"),
        ("accept", "*/*"),
        ("accept-encoding", "gzip"),
        ("amz-sdk-invocation-id", "1"),
        ("amz-sdk-request", "attempt=1"),
    ];
    for (name, value) in never {
        ask = ask.header(name, value);
    }
    ask.query("x-id", row.name)
}

fn show(text: &mut String, permit: &Permit) {
    let run = match permit.run() {
        Run::Stream => "stream".to_owned(),
        Run::Post(reply) => format!("stream, {reply:?}"),
        Run::Buffered(body) => format!("buffered {:?}", String::from_utf8_lossy(body)),
        Run::Relayed(body) => format!("relayed {:?}", String::from_utf8_lossy(body)),
        Run::DeleteObjects { allowed, .. } => {
            let document = allowed
                .as_ref()
                .map(|body| String::from_utf8_lossy(body).into_owned());
            format!("delete {}", document.unwrap_or_default().replace('\n', ""))
        }
        Run::ListBuckets(page) => format!("list {page:?}"),
        Run::CreateBucket { document, .. } => {
            format!("create {:?}", String::from_utf8_lossy(document))
        }
        Run::DeleteBucket => "delete the bucket".to_owned(),
        Run::Settle(settling) => format!("{settling:?}"),
        Run::OnObject(call) => format!("{call:?}"),
    };
    let upstream = permit
        .upstream()
        .map_or("all".to_owned(), |at| at.to_string());
    writeln!(
        text,
        "    {} bucket={} key={}",
        permit.method(),
        permit.bucket(),
        permit.key()
    )
    .unwrap();
    writeln!(text, "    ?{}", permit.query()).unwrap();
    writeln!(
        text,
        "    upstream {upstream}, {run}, conceals: {}",
        permit.conceals_missing()
    )
    .unwrap();
    let mut headers: Vec<String> = permit
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    for header in headers {
        writeln!(text, "    {header}").unwrap();
    }
}

/// A form says in its fields what others say in their heads; its tests are in `forms`.
fn said_in_heads() -> impl Iterator<Item = &'static Operation> {
    sent().filter(|row| row.id != OperationId::PostObject)
}

#[test]
fn t07_t25_t41_of_everything_a_client_can_send_this_goes_upstream() {
    let world = World::new();
    let mut text = String::new();
    for row in said_in_heads() {
        let signed = permit(world.ask(&full(row).signed("admin")));
        writeln!(text, "{}", row.name).unwrap();
        show(&mut text, &signed);
        assert_eq!(signed.labels.operation.unwrap().id, row.id);
        // However the caller was authenticated, the same goes upstream.
        let mut presigned = String::new();
        show(
            &mut presigned,
            &permit(world.ask(&full(row).presigned("admin"))),
        );
        assert!(text.ends_with(&presigned), "{}", row.name);
    }
    golden("permits.txt", &text);
}

#[test]
fn t41_no_credential_hop_by_hop_or_vendor_header_goes_upstream() {
    let world = World::new();
    for row in said_in_heads() {
        for ask in [full(row).signed("admin"), full(row).presigned("admin")] {
            let permit = permit(world.ask(&ask));
            for name in permit.headers().keys() {
                let name = name.as_str();
                let listed = row.disposition(name);
                let sent = matches!(listed, Some(Disposition::Forward | Disposition::Rewrite));
                assert!(sent, "{}: {name}", row.name);
            }
            for name in [
                "authorization",
                "host",
                "content-length",
                "x-amz-date",
                "x-amz-content-sha256",
                "cookie",
                "x-goog-acl",
            ] {
                assert!(!permit.headers().contains_key(name), "{}: {name}", row.name);
            }
            let query = permit.query();
            assert!(
                !query.contains("X-Amz") && !query.contains("x-id"),
                "{query}"
            );
        }
    }
}

#[test]
fn t07_an_amz_header_that_no_row_lists_is_refused_by_every_row() {
    let world = World::new();
    let mut names: Vec<&str> = OPERATIONS
        .iter()
        .flat_map(|row| row.headers.iter().flat_map(|group| group.iter()))
        .map(|rule| rule.name)
        .filter(|name| name.starts_with("x-amz-") && !name.ends_with('*'))
        .chain([
            "x-amz-annotation",
            "x-amz-new",
            "x-amz-meta",
            "x-amz-metadata",
            "x-amz-",
        ])
        .collect();
    names.sort_unstable();
    names.dedup();
    for row in sent() {
        for name in names.iter().filter(|name| row.disposition(name).is_none()) {
            // This one makes another operation of it.
            let routes = OPERATIONS.iter().any(|other| {
                let same = other.method == row.method && other.level == row.level;
                same && other.marks.contains(&Mark::Header(name))
            });
            if routes {
                continue;
            }
            let ask = Ask::of(row, "acme-open", "key")
                .header(name, "1")
                .signed("admin");
            let error = world.refusal(&ask);
            assert_eq!(error.code.name(), "NotImplemented", "{} {name}", row.name);
            assert_eq!(error.details, [("Header", (*name).to_owned())]);
        }
    }
}

#[test]
fn what_is_not_built_yet_is_refused_with_every_row_that_lists_it() {
    let world = World::new();
    for row in sent() {
        let later = row.headers.iter().flat_map(|group| group.iter());
        for rule in later.filter(|rule| rule.disposition == Disposition::Later) {
            let ask = Ask::of(row, "acme-open", "key")
                .header(rule.name, "true")
                .signed("admin");
            let error = world.refusal(&ask);
            assert_eq!(
                error.details,
                [("Header", rule.name.to_owned())],
                "{}",
                row.name
            );
        }
    }
}

#[track_caller]
fn encoding(sent: &[&str], expected: &[&str]) {
    let mut ask = Ask::new("PUT /acme-open/key").header("content-length", "5");
    for value in sent {
        ask = ask.header("content-encoding", value);
    }
    let permit = World::new().permit(&ask);
    let found = permit.headers().get_all("content-encoding").iter();
    let found: Vec<&str> = found.map(|value| value.to_str().unwrap()).collect();
    assert_eq!(found, expected);
}

#[test]
fn aws_chunked_is_framing_and_other_codings_are_the_objects() {
    encoding(&["gzip"], &["gzip"]);
    encoding(&["aws-chunked"], &[]);
    encoding(&["AWS-Chunked,gzip"], &["gzip"]);
    encoding(&["gzip, aws-chunked,br"], &["gzip, br"]);
    encoding(&["aws-chunked", "gzip"], &["gzip"]);
    encoding(&["aws-chunked,aws-chunked"], &[]);
    encoding(&["x-aws-chunked"], &["x-aws-chunked"]);
}

#[test]
fn metadata_goes_upstream_as_it_came() {
    let ask = Ask::new("PUT /acme-open/key")
        .header("content-length", "0")
        .header("x-amz-meta-a", "  one  two ")
        .header("x-amz-meta-a", "again")
        .header("x-amz-meta-\u{78}-amz-acl", "public-read")
        .header("x-amz-meta-ue", "\u{fc}");
    let permit = World::new().permit(&ask);
    let all: Vec<&[u8]> = permit
        .headers()
        .get_all("x-amz-meta-a")
        .iter()
        .map(|value| value.as_bytes())
        .collect();
    assert_eq!(all, [&b"  one  two "[..], b"again"]);
    assert_eq!(
        permit.headers()["x-amz-meta-ue"].as_bytes(),
        "\u{fc}".as_bytes()
    );
    assert_eq!(permit.headers().len(), 4);
}

#[test]
fn an_inquiry_about_a_bucket_asks_for_nothing_else() {
    let bucket = BucketName::parse("acme-new").unwrap();
    let inquiry = Permit::inquiry(1, &bucket);
    assert_eq!(
        (
            inquiry.method().as_str(),
            inquiry.bucket(),
            inquiry.key(),
            inquiry.query()
        ),
        ("HEAD", "acme-new", "", "")
    );
    assert!(inquiry.headers().is_empty());
    assert_eq!(inquiry.body().length, 0);
    assert_eq!(inquiry.upstream(), Some(1));
}

#[test]
fn a_look_up_of_what_is_set_reads_and_names_one_sub_resource() {
    let bucket = BucketName::parse("acme-old").unwrap();
    let permits = SettingKind::ALL.map(|kind| Permit::setting_of(2, &bucket, kind));
    let mut queries = Vec::new();
    for permit in permits {
        assert_eq!(
            (permit.method().as_str(), permit.bucket(), permit.key()),
            ("GET", "acme-old", "")
        );
        assert!(permit.headers().is_empty());
        assert_eq!(permit.body().length, 0);
        assert_eq!(permit.upstream(), Some(2));
        queries.push(permit.query().to_owned());
    }
    let expected = [
        "policy=",
        "publicAccessBlock=",
        "cors=",
        "ownershipControls=",
        "acl=",
        "tagging=",
        "object-lock=",
    ];
    assert_eq!(queries, expected);
}

/// The key as the wire has it: encoded once, slashes kept.
#[test]
fn keys_are_encoded_once() {
    let world = World::new();
    for row in sent().filter(|row| row.level == Level::Object) {
        for (given, sent) in [
            ("a%2Fb", "a/b"),
            ("%41%2541", "A%2541"),
            ("a+b!*'()", "a%2Bb%21%2A%27%28%29"),
            ("~a_.-", "~a_.-"),
        ] {
            let permit =
                permit(world.ask(&Signer::of("admin").sign(Ask::of(row, "acme-open", given))));
            assert_eq!(permit.key(), sent, "{}", row.name);
        }
    }
}
