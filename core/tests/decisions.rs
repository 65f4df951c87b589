//! Every case of `data/decisions`: policies and a request, and what must come of it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use portcullis_core::context::FixedContext;
use portcullis_core::controls::public_access::{PublicAccessBlock, Ruling};
use portcullis_core::document::{self, Node, PathPart, Value};
use portcullis_core::identity::{Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{Origin, Policies, Policy, PolicyKind, Question, Verdict, evaluate};
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

#[test]
fn every_case_is_decided_as_aws_decides_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/decisions");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 85, "only {} cases found", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|path| failure(path)).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// One line about a case that is decided otherwise than it says.
fn failure(path: &Path) -> Option<String> {
    let case = Case(document::json(&std::fs::read_to_string(path).unwrap()).unwrap());
    let (expected, decided) = (case.text("expected"), case.decide());
    (decided != expected).then(|| {
        format!(
            "{}: {decided}, not {expected}",
            path.file_stem().unwrap().display()
        )
    })
}

struct Case(Node);

impl Case {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap().text().unwrap()
    }

    fn decide(&self) -> &'static str {
        let resource = self.text("resource").strip_prefix("arn:aws:s3:::").unwrap();
        let bucket = BucketName::parse(resource.split('/').next().unwrap()).unwrap();
        let bucket_policy = self.policy("bucket_policy", PolicyKind::Bucket(&bucket));
        let guardrails = self.policies("resource_control_policies", PolicyKind::Guardrail);
        let principal = self.principal();
        let owner = AccountId::parse(self.text("bucket_owner_account")).unwrap();
        let policies = Policies {
            bucket: bucket_policy.as_deref(),
            guardrails: &guardrails,
        };
        let question = Question {
            principal: &principal,
            action: Action::parse(self.text("action")).unwrap(),
            resource,
            owner,
            context: &FixedContext::read(self.0.get("context").unwrap()).unwrap(),
        };
        let restricted = self
            .block()
            .restricts(bucket_policy.as_deref(), &principal, owner);
        match (evaluate(policies, &question).verdict, restricted) {
            (Verdict::Allow, Ruling::Pass) => "allow",
            (Verdict::Allow, Ruling::Refuse) | (Verdict::ExplicitDeny, _) => "explicit_deny",
            (Verdict::ImplicitDeny(_), _) => "implicit_deny",
            (Verdict::Unknown, _) => "unknown",
        }
    }

    fn principal(&self) -> Principal {
        let node = self.0.get("principal").unwrap();
        if node.text() == Some("anonymous") {
            return Principal::Anonymous;
        }
        let text = |name: &str| node.get(name).unwrap().text();
        let arn = text("arn").unwrap();
        let Some(account) = text("account") else {
            return Principal::Service(arn.into());
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
            other => panic!("unknown type {other}"),
        };
        let context = |key: &str| {
            self.0
                .get("context")
                .unwrap()
                .get(key)
                .unwrap()
                .text()
                .unwrap()
        };
        Principal::Known(Arc::new(Caller {
            account: Arc::new(Account {
                id: AccountId::parse(account).unwrap(),
                canonical_id: "0".repeat(64).into(),
                name: "case".into(),
            }),
            kind,
            arn: arn.into(),
            principal_arn: context("aws:PrincipalArn").into(),
            user_id: context("aws:userid").into(),
            tags: BTreeMap::new(),
            policies: self.policies("identity_policies", PolicyKind::Identity),
            boundary: self.policy("permission_boundary", PolicyKind::Boundary),
            session_policy: self.policy("session_policy", PolicyKind::Session),
        }))
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

    fn policy(&self, name: &str, kind: PolicyKind<'_>) -> Option<Arc<Policy>> {
        let node = self.0.get(name).unwrap();
        (node.value != Value::Null).then(|| compile(node, kind))
    }

    fn policies(&self, name: &str, kind: PolicyKind<'_>) -> Vec<Arc<Policy>> {
        match &self.0.get(name).unwrap().value {
            Value::List(nodes) => nodes.iter().map(|node| compile(node, kind)).collect(),
            other => panic!("{name} is {other:?}"),
        }
    }
}

fn compile(node: &Node, kind: PolicyKind<'_>) -> Arc<Policy> {
    let origin = Arc::new(Origin {
        source: "case".into(),
    });
    Arc::new(Policy::compile(node, kind, origin).unwrap().policy)
}
