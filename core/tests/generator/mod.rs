//! Pairs of policies and a request, as decision cases. The request comes first; the policies are then written around
//! it, so that every element now hits and now just misses.

mod acl;
mod conditions;
mod keys;
mod policies;
mod request;
mod rng;

use policies::Layer;
use request::{OWNER, Request};
use rng::Rng;
use serde_json::{Value, json};

/// The pair with this number of the run with this seed.
pub(crate) fn pair(seed: u64, number: u64) -> Value {
    let rng = &mut Rng::new(seed, number);
    let request = request::request(rng);
    let owner = request.owner().to_owned();
    let has_identity = matches!(request.kind(), "User" | "AssumedRole" | "FederatedUser");
    let identity = if has_identity {
        rng.weighted(&[(2, 0), (6, 1), (2, 2)])
    } else {
        0
    };
    let identity: Vec<Value> = (0..identity)
        .map(|_| policies::document(rng, Layer::Identity, &request))
        .collect();
    json!({
        "name": format!("seed-{seed}-pair-{number}"),
        "bucket_policy": bucket_policy(rng, &request),
        "identity_policies": identity,
        "permission_boundary": (has_identity && rng.chance(25))
            .then(|| policies::document(rng, Layer::Cap, &request)),
        "session_policy": session_policy(rng, &request),
        "resource_control_policies": guardrails(rng, &request),
        "service_control_policies": service_control(rng, &request),
        "block_public_access": { "account": blocked(rng), "bucket": blocked(rng) },
        "acl": acl::acl(rng, &request),
        "principal": request.principal,
        "bucket_owner_account": owner,
        "action": request.action,
        "resource": request.resource(),
        "context": request.context,
    })
}

fn bucket_policy(rng: &mut Rng, request: &Request) -> Option<Value> {
    let likely = if request.account() == Some(OWNER) {
        75
    } else {
        96
    };
    (!request.is_service_level() && rng.chance(likely))
        .then(|| policies::document(rng, Layer::Bucket, request))
}

/// A federated user has hardly any permissions without one.
fn session_policy(rng: &mut Rng, request: &Request) -> Option<Value> {
    let likely = match request.kind() {
        "AssumedRole" => 30,
        "FederatedUser" => 80,
        _ => 0,
    };
    rng.chance(likely)
        .then(|| policies::document(rng, Layer::Cap, request))
}

fn guardrails(rng: &mut Rng, request: &Request) -> Vec<Value> {
    let count = if request.is_service_level() {
        0
    } else {
        rng.weighted(&[(82, 0), (15, 1), (3, 2)])
    };
    (0..count)
        .map(|_| policies::document(rng, Layer::Guardrail, request))
        .collect()
}

/// Levels, each of which often has what AWS attaches to each by default, now and then nothing. Callers whom they do
/// not bind have them too.
fn service_control(rng: &mut Rng, request: &Request) -> Vec<Vec<Value>> {
    let levels = rng.weighted(&[(60, 0), (20, 1), (10, 2), (10, 3)]);
    (0..levels).map(|_| level(rng, request)).collect()
}

fn level(rng: &mut Rng, request: &Request) -> Vec<Value> {
    if rng.chance(2) {
        return Vec::new();
    }
    let full = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }],
    });
    let full = rng.chance(75).then_some(full);
    let others = usize::from(full.is_none()) + usize::from(rng.chance(45));
    let others = (0..others).map(|_| policies::document(rng, Layer::Cap, request));
    full.into_iter().chain(others).collect()
}

/// Of Block Public Access, what bears on ACLs.
fn blocked(rng: &mut Rng) -> Value {
    json!({
        "BlockPublicAcls": rng.chance(8),
        "IgnorePublicAcls": rng.chance(8),
        "BlockPublicPolicy": false,
        "RestrictPublicBuckets": false,
    })
}
