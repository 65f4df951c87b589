use super::keys::{Arity, Found, Kind};
use super::*;
use crate::document::json;
use crate::identity::{Account, Caller, CallerKind, Membership, Principal};
use crate::policy::PolicySet;
use crate::request::{Parameter, Query};
use crate::s3::names::AccountId;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeMap;
use std::sync::Arc;

const OWNER: &str = "111122223333";

fn caller(kind: CallerKind) -> Principal {
    caller_with(kind, |_| ())
}

fn caller_with(kind: CallerKind, change: impl FnOnce(&mut Caller)) -> Principal {
    let (arn, principal_arn) = match &kind {
        CallerKind::Root => ("arn:aws:iam::111122223333:root", None),
        CallerKind::User { .. } => ("arn:aws:iam::111122223333:user/alice", None),
        CallerKind::RoleSession { .. } => (
            "arn:aws:sts::111122223333:assumed-role/app/s1",
            Some("arn:aws:iam::111122223333:role/app"),
        ),
        CallerKind::FederatedUser { .. } => {
            ("arn:aws:sts::111122223333:federated-user/build", None)
        }
    };
    let mut caller = Caller {
        account: Arc::new(Account::new(
            AccountId::parse(OWNER).unwrap(),
            "a".repeat(64),
            "x",
        )),
        kind,
        arn: arn.into(),
        principal_arn: principal_arn.unwrap_or(arn).into(),
        user_id: "AIDAX".into(),
        tags: BTreeMap::from([("Team".into(), "blue".into())]),
        provider: None,
        policies: PolicySet::default(),
        boundary: None,
        session_policy: None,
        session: None,
    };
    change(&mut caller);
    Principal::Known(Arc::new(caller))
}

fn alice() -> Principal {
    caller(CallerKind::User {
        name: "alice".into(),
    })
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .fold(HeaderMap::new(), |mut map, (name, value)| {
            map.append(name, value);
            map
        })
}

fn query(pairs: &[(&str, Option<&str>)]) -> Query {
    let parameter = |(name, value): &(&str, Option<&str>)| Parameter {
        name: (*name).into(),
        value: value.map(Into::into),
    };
    Query(pairs.iter().map(parameter).collect())
}

fn facts<'a>(principal: &'a Principal, headers: &'a HeaderMap, query: &'a Query) -> Facts<'a> {
    Facts {
        peer: "203.0.113.5".parse().unwrap(),
        tls: Some(TlsVersion::V1_3),
        now: "2026-06-01T12:00:00Z".parse().unwrap(),
        auth: Some(AuthType::Header),
        signature_age_ms: Some(250),
        content_sha256: Some("UNSIGNED-PAYLOAD"),
        headers,
        query,
        listing: Listing::Query,
        version_id: None,
        copy_source: None,
        principal,
        owner: AccountId::parse(OWNER).unwrap(),
        owner_membership: None,
        region: "us-east-1",
        creates_object: None,
        object_tags: Stored::None,
        body: Stored::None,
    }
}

/// What each key shows: a text, `[a,b]` for a set, `-` for absent, `?` for not looked up.
fn shown(facts: &Facts<'_>, key: &str) -> String {
    match (RequestContext { facts }).lookup(&Key::parse(key).unwrap()) {
        Lookup::One(value) => value.to_text().into_owned(),
        Lookup::Many(values) => {
            let texts: Vec<_> = values.iter().map(Value::to_text).collect();
            format!("[{}]", texts.join(","))
        }
        Lookup::Absent => "-".to_owned(),
        Lookup::Unknown => "?".to_owned(),
    }
}

#[track_caller]
fn check(facts: &Facts<'_>, expected: &[(&str, &str)]) {
    for (key, value) in expected {
        assert_eq!(shown(facts, key), *value, "{key}");
    }
}

