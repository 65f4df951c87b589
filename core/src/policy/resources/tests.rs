use super::*;

/// Service, bucket, object: which of them an entry can match.
#[track_caller]
fn check(text: &str, bucket: Option<&str>, expected: [bool; 3]) {
    let Reach {
        service,
        bucket,
        object,
    } = entry(text, Variables::Substitute, bucket).unwrap().reach;
    assert_eq!([service, bucket, object], expected, "{text}");
}

#[test]
fn an_entry_reaches_what_its_pattern_can_name() {
    check("*", None, [true, true, true]);
    check("arn:aws:s3:::", None, [true, false, false]);
    check("arn:aws:s3:::*", None, [true, true, true]);
    check("arn:aws:s3:::lake", None, [false, true, false]);
    check("arn:aws:s3:::lake/key", None, [false, false, true]);
    check("arn:aws:s3:::lak?", None, [false, true, true]);
    check("arn:aws:s3:::lake*", None, [false, true, true]);
    check("arn:aws:s3:::${aws:username}", None, [true, true, true]);
    check("arn:aws:ec2:::lake", None, [false, false, false]);
}

#[test]
fn an_entry_of_a_bucket_policy_reaches_into_its_own_bucket() {
    let own = Some("lake");
    check("*", own, [false, true, true]);
    check("arn:aws:s3:::lake", own, [false, true, false]);
    check("arn:aws:s3:::lake/", own, [false, false, false]);
    check("arn:aws:s3:::lake/key", own, [false, false, true]);
    check("arn:aws:s3:::lake*", own, [false, true, true]);
    check("arn:aws:s3:::other/key", own, [false, false, false]);
}

#[test]
fn what_two_patterns_reach_is_all_that_one_of_them_does() {
    let reach = |[service, bucket, object]: [bool; 3]| Reach {
        service,
        bucket,
        object,
    };
    for one in [
        [true, false, false],
        [false, true, false],
        [false, false, true],
    ] {
        for other in [[false; 3], one] {
            assert_eq!(reach(one).or(reach(other)), reach(one));
            assert_eq!(reach(other).or(reach(one)), reach(one));
        }
    }
    assert_eq!(reach([false; 3]).or(reach([false; 3])), reach([false; 3]));
}

#[test]
fn only_what_can_name_another_service_is_matched_by_its_whole_arn() {
    let foreign = |text: &str, bucket| {
        let entry = entry(text, Variables::Substitute, bucket).unwrap();
        entry.foreign.is_some()
    };
    assert!(foreign("*", None));
    assert!(foreign("arn:aws:s3tables:::bucket/a", None));
    assert!(!foreign("arn:aws:s3:::lake", None));
    assert!(!foreign("*", Some("lake")));
}

#[test]
fn resources_are_filed_under_the_beginnings_they_share() {
    let globs = |texts: &[&str]| {
        let glob =
            |text: &&str| Glob::parse(text, Wildcards::Match, Variables::Substitute).unwrap();
        texts.iter().map(glob).collect::<Globs>()
    };
    let patterns = || Patterns {
        own: globs(&["lake/a*", "lake/ab", "pond/?"]),
        foreign: globs(&[]),
    };
    let mut beginnings = Resources::Only(patterns()).beginnings().join(" ");
    assert_eq!(beginnings, "lake/a pond/");
    beginnings = Resources::Not(patterns()).beginnings().join(" ");
    assert_eq!(beginnings, "");
}
