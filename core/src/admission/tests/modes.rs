//! Policies in shadow decide nothing; what they would change is noted.

use super::kit::{Ask, World, delete, in_shadow, verdict};
use crate::admission::{Labels, Shadow, Shadowed};
use crate::policy::{Decision, PolicyKind, PolicySet, Verdict};

const BUCKET: &str = "demo-modes";

/// A statement about the bucket and everything in it.
fn statement(effect: &str, sid: &str, action: &str) -> String {
    format!(
        r#"{{"Sid":"{sid}","Effect":"{effect}","Principal":"*","Action":"{action}",
            "Resource":["arn:aws:s3:::{BUCKET}","arn:aws:s3:::{BUCKET}/*"]}}"#
    )
}

/// A statement of an identity policy.
fn own(effect: &str, action: &str) -> String {
    format!(r#"{{"Sid":"Own","Effect":"{effect}","Action":"{action}","Resource":"*"}}"#)
}

fn get() -> Ask {
    Ask::new(&format!("GET /{BUCKET}/key"))
}

fn said(decision: &Decision) -> String {
    let word = match decision.verdict {
        Verdict::Allow => "allow".to_owned(),
        Verdict::ExplicitDeny => "deny".to_owned(),
        Verdict::ImplicitDeny(missing) => format!("no {missing:?}"),
        Verdict::Unknown => "unknown".to_owned(),
    };
    match &decision.by {
        Some(by) => format!(
            "{word} by {:?} {}",
            by.layer,
            by.sid.as_deref().unwrap_or("-")
        ),
        None => word,
    }
}

/// The differences a line each, then what they make of the whole.
fn shown(labels: &Labels) -> String {
    let Some(shadowed) = &labels.shadow else {
        return String::new();
    };
    let Shadowed {
        would_deny,
        would_allow,
        unknown,
        ..
    } = **shadowed;
    let mut text = String::new();
    for difference in &shadowed.differences {
        text += &format!(
            "{} {} {}: {}, then {}\n",
            difference.kind.name(),
            difference.action,
            difference.resource.as_str(),
            said(&difference.live),
            said(&difference.shadow),
        );
    }
    text + &format!("{would_deny} {would_allow} {unknown}")
}

/// Asks, and holds the verdict and the differences against what is expected.
#[track_caller]
fn check(world: &World, ask: &Ask, expected: &str, differences: &str) {
    let admission = world.ask(ask);
    assert_eq!(verdict(&admission), expected);
    assert_eq!(shown(&admission.labels), differences);
}

#[test]
fn a_deny_in_shadow_denies_nothing_and_is_noted() {
    let deny = statement("Deny", "NoRead", "s3:GetObject");
    let world = World::new().with_policy_in_shadow(BUCKET, &deny);
    let noted = "would_deny s3:GetObject demo-modes/key: allow by Identity -, then deny by Bucket NoRead\n1 0 0";
    check(&world, &get().signed("admin"), "pass", noted);
    // Its nearest neighbour: the same policy in force.
    let enforced = World::new().with_policy(BUCKET, &deny);
    check(&enforced, &get().signed("admin"), "AccessDenied", "");
    // What the statement does not name is no difference.
    let list = Ask::new(&format!("GET /{BUCKET}?list-type=2"));
    check(&world, &list.signed("admin"), "pass", "");
}

#[test]
fn an_allow_in_shadow_allows_nothing_and_is_noted() {
    let allow = statement("Allow", "Open", "s3:GetObject");
    let world = World::new().with_policy_in_shadow(BUCKET, &allow);
    let noted = |missing| {
        format!(
            "would_allow s3:GetObject demo-modes/key: no {missing}, then allow by Bucket Open\n0 1 0"
        )
    };
    check(&world, &get(), "AccessDenied", &noted("Resource"));
    check(
        &world,
        &get().signed("nobody"),
        "AccessDenied",
        &noted("Identity"),
    );
    check(
        &World::new().with_policy(BUCKET, &allow),
        &get(),
        "pass",
        "",
    );
}

#[test]
fn a_caller_allowed_by_another_statement_in_shadow_is_no_difference() {
    let allow = statement("Allow", "Open", "s3:GetObject");
    let world = World::new().with_policy_in_shadow(BUCKET, &allow);
    check(&world, &get().signed("admin"), "pass", "");
}

#[test]
fn a_candidate_stands_in_the_place_of_the_policy_in_force() {
    let live = statement("Allow", "Live", "s3:GetObject");
    let stricter = statement("Allow", "Next", "s3:ListBucket");
    let world = World::new()
        .with_policy(BUCKET, &live)
        .with_candidate(BUCKET, &stricter);
    let stricter =
        "would_deny s3:GetObject demo-modes/key: allow by Bucket Live, then no Resource\n1 0 0";
    check(&world, &get(), "pass", stricter);
    let laxer =
        "would_allow s3:ListBucket demo-modes: no Resource, then allow by Bucket Next\n0 1 0";
    let list = Ask::new(&format!("GET /{BUCKET}?list-type=2"));
    check(&world, &list, "AccessDenied", laxer);
    // A candidate that says the same is silent.
    let same = World::new()
        .with_policy(BUCKET, &live)
        .with_candidate(BUCKET, &live);
    check(&same, &get(), "pass", "");
    check(&same, &list, "AccessDenied", "");
}

#[test]
fn a_candidate_counts_for_its_own_bucket_alone() {
    let deny = statement("Deny", "Next", "s3:*");
    let world = World::new().with_candidate(BUCKET, &deny);
    check(&world, &Ask::new("GET /acme-public/key"), "pass", "");
    // Nor for a bucket that is yet to be created.
    let create = Ask::new(&format!("PUT /{BUCKET}")).signed("admin");
    check(&world, &create, "pass", "");
}

#[test]
fn a_boundary_in_shadow_does_not_cap() {
    let boundary = own("Allow", "s3:ListBucket");
    let world = World::new().with_caller("reader", |caller| {
        caller.boundary = Some(in_shadow(&boundary, PolicyKind::Boundary));
    });
    let noted =
        "would_deny s3:GetObject demo-modes/key: allow by Identity -, then no Boundary\n1 0 0";
    check(&world, &get().signed("reader"), "pass", noted);
    let list = Ask::new(&format!("GET /{BUCKET}?list-type=2"));
    check(&world, &list.signed("reader"), "pass", "");
}

#[test]
fn identity_policies_and_guardrails_may_be_in_shadow_too() {
    let world = World::new().with_caller("nobody", |caller| {
        let policy = in_shadow(&own("Allow", "s3:GetObject"), PolicyKind::Identity);
        caller.policies = PolicySet::from(vec![policy]);
    });
    let noted =
        "would_allow s3:GetObject demo-modes/key: no Identity, then allow by Identity Own\n0 1 0";
    check(&world, &get().signed("nobody"), "AccessDenied", noted);
    let world = World::new().with_guardrail_in_shadow(&statement("Deny", "Wall", "s3:*"));
    let noted = "would_deny s3:GetObject demo-modes/key: allow by Identity -, then deny by Guardrail Wall\n1 0 0";
    check(&world, &get().signed("admin"), "pass", noted);
}

#[test]
fn a_refusal_for_another_reason_is_noted_and_changes_nothing() {
    let deny = statement("Deny", "NoRead", "s3:GetObject");
    let world = World::new().with_policy_in_shadow(BUCKET, &deny);
    let noted = "denied_otherwise s3:GetObject demo-modes/key: no Resource, then deny by Bucket NoRead\n0 0 0";
    check(&world, &get(), "AccessDenied", noted);
    let candidate = World::new()
        .with_policy(BUCKET, &deny)
        .with_candidate(BUCKET, &statement("Deny", "Other", "s3:*"));
    let noted = "denied_otherwise s3:GetObject demo-modes/key: deny by Bucket NoRead, then deny by Bucket Other\n0 0 0";
    check(&candidate, &get(), "AccessDenied", noted);
}

#[test]
fn the_whole_would_pass_only_if_every_permission_would() {
    let both = statement("Allow", "Both", "s3:*");
    let one = statement("Allow", "One", "s3:PutObject");
    let ask = || {
        Ask::new(&format!("PUT /{BUCKET}/key"))
            .header("x-amz-tagging", "a=b")
            .header("content-length", "0")
    };
    let noted = |sid, whole| {
        format!(
            "would_allow s3:PutObject demo-modes/key: no Resource, then allow by Bucket {sid}\n{whole}"
        )
    };
    let world = World::new().with_policy_in_shadow(BUCKET, &both);
    check(&world, &ask(), "AccessDenied", &noted("Both", "0 1 0"));
    let world = World::new().with_policy_in_shadow(BUCKET, &one);
    check(&world, &ask(), "AccessDenied", &noted("One", "0 0 0"));
}

#[test]
fn tags_that_only_a_policy_in_shadow_asks_for_are_not_looked_up() {
    let tagged = statement("Deny", "Tagged", "s3:GetObject").replace(
        r#""Principal""#,
        r#""Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"shut"}},"Principal""#,
    );
    let world = World::new()
        .with_policy_in_shadow(BUCKET, &tagged)
        .with_tag("demo-modes/key?tagging=", "class", "shut");
    let noted = "unknown s3:GetObject demo-modes/key: allow by Identity -, then unknown\n0 0 1";
    check(&world, &get().signed("admin"), "pass", noted);
    assert!(world.looked_up().is_empty());
}

#[test]
fn tags_that_are_looked_up_anyhow_count_in_shadow_too() {
    let tagged = |effect, sid, value| {
        let condition = format!(
            r#""Condition":{{"StringEquals":{{"s3:ExistingObjectTag/class":"{value}"}}}},"Principal""#
        );
        statement(effect, sid, "s3:GetObject").replace(r#""Principal""#, &condition)
    };
    let world = World::new()
        .with_policy(BUCKET, &tagged("Allow", "Live", "open"))
        .with_candidate(BUCKET, &tagged("Allow", "Next", "shut"))
        .with_tag("demo-modes/key?tagging=", "class", "open");
    let noted =
        "would_deny s3:GetObject demo-modes/key: allow by Bucket Live, then no Resource\n1 0 0";
    check(&world, &get(), "pass", noted);
    assert_eq!(world.looked_up().len(), 1);
}

#[test]
fn keys_of_a_batch_are_counted_and_the_first_are_listed() {
    let world =
        World::new().with_policy_in_shadow(BUCKET, &statement("Deny", "Keep", "s3:Delete*"));
    let keys: Vec<String> = (0..40).map(|number| format!("key{number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let ask = Ask::new(&format!("POST /{BUCKET}?delete")).document(&delete(&keys));
    let admission = world.ask(&ask.signed("admin"));
    let shadowed = admission.labels.shadow.unwrap();
    assert!(admission.labels.items.iter().all(|item| item.allowed));
    assert_eq!((shadowed.would_deny, shadowed.would_allow), (40, 0));
    assert_eq!((shadowed.differences.len(), shadowed.unlisted()), (16, 24));
    assert_eq!(shadowed.counts.len(), 1);
}

#[test]
fn where_nothing_is_in_shadow_nothing_is_asked_twice() {
    let rules = World::new().rules.with_shadow(Shadow::default());
    assert!(rules.shadow.is_none());
    let world = World::new().with_policy_in_shadow(BUCKET, &statement("Deny", "A", "s3:*"));
    assert!(world.rules.shadow.is_some());
}
