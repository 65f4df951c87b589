use super::*;
use crate::s3::headers::GRANT_NAMES;

const OWNER: &str = "aa00000000000000000000000000000000000000000000000000000000000001";
const OTHER: &str = "bb00000000000000000000000000000000000000000000000000000000000002";

/// Whether an ACL of the owner's with this grant beside is public, and private.
#[track_caller]
fn check(grantee: Grantee, public: bool, private: bool) {
    let mut acl = Acl::private(OWNER);
    acl.grants.push(to(grantee.clone(), AclPermission::ReadAcp));
    assert_eq!(acl.is_public(), public, "{grantee:?}");
    assert_eq!(acl.is_private(), private, "{grantee:?}");
}

#[test]
fn public_is_what_grants_to_everyone_or_to_whoever_signs() {
    check(Grantee::AllUsers, true, false);
    check(Grantee::AuthenticatedUsers, true, false);
    check(Grantee::LogDelivery, false, false);
    check(user(OTHER), false, false);
    check(user(OWNER), false, true);
    check(user(&OWNER.to_uppercase()), false, true);
}

#[test]
fn an_acl_without_grants_is_private() {
    let acl = Acl {
        owner: OWNER.into(),
        grants: Vec::new(),
    };
    assert!(acl.is_private() && !acl.is_public());
}

#[test]
fn every_canned_acl_is_found_by_its_name() {
    for canned in Canned::ALL {
        assert_eq!(Canned::parse(canned.name()), Some(canned));
        assert!(canned.applies_to(On::Bucket), "{canned:?}");
        let object = canned != Canned::LogDeliveryWrite;
        assert_eq!(canned.applies_to(On::Object), object, "{canned:?}");
    }
    assert_eq!(Canned::parse("Private"), None);
}

#[test]
fn permissions_are_found_by_the_names_they_are_written_with() {
    for name in ["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"] {
        let found = names::permission(name).map(names::permission_name);
        assert_eq!(found, Some(name));
    }
    assert_eq!(names::permission("read"), None);
}

#[test]
fn the_headers_that_grant_are_those_that_ask_for_the_permission_to() {
    let names: Vec<&str> = request::GRANTING.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, GRANT_NAMES);
}

#[test]
fn canonical_ids_are_64_hex_digits_or_the_id_of_who_does_not_sign() {
    let read = |text: &str| names::canonical_id(text).map(String::from);
    assert_eq!(read(OWNER), Some(OWNER.to_owned()));
    assert_eq!(read(&OWNER.to_uppercase()), Some(OWNER.to_owned()));
    assert_eq!(read(ANONYMOUS), Some(ANONYMOUS.to_owned()));
    let long = format!("{OWNER}0");
    let others = [
        "",
        "111122223333",
        OWNER.strip_prefix('a').unwrap(),
        OWNER.split_at(32).0,
        &long,
        &OWNER.replace('a', "g"),
    ];
    for bad in others {
        assert_eq!(read(bad), None, "{bad}");
    }
}
