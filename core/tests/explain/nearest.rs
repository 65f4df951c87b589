//! Which Allow is shown as the nearest, and what of it.

use super::scene::Scene;
use super::{ALICE, EVE, EVERYONE, READ, anywhere, conditional, of, own};
use portcullis_core::context::Key;
use portcullis_core::policy::{Layer, Reason};
use portcullis_core::s3::actions::Action;

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
fn one_failing_part_is_nearer_than_two_even_if_it_is_the_principal() {
    let bob = r#""Principal":{"AWS":"arn:aws:iam::444455556666:user/bob"}"#;
    let over_tls = r#","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#;
    let two = of("Allow", EVERYONE, over_tls)
        .replace("reports/*", "reports/public/*")
        .replace("AllowIt", "Two");
    Scene::by(EVE)
        .identity(READ)
        .bucket(&format!("{two},{}", of("Allow", bob, "")))
        .with("aws:SecureTransport", "false")
        .golden("nearest-by-number-of-parts");
}

#[test]
fn of_equally_near_allows_the_callers_own_is_shown_before_the_bucket_policys() {
    let over_tls = r#"{"Bool":{"aws:SecureTransport":"true"}}"#;
    let of_bucket = of("Allow", EVERYONE, &format!(r#","Condition":{over_tls}"#));
    let scene = conditional(over_tls).bucket(&of_bucket);
    nearest_in(Layer::Identity, &scene.with("aws:SecureTransport", "false"));
}

#[test]
fn the_nearest_allow_is_of_a_layer_where_one_would_help() {
    let over_tls = r#"{"Bool":{"aws:SecureTransport":"true"}}"#;
    let of_bucket = of("Allow", EVERYONE, &format!(r#","Condition":{over_tls}"#));
    let elsewhere = own("Allow", r#""Resource":"arn:aws:s3:::other/*""#);
    // A boundary grants nothing, so the near miss in it is not what an owner should mend first.
    nearest_in(
        Layer::Identity,
        &Scene::by(ALICE)
            .identity(&elsewhere)
            .boundary(&own("Allow", &anywhere(over_tls))),
    );
    // No bucket policy makes up for a boundary, unless it allows by itself.
    nearest_in(
        Layer::Boundary,
        &Scene::by(ALICE)
            .identity(READ)
            .boundary(&elsewhere)
            .bucket(&of_bucket),
    );
    // The bucket policy has allowed its part; of the other account it says nothing.
    let open = of("Allow", EVERYONE, "").replace("AllowIt", "Open");
    nearest_in(
        Layer::Identity,
        &Scene::by(EVE)
            .identity(&elsewhere)
            .bucket(&format!("{of_bucket},{open}")),
    );
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

#[test]
fn of_service_control_the_level_that_lacks_an_allow_is_looked_at() {
    let all = own("Allow", r#""Resource":"*""#);
    let tls = own(
        "Allow",
        &anywhere(r#"{"Bool":{"aws:SecureTransport":"true"}}"#),
    );
    // The first level allows, so the statement of it that does not is no near miss, however near it came.
    let elsewhere = own("Allow", r#""Resource":"arn:aws:s3:::other/*""#);
    Scene::by(ALICE)
        .identity(READ)
        .service_control(&format!("{},{all}", tls.replace("AllowIt", "OverTls")))
        .service_control(&elsewhere)
        .with("aws:SecureTransport", "false")
        .golden("missing-service-control");
}

#[test]
fn an_allow_that_may_apply_is_no_near_miss() {
    let tag = r#"{"StringEquals":{"s3:ExistingObjectTag/class":"open"}}"#;
    let list = own("Allow", r#""Resource":"*""#).replace("GetObject", "ListBucket");
    let scene = Scene::by(ALICE)
        .identity(READ)
        .service_control(&own("Allow", &anywhere(tag)))
        .service_control(&list)
        .in_context(|context| {
            context.with_unknown(Key::parse("s3:ExistingObjectTag/class").unwrap())
        });
    let layer = Layer::ServiceControl;
    assert_eq!(
        scene.explanation().reason,
        Some(Reason::NoStatement { layer })
    );
}

/// Checks whose statement the nearest Allow is.
#[track_caller]
fn nearest_in(layer: Layer, scene: &Scene) {
    let explanation = scene.explanation();
    let Some(Reason::NearestAllow { statement, .. }) = &explanation.reason else {
        panic!("{explanation}");
    };
    assert_eq!(statement.layer, layer, "{explanation}");
}
