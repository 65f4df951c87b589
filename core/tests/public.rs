//! A bucket policy that counts as not public admits no stranger: nobody whom it does not name, from nowhere it names,
//! whatever the request says of itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use portcullis_core::context::{FixedContext, Key};
use portcullis_core::document;
use portcullis_core::identity::{Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{
    Origin, Policies, Policy, PolicyKind, PolicySet, PublicPolicies, Question, Verdict, View,
    evaluate, is_public,
};
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

const OWNER: &str = "111122223333";
const STRANGER: &str = "999988887777";

fn principal() -> impl Strategy<Value = Value> {
    let user = "arn:aws:iam::444455556666:user/bob";
    prop_oneof![
        6 => Just(json!("*")),
        2 => Just(json!({"AWS": "*"})),
        1 => Just(json!({"AWS": [user, "*"]})),
        2 => Just(json!({"AWS": user})),
        1 => Just(json!({"AWS": OWNER})),
        1 => Just(json!({"Service": "cloudtrail.amazonaws.com"})),
        1 => Just(json!({"Federated": "graph.facebook.com"})),
        1 => Just(json!({"CanonicalUser": "ab".repeat(32)})),
    ]
}

/// Keys with values that confine and values that only look as if they did.
const KEYS: [(&str, &[&str]); 16] = [
    (
        "aws:SourceIp",
        &[
            "10.0.0.0/8",
            "192.0.2.0/24",
            "2001:db8::/32",
            "::ffff:192.0.2.0/120",
            "0.0.0.0/0",
            "::/0",
            "203.0.0.0/7",
            "128.0.0.0/1",
            "::ffff:0:0/96",
        ],
    ),
    (
        "aws:SourceVpc",
        &["vpc-1", "vpc-*", "*", "${aws:PrincipalTag/vpc}"],
    ),
    ("aws:SourceVpce", &["vpce-1", "vpce-?", "${aws:username}"]),
    (
        "aws:SourceArn",
        &["arn:aws:s3:::acme", "arn:aws:s3:::*", "arn:*:*:*:*:*", "*"],
    ),
    ("aws:SourceAccount", &[OWNER, "*", "1111*"]),
    ("aws:PrincipalOrgID", &["o-a1b2c3d4e5", "o-*", "*"]),
    (
        "aws:PrincipalArn",
        &[
            "arn:aws:iam::111122223333:role/app",
            "arn:aws:iam::*:user/*",
            "arn:aws:iam::999988887777:*",
            "*",
            "${aws:PrincipalArn}",
        ],
    ),
    (
        "aws:PrincipalAccount",
        &[OWNER, "*", "9999*", "${aws:PrincipalAccount}"],
    ),
    ("aws:userid", &["AROAEXAMPLE:app", "AROAEXAMPLE:*", "*"]),
    (
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        &["arn:aws:kms:us-east-1:111122223333:key/1", "*"],
    ),
    (
        "s3:DataAccessPointArn",
        &[
            "arn:aws:s3:us-east-1:111122223333:accesspoint/*",
            "arn:aws:s3:us-east-1:*:accesspoint/x",
            "*",
        ],
    ),
    ("s3:DataAccessPointAccount", &[OWNER, "*"]),
    ("aws:referer", &["https://acme.example/", "https://*", "*"]),
    ("aws:UserAgent", &["acme", "*"]),
    ("aws:SecureTransport", &["true", "false"]),
    ("s3:prefix", &["reports/", "*"]),
];

const OPERATORS: [&str; 12] = [
    "StringEquals",
    "StringLike",
    "IpAddress",
    "ArnLike",
    "ArnEquals",
    "StringEqualsIgnoreCase",
    "StringNotEquals",
    "StringNotLike",
    "NotIpAddress",
    "ArnNotEquals",
    "Bool",
    "Null",
];

fn condition() -> impl Strategy<Value = (String, String, Vec<String>)> {
    let quantifier =
        prop_oneof![8 => Just(""), 1 => Just("ForAllValues:"), 1 => Just("ForAnyValue:")];
    let suffix = prop_oneof![8 => Just(""), 1 => Just("IfExists")];
    let key = select(&KEYS[..]);
    (quantifier, suffix, key, 0..OPERATORS.len()).prop_flat_map(
        |(quantifier, suffix, (key, values), operator)| {
            let fitting = match key {
                "aws:SourceIp" if operator < 6 => "IpAddress",
                _ => OPERATORS.get(operator).unwrap(),
            };
            let name = format!("{quantifier}{fitting}{suffix}");
            prop::collection::vec(select(values), 1..3).prop_map(move |values| {
                let values = values.into_iter().map(str::to_owned).collect();
                (name.clone(), key.to_owned(), values)
            })
        },
    )
}

fn statement() -> impl Strategy<Value = Value> {
    let effect = prop_oneof![8 => Just("Allow"), 1 => Just("Deny")];
    let conditions = prop::collection::vec(condition(), 0..4);
    (effect, principal(), conditions).prop_map(|(effect, principal, conditions)| {
        let mut blocks = Map::new();
        for (operator, key, values) in conditions {
            let block = blocks.entry(operator).or_insert_with(|| json!({}));
            block.as_object_mut().unwrap().insert(key, json!(values));
        }
        let resource = ["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"];
        json!({"Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": resource, "Condition": blocks})
    })
}

fn policy() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 1..4)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

