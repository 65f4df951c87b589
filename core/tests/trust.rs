//! Every case of `data/trust`: a call of the Security Token Service, and what must come of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use jiff::Timestamp;
use portcullis_core::document::{self, Node, Value};
use portcullis_core::identity::{Account, Caller, CallerKind, Directory, MaxSession, Role, Roles};
use portcullis_core::policy::{Origin, Policy, PolicyKind, PolicySet, Verdict};
use portcullis_core::request::encode_query_component;
use portcullis_core::s3::names::AccountId;
use portcullis_core::sts::jwt::{Accounts, Algorithm, Issuer, IssuerUrl, Jwks, Leeway, Mapping};
use portcullis_core::sts::{
    Assumed, Call, Desk, Fresh, KeyRing, Known, ManagedPolicies, SealKey, StsError, Surroundings,
    assume_role, assume_role_with_web_identity,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, LazyLock};

const NOW: i64 = 1_750_000_000;
const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/target";
const ISSUER: &str = "https://id.example.com";

const FIELDS: [&str; 17] = [
    "name",
    "rule",
    "source",
    "cases",
    "trust",
    "identity",
    "boundary",
    "session_policy",
    "service_control",
    "resource_control",
    "caller",
    "tags",
    "call",
    "claims",
    "session",
    "expected",
    "by",
];

/// A case, with what it inherits from its rule.
struct Case<'n> {
    own: &'n Node,
    rule: &'n Node,
}

