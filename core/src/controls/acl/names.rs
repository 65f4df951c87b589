//! How documents and headers name grantees and permissions.

use super::{ANONYMOUS, same_id};
use crate::policy::{AclPermission, Grantee};

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#specifying-grantee-predefined-groups>
const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// Each permission with its name.
const PERMISSIONS: [(&str, AclPermission); 5] = [
    ("READ", AclPermission::Read),
    ("WRITE", AclPermission::Write),
    ("READ_ACP", AclPermission::ReadAcp),
    ("WRITE_ACP", AclPermission::WriteAcp),
    ("FULL_CONTROL", AclPermission::FullControl),
];

/// A permission by its name, exactly.
pub(super) fn permission(name: &str) -> Option<AclPermission> {
    let mut rows = PERMISSIONS.into_iter();
    rows.find(|(known, _)| *known == name)
        .map(|(_, found)| found)
}

/// The name of a permission.
pub(super) fn permission_name(permission: AclPermission) -> &'static str {
    match permission {
        AclPermission::Read => "READ",
        AclPermission::Write => "WRITE",
        AclPermission::ReadAcp => "READ_ACP",
        AclPermission::WriteAcp => "WRITE_ACP",
        AclPermission::FullControl => "FULL_CONTROL",
    }
}

/// A group by its URI, exactly.
pub(super) fn group(uri: &str) -> Option<Grantee> {
    match uri {
        ALL_USERS => Some(Grantee::AllUsers),
        AUTHENTICATED_USERS => Some(Grantee::AuthenticatedUsers),
        LOG_DELIVERY => Some(Grantee::LogDelivery),
        _ => None,
    }
}

/// How a grantee is written.
pub(super) enum Written<'a> {
    /// An account, by its canonical id.
    Id(&'a str),
    /// A group, by its URI.
    Uri(&'static str),
}

/// A grantee as it is written.
pub(super) fn written(grantee: &Grantee) -> Written<'_> {
    match grantee {
        Grantee::AllUsers => Written::Uri(ALL_USERS),
        Grantee::AuthenticatedUsers => Written::Uri(AUTHENTICATED_USERS),
        Grantee::LogDelivery => Written::Uri(LOG_DELIVERY),
        Grantee::CanonicalUser(id) => Written::Id(id),
    }
}

/// A canonical id in lower case: 64 hex digits, or the shorter one of who did not sign, which documents show where
/// such an object is.
pub(super) fn canonical_id(text: &str) -> Option<Box<str>> {
    let hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let valid = hex || same_id(text, ANONYMOUS);
    valid.then(|| text.to_ascii_lowercase().into())
}
