use super::*;
use crate::document;
use crate::policy::Origin;
use crate::s3::names::BucketName;
use std::sync::Arc;

fn findings(kind: PolicyKind<'_>, text: &str) -> Vec<Finding> {
    let origin = Arc::new(Origin {
        source: "test".into(),
    });
    let node = document::yaml(text).unwrap();
    let policy = Policy::compile(&node, kind, origin)
        .unwrap_or_else(|problems| panic!("{problems:?}: {text}"))
        .policy;
    lint(&policy, kind)
}

fn shown(findings: &[Finding]) -> Vec<String> {
    let line = |found: &Finding| format!("{}: {}", found.at.line, found.rule.id());
    findings.iter().map(line).collect()
}

/// Statements of a bucket policy, the first on line 3; what is not written is Allow, somebody, GetObject, all objects.
fn document_of(statements: &[&str], has: [(&str, &str, &str); 4]) -> String {
    let mut text = "Version: '2012-10-17'\nStatement:\n".to_owned();
    for statement in statements {
        let mut fields = (*statement).to_owned();
        for (plain, negated, usual) in has {
            let missing = ![plain, negated].iter().any(|name| {
                fields.starts_with(&format!("{name}:")) || fields.contains(&format!(" {name}:"))
            });
            if missing && !usual.is_empty() {
                fields += &format!(", {plain}: {usual}");
            }
        }
        let fields = fields.trim_start_matches(", ");
        text += &format!("- {{ {fields} }}\n");
    }
    text
}

#[track_caller]
fn bucket(statements: &[&str], expected: &[&str]) {
    let name = BucketName::parse("acme").unwrap();
    let usual = [
        ("Effect", "Effect", "Allow"),
        (
            "Principal",
            "NotPrincipal",
            "{ AWS: 'arn:aws:iam::111122223333:user/alice' }",
        ),
        ("Action", "NotAction", "'s3:GetObject'"),
        ("Resource", "NotResource", "'arn:aws:s3:::acme/*'"),
    ];
    let text = document_of(statements, usual);
    let found = findings(PolicyKind::Bucket(&name), &text);
    assert_eq!(shown(&found), expected, "{text}{found:#?}");
}

#[track_caller]
fn held(kind: PolicyKind<'_>, statements: &[&str], expected: &[&str]) {
    let usual = [
        ("Effect", "Effect", "Allow"),
        ("Principal", "NotPrincipal", ""),
        ("Action", "NotAction", "'s3:GetObject'"),
        ("Resource", "NotResource", "'arn:aws:s3:::acme/*'"),
    ];
    let text = document_of(statements, usual);
    let found = findings(kind, &text);
    assert_eq!(shown(&found), expected, "{text}{found:#?}");
}

#[track_caller]
fn identity(statements: &[&str], expected: &[&str]) {
    held(PolicyKind::Identity, statements, expected);
}

/// A statement with these conditions.
fn when(conditions: &str) -> String {
    format!("Condition: {{ {conditions} }}")
}

/// An Allow and a Deny with these conditions can never match, or can.
#[track_caller]
fn contradicts(conditions: &str, expected: &[&str]) {
    bucket(&[&when(conditions)], expected);
    let deny = format!(
        "Effect: Deny, Action: ['s3:GetObject', 's3:GetObjectVersion'], {}",
        when(conditions)
    );
    bucket(&[&deny], expected);
}

const NEVER: [&str; 1] = ["3: never-matches"];

#[test]
fn a_plain_policy_has_no_findings() {
    bucket(&[""], &[]);
    identity(&[""], &[]);
}

#[test]
fn a_policy_without_version_is_noted() {
    let text = "Statement: { Effect: Allow, Action: 's3:GetObject', Resource: '*' }";
    assert_eq!(
        shown(&findings(PolicyKind::Identity, text)),
        ["1: no-version"]
    );
    for version in ["2008-10-17", "2012-10-17"] {
        let text = format!("Version: '{version}'\n{text}");
        assert!(findings(PolicyKind::Identity, &text).is_empty());
    }
}

