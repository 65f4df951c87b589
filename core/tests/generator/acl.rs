//! Grants of ACLs to the caller's account, to groups and to others.

use super::policies::canonical;
use super::request::{OTHER, OWNER, Request};
use super::rng::Rng;
use serde_json::{Value, json};

/// The ACLs of bucket and object, unless they are disabled.
pub(super) fn acl(rng: &mut Rng, request: &Request) -> Option<Value> {
    let enabled = !request.is_service_level() && rng.chance(45);
    enabled.then(|| {
        let mut acl = json!({ "bucket": grants(rng, request), "object": grants(rng, request) });
        if rng.chance(30) {
            acl["object_owner"] = object_owner(rng, request).into();
        }
        acl
    })
}

/// Half of the time the caller's own account; never the bucket's owner, who needs not be said.
fn object_owner<'r>(rng: &mut Rng, request: &'r Request) -> &'r str {
    match request.account() {
        Some(account) if account != OWNER && rng.chance(50) => account,
        Some(_) | None => rng.pick(&[OTHER, "777788889999"]),
    }
}

fn grants(rng: &mut Rng, request: &Request) -> Vec<Value> {
    let count = rng.weighted(&[(2, 0), (5, 1), (3, 2), (1, 3)]);
    (0..count)
        .map(
            |_| json!({ "grantee": grantee(rng, request), "permission": permission(rng, request) }),
        )
        .collect()
}

fn grantee(rng: &mut Rng, request: &Request) -> String {
    match (rng.below(12), request.account()) {
        (0..5, Some(account)) => canonical(account),
        (0..8, _) => "AllUsers".into(),
        (8 | 9, _) => "AuthenticatedUsers".into(),
        _ => canonical(rng.pick(&[OTHER, OWNER, "777788889999"])),
    }
}

/// Half of the time one that suits the name of the action.
fn permission(rng: &mut Rng, request: &Request) -> &'static str {
    if rng.chance(50) {
        let read = request.action.starts_with("s3:Get") || request.action.starts_with("s3:List");
        return match (request.action.ends_with("Acl"), read) {
            (true, true) => "READ_ACP",
            (true, false) => "WRITE_ACP",
            (false, true) => "READ",
            (false, false) => "WRITE",
        };
    }
    rng.pick(&["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"])
}
