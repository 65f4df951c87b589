//! Who a statement of a bucket policy names.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::{account, is_anonymous, is_federated, is_service, statements::list, text};
use serde_json::Value;

/// How a statement names a caller of the bucket's own account, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// By its account: AWS calls that delegation, the identity policy still has to allow.
    Account,
    /// By the role or the IAM user whose session it is: boundary and session policy still limit.
    Source,
    /// By itself, or by naming everyone: nothing else has to allow.
    Caller,
}

/// How a `Principal` names the caller, if it does.
pub(super) fn named(principal: &Value, case: &Value) -> Option<Naming> {
    entries(principal)
        .into_iter()
        .filter_map(|(kind, entry)| names(kind, entry, case))
        .max()
}

/// Whether a `NotPrincipal` leaves the caller alone. AWS looks at the account, then the role, then the session, and
/// each part must be listed; of a federated user it says nothing, and its IAM user is taken for what the role is to
/// the other sessions. A caller with a permissions boundary never is.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
pub(super) fn spared(principal: &Value, case: &Value) -> bool {
    let names: Vec<Naming> = entries(principal)
        .into_iter()
        .filter_map(|(kind, entry)| names(kind, entry, case))
        .collect();
    let everyone = entries(principal).contains(&("AWS", "*"));
    let whole = match text(&case["principal"], "type") {
        "Account" => names.contains(&Naming::Account),
        "User" => names.contains(&Naming::Account) && names.contains(&Naming::Caller),
        "AssumedRole" | "FederatedUser" => [Naming::Account, Naming::Source, Naming::Caller]
            .iter()
            .all(|part| names.contains(part)),
        _ => !names.is_empty(),
    };
    (everyone || whole) && case["permission_boundary"].is_null()
}

/// `aws:PrincipalArn`: for a session the ARN of the role, path included.
pub(super) fn principal_arn(case: &Value) -> &str {
    text(&case["context"], "aws:PrincipalArn")
}

/// The canonical id of an account in the cases: its number, repeated to 64 digits.
pub(super) fn canonical_id(account: &str) -> String {
    account.chars().cycle().take(64).collect()
}

fn entries(principal: &Value) -> Vec<(&str, &str)> {
    if let Some(everyone) = principal.as_str() {
        return vec![("AWS", everyone)];
    }
    let kinds = principal.as_object().into_iter().flatten();
    kinds
        .flat_map(|(kind, entries)| {
            let texts = list(entries).iter().filter_map(Value::as_str);
            texts.map(move |entry| (kind.as_str(), entry))
        })
        .collect()
}

fn names(kind: &str, entry: &str, case: &Value) -> Option<Naming> {
    match kind {
        "AWS" if entry == "*" => Some(Naming::Caller),
        "Service" => {
            let same = is_service(case) && entry == text(&case["principal"], "arn");
            same.then_some(Naming::Caller)
        }
        "AWS" | "CanonicalUser" if is_anonymous(case) || is_service(case) => None,
        "CanonicalUser" => (entry == canonical_id(account(case))).then_some(Naming::Account),
        "AWS" => names_aws(entry, case),
        // The callers of the cases are not sessions of a web identity provider.
        _ => None,
    }
}

fn names_aws(entry: &str, case: &Value) -> Option<Naming> {
    let account = account(case);
    let root = format!("arn:aws:iam::{account}:root");
    if entry == account || entry == root {
        return Some(Naming::Account);
    }
    if entry == text(&case["principal"], "arn") {
        return Some(Naming::Caller);
    }
    (entry == source(case)).then_some(Naming::Source)
}

/// Whose permissions a session has: a federated user those of the IAM user that asked for the session, whose ARN is
/// in no key of the context.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html>
fn source(case: &Value) -> &str {
    if is_federated(case) {
        text(&case["principal"], "user")
    } else {
        principal_arn(case)
    }
}
