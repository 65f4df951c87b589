use super::*;
use crate::s3::names::BucketName;

fn compile(text: &str, kind: PolicyKind<'_>) -> Result<Compiled, Vec<Problem>> {
    let origin = Arc::new(Origin {
        source: "test".into(),
    });
    Policy::compile(&document::json(text)?, kind, origin)
}

fn lines(problems: &[impl ToString]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// A bucket policy for `acme` is accepted without warnings if nothing is expected, otherwise refused so.
#[track_caller]
fn bucket(text: &str, expected: &[&str]) {
    let name = BucketName::parse("acme").unwrap();
    match compile(text, PolicyKind::Bucket(&name)) {
        Ok(compiled) => {
            assert_eq!(lines(&compiled.warnings), Vec::<String>::new(), "{text}");
            assert!(expected.is_empty(), "accepted: {text}");
        }
        Err(problems) => assert_eq!(lines(&problems), expected, "{text}"),
    }
}

/// A statement of a bucket policy, with some elements replaced (`name` and its JSON) or taken out (empty JSON).
fn statement(changes: &[(&str, &str)]) -> String {
    let usual = [
        ("Effect", "\"Allow\""),
        ("Principal", "\"*\""),
        ("Action", "\"s3:GetObject\""),
        ("Resource", "\"arn:aws:s3:::acme/*\""),
    ];
    let changed = |name: &str| changes.iter().any(|(change, _)| *change == name);
    let kept = usual.iter().filter(|(name, _)| !changed(name));
    let elements: Vec<String> = changes
        .iter()
        .chain(kept)
        .filter(|(_, json)| !json.is_empty())
        .map(|(name, json)| format!("\"{name}\":{json}"))
        .collect();
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\n{}}}]}}",
        elements.join(",\n")
    )
}

/// The changes come first, each on its own line; the first is line 2.
#[track_caller]
fn refused(changes: &[(&str, &str)], expected: &[&str]) {
    bucket(&statement(changes), expected);
}

#[track_caller]
fn accepted(changes: &[(&str, &str)]) {
    bucket(&statement(changes), &[]);
}

#[test]
fn the_frame_of_a_document() {
    accepted(&[]);
    bucket("[]", &["1:1: a policy is a map, not a list"]);
    bucket("{}", &["1:1: a policy needs `Statement`"]);
    bucket(
        r#"{"Statement": []}"#,
        &["1:15: `Statement` needs at least one statement"],
    );
    bucket(
        r#"{"Statement": "x"}"#,
        &["1:15: a statement is a map, not a text"],
    );
    let rest = r#""Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::acme"}"#;
    bucket(&format!("{{{rest}}}"), &[]);
    bucket(
        &format!("{{\"Id\": \"x\",\"Version\":\"2008-10-17\",{rest}}}"),
        &[],
    );
    bucket(
        &format!("{{\"Version\": \"2012-10-18\",{rest}}}"),
        &["1:13: `Version` is `2012-10-17` or `2008-10-17`"],
    );
    bucket(
        &format!("{{\"version\": \"2012-10-17\",{rest}}}"),
        &["1:2: unknown element `version`, did you mean `Version`?"],
    );
    bucket(
        &format!("{{\"Id\": 1,{rest}}}"),
        &["1:8: `Id` is a text, not a number"],
    );
}

#[test]
fn duplicate_keys_and_sids_are_refused() {
    bucket(
        r#"{"Statement": [], "Statement": []}"#,
        &["1:19: duplicate key `Statement`, first on line 1"],
    );
    let one = r#"{"Sid":"A","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::acme"}"#;
    let twice = format!("{{\"Statement\":[{one},\n{one}]}}");
    bucket(&twice, &["2:8: duplicate Sid `A`, first on line 1"]);
    bucket(&twice.replacen("\"A\"", "\"B\"", 1), &[]);
}