#[test]
fn everyone_is_public_unless_confined() {
    let everyone = |more: &str| format!("Principal: '*', {more}");
    let check =
        |conditions: &str, expected: &[&str]| bucket(&[&everyone(&when(conditions))], expected);
    bucket(&["Principal: '*'"], &["3: public"]);
    bucket(&["Principal: { AWS: '*' }"], &["3: public"]);
    bucket(
        &["Principal: '*', Effect: Deny, Action: 's3:PutObject'"],
        &[],
    );
    check("IpAddress: { 'aws:SourceIp': '192.0.2.0/24' }", &[]);
    check(
        "IpAddress: { 'aws:SourceIp': '0.0.0.0/0' }",
        &["3: public-by-accident"],
    );
    check(
        "IpAddress: { 'aws:SourceIp': '8.0.0.0/7' }",
        &["3: public-by-accident"],
    );
    check("IpAddress: { 'aws:SourceIp': '8.0.0.0/8' }", &[]);
    check(
        "NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' }",
        &["3: public-by-accident"],
    );
    check(
        "IpAddressIfExists: { 'aws:SourceIp': '192.0.2.0/24' }",
        &["3: public-by-accident"],
    );
    check(
        "StringEquals: { 'aws:PrincipalAccount': '111122223333' }",
        &[],
    );
    check(
        "StringLike: { 'aws:PrincipalAccount': '*' }",
        &["3: public-by-accident"],
    );
    check(
        "StringNotEquals: { 'aws:PrincipalAccount': '111122223333' }",
        &["3: public-by-accident"],
    );
    check(
        "StringLike: { 'aws:Referer': 'https://acme.example/*' }",
        &["3: public-by-accident"],
    );
    check(
        "StringEquals: { 'aws:UserAgent': secret }",
        &["3: public-by-accident"],
    );
    check("StringEquals: { 's3:x-amz-acl': private }", &["3: public"]);
}

#[test]
fn everyone_who_writes_is_worse() {
    bucket(
        &["Principal: '*', Action: 's3:PutObject'"],
        &["3: public", "3: public-write"],
    );
    bucket(
        &["Principal: '*', NotAction: 's3:GetObject'"],
        &["3: public", "3: notaction-allow", "3: public-write"],
    );
    bucket(
        &["Principal: '*', Action: ['s3:Get*', 's3:ListMultipartUploadParts']"],
        &["3: public"],
    );
    bucket(&["Action: 's3:PutObject'"], &[]);
}

#[test]
fn a_whole_account_that_may_do_everything_is_noted() {
    let account = "Principal: { AWS: ['444455556666'] }, Resource: ['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*']";
    bucket(
        &[&format!("{account}, Action: 's3:*'")],
        &["3: broad-principal"],
    );
    bucket(
        &[&format!(
            "{account}, Action: ['s3:GetObject', 's3:ListBucket']"
        )],
        &[],
    );
    bucket(
        &["Resource: ['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*'], Action: 's3:*'"],
        &[],
    );
    let confined = when("IpAddress: { 'aws:SourceIp': '192.0.2.0/24' }");
    bucket(&[&format!("{account}, Action: 's3:*', {confined}")], &[]);
}

#[test]
fn notprincipal_must_list_the_whole_chain() {
    let not = |list: &str, expected: &[&str]| {
        bucket(
            &[&format!(
                "Effect: Deny, NotPrincipal: {{ AWS: [{list}] }}, Action: 's3:PutObject'"
            )],
            expected,
        );
    };
    const FOUND: [&str; 1] = ["3: notprincipal-deny"];
    let (account, user) = ("'111122223333'", "'arn:aws:iam::111122223333:user/alice'");
    let role = "'arn:aws:iam::111122223333:role/ops/admin'";
    let session = "'arn:aws:sts::111122223333:assumed-role/admin/bob'";
    not(&format!("{account}, {user}"), &[]);
    not(user, &FOUND);
    not(account, &FOUND);
    not(
        "'arn:aws:iam::444455556666:root', 'arn:aws:iam::111122223333:user/alice'",
        &["3: notprincipal-deny", "3: notprincipal-deny"],
    );
    not(&format!("{account}, {role}, {session}"), &[]);
    not(&format!("{account}, {role}"), &FOUND);
    not(&format!("{account}, {session}"), &FOUND);
}

#[test]
fn everything_but_is_no_grant() {
    identity(&["NotAction: 's3:DeleteObject'"], &["3: notaction-allow"]);
    identity(
        &["NotResource: 'arn:aws:s3:::acme/secret/*'"],
        &["3: notresource-allow"],
    );
    identity(&["Effect: Deny, NotAction: 's3:GetObject'"], &[]);
    held(PolicyKind::Boundary, &["NotAction: 's3:DeleteObject'"], &[]);
    identity(&["Action: 's3:*'"], &["3: action-resource-split"]);
}

