//! Block Public Access and ACLs, as a case says them.

use super::fields::{Problems, given};
use crate::controls::public_access::PublicAccessBlock;
use crate::document::{Node, Value};
use crate::policy::{AclGrants, AclPermission, Grant, Grantee, ObjectOwner, PublicGrants};
use crate::s3::names::AccountId;

const PERMISSIONS: [(&str, AclPermission); 5] = [
    ("READ", AclPermission::Read),
    ("WRITE", AclPermission::Write),
    ("READ_ACP", AclPermission::ReadAcp),
    ("WRITE_ACP", AclPermission::WriteAcp),
    ("FULL_CONTROL", AclPermission::FullControl),
];

impl Problems {
    /// The flags of account and bucket together.
    pub(super) fn block(&mut self, case: &Node) -> PublicAccessBlock {
        let Some(node) = given(case, "block_public_access") else {
            return PublicAccessBlock::default();
        };
        self.map(node, "`block_public_access`", &["account", "bucket"]);
        let [account, bucket] = ["account", "bucket"].map(|level| match given(node, level) {
            Some(flags) => self.flags(flags, level),
            None => PublicAccessBlock::default(),
        });
        account.with(bucket)
    }

    fn flags(&mut self, node: &Node, level: &str) -> PublicAccessBlock {
        let names = [
            "BlockPublicAcls",
            "IgnorePublicAcls",
            "BlockPublicPolicy",
            "RestrictPublicBuckets",
        ];
        self.map(node, &format!("`{level}`"), &names);
        let [acls, ignore, policy, restrict] = names.map(|name| self.flag(node, name));
        PublicAccessBlock {
            block_public_acls: acls,
            ignore_public_acls: ignore,
            block_public_policy: policy,
            restrict_public_buckets: restrict,
        }
    }

    fn flag(&mut self, node: &Node, name: &str) -> bool {
        let Some(flag) = node.get(name) else {
            return false;
        };
        match flag.value {
            Value::Bool(set) => set,
            Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                let message = format!("`{name}` is `true` or `false`, not {}", flag.kind());
                self.add(flag.at, message);
                false
            }
        }
    }

    /// No grants unless the case has some.
    pub(super) fn acl(&mut self, case: &Node, block: PublicAccessBlock) -> AclGrants {
        let public = match block.ignore_public_acls {
            true => PublicGrants::Ignored,
            false => PublicGrants::Count,
        };
        let Some(node) = given(case, "acl") else {
            return AclGrants {
                public,
                ..AclGrants::default()
            };
        };
        self.map(node, "`acl`", &["bucket", "object", "object_owner"]);
        let [bucket, object] = ["bucket", "object"].map(|of| match given(node, of) {
            Some(grants) => self.grants(grants, of),
            None => Vec::new(),
        });
        AclGrants {
            bucket,
            object,
            public,
            object_owner: self.object_owner(node),
        }
    }

    fn object_owner(&mut self, node: &Node) -> ObjectOwner {
        if given(node, "object_owner").is_none() {
            return ObjectOwner::OfBucket;
        }
        let account = self.parsed(node, "object_owner", |text| {
            AccountId::parse(text).map_err(|bad| bad.to_string())
        });
        account.map_or(ObjectOwner::OfBucket, ObjectOwner::Other)
    }

    fn grants(&mut self, node: &Node, of: &str) -> Vec<Grant> {
        let items = self.items(node, &format!("`{of}`")).iter();
        items.filter_map(|node| self.grant(node)).collect()
    }

    fn grant(&mut self, node: &Node) -> Option<Grant> {
        self.map(node, "a grant", &["grantee", "permission"]);
        let grantee = self.parsed(node, "grantee", grantee);
        self.required(node, "permission")?;
        let permission = self.one_of(node, "permission", PERMISSIONS, |(name, _)| name);
        Some(Grant {
            grantee: grantee?,
            permission: permission?.1,
        })
    }
}

fn grantee(text: &str) -> Result<Grantee, String> {
    let canonical = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text {
        "AllUsers" => Ok(Grantee::AllUsers),
        "AuthenticatedUsers" => Ok(Grantee::AuthenticatedUsers),
        id if canonical => Ok(Grantee::CanonicalUser(id.into())),
        other => Err(format!(
            "`{other}` is neither `AllUsers` nor `AuthenticatedUsers` nor a canonical id of 64 hex digits"
        )),
    }
}