#[test]
fn a_statement_has_an_effect() {
    refused(&[("Effect", "")], &["1:38: a statement needs `Effect`"]);
    refused(
        &[("Effect", "\"allow\"")],
        &["2:10: `Effect` is `Allow` or `Deny`"],
    );
    refused(
        &[("Effect", "true")],
        &["2:10: `Effect` is `Allow` or `Deny`"],
    );
    accepted(&[("Effect", "\"Deny\"")]);
}

#[test]
fn elements_that_exclude_each_other() {
    refused(
        &[("NotAction", "\"s3:PutObject\"")],
        &["5:1: a statement has `Action` or `NotAction`, not both"],
    );
    accepted(&[("NotAction", "\"s3:PutObject\""), ("Action", "")]);
    refused(
        &[("Action", "")],
        &["1:38: a statement needs `Action` or `NotAction`"],
    );
    refused(
        &[("Resource", "")],
        &["1:38: a statement needs `Resource` or `NotResource`"],
    );
    accepted(&[("NotResource", "\"arn:aws:s3:::acme/x\""), ("Resource", "")]);
    refused(
        &[("Principal", "")],
        &["1:38: a statement needs `Principal` or `NotPrincipal`"],
    );
}

#[test]
fn actions_must_exist_and_be_of_s3() {
    refused(
        &[("Action", "\"s3:GetObjct\"")],
        &["2:10: unknown action `s3:GetObjct`, did you mean `s3:GetObject`?"],
    );
    refused(
        &[("Action", "[\"s3:GetObject\", \"s3:Quux*\"]")],
        &["2:27: unknown action `s3:Quux*`"],
    );
    refused(
        &[("Action", "\"ec2:RunInstances\"")],
        &["2:10: `ec2:RunInstances` is no action of S3"],
    );
    refused(
        &[("Action", "\"iam:PassRole\"")],
        &["2:10: `iam:PassRole` is no action of S3"],
    );
    refused(
        &[("Action", "\"GetObject\"")],
        &["2:10: `GetObject` is no action of S3, did you mean `s3:GetObject`?"],
    );
    refused(
        &[("Action", "\"Fetch\"")],
        &["2:10: `Fetch` is no action of S3"],
    );
    refused(
        &[("Action", "[]")],
        &["2:10: `Action` needs at least one text"],
    );
    refused(
        &[("Action", "[1]")],
        &["2:11: `Action` is a text, not a number"],
    );
    for good in [
        "\"S3:getobject\"",
        "\"s3:Get*\"",
        "\"*\"",
        "\"s3:*\"",
        "\"s3:Get?bject\"",
    ] {
        accepted(&[("Action", good)]);
    }
}

#[test]
fn an_action_must_fit_a_resource() {
    let complaint =
        |action: &str| format!("2:10: `{action}` applies to no resource of this statement");
    refused(
        &[("Action", "\"s3:ListBucket\"")],
        &[&complaint("s3:ListBucket")],
    );
    refused(
        &[("Action", "\"s3:ListAllMyBuckets\"")],
        &[&complaint("s3:ListAllMyBuckets")],
    );
    let on_bucket = ("Resource", "\"arn:aws:s3:::acme\"");
    refused(
        &[("Action", "\"s3:GetObject\""), on_bucket],
        &[&complaint("s3:GetObject")],
    );
    accepted(&[("Action", "\"s3:ListBucket\""), on_bucket]);
    accepted(&[
        ("Action", "\"s3:ListBucket\""),
        ("Resource", "\"arn:aws:s3:::acme*\""),
    ]);
    accepted(&[
        ("Action", "\"s3:GetObject\""),
        ("Resource", "\"arn:aws:s3:::acme*\""),
    ]);
    accepted(&[("Action", "\"s3:*\""), on_bucket]);
}

