//! The lists within a record's object.

use crate::record::draft::BatchItem;
use portcullis_core::admission::Permission;
use portcullis_core::admission::rego::{Refusal, Ruling};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
struct JsonPermission {
    action: &'static str,
    resource: String,
    allowed: bool,
}

#[derive(Serialize)]
struct JsonItem<'a> {
    key_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'a str>,
    http_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct JsonGuardrails<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refusals: Vec<JsonRefusal<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

#[derive(Serialize)]
struct JsonRefusal<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
}

pub(super) fn guardrails<S: Serializer>(
    ruling: &Option<&Ruling>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let said = |refusal| -> JsonRefusal<'_> {
        let refusal: &Refusal = refusal;
        JsonRefusal {
            message: refusal.message(),
            code: refusal.code(),
            file: refusal.file(),
        }
    };
    let (refusals, failure) = match ruling {
        None => return to.serialize_none(),
        Some(Ruling::Denied(refusals)) => (refusals.iter().map(said).collect(), None),
        Some(Ruling::Failed(failure)) => (Vec::new(), Some(failure.to_string())),
    };
    JsonGuardrails { refusals, failure }.serialize(to)
}

pub(super) fn permissions<S: Serializer>(asked: &&[Permission], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(asked.iter().map(|asked| JsonPermission {
        action: asked.action,
        resource: asked.resource.arn(),
        allowed: asked.allowed,
    }))
}

pub(super) fn items<S: Serializer>(items: &&[BatchItem], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(items.iter().map(|item| JsonItem {
        key_name: &item.key,
        version_id: item.version_id.as_deref(),
        http_status: item.status.map(|status| status.as_u16()),
        error_code: item.error_code.as_deref(),
        reason: item.reason.as_ref().map(|reason| reason.brief()),
    }))
}
