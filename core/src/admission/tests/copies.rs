//! CopyObject and UploadPartCopy: two objects, two decisions.

use super::kit::{Ask, World, delete, verdict};
use crate::admission::Permit;

const KINDS: [&str; 2] = ["", "?uploadId=1&partNumber=1"];

fn copy(from: &str, to: &str, query: &str) -> Ask {
    Ask::new(&format!("PUT {to}{query}")).header("x-amz-copy-source", from)
}

fn source(permit: &Permit) -> &str {
    permit.headers()["x-amz-copy-source"].to_str().unwrap()
}

#[test]
fn t19_source_and_target_are_both_decided() {
    let world = World::new();
    let home = "acme-private/home/home/source";
    for query in KINDS {
        for (from, to, expected) in [
            (home, "/acme-private/home/home/target", "pass"),
            (
                "acme-private/home/other/source",
                "/acme-private/home/home/target",
                "AccessDenied",
            ),
            (home, "/acme-private/home/other/target", "AccessDenied"),
            (
                "acme-shared/home/home/source",
                "/acme-private/home/home/target",
                "pass",
            ),
        ] {
            let ask = copy(from, to, query).signed("home");
            assert_eq!(verdict(&world.ask(&ask)), expected, "{from} {to}{query}");
        }
        // The owner's side of either bucket.
        let foreign = |from, to| verdict(&world.ask(&copy(from, to, query).signed("partner")));
        assert_eq!(foreign("acme-shared/a", "/acme-shared/b"), "pass");
        assert_eq!(foreign("acme-private/a", "/acme-shared/b"), "AccessDenied");
        assert_eq!(foreign("acme-shared/a", "/acme-private/b"), "AccessDenied");
        assert_eq!(foreign("acme-public/a", "/acme-shared/b"), "pass");
    }
}

#[test]
fn t19_labels_name_the_side_that_was_refused() {
    let world = World::new();
    let refused = |from, to| {
        let labels = world.ask(&copy(from, to, "").signed("partner")).labels;
        let asked = labels.decision.unwrap();
        (asked.action, asked.resource.as_str().to_owned())
    };
    assert_eq!(
        refused("acme-private/a", "/acme-shared/b"),
        ("s3:GetObject", "acme-private/a".to_owned())
    );
    assert_eq!(
        refused("acme-shared/a", "/acme-private/b"),
        ("s3:PutObject", "acme-private/b".to_owned())
    );
}

