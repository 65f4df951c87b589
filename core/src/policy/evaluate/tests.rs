use super::{evaluate, may_deny};
use crate::context::{FixedContext, Key};
use crate::document;
use crate::identity::{Account, Caller, CallerKind, Principal};
use crate::policy::{
    AclGrants, AclPermission, Decision, Grant, Grantee, Layer, Missing, Mode, Origin, Policies,
    Policy, PolicyKind, PolicySet, PublicPolicies, Question, Verdict, View,
};
use crate::s3::actions::Action;
use crate::s3::names::{AccountId, BucketName};
use std::collections::BTreeMap;
use std::sync::Arc;

const OWNER: &str = "111122223333";
const OTHER: &str = "444455556666";

/// Who is named by an Allow of the bucket policy, who calls, and what comes of it when the caller's boundary, its session
/// policy or its identity policies are silent: `allow`, or whose Allow is missing; `-` where there is no such policy.
/// A is the caller's account.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>
const SAME_ACCOUNT: &str = "
    named                                        caller     boundary  session   identity
    arn:aws:iam::A:user/alice                    user       allow     -         allow
    arn:aws:iam::A:role/team/app                 role       boundary  session   allow
    arn:aws:sts::A:assumed-role/app/s1           role       allow     allow     allow
    arn:aws:sts::A:federated-user/build          federated  allow     allow     allow
    arn:aws:iam::A:user/alice                    federated  boundary  session   allow
    arn:aws:iam::A:root                          user       boundary  -         identity
    arn:aws:iam::A:root                          role       boundary  session   identity
    arn:aws:iam::A:root                          federated  boundary  session   identity
    A                                            user       boundary  -         identity
    A                                            role       boundary  session   identity
    A                                            federated  boundary  session   identity
    *                                            user       allow     -         allow
    *                                            role       allow     allow     allow
    *                                            federated  allow     allow     allow
    aws:PrincipalArn                             user       allow     -         allow
    aws:PrincipalArn                             role       allow     allow     allow
    aws:PrincipalArn                             federated  allow     allow     allow
    Federated                                    web        boundary  session   allow
    Federated                                    role       boundary  session   identity
    arn:aws:iam::A:role/team/app                 web        boundary  session   allow
    arn:aws:iam::A:user/bob                      user       boundary  -         identity
    arn:aws:iam::A:role/app                      role       boundary  session   identity
    arn:aws:sts::A:assumed-role/app/s2           role       boundary  session   identity
    arn:aws:sts::A:federated-user/other          federated  boundary  session   identity
    arn:aws:iam::A:user/build                    federated  boundary  session   identity
    nobody                                       user       boundary  -         identity
    nobody                                       role       boundary  session   identity
    nobody                                       federated  boundary  session   identity
";

/// Across accounts the caller's account must allow whoever is named.
const CROSS_ACCOUNT: &str = "
    named                                        caller     boundary  session   identity
    arn:aws:iam::A:user/alice                    user       boundary  -         identity
    arn:aws:iam::A:role/team/app                 role       boundary  session   identity
    arn:aws:sts::A:assumed-role/app/s1           role       boundary  session   identity
    arn:aws:sts::A:federated-user/build          federated  boundary  session   identity
    arn:aws:iam::A:user/alice                    federated  boundary  session   identity
    arn:aws:iam::A:root                          user       boundary  -         identity
    arn:aws:iam::A:root                          role       boundary  session   identity
    arn:aws:iam::A:root                          federated  boundary  session   identity
    A                                            role       boundary  session   identity
    *                                            user       boundary  -         identity
    *                                            role       boundary  session   identity
    *                                            federated  boundary  session   identity
    aws:PrincipalArn                             user       boundary  -         identity
    aws:PrincipalArn                             role       boundary  session   identity
    aws:PrincipalArn                             federated  boundary  session   identity
    Federated                                    web        boundary  session   identity
    Federated                                    role       bucket    bucket    bucket
    arn:aws:iam::A:user/bob                      user       bucket    -         bucket
    nobody                                       role       bucket    bucket    bucket
    nobody                                       federated  bucket    bucket    bucket
";

const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/corp";

#[test]
fn who_is_named_in_the_same_account_decides_which_silence_matters() {
    check_table(SAME_ACCOUNT, OWNER);
}

#[test]
fn who_is_named_across_accounts_changes_nothing() {
    check_table(CROSS_ACCOUNT, OTHER);
}

