//! A small world for tests: an account with a user, its root user and roles, another account, and a ring of keys.

use crate::document::yaml;
use crate::identity::{
    AccessKeyId, Account, Caller, CallerKind, Directory, MaxSession, Role, Roles, SecretKey,
};
use crate::policy::{Origin, Policy, PolicyKind, PolicySet};
use crate::s3::names::AccountId;
use crate::sts::*;
use http::HeaderMap;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(in crate::sts) const NOW: i64 = 1_750_000_000;
pub(in crate::sts) const ACCOUNT: &str = "111122223333";
pub(in crate::sts) const ROLE: &str = "arn:aws:iam::111122223333:role/team/app";
pub(in crate::sts) const NEXT: &str = "arn:aws:iam::111122223333:role/next";
pub(in crate::sts) const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
pub(in crate::sts) const READ_ONLY: &str = "arn:aws:iam::111122223333:policy/read-only";
pub(in crate::sts) const ISSUER: &str = "https://id.example.com";

pub(in crate::sts) fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

pub(in crate::sts) fn fresh(seed: u8) -> Fresh {
    Fresh::new(&[seed; Fresh::BYTES])
}

pub(in crate::sts) fn ring() -> KeyRing {
    KeyRing::new(key("k1", 1), vec![key("k0", 0)]).unwrap()
}

pub(in crate::sts) fn key(id: &str, byte: u8) -> SealKey {
    SealKey::new(id, &bytes(byte)).unwrap()
}

/// A key's bytes, all of them different.
pub(in crate::sts) fn bytes(first: u8) -> [u8; 32] {
    std::array::from_fn(|place| first.wrapping_mul(37) ^ u8::try_from(place).unwrap())
}

/// A policy of statements in YAML's flow style, without the braces.
pub(in crate::sts) fn policy(kind: PolicyKind<'_>, statements: &[&str]) -> Arc<Policy> {
    let statements: Vec<_> = statements.iter().map(|it| format!("{{{it}}}")).collect();
    let text = format!(
        "{{Version: '2012-10-17', Statement: [{}]}}",
        statements.join(", ")
    );
    let origin = Arc::new(Origin {
        source: "policy.json".into(),
    });
    let compiled = Policy::compile(&yaml(&text).unwrap(), kind, origin);
    Arc::new(compiled.unwrap().policy)
}

/// Everything a session can refer to.
pub(in crate::sts) struct World {
    pub(in crate::sts) directory: Directory,
    pub(in crate::sts) roles: Roles,
    pub(in crate::sts) managed: ManagedPolicies,
    pub(in crate::sts) ring: KeyRing,
    pub(in crate::sts) headers: HeaderMap,
}

pub(in crate::sts) fn account(id: &str) -> Arc<Account> {
    let id = AccountId::parse(id).unwrap();
    Arc::new(Account::new(
        id,
        id.as_str().repeat(6).get(..64).unwrap(),
        "acme",
    ))
}

pub(in crate::sts) fn user(account: &Arc<Account>, name: &str, policies: &[&str]) -> Caller {
    let arn: Box<str> = format!("arn:aws:iam::{}:user/{name}", account.id).into();
    Caller {
        account: Arc::clone(account),
        kind: CallerKind::User { name: name.into() },
        arn: arn.clone(),
        principal_arn: arn,
        user_id: format!("AIDA{}", name.to_uppercase()).into(),
        tags: BTreeMap::from([("team".into(), "red".into())]),
        provider: None,
        policies: set(policies),
        boundary: None,
        session_policy: None,
        session: None,
    }
}

pub(in crate::sts) fn set(statements: &[&str]) -> PolicySet {
    let policies = (!statements.is_empty()).then(|| policy(PolicyKind::Identity, statements));
    policies.into_iter().collect()
}

pub(in crate::sts) fn root(account: &Arc<Account>) -> Caller {
    let arn: Box<str> = format!("arn:aws:iam::{}:root", account.id).into();
    Caller {
        kind: CallerKind::Root,
        principal_arn: arn.clone(),
        arn,
        user_id: account.id.as_str().into(),
        tags: BTreeMap::new(),
        ..user(account, "x", &[])
    }
}

pub(in crate::sts) fn role(account: &Arc<Account>, path: &str, trust: &[&str]) -> Role {
    let name = path.rsplit('/').next().unwrap();
    Role {
        account: Arc::clone(account),
        name: name.into(),
        arn: format!("arn:aws:iam::{}:role/{path}", account.id).into(),
        id: format!("AROA{}", name.to_uppercase()).into(),
        trust: policy(PolicyKind::Trust, trust),
        max_session: MaxSession::new(7200).unwrap(),
        tags: BTreeMap::from([
            ("Stage".into(), "prod".into()),
            ("kind".into(), "app".into()),
        ]),
        policies: set(&[
            "Effect: Allow, Action: ['s3:*', 'sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'], Resource: '*'",
        ]),
        boundary: None,
    }
}