const READ_PLAIN: &str = r#"
    {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::demo-mixed/plain"},
    {"Effect":"Allow","Principal":"*","Action":"s3:GetObjectVersion","Resource":"arn:aws:s3:::demo-mixed/version"}"#;

#[test]
fn labels_name_every_permission_that_had_to_be_allowed() {
    let asked = |ask: Ask| -> Vec<String> {
        let labels = World::new().ask(&ask).labels;
        let shown = labels.permissions.iter().map(|asked| {
            let resource = asked.resource.as_str();
            format!("{} {resource} {}", asked.action, asked.allowed)
        });
        shown.collect()
    };
    let tagged = copy("acme-shared/a", "/acme-shared/b", "").header("x-amz-tagging", "a=b");
    assert_eq!(
        asked(tagged.signed("partner")),
        [
            "s3:GetObject acme-shared/a true",
            "s3:PutObject acme-shared/b true",
            "s3:PutObjectTagging acme-shared/b true",
        ]
    );
    // What is refused first is the last that was asked.
    assert_eq!(
        asked(copy("acme-private/a", "/acme-shared/b", "").signed("partner")),
        ["s3:GetObject acme-private/a false"]
    );
    // What only chooses between 404 and 403 had not to be allowed; keys of DeleteObjects are items.
    let read = Ask::new("GET /acme-public/a").signed("partner");
    assert_eq!(asked(read), ["s3:GetObject acme-public/a true"]);
    let delete = Ask::new("POST /acme-shared?delete").document(&delete(&["a"]));
    assert_eq!(asked(delete.signed("partner")), [""; 0]);
}

#[test]
fn t20_a_version_of_the_source_takes_the_permission_for_versions() {
    let world = World::new().with_policy("demo-mixed", READ_PLAIN);
    for query in KINDS {
        for (from, expected) in [
            ("demo-mixed/plain", "pass"),
            ("demo-mixed/plain?versionId=null", "AccessDenied"),
            ("demo-mixed/version", "AccessDenied"),
            ("demo-mixed/version?versionId=null", "pass"),
            ("demo-mixed/version?versionId=v%31", "pass"),
            // An encoded question mark belongs to the key.
            ("demo-mixed/version%3FversionId=v1", "AccessDenied"),
        ] {
            let ask = copy(from, "/acme-open/key", query);
            assert_eq!(verdict(&world.ask(&ask)), expected, "{from}{query}");
        }
        let permit = world.permit(&copy(
            "demo-mixed/version?versionId=v%31",
            "/acme-open/k",
            query,
        ));
        assert_eq!(source(&permit), "demo-mixed/version?versionId=v1");
    }
}

#[test]
fn t20_a_store_without_versions_copies_none() {
    let ask = |from| copy(from, "/partner-open/key", "");
    let world = World::new();
    assert_eq!(verdict(&world.ask(&ask("partner-open/a"))), "pass");
    assert_eq!(
        verdict(&world.ask(&ask("partner-open/a?versionId=null"))),
        "NotImplemented"
    );
}

#[test]
fn t19_a_copy_stays_on_one_upstream() {
    let world = World::new();
    for query in KINDS {
        let across = copy("partner-open/a", "/acme-open/key", query);
        let error = world.refusal(&across);
        assert_eq!(error.code.name(), "NotImplemented");
        assert!(
            error.message.contains("different stores"),
            "{}",
            error.message
        );
        let nowhere = copy("nowhere/a", "/acme-open/key", query);
        let error = world.refusal(&nowhere);
        assert_eq!(error.code.name(), "NoSuchBucket");
        assert_eq!(error.details, [("BucketName", "nowhere".to_owned())]);
    }
}

#[test]
fn t19_what_is_sent_is_what_was_authorised() {
    let world = World::new();
    for (given, sent) in [
        ("acme-open/a", "acme-open/a"),
        ("/acme-open/a", "acme-open/a"),
        ("%2Facme-open%2Fa", "acme-open/a"),
        ("acme%2Dopen/a%2fb", "acme-open/a/b"),
        ("acme-open/a%2520b", "acme-open/a%2520b"),
        ("acme-open/a+b c", "acme-open/a%2Bb%20c"),
        ("acme-open/%C3%BC", "acme-open/%C3%BC"),
        ("acme-open/ü", "acme-open/%C3%BC"),
        ("acme-open//a//", "acme-open//a//"),
        ("acme-open/../acme-private/a", "acme-open/../acme-private/a"),
        (
            "acme-open/%2e%2e/acme-private/a",
            "acme-open/../acme-private/a",
        ),
        ("acme-open/a%3Fb", "acme-open/a%3Fb"),
        ("acme-open/a#b", "acme-open/a%23b"),
    ] {
        let permit = world.permit(&copy(given, "/acme-open/key", ""));
        assert_eq!(source(&permit), sent, "{given}");
    }
}

#[test]
fn t19_a_source_that_names_no_object_is_refused() {
    let world = World::new();
    for bad in [
        "",
        "/",
        "//",
        "acme-open",
        "acme-open/",
        "/acme-open/",
        "//acme-open/a",
        "acme-open/%zz",
        "acme-open/%ff",
        "acme-open/%00",
        "ACME/a",
        "../acme-open/a",
        "acme-open/a?versionId=",
        "acme-open/a?versionId=%20",
        "acme-open/a?versionId=1&x=2",
        "acme-open/a?acl",
        "acme-open/a?",
        "acme-open/a?versionid=1",
        "%2e%2e/acme-open/a",
    ] {
        for query in KINDS {
            let ask = copy(bad, "/acme-open/key", query);
            assert_eq!(verdict(&world.ask(&ask)), "InvalidArgument", "{bad}");
        }
    }
    let arn = copy(
        "arn:aws:s3:eu-central-1:1:accesspoint/x/object/a",
        "/acme-open/key",
        "",
    );
    assert_eq!(verdict(&world.ask(&arn)), "NotImplemented");
    let twice =
        copy("acme-open/a", "/acme-open/key", "").header("x-amz-copy-source", "acme-open/b");
    assert_eq!(verdict(&world.ask(&twice)), "InvalidArgument");
    let long = copy(
        &format!("acme-open/{}", "k".repeat(1025)),
        "/acme-open/key",
        "",
    );
    assert_eq!(verdict(&world.ask(&long)), "InvalidArgument");
}

/// A store that folds such segments would read another object.
#[test]
fn t19_a_source_the_store_would_fold_is_refused() {
    let world = World::new();
    for key in [
        "a/../b",
        "./a",
        "a//b",
        "/a",
        "a/.",
        "..",
        "%2e%2e/partner-private/a",
    ] {
        let ask = copy(&format!("partner-open/{key}"), "/partner-open/key", "");
        assert_eq!(verdict(&world.ask(&ask)), "InvalidURI", "{key}");
    }
    for key in ["a/b", ".a/b..", "...", "a/"] {
        let ask = copy(&format!("partner-open/{key}"), "/partner-open/key", "");
        assert_eq!(verdict(&world.ask(&ask)), "pass", "{key}");
    }
}

/// The condition sees the decoded source, on both sides.
#[test]
fn t19_the_copy_source_condition_applies_to_both_sides() {
    let from = |bucket: &str, action: &str| {
        format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"{action}","Resource":"arn:aws:s3:::{bucket}/*",
                "Condition":{{"StringNotLike":{{"s3:x-amz-copy-source":"demo-source/public/*"}}}}}},
               {{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::{bucket}/*"}}"#
        )
    };
    let world = World::new()
        .with_policy("demo-target", &from("demo-target", "s3:PutObject"))
        .with_policy("demo-source", &from("demo-source", "s3:GetObject"));
    for (source, expected) in [
        ("demo-source/public/a", "pass"),
        ("/demo-source/publi%63/a", "pass"),
        ("demo-source/private/a", "AccessDenied"),
        ("demo-source/public%252Fa", "AccessDenied"),
        ("acme-open/public/a", "AccessDenied"),
    ] {
        let ask = copy(source, "/demo-target/key", "");
        assert_eq!(verdict(&world.ask(&ask)), expected, "{source}");
        if source.contains("demo-source") {
            let ask = copy(source, "/acme-open/key", "");
            assert_eq!(verdict(&world.ask(&ask)), expected, "{source}");
        }
    }
    let put = Ask::new("PUT /demo-target/key").header("content-length", "1");
    assert_eq!(verdict(&world.ask(&put)), "AccessDenied");
}

#[test]
fn t22_every_step_of_an_upload_is_decided() {
    let world = World::new();
    for (line, action) in [
        ("POST /acme-private/key?uploads", "s3:PutObject"),
        (
            "PUT /acme-private/key?uploadId=1&partNumber=1",
            "s3:PutObject",
        ),
        ("POST /acme-private/key?uploadId=1", "s3:PutObject"),
        (
            "GET /acme-private/key?uploadId=1",
            "s3:ListMultipartUploadParts",
        ),
        (
            "DELETE /acme-private/key?uploadId=1",
            "s3:AbortMultipartUpload",
        ),
        ("GET /acme-private?uploads", "s3:ListBucketMultipartUploads"),
    ] {
        let ask = match line {
            "POST /acme-private/key?uploadId=1" => {
                Ask::new(line).body("<CompleteMultipartUpload><Part/></CompleteMultipartUpload>")
            }
            _ => Ask::new(line).header("content-length", "0"),
        };
        let admission = world.ask(&ask.clone().signed("nobody"));
        assert_eq!(verdict(&admission), "AccessDenied", "{line}");
        assert_eq!(admission.labels.decision.unwrap().action, action);
        assert_eq!(verdict(&world.ask(&ask.signed("admin"))), "pass", "{line}");
    }
}

/// An id that some stores take for none would turn a part into an object, and an abort into a deletion.
#[test]
fn t22_an_upload_id_is_never_empty() {
    let world = World::new();
    for line in [
        "PUT /acme-open/key?uploadId=&partNumber=1",
        "PUT /acme-open/key?uploadId=1&partNumber",
        "POST /acme-open/key?uploadId",
        "DELETE /acme-open/key?uploadId=",
        "GET /acme-open/key?uploadId=",
        "GET /acme-open/key?versionId=",
        "GET /acme-open/key?versionId=%20",
        "PUT /acme-open/key?uploadId=%09&partNumber=1",
        "DELETE /acme-open/key?versionId",
    ] {
        let ask = Ask::new(line).header("content-length", "0");
        assert_eq!(verdict(&world.ask(&ask)), "InvalidArgument", "{line}");
    }
}
