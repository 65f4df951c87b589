use super::*;
use crate::context::{FixedContext, Key};
use crate::document;
use crate::identity::{Account, Caller, CallerKind};
use proptest::prelude::*;
use std::collections::BTreeMap;

const OWNER: &str = "111122223333";
const OTHER: &str = "444455556666";

fn policy(kind: PolicyKind<'_>, statements: &str) -> Arc<Policy> {
    let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[\n{statements}]}}");
    let origin = Arc::new(Origin {
        source: "test.json".into(),
    });
    let compiled = Policy::compile(&document::json(&text).unwrap(), kind, origin);
    Arc::new(
        compiled
            .unwrap_or_else(|problems| panic!("{problems:?} in {text}"))
            .policy,
    )
}

fn bucket(statements: &str) -> Arc<Policy> {
    policy(
        PolicyKind::Bucket(&BucketName::parse("acme").unwrap()),
        statements,
    )
}

fn own(effect: &str, action: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"{action}","Resource":"*"}}"#)
}

fn of(effect: &str, principal: &str, action: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{principal},"Action":"{action}",
            "Resource":["arn:aws:s3:::acme","arn:aws:s3:::acme/*"]}}"#
    )
}

fn aws(arn: &str) -> String {
    format!("{{\"AWS\":\"{arn}\"}}")
}

fn caller(account: &str, kind: CallerKind) -> Caller {
    let (arn, principal_arn) = match &kind {
        CallerKind::Root => (format!("arn:aws:iam::{account}:root"), None),
        CallerKind::User { name } => (format!("arn:aws:iam::{account}:user/{name}"), None),
        CallerKind::RoleSession { role, session } => (
            format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            Some(format!("arn:aws:iam::{account}:role/team/{role}")),
        ),
        CallerKind::FederatedUser { name, .. } => (
            format!("arn:aws:sts::{account}:federated-user/{name}"),
            None,
        ),
    };
    Caller {
        account: Arc::new(Account::new(
            AccountId::parse(account).unwrap(),
            account.repeat(6).get(..64).unwrap(),
            "test",
        )),
        kind,
        principal_arn: principal_arn.unwrap_or_else(|| arn.clone()).into(),
        arn: arn.into(),
        user_id: "AIDATEST".into(),
        tags: BTreeMap::new(),
        provider: None,
        policies: PolicySet::default(),
        boundary: None,
        session_policy: None,
        session: None,
    }
}

fn user(account: &str) -> Caller {
    caller(
        account,
        CallerKind::User {
            name: "alice".into(),
        },
    )
}

fn session(account: &str) -> Caller {
    let (role, session) = ("app".into(), "s1".into());
    caller(account, CallerKind::RoleSession { role, session })
}

fn root(account: &str) -> Caller {
    caller(account, CallerKind::Root)
}

fn known(caller: Caller) -> Principal {
    Principal::Known(Arc::new(caller))
}

/// What bears on a question besides the principal: everything else is GetObject on `acme/key`.
#[derive(Default)]
struct Around {
    bucket: Option<Arc<Policy>>,
    guardrails: Vec<Arc<Policy>>,
    context: FixedContext,
}

impl Around {
    fn bucket(statements: &str) -> Self {
        Self {
            bucket: Some(bucket(statements)),
            ..Self::default()
        }
    }

    fn decide(&self, principal: &Principal, action: Action) -> Decision {
        self.decide_on(principal, action, "acme/key")
    }

    fn decide_on(&self, principal: &Principal, action: Action, resource: &str) -> Decision {
        let policies = Policies {
            bucket: self.bucket.as_deref(),
            guardrails: &self.guardrails.clone().into(),
            acl: None,
            public: PublicPolicies::Count,
        };
        let question = Question {
            principal,
            action,
            resource,
            owner: AccountId::parse(OWNER).unwrap(),
            context: &self.context,
            view: View::Live,
        };
        evaluate(policies, &question)
    }
}

#[track_caller]
fn check(around: &Around, principal: &Principal, expected: Verdict) -> Decision {
    let decision = around.decide(principal, Action::GetObject);
    assert_eq!(decision.verdict, expected);
    decision
}

