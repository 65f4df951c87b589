use super::*;
use crate::policy::Grantee;

const OWNER: &str = "aa00000000000000000000000000000000000000000000000000000000000001";
const WRITER: &str = "bb00000000000000000000000000000000000000000000000000000000000002";

fn of(owner: &str, grants: &[(Grantee, AclPermission)]) -> Option<ObjectRecord> {
    let grant = |(grantee, permission): &(Grantee, AclPermission)| Grant {
        grantee: grantee.clone(),
        permission: *permission,
    };
    Some(ObjectRecord {
        acl: Some(Acl {
            owner: owner.into(),
            grants: grants.iter().map(grant).collect(),
        }),
        ..ObjectRecord::of(owner)
    })
}

fn user(id: &str) -> Grantee {
    Grantee::CanonicalUser(id.into())
}

#[track_caller]
fn check(possible: &[Option<ObjectRecord>], owner: &str, expected: &[(Grantee, AclPermission)]) {
    let found = narrowest(possible.to_vec(), OWNER);
    let grants = found.acl.map(|acl| acl.grants).unwrap_or_default();
    let grants: Vec<_> = grants
        .into_iter()
        .map(|grant| (grant.grantee, grant.permission))
        .collect();
    assert_eq!((&*found.owner, grants.as_slice()), (owner, expected));
}

#[test]
fn what_is_known_counts_as_it_is() {
    let public = [
        (user(WRITER), AclPermission::FullControl),
        (Grantee::AllUsers, AclPermission::Read),
    ];
    check(&[of(WRITER, &public)], WRITER, &public);
    check(&[of(WRITER, &public), of(WRITER, &public)], WRITER, &public);
    check(&[None], OWNER, &[]);
    check(&[], OWNER, &[]);
}

#[test]
fn a_grant_counts_if_every_record_has_it() {
    use AclPermission::{FullControl, Read, ReadAcp, WriteAcp};
    let full = (user(OWNER), FullControl);
    let owners = [
        (user(OWNER), Read),
        (user(OWNER), ReadAcp),
        (user(OWNER), WriteAcp),
    ];
    let public = of(OWNER, &[full.clone(), (Grantee::AllUsers, Read)]);
    let private = of(OWNER, std::slice::from_ref(&full));
    check(&[public.clone(), private.clone()], OWNER, &owners);
    check(&[private, public.clone()], OWNER, &owners);
    // A version without a record has no grants to others.
    check(&[public.clone(), None], OWNER, &owners);
    let readers = of(
        OWNER,
        &[(Grantee::AllUsers, FullControl), (user(WRITER), Read)],
    );
    check(&[public, readers], OWNER, &[(Grantee::AllUsers, Read)]);
}

#[test]
fn an_object_of_one_account_or_another_is_nobodys() {
    let read = [(Grantee::AllUsers, AclPermission::Read)];
    let (one, other) = (of(OWNER, &read), of(WRITER, &read));
    check(&[one.clone(), other.clone()], NOBODY, &read);
    check(&[other.clone(), one.clone()], NOBODY, &read);
    check(&[one, other, None], NOBODY, &[]);
}
