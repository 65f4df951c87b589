//! A decision case as `data/decisions` writes it, put to the engine.

use portcullis_core::context::FixedContext;
use portcullis_core::controls::public_access::{PublicAccessBlock, Ruling};
use portcullis_core::document::{self, Node, PathPart, Problem, Value};
use portcullis_core::identity::{Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{
    Origin, Policies, Policy, PolicyKind, PolicySet, Question, Verdict, View, evaluate,
};
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A case.
pub(crate) struct Case(Node);

impl Case {
    /// Reads the JSON of a case.
    pub(crate) fn read(json: &str) -> Self {
        Self(document::json(json).unwrap())
    }

    /// A text of the case.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap().text().unwrap()
    }

    /// What the engine decides, in the words of `expected`; fails with what it refuses in a document.
    pub(crate) fn decide(&self) -> Result<&'static str, String> {
        let resource = self.text("resource").strip_prefix("arn:aws:s3:::").unwrap();
        let bucket = self.bucket(resource);
        let bucket_policy = self.policy("bucket_policy", PolicyKind::Bucket(&bucket))?;
        let guardrails = self.policies("resource_control_policies", PolicyKind::Guardrail)?;
        let principal = self.principal()?;
        let owner = AccountId::parse(self.text("bucket_owner_account")).unwrap();
        let policies = Policies {
            bucket: bucket_policy.as_deref(),
            guardrails: &guardrails.into(),
        };
        let question = Question {
            principal: &principal,
            action: Action::parse(self.text("action")).unwrap(),
            resource,
            owner,
            context: &FixedContext::read(self.0.get("context").unwrap())
                .map_err(|problems| refused("context", &problems))?,
            view: View::Live,
        };
        let restricted = self
            .block()
            .restricts(bucket_policy.as_deref(), &principal, owner);
        Ok(match (evaluate(policies, &question).verdict, restricted) {
            (Verdict::Allow, Ruling::Pass) => "allow",
            (Verdict::Allow, Ruling::Refuse) | (Verdict::ExplicitDeny, _) => "explicit_deny",
            (Verdict::ImplicitDeny(_), _) => "implicit_deny",
            (Verdict::Unknown, _) => "unknown",
        })
    }

    /// The bucket asked for; a service-level action asks for none, and no policy of a bucket is in play.
    fn bucket(&self, resource: &str) -> BucketName {
        let name = resource.split('/').next().unwrap();
        BucketName::parse(if name.is_empty() { "none" } else { name }).unwrap()
    }

    fn principal(&self) -> Result<Principal, String> {
        let node = self.0.get("principal").unwrap();
        if node.text() == Some("anonymous") {
            return Ok(Principal::Anonymous);
        }
        let text = |name: &str| node.get(name).unwrap().text();
        let arn = text("arn").unwrap();
        let Some(account) = text("account") else {
            return Ok(Principal::Service(arn.into()));
        };
        let mut names = arn.split('/').skip(1).map(Box::from);
        let kind = match text("type").unwrap() {
            "Account" => CallerKind::Root,
            "User" => CallerKind::User {
                name: names.last().unwrap(),
            },
            "AssumedRole" => CallerKind::RoleSession {
                role: names.next().unwrap(),
                session: names.next().unwrap(),
            },
            "FederatedUser" => CallerKind::FederatedUser {
                name: names.next().unwrap(),
                user: text("user").unwrap().into(),
            },
            other => panic!("unknown type {other}"),
        };
        let context = |key: &str| self.0.get("context").unwrap().get(key).unwrap().text();
        Ok(Principal::Known(Arc::new(Caller {
            account: Arc::new(Account {
                service_control: self.service_control()?,
                ..Account::new(
                    AccountId::parse(account).unwrap(),
                    format!("{account:0>64}"),
                    "case",
                )
            }),
            kind,
            arn: arn.into(),
            principal_arn: context("aws:PrincipalArn").unwrap().into(),
            user_id: context("aws:userid").unwrap().into(),
            tags: BTreeMap::new(),
            provider: node.get("provider").and_then(Node::text).map(Box::from),
            policies: self
                .policies("identity_policies", PolicyKind::Identity)?
                .into(),
            boundary: self.policy("permission_boundary", PolicyKind::Boundary)?,
            session_policy: self.policy("session_policy", PolicyKind::Session)?,
        })))
    }

    /// The levels of service control; a case may leave them out.
    fn service_control(&self) -> Result<Vec<PolicySet>, String> {
        let name = "service_control_policies";
        let Some(Value::List(levels)) = self.0.get(name).map(|node| &node.value) else {
            return Ok(Vec::new());
        };
        let kind = PolicyKind::ServiceControl;
        let documents = |level: &Node| match &level.value {
            Value::List(nodes) => nodes.iter().map(|node| compile(name, node, kind)).collect(),
            other => panic!("a level of {name} is {other:?}"),
        };
        levels.iter().map(documents).collect()
    }

    fn block(&self) -> PublicAccessBlock {
        let level = |level: &str| {
            let flag = |name: &str| {
                let path =
                    ["block_public_access", level, name].map(|part| PathPart::Key(part.into()));
                self.0.find(&path).unwrap().value == Value::Bool(true)
            };
            PublicAccessBlock {
                block_public_acls: flag("BlockPublicAcls"),
                ignore_public_acls: flag("IgnorePublicAcls"),
                block_public_policy: flag("BlockPublicPolicy"),
                restrict_public_buckets: flag("RestrictPublicBuckets"),
            }
        };
        level("account").with(level("bucket"))
    }

    fn policy(&self, name: &str, kind: PolicyKind<'_>) -> Result<Option<Arc<Policy>>, String> {
        let node = self.0.get(name).unwrap();
        (node.value != Value::Null)
            .then(|| compile(name, node, kind))
            .transpose()
    }

    fn policies(&self, name: &str, kind: PolicyKind<'_>) -> Result<Vec<Arc<Policy>>, String> {
        match &self.0.get(name).unwrap().value {
            Value::List(nodes) => nodes.iter().map(|node| compile(name, node, kind)).collect(),
            other => panic!("{name} is {other:?}"),
        }
    }
}

fn compile(name: &str, node: &Node, kind: PolicyKind<'_>) -> Result<Arc<Policy>, String> {
    let origin = Arc::new(Origin {
        source: "case".into(),
    });
    let compiled =
        Policy::compile(node, kind, origin).map_err(|problems| refused(name, &problems))?;
    Ok(Arc::new(compiled.policy))
}

fn refused(name: &str, problems: &[Problem]) -> String {
    let messages: Vec<&str> = problems.iter().map(|one| one.message.as_str()).collect();
    format!("{name}: {}", messages.join("; "))
}
