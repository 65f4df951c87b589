//! The admin listener, which must not be open to whoever reaches it.

use super::super::fill::fill;
use super::super::place::At;
use super::super::settings::{Admin, AdminTls, Bind};
use super::super::{raw, secrets};
use super::{Check, tls, values};
use portcullis_core::document::Value;
use std::path::Path;
use zeroize::Zeroizing;

/// How many exchanges are kept unless it is said.
const RECENT: usize = 4096;
/// The most that may be kept.
const MOST_RECENT: u32 = 65_536;
/// The shortest token.
const TOKEN: usize = 16;

/// `unix:PATH`, or an object.
pub(super) fn admin(at: &At<'_>, check: &mut Check<'_>) -> Option<Admin> {
    let written = match &at.node()?.value {
        Value::Text(text) => raw::Admin {
            bind: Some(text.clone()),
            ..raw::Admin::default()
        },
        Value::Map(_) => fill(at, check),
        Value::List(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
            check.push(at.error("expected `unix:PATH` or an object with `bind`"));
            return None;
        }
    };
    let field = at.field("bind");
    let bind_at = if written_plainly(at) { at } else { &field };
    let text = check.required(bind_at, written.bind)?;
    let bind = check.take(bind_at, values::bind(&text, at.document))?;
    let token = written
        .token
        .and_then(|text| token(&text, &at.field("token"), check));
    let tls = written
        .tls
        .and_then(|raw| tls_of(raw, &at.field("tls"), check));
    let admin = Admin {
        recent: recent(written.recent, &at.field("recent"), check)?,
        bind,
        token,
        tls,
    };
    if !check.failed()
        && let Err(message) = guarded(&admin, check)
    {
        check.push(bind_at.error(message));
    }
    Some(admin)
}

fn written_plainly(at: &At<'_>) -> bool {
    at.node()
        .is_some_and(|node| matches!(node.value, Value::Text(_)))
}

/// Whether only those it is meant for can use it.
fn guarded(admin: &Admin, check: &Check<'_>) -> Result<(), String> {
    let address = match &admin.bind {
        Bind::Unix(path) => {
            let folder = match path.parent() {
                Some(parent) if parent == Path::new("") => Path::new("."),
                parent => parent.unwrap_or(Path::new("/")),
            };
            if admin.tls.is_some() || admin.token.is_some() {
                return Err(
                    "a Unix socket takes no `tls` and no `token`: its file is its owner's alone"
                        .to_owned(),
                );
            }
            let is_folder = check.sources.is_folder(folder);
            return is_folder.then_some(()).ok_or_else(|| {
                format!("there is no folder `{}` for this socket", folder.display())
            });
        }
        Bind::Tcp(address) => address,
    };
    let certificates = admin
        .tls
        .as_ref()
        .is_some_and(|tls| tls.client_ca.is_some());
    if certificates {
        return Ok(());
    }
    if admin.token.is_none() {
        return Err("every process that reaches this address could explain requests and reload: give a `token`, or `tls` with `client_ca`, or use `unix:PATH`".to_owned());
    }
    if admin.tls.is_none() && !address.ip().to_canonical().is_loopback() {
        return Err("the token would cross the network in the clear: give `tls`, or bind a loopback address or a Unix socket".to_owned());
    }
    Ok(())
}

fn token(text: &str, at: &At<'_>, check: &mut Check<'_>) -> Option<Zeroizing<String>> {
    let token = secrets::secret(text, at, check)?;
    let visible = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.len() < TOKEN || !visible {
        check.push(at.error(format!(
            "a token has {TOKEN} characters or more, ASCII and without spaces"
        )));
        return None;
    }
    Some(token)
}

fn tls_of(raw: raw::AdminTls, at: &At<'_>, check: &mut Check<'_>) -> Option<AdminTls> {
    let own = raw::ListenerTls {
        cert: raw.cert,
        key: raw.key,
    };
    let own = tls::listener(own, at, check);
    let ca_at = at.field("client_ca");
    let client_ca = raw
        .client_ca
        .map(|text| tls::authorities(&text, &ca_at, check));
    Some(AdminTls {
        own: own?,
        client_ca: match client_ca {
            None => None,
            Some(pem) => Some(pem?),
        },
    })
}

fn recent(written: Option<u32>, at: &At<'_>, check: &mut Check<'_>) -> Option<usize> {
    let Some(number) = written else {
        return Some(RECENT);
    };
    let fits = (1..=MOST_RECENT)
        .contains(&number)
        .then_some(number as usize);
    check.take(at, fits.ok_or(format!("must be from 1 to {MOST_RECENT}")))
}
