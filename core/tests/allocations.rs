//! What a decision allocates: nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::HeaderMap;
use portcullis_core::context::{AuthType, Facts, Listing, RequestContext, Stored, TlsVersion};
use portcullis_core::document;
use portcullis_core::identity::{Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{
    Origin, Policies, Policy, PolicyKind, PolicySet, PublicPolicies, Question, Verdict, View,
    evaluate,
};
use portcullis_core::request::Query;
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::BTreeMap;
use std::sync::Arc;

const ACCOUNT: &str = "111122223333";
const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

const BUCKET: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::lake/*",
   "Condition":{"Bool":{"aws:SecureTransport":"false"}}},
  {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::lake/*",
   "Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24"]}}},
  {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::lake/sealed/*",
   "Condition":{"StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/auditor"}}},
  {"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::lake/*",
   "Condition":{"DateGreaterThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}},
  {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"s3:Get*",
   "Resource":["arn:aws:s3:::lake/events/*/part-?????.parquet","arn:aws:s3:::lake/tables/*"]},
  {"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:ListBucket","Resource":"arn:aws:s3:::lake"}]}"#;

const IDENTITY: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],
   "Resource":["arn:aws:s3:::lake/home/${aws:username}/*","arn:aws:s3:::lake/team/${aws:PrincipalTag/team, 'all'}/*"]},
  {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::lake",
   "Condition":{"StringLike":{"s3:prefix":["events/*","home/${aws:username}/*"]}}},
  {"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}]}"#;

fn compile(text: &str, kind: PolicyKind<'_>) -> Arc<Policy> {
    let origin = Arc::new(Origin {
        source: "test".into(),
    });
    let compiled = Policy::compile(&document::json(text).unwrap(), kind, origin);
    Arc::new(compiled.unwrap().policy)
}

fn alice(account: AccountId) -> Principal {
    Principal::Known(Arc::new(Caller {
        account: Arc::new(Account::new(account, "0".repeat(64), "test")),
        kind: CallerKind::User {
            name: "alice".into(),
        },
        arn: ALICE.into(),
        principal_arn: ALICE.into(),
        user_id: "AIDATEST".into(),
        tags: BTreeMap::from([("Team".into(), "red".into())]),
        provider: None,
        policies: vec![compile(IDENTITY, PolicyKind::Identity)].into(),
        boundary: None,
        session_policy: None,
        session: None,
    }))
}

/// The action is allowed, and no memory is asked for.
#[track_caller]
fn check(action: Action, resource: &str) {
    let account = AccountId::parse(ACCOUNT).unwrap();
    let (principal, headers, query) = (alice(account), HeaderMap::new(), Query::default());
    let facts = Facts {
        peer: [192, 0, 2, 1].into(),
        tls: Some(TlsVersion::V1_3),
        now: "2026-06-01T12:00:00Z".parse().unwrap(),
        auth: Some(AuthType::Header),
        signature_age_ms: Some(0),
        content_sha256: None,
        headers: &headers,
        query: &query,
        listing: Listing::Prefix("home/alice/x"),
        version_id: None,
        copy_source: None,
        principal: &principal,
        owner: account,
        owner_membership: None,
        region: "eu-central-1",
        creates_object: None,
        object_tags: Stored::NotAsked,
        body: Stored::None,
    };
    let bucket = compile(
        BUCKET,
        PolicyKind::Bucket(&BucketName::parse("lake").unwrap()),
    );
    let policies = Policies {
        bucket: Some(&bucket),
        guardrails: &PolicySet::default(),
        acl: None,
        public: PublicPolicies::Count,
    };
    let question = Question {
        principal: &principal,
        action,
        resource,
        owner: account,
        context: &RequestContext { facts: &facts },
        view: View::Live,
    };
    let decide = || assert_eq!(evaluate(policies, &question).verdict, Verdict::Allow);
    decide();
    assert_eq!(allocation_counter::measure(decide).count_total, 0);
}

#[test]
fn an_allow_of_the_bucket_policy_allocates_nothing() {
    check(Action::GetObject, "lake/events/2026/03/part-00017.parquet");
    check(Action::ListBucket, "lake");
}

#[test]
fn an_allow_of_an_identity_policy_with_variables_allocates_nothing() {
    check(Action::PutObject, "lake/home/alice/notes.txt");
    check(Action::PutObject, "lake/team/red/notes.txt");
}

#[test]
fn the_counter_counts() {
    let measured = allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 16])));
    assert_eq!(measured.count_total, 1);
}
