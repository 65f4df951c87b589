//! The ACL a request asks for.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html>

use super::names::{canonical_id, group};
use super::{Acl, Canned, MOST_GRANTS, On};
use crate::policy::{AclPermission, Grant, Grantee};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use http::{HeaderMap, HeaderValue};

const CANNED: &str = "x-amz-acl";

/// Each header that grants, with what. The grants of a request stand in this order.
pub(super) const GRANTING: [(&str, AclPermission); 5] = [
    ("x-amz-grant-full-control", AclPermission::FullControl),
    ("x-amz-grant-read", AclPermission::Read),
    ("x-amz-grant-read-acp", AclPermission::ReadAcp),
    ("x-amz-grant-write", AclPermission::Write),
    ("x-amz-grant-write-acp", AclPermission::WriteAcp),
];

/// What the headers of a request say of the ACL of what it makes or of what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AclRequest {
    /// Nothing.
    None,
    /// `x-amz-acl`.
    Canned(Canned),
    /// `x-amz-grant-…`: these grants and no other, not even the owner's. At least one, at most [`MOST_GRANTS`].
    Grants(Vec<Grant>),
}

/// The ACL that PutBucketAcl and PutObjectAcl ask for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AclChange {
    /// By `x-amz-acl`.
    Canned(Canned),
    /// By `x-amz-grant-…`.
    Grants(Vec<Grant>),
    /// By the body.
    Document(Acl),
}

impl AclRequest {
    /// Reads the headers. A WRITE to an object's ACL is taken, as S3 does (observed), though it allows nothing there.
    ///
    /// # Errors
    /// InvalidArgument for a canned ACL that is none or not of this, a list that is none, a group or an id that is
    /// none; MethodNotAllowed for an e-mail address, which S3 no longer takes; InvalidRequest for a canned ACL beside
    /// grants or more than [`MOST_GRANTS`] grants.
    pub fn from_headers(headers: &HeaderMap, on: On) -> Result<Self, S3Error> {
        let granted = GRANTING.iter().any(|(name, _)| headers.contains_key(*name));
        if !granted {
            return Ok(canned(headers, on)?.map_or(Self::None, Self::Canned));
        }
        if headers.contains_key(CANNED) {
            let message = "Specifying both Canned ACLs and Header Grants is not allowed";
            return Err(S3Error::new(ErrorCode::InvalidRequest).say(message));
        }
        let mut grants = Vec::new();
        for (name, permission) in GRANTING {
            for value in headers.get_all(name) {
                read_list(name, value, permission, &mut grants)?;
            }
        }
        Ok(Self::Grants(grants))
    }

    /// Whether it says more than that the bucket's owner has full control.
    pub fn gives_to_others(&self) -> bool {
        match self {
            Self::None | Self::Canned(Canned::BucketOwnerFullControl) => false,
            Self::Canned(_) | Self::Grants(_) => true,
        }
    }

    /// Refuses a body beside headers: an ACL is said once.
    ///
    /// # Errors
    /// UnexpectedContent.
    pub fn conflicts_with_body(&self, body: &[u8]) -> Result<(), S3Error> {
        match self {
            Self::None => Ok(()),
            Self::Canned(_) | Self::Grants(_) if body.is_empty() => Ok(()),
            Self::Canned(_) | Self::Grants(_) => Err(ErrorCode::UnexpectedContent.into()),
        }
    }
}

impl AclChange {
    /// Reads headers or body of PutBucketAcl or PutObjectAcl.
    ///
    /// # Errors
    /// Those of [`AclRequest::from_headers`] and [`Acl::parse_xml`]; UnexpectedContent if there are both, and
    /// MissingSecurityHeader if there is neither.
    pub fn of(headers: &HeaderMap, body: &[u8], on: On) -> Result<Self, S3Error> {
        let request = AclRequest::from_headers(headers, on)?;
        request.conflicts_with_body(body)?;
        match request {
            AclRequest::Canned(canned) => Ok(Self::Canned(canned)),
            AclRequest::Grants(grants) => Ok(Self::Grants(grants)),
            AclRequest::None if body.is_empty() => {
                Err(S3Error::new(ErrorCode::MissingSecurityHeader)
                    .with("MissingHeaderName", CANNED))
            }
            AclRequest::None => Acl::parse_xml(body).map(Self::Document),
        }
    }
}

/// The error about an argument of a request.
pub(super) fn invalid(message: &'static str, name: &'static str, value: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument)
        .say(message)
        .with("ArgumentName", name)
        .with("ArgumentValue", value)
}

fn canned(headers: &HeaderMap, on: On) -> Result<Option<Canned>, S3Error> {
    let mut values = headers.get_all(CANNED).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let named = value.to_str().ok().and_then(Canned::parse);
    match (named.filter(|canned| canned.applies_to(on)), values.next()) {
        (Some(canned), None) => Ok(Some(canned)),
        (None, _) | (_, Some(_)) => {
            let value = String::from_utf8_lossy(value.as_bytes());
            Err(invalid(
                ErrorCode::InvalidArgument.message(),
                CANNED,
                &value,
            ))
        }
    }
}

/// Reads `id="…", uri="…"`. AWS's own clients leave the quotes out and write the kind in any case.
fn read_list(
    name: &'static str,
    value: &HeaderValue,
    permission: AclPermission,
    grants: &mut Vec<Grant>,
) -> Result<(), S3Error> {
    let unreadable = |text: &str| invalid("Argument format not recognized", name, text);
    let list = value
        .to_str()
        .map_err(|_| unreadable(&String::from_utf8_lossy(value.as_bytes())))?;
    for item in list.split(',').map(str::trim) {
        if grants.len() == MOST_GRANTS {
            let message = "An ACL can have up to 100 grants";
            return Err(S3Error::new(ErrorCode::InvalidRequest).say(message));
        }
        let (kind, text) = item
            .split_once('=')
            .and_then(|(kind, text)| Some((kind.trim(), unquoted(text.trim())?)))
            .ok_or_else(|| unreadable(item))?;
        let grantee = grantee(kind, text).unwrap_or_else(|| Err(unreadable(item)))?;
        grants.push(Grant {
            grantee,
            permission,
        });
    }
    Ok(())
}

/// A grantee by its kind and name; nothing if there is no such kind.
fn grantee(kind: &str, text: &str) -> Option<Result<Grantee, S3Error>> {
    let is = |known: &str| kind.eq_ignore_ascii_case(known);
    if is("id") {
        let id = canonical_id(text).map(Grantee::CanonicalUser);
        Some(id.ok_or_else(|| invalid("Invalid id", "id", text)))
    } else if is("uri") {
        Some(group(text).ok_or_else(|| invalid("Invalid group uri", "uri", text)))
    } else if is("emailAddress") {
        Some(Err(ErrorCode::MethodNotAllowed.into()))
    } else {
        None
    }
}

/// A value without its quotes: a pair around it or none.
fn unquoted(text: &str) -> Option<&str> {
    let inner = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => text,
    };
    (!inner.is_empty() && !inner.contains('"')).then_some(inner)
}

#[cfg(test)]
mod tests;
