//! AccessControlPolicy, the document of an ACL.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html>

use super::names::{Written, canonical_id, group, permission, permission_name, written};
use super::request::invalid;
use super::{Acl, MOST_GRANTS, to};
use crate::policy::{Grant, Grantee};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::s3::xml::{Element, Writer};
use bytes::Bytes;

impl Acl {
    /// Reads a document. The kind of a grantee is told by its one member, ID, URI or EmailAddress: [`Element`] drops
    /// attributes, `xsi:type` with them. Whether the owner is the right one, the caller says.
    ///
    /// # Errors
    /// MalformedACLError for what is no such document, lacks an owner or has more than [`MOST_GRANTS`] grants;
    /// InvalidArgument for an id or a group that is none; MethodNotAllowed for an e-mail address, which S3 no longer
    /// takes.
    pub fn parse_xml(document: &[u8]) -> Result<Self, S3Error> {
        let root = Element::of_request(document).map_err(|_| malformed())?;
        if root.name != "AccessControlPolicy" {
            return Err(malformed());
        }
        let [owner, list] = members(&root, ["Owner", "AccessControlList"])?;
        let (owner, list) = (owner.ok_or_else(malformed)?, list.ok_or_else(malformed)?);
        let [owner, _] = members(owner, ["ID", "DisplayName"])?;
        Ok(Self {
            owner: id(owner.ok_or_else(malformed)?)?,
            grants: grants(list)?,
        })
    }

    /// Writes the document as GetBucketAcl and GetObjectAcl answer it. `display_name` says how an account of a
    /// canonical id is called, if that is to be shown.
    pub fn to_xml(&self, display_name: impl Fn(&str) -> Option<String>) -> Bytes {
        let mut xml = Writer::new();
        xml.root("AccessControlPolicy").open("Owner");
        account(&mut xml, &self.owner, &display_name);
        xml.close("Owner").open("AccessControlList");
        for grant in &self.grants {
            xml.open("Grant");
            match written(&grant.grantee) {
                Written::Id(id) => {
                    xml.open_typed("Grantee", "CanonicalUser");
                    account(&mut xml, id, &display_name);
                }
                Written::Uri(uri) => {
                    xml.open_typed("Grantee", "Group").leaf("URI", uri);
                }
            }
            xml.close("Grantee")
                .leaf("Permission", permission_name(grant.permission))
                .close("Grant");
        }
        xml.close("AccessControlList").close("AccessControlPolicy");
        xml.finish()
    }
}

fn account(xml: &mut Writer, id: &str, display_name: &impl Fn(&str) -> Option<String>) {
    xml.leaf("ID", id)
        .optional("DisplayName", display_name(id).as_deref());
}

fn malformed() -> S3Error {
    ErrorCode::MalformedACLError.into()
}

fn grants(list: &Element) -> Result<Vec<Grant>, S3Error> {
    let only_grants = list.children.iter().all(|child| child.name == "Grant");
    if !only_grants || !list.text.trim().is_empty() || list.children.len() > MOST_GRANTS {
        return Err(malformed());
    }
    list.children.iter().map(grant).collect()
}

fn grant(element: &Element) -> Result<Grant, S3Error> {
    let [grantee_element, permission_element] = members(element, ["Grantee", "Permission"])?;
    let name = text(permission_element.ok_or_else(malformed)?)?;
    let permission = permission(name).ok_or_else(malformed)?;
    Ok(to(
        grantee(grantee_element.ok_or_else(malformed)?)?,
        permission,
    ))
}

fn grantee(element: &Element) -> Result<Grantee, S3Error> {
    let [user, uri, email, _] = members(element, ["ID", "URI", "EmailAddress", "DisplayName"])?;
    match (user, uri, email) {
        (Some(user), None, None) => id(user).map(Grantee::CanonicalUser),
        (None, Some(uri), None) => {
            let uri = text(uri)?;
            group(uri).ok_or_else(|| invalid("Invalid group uri", "Group/URI", uri))
        }
        (None, None, Some(_)) => Err(ErrorCode::MethodNotAllowed.into()),
        _ => Err(malformed()),
    }
}

fn id(element: &Element) -> Result<Box<str>, S3Error> {
    let id = text(element)?;
    canonical_id(id).ok_or_else(|| invalid("Invalid id", "CanonicalUser/ID", id))
}

fn text(element: &Element) -> Result<&str, S3Error> {
    element.leaf().map_err(|_| malformed())
}

fn members<'a, const N: usize>(
    element: &'a Element,
    names: [&str; N],
) -> Result<[Option<&'a Element>; N], S3Error> {
    element.members(names).map_err(|_| malformed())
}

#[cfg(test)]
mod tests;
