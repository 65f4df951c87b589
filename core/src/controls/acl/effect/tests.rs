use super::super::{ANONYMOUS, to, user};
use super::*;
use crate::policy::Grantee;

const BUCKET: &str = "aa00000000000000000000000000000000000000000000000000000000000001";
const WRITER: &str = "bb00000000000000000000000000000000000000000000000000000000000002";
const OPEN: PublicAccessBlock = PublicAccessBlock {
    block_public_acls: false,
    ignore_public_acls: false,
    block_public_policy: false,
    restrict_public_buckets: false,
};
const BLOCKED: PublicAccessBlock = PublicAccessBlock {
    block_public_acls: true,
    ..OPEN
};
const IGNORED: PublicAccessBlock = PublicAccessBlock {
    ignore_public_acls: true,
    ..OPEN
};
const ENABLED: [ObjectOwnership; 2] = [
    ObjectOwnership::BucketOwnerPreferred,
    ObjectOwnership::ObjectWriter,
];
const ENFORCED: ObjectOwnership = ObjectOwnership::BucketOwnerEnforced;

fn full(ids: &[&str]) -> Vec<Grant> {
    let grant = |id: &&str| to(user(id), AclPermission::FullControl);
    ids.iter().map(grant).collect()
}

/// Whether grants are taken of a writer while ACLs are disabled: with an object, and as a new ACL.
#[track_caller]
fn check_enforced(grants: Vec<Grant>, taken: bool) {
    let request = AclRequest::Grants(grants.clone());
    for writer in [BUCKET, WRITER, ANONYMOUS] {
        let expected = match taken {
            true => Ok(NewObject {
                owner: BUCKET.into(),
                acl: None,
            }),
            false => Err(ErrorCode::AccessControlListNotSupported.into()),
        };
        let found = new_object(&request, ENFORCED, writer, BUCKET, OPEN);
        assert_eq!(found, expected, "{grants:?}");
    }
    let document = |owner: &str| {
        AclChange::Document(Acl {
            owner: owner.into(),
            grants: grants.clone(),
        })
    };
    for (change, taken) in [
        (AclChange::Grants(grants.clone()), taken),
        (document(BUCKET), taken),
        (document(WRITER), false),
    ] {
        let expected = match taken {
            true => Ok(None),
            false => Err(ErrorCode::AccessControlListNotSupported.into()),
        };
        assert_eq!(
            put_acl(&change, ENFORCED, BUCKET, BUCKET, OPEN),
            expected,
            "{change:?}"
        );
    }
}

#[test]
fn while_acls_are_disabled_only_what_is_so_anyway_is_taken() {
    check_enforced(full(&[BUCKET]), true);
    check_enforced(full(&[BUCKET, &BUCKET.to_uppercase()]), true);
    check_enforced(Vec::new(), false);
    check_enforced(full(&[WRITER]), false);
    check_enforced(full(&[WRITER, BUCKET]), false);
    check_enforced(vec![to(user(BUCKET), AclPermission::Read)], false);
    check_enforced(
        vec![to(Grantee::AllUsers, AclPermission::FullControl)],
        false,
    );
    check_enforced(
        vec![to(Grantee::LogDelivery, AclPermission::FullControl)],
        false,
    );
}

#[test]
fn while_acls_are_disabled_an_acl_is_set_by_one_canned_name_alone() {
    for canned in Canned::ALL {
        let taken = canned == Canned::BucketOwnerFullControl;
        let found = put_acl(&AclChange::Canned(canned), ENFORCED, WRITER, BUCKET, OPEN);
        assert_eq!(found.is_ok(), taken, "{canned:?}");
    }
}

#[test]
fn a_document_sets_the_acl_of_its_owner_alone() {
    let acl = Acl {
        owner: WRITER.into(),
        grants: full(&[BUCKET]),
    };
    let change = AclChange::Document(acl.clone());
    for ownership in ENABLED {
        let put = |owner: &str| put_acl(&change, ownership, owner, BUCKET, BLOCKED);
        assert_eq!(put(WRITER), Ok(Some(acl.clone())));
        assert_eq!(put(&WRITER.to_uppercase()), Ok(Some(acl.clone())));
        assert_eq!(put(BUCKET), Err(ErrorCode::AccessDenied.into()));
    }
}