#[test]
fn a_condition_that_does_not_confine_is_told_why() {
    let told = |conditions: &str| {
        let name = BucketName::parse("acme").unwrap();
        let text = format!(
            "Version: '2012-10-17'\nStatement: [{{ Effect: Allow, Principal: '*', Action: 's3:GetObject', \
             Resource: 'arn:aws:s3:::acme/*', {} }}]",
            when(conditions)
        );
        let mut found = findings(PolicyKind::Bucket(&name), &text);
        found.remove(0).message
    };
    for (conditions, why) in [
        (
            "IpAddress: { 'aws:SourceIp': '0.0.0.0/1' }",
            "is broader than /8 (IPv4) or /32 (IPv6)",
        ),
        (
            "StringLike: { 'aws:PrincipalOrgID': 'o-*' }",
            "has a wildcard or a variable",
        ),
        (
            "NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' }",
            "holds for everyone but those listed",
        ),
    ] {
        let message = told(conditions);
        assert!(message.contains(why), "{conditions}: {message}");
    }
}

#[test]
fn a_write_for_everyone_is_shown_where_it_is_granted() {
    let line = |action: &str, rest: &str| {
        let name = BucketName::parse("acme").unwrap();
        let text = format!(
            "Version: '2012-10-17'\nStatement:\n- Effect: Allow\n  Principal: '*'\n  {action}:\n  - s3:GetObject\n  \
             - {rest}\n  Resource: ['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*']\n"
        );
        let found = findings(PolicyKind::Bucket(&name), &text);
        let write = found.iter().find(|found| found.rule == Rule::PublicWrite);
        write.map(|found| found.at.line)
    };
    assert_eq!(line("Action", "s3:PutObject"), Some(7));
    assert_eq!(line("Action", "s3:GetObjectAcl"), None);
    // What is left out is nowhere: the list is shown.
    assert_eq!(line("NotAction", "s3:GetObjectAcl"), Some(5));
}

#[test]
fn a_severity_has_the_name_that_reports_give_it() {
    let names = [Severity::Warning, Severity::Note].map(Severity::as_str);
    assert_eq!(names, ["warning", "note"]);
}

#[test]
fn every_action_on_half_of_a_bucket_is_noted() {
    const SPLIT: [&str; 1] = ["3: action-resource-split"];
    identity(&["Action: 's3:*', Resource: 'arn:aws:s3:::acme/*'"], &SPLIT);
    identity(&["Action: 's3:*', Resource: 'arn:aws:s3:::acme'"], &SPLIT);
    for both in [
        "['arn:aws:s3:::acme', 'arn:aws:s3:::acme/*']",
        "'arn:aws:s3:::acme*'",
        "'*'",
        "'arn:aws:s3:::acme/home/*'",
    ] {
        identity(&[&format!("Action: 's3:*', Resource: {both}")], &[]);
    }
    identity(&["Action: 's3:Get*'"], &[]);
    // What is listed here is left out.
    bucket(
        &["Effect: Deny, Action: 's3:*', NotResource: 'arn:aws:s3:::acme/*'"],
        &[],
    );
}

#[test]
fn a_deny_names_versions_too() {
    let deny = |actions: &str| format!("Effect: Deny, Principal: '*', Action: [{actions}]");
    bucket(&[&deny("'s3:GetObject'")], &["3: deny-misses-version"]);
    bucket(&[&deny("'s3:DeleteObject'")], &["3: deny-misses-version"]);
    bucket(&[&deny("'s3:DeleteObject', 's3:DeleteObjectVersion'")], &[]);
    bucket(&[&deny("'s3:DeleteObject*'")], &[]);
    bucket(
        &[&deny("'s3:*'"), &deny("'s3:DeleteObject'")],
        &["3: action-resource-split", "4: deny-shadowed"],
    );
    bucket(&[&deny("'s3:PutObject'")], &[]);
    bucket(&["Action: 's3:DeleteObject'"], &[]);
    let elsewhere = format!(
        "{}, {}",
        deny("'s3:GetObject'"),
        when("Bool: { 'aws:SecureTransport': 'false' }")
    );
    bucket(&[&elsewhere, &deny("'s3:GetObjectVersion'")], &[]);
}