#[test]
fn the_connection_and_the_signature() {
    let (principal, headers, query) = (alice(), HeaderMap::new(), Query::default());
    let facts = facts(&principal, &headers, &query);
    check(
        &facts,
        &[
            ("aws:SourceIp", "203.0.113.5"),
            ("aws:SecureTransport", "true"),
            ("s3:TlsVersion", "1.3"),
            ("s3:authType", "REST-HEADER"),
            ("s3:signatureversion", "AWS4-HMAC-SHA256"),
            ("s3:signatureAge", "250"),
            ("s3:x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ("aws:CurrentTime", "2026-06-01T12:00:00Z"),
            ("aws:EpochTime", "1780315200"),
            ("aws:RequestedRegion", "us-east-1"),
            ("aws:ResourceAccount", OWNER),
            ("s3:ResourceAccount", OWNER),
        ],
    );
    let plain = Facts {
        tls: None,
        auth: None,
        signature_age_ms: None,
        content_sha256: None,
        ..facts
    };
    check(
        &plain,
        &[
            ("aws:SecureTransport", "false"),
            ("s3:TlsVersion", "-"),
            ("s3:authType", "-"),
            ("s3:signatureversion", "-"),
            ("s3:signatureAge", "-"),
            ("s3:x-amz-content-sha256", "-"),
        ],
    );
}

#[test]
fn the_caller() {
    let (headers, query) = (HeaderMap::new(), Query::default());
    let user = alice();
    check(
        &facts(&user, &headers, &query),
        &[
            ("aws:PrincipalArn", "arn:aws:iam::111122223333:user/alice"),
            ("aws:PrincipalAccount", OWNER),
            ("aws:PrincipalType", "User"),
            ("aws:username", "alice"),
            ("aws:userid", "AIDAX"),
            ("aws:PrincipalTag/team", "blue"),
            ("aws:PrincipalTag/other", "-"),
            ("aws:PrincipalIsAWSService", "false"),
            ("aws:MultiFactorAuthPresent", "-"),
        ],
    );
    let session = caller(CallerKind::RoleSession {
        role: "app".into(),
        session: "s1".into(),
    });
    check(
        &facts(&session, &headers, &query),
        &[
            ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/app"),
            ("aws:PrincipalType", "AssumedRole"),
            ("aws:username", "-"),
        ],
    );
    check(
        &facts(&Principal::Anonymous, &headers, &query),
        &[
            ("aws:PrincipalArn", "-"),
            ("aws:PrincipalAccount", "-"),
            ("aws:PrincipalType", "Anonymous"),
            ("aws:username", "-"),
            ("aws:userid", "anonymous"),
            ("aws:PrincipalIsAWSService", "-"),
        ],
    );
}

#[test]
fn a_federated_user_is_its_session() {
    let (headers, query) = (HeaderMap::new(), Query::default());
    let federated = caller(CallerKind::FederatedUser {
        name: "build".into(),
        user: "arn:aws:iam::111122223333:user/alice".into(),
    });
    let arn = "arn:aws:sts::111122223333:federated-user/build";
    check(
        &facts(&federated, &headers, &query),
        &[
            ("aws:PrincipalArn", arn),
            ("aws:PrincipalType", "FederatedUser"),
            ("aws:username", "-"),
            ("aws:FederatedProvider", "-"),
        ],
    );
}

#[test]
fn a_web_identity_session_has_its_provider_a_saml_session_has_not() {
    let (headers, query) = (HeaderMap::new(), Query::default());
    let saml = "arn:aws:iam::111122223333:saml-provider/corp";
    for (provider, shown) in [("accounts.google.com", "accounts.google.com"), (saml, "-")] {
        let session = caller_with(
            CallerKind::RoleSession {
                role: "app".into(),
                session: "s1".into(),
            },
            |caller| caller.provider = Some(provider.into()),
        );
        check(
            &facts(&session, &headers, &query),
            &[("aws:FederatedProvider", shown)],
        );
    }
}

#[test]
fn the_organisations_of_caller_and_owner() {
    let (headers, query) = (HeaderMap::new(), Query::default());
    let membership = |path: Option<&str>| Membership {
        organization: "o-a1b2c3d4e5".into(),
        path: path.map(Into::into),
    };
    let user = || CallerKind::User {
        name: "alice".into(),
    };
    let inside = |path| {
        caller_with(user(), |caller| {
            let mut account = Account::new(caller.account.id, "a".repeat(64), "x");
            account.membership = Some(membership(path));
            caller.account = Arc::new(account);
        })
    };
    let path = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/";
    let in_brackets = format!("[{path}]");
    let member = inside(Some(path));
    check(
        &facts(&member, &headers, &query),
        &[
            ("aws:PrincipalOrgID", "o-a1b2c3d4e5"),
            ("aws:PrincipalOrgPaths", &in_brackets),
            ("aws:ResourceOrgID", "-"),
            ("aws:ResourceOrgPaths", "-"),
        ],
    );
    check(
        &facts(&inside(None), &headers, &query),
        &[
            ("aws:PrincipalOrgID", "o-a1b2c3d4e5"),
            ("aws:PrincipalOrgPaths", "-"),
        ],
    );
    let (alice, owners) = (alice(), membership(Some(path)));
    let outside = Facts {
        owner_membership: Some(&owners),
        ..facts(&alice, &headers, &query)
    };
    check(
        &outside,
        &[
            ("aws:PrincipalOrgID", "-"),
            ("aws:PrincipalOrgPaths", "-"),
            ("aws:ResourceOrgID", "o-a1b2c3d4e5"),
            ("aws:ResourceOrgPaths", &in_brackets),
        ],
    );
}

#[test]
fn listings_have_keys_of_their_own() {
    let (principal, headers) = (alice(), HeaderMap::new());
    let query = query(&[("prefix", Some("")), ("max-keys", Some("10"))]);
    let listing = facts(&principal, &headers, &query);
    check(
        &listing,
        &[
            ("s3:prefix", ""),
            ("s3:delimiter", "-"),
            ("s3:max-keys", "10"),
        ],
    );
    let other = Facts {
        listing: Listing::No,
        ..listing
    };
    check(&other, &[("s3:prefix", "-"), ("s3:max-keys", "-")]);
    let asked = Facts {
        listing: Listing::Prefix("a/b"),
        ..listing
    };
    check(
        &asked,
        &[
            ("s3:prefix", "a/b"),
            ("s3:delimiter", "-"),
            ("s3:max-keys", "-"),
        ],
    );
}

#[test]
fn t25_headers_and_parameters_named_like_keys_stay_outside() {
    let principal = Principal::Anonymous;
    let names = [
        "userid",
        "aws-principalarn",
        "x-amz-principalarn",
        "sourceip",
        "x-forwarded-for",
        "prefix",
        "authtype",
    ];
    let headers = headers(&names.map(|name| (name, "forged")));
    let query = query(&[
        ("aws:PrincipalArn", Some("forged")),
        ("aws:SourceIp", Some("forged")),
        ("s3:prefix", Some("forged")),
        ("userid", Some("forged")),
    ]);
    let facts = Facts {
        auth: None,
        ..facts(&principal, &headers, &query)
    };
    let forged: Vec<_> = Key::NAMES
        .iter()
        .filter(|name| {
            shown(
                &facts,
                &format!("{name}{}", if name.ends_with('/') { "userid" } else { "" }),
            ) == "forged"
        })
        .collect();
    assert!(forged.is_empty(), "{forged:?}");
    check(
        &facts,
        &[
            ("aws:userid", "anonymous"),
            ("aws:SourceIp", "203.0.113.5"),
            ("s3:prefix", "-"),
        ],
    );
}

#[test]
fn t25_a_repeated_header_or_parameter_is_not_one_value() {
    let principal = alice();
    let headers = headers(&[
        ("x-amz-acl", "private"),
        ("x-amz-acl", "public-read"),
        ("user-agent", "x"),
    ]);
    let query = query(&[("prefix", Some("a")), ("prefix", Some("b"))]);
    let facts = facts(&principal, &headers, &query);
    check(
        &facts,
        &[
            ("s3:x-amz-acl", "[private,public-read]"),
            ("s3:prefix", "[a,b]"),
            ("aws:UserAgent", "x"),
        ],
    );
}

#[test]
fn tags_of_the_request() {
    let principal = alice();
    let headers = headers(&[("x-amz-tagging", "team=a%20b&Cost=+&empty")]);
    let query = Query::default();
    let tagged = facts(&principal, &headers, &query);
    check(
        &tagged,
        &[
            ("s3:RequestObjectTagKeys", "[team,Cost,empty]"),
            ("s3:RequestObjectTag/team", "a b"),
            ("s3:RequestObjectTag/cost", " "),
            ("s3:RequestObjectTag/empty", ""),
            ("s3:RequestObjectTag/none", "-"),
        ],
    );
    let none = HeaderMap::new();
    let plain = facts(&principal, &none, &query);
    check(
        &plain,
        &[
            ("s3:RequestObjectTagKeys", "-"),
            ("s3:RequestObjectTag/team", "-"),
        ],
    );
    let unread = Facts {
        body: Stored::NotAsked,
        ..plain
    };
    check(
        &unread,
        &[
            ("s3:RequestObjectTagKeys", "?"),
            ("s3:RequestObjectTag/team", "?"),
            ("s3:object-lock-mode", "?"),
        ],
    );
    let tags = [Tag {
        key: "a".into(),
        value: "b".into(),
    }];
    let body = Body {
        tags: Some(&tags),
        retention_mode: Some("GOVERNANCE"),
        ..Body::default()
    };
    let read = Facts {
        body: Stored::Known(body),
        ..plain
    };
    check(
        &read,
        &[
            ("s3:RequestObjectTagKeys", "[a]"),
            ("s3:RequestObjectTag/A", "b"),
            ("s3:object-lock-mode", "GOVERNANCE"),
        ],
    );
}

#[test]
fn tags_that_cannot_be_read_decide_nothing() {
    let principal = alice();
    let query = Query::default();
    for bad in ["a=%4", "a=%zz", "%ff=x"] {
        let headers = headers(&[("x-amz-tagging", bad)]);
        check(
            &facts(&principal, &headers, &query),
            &[
                ("s3:RequestObjectTagKeys", "?"),
                ("s3:RequestObjectTag/a", "?"),
            ],
        );
    }
}

#[test]
fn tags_of_the_object_wait_for_their_look_up() {
    let (principal, headers, query) = (alice(), HeaderMap::new(), Query::default());
    let facts = facts(&principal, &headers, &query);
    let key = "s3:ExistingObjectTag/Class";
    check(&facts, &[(key, "-")]);
    check(
        &Facts {
            object_tags: Stored::NotAsked,
            ..facts
        },
        &[(key, "?")],
    );
    let tags = [("class", "b"), ("Class", "a")].map(|(key, value)| Tag {
        key: key.into(),
        value: value.into(),
    });
    let known = Facts {
        object_tags: Stored::Known(&tags),
        ..facts
    };
    check(
        &known,
        &[
            (key, "a"),
            ("s3:ExistingObjectTag/class", "b"),
            ("s3:ExistingObjectTag/CLASS", "b"),
            ("s3:ExistingObjectTag/x", "-"),
        ],
    );
}

#[test]
fn retention_is_counted_in_days_begun() {
    let (principal, query) = (alice(), Query::default());
    for (until, days) in [
        ("2026-06-01T12:00:00Z", "0"),
        ("2026-06-01T12:00:01Z", "1"),
        ("2026-06-02T12:00:00Z", "1"),
        ("2026-07-01T12:00:00Z", "30"),
        ("2026-05-31T12:00:00Z", "-1"),
        ("soon", "?"),
    ] {
        let headers = headers(&[("x-amz-object-lock-retain-until-date", until)]);
        check(
            &facts(&principal, &headers, &query),
            &[("s3:object-lock-remaining-retention-days", days)],
        );
    }
}

#[test]
fn copies_and_versions() {
    let (principal, headers, query) = (alice(), HeaderMap::new(), Query::default());
    let facts = facts(&principal, &headers, &query);
    check(
        &facts,
        &[
            ("s3:x-amz-copy-source", "-"),
            ("s3:versionid", "-"),
            ("s3:ObjectCreationOperation", "-"),
        ],
    );
    let copy = Facts {
        copy_source: Some("/src/key"),
        version_id: Some("v1"),
        creates_object: Some(true),
        ..facts
    };
    check(
        &copy,
        &[
            ("s3:x-amz-copy-source", "src/key"),
            ("s3:versionid", "v1"),
            ("s3:ObjectCreationOperation", "true"),
        ],
    );
}

#[test]
fn key_names_ignore_case_and_print_as_aws_writes_them() {
    for name in Key::NAMES {
        let full = if name.ends_with('/') {
            format!("{name}Tag")
        } else {
            (*name).to_owned()
        };
        let key = Key::parse(&full.to_uppercase()).unwrap();
        assert!(key.to_string().eq_ignore_ascii_case(&full));
        assert!(key.same(&Key::parse(&full).unwrap()));
        assert!(key.to_string().starts_with(name));
    }
    assert_eq!(Key::parse("aws:PrincipalTag/"), None);
    assert_eq!(Key::parse("aws:PrincipalTag"), None);
    assert_eq!(Key::parse("s3:prefi"), None);
    assert!(
        !Key::parse("aws:PrincipalTag/a")
            .unwrap()
            .same(&Key::parse("aws:PrincipalTag/b").unwrap())
    );
}

#[test]
fn the_table_has_every_key_of_the_service_reference() {
    let count = |service: &str| {
        Key::NAMES
            .iter()
            .filter(|name| name.starts_with(service))
            .count()
    };
    assert_eq!((count("s3:"), count("aws:")), (61, 48));
    let info = |name: &str| Key::parse(name).unwrap().info().unwrap();
    assert_eq!(info("s3:RequestObjectTagKeys").arity, Arity::Set);
    assert_eq!(info("s3:max-keys").kind, Kind::Number);
    assert!(matches!(info("aws:SourceVpce").found, Found::Never(_)));
}

/// A key as the Service Authorization Reference and the IAM manual have it.
#[derive(serde::Deserialize)]
struct Documented {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    set: bool,
    /// What its value is taken from.
    source: String,
}

#[test]
fn every_key_has_its_type_and_is_computed_if_the_request_says_it() {
    let text = include_str!("../../tests/data/condition-keys.json");
    let documented: Vec<Documented> = serde_json::from_str(text).unwrap();
    assert_eq!(documented.len(), 61 + 48);
    for known in documented {
        let tag = if known.name.ends_with('/') { "tag" } else { "" };
        let key = Key::parse(&format!("{}{tag}", known.name)).unwrap();
        let info = key.info().unwrap();
        assert_eq!(info.name, known.name);
        let kind = match info.kind {
            Kind::Text => "String",
            Kind::Arn => "ARN",
            Kind::Number => "Numeric",
            Kind::Date => "Date",
            Kind::Bool => "Bool",
            Kind::Ip => "IPAddress",
        };
        assert_eq!(kind, known.kind, "{}", known.name);
        assert_eq!(info.arity == Arity::Set, known.set, "{}", known.name);
        let said = ["header", "query", "body", "auth", "computed", "environment"];
        match info.found {
            Found::Never(reason) => {
                assert!(!said.contains(&known.source.as_str()), "{}", known.name);
                assert!(!reason.is_empty());
            }
            Found::By(_) | Found::ByTag(_) | Found::Assuming => {}
        }
    }
}

#[test]
fn a_fixed_context_has_what_it_was_given() {
    let node = json(
        r#"{"aws:username": "alice", "s3:RequestObjectTagKeys": ["a", "b"], "s3:max-keys": 10}"#,
    )
    .unwrap();
    let context = FixedContext::read(&node).unwrap();
    assert_eq!(context.lookup(&Key::Username), Lookup::text("alice"));
    assert_eq!(context.lookup(&Key::MaxKeys), Lookup::text("10"));
    assert!(
        matches!(context.lookup(&Key::RequestObjectTagKeys), Lookup::Many(values) if values.len() == 2)
    );
    assert_eq!(context.lookup(&Key::Userid), Lookup::Absent);
    let tagged = context.with(Key::PrincipalTag("Team".into()), "x");
    assert_eq!(
        tagged.lookup(&Key::PrincipalTag("team".into())),
        Lookup::text("x")
    );
    let bad = json(r#"{"aws:usrname": "x", "s3:prefix": {"a": 1}}"#).unwrap();
    let shown: Vec<_> = FixedContext::read(&bad)
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        shown,
        [
            "1:2: unknown condition key `aws:usrname`, did you mean `aws:username`?",
            "1:35: a condition key has a text or a list of texts"
        ]
    );
}

#[test]
fn claims_are_keys_of_a_domain_and_a_name() {
    for name in [
        "accounts.google.com:sub",
        "token.actions.githubusercontent.com:aud",
        "oidc.eks.eu-west-1.amazonaws.com/id/0123:sub",
        "localhost.example:8443/x:sub",
    ] {
        assert_eq!(Key::parse(name), Some(Key::Claim(name.into())), "{name}");
        assert_eq!(Key::parse(name).unwrap().to_string(), name);
    }
    for name in [
        "sub",
        "google:sub",
        "accounts.google.com:",
        "a b.c:sub",
        ":sub",
        "ec2:Region",
        "aws:Foo.bar:baz",
    ] {
        assert_eq!(Key::parse(name), None, "{name}");
    }
}

#[test]
fn keys_of_calls_that_make_sessions_are_absent_from_requests() {
    let (principal, headers, query) = (alice(), HeaderMap::new(), Query::default());
    check(
        &facts(&principal, &headers, &query),
        &[
            ("sts:ExternalId", "-"),
            ("sts:RoleSessionName", "-"),
            ("sts:SourceIdentity", "-"),
            ("sts:TransitiveTagKeys", "-"),
            ("aws:TokenIssueTime", "-"),
            ("aws:SourceIdentity", "-"),
            ("accounts.google.com:sub", "-"),
        ],
    );
}