impl<'n> Case<'n> {
    fn get(&self, name: &str) -> Option<&'n Node> {
        self.own.get(name).or_else(|| self.rule.get(name))
    }

    fn text(&self, name: &str) -> Option<&'n str> {
        self.get(name)?.text()
    }

    /// A policy of the statements under this name, each of which may leave out its effect and action.
    fn policy(&self, name: &str, kind: PolicyKind<'_>) -> Option<Arc<Policy>> {
        let Value::List(statements) = &self.get(name)?.value else {
            panic!("`{name}` is a list");
        };
        let statements: Vec<_> = statements.iter().map(Node::to_json).collect();
        if statements.is_empty() {
            return None;
        }
        let statements = statements.into_iter().map(|mut statement| {
            let map = statement.as_object_mut().unwrap();
            map.entry("Effect").or_insert(json!("Allow"));
            map.entry("Action").or_insert(json!("sts:AssumeRole"));
            statement
        });
        let statements: Vec<_> = statements.collect();
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let node = document::json(&text).unwrap();
        let origin = Arc::new(Origin {
            source: name.into(),
        });
        let compiled = Policy::compile(&node, kind, origin);
        let compiled = compiled.unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        Some(Arc::new(compiled.policy))
    }

    fn set(&self, name: &str, kind: PolicyKind<'_>) -> PolicySet {
        self.policy(name, kind).into_iter().collect()
    }

    fn account(&self, id: &str) -> Arc<Account> {
        let id = AccountId::parse(id).unwrap();
        let level = self.policy("service_control", PolicyKind::ServiceControl);
        Arc::new(Account {
            service_control: level
                .into_iter()
                .map(|it| PolicySet::from(vec![it]))
                .collect(),
            resource_control: self.set("resource_control", PolicyKind::Guardrail),
            ..Account::new(id, "0".repeat(64), "case")
        })
    }

    fn role(&self, name: &str) -> Role {
        Role {
            account: self.account(ACCOUNT),
            name: name.into(),
            arn: format!("arn:aws:iam::{ACCOUNT}:role/{name}").into(),
            id: format!("AROA{}", name.to_uppercase()).into(),
            trust: self
                .policy("trust", PolicyKind::Trust)
                .expect("a trust policy"),
            max_session: MaxSession::default(),
            tags: BTreeMap::from([("team".into(), "red".into())]),
            policies: self.set("identity", PolicyKind::Identity),
            boundary: None,
        }
    }

    fn caller(&self) -> Caller {
        let user = |account: &str, name: &str| (account.to_owned(), format!("user/{name}"));
        let base = match self.text("caller").unwrap() {
            role @ ("app" | "target") => Caller {
                tags: BTreeMap::new(),
                ..self.role(role).session("s0")
            },
            name => {
                let (account, resource) = match name {
                    "alice" => user(ACCOUNT, "alice"),
                    "partner" => user("444455556666", "partner"),
                    "root" => (ACCOUNT.to_owned(), "root".to_owned()),
                    other => panic!("unknown caller `{other}`"),
                };
                let arn: Box<str> = format!("arn:aws:iam::{account}:{resource}").into();
                Caller {
                    account: self.account(&account),
                    kind: match name {
                        "root" => CallerKind::Root,
                        name => CallerKind::User { name: name.into() },
                    },
                    arn: arn.clone(),
                    principal_arn: arn,
                    user_id: "AIDAEXAMPLE".into(),
                    tags: BTreeMap::new(),
                    provider: None,
                    policies: self.set("identity", PolicyKind::Identity),
                    boundary: None,
                    session_policy: None,
                    session: None,
                }
            }
        };
        let tags = self.get("tags").map(Node::entries).unwrap_or_default();
        let tags = tags
            .iter()
            .map(|tag| (tag.name.as_str(), tag.value.text().unwrap()));
        Caller {
            tags: tags
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
            boundary: self.policy("boundary", PolicyKind::Boundary),
            session_policy: self.policy("session_policy", PolicyKind::Session),
            ..base
        }
    }

    fn form(&self) -> String {
        let session = self.text("session").unwrap_or("s1");
        let mut form = format!("Version=2011-06-15&RoleArn={ROLE}&RoleSessionName={session}");
        for entry in self.get("call").map(Node::entries).unwrap_or_default() {
            let value = encode_query_component(entry.value.text().unwrap());
            form += &format!("&{}={value}", entry.name);
        }
        match self.text("caller") {
            Some("web") => {
                form + &format!(
                    "&Action=AssumeRoleWithWebIdentity&WebIdentityToken={}",
                    self.token()
                )
            }
            _ => form + "&Action=AssumeRole",
        }
    }

    fn token(&self) -> String {
        let mut claims = json!({"iss": ISSUER, "sub": "repo:acme/lake", "aud": "gateway", "exp": NOW + 600, "iat": NOW});
        if let Some(said) = self.get("claims") {
            let said = said.to_json();
            claims
                .as_object_mut()
                .unwrap()
                .extend(said.as_object().unwrap().clone());
        }
        let header = encode(json!({"alg": "EdDSA"}).to_string());
        let signed = format!("{header}.{}", encode(claims.to_string()));
        format!("{signed}.{}", encode(KEY.sign(signed.as_bytes())))
    }

    fn call(&self) -> Result<Assumed, StsError> {
        let roles: Roles = [Arc::new(self.role("target"))].into_iter().collect();
        let headers = HeaderMap::new();
        let ring = KeyRing::new(
            SealKey::new(
                "k",
                &std::array::from_fn(|place| u8::try_from(place).unwrap()),
            )
            .unwrap(),
            Vec::new(),
        )
        .unwrap();
        let desk = Desk {
            known: Known {
                directory: &Directory::default(),
                roles: &roles,
                managed: &ManagedPolicies::default(),
            },
            ring: &ring,
            around: Surroundings {
                peer: "192.0.2.1".parse().unwrap(),
                tls: None,
                headers: &headers,
                auth: None,
                region: "eu-west-1",
                now: Timestamp::from_second(NOW).unwrap(),
            },
        };
        let fresh = Fresh::new(&[7; Fresh::BYTES]);
        match Call::parse(b"", self.form().as_bytes())? {
            Call::AssumeRole(call) => assume_role(&call, &Arc::new(self.caller()), &desk, fresh),
            Call::AssumeRoleWithWebIdentity(call) => {
                assume_role_with_web_identity(&call, &issuer(), &keys(), &desk, fresh)
            }
            other => panic!("{other:?}"),
        }
    }

    /// What comes of it: `allow`, or the code and who decided.
    fn outcome(&self) -> (String, Option<&'static str>) {
        let error = match self.call() {
            Ok(_) => return ("allow".to_owned(), None),
            Err(error) => error,
        };
        let by = error
            .decision
            .as_ref()
            .map(|decision| match decision.verdict {
                Verdict::ImplicitDeny(missing) => missing.layer().name(),
                Verdict::ExplicitDeny => decision.by.as_ref().unwrap().layer.name(),
                Verdict::Allow | Verdict::Unknown => panic!("{decision:?}"),
            });
        (error.code.name().to_owned(), by)
    }
}