const DENIED: Verdict = Verdict::ExplicitDeny;
const NO_IDENTITY: Verdict = Verdict::ImplicitDeny(Missing::Identity);
const NO_RESOURCE: Verdict = Verdict::ImplicitDeny(Missing::Resource);

#[test]
fn a_decision_names_the_statement_that_made_it() {
    let around = Around::bucket(&format!(
        "{},\n{}",
        of("Deny", "\"*\"", "s3:PutObject"),
        of("Allow", "\"*\"", "s3:GetObject").replacen('{', "{\"Sid\":\"Read\",", 1),
    ));
    let by = check(&around, &Principal::Anonymous, Verdict::Allow)
        .by
        .unwrap();
    assert_eq!((by.layer, by.statement, by.line), (Layer::Bucket, 1, 4));
    assert_eq!(by.sid.as_deref(), Some("Read"));
    assert_eq!(&*by.origin.source, "test.json");
    let denied = around
        .decide(&Principal::Anonymous, Action::PutObject)
        .by
        .unwrap();
    assert_eq!(
        (denied.layer, denied.statement, denied.line),
        (Layer::Bucket, 0, 2)
    );
}

#[test]
fn a_cross_account_allow_names_both_sides() {
    let mut eve = user(OTHER);
    eve.policies = vec![policy(PolicyKind::Identity, &own("Allow", "s3:*"))].into();
    let around = Around::bucket(&of("Allow", &aws(OTHER), "s3:GetObject"));
    let decision = check(&around, &known(eve), Verdict::Allow);
    assert_eq!(decision.by.unwrap().layer, Layer::Bucket);
    assert_eq!(decision.with.unwrap().layer, Layer::Identity);
    check(&around, &known(user(OTHER)), NO_IDENTITY);
    check(&around, &known(root(OTHER)), Verdict::Allow);
    let mut eve = user(OTHER);
    eve.policies = vec![policy(PolicyKind::Identity, &own("Allow", "s3:*"))].into();
    check(&Around::default(), &known(eve), NO_RESOURCE);
}

/// One row of AWS's table: who is named, and whether that allows alone, under a silent boundary, and under a silent
/// session policy.
#[track_caller]
fn named(
    principal: &str,
    caller: fn(&str) -> Caller,
    alone: Verdict,
    boundary: Verdict,
    in_session: Verdict,
) {
    let around = Around::bucket(&of("Allow", principal, "s3:GetObject"));
    let silent = |kind| Some(policy(kind, &own("Allow", "s3:ListBucket")));
    check(&around, &known(caller(OWNER)), alone);
    let bounded = Caller {
        boundary: silent(PolicyKind::Boundary),
        ..caller(OWNER)
    };
    check(&around, &known(bounded), boundary);
    let capped = Caller {
        session_policy: silent(PolicyKind::Session),
        ..caller(OWNER)
    };
    check(&around, &known(capped), in_session);
}

#[test]
fn who_is_named_in_the_bucket_policy_decides_what_else_must_allow() {
    let no_boundary = Verdict::ImplicitDeny(Missing::Boundary);
    let no_session = Verdict::ImplicitDeny(Missing::Session);
    let allow = Verdict::Allow;
    named("\"*\"", user, allow, allow, allow);
    named("\"*\"", session, allow, allow, allow);
    named(
        &aws("arn:aws:iam::111122223333:user/alice"),
        user,
        allow,
        allow,
        allow,
    );
    named(
        &aws("arn:aws:sts::111122223333:assumed-role/app/s1"),
        session,
        allow,
        allow,
        allow,
    );
    named(
        &aws("arn:aws:iam::111122223333:role/team/app"),
        session,
        allow,
        no_boundary,
        no_session,
    );
    named(&aws(OWNER), user, NO_IDENTITY, NO_IDENTITY, NO_IDENTITY);
    named(
        &aws("arn:aws:iam::111122223333:root"),
        session,
        NO_IDENTITY,
        NO_IDENTITY,
        NO_IDENTITY,
    );
    for other in [
        "arn:aws:iam::111122223333:user/Alice",
        "arn:aws:iam::111122223333:user/team/alice",
        "arn:aws:iam::444455556666:user/alice",
        OTHER,
    ] {
        named(&aws(other), user, NO_IDENTITY, NO_IDENTITY, NO_IDENTITY);
    }
    named(
        &aws("arn:aws:iam::111122223333:role/app"),
        session,
        NO_IDENTITY,
        NO_IDENTITY,
        NO_IDENTITY,
    );
    named(
        &aws("arn:aws:sts::111122223333:assumed-role/app/s2"),
        session,
        NO_IDENTITY,
        NO_IDENTITY,
        NO_IDENTITY,
    );
}

