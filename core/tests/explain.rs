//! Explanations, one golden file for each: the text, and the reason as the record has it. If a change is right, run this
//! test with `UPDATE_GOLDEN=1`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

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
fn the_nearest_allow_shows_the_condition_that_failed() {
    let finance = r#"{"StringEquals":{"aws:PrincipalTag/team":"finance"}}"#;
    conditional(finance)
        .with("aws:PrincipalTag/team", "legal")
        .golden("nearest-value-differs");
    conditional(finance).golden("nearest-absent");
    conditional(r#"{"NumericLessThanEquals":{"s3:max-keys":10}}"#)
        .with("s3:max-keys", "ten")
        .golden("nearest-undecidable");
    conditional(r#"{"ForAllValues:StringEquals":{"s3:RequestObjectTagKeys":["a","b"]}}"#)
        .with_many("s3:RequestObjectTagKeys", &["a", "b", "c"])
        .golden("nearest-several-values");
    conditional(r#"{"StringEquals":{"aws:UserAgent":"a"},"IpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::/32"]}}"#)
        .with("aws:UserAgent", "a")
        .with("aws:SourceIp", "198.51.100.7")
        .golden("nearest-one-of-two-conditions");
}

#[test]
fn the_nearest_allow_shows_resource_principal_or_action_that_failed() {
    let elsewhere = own(
        "Allow",
        r#""Resource":["arn:aws:s3:::reports","arn:aws:s3:::other/*"]"#,
    );
    Scene::by(ALICE)
        .identity(&elsewhere)
        .golden("nearest-resource");
    let bob = r#""Principal":{"AWS":["arn:aws:iam::444455556666:user/bob"]}"#;
    Scene::by(EVE)
        .identity(READ)
        .bucket(&of("Allow", bob, ""))
        .golden("nearest-principal");
    Scene::by(ALICE)
        .identity(READ)
        .doing(Action::GetObjectVersion)
        .golden("nearest-version-action");
}

#[test]
fn of_several_allows_the_nearest_is_shown() {
    let wrong_tag = own(
        "Allow",
        &anywhere(r#"{"StringEquals":{"aws:PrincipalTag/team":"finance"}}"#),
    );
    let elsewhere =
        own("Allow", r#""Resource":"arn:aws:s3:::other/*""#).replace("AllowIt", "Elsewhere");
    let both = own(
        "Allow",
        r#""Resource":"arn:aws:s3:::other/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#,
    )
    .replace("AllowIt", "Both");
    Scene::by(ALICE)
        .identity(&format!("{both},{elsewhere},{wrong_tag}"))
        .golden("nearest-of-three");
}

#[test]
fn within_one_account_the_bucket_policy_may_hold_the_nearest_allow() {
    Scene::by(ALICE)
        .identity(&own("Allow", r#""Resource":"arn:aws:s3:::other/*""#))
        .bucket(&of(
            "Allow",
            EVERYONE,
            r#","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#,
        ))
        .with("aws:SecureTransport", "false")
        .golden("nearest-in-bucket-policy");
}

/// The reason of a refusal, on one line.
fn line(scene: &Scene) -> String {
    let reason = scene.explanation().reason;
    reason.expect("a refusal has a reason").to_string()
}

/// Holds the reason of a refusal against what it must say, and what it must not.
#[track_caller]
fn says(scene: &Scene, told: &str, not: &str) {
    let line = line(scene);
    assert!(line.contains(told), "`{told}` is not in: {line}");
    assert!(
        not.is_empty() || !line.contains(not),
        "`{not}` is in: {line}"
    );
}

const TLS: &str = r#"{"Bool":{"aws:SecureTransport":"true"}}"#;

#[test]
fn a_deny_shows_what_made_the_denying_statement_match() {
    let deny =
        |sid: &str, condition: &str| own("Deny", &anywhere(condition)).replace("DenyIt", sid);
    let agent = r#"{"StringEquals":{"aws:UserAgent":"a"}}"#;
    let referer = r#"{"StringEquals":{"aws:Referer":"b"}}"#;
    let scene = || Scene::by(ALICE).identity(READ).with("aws:Referer", "b");
    // In one policy it is not the first that names the action.
    let both = format!("{},{}", deny("Agent", agent), deny("Referer", referer));
    says(&scene().identity(&both), "aws:Referer", "aws:UserAgent");
    // In one file it is not the first policy that has a Deny at the same place.
    let scene = scene().identity_in_file("same.json", &deny("Same", agent));
    let scene = scene.identity_in_file("same.json", &deny("Same", referer));
    says(&scene, "aws:Referer", "aws:UserAgent");
}

#[test]
fn the_nearest_allow_is_looked_for_where_one_is_missing_and_nowhere_else() {
    let near = own("Allow", &anywhere(TLS));
    let near_in_bucket = of("Allow", EVERYONE, &format!(r#","Condition":{TLS}"#));
    let boundary = own("Allow", r#""Resource":"*""#).replace("GetObject", "ListBucket");
    let bounded = |scene: Scene| scene.identity(READ).boundary(&boundary);
    let told = "no statement of the permissions boundary names the action";
    says(&bounded(Scene::by(ALICE)).identity(&near), told, "");
    says(&bounded(Scene::by(ALICE)).bucket(&near_in_bucket), told, "");
    // Across accounts the bucket policy cannot do for the identity policies.
    let everyone = of("Allow", EVERYONE, "").replace("AllowIt", "Everyone");
    let scene = Scene::by(EVE).bucket(&format!("{everyone},{near_in_bucket}"));
    says(
        &scene,
        "no statement of the caller's identity policies names the action",
        "",
    );
}

#[test]
fn of_two_that_are_as_near_the_one_of_the_missing_layer_is_shown() {
    let near_in_bucket = of("Allow", EVERYONE, &format!(r#","Condition":{TLS}"#));
    let near = own("Allow", &anywhere(TLS)).replace("AllowIt", "Own");
    let scene = Scene::by(ALICE).bucket(&near_in_bucket).identity(&near);
    says(&scene, "Own (", "AllowIt (");
}

#[test]
fn one_part_that_fails_is_nearer_than_two() {
    let of = |sid: &str, principal: &str, rest: &str| {
        format!(
            r#"{{"Sid":"{sid}","Effect":"Allow","Principal":{principal},"Action":"s3:GetObject",{rest}}}"#
        )
    };
    let bob = r#"{"AWS":"arn:aws:iam::111122223333:user/bob"}"#;
    let reports = r#""Resource":"arn:aws:s3:::reports/*""#;
    let others = format!(r#""Resource":"arn:aws:s3:::reports/other/*","Condition":{TLS}"#);
    let statements = [of("Two", r#""*""#, &others), of("One", bob, reports)].join(",");
    says(&Scene::anonymous().bucket(&statements), "One (", "Two (");
}

#[test]
fn a_level_of_service_control_that_allows_has_no_near_miss() {
    let all = own("Allow", r#""Resource":"*""#);
    let near = own("Allow", &anywhere(TLS)).replace("AllowIt", "Near");
    let far = own(
        "Allow",
        &format!(r#""Resource":"arn:aws:s3:::other/*","Condition":{TLS}"#),
    );
    let scene = Scene::by(ALICE)
        .identity(READ)
        .service_control(&format!("{near},{all}"))
        .service_control(&far.replace("AllowIt", "Far"));
    says(&scene, "Far (", "Near (");
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
fn of_service_control_the_level_that_lacks_an_allow_is_looked_at() {
    let all = own("Allow", r#""Resource":"*""#);
    let tls = own(
        "Allow",
        &anywhere(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
    );
    // The first level allows, so the statement of it that does not is no near miss.
    let elsewhere = own("Allow", r#""Resource":"arn:aws:s3:::other/*""#);
    Scene::by(ALICE)
        .identity(READ)
        .service_control(&format!(
            "{},{all}",
            elsewhere.replace("AllowIt", "Elsewhere")
        ))
        .service_control(&tls)
        .with("aws:SecureTransport", "false")
        .golden("missing-service-control");
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