/// Who may make sessions of the roles.
pub(in crate::sts) const TRUST: [&str; 2] = [
    "Effect: Allow, Principal: {AWS: '111122223333'}, Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']",
    "Effect: Allow, Principal: {Federated: 'arn:aws:iam::111122223333:oidc-provider/id.example.com'}, Action: 'sts:*', Condition: {StringEquals: {'id.example.com:sub': 'repo:acme'}}",
];

pub(in crate::sts) fn world() -> World {
    world_with(|_| ())
}

/// The world with another role `team/app`.
pub(in crate::sts) fn world_with(change: impl Fn(&mut Role)) -> World {
    let here = account(ACCOUNT);
    let may = "Effect: Allow, Action: 'sts:*', Resource: '*'";
    let callers = [user(&here, "alice", &[may]), root(&here)];
    let callers = callers.map(|caller| (caller.arn.clone(), Arc::new(caller)));
    let mut app = role(&here, "team/app", &TRUST);
    change(&mut app);
    let read_only = policy(
        PolicyKind::Session,
        &["Effect: Allow, Action: 's3:Get*', Resource: '*'"],
    );
    World {
        directory: Directory {
            callers: callers.into_iter().collect(),
            ..Directory::default()
        },
        roles: [app, role(&here, "next", &TRUST)]
            .map(Arc::new)
            .into_iter()
            .collect(),
        managed: [(READ_ONLY.into(), read_only)].into_iter().collect(),
        ring: ring(),
        headers: HeaderMap::new(),
    }
}

impl World {
    pub(in crate::sts) fn known(&self) -> Known<'_> {
        Known {
            directory: &self.directory,
            roles: &self.roles,
            managed: &self.managed,
        }
    }

    pub(in crate::sts) fn desk(&self) -> Desk<'_> {
        Desk {
            known: self.known(),
            ring: &self.ring,
            around: Surroundings {
                peer: "192.0.2.1".parse().unwrap(),
                tls: None,
                headers: &self.headers,
                auth: None,
                region: "eu-west-1",
                now: now(),
            },
        }
    }

    pub(in crate::sts) fn alice(&self) -> Arc<Caller> {
        Arc::clone(&self.directory.callers[ALICE])
    }

    /// Calls as this caller; the call is a form.
    pub(in crate::sts) fn assume(
        &self,
        caller: &Arc<Caller>,
        form: &str,
    ) -> Result<Assumed, StsError> {
        match Call::parse(b"", form.as_bytes())? {
            Call::AssumeRole(call) => assume_role(&call, caller, &self.desk(), fresh(7)),
            other => panic!("{other:?}"),
        }
    }

    /// The caller that opens its token again.
    pub(in crate::sts) fn caller_of(&self, assumed: &Assumed) -> Arc<Caller> {
        let issued = &assumed.issued;
        let id = &issued.session.access_key.0;
        let session = token::open(issued.token.expose(), id, &self.ring, now()).unwrap();
        assert_eq!(session, issued.session);
        Arc::new(session.terms.caller(self.known()).unwrap())
    }
}

/// The form of a call of AssumeRole.
pub(in crate::sts) fn form(role: &str, session: &str, more: &str) -> String {
    format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName={session}{more}")
}

/// A session with something in every field.
pub(in crate::sts) fn full() -> Session {
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| Box::from(*text))
            .collect::<Vec<_>>()
    };
    Session {
        access_key: AccessKeyId("ASIAAAAAAAAAAAAAAAAA".into()),
        secret: SecretKey::new("x".repeat(40)),
        terms: Terms {
            holder: Holder::Role {
                arn: ROLE.into(),
                id: "AROAAPP".into(),
                session: "s1".into(),
            },
            issued: now(),
            expires: Timestamp::from_second(NOW + 900).unwrap(),
            limits: Limits {
                document: Some("{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::lake/*\"}]}".into()),
                managed: texts(&[READ_ONLY]),
            },
            tags: BTreeMap::from([("Team".into(), "blue".into()), ("Grün".into(), "".into())]),
            transitive: ["Team".into()].into(),
            source_identity: Some("alice".into()),
            vouched: Some(Vouched {
                provider: "arn:aws:iam::111122223333:oidc-provider/id.example.com".into(),
                claims: BTreeMap::from([("id.example.com:amr".into(), texts(&["mfa", "pwd"]))]),
            }),
        },
    }
}