#[track_caller]
fn check_table(table: &str, account: &str) {
    let mut wrong = Vec::new();
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let [named, kind, expected @ ..] = cells.as_slice() else {
            continue;
        };
        let found = ["boundary", "session", "identity"].map(|silent| match (*kind, silent) {
            ("user", "session") => "-",
            _ => outcome(named, caller(account, kind, silent)),
        });
        if expected != found {
            wrong.push(format!("{row}\n  found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A caller whose policies all allow, but the silent ones.
fn caller(account: &str, kind: &str, silent: &str) -> Caller {
    let user = format!("arn:aws:iam::{account}:user/alice");
    let role = format!("arn:aws:iam::{account}:role/team/app");
    let session = format!("arn:aws:sts::{account}:assumed-role/app/s1");
    let federated = format!("arn:aws:sts::{account}:federated-user/build");
    let (arn, principal_arn) = match kind {
        "user" => (user.clone(), user.clone()),
        "role" | "web" => (session, role),
        "federated" => (federated.clone(), federated),
        other => panic!("{other}"),
    };
    let kind_of = match kind {
        "user" => CallerKind::User {
            name: "alice".into(),
        },
        "federated" => CallerKind::FederatedUser {
            name: "build".into(),
            user: user.into(),
        },
        _ => CallerKind::RoleSession {
            role: "app".into(),
            session: "s1".into(),
        },
    };
    let own = |layer: &str, kind| match layer == silent {
        true => policy(kind, LISTS),
        false => policy(kind, EVERYTHING),
    };
    Caller {
        account: Arc::new(new_account(account)),
        kind: kind_of,
        arn: arn.into(),
        principal_arn: principal_arn.into(),
        user_id: "ID".into(),
        tags: BTreeMap::new(),
        provider: (kind == "web").then(|| PROVIDER.into()),
        policies: vec![own("identity", PolicyKind::Identity)].into(),
        boundary: Some(own("boundary", PolicyKind::Boundary)),
        session_policy: (kind != "user").then(|| own("session", PolicyKind::Session)),
        session: None,
    }
}

fn new_account(id: &str) -> Account {
    Account::new(AccountId::parse(id).unwrap(), "0".repeat(64), "test")
}

const EVERYTHING: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
const LISTS: &str = r#"{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}"#;
const NO_READS: &str = r#"{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}"#;

fn policy(kind: PolicyKind<'_>, statement: &str) -> Arc<Policy> {
    Arc::new(compiled(kind, statement))
}

fn compiled(kind: PolicyKind<'_>, statement: &str) -> Policy {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
    let origin = Arc::new(Origin {
        source: "test".into(),
    });
    let compiled = Policy::compile(&document::json(&text).unwrap(), kind, origin);
    compiled.unwrap().policy
}

/// What GetObject comes to when the bucket policy names someone.
fn outcome(named: &str, caller: Caller) -> &'static str {
    let account = caller.account.id.to_string();
    let named = named.replace(":A:", &format!(":{account}:"));
    let (principal, condition) = match named.as_str() {
        "*" => (r#""*""#.to_owned(), String::new()),
        "aws:PrincipalArn" => {
            let arn = &caller.principal_arn;
            let condition = format!(r#"{{"ArnEquals": {{"aws:PrincipalArn": "{arn}"}}}}"#);
            (
                r#""*""#.to_owned(),
                format!(r#", "Condition": {condition}"#),
            )
        }
        "A" => (format!(r#"{{"AWS": "{account}"}}"#), String::new()),
        "nobody" => (r#"{"AWS": "777788889999"}"#.to_owned(), String::new()),
        "Federated" => (format!(r#"{{"Federated": "{PROVIDER}"}}"#), String::new()),
        arn => (format!(r#"{{"AWS": "{arn}"}}"#), String::new()),
    };
    let statement = format!(
        r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::acme/*"{condition}}}"#
    );
    let bucket = BucketName::parse("acme").unwrap();
    let bucket = policy(PolicyKind::Bucket(&bucket), &statement);
    match decide(Some(&bucket), caller, View::Live).verdict {
        Verdict::Allow => "allow",
        Verdict::ImplicitDeny(missing) => match missing {
            Missing::Identity => "identity",
            Missing::Resource => "bucket",
            Missing::Boundary => "boundary",
            Missing::Session => "session",
            Missing::ServiceControl => "service control",
        },
        other => panic!("{other:?}"),
    }
}

/// GetObject on the owner's bucket.
fn decide(bucket: Option<&Policy>, caller: Caller, view: View) -> Decision {
    let key = Key::parse("aws:PrincipalArn").unwrap();
    let context = FixedContext::default().with(key, caller.principal_arn.as_ref());
    let policies = Policies {
        bucket,
        guardrails: &PolicySet::default(),
        acl: None,
        public: PublicPolicies::Count,
    };
    let question = Question {
        principal: &Principal::Known(Arc::new(caller)),
        action: Action::GetObject,
        resource: "acme/key",
        owner: AccountId::parse(OWNER).unwrap(),
        context: &context,
        view,
    };
    evaluate(policies, &question)
}

/// A user who may everything, in an account under these levels of service control.
fn controlled(levels: Vec<Vec<Arc<Policy>>>) -> Caller {
    let mut account = new_account(OWNER);
    account.service_control = levels.into_iter().map(PolicySet::from).collect();
    Caller {
        account: Arc::new(account),
        ..caller(OWNER, "user", "nothing")
    }
}

#[test]
fn a_federated_user_without_session_policy_has_only_what_is_given_to_it_or_to_everyone() {
    let bare = || Caller {
        session_policy: None,
        ..caller(OWNER, "federated", "nothing")
    };
    assert_eq!(outcome("nobody", bare()), "session");
    assert_eq!(outcome("A", bare()), "session");
    assert_eq!(outcome("arn:aws:iam::A:user/alice", bare()), "session");
    assert_eq!(
        outcome("arn:aws:sts::A:federated-user/build", bare()),
        "allow"
    );
    assert_eq!(outcome("*", bare()), "allow");
    let session = caller(OWNER, "role", "nothing");
    let session = Caller {
        session_policy: None,
        ..session
    };
    assert_eq!(outcome("nobody", session), "allow");
}

#[test]
fn a_denial_by_service_control_names_its_document() {
    let control = |statement| policy(PolicyKind::ServiceControl, statement);
    let denied = controlled(vec![
        vec![control(EVERYTHING)],
        vec![control(EVERYTHING), control(NO_READS)],
    ]);
    let decision = decide(None, denied, View::Live);
    assert_eq!(decision.verdict, Verdict::ExplicitDeny);
    assert_eq!(decision.by.unwrap().layer, Layer::ServiceControl);
    let allowed = controlled(vec![vec![control(EVERYTHING)]; 2]);
    let decision = decide(None, allowed, View::Live);
    assert_eq!(decision.verdict, Verdict::Allow);
    assert_eq!(decision.by.unwrap().layer, Layer::Identity);
}

#[test]
fn a_level_of_service_control_in_shadow_limits_nothing_yet() {
    let shadow = |statement| {
        let policy = compiled(PolicyKind::ServiceControl, statement);
        Arc::new(policy.in_mode(Mode::Shadow))
    };
    let verdict = |levels, view| decide(None, controlled(levels), view).verdict;
    let missing = Verdict::ImplicitDeny(Missing::ServiceControl);
    let lists = || vec![vec![shadow(LISTS)]];
    assert_eq!(verdict(lists(), View::Live), Verdict::Allow);
    assert_eq!(verdict(lists(), View::Shadow), missing);
    let everything = || policy(PolicyKind::ServiceControl, EVERYTHING);
    let denies = || vec![vec![everything(), shadow(NO_READS)]];
    assert_eq!(verdict(denies(), View::Live), Verdict::Allow);
    assert_eq!(verdict(denies(), View::Shadow), Verdict::ExplicitDeny);
}

#[test]
fn what_service_control_does_not_know_yet_is_unknown_only_if_it_matters() {
    let tagged = r#"{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/a": "b"}}}"#;
    let control = |statement| policy(PolicyKind::ServiceControl, statement);
    let verdict = |caller: Caller| {
        let context =
            FixedContext::default().with_unknown(Key::parse("s3:ExistingObjectTag/a").unwrap());
        let question = Question {
            principal: &Principal::Known(Arc::new(caller)),
            action: Action::GetObject,
            resource: "acme/key",
            owner: AccountId::parse(OWNER).unwrap(),
            context: &context,
            view: View::Live,
        };
        let policies = Policies {
            bucket: None,
            guardrails: &PolicySet::default(),
            acl: None,
            public: PublicPolicies::Count,
        };
        evaluate(policies, &question).verdict
    };
    let depends = || controlled(vec![vec![control(tagged)]]);
    assert_eq!(verdict(depends()), Verdict::Unknown);
    let nobody = Caller {
        policies: PolicySet::default(),
        ..depends()
    };
    let missing = Verdict::ImplicitDeny(Missing::Identity);
    assert_eq!(verdict(nobody), missing);
    let silent = controlled(vec![vec![control(tagged)], vec![control(LISTS)]]);
    let missing = Verdict::ImplicitDeny(Missing::ServiceControl);
    assert_eq!(verdict(silent), missing);
}

#[test]
fn a_deny_may_apply_if_it_does_or_depends_on_what_is_not_known() {
    let tag = |effect: &str| {
        format!(
            r#"{{"Effect": "{effect}", "Action": "*", "Resource": "*",
                "Condition": {{"StringEquals": {{"s3:ExistingObjectTag/a": "b"}}}}}}"#
        )
    };
    let key = || Key::parse("s3:ExistingObjectTag/a").unwrap();
    let contexts = [
        FixedContext::default().with(key(), "b"),
        FixedContext::default().with_unknown(key()),
        FixedContext::default().with(key(), "c"),
    ];
    let may = |effect: &str| {
        let own = policy(PolicyKind::Identity, &tag(effect));
        let caller = Caller {
            policies: vec![own].into(),
            ..caller(OWNER, "user", "nothing")
        };
        let principal = Principal::Known(Arc::new(caller));
        contexts.each_ref().map(|context| {
            let question = Question {
                principal: &principal,
                action: Action::GetObject,
                resource: "acme/key",
                owner: AccountId::parse(OWNER).unwrap(),
                context,
                view: View::Live,
            };
            let policies = Policies {
                bucket: None,
                guardrails: &PolicySet::default(),
                acl: None,
                public: PublicPolicies::Count,
            };
            may_deny(policies, &question)
        })
    };
    assert_eq!(may("Deny"), [true, true, false]);
    assert_eq!(may("Allow"), [false, false, false]);
}

/// Its account has given the root user everything already.
#[test]
fn the_root_user_of_another_account_needs_no_more_than_the_owners_allow() {
    let root = || Caller {
        kind: CallerKind::Root,
        arn: format!("arn:aws:iam::{OTHER}:root").into(),
        principal_arn: format!("arn:aws:iam::{OTHER}:root").into(),
        policies: PolicySet::default(),
        boundary: None,
        session_policy: None,
        ..caller(OTHER, "user", "nothing")
    };
    let bucket = BucketName::parse("acme").unwrap();
    let naming = |account: &str| {
        let statement = format!(
            r#"{{"Effect": "Allow", "Principal": {{"AWS": "{account}"}}, "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::acme/*"}}"#
        );
        policy(PolicyKind::Bucket(&bucket), &statement)
    };
    let allowed = decide(Some(&naming(OTHER)), root(), View::Live);
    assert_eq!(allowed.verdict, Verdict::Allow);
    assert_eq!(
        (allowed.by.unwrap().layer, allowed.with),
        (Layer::Bucket, None)
    );
    let silent = decide(Some(&naming("777788889999")), root(), View::Live);
    assert_eq!(silent.verdict, Verdict::ImplicitDeny(Missing::Resource));
}

#[test]
fn an_allow_by_a_grant_names_its_place_in_the_list() {
    let grant = |permission| Grant {
        grantee: Grantee::AllUsers,
        permission,
    };
    let acl = AclGrants {
        object: vec![grant(AclPermission::ReadAcp), grant(AclPermission::Read)],
        ..AclGrants::default()
    };
    let question = Question {
        principal: &Principal::Anonymous,
        action: Action::GetObject,
        resource: "acme/key",
        owner: AccountId::parse(OWNER).unwrap(),
        context: &FixedContext::default(),
        view: View::Live,
    };
    let policies = Policies {
        bucket: None,
        guardrails: &PolicySet::default(),
        acl: Some(&acl),
        public: PublicPolicies::Count,
    };
    let by = evaluate(policies, &question).by.unwrap();
    assert_eq!((by.layer, by.statement), (Layer::Acl, 1));
}

/// A bucket policy with these statements, of which `*` is public, before a caller of another account whom an ACL lets in.
fn restricted(statements: &str, mode: Mode) -> Decision {
    let bucket = BucketName::parse("acme").unwrap();
    let policy = compiled(PolicyKind::Bucket(&bucket), statements).in_mode(mode);
    let caller = caller(OTHER, "user", "");
    let grant = Grant {
        grantee: Grantee::AllUsers,
        permission: AclPermission::Read,
    };
    let acl = AclGrants {
        object: vec![grant],
        ..AclGrants::default()
    };
    let policies = Policies {
        bucket: Some(&policy),
        guardrails: &PolicySet::default(),
        acl: Some(&acl),
        public: PublicPolicies::Restricted,
    };
    let question = Question {
        principal: &Principal::Known(Arc::new(caller)),
        action: Action::GetObject,
        resource: "acme/key",
        owner: AccountId::parse(OWNER).unwrap(),
        context: &FixedContext::default(),
        view: View::Live,
    };
    evaluate(policies, &question)
}

#[test]
fn a_restricted_bucket_names_the_statement_that_makes_it_public() {
    let named = r#"{"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"}"#;
    let public = r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::acme"}"#;
    let denied = restricted(&format!("{named},{public}"), Mode::Enforce);
    assert_eq!(denied.verdict, Verdict::ExplicitDeny);
    let by = denied.by.unwrap();
    assert_eq!((by.layer, by.statement), (Layer::PublicAccess, 1));
    assert_eq!(restricted(named, Mode::Enforce).verdict, Verdict::Allow);
}

#[test]
fn a_public_policy_in_shadow_restricts_nothing_yet() {
    let public = r#"{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme/*"}"#;
    assert_eq!(restricted(public, Mode::Shadow).verdict, Verdict::Allow);
    let denied = restricted(public, Mode::Enforce).verdict;
    assert_eq!(denied, Verdict::ExplicitDeny);
}