#[test]
fn a_canonical_user_is_an_account() {
    let id = OTHER.repeat(6).get(..64).unwrap().to_owned();
    let around = Around::bucket(&of(
        "Allow",
        &format!("{{\"CanonicalUser\":\"{id}\"}}"),
        "s3:*",
    ));
    check(&around, &known(root(OTHER)), Verdict::Allow);
    check(&around, &known(user(OTHER)), NO_IDENTITY);
    check(&around, &Principal::Anonymous, NO_RESOURCE);
}

#[test]
fn identity_allows_within_boundary_and_session_policy() {
    let allow = |kind| policy(kind, &own("Allow", "s3:Get*"));
    let silent = |kind| policy(kind, &own("Allow", "s3:List*"));
    let with = |boundary, session_policy| {
        known(Caller {
            policies: vec![allow(PolicyKind::Identity)].into(),
            boundary,
            session_policy,
            ..user(OWNER)
        })
    };
    let (inside, outside) = (|kind| Some(allow(kind)), |kind| Some(silent(kind)));
    let around = Around::default();
    check(&around, &with(None, None), Verdict::Allow);
    check(
        &around,
        &with(inside(PolicyKind::Boundary), inside(PolicyKind::Session)),
        Verdict::Allow,
    );
    check(
        &around,
        &with(outside(PolicyKind::Boundary), None),
        Verdict::ImplicitDeny(Missing::Boundary),
    );
    check(
        &around,
        &with(None, outside(PolicyKind::Session)),
        Verdict::ImplicitDeny(Missing::Session),
    );
}

#[test]
fn the_root_user_of_the_owner_may_all_but_what_is_denied() {
    let decision = check(&Around::default(), &known(root(OWNER)), Verdict::Allow);
    assert_eq!(decision.by.unwrap().layer, Layer::Root);
    let locked = Around::bucket(&of("Deny", "\"*\"", "s3:*"));
    check(&locked, &known(root(OWNER)), DENIED);
    let verdict =
        |principal: &Principal, action| locked.decide_on(principal, action, "acme").verdict;
    for action in [
        Action::GetBucketPolicy,
        Action::PutBucketPolicy,
        Action::DeleteBucketPolicy,
    ] {
        assert_eq!(verdict(&known(root(OWNER)), action), Verdict::Allow);
        assert_eq!(verdict(&known(user(OWNER)), action), DENIED);
        assert_eq!(verdict(&known(root(OTHER)), action), DENIED);
    }
    assert_eq!(verdict(&known(root(OWNER)), Action::PutBucketAcl), DENIED);
    let guardrails = vec![policy(
        PolicyKind::Guardrail,
        &own("Deny", "s3:*").replace('{', "{\"Principal\":\"*\","),
    )];
    let fenced = Around {
        guardrails,
        ..Around::default()
    };
    assert_eq!(
        fenced
            .decide_on(&known(root(OWNER)), Action::PutBucketPolicy, "acme")
            .verdict,
        DENIED
    );
}

