//! From a case to its decision.

use crate::file::{Case, items};
use portcullis_core::context::FixedContext;
use portcullis_core::controls::public_access::{PublicAccessBlock, Ruling};
use portcullis_core::document::{Entry, Node, PathPart, Problem, Value};
use portcullis_core::identity::{Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{
    AclGrants, AclPermission, Decision, Grant, Grantee, Layer, Missing, Origin, Policies, Policy,
    PolicyKind, PublicGrants, Question, Verdict, View, evaluate,
};
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What came of a case, in its words.
pub(crate) struct Decided {
    /// `allow`, `explicit_deny`, `implicit_deny`, `unknown` or `invalid_policy`.
    pub(crate) verdict: &'static str,
    /// The layer that decided.
    pub(crate) by: &'static str,
    /// What is wrong with the policy.
    pub(crate) why: String,
}

impl Case {
    /// Decides the case.
    pub(crate) fn decide(&self) -> Decided {
        self.decision().unwrap_or_else(|problems| Decided {
            verdict: "invalid_policy",
            by: "nobody",
            why: problems
                .iter()
                .map(|problem| format!("; {problem}"))
                .collect(),
        })
    }

    fn decision(&self) -> Result<Decided, Vec<Problem>> {
        let resource = self.text("resource");
        let resource = resource.strip_prefix("arn:aws:s3:::").unwrap_or_default();
        let bucket = BucketName::parse(resource.split('/').next().unwrap_or_default());
        let bucket_policy = match (self.get("bucket_policy"), &bucket) {
            (Some(node), Ok(name)) => Some(compile(node, PolicyKind::Bucket(name))?),
            _ => None,
        };
        let guardrails = self.policies("resource_control_policies", PolicyKind::Guardrail)?;
        let principal = self.principal()?;
        let owner = AccountId::parse(self.text("bucket_owner_account")).unwrap();
        let question = Question {
            principal: &principal,
            action: Action::parse(self.text("action")).unwrap(),
            resource,
            owner,
            context: &FixedContext::read(&self.context()).unwrap(),
            view: View::Live,
        };
        let policies = Policies {
            bucket: bucket_policy.as_deref(),
            guardrails: &guardrails.into(),
            acl: Some(&self.acl()),
        };
        let restricted = self
            .block()
            .restricts(bucket_policy.as_deref(), &principal, owner);
        Ok(told(&evaluate(policies, &question), restricted))
    }

    fn principal(&self) -> Result<Principal, Vec<Problem>> {
        let node = self.get("principal").unwrap();
        if node.text() == Some("anonymous") {
            return Ok(Principal::Anonymous);
        }
        let text = |name: &str| node.get(name).and_then(Node::text);
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
        Ok(Principal::Known(Arc::new(Caller {
            account: Arc::new(self.account(account)?),
            kind,
            arn: arn.into(),
            principal_arn: principal_arn(node).into(),
            user_id: "".into(),
            tags: BTreeMap::new(),
            provider: text("provider").map(Box::from),
            policies: self
                .policies("identity_policies", PolicyKind::Identity)?
                .into(),
            boundary: self.policy("permission_boundary", PolicyKind::Boundary)?,
            session_policy: self.policy("session_policy", PolicyKind::Session)?,
        })))
    }

    fn account(&self, id: &str) -> Result<Account, Vec<Problem>> {
        let canonical_id = id.repeat(6);
        let canonical_id = canonical_id.get(..64).unwrap();
        let levels = self.get("service_control_policies").map(items);
        let levels = levels.unwrap_or_default().iter();
        let levels = levels.map(|level| {
            let documents = items(level).iter();
            documents
                .map(|node| compile(node, PolicyKind::ServiceControl))
                .collect()
        });
        Ok(Account {
            service_control: levels.collect::<Result<_, _>>()?,
            ..Account::new(AccountId::parse(id).unwrap(), canonical_id, "case")
        })
    }

    /// The context of the case, and the keys that follow from its other fields. A key that the case gives as null is
    /// absent.
    fn context(&self) -> Node {
        let given = self.get("context").map(Node::entries).unwrap_or_default();
        let mut entries: Vec<Entry> = given.to_vec();
        for (name, value) in self.derived() {
            let same = |entry: &Entry| entry.name.eq_ignore_ascii_case(&name);
            if !entries.iter().any(same) {
                let (at, value) = (Default::default(), Value::Text(value));
                let value = Node { value, at };
                entries.push(Entry { name, at, value });
            }
        }
        entries.retain(|entry| entry.value.value != Value::Null);
        Node {
            at: Default::default(),
            value: Value::Map(entries),
        }
    }

    fn derived(&self) -> Vec<(String, String)> {
        let node = self.get("principal").unwrap();
        let text = |name: &str| node.get(name).and_then(Node::text).unwrap_or_default();
        let owner = self.text("bucket_owner_account");
        let mut keys = vec![
            ("aws:ResourceAccount".to_owned(), owner.to_owned()),
            ("aws:SecureTransport".to_owned(), "true".to_owned()),
        ];
        let mut add = |name: &str, value: &str| keys.push((name.to_owned(), value.to_owned()));
        match text("type") {
            "" => {
                add("aws:PrincipalType", "Anonymous");
                add("aws:userid", "anonymous");
                return keys;
            }
            "Service" => {
                add("aws:PrincipalIsAWSService", "true");
                add("aws:PrincipalServiceName", text("arn"));
                return keys;
            }
            "User" => {
                let name = text("arn").rsplit('/').next().unwrap_or_default();
                add("aws:username", name);
                add("aws:userid", &format!("AIDAEXAMPLE{}", name.to_uppercase()));
            }
            "AssumedRole" => {
                let session = text("arn").rsplit('/').next().unwrap_or_default();
                add("aws:userid", &format!("AROAEXAMPLE:{session}"));
                let provider = Some(text("provider")).filter(|provider| !provider.is_empty());
                let web = provider.filter(|provider| !provider.contains(":saml-provider/"));
                if let Some(web) = web {
                    add("aws:FederatedProvider", web);
                }
            }
            "FederatedUser" => {
                let name = text("arn").rsplit('/').next().unwrap_or_default();
                add("aws:userid", &format!("{}:{name}", text("account")));
            }
            _ => add("aws:userid", text("account")),
        }
        add("aws:PrincipalIsAWSService", "false");
        add("aws:PrincipalType", text("type"));
        add("aws:PrincipalAccount", text("account"));
        add("aws:PrincipalArn", &principal_arn(node));
        for tag in node.get("tags").map(Node::entries).unwrap_or_default() {
            add(
                &format!("aws:PrincipalTag/{}", tag.name),
                tag.value.text().unwrap(),
            );
        }
        keys
    }

    /// No grants unless the case has some.
    fn acl(&self) -> AclGrants {
        let grants = |of: &str| {
            let list = self.get("acl").and_then(|acl| acl.get(of)).map(items);
            list.unwrap_or_default().iter().map(grant).collect()
        };
        AclGrants {
            bucket: grants("bucket"),
            object: grants("object"),
            public: match self.block().ignore_public_acls {
                true => PublicGrants::Ignored,
                false => PublicGrants::Count,
            },
        }
    }

    fn block(&self) -> PublicAccessBlock {
        let level = |level: &str| {
            let flag = |name: &str| {
                let path = [level, name].map(|part| PathPart::Key(part.into()));
                let block = self.get("block_public_access");
                block
                    .and_then(|block| block.find(&path))
                    .is_some_and(|node| node.value == Value::Bool(true))
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

    fn policy(
        &self,
        name: &str,
        kind: PolicyKind<'_>,
    ) -> Result<Option<Arc<Policy>>, Vec<Problem>> {
        self.get(name).map(|node| compile(node, kind)).transpose()
    }

    fn policies(&self, name: &str, kind: PolicyKind<'_>) -> Result<Vec<Arc<Policy>>, Vec<Problem>> {
        let nodes = self.get(name).map(items).unwrap_or_default();
        nodes.iter().map(|node| compile(node, kind)).collect()
    }
}

/// `aws:PrincipalArn`: of a session the ARN of its role, which may have a path that the session's does not show.
fn principal_arn(principal: &Node) -> String {
    let text = |name: &str| principal.get(name).and_then(Node::text);
    let arn = text("arn").unwrap();
    let role = arn.split('/').nth(1).unwrap_or_default();
    match (text("role"), text("type")) {
        (Some(role), _) => role.to_owned(),
        (None, Some("AssumedRole")) => {
            format!("arn:aws:iam::{}:role/{role}", text("account").unwrap())
        }
        (None, _) => arn.to_owned(),
    }
}

fn grant(node: &Node) -> Grant {
    let text = |name: &str| node.get(name).and_then(Node::text).unwrap();
    Grant {
        grantee: match text("grantee") {
            "AllUsers" => Grantee::AllUsers,
            "AuthenticatedUsers" => Grantee::AuthenticatedUsers,
            id => Grantee::CanonicalUser(id.into()),
        },
        permission: match text("permission") {
            "READ" => AclPermission::Read,
            "WRITE" => AclPermission::Write,
            "READ_ACP" => AclPermission::ReadAcp,
            "WRITE_ACP" => AclPermission::WriteAcp,
            "FULL_CONTROL" => AclPermission::FullControl,
            other => panic!("unknown permission {other}"),
        },
    }
}

fn compile(node: &Node, kind: PolicyKind<'_>) -> Result<Arc<Policy>, Vec<Problem>> {
    let origin = Arc::new(Origin {
        source: "case".into(),
    });
    Policy::compile(node, kind, origin).map(|compiled| Arc::new(compiled.policy))
}

fn told(decision: &Decision, restricted: Ruling) -> Decided {
    let by = decision.by.as_ref().map_or("nobody", |by| match by.layer {
        Layer::Guardrail => "guardrail",
        Layer::Rego => "rego",
        Layer::ServiceControl => "service_control",
        Layer::Bucket => "bucket",
        Layer::Acl => "acl",
        Layer::Identity => "identity",
        Layer::Boundary => "boundary",
        Layer::Session => "session",
        Layer::Root => "root",
    });
    let (verdict, by) = match (decision.verdict, restricted) {
        (Verdict::Allow, Ruling::Pass) => ("allow", by),
        (Verdict::Allow, Ruling::Refuse) => ("explicit_deny", "public_access"),
        (Verdict::ExplicitDeny, _) => ("explicit_deny", by),
        (Verdict::ImplicitDeny(missing), _) => match missing {
            Missing::Identity => ("implicit_deny", "identity"),
            Missing::Resource => ("implicit_deny", "bucket"),
            Missing::Boundary => ("implicit_deny", "boundary"),
            Missing::Session => ("implicit_deny", "session"),
            Missing::ServiceControl => ("implicit_deny", "service_control"),
        },
        (Verdict::Unknown, _) => ("unknown", "nobody"),
    };
    Decided {
        verdict,
        by,
        why: String::new(),
    }
}
