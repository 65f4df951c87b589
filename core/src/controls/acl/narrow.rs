//! What counts of an object while it is not known which of several records is its own.

use super::{Acl, same_id};
use crate::controls::objects::ObjectRecord;
use crate::policy::{AclPermission, Grant};

/// The canonical id of nobody: owns what may be of one account or another.
const NOBODY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The narrowest of what may be on record of a version; `None` stands for no record, which is the bucket owner's without
/// grants to others. An object that may be of one account or another is nobody's, a grant counts if all have it, and a lock if one has.
pub fn narrowest(possible: Vec<Option<ObjectRecord>>, bucket_owner: &str) -> ObjectRecord {
    let none = || ObjectRecord::of(bucket_owner);
    let records = possible
        .into_iter()
        .map(|record| record.unwrap_or_else(none));
    records.reduce(narrower).unwrap_or_else(none)
}

fn narrower(one: ObjectRecord, other: ObjectRecord) -> ObjectRecord {
    if one == other {
        return one;
    }
    let owner = match same_id(&one.owner, &other.owner) {
        true => one.owner.clone(),
        false => NOBODY.into(),
    };
    let of = |record: &ObjectRecord| {
        let acl = record.acl.clone();
        acl.unwrap_or_else(|| Acl::private(&record.owner)).grants
    };
    let (mine, theirs) = (of(&one), of(&other));
    let grants = mine.iter().flat_map(parts);
    let grants = grants.filter(|grant| theirs.iter().flat_map(parts).any(|its| its == *grant));
    ObjectRecord {
        acl: Some(Acl {
            owner: owner.clone(),
            grants: grants.collect(),
        }),
        owner,
        tags: if one.tags == other.tags {
            one.tags
        } else {
            Vec::new()
        },
        lock: one.lock.stricter(other.lock),
    }
}

/// FULL_CONTROL of an object is these three.
fn parts(grant: &Grant) -> Vec<Grant> {
    use AclPermission::{FullControl, Read, ReadAcp, Write, WriteAcp};
    let permissions: &[AclPermission] = match grant.permission {
        FullControl => &[Read, ReadAcp, WriteAcp],
        Read => &[Read],
        Write => &[Write],
        ReadAcp => &[ReadAcp],
        WriteAcp => &[WriteAcp],
    };
    let each = permissions.iter().map(|permission| Grant {
        grantee: grant.grantee.clone(),
        permission: *permission,
    });
    each.collect()
}

#[cfg(test)]
mod tests;