static KEY: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn keys() -> Jwks {
    let x = encode(KEY.public_key());
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]});
    Jwks::parse(&keys.to_string()).unwrap()
}

fn issuer() -> Issuer {
    Issuer {
        url: IssuerUrl::parse(ISSUER).unwrap(),
        audiences: vec!["gateway".into()],
        algorithms: [Algorithm::EdDsa].into(),
        leeway: Leeway::default(),
        accounts: Accounts::Every,
        mapping: Mapping::default(),
    }
}

fn list(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        other => panic!("{other:?} is no list"),
    }
}

/// Puts every case of a file to `check`, with where it stands.
fn each(check: &mut dyn FnMut(&str, &Case<'_>)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/trust");
    for file in ["assume-role.yaml", "web-identity.yaml"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let root = document::yaml(&text).unwrap();
        for rule in list(root.get("rules")) {
            for own in list(rule.get("cases")) {
                let at = format!("{file}:{}", own.at.line);
                check(&at, &Case { own, rule });
            }
        }
    }
}

#[test]
fn every_call_is_decided_as_aws_decides_it() {
    let (mut count, mut failures) = (0, Vec::new());
    each(&mut |at, case| {
        count += 1;
        let (outcome, by) = case.outcome();
        let (expected, by_whom) = (case.text("expected").unwrap(), case.text("by"));
        let right_layer = by_whom == by || (by_whom.is_none() && outcome == "allow");
        if outcome != expected || !right_layer {
            let name = case.text("name").unwrap();
            failures.push(format!(
                "{at}: {name}: {outcome} by {by:?}, not {expected} by {by_whom:?}"
            ));
        }
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count >= 80, "only {count} cases found");
}

/// A rule whose cases all come out alike would also pass with the rule left out.
#[test]
fn every_rule_is_tested_from_both_sides() {
    let mut outcomes = BTreeMap::<_, BTreeSet<_>>::new();
    each(&mut |at, case| {
        let file = at.split(':').next().unwrap().to_owned();
        let rule = (file, case.text("rule").unwrap().to_owned());
        let expected = case.text("expected").unwrap() == "allow";
        outcomes.entry(rule).or_default().insert(expected);
    });
    let one_sided: Vec<_> = outcomes.iter().filter(|(_, all)| all.len() < 2).collect();
    assert!(one_sided.is_empty(), "{one_sided:#?}");
}

#[test]
fn every_case_has_known_fields_a_source_and_a_name_of_its_own() {
    let guides = [
        "IAM User Guide: ",
        "AWS STS API Reference: ",
        "AWS Organizations User Guide: ",
    ];
    let mut seen = BTreeSet::new();
    each(&mut |at, case| {
        let source = case.text("source").unwrap_or_default();
        assert!(
            guides.iter().any(|guide| source.starts_with(guide)),
            "{at}: {source}"
        );
        let entries = case.own.entries().iter().chain(case.rule.entries());
        for entry in entries {
            assert!(
                FIELDS.contains(&entry.name.as_str()),
                "{at}: `{}`",
                entry.name
            );
        }
        let name = (
            case.text("rule").unwrap().to_owned(),
            case.text("name").unwrap().to_owned(),
        );
        assert!(seen.insert(name), "{at}");
    });
}
