use super::*;
use crate::document;
use crate::policy::{Origin, PolicyKind};
use crate::s3::names::BucketName;
use std::sync::Arc;

fn policy(statements: &str) -> Policy {
    let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
    let name = BucketName::parse("acme").unwrap();
    let origin = Arc::new(Origin {
        source: "test".into(),
    });
    let node = document::json(&text).unwrap();
    Policy::compile(&node, PolicyKind::Bucket(&name), origin)
        .unwrap()
        .policy
}

fn statement(effect: &str, principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{principal},"Action":"s3:*",
            "Resource":"arn:aws:s3:::acme/*","Condition":{{{condition}}}}}"#
    )
}

#[track_caller]
fn principal(principal: &str, expected: bool) {
    assert_eq!(
        is_public(&policy(&statement("Allow", principal, ""))),
        expected,
        "{principal}"
    );
}

#[track_caller]
fn condition(condition: &str, expected: bool) {
    assert_eq!(
        is_public(&policy(&statement("Allow", "\"*\"", condition))),
        expected,
        "{condition}"
    );
}

#[test]
fn fixed_principals_are_not_public() {
    principal("\"*\"", true);
    principal(r#"{"AWS":"*"}"#, true);
    principal(r#"{"AWS":["111122223333","*"]}"#, true);
    principal(r#"{"Federated":"graph.facebook.com"}"#, true);
    principal(r#"{"AWS":"111122223333"}"#, false);
    principal(r#"{"AWS":"arn:aws:iam::111122223333:role/x"}"#, false);
    principal(r#"{"Service":"cloudtrail.amazonaws.com"}"#, false);
}

#[test]
fn fixed_values_of_the_listed_keys_confine() {
    condition(r#""StringEquals":{"aws:PrincipalOrgID":"o-1"}"#, false);
    condition(
        r#""StringEquals":{"aws:SourceVpce":["vpce-1","vpce-2"]}"#,
        false,
    );
    condition(r#""StringLike":{"aws:SourceVpc":"vpc-1"}"#, false);
    condition(
        r#""ArnEquals":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111122223333:t"}"#,
        false,
    );
    condition(
        r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/x"}"#,
        false,
    );
    condition(
        r#""StringEquals":{"aws:userid":"AROAEXAMPLE:session"}"#,
        false,
    );
    condition(
        r#""ForAnyValue:StringEquals":{"aws:SourceAccount":"111122223333"}"#,
        false,
    );
    condition(
        r#""StringEquals":{"aws:SourceOwner":"111122223333"}"#,
        false,
    );
    condition(r#""StringLike":{"aws:SourceOwner":"1111*"}"#, true);
}

#[test]
fn wildcards_variables_and_other_keys_do_not() {
    condition("", true);
    condition(
        r#""StringLike":{"aws:SourceVpce":["vpce-1","vpce-*"]}"#,
        true,
    );
    condition(r#""StringLike":{"aws:userid":"AROAEXAMPLE:*"}"#, true);
    condition(
        r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}"#,
        true,
    );
    condition(r#""ArnLike":{"aws:PrincipalArn":"*"}"#, true);
    condition(
        r#""StringEquals":{"aws:SourceVpc":"${aws:username}"}"#,
        true,
    );
    condition(
        r#""StringEquals":{"aws:referer":"https://example.com/"}"#,
        true,
    );
    condition(r#""StringEquals":{"s3:ExistingObjectTag/a":"b"}"#, true);
    condition(r#""Bool":{"aws:SecureTransport":"true"}"#, true);
}

#[test]
fn tests_that_hold_without_a_value_do_not_confine() {
    condition(r#""StringNotEquals":{"aws:SourceVpce":"vpce-1"}"#, true);
    condition(
        r#""StringEqualsIfExists":{"aws:SourceVpce":"vpce-1"}"#,
        true,
    );
    condition(
        r#""ForAllValues:StringEquals":{"aws:SourceVpce":"vpce-1"}"#,
        true,
    );
    condition(r#""Null":{"aws:SourceVpce":"false"}"#, true);
    condition(r#""NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, true);
}

#[test]
fn address_ranges_confine_unless_very_broad() {
    for (range, public) in [
        ("203.0.113.0/24", false),
        ("10.0.0.0/8", false),
        ("192.168.0.0/16", false),
        ("172.16.0.0/12", false),
        ("12.0.0.0/7", true),
        ("0.0.0.0/0", true),
        ("2001:db8::/32", false),
        ("2001:d00::/24", true),
        ("::/0", true),
    ] {
        condition(
            &format!(r#""IpAddress":{{"aws:SourceIp":"{range}"}}"#),
            public,
        );
        condition(
            &format!(r#""IpAddress":{{"aws:SourceIp":["198.51.100.1","{range}"]}}"#),
            public,
        );
    }
}

#[test]
fn access_points_of_a_fixed_account_confine() {
    let arn = |arn: &str, public| {
        condition(
            &format!(r#""ArnLike":{{"s3:DataAccessPointArn":"{arn}"}}"#),
            public,
        );
        condition(
            &format!(r#""StringLike":{{"s3:DataAccessPointArn":"{arn}"}}"#),
            public,
        );
    };
    arn("arn:aws:s3:eu-west-1:111122223333:accesspoint/*", false);
    arn("arn:aws:s3:eu-west-1:111122223333:accesspoint/a", false);
    arn("arn:aws:s3:eu-west-1:*:accesspoint/a", true);
    arn("arn:aws:s3:eu-west-1:1111222233*:accesspoint/a", true);
    // What follows the account is not said, so neither is that it ends here.
    condition(
        r#""StringLike":{"s3:DataAccessPointArn":"arn:aws:s3:eu-west-1:111122223333*"}"#,
        true,
    );
    condition(
        r#""StringEquals":{"s3:DataAccessPointAccount":"111122223333"}"#,
        false,
    );
}

#[test]
fn one_public_allow_makes_the_policy_public_and_no_deny_unmakes_it() {
    let fixed = statement("Allow", r#"{"AWS":"111122223333"}"#, "");
    let (open, deny) = (
        statement("Allow", "\"*\"", ""),
        statement("Deny", "\"*\"", ""),
    );
    assert!(is_public(&policy(&format!("{fixed},{open}"))));
    assert!(is_public(&policy(&format!("{open},{deny}"))));
    assert!(!is_public(&policy(&format!("{fixed},{deny}"))));
    let both = statement(
        "Allow",
        "\"*\"",
        r#""StringEquals":{"aws:referer":"x","aws:SourceVpc":"vpc-1"}"#,
    );
    assert!(!is_public(&policy(&both)));
}

#[test]
fn explanations_name_why_a_condition_does_not_confine() {
    let why = |condition: &str| {
        let policy = policy(&statement("Allow", "\"*\"", condition));
        let mut conditions = policy.allows.list[0].conditions.iter();
        looseness(conditions.next().unwrap()).map(Looseness::name)
    };
    for (condition, name) in [
        (r#""IpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#, None),
        (
            r#""IpAddress":{"aws:SourceIp":"10.0.0.0/7"}"#,
            Some("broad_range"),
        ),
        (r#""StringLike":{"aws:userid":"AIDA*"}"#, Some("not_fixed")),
        (r#""StringLike":{"aws:Referer":"x"}"#, Some("not_listed")),
        (
            r#""StringNotLike":{"aws:userid":"x"}"#,
            Some("holds_without_value"),
        ),
    ] {
        assert_eq!(why(condition), name, "{condition}");
    }
}
