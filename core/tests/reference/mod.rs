//! A second evaluator, written from AWS's documents and not from the engine, whose only merit is that it is
//! obviously right: it walks the JSON of a decision case each time, compiles nothing and shares nothing.
//!
//! It reads a case as `data/decisions` writes it and answers `allow`, `explicit_deny` or `implicit_deny`; where AWS
//! is silent or contradicts itself, the choice stands at the place with its reason.

mod acl;
mod conditions;
mod glob;
mod organizations;
mod principals;
mod public;
mod statements;
mod values;
mod variables;

use principals::Naming;
use serde_json::Value;
use statements::Layer;
use std::collections::BTreeMap;

/// What was exercised, and how often.
#[derive(Default)]
pub(crate) struct Trace(pub(crate) BTreeMap<String, usize>);

impl Trace {
    pub(crate) fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (what, count) in other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }
}

/// Decides a case by AWS's evaluation logic.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
pub(crate) fn decide(case: &Value, trace: &mut Trace) -> &'static str {
    let verdict = by_policies(case, trace);
    if verdict == "allow" && public::withdraws(case) {
        return "explicit_deny";
    }
    verdict
}

fn by_policies(case: &Value, trace: &mut Trace) -> &'static str {
    if denied(case, trace) {
        return "explicit_deny";
    }
    let allowed = if !organizations::leaves_open(case, trace) {
        false
    } else if is_root(case) && account(case) == acl::speaker(case) {
        trace.count("way to allow: root of the owner");
        true
    } else if is_anonymous(case) || is_service(case) {
        allowed_by_the_owner(case, trace)
    } else if account(case) == acl::speaker(case) {
        allowed_within_the_account(case, trace)
    } else {
        allowed_across_accounts(case, trace)
    };
    if allowed { "allow" } else { "implicit_deny" }
}

/// A Deny in any applicable policy ends it.
fn denied(case: &Value, trace: &mut Trace) -> bool {
    let mut denied = organizations::denies(case, trace);
    for (layer, document) in applicable(case) {
        if statements::any(document, "Deny", layer, case, trace) {
            trace.count(format!("layer that denies: {layer:?}"));
            denied = true;
        }
    }
    denied
}

/// The policies of the accounts; those of the organization are `organizations`'.
fn applicable(case: &Value) -> Vec<(Layer, &Value)> {
    let mut all = Vec::new();
    // The owner's root user can always repair a bucket policy that locks everyone out.
    // https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
    if !(is_owner_root(case) && is_bucket_policy_action(case)) {
        all.extend(documents(case, "bucket_policy").map(|one| (Layer::Bucket, one)));
    }
    for (name, layer) in [
        ("identity_policies", Layer::Identity),
        ("permission_boundary", Layer::Boundary),
        ("session_policy", Layer::Session),
    ] {
        all.extend(documents(case, name).map(|one| (layer, one)));
    }
    all
}

/// What the owner's side allows to whom it does not know: by its bucket policy, or by an ACL.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html>
fn allowed_by_the_owner(case: &Value, trace: &mut Trace) -> bool {
    let policy = granted(case, trace).is_some();
    let acl = acl::grants(case, trace);
    if acl && !policy {
        trace.count("owner's side: an ACL alone");
    }
    policy || acl
}

/// Same account: either side is enough, and who is named decides what caps a grant of the bucket policy. A grant to
/// the ARN of a session, a federated user's too, is limited by no implicit deny of boundary or session policy.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
///
/// ACLs add nothing here: a grantee is an account or a group of accounts, whose users still need a policy. Of
/// `AllUsers` AWS says only "anyone in the world", not that it spares a user of the account its identity policy; the
/// narrower reading is taken.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>
fn allowed_within_the_account(case: &Value, trace: &mut Trace) -> bool {
    let naming = granted(case, trace);
    if let Some(naming) = naming {
        let kind = if is_federated(case) {
            " (federated user)"
        } else {
            ""
        };
        trace.count(format!(
            "way to allow: bucket policy names {naming:?}{kind}"
        ));
    }
    match naming {
        Some(Naming::Caller) => true,
        Some(Naming::Source) => capped(case, trace),
        Some(Naming::Account) | None => identity_allows(case, trace) && capped(case, trace),
    }
}

/// Cross-account: the owner's side must allow, and the caller's account on its own must too. A root user needs
/// nothing from its own account.
fn allowed_across_accounts(case: &Value, trace: &mut Trace) -> bool {
    let owner = allowed_by_the_owner(case, trace);
    let caller = is_root(case) || (identity_allows(case, trace) && capped(case, trace));
    if owner && caller {
        trace.count("way to allow: across accounts");
    }
    owner && caller
}

/// How the bucket policy names the caller in the Allow statements that apply, in the strongest of them.
fn granted(case: &Value, trace: &mut Trace) -> Option<Naming> {
    if acl::speaker(case) != text(case, "bucket_owner_account") {
        trace.count("acl: object of another account");
        return None;
    }
    documents(case, "bucket_policy")
        .flat_map(|document| statements::namings(document, case, trace))
        .max()
}

fn identity_allows(case: &Value, trace: &mut Trace) -> bool {
    documents(case, "identity_policies")
        .any(|document| statements::any(document, "Allow", Layer::Identity, case, trace))
}

/// Boundary and session policy grant nothing; each, where there is one, must allow too. A federated user without
/// session policy has none of the permissions of its IAM user.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
fn capped(case: &Value, trace: &mut Trace) -> bool {
    if is_federated(case) && case["session_policy"].is_null() {
        trace.count("cap: a federated user without session policy");
        return false;
    }
    [
        ("permission_boundary", Layer::Boundary),
        ("session_policy", Layer::Session),
    ]
    .into_iter()
    .all(|(name, layer)| {
        documents(case, name).all(|document| {
            let allows = statements::any(document, "Allow", layer, case, trace);
            trace.count(format!("cap: {layer:?} allows {allows}"));
            allows
        })
    })
}

/// The documents under a name: none, one or a list.
fn documents<'a>(case: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let found = &case[name];
    found
        .as_array()
        .map_or(std::slice::from_ref(found), Vec::as_slice)
        .iter()
        .filter(|document| !document.is_null())
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

fn account(case: &Value) -> &str {
    text(&case["principal"], "account")
}

fn is_anonymous(case: &Value) -> bool {
    case["principal"] == "anonymous"
}

fn is_service(case: &Value) -> bool {
    !is_anonymous(case) && account(case).is_empty()
}

fn is_root(case: &Value) -> bool {
    text(&case["principal"], "type") == "Account"
}

fn is_federated(case: &Value) -> bool {
    text(&case["principal"], "type") == "FederatedUser"
}

fn is_owner_root(case: &Value) -> bool {
    is_root(case) && account(case) == text(case, "bucket_owner_account")
}

fn is_bucket_policy_action(case: &Value) -> bool {
    matches!(
        text(case, "action"),
        "s3:GetBucketPolicy" | "s3:PutBucketPolicy" | "s3:DeleteBucketPolicy"
    )
}
