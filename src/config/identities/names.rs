//! Ids and ARNs of accounts, users and roles.

use aws_lc_rs::digest::{SHA256, digest};
use portcullis_core::identity::{Account, Caller, CallerKind};
use portcullis_core::policy::{Policy, PolicySet};
use portcullis_core::s3::names::AccountId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the one session of a role that a fixed-principal listener speaks as.
const SESSION: &str = "portcullis";

/// An account without anything but its id, under the resource-control documents for every account.
pub(in super::super) fn bare_account(id: AccountId, guardrails: &[Arc<Policy>]) -> Account {
    Account {
        resource_control: guardrails.iter().cloned().collect(),
        ..Account::new(id, canonical_id(id), id.as_str())
    }
}

/// The canonical id of an account that was given none: SHA-256 of `portcullis canonical id ` and the account id.
pub(super) fn canonical_id(id: AccountId) -> Box<str> {
    let hash = digest(&SHA256, format!("portcullis canonical id {id}").as_bytes());
    let digits = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<String>().into()
}

/// A caller as its ARN alone makes it: without policies and tags, in an account under `guardrails` alone.
pub(in super::super) fn caller_of_arn(
    arn: &str,
    guardrails: &[Arc<Policy>],
) -> Result<Caller, String> {
    let message = || {
        format!(
            "`{arn}` is not the ARN of a user or a role, such as `arn:aws:iam::111122223333:role/name`"
        )
    };
    let rest = arn.strip_prefix("arn:aws:iam::").ok_or_else(message)?;
    let (account, resource) = rest.split_once(':').ok_or_else(message)?;
    let account = AccountId::parse(account).map_err(|_| message())?;
    let account = Arc::new(bare_account(account, guardrails));
    if resource == "root" {
        return Ok(root(account));
    }
    let (kind, named) = resource.split_once('/').ok_or_else(message)?;
    let (path, name) = match named.rsplit_once('/') {
        Some((path, name)) => (format!("/{path}/"), name),
        None => ("/".to_owned(), named),
    };
    check_path(&path).map_err(|_| message())?;
    check_name(name).map_err(|_| message())?;
    match kind {
        "user" => Ok(user(account, &path, name)),
        "role" => Ok(role(account, &path, name)),
        _ => Err(message()),
    }
}

/// An account's root user.
pub(super) fn root(account: Arc<Account>) -> Caller {
    let arn: Box<str> = format!("arn:aws:iam::{}:root", account.id).into();
    Caller {
        kind: CallerKind::Root,
        principal_arn: arn.clone(),
        arn,
        user_id: account.id.as_str().into(),
        ..nobody(account)
    }
}

/// A user without policies and tags.
pub(super) fn user(account: Arc<Account>, path: &str, name: &str) -> Caller {
    let arn: Box<str> = format!("arn:aws:iam::{}:user{path}{name}", account.id).into();
    Caller {
        kind: CallerKind::User { name: name.into() },
        principal_arn: arn.clone(),
        user_id: unique_id("AIDA", &arn),
        arn,
        ..nobody(account)
    }
}

/// A role's session without policies and tags.
pub(super) fn role(account: Arc<Account>, path: &str, name: &str) -> Caller {
    let id = account.id;
    let principal_arn: Box<str> = format!("arn:aws:iam::{id}:role{path}{name}").into();
    Caller {
        kind: CallerKind::RoleSession {
            role: name.into(),
            session: SESSION.into(),
        },
        arn: format!("arn:aws:sts::{id}:assumed-role/{name}/{SESSION}").into(),
        user_id: format!("{}:{SESSION}", unique_id("AROA", &principal_arn)).into(),
        principal_arn,
        ..nobody(account)
    }
}

fn nobody(account: Arc<Account>) -> Caller {
    Caller {
        account,
        kind: CallerKind::Root,
        arn: "".into(),
        principal_arn: "".into(),
        user_id: "".into(),
        tags: BTreeMap::new(),
        provider: None,
        policies: PolicySet::default(),
        boundary: None,
        session_policy: None,
        session: None,
    }
}

