use super::*;
use crate::context::FixedContext;
use crate::document;
use crate::policy::operators::OPERATORS;
use crate::policy::{Origin, Policy, PolicyKind};
use std::sync::Arc;

/// The conditions of a statement with this Condition element, as JSON.
fn conditions(element: &str) -> Conditions {
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {element}}}}}"#
    );
    let origin = Arc::new(Origin {
        source: "test".into(),
    });
    let node = document::json(&text).unwrap();
    let policy = Policy::compile(&node, PolicyKind::Identity, origin).unwrap();
    let mut statements = policy.policy.allows.list.into_iter();
    statements.next().unwrap().conditions
}

/// The one condition `{operator: {key: values}}`, with values as JSON.
fn condition(operator: &str, key: &str, values: &str) -> Condition {
    let conditions = conditions(&format!(r#"{{"{operator}": {{"{key}": {values}}}}}"#));
    conditions.all.into_iter().next().unwrap()
}

fn letter(truth: Truth) -> char {
    match truth {
        Truth::Yes => 'Y',
        Truth::No => 'n',
        Truth::Undecidable => '?',
        Truth::Unknown => 'u',
    }
}

/// Operator, value of the policy, a value of the request that it matches, one that it does not. What "matches" means
/// is that of the positive operator.
const SAMPLES: [(&str, &str, &str, &str); 26] = [
    ("StringEquals", "a*", "a*", "ab"),
    ("StringNotEquals", "a*", "a*", "ab"),
    ("StringEqualsIgnoreCase", "É", "é", "e"),
    ("StringNotEqualsIgnoreCase", "Ab", "aB", "a"),
    ("StringLike", "a*", "ab", "b"),
    ("StringNotLike", "a*", "ab", "b"),
    ("NumericEquals", "10", "10.0", "11"),
    ("NumericNotEquals", "10", "10.0", "11"),
    ("NumericLessThan", "10", "9", "10"),
    ("NumericLessThanEquals", "10", "10", "10.5"),
    ("NumericGreaterThan", "10", "10.000000001", "10"),
    ("NumericGreaterThanEquals", "10", "10", "9"),
    (
        "DateEquals",
        "2026-06-01",
        "2026-06-01T02:00:00+02:00",
        "2026-06-02T00:00:00Z",
    ),
    (
        "DateNotEquals",
        "2026-06-01",
        "2026-06-01T00:00:00Z",
        "2026-06-02T00:00:00Z",
    ),
    (
        "DateLessThan",
        "2026-06-01T00:00:00Z",
        "0",
        "2026-06-01T00:00:00Z",
    ),
    (
        "DateLessThanEquals",
        "1780272000",
        "2026-06-01T00:00:00Z",
        "1780272001",
    ),
    (
        "DateGreaterThan",
        "1780272000",
        "2026-06-01T00:00:01Z",
        "2026-06-01T00:00:00Z",
    ),
    (
        "DateGreaterThanEquals",
        "1780272000",
        "2026-06-01T00:00:00Z",
        "0",
    ),
    ("Bool", "true", "TRUE", "false"),
    ("BinaryEquals", "aGk=", "aGk=", "aG8="),
    ("IpAddress", "10.1.0.0/16", "::ffff:10.1.2.3", "10.2.0.1"),
    ("NotIpAddress", "2001:db8::/32", "2001:db8::1", "10.1.0.1"),
    (
        "ArnEquals",
        "arn:aws:s3:*:1*:b/*",
        "arn:aws:s3:eu:12:b/x:y",
        "arn:aws:s3:eu:1:2:b/x",
    ),
    (
        "ArnLike",
        "arn:aws:s3:*:1*:b/*",
        "arn:aws:s3:eu:12:b/x:y",
        "not-an-arn",
    ),
    (
        "ArnNotEquals",
        "arn:aws:s3:::b",
        "arn:aws:s3:::b",
        "arn:aws:s3:::c",
    ),
    (
        "ArnNotLike",
        "arn:aws:s3:::b*",
        "arn:aws:s3:::bc",
        "arn:aws:s3:::c",
    ),
];

/// Prefix, suffix, and the outcomes of a positive and a negated operator in each of: missing, empty set, a match,
/// a miss, a match and a miss, two matches, not looked up. `?` is undecidable: it holds in a Deny only.
const TABLE: [(&str, &str, &str, &str); 6] = [
    ("", "", "nnYn??u", "YYnY??u"),
    ("", "IfExists", "YYYn??u", "YYnY??u"),
    ("ForAllValues:", "", "YYYnnYu", "YYnYnnu"),
    ("ForAllValues:", "IfExists", "YYYnnYu", "YYnYnnu"),
    ("ForAnyValue:", "", "nnYnYYu", "nnnYYnu"),
    ("ForAnyValue:", "IfExists", "??YnYYu", "??nYYnu"),
];

fn outcomes(condition: &Condition, hit: &str, miss: &str) -> String {
    let (none, key) = (FixedContext::default, || Key::CalledVia);
    let situations = [
        none(),
        none().with_many(key(), Vec::<String>::new()),
        none().with(key(), hit),
        none().with(key(), miss),
        none().with_many(key(), [hit, miss]),
        none().with_many(key(), [hit, hit]),
        none().with_unknown(key()),
    ];
    situations
        .iter()
        .map(|context| letter(condition.holds(context)))
        .collect()
}

#[test]
fn t23_every_operator_follows_the_truth_table() {
    for (name, wanted, hit, miss) in SAMPLES {
        for (prefix, suffix, positive, negated) in TABLE {
            let written = format!("{prefix}{name}{suffix}");
            let condition = condition(&written, "aws:CalledVia", &format!("\"{wanted}\""));
            let expected = match condition.operator.sense {
                Sense::Positive => positive,
                Sense::Negated => negated,
            };
            assert_eq!(outcomes(&condition, hit, miss), expected, "{written}");
        }
    }
}

#[test]
fn t23_null_asks_for_presence_alone() {
    for (values, expected) in [
        ("\"true\"", "YYnnnnu"),
        ("\"false\"", "nnYYYYu"),
        ("true", "YYnnnnu"),
        ("[true, false]", "YYYYYYu"),
    ] {
        let condition = condition("Null", "aws:CalledVia", values);
        assert_eq!(outcomes(&condition, "x", ""), expected, "Null {values}");
    }
}

#[test]
fn the_samples_cover_every_operator() {
    let covered = |name: &str| name == "Null" || SAMPLES.iter().any(|(sample, ..)| *sample == name);
    let forgotten: Vec<_> = OPERATORS
        .iter()
        .filter(|each| !covered(each.name))
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

#[track_caller]
fn check(operator: &str, values: &str, value: &str, expected: char) {
    let found = condition(operator, "s3:prefix", values)
        .holds(&FixedContext::default().with(Key::Prefix, value));
    assert_eq!(letter(found), expected, "{operator} {values} on {value}");
}

#[test]
fn values_are_ored_and_negated_values_nored() {
    check("StringEquals", r#"["a", "b"]"#, "b", 'Y');
    check("StringNotEquals", r#"["a", "b"]"#, "b", 'n');
    check("StringNotEquals", r#"["a", "b"]"#, "c", 'Y');
    check(
        "NotIpAddress",
        r#"["10.0.0.0/8", "192.0.2.1"]"#,
        "192.0.2.1",
        'n',
    );
    check(
        "NotIpAddress",
        r#"["10.0.0.0/8", "192.0.2.1"]"#,
        "192.0.2.2",
        'Y',
    );
}

#[test]
fn a_value_of_the_wrong_form_is_undecidable() {
    for (operator, values) in [
        ("NumericLessThan", "10"),
        ("NumericNotEquals", "10"),
        ("DateLessThan", "\"2026-06-01\""),
        ("Bool", "true"),
        ("IpAddress", "\"10.0.0.0/8\""),
        ("NotIpAddress", "\"10.0.0.0/8\""),
        ("BinaryEquals", "\"aGk=\""),
    ] {
        check(operator, values, "what?", '?');
    }
}

#[test]
fn numbers_compare_exactly() {
    check("NumericEquals", "9007199254740993", "9007199254740992", 'n');
    check("NumericLessThan", "\"-1\"", "-1.5", 'Y');
    check("NumericLessThan", "1.2", "1.10", 'Y');
    check(
        "NumericGreaterThan",
        "0",
        "99999999999999999999999999999999999999999",
        '?',
    );
}

#[test]
fn ipv4_ranges_are_the_same_in_ipv6_notation() {
    check("IpAddress", "\"::ffff:10.0.0.0/104\"", "10.1.2.3", 'Y');
    check("IpAddress", "\"::ffff:10.0.0.0/104\"", "11.1.2.3", 'n');
    check("IpAddress", "\"10.1.2.3/8\"", "10.9.9.9", 'Y');
    check("IpAddress", "\"::/0\"", "10.1.2.3", 'n');
}

#[test]
fn arns_match_part_by_part() {
    check(
        "ArnLike",
        "\"arn:aws:s3:*:b\"".replace(":b", "::b").as_str(),
        "arn:aws:s3:::b",
        'Y',
    );
    check("ArnLike", "\"*\"", "arn:aws:s3:::b", 'Y');
    check("ArnLike", "\"arn:*:*:*:*:*\"", "arn:aws:s3:::b:c:d", 'Y');
    check(
        "ArnLike",
        "\"arn:aws:iam::*:user/x\"",
        "arn:aws:iam::1:2:user/x",
        'n',
    );
}

#[test]
fn t24_variables_in_conditions() {
    let like = |operator: &str| condition(operator, "s3:prefix", "\"home/${aws:username}/*\"");
    let prefix = FixedContext::default().with(Key::Prefix, "home/al*ce/x");
    assert_eq!(like("StringLike").holds(&prefix), Truth::No);
    assert_eq!(like("StringNotLike").holds(&prefix), Truth::Yes);
    assert_eq!(like("StringNotLikeIfExists").holds(&prefix), Truth::Yes);
    let named = |name: &str| prefix.clone().with(Key::Username, name);
    assert_eq!(like("StringLike").holds(&named("al*ce")), Truth::Yes);
    assert_eq!(like("StringLike").holds(&named("*")), Truth::No);
    assert_eq!(like("StringNotLike").holds(&named("*")), Truth::Yes);
    let unknown = prefix.clone().with_unknown(Key::Username);
    assert_eq!(like("StringLike").holds(&unknown), Truth::Unknown);
    assert_eq!(like("StringNotLike").holds(&unknown), Truth::Unknown);
}

#[test]
fn another_value_that_matches_makes_an_unknown_variable_irrelevant() {
    let condition = condition("StringLike", "s3:prefix", "[\"${aws:username}\", \"x*\"]");
    let context = FixedContext::default()
        .with(Key::Prefix, "xy")
        .with_unknown(Key::Username);
    assert_eq!(condition.holds(&context), Truth::Yes);
}

#[test]
fn copy_sources_match_with_and_without_a_leading_slash() {
    for value in ["src/*", "/src/*"] {
        let condition = condition(
            "StringLike",
            "s3:x-amz-copy-source",
            &format!("\"{value}\""),
        );
        let context = FixedContext::default().with(Key::XAmzCopySource, "src/key");
        assert_eq!(condition.holds(&context), Truth::Yes);
    }
}

#[test]
fn conditions_on_one_key_stand_together_before_those_that_always_hold() {
    let conditions = conditions(
        r#"{"StringNotLike": {"saml:aud": "a", "s3:prefix": "b*", "aws:username": "c"},
            "StringLike": {"S3:PREFIX": "*", "ec2:Region": "d"}}"#,
    );
    let order: Vec<usize> = conditions.iter().map(|each| each.position).collect();
    assert_eq!((order, conditions.can_fail), (vec![1, 3, 2, 4, 0], 4));
}

#[test]
fn what_no_request_has_settles_a_condition_when_it_is_compiled() {
    for (operator, key, never) in [
        ("StringLike", "saml:aud", true),
        ("StringLike", "s3:prefix", false),
        ("StringNotLike", "saml:aud", false),
        ("StringLikeIfExists", "saml:aud", false),
        ("ForAnyValue:StringLike", "saml:aud", true),
        ("ForAllValues:StringLike", "saml:aud", false),
        // In a Deny it holds.
        ("ForAnyValue:StringLikeIfExists", "saml:aud", false),
    ] {
        let conditions = conditions(&format!(r#"{{"{operator}": {{"{key}": "*"}}}}"#));
        assert_eq!(conditions.never_hold(), never, "{operator} {key}");
    }
    for (wanted, never) in [("true", false), ("false", true)] {
        let conditions = conditions(&format!(r#"{{"Null": {{"saml:aud": "{wanted}"}}}}"#));
        assert_eq!(conditions.never_hold(), never, "Null {wanted}");
    }
}

#[test]
fn conditions_that_share_a_look_up_hold_as_each_of_them_does() {
    let all = conditions(
        r#"{"StringLike": {"s3:prefix": ["*a*", "b"], "s3:PREFIX": "*a*c*"}, "StringNotEquals": {"s3:prefix": "ac"},
            "ForAnyValue:StringLike": {"s3:prefix": "*c"}, "StringEqualsIgnoreCaseIfExists": {"S3:Prefix": ["XAC", "AC"]},
            "ArnNotLike": {"s3:prefix": "arn:*:*:*:*:*"}, "NumericEqualsIfExists": {"s3:max-keys": "7"},
            "NumericLessThanIfExists": {"S3:MAX-KEYS": "8"}, "Null": {"s3:prefix": "false"}}"#,
    );
    let contexts = ["xac", "ac", "arn:a:b:c:d:e", "xbc", ""].map(|prefix| {
        let context = FixedContext::default().with(Key::Prefix, prefix);
        [context.clone().with(Key::MaxKeys, "7"), context]
    });
    let unknown = FixedContext::default().with_unknown(Key::Prefix);
    let several = FixedContext::default().with_many(Key::Prefix, ["xac", "ac"]);
    let mut outcomes = Vec::new();
    for context in contexts.into_iter().flatten().chain([unknown, several]) {
        for effect in [Effect::Allow, Effect::Deny] {
            let each = all.iter().map(|each| each.holds(&context).in_a(effect));
            let outcome = all.hold(effect, &context);
            assert_eq!(outcome, Truth::all(each), "{context:?}");
            outcomes.push(letter(outcome));
        }
    }
    assert_eq!(
        outcomes.iter().collect::<String>(),
        "YYYYnnnnnnnnnnnnnnnnuunY"
    );
}