#[test]
fn notprincipal_spares_only_the_whole_chain() {
    let except = |list: &str| {
        Around::bucket(&format!(
            r#"{},{{"Effect":"Deny","NotPrincipal":{{"AWS":[{list}]}},"Action":"s3:*","Resource":"arn:aws:s3:::acme/*"}}"#,
            of("Allow", "\"*\"", "s3:*")
        ))
    };
    let (alice, account) = (
        "\"arn:aws:iam::111122223333:user/alice\"",
        "\"111122223333\"",
    );
    let (role, one) = (
        "\"arn:aws:iam::111122223333:role/team/app\"",
        "\"arn:aws:sts::111122223333:assumed-role/app/s1\"",
    );
    check(
        &except(&format!("{alice},{account}")),
        &known(user(OWNER)),
        Verdict::Allow,
    );
    check(&except(alice), &known(user(OWNER)), DENIED);
    check(&except(account), &known(user(OWNER)), DENIED);
    check(&except(account), &known(root(OWNER)), Verdict::Allow);
    check(
        &except(&format!("{one},{role},{account}")),
        &known(session(OWNER)),
        Verdict::Allow,
    );
    check(
        &except(&format!("{role},{account}")),
        &known(session(OWNER)),
        DENIED,
    );
    check(
        &except(&format!("{one},{account}")),
        &known(session(OWNER)),
        DENIED,
    );
    check(&except(account), &Principal::Anonymous, DENIED);
    check(&except("\"*\""), &Principal::Anonymous, Verdict::Allow);
}

#[test]
fn services_come_in_by_name_alone() {
    let around = Around::bucket(&of(
        "Allow",
        r#"{"Service":"logging.s3.amazonaws.com"}"#,
        "s3:*",
    ));
    check(
        &around,
        &Principal::Service("logging.s3.amazonaws.com".into()),
        Verdict::Allow,
    );
    check(
        &around,
        &Principal::Service("cloudtrail.amazonaws.com".into()),
        NO_RESOURCE,
    );
    check(&around, &Principal::Anonymous, NO_RESOURCE);
    check(&around, &known(user(OWNER)), NO_IDENTITY);
}

#[test]
fn everyone_includes_anonymous_callers_only_where_everyone_is_named() {
    check(
        &Around::bucket(&of("Allow", &aws("*"), "s3:*")),
        &Principal::Anonymous,
        Verdict::Allow,
    );
    check(
        &Around::bucket(&of("Allow", "\"*\"", "s3:*")),
        &Principal::Anonymous,
        Verdict::Allow,
    );
    check(
        &Around::bucket(&of("Allow", &aws(OWNER), "s3:*")),
        &Principal::Anonymous,
        NO_RESOURCE,
    );
    check(
        &Around::bucket(&of("Deny", &aws(OWNER), "s3:*")),
        &known(user(OWNER)),
        DENIED,
    );
    check(&Around::default(), &Principal::Anonymous, NO_RESOURCE);
}

#[test]
fn what_is_no_bucket_is_matched_by_its_whole_arn() {
    let verdict = |element: &str, resource: &str| {
        let statement = own("Allow", "iam:PassRole").replace("\"Resource\":\"*\"", element);
        let policies = vec![policy(PolicyKind::Identity, &statement)];
        let principal = known(Caller {
            policies: policies.into(),
            ..user(OWNER)
        });
        Around::default()
            .decide_on(&principal, Action::PassRole, resource)
            .verdict
    };
    let role = "arn:aws:iam::111122223333:role/copier";
    for matching in [
        "*",
        role,
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::*:role/copi?r",
        "arn:*",
    ] {
        let element = format!("\"Resource\":\"{matching}\"");
        assert_eq!(verdict(&element, role), Verdict::Allow, "{matching}");
        let element = element.replace("Resource", "NotResource");
        assert_eq!(verdict(&element, role), NO_IDENTITY, "{matching}");
    }
    for other in ["arn:aws:s3:::*", "arn:aws:iam::111122223333:role/Copier"] {
        let element = format!("\"Resource\":\"{other}\"");
        assert_eq!(verdict(&element, role), NO_IDENTITY, "{other}");
    }
}

#[test]
fn the_service_level_has_the_resource_star() {
    let verdict = |resource: &str| {
        let statement =
            own("Allow", "s3:ListAllMyBuckets").replace("\"*\"", &format!("\"{resource}\""));
        let policies = vec![policy(PolicyKind::Identity, &statement)];
        let principal = known(Caller {
            policies: policies.into(),
            ..user(OWNER)
        });
        Around::default()
            .decide_on(&principal, Action::ListAllMyBuckets, "")
            .verdict
    };
    assert_eq!(verdict("*"), Verdict::Allow);
    assert_eq!(verdict("arn:aws:s3:::*"), Verdict::Allow);
    assert_eq!(verdict("arn:aws:s3:::acme"), NO_IDENTITY);
    assert_eq!(verdict("arn:aws:s3:::?*"), NO_IDENTITY);
}

