use super::*;

#[track_caller]
fn check(document: &str, expected: Option<Danger>) {
    assert_eq!(destroys(document.as_bytes()), Ok(expected), "{document}");
}

/// A lifecycle of one rule.
fn rule(status: &str, action: &str) -> String {
    format!(
        "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ID>a</ID>\
         <Filter><Prefix>x/</Prefix></Filter><Status>{status}</Status>{action}</Rule></LifecycleConfiguration>"
    )
}

const NONCURRENT: &str =
    "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";
const CURRENT: &str = "<Expiration><Days>1</Days></Expiration>";
const MARKERS: &str =
    "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";

#[test]
fn t38_a_lifecycle_that_destroys_is_found() {
    let on = |action: &str| rule("Enabled", action);
    check(&on(NONCURRENT), Some(Danger::NoncurrentVersions));
    check(&on(CURRENT), Some(Danger::CurrentVersions));
    let date = "<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>";
    check(&on(date), Some(Danger::CurrentVersions));
    check(&on(MARKERS), Some(Danger::DeleteMarkers));
    // The worst of several.
    let both = format!("{NONCURRENT}{CURRENT}");
    check(&on(&both), Some(Danger::NoncurrentVersions));
}

#[test]
fn t38_a_lifecycle_that_destroys_nothing_is_none() {
    for action in [
        "<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>",
        "<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionTransition>",
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
        "<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>",
        "",
    ] {
        check(&rule("Enabled", action), None);
    }
    check(&rule("Disabled", NONCURRENT), None);
    check("<LifecycleConfiguration/>", None);
}

#[test]
fn t38_what_is_not_said_clearly_counts_as_said() {
    let found = Some(Danger::NoncurrentVersions);
    check(&rule("", NONCURRENT), found.clone());
    check(&rule("disabled", NONCURRENT), found.clone());
    let twice = rule("Disabled</Status><Status>Enabled", NONCURRENT);
    check(&twice, found);
    let unknown = |name: &str| Some(Danger::Unknown(name.into()));
    let all = "<Expiration><Days>1</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>";
    check(&rule("Enabled", all), unknown("ExpiredObjectAllVersions"));
    let marker = "<DelMarkerExpiration><Days>1</Days></DelMarkerExpiration>";
    check(&rule("Enabled", marker), unknown("DelMarkerExpiration"));
    check(
        "<LifecycleConfiguration><Rules/></LifecycleConfiguration>",
        unknown("Rules"),
    );
}

#[test]
fn t38_a_replication_says_where_it_writes() {
    let rule = |status: &str, bucket: &str| {
        format!(
            "<Rule><Status>{status}</Status><Destination><Bucket>{bucket}</Bucket></Destination></Rule>"
        )
    };
    let document = |rules: &str| {
        format!("<ReplicationConfiguration><Role>r</Role>{rules}</ReplicationConfiguration>")
    };
    let one = rule("Enabled", "arn:aws:s3:::b");
    let other = rule("Enabled", "a");
    let off = rule("Disabled", "arn:aws:s3:::c");
    let into = |names: &[&str]| {
        Some(Danger::Replication(
            names.iter().map(|name| (*name).into()).collect(),
        ))
    };
    check(
        &document(&format!("{one}{other}{off}{one}")),
        into(&["a", "b"]),
    );
    check(&document(&off), None);
    check(
        &document("<Rule><Status>Enabled</Status></Rule>"),
        into(&[]),
    );
}

#[test]
fn t35_versioning_that_is_suspended_is_found() {
    let document =
        |status: &str| format!("<VersioningConfiguration>{status}</VersioningConfiguration>");
    check(&document("<Status>Enabled</Status>"), None);
    check(&document(""), None);
    check(
        &document("<Status>Suspended</Status>"),
        Some(Danger::Suspension),
    );
    check(
        &document("<Status>other</Status>"),
        Some(Danger::Suspension),
    );
    let twice = document("<Status>Enabled</Status><Status>Suspended</Status>");
    assert_eq!(destroys(twice.as_bytes()), Err(BadXml::Schema));
}

#[test]
fn other_documents_are_refused() {
    assert_eq!(destroys(b"<Tagging/>"), Err(BadXml::Schema));
    assert_eq!(
        destroys(b"<LifecycleConfiguration>"),
        Err(BadXml::Malformed)
    );
    assert!(destroys(b"").is_err());
}

#[test]
fn a_thousand_rules_are_read() {
    let rule = "<Rule><Status>Enabled</Status><ID>a</ID><Filter><And><Prefix>a</Prefix>\
                <Tag><Key>a</Key><Value>b</Value></Tag></And></Filter><Expiration><Days>1</Days></Expiration></Rule>";
    let document = format!(
        "<LifecycleConfiguration>{}</LifecycleConfiguration>",
        rule.repeat(1000)
    );
    check(&document, Some(Danger::CurrentVersions));
}

#[test]
fn a_danger_is_said_in_words() {
    for (danger, words) in [
        (Danger::NoncurrentVersions, "destroys noncurrent versions"),
        (
            Danger::Replication(vec!["a".into(), "b".into()]),
            "writes into `a`, `b`",
        ),
        (
            Danger::Unknown("X".into()),
            "has an element `X` that is not known",
        ),
    ] {
        assert_eq!(danger.to_string(), words);
    }
}
