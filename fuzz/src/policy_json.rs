//! Policy documents: whatever compiles can be asked anything. Input: a document.

use super::Outcome;
use portcullis_core::context::{FixedContext, Key};
use portcullis_core::document;
use portcullis_core::identity::{Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{
    Origin, Policies, Policy, PolicyKind, PublicPolicies, Question, Verdict, View, evaluate,
    is_public,
};
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::BTreeMap;
use std::sync::Arc;

const OWNER: &str = "111122223333";
const OTHER: &str = "444455556666";

const ASKED: &[(Action, &str)] = &[
    (Action::GetObject, "lake/home/ann/a*?b \u{e9}"),
    (Action::GetObject, "lake/"),
    (Action::PutObject, "lake/x"),
    (Action::DeleteObjectVersion, "lake/logs/2026/03/04"),
    (Action::ListBucket, "lake"),
    (Action::GetObject, "other/x"),
    (Action::ListAllMyBuckets, ""),
];

/// Keys with a value of every type, and one with several.
const VALUES: &[(&str, &[&str])] = &[
    ("aws:username", &["ann"]),
    ("aws:userid", &["AIDAEXAMPLE"]),
    ("aws:PrincipalArn", &["arn:aws:iam::111122223333:user/ann"]),
    ("aws:PrincipalAccount", &[OWNER]),
    ("aws:PrincipalTag/team", &["red"]),
    ("aws:SourceIp", &["192.0.2.7"]),
    ("aws:SecureTransport", &["true"]),
    ("aws:CurrentTime", &["2026-03-04T05:06:07Z"]),
    ("aws:EpochTime", &["1772600767"]),
    ("s3:max-keys", &["100"]),
    ("s3:prefix", &["home/ann/"]),
    ("s3:ExistingObjectTag/class", &["secret"]),
    ("s3:RequestObjectTagKeys", &["class", "owner"]),
];

pub(super) fn check(input: &[u8]) -> Outcome {
    let document = str::from_utf8(input).ok().map(document::json);
    let Some(Ok(document)) = document else {
        return Outcome::Refused;
    };
    let bucket = BucketName::parse("lake").unwrap();
    let compile = |kind| {
        let origin = Arc::new(Origin { source: "".into() });
        let compiled = Policy::compile(&document, kind, origin).ok()?;
        Some(Arc::new(compiled.policy))
    };
    let policy = compile(PolicyKind::Bucket(&bucket));
    let guardrails: Vec<_> = compile(PolicyKind::Guardrail).into_iter().collect();
    let identity = compile(PolicyKind::Identity);
    if let Some(policy) = &policy {
        let _ = is_public(policy);
    }
    let policies = Policies {
        bucket: policy.as_deref(),
        guardrails: &guardrails.into(),
        acl: None,
        public: PublicPolicies::Count,
    };
    for principal in principals(&identity) {
        for (action, resource) in ASKED {
            ask(policies, &principal, *action, resource);
        }
    }
    Outcome::of(policy.is_some() || identity.is_some())
}

fn principals(policy: &Option<Arc<Policy>>) -> Vec<Principal> {
    let user = |account: &str, kind: CallerKind| {
        let arn = format!("arn:aws:iam::{account}:user/ann");
        Principal::Known(Arc::new(Caller {
            account: Arc::new(Account::new(
                AccountId::parse(account).unwrap(),
                "0".repeat(64),
                "acme",
            )),
            kind,
            arn: arn.as_str().into(),
            principal_arn: arn.into(),
            user_id: "AIDAEXAMPLE".into(),
            tags: BTreeMap::new(),
            provider: None,
            policies: policy.iter().cloned().collect(),
            boundary: policy.clone(),
            session_policy: policy.clone(),
            session: None,
        }))
    };
    let ann = || CallerKind::User { name: "ann".into() };
    vec![
        Principal::Anonymous,
        Principal::Service("logging.s3.amazonaws.com".into()),
        user(OWNER, CallerKind::Root),
        user(OWNER, ann()),
        user(OTHER, ann()),
    ]
}

/// Decides with everything known, with nothing, and with each key in turn not known yet: what is allowed or
/// refused without a key is so with any value of it.
fn ask(policies: Policies<'_>, principal: &Principal, action: Action, resource: &str) {
    let decide = |context: &FixedContext| {
        let question = Question {
            principal,
            action,
            resource,
            owner: AccountId::parse(OWNER).unwrap(),
            context,
            view: View::Live,
        };
        let decision = evaluate(policies, &question);
        assert_eq!(decision, evaluate(policies, &question), "asked twice");
        decision.verdict
    };
    let all = decide(&known(VALUES));
    assert_ne!(all, Verdict::Unknown, "everything is known");
    assert_ne!(decide(&FixedContext::default()), Verdict::Unknown);
    for (at, (name, _)) in VALUES.iter().enumerate() {
        let others = known(&[&VALUES[..at], &VALUES[at + 1..]].concat());
        let absent = decide(&others);
        let early = decide(&others.with_unknown(Key::parse(name).unwrap()));
        if early != Verdict::Unknown {
            let allowed = [all, absent].map(|verdict| verdict == Verdict::Allow);
            let expected = [early == Verdict::Allow; 2];
            assert_eq!(allowed, expected, "decided early without `{name}`");
        }
    }
}

fn known(values: &[(&str, &[&str])]) -> FixedContext {
    values
        .iter()
        .fold(FixedContext::default(), |context, (name, values)| {
            let key = Key::parse(name).unwrap();
            match values {
                [value] => context.with(key, *value),
                values => context.with_many(key, values.iter().copied()),
            }
        })
}