/// An id in AWS's form, always the same for the same ARN.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
fn unique_id(prefix: &str, arn: &str) -> Box<str> {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let hash = digest(&SHA256, format!("portcullis unique id {arn}").as_bytes());
    let digit = |byte: &u8| {
        DIGITS
            .get(usize::from(byte & 31))
            .map(|digit| char::from(*digit))
    };
    let digits = hash.as_ref().iter().take(17).filter_map(digit);
    format!("{prefix}{}", digits.collect::<String>()).into()
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(good);
    fits.then_some(())
        .ok_or_else(|| format!("`{name}` is not a name: 1 to 64 letters, digits and `_+=,.@-`"))
}

/// The same page: begins and ends with a slash. No role can be made where AWS keeps those of its services, which no
/// organisation's policies bind.
pub(super) fn check_path(path: &str) -> Result<(), String> {
    if path.starts_with("/aws-service-role/") {
        return Err(format!(
            "`{path}`: only AWS makes roles in `/aws-service-role/`"
        ));
    }
    let good = |byte: u8| (0x21..=0x7e).contains(&byte) && byte != b'*' && byte != b'?';
    let fits = (1..=512).contains(&path.len())
        && path.starts_with('/')
        && path.ends_with('/')
        && path.bytes().all(good);
    fits.then_some(())
        .ok_or_else(|| format!("`{path}` is not a path: it begins and ends with `/`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_core::policy::{Origin, PolicyKind};

    fn caller(arn: &str) -> Result<Caller, String> {
        caller_of_arn(arn, &[])
    }

    #[test]
    fn a_role_is_known_by_its_arn_and_speaks_as_its_session() {
        let role = caller("arn:aws:iam::111122223333:role/eng/orders").unwrap();
        assert_eq!(
            &*role.arn,
            "arn:aws:sts::111122223333:assumed-role/orders/portcullis"
        );
        assert_eq!(
            &*role.principal_arn,
            "arn:aws:iam::111122223333:role/eng/orders"
        );
        assert!(role.user_id.starts_with("AROA") && role.user_id.ends_with(":portcullis"));
        assert_eq!(role.user_id.len(), 21 + ":portcullis".len());
    }

    #[test]
    fn a_user_is_known_by_its_arn() {
        let user = caller("arn:aws:iam::111122223333:user/alice").unwrap();
        assert_eq!(user.arn, user.principal_arn);
        assert_eq!(
            user.kind,
            CallerKind::User {
                name: "alice".into()
            }
        );
        let again = caller("arn:aws:iam::111122223333:user/alice").unwrap();
        assert_eq!(user.user_id, again.user_id);
        assert_eq!(user.account.canonical_id.len(), 64);
    }

    #[test]
    fn an_account_known_by_an_arn_alone_is_under_what_binds_every_account() {
        let text = r#"{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}"#;
        let document = portcullis_core::document::json(text).unwrap();
        let origin = Arc::new(Origin {
            source: "guardrail.json".into(),
        });
        let compiled = Policy::compile(&document, PolicyKind::Guardrail, origin).unwrap();
        let guardrails = [Arc::new(compiled.policy)];
        let role = caller_of_arn("arn:aws:iam::111122223333:role/orders", &guardrails).unwrap();
        let bound = role.account.resource_control.documents();
        assert!(Arc::ptr_eq(&bound[0], &guardrails[0]));
        assert!(role.account.service_control.is_empty());
    }

    #[test]
    fn other_texts_are_no_callers() {
        for arn in [
            "",
            "orders",
            "arn:aws:iam::11112222333:role/orders",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/a*",
            "arn:aws:iam::111122223333:role//orders ",
            "arn:aws:iam::111122223333:role/aws-service-role/backup.amazonaws.com/x",
            "arn:aws:iam::111122223333:group/eng",
            "arn:aws:sts::111122223333:assumed-role/orders/session",
        ] {
            assert!(caller(arn).is_err(), "{arn}");
        }
    }
}
