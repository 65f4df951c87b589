use super::*;
use crate::context::{Context, Facts, Key, Listing, RequestContext, Stored, Value};
use crate::identity::Principal;
use crate::policy::{
    Layer, Missing, Policies, PolicySet, PublicPolicies, Question, Verdict, View, evaluate,
};
use crate::request::Query;
use crate::s3::actions::Action;
use crate::sts::tests::kit::{ALICE, NOW, READ_ONLY, ROLE, full, policy, world, world_with};
use http::HeaderMap;

fn caller(terms: &Terms) -> Caller {
    terms.caller(world().known()).unwrap()
}

/// What conditions see of a session that does something in its own account.
#[track_caller]
fn sees(caller: Caller, expected: &[(&str, Option<&str>)]) {
    let owner = caller.account.id;
    let principal = Principal::Known(Arc::new(caller));
    let (headers, query) = (HeaderMap::new(), Query::default());
    let facts = Facts {
        peer: "192.0.2.1".parse().unwrap(),
        tls: None,
        now: Timestamp::from_second(NOW).unwrap(),
        auth: None,
        signature_age_ms: None,
        content_sha256: None,
        headers: &headers,
        query: &query,
        listing: Listing::No,
        version_id: None,
        copy_source: None,
        principal: &principal,
        owner,
        owner_membership: None,
        region: "eu-west-1",
        creates_object: None,
        object_tags: Stored::None,
        body: Stored::None,
    };
    let context = RequestContext { facts: &facts };
    for (name, value) in expected {
        let found = match context.lookup(&Key::parse(name).unwrap()) {
            crate::context::Lookup::One(value) => Some(value.into_text().into_owned()),
            crate::context::Lookup::Many(values) => {
                let texts = values.into_iter().map(Value::into_text);
                Some(texts.collect::<Vec<_>>().join("+"))
            }
            crate::context::Lookup::Absent => None,
            crate::context::Lookup::Unknown => Some("?".into()),
        };
        assert_eq!(found.as_deref(), *value, "{name}");
    }
}

#[test]
fn a_session_of_a_role_is_seen_as_awss_is() {
    sees(
        caller(&full().terms),
        &[
            ("aws:PrincipalArn", Some(ROLE)),
            ("aws:userid", Some("AROAAPP:s1")),
            ("aws:username", None),
            ("aws:PrincipalType", Some("AssumedRole")),
            ("aws:PrincipalAccount", Some("111122223333")),
            ("aws:TokenIssueTime", Some("2025-06-15T15:06:40Z")),
            ("aws:SourceIdentity", Some("alice")),
            ("aws:MultiFactorAuthPresent", None),
            (
                "aws:FederatedProvider",
                Some("arn:aws:iam::111122223333:oidc-provider/id.example.com"),
            ),
            ("id.example.com:amr", Some("mfa+pwd")),
            ("ID.example.com:AMR", Some("mfa+pwd")),
            ("id.example.com:sub", None),
            ("sts:RoleSessionName", None),
        ],
    );
    let session = caller(&full().terms);
    assert_eq!(
        &*session.arn,
        "arn:aws:sts::111122223333:assumed-role/app/s1"
    );
}

#[test]
fn tags_of_a_session_stand_in_place_of_the_roles() {
    let mut terms = full().terms;
    terms.tags = [
        ("stage".into(), "test".into()),
        ("Team".into(), "blue".into()),
    ]
    .into();
    sees(
        caller(&terms),
        &[
            ("aws:PrincipalTag/Stage", Some("test")),
            ("aws:PrincipalTag/Team", Some("blue")),
            ("aws:PrincipalTag/kind", Some("app")),
            ("aws:PrincipalTag/other", None),
        ],
    );
}

#[test]
fn only_transitive_tags_go_on() {
    let session = caller(&full().terms).session.unwrap();
    let transitive = [("Team".into(), "blue".into())].into();
    assert_eq!(session.transitive, transitive);
}

#[test]
fn a_users_session_is_the_user() {
    let terms = Terms {
        holder: Holder::User {
            arn: ALICE.into(),
            id: "AIDAALICE".into(),
        },
        limits: Limits::default(),
        tags: BTreeMap::new(),
        transitive: BTreeSet::new(),
        source_identity: None,
        vouched: None,
        ..full().terms
    };
    sees(
        caller(&terms),
        &[
            ("aws:PrincipalArn", Some(ALICE)),
            ("aws:userid", Some("AIDAALICE")),
            ("aws:username", Some("alice")),
            ("aws:PrincipalType", Some("User")),
            ("aws:TokenIssueTime", Some("2025-06-15T15:06:40Z")),
            ("aws:SourceIdentity", None),
            ("aws:FederatedProvider", None),
            ("aws:PrincipalTag/team", Some("red")),
        ],
    );
    let long_term = world().alice();
    sees((*long_term).clone(), &[("aws:TokenIssueTime", None)]);
}

