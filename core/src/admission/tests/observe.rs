//! A listener in observe passes what nothing allows, and softens nothing else.

use super::kit::{Ask, World, delete, verdict};
use crate::admission::{Admission, DecisionMode, Outcome, Run};

/// Nothing allows it, and nothing denies it.
fn get() -> Ask {
    Ask::new("GET /acme-closed/key")
}

/// Action and number of what was let pass.
fn observed(admission: &Admission) -> String {
    admission
        .labels
        .observed
        .as_ref()
        .map_or_else(String::new, |observed| {
            format!(
                "{} {:?} {}",
                observed.first.action, observed.first.decision.verdict, observed.count
            )
        })
}

#[track_caller]
fn check(admission: &Admission, expected: &str, let_pass: &str) {
    assert_eq!(verdict(admission), expected);
    assert_eq!(observed(admission), let_pass);
}

/// Refused by a listener in observe as by one that enforces.
#[track_caller]
fn check_refused(world: World, ask: &Ask, code: &str) {
    check(&world.ask(ask), code, "");
    check(&world.observing().ask(ask), code, "");
}

const MISSING: &str = "s3:GetObject ImplicitDeny(Identity) 1";

#[test]
fn an_authenticated_caller_passes_what_nothing_allows() {
    let world = World::new().observing();
    for ask in [get().signed("nobody"), get().presigned("nobody")] {
        let admission = world.ask(&ask);
        check(&admission, "pass", MISSING);
        assert_eq!(admission.labels.mode, DecisionMode::Observe);
        assert_eq!(verdict(&World::new().ask(&ask)), "AccessDenied");
    }
}

#[test]
fn the_fixed_principal_of_a_listener_is_authenticated() {
    let ask = Ask::new("PUT /acme-closed/key?tagging=").document("<Tagging><TagSet/></Tagging>");
    let let_pass = "s3:PutObjectTagging ImplicitDeny(Identity) 1";
    check(&World::new().observing().ask_fixed(&ask), "pass", let_pass);
    check(&World::new().ask_fixed(&ask), "AccessDenied", "");
}

#[test]
fn what_is_allowed_passes_as_ever() {
    check(
        &World::new().observing().ask(&get().signed("reader")),
        "pass",
        "",
    );
}

#[test]
fn an_anonymous_caller_is_never_let_pass() {
    check_refused(World::new(), &get(), "AccessDenied");
}

#[test]
fn a_wrong_signature_is_never_let_pass() {
    let mut wrong = get().signed("nobody");
    wrong.target = b"/acme-closed/other".to_vec();
    check_refused(World::new(), &wrong, "SignatureDoesNotMatch");
}

#[test]
fn an_explicit_deny_in_force_is_never_softened() {
    let ask = Ask::new("DELETE /acme-guarded/key").signed("nobody");
    check_refused(World::new(), &ask, "AccessDenied");
    let bounded = Ask::new("DELETE /acme-closed/key").signed("bounded");
    check_refused(World::new(), &bounded, "AccessDenied");
    let kept = Ask::new("DELETE /acme-kept").signed("partner");
    check_refused(World::new(), &kept, "AccessDenied");
    // Their neighbour: nothing denies reading.
    let read = Ask::new("GET /acme-guarded/key").signed("nobody");
    check(&World::new().observing().ask(&read), "pass", MISSING);
}

#[test]
fn a_boundary_that_stays_silent_is_an_implicit_deny() {
    let ask = Ask::new("PUT /acme-closed/key").header("content-length", "0");
    let let_pass = "s3:PutObject ImplicitDeny(Boundary) 1";
    check(
        &World::new().observing().ask(&ask.signed("bounded")),
        "pass",
        let_pass,
    );
}

#[test]
fn a_deny_that_hangs_on_tags_is_found_before_anything_is_let_pass() {
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-tagged/*",
        "Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"shut"}}}"#;
    let ask = Ask::new("GET /acme-tagged/key").signed("nobody");
    let world = || World::new().with_policy("acme-tagged", deny).observing();
    check(&world().ask(&ask), "pass", MISSING);
    let shut = world().with_tag("acme-tagged/key?tagging=", "class", "shut");
    check(&shut.ask(&ask), "AccessDenied", "");
    assert_eq!(shut.looked_up().len(), 1);
    // Who enforces need not look, for it is refused either way.
    let enforcing = World::new().with_policy("acme-tagged", deny);
    check(&enforcing.ask(&ask), "AccessDenied", "");
    assert!(enforcing.looked_up().is_empty());
}

#[test]
fn a_deny_in_shadow_does_not_keep_a_request_from_passing() {
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-closed/*"}"#;
    let world = World::new()
        .with_policy_in_shadow("acme-closed", deny)
        .observing();
    let admission = world.ask(&get().signed("nobody"));
    check(&admission, "pass", MISSING);
    assert!(admission.labels.shadow.is_some());
}

#[test]
fn what_is_no_question_of_policy_is_never_softened() {
    let elsewhere = Ask::new("GET /nowhere/key").signed("nobody");
    check_refused(World::new(), &elsewhere, "NoSuchBucket");
    let unknown = get().header("x-amz-unheard-of", "1").signed("nobody");
    check_refused(World::new(), &unknown, "NotImplemented");
    let owner = get()
        .header("x-amz-expected-bucket-owner", "222222222222")
        .signed("nobody");
    check_refused(World::new(), &owner, "AccessDenied");
    let not_built = Ask::new("GET /acme-closed?logging=").signed("admin");
    check_refused(World::new(), &not_built, "NotImplemented");
}

#[test]
fn a_request_that_a_later_permission_denies_was_not_let_pass() {
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"s3:PutObjectTagging","Resource":"arn:aws:s3:::acme-half/*"}"#;
    let ask = Ask::new("PUT /acme-half/key")
        .header("x-amz-tagging", "a=b")
        .header("content-length", "0")
        .signed("nobody");
    check_refused(
        World::new().with_policy("acme-half", deny),
        &ask,
        "AccessDenied",
    );
    let let_pass = "s3:PutObject ImplicitDeny(Identity) 1";
    check(&World::new().observing().ask(&ask), "pass", let_pass);
}

#[test]
fn keys_of_a_batch_are_let_pass_one_by_one() {
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::acme-half/keep*"}"#;
    let ask = Ask::new("POST /acme-half?delete")
        .document(&delete(&["one", "keep", "two"]))
        .signed("nobody");
    let world = World::new().with_policy("acme-half", deny).observing();
    let admission = world.ask(&ask);
    let allowed: Vec<bool> = admission
        .labels
        .items
        .iter()
        .map(|item| item.allowed)
        .collect();
    assert_eq!(allowed, [true, false, true]);
    check(
        &admission,
        "pass",
        "s3:DeleteObject ImplicitDeny(Identity) 2",
    );
    let Outcome::Forward(permit) = admission.outcome else {
        panic!("not permitted");
    };
    assert!(matches!(permit.run(), Run::DeleteObjects { refused, .. } if refused.len() == 1));
}

#[test]
fn a_missing_key_is_concealed_from_whom_a_deny_keeps_from_listing() {
    let ask = get().signed("bounded");
    assert!(World::new().permit(&ask).conceals_missing());
    assert!(!World::new().observing().permit(&ask).conceals_missing());
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::acme-closed"}"#;
    let world = World::new().with_policy("acme-closed", deny).observing();
    assert!(world.permit(&ask).conceals_missing());
    // Nobody who is anonymous is let see more.
    let public = Ask::new("GET /acme-public/hidden");
    assert!(World::new().observing().permit(&public).conceals_missing());
}