/// Resource entry, resource, whether it is meant.
#[test]
fn resources_match_literally_but_for_wildcards() {
    for (pattern, resource, expected) in [
        ("arn:aws:s3:::acme/*", "acme/a/b", true),
        ("arn:aws:s3:::acme/*", "acme", false),
        ("arn:aws:s3:::acme", "acme/a", false),
        ("arn:aws:s3:::acme*", "acme", true),
        ("arn:aws:s3:::acme*", "acme-2/x", true),
        ("arn:aws:s3:::acme/A", "acme/a", false),
        ("arn:aws:s3:::acme/a/../b", "acme/b", false),
        ("arn:aws:s3:::acme/a//b", "acme/a/b", false),
        ("arn:aws:s3:::acme/%61", "acme/a", false),
        ("arn:aws:s3:::acme/a?c", "acme/a/c", true),
        ("arn:aws:s3:::acme/x*y", "acme/x:/y", true),
        ("arn:aws:s3:::*/x", "acme/y/x", true),
        ("arn:aws:s3:*", "acme/x", true),
        ("arn:*", "acme/x", true),
        ("arn:aws:s?:::acme/x", "acme/x", true),
        ("arn:aws:sqs:::acme/x", "acme/x", false),
        ("arn:aws-cn:s3:::acme/x", "acme/x", false),
        ("*", "acme/x", true),
    ] {
        for (element, allowed) in [("Resource", expected), ("NotResource", !expected)] {
            let statement = own("Allow", "s3:*").replace(
                "\"Resource\":\"*\"",
                &format!("\"{element}\":\"{pattern}\""),
            );
            let policies = vec![policy(PolicyKind::Identity, &statement)];
            let principal = known(Caller {
                policies: policies.into(),
                ..user(OWNER)
            });
            let verdict = Around::default()
                .decide_on(&principal, Action::GetObject, resource)
                .verdict;
            assert_eq!(
                verdict == Verdict::Allow,
                allowed,
                "{element} {pattern} on {resource}"
            );
        }
    }
}

#[test]
fn t24_a_variable_without_value_in_notresource() {
    let statement = |effect: &str| {
        own(effect, "s3:*").replace(
            "\"Resource\":\"*\"",
            "\"NotResource\":\"arn:aws:s3:::acme/${aws:username}/*\"",
        )
    };
    let verdict = |statements: &str, context: FixedContext| {
        let policies = vec![policy(PolicyKind::Identity, statements)];
        let principal = known(Caller {
            policies: policies.into(),
            ..user(OWNER)
        });
        let around = Around {
            context,
            ..Around::default()
        };
        around
            .decide_on(&principal, Action::GetObject, "acme/alice/x")
            .verdict
    };
    let (nobody, alice) = (FixedContext::default, || {
        FixedContext::default().with(Key::Username, "alice")
    });
    let both = format!("{},{}", own("Allow", "s3:*"), statement("Deny"));
    assert_eq!(verdict(&both, nobody()), DENIED);
    assert_eq!(verdict(&both, alice()), Verdict::Allow);
    assert_eq!(
        verdict(&both, FixedContext::default().with(Key::Username, "bob")),
        DENIED
    );
    assert_eq!(verdict(&statement("Allow"), nobody()), NO_IDENTITY);
    assert_eq!(
        verdict(
            &statement("Allow"),
            FixedContext::default().with(Key::Username, "bob")
        ),
        Verdict::Allow
    );
    let unknown = FixedContext::default().with_unknown(Key::Username);
    assert_eq!(verdict(&both, unknown), Verdict::Unknown);
}

fn when_tagged(statement: &str) -> String {
    let condition = ",\"Condition\":{\"StringEquals\":{\"s3:ExistingObjectTag/a\":\"b\"}}}";
    format!("{}{condition}", statement.strip_suffix('}').unwrap())
}

#[track_caller]
fn undecided(statements: &str, expected: Verdict) {
    let context =
        FixedContext::default().with_unknown(Key::parse("s3:ExistingObjectTag/a").unwrap());
    let around = Around {
        context,
        ..Around::bucket(statements)
    };
    check(&around, &Principal::Anonymous, expected);
}