#[test]
fn t05_a_role_or_user_made_again_has_none_of_the_old_sessions() {
    let gone = |terms: &Terms| terms.caller(world().known()).unwrap_err();
    let mut terms = full().terms;
    for (arn, id) in [
        (ROLE, "AROAOLD"),
        ("arn:aws:iam::111122223333:role/app", "AROAAPP"),
        (ALICE, "AROAAPP"),
    ] {
        terms.holder = Holder::Role {
            arn: arn.into(),
            id: id.into(),
            session: "s1".into(),
        };
        assert_eq!(gone(&terms), BadSession::HolderGone(arn.into()));
    }
    for (arn, id) in [(ALICE, "AIDAOLD"), (ROLE, "AROAAPP"), ("", "")] {
        terms.holder = Holder::User {
            arn: arn.into(),
            id: id.into(),
        };
        assert_eq!(gone(&terms), BadSession::HolderGone(arn.into()));
    }
}

#[test]
fn what_narrowed_a_session_is_not_left_out() {
    let mut terms = full().terms;
    terms.limits.managed = vec!["arn:aws:iam::111122223333:policy/gone".into()];
    let refused = terms.caller(world().known()).unwrap_err();
    assert_eq!(
        refused,
        BadSession::PolicyGone("arn:aws:iam::111122223333:policy/gone".into())
    );
    terms.limits = Limits {
        document: Some("{".into()),
        managed: Vec::new(),
    };
    let refused = terms.caller(world().known()).unwrap_err();
    assert_eq!(refused, BadSession::PolicyGone("Policy".into()));
}

/// What a session under these limits may do to objects of its account: get and put in `lake`, get in `pond`.
fn may(limits: Limits, boundary: Option<&str>) -> [Verdict; 3] {
    let world = world_with(|role| {
        role.boundary = boundary.map(|boundary| policy(PolicyKind::Boundary, &[boundary]));
    });
    let terms = Terms {
        limits,
        ..full().terms
    };
    let caller = terms.caller(world.known()).unwrap();
    let owner = caller.account.id;
    let principal = Principal::Known(Arc::new(caller));
    let asked = [
        (Action::GetObject, "lake/key"),
        (Action::PutObject, "lake/key"),
        (Action::GetObject, "pond/key"),
    ];
    asked.map(|(action, resource)| {
        let guardrails = PolicySet::default();
        let policies = Policies {
            bucket: None,
            guardrails: &guardrails,
            acl: None,
            public: PublicPolicies::Count,
        };
        let question = Question {
            principal: &principal,
            action,
            resource,
            owner,
            context: &crate::context::FixedContext::default(),
            view: View::Live,
        };
        let decision = evaluate(policies, &question);
        if decision.verdict == Verdict::Allow {
            assert_eq!(decision.by.unwrap().layer, Layer::Identity);
        }
        decision.verdict
    })
}

const YES: Verdict = Verdict::Allow;
const NO: Verdict = Verdict::ImplicitDeny(Missing::Session);

fn document(text: &str) -> Option<Box<str>> {
    Some(format!("{{\"Statement\": [{text}]}}").into())
}

#[test]
fn t29_session_policies_only_narrow_and_together_allow_what_one_allows() {
    let put = "{\"Effect\": \"Allow\", \"Action\": \"s3:PutObject\", \"Resource\": \"*\"}";
    let lake =
        "{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"arn:aws:s3:::lake/*\"}";
    let deny =
        "{\"Effect\": \"Deny\", \"Action\": \"s3:Get*\", \"Resource\": \"arn:aws:s3:::lake/*\"}";
    let limits = |document: Option<Box<str>>, managed: &[&str]| Limits {
        document,
        managed: managed.iter().map(|arn| Box::from(*arn)).collect(),
    };
    assert_eq!(may(limits(None, &[]), None), [YES, YES, YES]);
    assert_eq!(may(limits(document(put), &[]), None), [NO, YES, NO]);
    assert_eq!(may(limits(None, &[READ_ONLY]), None), [YES, NO, YES]);
    assert_eq!(
        may(limits(document(put), &[READ_ONLY]), None),
        [YES, YES, YES]
    );
    assert_eq!(may(limits(document(lake), &[]), None), [YES, YES, NO]);
    let denied = Verdict::ExplicitDeny;
    assert_eq!(
        may(limits(document(deny), &[READ_ONLY]), None),
        [denied, NO, YES]
    );
    assert_eq!(may(limits(document(deny), &[]), None), [denied, NO, NO]);
}

#[test]
fn t29_boundary_and_session_policy_must_both_allow() {
    let boundary = "Effect: Allow, Action: 's3:Put*', Resource: '*'";
    let capped = Verdict::ImplicitDeny(Missing::Boundary);
    assert_eq!(
        may(Limits::default(), Some(boundary)),
        [capped, YES, capped]
    );
    let read_only = Limits {
        document: None,
        managed: vec![READ_ONLY.into()],
    };
    assert_eq!(may(read_only, Some(boundary)), [capped, NO, capped]);
}
