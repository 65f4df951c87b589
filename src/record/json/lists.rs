//! The lists within a record's object.

use crate::record::draft::BatchItem;
use portcullis_core::admission::Permission;
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