#[test]
fn forallvalues_in_an_allow_needs_a_guard() {
    let all = "'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': [a, b] }";
    let put = |conditions: &str, expected: &[&str]| {
        bucket(
            &[&format!("Action: 's3:PutObject', {}", when(conditions))],
            expected,
        );
    };
    put(all, &["3: forallvalues-allow"]);
    put(
        &format!("{all}, 'Null': {{ 's3:RequestObjectTagKeys': 'false' }}"),
        &[],
    );
    put(
        &format!("{all}, 'Null': {{ 's3:RequestObjectTagKeys': 'true' }}"),
        &["3: forallvalues-allow"],
    );
    put(
        "'ForAnyValue:StringEquals': { 's3:RequestObjectTagKeys': a }",
        &[],
    );
    // That some tag is there guards it, unless that holds without any too.
    let some = |operator: &str| format!("{all}, '{operator}': {{ 's3:RequestObjectTagKeys': a }}");
    put(&some("ForAnyValue:StringEquals"), &[]);
    put(
        &some("ForAnyValue:StringEqualsIfExists"),
        &["3: forallvalues-allow"],
    );
    bucket(
        &[&format!(
            "Effect: Deny, Action: 's3:PutObject', {}",
            when(all)
        )],
        &[],
    );
}

#[test]
fn an_allow_is_not_left_to_missing_keys() {
    let found = ["3: negated-allow"];
    let check = |conditions: &str, expected: &[&str]| bucket(&[&when(conditions)], expected);
    check("StringNotEquals: { 'aws:PrincipalTag/team': red }", &found);
    check(
        "StringEqualsIfExists: { 'aws:PrincipalTag/team': red }",
        &found,
    );
    check("StringEqualsIfExists: { 's3:prefix': red }", &[]);
    check("StringEquals: { 'aws:PrincipalTag/team': red }", &[]);
    check(
        "StringNotEquals: { 'aws:PrincipalTag/team': red }, 'Null': { 'aws:PrincipalTag/team': 'false' }",
        &[],
    );
    check("NotIpAddress: { 'aws:SourceIp': '192.0.2.0/24' }", &[]);
    bucket(
        &[&format!(
            "Effect: Deny, Action: 's3:PutObject', {}",
            when("StringNotEquals: { 'aws:PrincipalTag/team': red }")
        )],
        &[],
    );
    // Who holds a policy has an ARN, but not every tag; who is named in one may be no user at all.
    let not_x = when("ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/x' }");
    identity(&[&not_x], &[]);
    identity(
        &[&when("StringNotEquals: { 'aws:PrincipalTag/team': red }")],
        &found,
    );
    bucket(
        &[&format!("Principal: {{ AWS: '111122223333' }}, {not_x}")],
        &found,
    );
}

#[test]
fn literal_operators_have_no_wildcards() {
    let check = |conditions: &str, expected: &[&str]| bucket(&[&when(conditions)], expected);
    let found = ["3: wildcard-in-literal-operator"];
    check("StringEquals: { 'aws:PrincipalTag/team': 'red*' }", &found);
    check(
        "StringNotEqualsIgnoreCase: { 'aws:PrincipalTag/team': [x, 'r?d'] }",
        &["3: negated-allow", "3: wildcard-in-literal-operator"],
    );
    check("StringLike: { 'aws:PrincipalTag/team': 'red*' }", &[]);
    check("StringEquals: { 'aws:PrincipalTag/team': 'red${*}' }", &[]);
    check(
        "StringEquals: { 'aws:Referer': 'https://acme.example/?q' }",
        &[],
    );
    check(
        "ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/x*' }",
        &[],
    );
}

#[test]
fn variables_in_conditions_need_the_version() {
    let text = |version: &str| {
        format!(
            "Version: '{version}'\nStatement: {{ Effect: Allow, Action: 's3:ListBucket', Resource: '*', Condition: {{ StringLike: {{ 's3:prefix': '${{aws:username}}/*' }} }} }}"
        )
    };
    assert_eq!(
        shown(&findings(PolicyKind::Identity, &text("2008-10-17"))),
        ["2: literal-variable"]
    );
    assert!(findings(PolicyKind::Identity, &text("2012-10-17")).is_empty());
}

