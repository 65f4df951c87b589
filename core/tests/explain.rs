//! Explanations, one golden file for each: the text, and the reason as the record has it. If a change is right, run this
//! test with `UPDATE_GOLDEN=1`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "explain/nearest.rs"]
mod nearest;
#[path = "explain/scene.rs"]
mod scene;

use portcullis_core::context::{FixedContext, Key};
use portcullis_core::policy::explain::{LayerVerdict, Parts};
use portcullis_core::policy::{
    AclPermission, Explanation, Grant, Grantee, Layer, Mode, Reason, Verdict, View,
};
use portcullis_core::s3::actions::Action;
use scene::Scene;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const EVE: &str = "arn:aws:iam::444455556666:user/eve";
const RUN: &str = "arn:aws:sts::111122223333:assumed-role/app/run-1";

const READ: &str = r#"{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*"}"#;

/// A statement of an identity policy, or of one written like it.
fn own(effect: &str, rest: &str) -> String {
    format!(r#"{{"Sid":"{effect}It","Effect":"{effect}","Action":"s3:GetObject",{rest}}}"#)
}

/// A statement of a bucket policy.
fn of(effect: &str, principal: &str, rest: &str) -> String {
    format!(
        r#"{{"Sid":"{effect}It","Effect":"{effect}",{principal},"Action":"s3:GetObject","Resource":"arn:aws:s3:::reports/*"{rest}}}"#
    )
}

fn anywhere(condition: &str) -> String {
    format!(r#""Resource":"*","Condition":{condition}"#)
}

const EVERYONE: &str = r#""Principal":"*""#;

/// An Allow that one condition keeps from allowing.
fn conditional(condition: &str) -> Scene {
    Scene::by(ALICE).identity(&own("Allow", &anywhere(condition)))
}

/// A Deny of the bucket policy that one condition makes match.
fn denied_if(condition: &str) -> Scene {
    Scene::by(ALICE).identity(READ).bucket(&of(
        "Deny",
        EVERYONE,
        &format!(r#","Condition":{condition}"#),
    ))
}

#[test]
fn a_deny_of_each_layer_names_its_statement() {
    let deny = own("Deny", r#""Resource":"*""#);
    let everyone = of("Deny", EVERYONE, "");
    let alice = || Scene::by(ALICE).identity(READ);
    alice().guardrail(&everyone).golden("deny-guardrail");
    alice()
        .service_control(&format!("{},{deny}", own("Allow", r#""Resource":"*""#)))
        .golden("deny-service-control");
    alice().bucket(&everyone).golden("deny-bucket");
    alice().identity(&deny).golden("deny-identity");
    alice()
        .boundary(&format!("{READ},{deny}"))
        .golden("deny-boundary");
    let run = Scene::by(RUN).identity(READ);
    run.session(&format!("{READ},{deny}"))
        .golden("deny-session");
}

#[test]
fn a_denys_conditions_show_what_made_them_match() {
    denied_if(r#"{"StringNotEquals":{"aws:PrincipalTag/team":"finance"}}"#)
        .with("aws:PrincipalTag/team", "legal")
        .golden("deny-value-differs");
    denied_if(r#"{"StringNotEquals":{"aws:PrincipalTag/team":"finance"}}"#).golden("deny-absent");
    denied_if(
        r#"{"NumericLessThan":{"s3:TlsVersion":1.2},"Bool":{"aws:SecureTransport":["true"]}}"#,
    )
    .with("s3:TlsVersion", "banana")
    .with("aws:SecureTransport", "true")
    .golden("deny-undecidable");
    denied_if(r#"{"ForAnyValue:StringLike":{"s3:RequestObjectTagKeys":["secret*","hidden"]}}"#)
        .with_many("s3:RequestObjectTagKeys", &["team", "secret-of-mine"])
        .golden("deny-several-values");
}

#[test]
fn of_two_policies_in_one_file_the_one_that_denies_is_shown() {
    let unless_team = |team: &str| {
        let differs = format!(r#"{{"StringNotEquals":{{"aws:PrincipalTag/team":"{team}"}}}}"#);
        of("Deny", EVERYONE, &format!(r#","Condition":{differs}"#))
    };
    Scene::by(ALICE)
        .identity(READ)
        .guardrail(&unless_team("legal"))
        .guardrail(&unless_team("finance"))
        .with("aws:PrincipalTag/team", "legal")
        .golden("deny-second-policy-of-a-file");
}

#[test]
fn a_deny_by_exclusion_shows_what_it_does_not_exclude() {
    let alice = || Scene::by(ALICE).identity(READ);
    let but_eve = format!(r#""NotPrincipal":{{"AWS":["{EVE}","444455556666"]}}"#);
    alice()
        .bucket(&of("Deny", &but_eve, ""))
        .golden("deny-not-principal");
    alice()
        .identity(r#"{"Effect":"Deny","NotAction":["s3:List*","s3:PutObject"],"Resource":"*"}"#)
        .golden("deny-not-action");
    alice()
        .identity(&own(
            "Deny",
            r#""NotResource":["arn:aws:s3:::reports/public/*","arn:aws:s3:::other/*"]"#,
        ))
        .golden("deny-not-resource");
}

#[test]
fn an_implicit_deny_names_the_layer_that_lacks_an_allow() {
    let list = own("Allow", r#""Resource":"*""#).replace("GetObject", "ListBucket");
    Scene::by(ALICE).golden("missing-identity");
    Scene::by(EVE).identity(READ).golden("missing-resource");
    Scene::by(ALICE)
        .identity(READ)
        .boundary(&list)
        .golden("missing-boundary");
    Scene::by(RUN)
        .identity(READ)
        .session(&list)
        .golden("missing-session");
}

#[test]
fn an_allow_names_who_gave_it() {
    Scene::by(ALICE).identity(READ).golden("allow-identity");
    Scene::by("arn:aws:iam::111122223333:root").golden("allow-root");
    let lock_out = of("Deny", EVERYONE, "")
        .replace("GetObject", "*")
        .replace("reports/*", "reports");
    Scene::by("arn:aws:iam::111122223333:root")
        .bucket(&lock_out)
        .doing(Action::PutBucketPolicy)
        .on("reports")
        .golden("allow-root-repairs-policy");
}

#[test]
fn anonymous_callers_have_the_bucket_policy_alone() {
    Scene::anonymous().golden("anonymous-refused");
    Scene::anonymous()
        .bucket(&of("Allow", EVERYONE, ""))
        .golden("anonymous-allowed");
    let eve = format!(r#""Principal":{{"AWS":"{EVE}"}}"#);
    Scene::anonymous()
        .bucket(&of("Allow", &eve, ""))
        .golden("anonymous-not-named");
}

#[test]
fn an_acl_is_a_layer_if_it_grants_anything() {
    let everyone = |permission| {
        vec![Grant {
            grantee: Grantee::AllUsers,
            permission,
        }]
    };
    let asked = || Scene::anonymous();
    asked()
        .object_acl(everyone(AclPermission::Read))
        .golden("acl-allows");
    asked()
        .object_acl(everyone(AclPermission::ReadAcp))
        .golden("acl-silent");
    let without = asked().explanation().to_string();
    let empty = asked().object_acl(Vec::new()).explanation().to_string();
    assert_eq!(empty, without);
}

#[test]
fn across_accounts_each_side_must_allow() {
    let account = r#""Principal":{"AWS":"444455556666"}"#;
    let shared = || Scene::by(EVE).bucket(&of("Allow", account, ""));
    shared().identity(READ).golden("cross-account-allowed");
    shared().golden("cross-account-no-identity");
    Scene::by(EVE)
        .identity(READ)
        .golden("cross-account-no-resource");
}

#[test]
fn an_allow_to_the_own_account_is_set_aside() {
    let account = r#""Principal":{"AWS":"111122223333"}"#;
    Scene::by(ALICE)
        .bucket(&of("Allow", account, ""))
        .golden("own-account-named");
}

#[test]
fn an_allow_is_set_aside_on_an_object_of_another_account() {
    let open = of("Allow", EVERYONE, "");
    let scene = || Scene::by(ALICE).bucket(&open);
    scene()
        .object_of("444455556666")
        .golden("object-of-another-account");
    let own = scene().explanation();
    assert_eq!(own.decision.verdict, Verdict::Allow);
}

#[test]
fn what_was_not_looked_up_is_said_to_be_unknown() {
    let tag = r#"{"StringEquals":{"s3:ExistingObjectTag/class":"open"}}"#;
    let unknown = |scene: Scene| {
        scene.in_context(|context: FixedContext| {
            context.with_unknown(Key::parse("s3:ExistingObjectTag/class").unwrap())
        })
    };
    unknown(conditional(tag)).golden("unknown-allow");
    unknown(denied_if(tag)).golden("unknown-deny");
    // What is known of the same statement holds, and goes without saying.
    let both = r#"{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"s3:ExistingObjectTag/class":"open"}}"#;
    unknown(denied_if(both).with("aws:SecureTransport", "true")).golden("unknown-one-of-two");
}

#[test]
fn a_policy_in_shadow_is_shown_and_counts_for_nothing() {
    let deny = own("Deny", r#""Resource":"*""#);
    let shadowed = || {
        Scene::by(ALICE)
            .identity(READ)
            .identity_in(Mode::Shadow, &deny)
    };
    shadowed().golden("shadow-live");
    shadowed()
        .seen_in(View::Shadow)
        .golden("shadow-as-if-enforced");
}

#[test]
fn a_public_policy_names_the_statements_that_make_it_public() {
    let loose = |condition: &str| of("Allow", EVERYONE, &format!(r#","Condition":{condition}"#));
    let policy = [
        of("Allow", EVERYONE, "").replace("AllowIt", "Open"),
        loose(r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#).replace("AllowIt", "Broad"),
        loose(r#"{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}"#).replace("AllowIt", "Narrow"),
        loose(r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/x"},"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"},"StringEquals":{"aws:Referer":"x"}}"#).replace("AllowIt", "Loose"),
    ]
    .join(",\n");
    Scene::by(EVE)
        .identity(READ)
        .bucket(&policy)
        .public_access("public-refused", true);
    Scene::by(ALICE)
        .identity(READ)
        .bucket(&policy)
        .public_access("public-insider", true);
    Scene::anonymous().public_access("public-not", false);
}

#[test]
fn the_values_of_variables_are_shown() {
    let home = r#""Resource":"arn:aws:s3:::reports/home/${aws:username}/${*}","Condition":{"StringEquals":{"aws:PrincipalTag/team":["${aws:PrincipalTag/group, 'none'}"]}}"#;
    Scene::by(ALICE)
        .identity(&own("Allow", home))
        .with("aws:username", "alice")
        .golden("variables");
}

#[test]
fn a_role_of_a_service_is_bound_by_no_control() {
    let deny = own("Deny", r#""Resource":"*""#);
    Scene::by("arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForBackup/b")
        .identity(READ)
        .guardrail(&of("Deny", EVERYONE, ""))
        .service_control(&deny)
        .golden("service-linked");
}

#[test]
fn a_federated_user_without_session_policy_is_limited_to_nothing() {
    Scene::by("arn:aws:sts::111122223333:federated-user/bob")
        .identity(READ)
        .golden("federated-without-session-policy");
}

/// Every combination of a few statements in each layer: what the layers are said to say, and the decision, which is made
/// elsewhere, must go together.
#[test]
fn layers_and_reasons_agree_with_the_decision() {
    let tls = anywhere(r#"{"Bool":{"aws:SecureTransport":"true"}}"#);
    let deny = own("Deny", r#""NotResource":"arn:aws:s3:::other/*""#);
    let own = [
        String::new(),
        READ.to_owned(),
        own("Allow", &tls),
        format!("{READ},{deny}"),
    ];
    let named = |principal: &str| {
        of(
            "Allow",
            &format!(r#""Principal":{{"AWS":"{principal}"}}"#),
            "",
        )
    };
    let buckets = [
        String::new(),
        of("Allow", EVERYONE, ""),
        named("111122223333"),
        named("arn:aws:iam::111122223333:role/app"),
        named(EVE),
        of(
            "Allow",
            EVERYONE,
            r#","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#,
        ),
        of(
            "Deny",
            r#""NotPrincipal":{"AWS":["444455556666","arn:aws:iam::444455556666:user/eve"]}"#,
            "",
        ),
    ];
    let mut outcomes = [0; 3];
    for who in [
        Some(ALICE),
        Some(EVE),
        Some(RUN),
        Some("arn:aws:iam::111122223333:root"),
        None,
    ] {
        for bucket in &buckets {
            for [identity, boundary, session] in combinations(&own) {
                let scene = who.map_or_else(Scene::anonymous, Scene::by);
                let scene = scene.filled(bucket, [identity, boundary, session]);
                outcomes[consistent(&scene.explanation())] += 1;
            }
        }
    }
    assert!(outcomes.iter().all(|count| *count > 100), "{outcomes:?}");
}

fn combinations(own: &[String]) -> impl Iterator<Item = [&str; 3]> {
    own.iter().flat_map(move |first| {
        own.iter()
            .flat_map(move |second| own.iter().map(move |third| [&**first, &**second, &**third]))
    })
}

/// Which of three outcomes it is.
#[track_caller]
fn consistent(explanation: &Explanation) -> usize {
    let verdict = |layer: Layer| {
        let mut layers = explanation.layers.iter();
        layers.find(|report| report.layer == layer).unwrap().verdict
    };
    let mut layers = explanation.layers.iter();
    let denied = layers.any(|layer| layer.verdict == LayerVerdict::Deny);
    let text = explanation.to_text();
    match (explanation.decision.verdict, &explanation.reason) {
        (Verdict::Allow, None) => {
            assert!(!denied, "{text}");
            0
        }
        (Verdict::ExplicitDeny, Some(Reason::ExplicitDeny { statement, matched })) => {
            let by = explanation.decision.by.as_ref().unwrap();
            assert_eq!(
                (statement.layer, statement.statement),
                (by.layer, by.statement)
            );
            assert_eq!(verdict(by.layer), LayerVerdict::Deny, "{text}");
            assert!(
                matched.resource.is_some() || matched.principal.is_some(),
                "{text}"
            );
            1
        }
        (Verdict::ImplicitDeny(missing), Some(reason)) => {
            assert!(
                !denied && verdict(missing.layer()) == LayerVerdict::Silent,
                "{text}"
            );
            match reason {
                Reason::NearestAllow { failed, .. } => assert_ne!(*failed, Parts::default()),
                Reason::NoStatement { layer } => assert_eq!(*layer, missing.layer()),
                Reason::ExplicitDeny { .. }
                | Reason::PublicAccess { .. }
                | Reason::Unknown { .. } => panic!("{text}"),
            }
            2
        }
        _ => panic!("{text}"),
    }
}
