//! Block Public Access, as far as it decides a request: `RestrictPublicBuckets`.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use super::statements::{list, statements};
use super::{account, documents, is_service, text};
use serde_json::Value;

/// Keys that confine a grant to whom or where, if their values are fixed.
const CONFINING: &[&str] = &[
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:dataaccesspointaccount",
];

/// While the policy is public, only services and the owner's account get in.
pub(super) fn withdraws(case: &Value) -> bool {
    let restricted = ["account", "bucket"]
        .iter()
        .any(|level| case["block_public_access"][level]["RestrictPublicBuckets"] == true);
    let spared = is_service(case) || account(case) == text(case, "bucket_owner_account");
    restricted && !spared && documents(case, "bucket_policy").any(is_public)
}

fn is_public(policy: &Value) -> bool {
    statements(policy).iter().any(|statement| {
        text(statement, "Effect") == "Allow" && names_everyone(statement) && !confined(statement)
    })
}

fn names_everyone(statement: &Value) -> bool {
    let principal = &statement["Principal"];
    let everyone = |entries: &Value| list(entries).iter().any(|entry| entry == "*");
    everyone(principal) || everyone(&principal["AWS"]) || !principal["Federated"].is_null()
}

fn confined(statement: &Value) -> bool {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators
        .filter(|(operator, _)| confines(operator))
        .flat_map(|(_, keys)| keys.as_object().into_iter().flatten())
        .any(|(key, values)| list(values).iter().all(|value| is_fixed(key, value)))
}

/// A negated operator, one that a missing key satisfies and an order leave the grant open.
fn confines(operator: &str) -> bool {
    let base = operator.strip_prefix("ForAnyValue:").unwrap_or(operator);
    matches!(
        base,
        "StringEquals"
            | "StringEqualsIgnoreCase"
            | "StringLike"
            | "ArnEquals"
            | "ArnLike"
            | "IpAddress"
    )
}

fn is_fixed(key: &str, value: &Value) -> bool {
    let (key, value) = (key.to_lowercase(), value.as_str().unwrap_or_default());
    let open = value.contains(['*', '?']) || value.contains("${");
    match key.as_str() {
        "aws:sourceip" => is_narrow(value),
        "aws:userid" => !value.contains("${") && !value.starts_with('*') && !value.ends_with(":*"),
        "s3:dataaccesspointarn" => {
            let owner = value.split(':').nth(4).unwrap_or_default();
            owner.len() == 12 && owner.chars().all(|digit| digit.is_ascii_digit())
        }
        key => CONFINING.contains(&key) && !open,
    }
}

/// Networks of more than a /8, or a /32 of IPv6, are public; private ones are not.
fn is_narrow(network: &str) -> bool {
    let (address, mask) = network.split_once('/').unwrap_or((network, "128"));
    let mask: u32 = mask.parse().unwrap_or(0);
    mask >= if address.contains(':') { 32 } else { 8 }
}