#[test]
fn a_look_up_is_asked_for_only_if_the_outcome_depends_on_it() {
    let (allow, deny) = (of("Allow", "\"*\"", "s3:*"), of("Deny", "\"*\"", "s3:*"));
    let (maybe_allow, maybe_deny) = (when_tagged(&allow), when_tagged(&deny));
    undecided(&maybe_allow, Verdict::Unknown);
    undecided(&format!("{allow},{maybe_deny}"), Verdict::Unknown);
    undecided(&format!("{maybe_allow},{maybe_deny}"), Verdict::Unknown);
    undecided(&format!("{maybe_allow},{allow}"), Verdict::Allow);
    undecided(&format!("{maybe_deny},{deny},{allow}"), DENIED);
    undecided(&maybe_deny, NO_RESOURCE);
    let elsewhere = maybe_deny
        .replace("s3:*", "s3:PutObject")
        .replace("\"arn:aws:s3:::acme\",", "");
    undecided(&format!("{allow},{elsewhere}"), Verdict::Allow);
}

#[test]
fn an_undecided_bucket_allow_gives_way_to_what_the_caller_has_anyway() {
    let context =
        || FixedContext::default().with_unknown(Key::parse("s3:ExistingObjectTag/a").unwrap());
    let around = Around {
        context: context(),
        ..Around::bucket(&when_tagged(&of("Allow", "\"*\"", "s3:*")))
    };
    let policies = || vec![policy(PolicyKind::Identity, &own("Allow", "s3:*"))];
    check(
        &around,
        &known(Caller {
            policies: policies().into(),
            ..user(OWNER)
        }),
        Verdict::Allow,
    );
    check(&around, &known(user(OWNER)), Verdict::Unknown);
    check(
        &around,
        &known(Caller {
            policies: policies().into(),
            ..user(OTHER)
        }),
        Verdict::Unknown,
    );
    check(&around, &known(user(OTHER)), NO_IDENTITY);
}

#[test]
fn what_cannot_be_decided_denies_and_does_not_allow() {
    let odd = |statement: &str| {
        let condition = ",\"Condition\":{\"NumericLessThan\":{\"s3:max-keys\":10}}}";
        format!("{}{condition}", statement.strip_suffix('}').unwrap())
    };
    let context = || FixedContext::default().with(Key::MaxKeys, "many");
    let (allow, deny) = (of("Allow", "\"*\"", "s3:*"), of("Deny", "\"*\"", "s3:*"));
    let around = |statements: &str| Around {
        context: context(),
        ..Around::bucket(statements)
    };
    check(&around(&odd(&allow)), &Principal::Anonymous, NO_RESOURCE);
    check(
        &around(&format!("{allow},{}", odd(&deny))),
        &Principal::Anonymous,
        DENIED,
    );
}

/// A caller with some Allows and, in one layer, a Deny.
fn surrounded(layer: Layer, allows: usize, cross: bool) -> (Around, Principal) {
    let many = |one: String| vec![one; allows].join(",");
    let own_with = |kind, denied: bool| {
        let deny = denied.then(|| own("Deny", "s3:GetObject"));
        let statements: Vec<_> = [many(own("Allow", "s3:*"))]
            .into_iter()
            .chain(deny)
            .collect();
        policy(kind, &statements.join(","))
    };
    let bucket_deny = (layer == Layer::Bucket).then(|| of("Deny", "\"*\"", "s3:GetObject"));
    let bucket: Vec<_> = [many(of("Allow", "\"*\"", "s3:*"))]
        .into_iter()
        .chain(bucket_deny)
        .collect();
    let guardrail = own("Deny", "s3:GetObject").replace('{', "{\"Principal\":\"*\",");
    let guardrails = (layer == Layer::Guardrail).then(|| policy(PolicyKind::Guardrail, &guardrail));
    let around = Around {
        guardrails: guardrails.into_iter().collect(),
        ..Around::bucket(&bucket.join(","))
    };
    let account = if cross { OTHER } else { OWNER };
    let control = PolicyKind::ServiceControl;
    let control = vec![own_with(control, layer == Layer::ServiceControl)];
    let caller = Caller {
        account: Arc::new(Account {
            service_control: vec![control.into()],
            ..Account::new(AccountId::parse(account).unwrap(), "0".repeat(64), "test")
        }),
        policies: vec![
            own_with(PolicyKind::Identity, false),
            own_with(PolicyKind::Identity, layer == Layer::Identity),
        ]
        .into(),
        boundary: Some(own_with(PolicyKind::Boundary, layer == Layer::Boundary)),
        session_policy: Some(own_with(PolicyKind::Session, layer == Layer::Session)),
        ..user(account)
    };
    (around, known(caller))
}