#[test]
fn only_the_canned_name_gives_an_object_to_the_buckets_owner() {
    let canned = AclRequest::Canned(Canned::BucketOwnerFullControl);
    let grants = AclRequest::Grants(full(&[WRITER, BUCKET]));
    let [preferred, writer] = ENABLED;
    for (request, ownership, owner) in [
        (&canned, preferred, BUCKET),
        (&grants, preferred, WRITER),
        (&canned, writer, WRITER),
        (&grants, writer, WRITER),
    ] {
        let object = new_object(request, ownership, WRITER, BUCKET, BLOCKED).unwrap();
        assert_eq!(&*object.owner, owner, "{request:?} {ownership:?}");
        assert_eq!(object.acl.unwrap().owner, object.owner);
    }
}

#[test]
fn public_acls_are_blocked_and_others_are_not() {
    let cases = [
        (Grantee::AllUsers, true),
        (Grantee::AuthenticatedUsers, true),
        (Grantee::LogDelivery, false),
        (user(WRITER), false),
    ];
    for (grantee, public) in cases {
        let grants = vec![to(grantee, AclPermission::WriteAcp)];
        let (request, change) = (
            AclRequest::Grants(grants.clone()),
            AclChange::Grants(grants),
        );
        for (ownership, block) in ENABLED.into_iter().flat_map(|o| [(o, OPEN), (o, BLOCKED)]) {
            let refused = public && block == BLOCKED;
            let denied = refused.then_some(ErrorCode::AccessDenied);
            let object = new_object(&request, ownership, WRITER, BUCKET, block);
            assert_eq!(object.err().map(|error| error.code), denied);
            let put = put_acl(&change, ownership, BUCKET, BUCKET, block);
            assert_eq!(put.err().map(|error| error.code), denied);
            let bucket = new_bucket(&request, ownership, BUCKET, block);
            let expected = refused.then_some(ErrorCode::InvalidBucketAclWithBlockPublicAccessError);
            assert_eq!(bucket.err().map(|error| error.code), expected);
        }
    }
}

#[test]
fn ignoring_public_acls_does_not_keep_them_from_being_set() {
    let request = AclRequest::Canned(Canned::PublicRead);
    for ownership in ENABLED {
        let object = new_object(&request, ownership, BUCKET, BUCKET, IGNORED).unwrap();
        assert!(object.acl.unwrap().is_public());
    }
}

#[test]
fn what_is_shown_is_what_counts() {
    let acl = Canned::PublicReadWrite.expand(WRITER, BUCKET);
    let object = NewObject {
        owner: WRITER.into(),
        acl: Some(acl.clone()),
    };
    let bucket = Canned::LogDeliveryWrite.expand(BUCKET, BUCKET);
    let disabled = Acl::private(BUCKET);
    for block in [OPEN, IGNORED] {
        assert_eq!(shown_object(&object, ENFORCED, BUCKET, block), disabled);
        assert_eq!(shown_bucket(&bucket, ENFORCED, block), disabled);
    }
    for ownership in ENABLED {
        let shown = |block| shown_object(&object, ownership, BUCKET, block);
        assert_eq!(shown(OPEN), acl);
        assert_eq!(shown(BLOCKED), acl);
        assert_eq!(shown(IGNORED), Acl::private(WRITER));
        assert_eq!(shown_bucket(&bucket, ownership, IGNORED), bucket);
    }
}

#[test]
fn an_object_from_the_time_of_disabled_acls_is_its_owners() {
    let object = new_object(&AclRequest::None, ENFORCED, WRITER, BUCKET, OPEN).unwrap();
    for ownership in ObjectOwnership::ALL {
        let shown = shown_object(&object, ownership, BUCKET, OPEN);
        assert_eq!(shown, Acl::private(BUCKET));
    }
}

#[test]
fn the_grants_that_count_are_none_where_acls_are_disabled() {
    let bucket = Canned::PublicRead.expand(BUCKET, BUCKET);
    let object = Canned::BucketOwnerRead.expand(WRITER, BUCKET);
    let grants =
        |ownership, block| effective_grants(Some(&bucket), Some(&object), ownership, block);
    let disabled = grants(ENFORCED, OPEN);
    assert!(disabled.bucket.is_empty() && disabled.object.is_empty());
    for ownership in ENABLED {
        let open = grants(ownership, OPEN);
        assert_eq!(
            (&open.bucket, &open.object),
            (&bucket.grants, &object.grants)
        );
        assert_eq!(open.public, PublicGrants::Count);
        assert_eq!(grants(ownership, BLOCKED).public, PublicGrants::Count);
        assert_eq!(grants(ownership, IGNORED).public, PublicGrants::Ignored);
        let neither = effective_grants(None, None, ownership, OPEN);
        assert!(neither.bucket.is_empty() && neither.object.is_empty());
    }
}