#[test]
fn an_open_account_lets_in_who_makes_one() {
    let check = |conditions: &str, expected: &[&str]| {
        bucket(
            &[&format!(
                "Principal: {{ AWS: '444455556666' }}, {}",
                when(conditions)
            )],
            expected,
        );
    };
    let found = ["3: any-account-arn"];
    check(
        "ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/admin' }",
        &found,
    );
    check(
        "StringLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/admin' }",
        &found,
    );
    check(
        "ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::444455556666:role/*' }",
        &[],
    );
    check(
        "ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/admin' }, StringEquals: { 'aws:PrincipalAccount': '444455556666' }",
        &[],
    );
    let deny = |operator: &str| {
        let conditions = when(&format!(
            "{operator}: {{ 'aws:PrincipalArn': 'arn:aws:iam::*:role/admin' }}"
        ));
        format!("Effect: Deny, Principal: '*', Action: 's3:PutObject', {conditions}")
    };
    bucket(&[&deny("ArnNotLike")], &found);
    bucket(&[&deny("ArnLike")], &[]);
    identity(
        &[&when(
            "ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/admin' }",
        )],
        &[],
    );
}

#[test]
fn a_second_factor_is_not_known_here() {
    let present = |operator: &str| {
        when(&format!(
            "{operator}: {{ 'aws:MultiFactorAuthPresent': 'true' }}"
        ))
    };
    identity(&[&present("BoolIfExists")], &["3: mfa-ifexists"]);
    identity(&[&present("Bool")], &NEVER);
    identity(
        &[&format!(
            "Effect: Deny, Action: 's3:PutObject', {}",
            present("BoolIfExists")
        )],
        &["3: mfa-ifexists"],
    );
}

#[test]
fn texts_can_contradict() {
    let tag = "'aws:PrincipalTag/team'";
    let two = |one: &str, other: &str| format!("{one}, {other}");
    let equals = |values: &str| format!("StringEquals: {{ {tag}: {values} }}");
    let like = |values: &str| format!("StringLike: {{ {tag}: {values} }}");
    contradicts(&two(&equals("red"), &like("'b*'")), &NEVER);
    contradicts(&two(&equals("[red, blue]"), &like("'b*'")), &[]);
    contradicts(
        &two(
            &equals("red"),
            &format!("StringNotEquals: {{ {tag}: [red, blue] }}"),
        ),
        &NEVER,
    );
    contradicts(
        &two(
            &equals("[red, green]"),
            &format!("StringNotEquals: {{ {tag}: [red, blue] }}"),
        ),
        &[],
    );
    contradicts(
        &two(
            &equals("red"),
            "StringEqualsIgnoreCase: { 'aws:principaltag/TEAM': RED }",
        ),
        &[],
    );
    contradicts(
        &two(
            &equals("red"),
            "StringEqualsIgnoreCase: { 'aws:principaltag/TEAM': blue }",
        ),
        &NEVER,
    );
    contradicts(
        &two(
            &equals("red"),
            "StringEquals: { 'aws:PrincipalTag/other': blue }"
                .replace("StringEquals", "StringLike")
                .as_str(),
        ),
        &[],
    );
    contradicts(&two(&equals("red"), &like("'${aws:username}'")), &[]);
}

#[test]
fn arns_can_contradict_and_patterns_of_them_are_not_taken_for_arns() {
    let arn = |operator: &str, role: &str| {
        format!("{operator}: {{ 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/{role}' }}")
    };
    let two = |one: String, other: String| format!("{one}, {other}");
    contradicts(&two(arn("ArnEquals", "a"), arn("ArnLike", "b*")), &NEVER);
    contradicts(&two(arn("ArnEquals", "b"), arn("ArnLike", "b*")), &[]);
    // The pattern, read as an ARN, is one that the other excludes; `role/b` is not.
    contradicts(&two(arn("ArnLike", "b*"), arn("ArnNotLike", "b?")), &[]);
}

#[test]
fn tests_of_a_set_may_hold_for_different_values_of_it() {
    let two = |set: &str, one: &str, other: &str| {
        let test = |operator: &str, value: &str| {
            format!("'{set}{operator}': {{ 's3:RequestObjectTagKeys': {value} }}")
        };
        format!(
            "{}, {}",
            test("StringEquals", one),
            test("StringLike", other)
        )
    };
    contradicts(&two("ForAnyValue:", "red", "'b*'"), &[]);
    contradicts(&two("", "red", "'b*'"), &[]);
}