/// What a stranger may say of itself; every other key that confines is absent.
fn stranger() -> impl Strategy<Value = (Principal, FixedContext)> {
    let address = select(vec!["203.0.113.99", "8.8.8.8", "2a00::1", "172.217.1.1"]);
    let referer = select(vec![None, Some("https://acme.example/")]);
    (any::<bool>(), address, referer, any::<bool>()).prop_map(|(known, address, referer, tls)| {
        let mut context = FixedContext::default()
            .with(Key::SourceIp, address)
            .with(Key::SecureTransport, tls.to_string())
            .with(Key::Prefix, "reports/");
        if let Some(referer) = referer {
            context = context
                .with(Key::Referer, referer)
                .with(Key::UserAgent, "acme");
        }
        if !known {
            return (Principal::Anonymous, context);
        }
        let arn = format!("arn:aws:iam::{STRANGER}:user/eve");
        let context = context
            .with(Key::PrincipalArn, arn.as_str())
            .with(Key::PrincipalAccount, STRANGER)
            .with(Key::Userid, "AIDAEVE")
            .with(Key::Username, "eve");
        (foreign(&arn), context)
    })
}

fn foreign(arn: &str) -> Principal {
    let all = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let account = AccountId::parse(STRANGER).unwrap();
    Principal::Known(Arc::new(Caller {
        account: Arc::new(Account::new(account, "f".repeat(64), "stranger")),
        kind: CallerKind::User { name: "eve".into() },
        arn: arn.into(),
        principal_arn: arn.into(),
        user_id: "AIDAEVE".into(),
        tags: BTreeMap::new(),
        provider: None,
        policies: vec![Arc::new(compile(&all, PolicyKind::Identity).unwrap())].into(),
        boundary: None,
        session_policy: None,
        session: None,
    }))
}

/// `None` for what is no legal policy.
fn compile(document: &Value, kind: PolicyKind<'_>) -> Option<Policy> {
    let origin = Arc::new(Origin {
        source: "test".into(),
    });
    let node = document::json(&document.to_string()).unwrap();
    let compiled = Policy::compile(&node, kind, origin).ok()?;
    Some(compiled.policy)
}

fn verdicts(policy: &Policy, principal: &Principal, context: &FixedContext) -> Vec<Verdict> {
    let asked = [
        (Action::GetObject, "acme/key"),
        (Action::PutObject, "acme/key"),
        (Action::ListBucket, "acme"),
    ];
    let decide = |(action, resource)| {
        let policies = Policies {
            bucket: Some(policy),
            guardrails: &PolicySet::default(),
            acl: None,
            public: PublicPolicies::Count,
        };
        let question = Question {
            principal,
            action,
            resource,
            owner: AccountId::parse(OWNER).unwrap(),
            context,
            view: View::Live,
        };
        evaluate(policies, &question).verdict
    };
    asked.map(decide).into()
}

#[test]
fn t28_a_policy_that_is_not_public_admits_no_stranger() {
    let bucket = BucketName::parse("acme").unwrap();
    let (private, admitted) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config::with_cases(20_000));
    let outcome = runner.run(
        &(policy(), stranger()),
        |(document, (principal, context))| {
            let Some(policy) = compile(&document, PolicyKind::Bucket(&bucket)) else {
                return Ok(());
            };
            let allowed = verdicts(&policy, &principal, &context).contains(&Verdict::Allow);
            if is_public(&policy) {
                admitted.set(admitted.get() + u32::from(allowed));
                return Ok(());
            }
            private.set(private.get() + 1);
            prop_assert!(!allowed, "{document:#}");
            Ok(())
        },
    );
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // The generator knows both sides well.
    assert!(private.get() > 2_000, "{} were not public", private.get());
    assert!(
        admitted.get() > 1_000,
        "{} strangers came in",
        admitted.get()
    );
}
