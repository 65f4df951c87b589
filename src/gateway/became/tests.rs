use super::*;
use crate::upstream::client::UpstreamError as Failure;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;
use std::time::Duration;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    pairs.iter().map(header).collect()
}

fn write() -> Intent {
    Intent::Write(ObjectRecord::of("a"))
}

fn destroy(version: &str) -> Intent {
    Intent::Destroy {
        version: version.into(),
    }
}

fn done(version: &str) -> Ending {
    Ending::Done {
        version: version.into(),
    }
}

#[test]
fn an_answer_says_whether_it_was_done() {
    #[track_caller]
    fn check(status: u16, body: &'static str, expected: &str) {
        let answer = Ok(UpstreamAnswer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        });
        let became = format!("{:?}", Became::of(&answer));
        assert!(became.starts_with(expected), "{status} {body}: {became}");
    }
    check(200, "", "Done");
    check(204, "", "Done");
    check(200, "<CompleteMultipartUploadResult/>", "Done");
    check(200, "<Error><Code>InvalidPart</Code></Error>", "NotDone");
    check(200, "<Error><Code>InternalError</Code></Error>", "Unknown");
    check(404, "<Error><Code>NoSuchKey</Code></Error>", "NotDone");
    check(412, "", "NotDone");
    check(307, "", "NotDone");
    check(500, "<Error><Code>InternalError</Code></Error>", "Unknown");
    check(503, "<Error><Code>SlowDown</Code></Error>", "Unknown");
    check(503, "", "Unknown");
}

#[test]
fn no_answer_means_that_nobody_knows_unless_nothing_was_sent() {
    let late = Fault::Upstream(Failure::Deadline(Duration::from_secs(1)));
    assert_eq!(Became::of_fault(&late), Became::Unknown);
    assert_eq!(
        Became::of_fault(&Fault::Upstream(Failure::Premature)),
        Became::Unknown
    );
    let refused = Fault::Upstream(Failure::Connect(pingora::Error::new(
        pingora::ErrorType::ConnectRefused,
    )));
    assert_eq!(Became::of_fault(&refused), Became::NotDone);
}

#[test]
fn a_write_has_the_version_that_the_upstream_gave_it() {
    let with = headers(&[("x-amz-version-id", "v1")]);
    assert_eq!(ending(&write(), &with, true), done("v1"));
    assert_eq!(ending(&write(), &headers(&[]), true), done("null"));
    // A store without versions may say one all the same.
    assert_eq!(ending(&write(), &with, false), done("null"));
}

#[test]
fn a_delete_marker_on_top_destroys_nothing() {
    let on_top = headers(&[("x-amz-delete-marker", "true"), ("x-amz-version-id", "m1")]);
    assert_eq!(ending(&destroy("null"), &on_top, true), Ending::NotDone);
    // Where versioning is suspended the marker takes the place of the version.
    let in_place = headers(&[
        ("x-amz-delete-marker", "true"),
        ("x-amz-version-id", "null"),
    ]);
    assert_eq!(ending(&destroy("null"), &in_place, true), done("null"));
    assert_eq!(ending(&destroy("null"), &headers(&[]), true), done("null"));
    // A marker that is deleted by its version.
    assert_eq!(ending(&destroy("m1"), &on_top, true), done("m1"));
}

#[test]
fn of_many_keys_each_has_its_own_end() {
    let open = |key: &str, version| OpenIntent {
        id: 0,
        object: ObjectName {
            bucket: BucketName::parse("bucket").unwrap(),
            incarnation: 1,
            key: key.into(),
        },
        intent: destroy(version),
        begun: Timestamp::UNIX_EPOCH,
    };
    let answer = "<DeleteResult>\
        <Deleted><Key>gone</Key></Deleted>\
        <Deleted><Key>version</Key><VersionId>v1</VersionId></Deleted>\
        <Deleted><Key>marked</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m</DeleteMarkerVersionId></Deleted>\
        <Error><Key>kept</Key><Code>AccessDenied</Code></Error>\
        <Error><Key>asked</Key><VersionId>v1</VersionId><Code>InternalError</Code></Error></DeleteResult>";
    let result = DeleteResult::parse(answer.as_bytes()).unwrap();
    let check = |key, version, expected| {
        assert_eq!(
            deletion(&open(key, version), &result),
            expected,
            "{key} {version}"
        );
    };
    check("gone", "null", done("null"));
    check("version", "v1", done("v1"));
    check("marked", "null", Ending::NotDone);
    check("kept", "null", Ending::NotDone);
    check("kept", "v1", done("v1"));
    check("asked", "v1", Ending::Unknown);
    // A quiet answer names failures only.
    check("silent", "null", done("null"));
}