#[test]
fn resources_must_lie_in_the_bucket() {
    let outside = [
        "arn:aws:s3:::other/*",
        "arn:aws:s3:::acm",
        "arn:aws:s3:::acme2/*",
        "arn:aws:sqs:*:*:q",
        "arn:aws:s3:::acme/",
    ];
    for text in outside {
        let complaint = format!("2:12: `{text}` lies outside the bucket `acme`");
        refused(
            &[("Resource", &format!("\"{text}\"")), ("Action", "\"s3:*\"")],
            &[
                &complaint,
                "3:10: `s3:*` applies to no resource of this statement",
            ],
        );
    }
    refused(
        &[("Resource", "[\"acme/*\", \"arn:aws:s3:::acme/*\"]")],
        &["2:13: `acme/*` is neither an ARN nor `*`"],
    );
    refused(
        &[(
            "Resource",
            "[\"arn:aws:${aws:username}:::acme/*\", \"arn:aws:s3:::acme/*\"]",
        )],
        &["2:13: `arn:aws:${aws:username}:::acme/*` has a policy variable before the fifth colon"],
    );
    for good in [
        "arn:aws:s3:::acme/*",
        "arn:aws:s3:::*",
        "*",
        "arn:aws:s3:::ac*/x",
        "arn:aws:s3:::acme/${aws:username}/*",
        "arn:*",
    ] {
        accepted(&[("Resource", &format!("\"{good}\""))]);
    }
}

#[test]
fn arns_of_the_wrong_shape_are_told_the_right_one() {
    let shapes = ": buckets and objects are `arn:aws:s3:::bucket` and `arn:aws:s3:::bucket/key`";
    for text in [
        "arn:aws:s3::acme/*",
        "arn:aws:s3:eu-west-1:111122223333:acme/*",
        "arn:aws-cn:s3:::acme/*",
    ] {
        let complaint = format!("2:12: `{text}` lies outside the bucket `acme`{shapes}");
        refused(
            &[("Resource", &format!("\"{text}\"")), ("Action", "\"s3:*\"")],
            &[
                &complaint,
                "3:10: `s3:*` applies to no resource of this statement",
            ],
        );
    }
}

#[test]
fn elements_of_a_statement_are_spelt_as_aws_spells_them() {
    refused(
        &[("Resources", "\"arn:aws:s3:::acme/*\"")],
        &["2:1: unknown element `Resources`, did you mean `Resource`?"],
    );
    refused(
        &[("conditions", "{}")],
        &["2:1: unknown element `conditions`, did you mean `Condition`?"],
    );
    refused(&[("Comment", "\"x\"")], &["2:1: unknown element `Comment`"]);
}

#[test]
fn principals_must_be_whole_and_real() {
    let aws = |text: &str| format!("{{\"AWS\": \"{text}\"}}");
    for bad in ["arn:aws:iam::111122223333:user/*", "*x"] {
        let complaint =
            format!("2:21: `{bad}`: a principal is `*` or named in full, it has no wildcards");
        refused(&[("Principal", &aws(bad))], &[&complaint]);
    }
    for bad in [
        "arn:aws:iam::111122223333:group/x",
        "11112222333",
        "arn:aws:iam::1:user/x",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:sts::111122223333:assumed-role/r",
        "arn:aws:iam::111122223333:root/x",
        "alice",
    ] {
        let complaint = format!(
            "2:21: `{bad}` is no account, user, role or session; groups cannot be principals"
        );
        refused(&[("Principal", &aws(bad))], &[&complaint]);
    }
    for good in [
        "*",
        "111122223333",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:user/a/b",
        "arn:aws:iam::111122223333:role/r",
        "arn:aws:sts::111122223333:assumed-role/r/s",
        "arn:aws:sts::111122223333:federated-user/f",
    ] {
        accepted(&[("Principal", &aws(good))]);
    }
    refused(
        &[("Principal", "\"111122223333\"")],
        &["2:13: a principal is `*` or a map such as {\"AWS\": \"…\"}"],
    );
    refused(
        &[("Principal", "{}")],
        &["2:13: a principal is `*` or a map such as {\"AWS\": \"…\"}"],
    );
    refused(
        &[("Principal", "{\"aws\": \"*\"}")],
        &["2:14: unknown kind of principal `aws`, did you mean `AWS`?"],
    );
    refused(
        &[("Principal", "{\"Service\": \"*\"}")],
        &["2:25: `*` is no service such as `cloudtrail.amazonaws.com`"],
    );
    accepted(&[("Principal", "{\"Service\": [\"cloudtrail.amazonaws.com\"]}")]);
    refused(
        &[("Principal", "{\"CanonicalUser\": \"12\"}")],
        &["2:31: `12` is no canonical user id of 64 hex digits"],
    );
    accepted(&[(
        "Principal",
        &format!("{{\"CanonicalUser\": \"{}\"}}", "a1".repeat(32)),
    )]);
}

