//! What requests to an upstream are signed with.

use super::super::fill::fill;
use super::super::place::At;
use super::super::raw;
use super::super::secrets;
use super::super::settings::Credentials;
use super::Check;
use super::upstreams::Kind;
use portcullis_core::document::Value;
use portcullis_core::identity::SecretKey;
use std::path::PathBuf;

/// What requests to an upstream are signed with.
pub(super) fn credentials(kind: Kind, at: &At<'_>, check: &mut Check<'_>) -> Option<Credentials> {
    let credentials = read(kind, at, check);
    if let Some(Credentials::Chain { .. }) = credentials {
        note_shared_files(check);
    }
    credentials
}

fn read(kind: Kind, at: &At<'_>, check: &mut Check<'_>) -> Option<Credentials> {
    let chain = Credentials::Chain { profile: None };
    match at.node().map(|node| &node.value) {
        // Keys of the environment are AWS's; another store gets them only when told so.
        None if kind == Kind::Aws => Some(chain),
        None => {
            check.push(at.error(
                "missing: write `chain`, `anonymous`, or access_key_id and secret_access_key",
            ));
            None
        }
        Some(Value::Text(text)) if text == "chain" => Some(chain),
        Some(Value::Text(text)) if text == "anonymous" => Some(Credentials::Anonymous),
        Some(Value::Map(_)) => {
            let raw = fill(at, check);
            written_credentials(raw, at, check)
        }
        Some(_) => {
            check.push(at.error(
                "expected `chain`, `anonymous`, or a map with access_key_id and secret_access_key",
            ));
            None
        }
    }
}

/// An access key id, which may lie in a file beside its secret, so that both change at once.
fn key_id(text: &str, at: &At<'_>, check: &mut Check<'_>) -> Option<Box<str>> {
    match text.starts_with("file:") {
        true => secrets::key_id(&secrets::secret(text, at, check)?, at, check),
        false => secrets::key_id(text, at, check),
    }
}

/// The chain reads the shared files itself. Here they are only looked at, so that they count among what the configuration
/// was made from, and a change of theirs lets the chain fetch again.
fn note_shared_files(check: &Check<'_>) {
    let home = check.sources.variable("HOME").map(PathBuf::from);
    for (variable, usual) in [
        ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        ("AWS_CONFIG_FILE", ".aws/config"),
    ] {
        let named = check.sources.variable(variable).map(PathBuf::from);
        let file = named.or_else(|| home.as_ref().map(|home| home.join(usual)));
        // Missing ones are noted too.
        let _ = file.map(|file| check.sources.read(&file));
    }
}

fn written_credentials(
    raw: raw::WrittenCredentials,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<Credentials> {
    if let Some(profile) = raw.profile {
        let alone = (at.names().len() == 1).then(|| profile.into());
        let message = "stands alone: the chain's profile has its own key".to_owned();
        let profile = check.take(&at.field("profile"), alone.ok_or(message))?;
        return Some(Credentials::Chain {
            profile: Some(profile),
        });
    }
    let (id_at, secret_at) = (at.field("access_key_id"), at.field("secret_access_key"));
    let id = check.required(&id_at, raw.access_key_id);
    let id = id.and_then(|text| key_id(&text, &id_at, check));
    let secret = check.required(&secret_at, raw.secret_access_key);
    let secret = secret.and_then(|text| secrets::key_secret(&text, &secret_at, check));
    let token_at = at.field("session_token");
    let session_token = raw
        .session_token
        .and_then(|text| secrets::secret(&text, &token_at, check));
    Some(Credentials::Static {
        access_key_id: id?,
        secret_access_key: secret?,
        session_token: session_token.map(|token| SecretKey::new(token.to_string())),
    })
}
