//! A question with everything around it, put together piece by piece.

use portcullis_core::context::{FixedContext, Key};
use portcullis_core::document;
use portcullis_core::identity::{Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{
    AclGrants, Explanation, Grant, Mode, ObjectOwner, Origin, Policies, Policy, PolicyKind,
    PolicySet, PublicPolicies, Question, View, explain,
};
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::path::Path;
use std::sync::Arc;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const SERVICE_LINKED: &str =
    "arn:aws:iam::111122223333:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup";

/// GetObject on `reports/2026/q1.csv` of account 111122223333, unless it says otherwise.
pub(crate) struct Scene {
    who: Option<String>,
    bucket: Option<Arc<Policy>>,
    guardrails: Vec<Arc<Policy>>,
    acl: Option<AclGrants>,
    identity: Vec<Arc<Policy>>,
    boundary: Option<Arc<Policy>>,
    session: Option<Arc<Policy>>,
    levels: Vec<PolicySet>,
    context: FixedContext,
    action: Action,
    resource: &'static str,
    view: View,
}

impl Scene {
    pub(crate) fn anonymous() -> Self {
        Self {
            who: None,
            bucket: None,
            guardrails: Vec::new(),
            acl: None,
            identity: Vec::new(),
            boundary: None,
            session: None,
            levels: Vec::new(),
            context: FixedContext::default(),
            action: Action::GetObject,
            resource: "reports/2026/q1.csv",
            view: View::Live,
        }
    }

    /// By the caller of this ARN.
    pub(crate) fn by(arn: &str) -> Self {
        Self {
            who: Some(arn.to_owned()),
            ..Self::anonymous()
        }
    }

    pub(crate) fn bucket(mut self, statements: &str) -> Self {
        let bucket = BucketName::parse("reports").unwrap();
        self.bucket = Some(policy(
            PolicyKind::Bucket(&bucket),
            "buckets/reports.json",
            statements,
        ));
        self
    }

    pub(crate) fn guardrail(mut self, statements: &str) -> Self {
        let kind = PolicyKind::Guardrail;
        self.guardrails
            .push(policy(kind, "guardrails/org.json", statements));
        self
    }

    /// With these grants in the object's ACL.
    pub(crate) fn object_acl(mut self, grants: Vec<Grant>) -> Self {
        self.acl = Some(AclGrants {
            object: grants,
            ..AclGrants::default()
        });
        self
    }

    /// The object is another account's.
    pub(crate) fn object_of(mut self, account: &str) -> Self {
        let acl = self.acl.get_or_insert_default();
        acl.object_owner = ObjectOwner::Other(AccountId::parse(account).unwrap());
        self
    }

    pub(crate) fn identity(self, statements: &str) -> Self {
        self.identity_in(Mode::Enforce, statements)
    }

    pub(crate) fn identity_in(mut self, mode: Mode, statements: &str) -> Self {
        let file = format!("identities/{}.json", self.identity.len() + 1);
        let policy = compile(PolicyKind::Identity, &file, statements).in_mode(mode);
        self.identity.push(Arc::new(policy));
        self
    }

    pub(crate) fn boundary(mut self, statements: &str) -> Self {
        self.boundary = Some(policy(PolicyKind::Boundary, "boundary.json", statements));
        self
    }

    pub(crate) fn session(mut self, statements: &str) -> Self {
        self.session = Some(policy(PolicyKind::Session, "session.json", statements));
        self
    }

    /// One more level of service control.
    pub(crate) fn service_control(mut self, statements: &str) -> Self {
        let file = format!("service_control/{}.json", self.levels.len() + 1);
        let policy = policy(PolicyKind::ServiceControl, &file, statements);
        self.levels.push(vec![policy].into());
        self
    }

    /// With these statements in the bucket policy, and in identity policy, boundary and session policy; no policy where
    /// there are none.
    pub(crate) fn filled(self, bucket: &str, own: [&str; 3]) -> Self {
        let [identity, boundary, session] = own;
        let with = |scene: Self, add: fn(Self, &str) -> Self, statements: &str| match statements {
            "" => scene,
            statements => add(scene, statements),
        };
        let scene = with(self, Self::bucket, bucket);
        let scene = with(scene, Self::identity, identity);
        let scene = with(scene, Self::boundary, boundary);
        with(scene, Self::session, session)
    }

    pub(crate) fn with(self, key: &str, value: &str) -> Self {
        let key = Key::parse(key).unwrap();
        self.in_context(|context| context.with(key, value))
    }

    pub(crate) fn with_many(self, key: &str, values: &[&str]) -> Self {
        let key = Key::parse(key).unwrap();
        self.in_context(|context| context.with_many(key, values.iter().copied()))
    }

    pub(crate) fn in_context(mut self, change: impl FnOnce(FixedContext) -> FixedContext) -> Self {
        self.context = change(self.context);
        self
    }

    pub(crate) fn doing(mut self, action: Action) -> Self {
        self.action = action;
        self
    }

    pub(crate) fn on(mut self, resource: &'static str) -> Self {
        self.resource = resource;
        self
    }

    pub(crate) fn seen_in(mut self, view: View) -> Self {
        self.view = view;
        self
    }

    pub(crate) fn explanation(&self) -> Explanation {
        self.ask(explain)
    }

    #[track_caller]
    pub(crate) fn golden(&self, name: &str) {
        golden(name, &self.explanation());
    }

    /// With RestrictPublicBuckets on.
    #[track_caller]
    pub(crate) fn public_access(&self, name: &str, public: bool) {
        let explanation = self.ask(|policies, question| {
            let public = PublicPolicies::Restricted;
            explain(Policies { public, ..policies }, question)
        });
        let access = explanation.public_access.as_ref();
        let statements = access.map_or(0, |access| access.statements.len());
        assert_eq!(statements > 0, public);
        golden(name, &explanation);
    }

    fn ask<T>(&self, to: impl FnOnce(Policies<'_>, &Question<'_, FixedContext>) -> T) -> T {
        let principal = self.principal();
        let policies = Policies {
            bucket: self.bucket.as_deref(),
            guardrails: &PolicySet::from(self.guardrails.clone()),
            acl: self.acl.as_ref(),
            public: PublicPolicies::Count,
        };
        let question = Question {
            principal: &principal,
            action: self.action,
            resource: self.resource,
            owner: AccountId::parse("111122223333").unwrap(),
            context: &self.context,
            view: self.view,
        };
        to(policies, &question)
    }

    fn principal(&self) -> Principal {
        let Some(arn) = self.who.as_deref() else {
            return Principal::Anonymous;
        };
        let account = arn.split(':').nth(4).unwrap();
        let name: Vec<&str> = arn.split([':', '/']).skip(5).collect();
        let (kind, principal_arn) = match *name {
            ["root"] => (CallerKind::Root, arn.to_owned()),
            ["user", name] => (CallerKind::User { name: name.into() }, arn.to_owned()),
            ["federated-user", name] => (
                CallerKind::FederatedUser {
                    user: ALICE.into(),
                    name: name.into(),
                },
                arn.to_owned(),
            ),
            ["assumed-role", "AWSServiceRoleForBackup", session] => (
                CallerKind::RoleSession {
                    role: "AWSServiceRoleForBackup".into(),
                    session: session.into(),
                },
                SERVICE_LINKED.to_owned(),
            ),
            ["assumed-role", role, session] => (
                CallerKind::RoleSession {
                    role: role.into(),
                    session: session.into(),
                },
                format!("arn:aws:iam::{account}:role/{role}"),
            ),
            _ => panic!("{arn}"),
        };
        let id = AccountId::parse(account).unwrap();
        let levels = self.levels.iter();
        let levels = levels.map(|set| set.documents().iter().cloned().collect());
        let account = Account {
            service_control: levels.collect(),
            ..Account::new(id, "c".repeat(64), "test")
        };
        Principal::Known(Arc::new(Caller {
            account: Arc::new(account),
            kind,
            arn: arn.into(),
            principal_arn: principal_arn.into(),
            user_id: "AIDATEST".into(),
            tags: Default::default(),
            policies: self.identity.clone().into(),
            boundary: self.boundary.clone(),
            session_policy: self.session.clone(),
            session: None,
            provider: None,
        }))
    }
}

fn policy(kind: PolicyKind<'_>, file: &str, statements: &str) -> Arc<Policy> {
    Arc::new(compile(kind, file, statements))
}

fn compile(kind: PolicyKind<'_>, file: &str, statements: &str) -> Policy {
    let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[\n{statements}\n]}}");
    let node = document::json(&text).unwrap();
    let origin = Arc::new(Origin {
        source: file.into(),
    });
    Policy::compile(&node, kind, origin)
        .unwrap_or_else(|problems| panic!("{problems:?} in {text}"))
        .policy
}

/// Holds an explanation against `golden/explain/NAME.txt`: its text, then its reason.
#[track_caller]
fn golden(name: &str, explanation: &Explanation) {
    let reason = serde_json::to_string_pretty(&explanation.reason).unwrap();
    let text = format!("{explanation}\n\nreason: {reason}\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/explain")
        .join(name)
        .with_extension("txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == text,
        "{name} differs; if that is right, run the test with UPDATE_GOLDEN=1\n{text}"
    );
}