#[test]
fn notprincipal_stands_with_deny_only() {
    let everyone = ("NotPrincipal", "{\"AWS\":\"111122223333\"}");
    refused(
        &[everyone, ("Principal", "")],
        &["2:1: `NotPrincipal` cannot stand with `Allow`"],
    );
    accepted(&[everyone, ("Principal", ""), ("Effect", "\"Deny\"")]);
}

#[test]
fn conditions_must_be_known() {
    let with = |condition: &str, expected: &[&str]| {
        bucket(&statement(&[("Condition", condition)]), expected)
    };
    with("{}", &[]);
    with("[]", &["2:13: `Condition` is a map, not a list"]);
    with(
        r#"{"StringEquls": {"s3:prefix": "x"}}"#,
        &["2:14: unknown condition operator `StringEquls`, did you mean `StringEquals`?"],
    );
    with(
        r#"{"ForAnyValues:StringLike": {"s3:prefix": "x"}}"#,
        &["2:14: unknown set operator `ForAnyValues`, did you mean `ForAnyValue`?"],
    );
    with(
        r#"{"NullIfExists": {"s3:prefix": "true"}}"#,
        &["2:14: `Null` takes neither a set operator nor `IfExists`"],
    );
    with(
        r#"{"ForAllValues:Null": {"s3:prefix": "true"}}"#,
        &["2:14: `Null` takes neither a set operator nor `IfExists`"],
    );
    with(r#"{"Null": {"s3:prefix": "true"}}"#, &[]);
    with(
        r#"{"StringEquals": {"s3:prefx": "x"}}"#,
        &["2:31: unknown condition key `s3:prefx`, did you mean `s3:prefix`?"],
    );
    with(r#"{"StringEquals": {"S3:PREFIX": "x"}}"#, &[]);
    with(r#"{"StringEquals": {"aws:PrincipalTag/Team": "x"}}"#, &[]);
    with(
        r#"{"StringEquals": {"aws:PrincipalTag/": "x"}}"#,
        &["2:31: `aws:PrincipalTag/` needs the name of a tag after the slash"],
    );
    with(
        r#"{"s3:prefix": {"StringEquals": "x"}}"#,
        &[
            "2:14: `s3:prefix` is a condition key: it stands under an operator such as `StringEquals`",
        ],
    );
    with(
        r#"{"stringequals": {"s3:prefix": "x"}}"#,
        &["2:14: unknown condition operator `stringequals`, did you mean `StringEquals`?"],
    );
    with(
        r#"{"StringEqualIfExists": {"s3:prefix": "x"}}"#,
        &["2:14: unknown condition operator `StringEqual`, did you mean `StringEquals`?"],
    );
    with(
        r#"{"StringEquals": {"s3:prefix": "x", "s3:prefix": "y"}}"#,
        &["2:49: duplicate key `s3:prefix`, first on line 2"],
    );
    with(
        r#"{"StringEquals": {}}"#,
        &["2:30: `StringEquals` needs a map of keys to values"],
    );
    with(
        r#"{"StringEquals": {"s3:prefix": []}}"#,
        &["2:44: `s3:prefix` needs at least one value"],
    );
    with(
        r#"{"StringEquals": {"s3:prefix": null}}"#,
        &["2:44: a value of `s3:prefix` is a text, not null"],
    );
}

#[test]
fn condition_values_must_suit_the_operator() {
    let with = |condition: &str, expected: &[&str]| {
        bucket(&statement(&[("Condition", condition)]), expected)
    };
    with(
        r#"{"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "10.0.0.0/33"]}}"#,
        &["2:59: `10.0.0.0/33` is neither an IP address nor a range such as `10.0.0.0/8`"],
    );
    with(
        r#"{"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::1", "10.0.0.1"]}}"#,
        &[],
    );
    with(
        r#"{"Bool": {"aws:SecureTransport": "yes"}}"#,
        &["2:46: `yes` is neither `true` nor `false`"],
    );
    with(r#"{"Bool": {"aws:SecureTransport": false}}"#, &[]);
    with(
        r#"{"NumericLessThan": {"s3:max-keys": "1e3"}}"#,
        &["2:49: `1e3` is not a number such as `10` or `1.2`"],
    );
    with(r#"{"NumericLessThan": {"s3:max-keys": 1000}}"#, &[]);
    with(
        r#"{"DateLessThan": {"aws:CurrentTime": "tomorrow"}}"#,
        &["2:50: `tomorrow` is not a date such as `2026-06-01T12:00:00Z` or seconds since 1970"],
    );
    with(
        r#"{"DateLessThan": {"aws:CurrentTime": "2026-06-01T12:00Z"}}"#,
        &[],
    );
    with(
        r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam"}}"#,
        &["2:46: `arn:aws:iam` is no ARN pattern of six parts with colons between"],
    );
    with(
        r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/${aws:PrincipalTag/x, ':'}"}}"#,
        &[],
    );
    with(
        r#"{"StringLike": {"s3:prefix": "${aws:username"}}"#,
        &["2:42: a policy variable `${` has no closing `}`"],
    );
    with(
        r#"{"StringLike": {"s3:prefix": "${aws:usrname}"}}"#,
        &["2:29: unknown policy variable `aws:usrname`, did you mean `aws:username`?"],
    );
    with(
        r#"{"StringLike": {"s3:prefix": "${aws:CalledVia}"}}"#,
        &["2:29: policy variable `aws:CalledVia` has several values"],
    );
    with(r#"{"StringLike": {"s3:prefix": "${aws:username}/*"}}"#, &[]);
}

#[test]
fn all_problems_come_at_once_in_order() {
    refused(
        &[
            ("Effect", "1"),
            ("Action", "\"s3:Nope\""),
            ("Resource", "\"x\""),
        ],
        &[
            "2:10: `Effect` is `Allow` or `Deny`",
            "3:10: unknown action `s3:Nope`",
            "4:12: `x` is neither an ARN nor `*`",
        ],
    );
}

#[test]
fn t44_json_policy_over_20_kb_is_refused_and_white_space_does_not_count() {
    let with_id = |length: usize| {
        let usual = statement(&[]).replace('\n', "");
        let frame = usual.len() + "\"Id\":\"\",".len();
        let id = "x".repeat(length - frame);
        format!("{{\"Id\":\"{id}\",{}", usual.strip_prefix('{').unwrap())
    };
    bucket(&with_id(MAX_BUCKET_POLICY), &[]);
    bucket(
        &with_id(MAX_BUCKET_POLICY + 1),
        &["1:1: a bucket policy has at most 20480 bytes, this has 20481"],
    );
    bucket(&format!("{}{}", " ".repeat(30_000), statement(&[])), &[]);
}

#[test]
fn t44_json_huge_numbers_are_refused_and_not_rounded() {
    let with = |number: &str| {
        statement(&[(
            "Condition",
            &format!("{{\"NumericEquals\":{{\"s3:max-keys\":{number}}}}}"),
        )])
    };
    for bad in [
        "1e999",
        "999999999999999999999999999999999999999",
        "0.00000000000000000000000000001",
    ] {
        let complaint = format!("2:45: `{bad}` is not a number such as `10` or `1.2`");
        bucket(&with(bad), &[&complaint]);
    }
    bucket(&with("99999999999999999999"), &[]);
}

#[track_caller]
fn warned(kind: PolicyKind<'_>, text: &str, expected: &[&str]) {
    let compiled = compile(text, kind).unwrap_or_else(|problems| panic!("{:?}", lines(&problems)));
    assert_eq!(lines(&compiled.warnings), expected, "{text}");
}

fn own(action: &str, more: &str) -> String {
    format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":{{\"Effect\":\"Allow\",\"Action\":\"{action}\",\"Resource\":\"*\"{more}}}}}"
    )
}

#[test]
fn statements_about_other_services_are_dropped() {
    let compiled = compile(
        &own("ec2:*", ",\"Condition\":{\"What\":1}"),
        PolicyKind::Identity,
    )
    .unwrap();
    assert!(compiled.policy.allows.list.is_empty());
    assert!(compiled.warnings.is_empty());
    let compiled = compile(&own("*", ""), PolicyKind::Identity).unwrap();
    assert_eq!(compiled.policy.allows.list.len(), 1);
    assert!(compile(&own("GetObject", ""), PolicyKind::Identity).is_err());
}

#[test]
fn unknown_names_outside_bucket_policies_are_warnings() {
    let unknown_key = ",\"Condition\":{\"StringEquals\":{\"aws:PrincpalArn\":\"x\"}}";
    warned(
        PolicyKind::Identity,
        &own("s3:*", unknown_key),
        &[
            "1:115: unknown condition key `aws:PrincpalArn`, did you mean `aws:PrincipalArn`? [unknown-name]",
        ],
    );
    warned(
        PolicyKind::Boundary,
        &own("s3:GetObjct", ""),
        &["1:64: unknown action `s3:GetObjct`, did you mean `s3:GetObject`? [unknown-name]"],
    );
    warned(PolicyKind::Session, &own("s3:GetObject", ""), &[]);
    let unknown_operator = ",\"Condition\":{\"StringIs\":{\"s3:prefix\":\"x\"}}";
    assert!(compile(&own("s3:*", unknown_operator), PolicyKind::Identity).is_err());
}

#[test]
fn keys_that_can_never_be_present_are_warned_of() {
    let vpce = ",\"Condition\":{\"StringEquals\":{\"aws:SourceVpce\":\"vpce-1\"}}";
    warned(
        PolicyKind::Identity,
        &own("s3:*", vpce),
        &[
            "1:115: `aws:SourceVpce` is absent from every request: the gateway cannot see VPCs [absent-key]",
        ],
    );
    let set = ",\"Condition\":{\"StringEquals\":{\"s3:RequestObjectTagKeys\":\"x\"}}";
    warned(
        PolicyKind::Identity,
        &own("s3:*", set),
        &[
            "1:115: `s3:RequestObjectTagKeys` has several values, use `ForAnyValue:` or `ForAllValues:` [set-key-without-quantifier]",
        ],
    );
}

#[test]
fn variables_before_2012_are_text_and_warned_of() {
    let text = own("s3:*", "")
        .replace("2012", "2008")
        .replace("\"*\"", "\"arn:aws:s3:::b/${aws:username}\"");
    warned(
        PolicyKind::Identity,
        &text,
        &["1:82: `${` is plain text before version `2012-10-17` [literal-variable]"],
    );
}

#[test]
fn only_bucket_policies_and_guardrails_name_principals() {
    let named = own("s3:*", ",\"Principal\":\"*\"");
    for kind in [
        PolicyKind::Identity,
        PolicyKind::Boundary,
        PolicyKind::Session,
    ] {
        let problems = compile(&named, kind).unwrap_err();
        assert_eq!(
            lines(&problems),
            ["1:86: `Principal` stands in bucket policies only"]
        );
        assert!(compile(&own("s3:*", ""), kind).is_ok());
    }
    let problems = compile(&named, PolicyKind::Guardrail).unwrap_err();
    assert_eq!(
        lines(&problems),
        ["1:47: a guardrail only narrows: its `Effect` is `Deny`"]
    );
    assert!(compile(&named.replace("Allow", "Deny"), PolicyKind::Guardrail).is_ok());
    assert!(
        compile(
            &own("s3:*", "").replace("Allow", "Deny"),
            PolicyKind::Guardrail
        )
        .is_err()
    );
}

#[test]
fn yaml_documents_compile_too() {
    let text = "Version: 2012-10-17\nStatement:\n- Effect: Allow\n  Action: s3:GetObject\n  Resource: arn:aws:s3:::b/*\n";
    let origin = Arc::new(Origin {
        source: "x.yaml".into(),
    });
    let node = document::yaml(text).unwrap();
    let compiled = Policy::compile(&node, PolicyKind::Identity, origin).unwrap();
    assert_eq!(compiled.policy.allows.list[0].line, 3);
}

/// A trust policy of one statement.
fn trust(statement: &str) -> Result<Compiled, Vec<Problem>> {
    let text = format!("{{Version: '2012-10-17', Statement: [{{{statement}}}]}}");
    let origin = Arc::new(Origin {
        source: "trust.json".into(),
    });
    Policy::compile(&document::yaml(&text).unwrap(), PolicyKind::Trust, origin)
}

#[test]
fn a_trust_policy_names_principals_and_actions_that_make_sessions() {
    let who = "Principal: {AWS: '111122223333'}";
    for good in [
        "Effect: Allow, Principal: {AWS: '111122223333'}, Action: 'sts:AssumeRole'",
        "Effect: Allow, Principal: '*', Action: ['sts:TagSession', 'STS:assumerole']",
        "Effect: Allow, Principal: {Federated: 'accounts.google.com'}, Action: 'sts:AssumeRoleWithWebIdentity', Condition: {StringEquals: {'accounts.google.com:sub': '1'}}",
        "Effect: Allow, Principal: {Service: 'ec2.amazonaws.com'}, Action: 'sts:*'",
        "Effect: Allow, Principal: {Federated: 'arn:aws:iam::1:saml-provider/x'}, Action: 'sts:AssumeRoleWithSAML'",
        "Effect: Deny, NotPrincipal: {AWS: '111122223333'}, Action: 'sts:AssumeRole'",
        "Effect: Allow, Principal: '*', NotAction: 'sts:TagSession'",
        "Effect: Allow, Principal: '*', Action: 'sts:AssumeRole', Condition: {StringEquals: {'sts:ExternalId': x, 'sts:RoleSessionName': x, 'sts:SourceIdentity': x, 'accounts.google.com:aud': x, 'aws:RequestTag/a': x}}",
    ] {
        let compiled = trust(good).unwrap();
        assert!(
            compiled.warnings.is_empty(),
            "{good}: {:?}",
            compiled.warnings
        );
    }
    for (bad, message) in [
        (
            format!("Effect: Allow, {who}, Action: 'sts:AssumeRole', Resource: '*'"),
            "`Resource` cannot stand in a trust policy",
        ),
        (
            format!("Effect: Deny, {who}, Action: 'sts:AssumeRole', NotResource: '*'"),
            "`NotResource` cannot stand in a trust policy",
        ),
        (
            "Effect: Allow, Action: 'sts:AssumeRole'".to_owned(),
            "a statement needs `Principal` or `NotPrincipal`",
        ),
        (
            "Effect: Allow, NotPrincipal: '*', Action: 'sts:AssumeRole'".to_owned(),
            "`NotPrincipal` cannot stand with `Allow`",
        ),
        (
            format!("Effect: Allow, {who}, Action: '*'"),
            "`*`: a trust policy names only `sts:` actions on roles",
        ),
        (
            format!("Effect: Allow, {who}, Action: 's3:GetObject'"),
            "`s3:GetObject`: a trust policy names only `sts:` actions on roles",
        ),
        (
            format!("Effect: Allow, {who}, Action: 'sts:GetCallerIdentity'"),
            "`sts:GetCallerIdentity`: a trust policy names only `sts:` actions on roles",
        ),
        (
            format!("Effect: Allow, {who}, Action: ['sts:AssumeRole', 'sts:Asume*']"),
            "`sts:Asume*`: a trust policy names only `sts:` actions on roles",
        ),
    ] {
        let problems = trust(&bad).unwrap_err();
        let messages: Vec<_> = problems.iter().map(|problem| &*problem.message).collect();
        assert_eq!(messages, [message], "{bad}");
    }
}

#[test]
fn a_provider_is_trusted_for_some_of_its_tokens() {
    let warned = |condition: &str| {
        let allow = "Principal: {Federated: 'accounts.google.com'}, Action: 'sts:*'";
        let compiled = trust(&format!(
            "Effect: Allow, {allow}, Condition: {{{condition}}}"
        ));
        let warnings = compiled.unwrap().warnings;
        warnings.iter().any(|it| it.rule == Rule::TrustsEveryToken)
    };
    for confined in [
        "StringLike: {'accounts.google.com:sub': '1*'}",
        "'ForAnyValue:StringEquals': {'accounts.google.com:amr': x}",
        "StringEquals: {'accounts.google.com:aud': a, 'accounts.google.com:email': b}",
    ] {
        assert!(!warned(confined), "{confined}");
    }
    for open in [
        "StringEquals: {'accounts.google.com:aud': a}",
        "StringNotEquals: {'accounts.google.com:sub': a}",
        "StringEqualsIfExists: {'accounts.google.com:sub': a}",
        "'ForAllValues:StringEquals': {'accounts.google.com:amr': a}",
        "'Null': {'accounts.google.com:sub': 'false'}",
        "StringEquals: {'aws:RequestTag/a': b}",
    ] {
        assert!(warned(open), "{open}");
    }
    for other in [
        "Effect: Deny, Principal: {Federated: 'accounts.google.com'}, Action: 'sts:*'",
        "Effect: Allow, Principal: {AWS: '111122223333'}, Action: 'sts:*'",
    ] {
        assert!(trust(other).unwrap().warnings.is_empty(), "{other}");
    }
}

#[test]
fn keys_of_calls_that_make_sessions_are_absent_from_buckets() {
    let condition = "Condition: {StringEquals: {'sts:ExternalId': x}}";
    let text = format!(
        "{{Version: '2012-10-17', Statement: [{{Effect: Deny, Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::lake/*', {condition}}}]}}"
    );
    let compiled = Policy::compile(
        &document::yaml(&text).unwrap(),
        PolicyKind::Guardrail,
        Arc::new(Origin { source: "x".into() }),
    );
    let warnings = compiled.unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert_eq!(
        warnings[0].message,
        "`sts:ExternalId` is absent from requests to S3"
    );
}

#[test]
fn documents_compiled_together_count_their_statements_on() {
    let node = |sid: &str, action: &str| {
        let statement = format!("{{Sid: {sid}, Effect: Allow, Action: '{action}', Resource: '*'}}");
        document::yaml(&format!("{{Statement: [{statement}]}}")).unwrap()
    };
    let (one, two) = (node("A", "s3:Get*"), node("A", "s3:Put*"));
    let origin = || Arc::new(Origin { source: "x".into() });
    let policy = Policy::compile_together(&[&one, &two], PolicyKind::Session, origin()).unwrap();
    let positions: Vec<_> = policy.allows.list.iter().map(|it| it.position).collect();
    assert_eq!(positions, [0, 1]);
    assert_eq!(
        policy.document().get("Statement").map(|it| list(it).len()),
        Some(2)
    );
    let bad = document::yaml("{Statement: []}").unwrap();
    let refused = Policy::compile_together(&[&one, &bad], PolicyKind::Session, origin());
    assert!(refused.is_err());
    let empty = Policy::compile_together(&[], PolicyKind::Session, origin()).unwrap();
    assert!(empty.allows.list.is_empty());
}
