//! The order of checks: of two faults, which one the client is told.

use super::kit::{Ask, Signer, World};
use jiff::SignedDuration;

/// A signed upload before it is signed.
struct Upload {
    ask: Ask,
    signer: Signer,
    /// Added to what is signed already.
    added: Option<(&'static str, &'static str)>,
}

/// Faults in the order in which they are found: a name, the error's code, how its message begins, the fault.
type Fault = (&'static str, &'static str, &'static str, fn(&mut Upload));

#[rustfmt::skip]
const FAULTS: &[Fault] = &[
    ("two hosts", "InvalidRequest", "Invalid Request", |upload| header(upload, "host", "other")),
    ("bad bucket", "InvalidBucketName", "The specified", |upload| path(upload, "/partner", "/PARTNER")),
    ("bad escape", "InvalidURI", "Couldn't parse", |upload| path(upload, "/key", "/key%zz")),
    ("bad query", "NotImplemented", "A query parameter", |upload| path(upload, "/key", "/key?nosuch")),
    ("bad copy source", "InvalidArgument", "Copy Source", |upload| header(upload, "x-amz-copy-source", "x")),
    ("two authentications", "InvalidArgument", "Only one auth", |upload| upload.added = Some(("authorization", "x"))),
    ("wrong region", "AuthorizationHeaderMalformed", "The auth", |upload| upload.signer.region = Some("mars-1")),
    ("skewed clock", "RequestTimeTooSkewed", "The difference", |upload| {
        upload.signer.at += SignedDuration::from_mins(16);
    }),
    ("repeated header", "InvalidRequest", "The header x-amz-tagging", |upload| {
        header(upload, "x-amz-tagging", "a=b");
        header(upload, "x-amz-tagging", "a=b");
    }),
    ("unsigned header", "AccessDenied", "There were headers", |upload| upload.added = Some(("x-amz-meta-a", "1"))),
    ("unknown key", "InvalidAccessKeyId", "The AWS Access Key Id", |upload| upload.signer.key = "AKIA0".to_owned()),
    ("wrong signature", "SignatureDoesNotMatch", "The request", |upload| upload.signer.secret = "x".to_owned()),
    ("session token", "InvalidToken", "The provided token", |upload| header(upload, "x-amz-security-token", "t")),
    ("no route", "NoSuchBucket", "The specified", |upload| path(upload, "/partner", "/nowhere")),
    ("ignored header", "NotImplemented", "A header you", |upload| {
        header(upload, "x-amz-server-side-encryption-customer-algorithm", "AES256");
    }),
    ("folded key", "InvalidURI", "The store behind", |upload| path(upload, "/key", "/../key")),
    ("source elsewhere", "NotImplemented", "The source and", |upload| {
        header(upload, "x-amz-copy-source", "acme-open/key");
    }),
    ("unknown header", "NotImplemented", "A header you", |upload| header(upload, "x-amz-unknown", "1")),
    ("bad digest", "InvalidDigest", "The Content-MD5", |upload| header(upload, "content-md5", "x")),
    ("malformed owner", "InvalidBucketOwnerAWSAccountID", "The value", |upload| {
        header(upload, "x-amz-expected-bucket-owner", "x");
    }),
    ("another owner", "AccessDenied", "Access Denied", |upload| {
        header(upload, "x-amz-expected-bucket-owner", "111111111111");
    }),
    ("no permission", "AccessDenied", "User: arn:aws:iam::222222222222:user/partner-nobody", |_| ()),
];

fn path(upload: &mut Upload, from: &str, to: &str) {
    let target = std::str::from_utf8(&upload.ask.target).unwrap();
    upload.ask.target = target.replacen(from, to, 1).into_bytes();
}

fn header(upload: &mut Upload, name: &str, value: &str) {
    upload.ask = upload.ask.clone().header(name, value);
}

/// Code and message of what these faults are answered with, by a caller who may do nothing.
fn answered(faults: [&Fault; 2]) -> (String, String) {
    let mut upload = Upload {
        ask: Ask::new("PUT /partner-private/key").header("content-length", "0"),
        signer: Signer {
            region: Some("us-east-1"),
            ..Signer::of("partner-nobody")
        },
        added: None,
    };
    for (_, _, _, fault) in faults {
        fault(&mut upload);
    }
    let signed = upload.signer.sign(upload.ask);
    let sent = match upload.added {
        Some((name, value)) => signed.header(name, value),
        None => signed,
    };
    let error = World::new().refusal(&sent);
    (error.code.name().to_owned(), error.message.into_owned())
}

/// Two faults that are one: they stand in the same place, or the second makes another operation of it.
const EXCLUSIVE: &[(&str, &str)] = &[
    ("bad copy source", "source elsewhere"),
    ("two authentications", "unsigned header"),
    ("malformed owner", "another owner"),
    ("bad bucket", "no route"),
];

#[test]
fn of_two_faults_the_earlier_check_answers() {
    let nothing: &Fault = FAULTS.last().unwrap();
    let mut wrong = Vec::new();
    for (at, first) in FAULTS.iter().enumerate() {
        for second in FAULTS[at + 1..].iter().chain([nothing]) {
            if EXCLUSIVE.contains(&(first.0, second.0)) || EXCLUSIVE.contains(&(second.0, first.0))
            {
                continue;
            }
            // The later one is made first, so that it is not the order of making that decides.
            let (code, message) = answered([second, first]);
            let right = code == first.1 && message.starts_with(first.2);
            if !right {
                wrong.push(format!("{} before {}: {code} {message}", first.0, second.0));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