#[test]
fn t29_a_deny_always_wins_in_each_kind_of_policy_with_any_number_of_allows() {
    let layers = [
        Layer::Guardrail,
        Layer::ServiceControl,
        Layer::Bucket,
        Layer::Identity,
        Layer::Boundary,
        Layer::Session,
    ];
    for layer in layers {
        for allows in [1, 2, 30] {
            for cross in [false, true] {
                let (around, principal) = surrounded(layer, allows, cross);
                let denied = check(&around, &principal, DENIED);
                assert_eq!(denied.by.unwrap().layer, layer);
                assert_eq!(
                    around.decide(&principal, Action::PutObject).verdict,
                    Verdict::Allow
                );
            }
        }
    }
}

fn statements() -> impl Strategy<Value = Vec<(bool, u8)>> {
    prop::collection::vec((any::<bool>(), 0_u8..4), 1..4)
}

fn written(statements: &[(bool, u8)], write: impl Fn(&str, &str) -> String) -> String {
    let actions = ["s3:GetObject", "s3:*", "s3:PutObject", "s3:Get*"];
    let one = |(deny, action): &(bool, u8)| {
        write(
            if *deny { "Deny" } else { "Allow" },
            actions[usize::from(*action)],
        )
    };
    statements.iter().map(one).collect::<Vec<_>>().join(",")
}

proptest! {
    #[test]
    fn t29_boundary_and_session_policy_only_narrow(
        on_bucket in statements(), identity in statements(), cap in statements(), cross in any::<bool>()
    ) {
        let around = Around::bucket(&written(&on_bucket, |effect, action| of(effect, "\"*\"", action)));
        let account = if cross { OTHER } else { OWNER };
        let policies = || vec![policy(PolicyKind::Identity, &written(&identity, own))];
        let cap = |kind| Some(policy(kind, &written(&cap, own)));
        let free = known(Caller { policies: policies().into(), ..user(account) });
        let bounded = known(Caller { policies: policies().into(), boundary: cap(PolicyKind::Boundary), ..user(account) });
        let capped = known(Caller { policies: policies().into(), session_policy: cap(PolicyKind::Session), ..user(account) });
        for action in [Action::GetObject, Action::PutObject, Action::DeleteObject] {
            let allowed = |principal| around.decide(principal, action).verdict == Verdict::Allow;
            prop_assert!(allowed(&free) || !allowed(&bounded));
            prop_assert!(allowed(&free) || !allowed(&capped));
        }
    }
}

#[test]
fn t45_a_thousand_statements_of_stars_are_decided_at_once() {
    let one = r#"{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::*a*a*a*a*a*a*a*b"}"#;
    let statements = vec![one; 1_000].join(",");
    let policies = vec![policy(PolicyKind::Identity, &statements)];
    let principal = known(Caller {
        policies: policies.into(),
        ..user(OWNER)
    });
    let key = format!("acme/{}", "a".repeat(1_024));
    let start = std::time::Instant::now();
    let verdict = Around::default()
        .decide_on(&principal, Action::GetObject, &key)
        .verdict;
    assert_eq!(verdict, NO_IDENTITY);
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn a_policy_says_in_which_mode_it_is() {
    let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let enforced = policy(PolicyKind::Identity, everything);
    assert_eq!(enforced.mode(), Mode::Enforce);
    let shadow = Arc::into_inner(enforced).unwrap().in_mode(Mode::Shadow);
    assert_eq!(shadow.mode(), Mode::Shadow);
}