#[test]
fn presence_can_contradict() {
    let null = |wanted: &str| format!("'Null': {{ 'aws:PrincipalTag/team': '{wanted}' }}");
    let equals = "StringEquals: { 'aws:PrincipalTag/team': red }";
    contradicts(&format!("{}, {equals}", null("true")), &NEVER);
    contradicts(&format!("{}, {equals}", null("false")), &[]);
    let if_exists = "StringEqualsIfExists: { 'aws:PrincipalTag/team': red }";
    bucket(
        &[&format!(
            "Effect: Deny, Action: 's3:PutObject', {}",
            when(&format!("{}, {if_exists}", null("true")))
        )],
        &[],
    );
    contradicts("StringEquals: { 'aws:SourceVpce': vpce-1 }", &NEVER);
    identity(
        &["Action: '*', Resource: '*', Condition: { StringEquals: { 'ec2:Region': x } }"],
        &[],
    );
}

#[test]
fn windows_can_be_empty() {
    let dates = |from: &str, to: &str| {
        format!(
            "DateGreaterThan: {{ 'aws:CurrentTime': '{from}' }}, DateLessThan: {{ 'aws:CurrentTime': '{to}' }}"
        )
    };
    contradicts(&dates("2026-06-01", "2026-05-01"), &NEVER);
    contradicts(&dates("2026-06-01", "2026-06-01"), &NEVER);
    contradicts(&dates("2026-05-01", "2026-06-01"), &[]);
    let keys = |least: &str, most: &str| {
        format!(
            "NumericGreaterThanEquals: {{ 's3:max-keys': '{least}' }}, NumericLessThanEquals: {{ 's3:max-keys': '{most}' }}"
        )
    };
    contradicts(&keys("11", "10"), &NEVER);
    contradicts(&keys("10", "10"), &[]);
    contradicts(&keys("10", "10.5"), &[]);
    contradicts(
        "NumericGreaterThan: { 's3:max-keys': 10 }, NumericLessThan: { 's3:max-keys': 11 }",
        &[],
    );
    contradicts(
        "NumericLessThan: { 's3:max-keys': 10 }, NumericNotEquals: { 's3:max-keys': 5 }",
        &[],
    );
    // Next to these no number is known, and so it is not certain that none is between.
    for (least, most) in [("10.123456789", "10.2"), ("-5", "0")] {
        let open = format!(
            "NumericGreaterThan: {{ 's3:max-keys': '{least}' }}, NumericLessThan: {{ 's3:max-keys': '{most}' }}"
        );
        contradicts(&open, &[]);
    }
}

#[test]
fn copy_sources_are_compared_without_the_slash_they_are_written_with() {
    let both = |written: &str, pattern: &str| {
        let key = "s3:x-amz-copy-source";
        format!("StringEquals: {{ '{key}': {written} }}, StringLike: {{ '{key}': '{pattern}' }}")
    };
    contradicts(&both("/acme/a", "acme/*"), &[]);
    contradicts(&both("/acme/a", "other/*"), &NEVER);
}

#[test]
fn networks_can_exclude_each_other() {
    let nets = |within: &str, without: &str| {
        format!(
            "IpAddress: {{ 'aws:SourceIp': {within} }}, NotIpAddress: {{ 'aws:SourceIp': {without} }}"
        )
    };
    contradicts(&nets("'10.1.0.0/16'", "'10.0.0.0/8'"), &NEVER);
    contradicts(&nets("'10.0.0.0/8'", "'10.0.0.0/9'"), &[]);
    contradicts(
        &nets("'10.0.0.0/8'", "['10.0.0.0/9', '10.128.0.0/9']"),
        &NEVER,
    );
    contradicts(&nets("['10.1.0.0/16', '192.0.2.1']", "'10.0.0.0/8'"), &[]);
    contradicts(&nets("'2001:db8::/32'", "'2001:db8::/33'"), &[]);
}

