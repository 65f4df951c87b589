//! One caller, one bucket, and their policies as the gateway has them.

use crate::rules::Asked;
use portcullis_core::context::{AuthType, Facts, Listing, RequestContext, Stored, TlsVersion};
use portcullis_core::document;
use portcullis_core::identity::{Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{
    Decision, Origin, Policies, Policy, PolicyKind, PolicySet, PublicPolicies, Question, Verdict,
    View, evaluate,
};
use portcullis_core::request::Query;
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::BTreeMap;
use std::sync::Arc;

const ACCOUNT: &str = "111122223333";
const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

/// What is decided on.
pub(crate) struct World {
    principal: Principal,
    bucket: Option<Arc<Policy>>,
    guardrails: PolicySet,
}

impl World {
    /// A caller with these documents, and a bucket without a policy.
    pub(crate) fn of_caller(documents: &[String]) -> Self {
        let documents = documents.iter();
        let policies = documents.map(|text| compile(text, PolicyKind::Identity));
        Self {
            principal: alice(policies.collect()),
            bucket: None,
            guardrails: PolicySet::default(),
        }
    }

    /// A caller without policies, and this policy of the bucket `abc`.
    pub(crate) fn of_bucket(policy: &str) -> Self {
        let name = BucketName::parse("abc").unwrap();
        Self {
            principal: alice(PolicySet::default()),
            bucket: Some(compile(policy, PolicyKind::Bucket(&name))),
            guardrails: PolicySet::default(),
        }
    }

    pub(crate) fn allows(&self, asked: &Asked) -> bool {
        self.with(asked, |decide| decide().verdict == Verdict::Allow)
    }

    /// Runs something with what decides the question.
    pub(crate) fn with<R>(&self, asked: &Asked, run: impl FnOnce(&dyn Fn() -> Decision) -> R) -> R {
        let owner = AccountId::parse(ACCOUNT).unwrap();
        let query = Query::default();
        let facts = Facts {
            peer: [192, 0, 2, 1].into(),
            tls: Some(TlsVersion::V1_3),
            now: jiff::Timestamp::from_second(1_780_000_000).unwrap(),
            auth: Some(AuthType::Header),
            signature_age_ms: Some(0),
            content_sha256: None,
            headers: &asked.headers,
            query: &query,
            listing: asked.prefix.as_deref().map_or(Listing::No, Listing::Prefix),
            version_id: None,
            copy_source: None,
            principal: &self.principal,
            owner,
            owner_membership: None,
            region: "eu-central-1",
            creates_object: None,
            object_tags: Stored::None,
            body: Stored::None,
        };
        let question = Question {
            principal: &self.principal,
            action: Action::parse(asked.action).unwrap(),
            resource: &asked.resource,
            owner,
            context: &RequestContext { facts: &facts },
            view: View::Live,
        };
        let policies = Policies {
            bucket: self.bucket.as_deref(),
            guardrails: &self.guardrails,
            acl: None,
            public: PublicPolicies::Count,
        };
        run(&|| evaluate(policies, std::hint::black_box(&question)))
    }
}

fn compile(text: &str, kind: PolicyKind<'_>) -> Arc<Policy> {
    let origin = Arc::new(Origin {
        source: "bench".into(),
    });
    let compiled = Policy::compile(&document::json(text).unwrap(), kind, origin);
    Arc::new(compiled.unwrap().policy)
}

/// As many as there can be, of one letter and as long as they can be.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
fn tags() -> BTreeMap<Box<str>, Box<str>> {
    let names = (0..49).map(|at| at.to_string()).chain(["a".to_owned()]);
    names
        .map(|name| (name.into(), "a".repeat(256).into()))
        .collect()
}

fn alice(policies: PolicySet) -> Principal {
    let account = AccountId::parse(ACCOUNT).unwrap();
    Principal::Known(Arc::new(Caller {
        account: Arc::new(Account::new(account, "0".repeat(64), "acme")),
        kind: CallerKind::User {
            name: "alice".into(),
        },
        arn: ALICE.into(),
        principal_arn: ALICE.into(),
        user_id: "AIDATEST".into(),
        tags: tags(),
        provider: None,
        policies,
        boundary: None,
        session_policy: None,
        session: None,
    }))
}