#[test]
fn a_deny_can_make_others_useless() {
    let everyone = "Effect: Deny, Principal: '*', Action: ['s3:GetObject', 's3:GetObjectVersion']";
    bucket(&[everyone, ""], &["4: allow-shadowed"]);
    bucket(&[everyone, "Action: 's3:PutObject'"], &[]);
    bucket(
        &[everyone, "Resource: 'arn:aws:s3:::acme/x/*'"],
        &["4: allow-shadowed"],
    );
    let narrow = format!("{everyone}, Resource: 'arn:aws:s3:::acme/x/*'");
    bucket(&[&narrow, ""], &[]);
    bucket(
        &[&narrow, "Resource: 'arn:aws:s3:::acme/x/?'"],
        &["4: allow-shadowed"],
    );
    let tls = when("Bool: { 'aws:SecureTransport': 'false' }");
    bucket(&[&format!("{everyone}, {tls}"), ""], &[]);
    bucket(
        &[everyone, &format!("{everyone}, {tls}")],
        &["4: deny-shadowed"],
    );
    bucket(&[everyone, &narrow], &["4: deny-shadowed"]);
    bucket(&[&narrow, everyone], &["3: deny-shadowed"]);
    // Of two that say the same in other words the later one is useless.
    let again = "Effect: Deny, Principal: '*', Action: ['s3:GetObjectVersion', 's3:GetObject']";
    bucket(&[everyone, again], &["4: deny-shadowed"]);
    // One character is not any text.
    let one = format!("{everyone}, Resource: 'arn:aws:s3:::acme/x?'");
    bucket(&[&one, "Resource: 'arn:aws:s3:::acme/x*'"], &[]);
    let alice = "Effect: Deny, Action: ['s3:GetObject', 's3:GetObjectVersion']";
    bucket(&[alice, "Principal: { AWS: '111122223333' }"], &[]);
    bucket(
        &[
            &alice.replace("Action", "Principal: { AWS: '111122223333' }, Action"),
            "",
        ],
        &["4: allow-shadowed"],
    );
}

#[test]
fn what_other_services_are_granted_is_not_shadowed() {
    let deny = "Effect: Deny, Action: 's3:*', Resource: '*'";
    identity(&[deny, "Action: ['s3:GetObject', 'ec2:RunInstances']"], &[]);
    identity(&[deny, "Action: 's3:GetObject'"], &["4: allow-shadowed"]);
    let others = "Effect: Deny, NotAction: 's3:*', Resource: '*'";
    identity(&[others, "Action: 's3:GetObject'"], &[]);
    identity(
        &[
            "Effect: Deny, Action: '*', Resource: '*'",
            "Action: ['s3:GetObject', 'ec2:RunInstances']",
        ],
        &["4: allow-shadowed"],
    );
}

#[test]
fn a_statement_twice_is_one_too_many() {
    bucket(&["Sid: One", "Sid: Two"], &["4: duplicate-statement"]);
    bucket(&["Sid: One", "Sid: Two, Action: 's3:PutObject'"], &[]);
}

#[test]
fn messages_name_what_was_written() {
    let name = BucketName::parse("acme").unwrap();
    let text = "Version: '2012-10-17'\nStatement:\n- Effect: Allow\n  Principal: '*'\n  Action: s3:GetObject\n  Resource: arn:aws:s3:::acme/*\n  Condition:\n    StringNotEquals:\n      aws:SourceVpc: vpc-1\n";
    let found = findings(PolicyKind::Bucket(&name), text);
    let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "9:7: `StringNotEquals` on `aws:SourceVpc` holds for everyone but those listed: the statement is public [public-by-accident]"
        ]
    );
}

#[test]
fn a_message_names_another_statement_by_its_sid_or_its_line() {
    let told = |sid: &str| {
        let deny = format!("{sid}Effect: Deny, Action: 's3:GetObject', Resource: '*'");
        let allow = "Effect: Allow, Action: 's3:GetObject', Resource: '*'";
        let text = format!("Version: '2012-10-17'\nStatement:\n- {{ {deny} }}\n- {{ {allow} }}\n");
        let mut found = findings(PolicyKind::Identity, &text);
        found.retain(|found| found.rule == Rule::AllowShadowed);
        found.remove(0).message
    };
    let denied = "all that this allows is denied by ";
    assert_eq!(told("Sid: Never, "), format!("{denied}`Never`"));
    for nameless in ["", "Sid: '', "] {
        assert_eq!(told(nameless), format!("{denied}the one on line 3"));
    }
}

#[test]
fn the_rules_are_in_order_and_complete() {
    let ids: Vec<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    for rule in Rule::ALL {
        assert!(
            rule.id()
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        );
        assert!(
            !rule.summary().ends_with('.')
                && rule.why().ends_with('.')
                && rule.help().ends_with('.'),
            "{}",
            rule.id()
        );
    }
}
