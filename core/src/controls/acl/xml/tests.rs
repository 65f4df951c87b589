use super::*;
use crate::controls::acl::{ANONYMOUS, Canned, user};
use crate::policy::AclPermission;
use proptest::prelude::*;

const OWNER: &str = "aa00000000000000000000000000000000000000000000000000000000000001";
const OTHER: &str = "bb00000000000000000000000000000000000000000000000000000000000002";
const TYPED: &str = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=";

fn policy(owner: &str, list: &str) -> String {
    format!(
        "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Owner><ID>{owner}</ID><DisplayName>o</DisplayName></Owner>\
         <AccessControlList>{list}</AccessControlList></AccessControlPolicy>"
    )
}

fn granting(grantee: &str, permission: &str) -> String {
    let grantee = format!("<Grantee {TYPED}\"Group\">{grantee}</Grantee>");
    format!("<Grant>{grantee}<Permission>{permission}</Permission></Grant>")
}

fn reading(grantee: &str) -> String {
    policy(OWNER, &granting(grantee, "READ"))
}

#[track_caller]
fn check(document: &str, expected: &[(Grantee, AclPermission)]) {
    let grants = expected.iter();
    let grants = grants.map(|(grantee, permission)| to(grantee.clone(), *permission));
    let acl = Acl {
        owner: OWNER.into(),
        grants: grants.collect(),
    };
    assert_eq!(Acl::parse_xml(document.as_bytes()), Ok(acl), "{document}");
}

#[track_caller]
fn refused(document: &str, code: ErrorCode, details: &[(&'static str, &str)]) {
    let error = Acl::parse_xml(document.as_bytes()).unwrap_err();
    let found: Vec<_> = error
        .details
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    assert_eq!(
        (error.code, found.as_slice()),
        (code, details),
        "{document}"
    );
}

#[track_caller]
fn malformed(document: &str) {
    refused(document, ErrorCode::MalformedACLError, &[]);
}

#[test]
fn grantees_are_told_by_their_members() {
    check(&policy(OWNER, ""), &[]);
    check(&policy(&format!(" {}\n", OWNER.to_uppercase()), ""), &[]);
    let uri = |group| format!("<URI>http://acs.amazonaws.com/groups/{group}</URI>");
    for (grantee, expected) in [
        (format!("<ID>{OTHER}</ID>"), user(OTHER)),
        (format!("<DisplayName/><ID>\n{OTHER} </ID>"), user(OTHER)),
        (format!("<ID>{ANONYMOUS}</ID>"), user(ANONYMOUS)),
        (uri("global/AllUsers"), Grantee::AllUsers),
        (
            uri("global/AuthenticatedUsers"),
            Grantee::AuthenticatedUsers,
        ),
        (uri("s3/LogDelivery"), Grantee::LogDelivery),
    ] {
        check(&reading(&grantee), &[(expected, AclPermission::Read)]);
    }
}

#[test]
fn grants_stay_in_order_and_may_repeat() {
    let other = format!("<ID>{OTHER}</ID>");
    let list = ["WRITE_ACP", "FULL_CONTROL", "READ_ACP", "WRITE", "WRITE"];
    let list: String = list.map(|name| granting(&other, name)).concat();
    check(
        &policy(OWNER, &list),
        &[
            AclPermission::WriteAcp,
            AclPermission::FullControl,
            AclPermission::ReadAcp,
            AclPermission::Write,
            AclPermission::Write,
        ]
        .map(|permission| (user(OTHER), permission)),
    );
}

#[test]
fn e_mail_addresses_are_no_longer_taken() {
    let email = reading("<EmailAddress>a@example.com</EmailAddress>");
    refused(&email, ErrorCode::MethodNotAllowed, &[]);
}

#[test]
fn ids_and_groups_that_are_none_are_named() {
    let invalid = |document: &str, name: &str, value: &str| {
        let details = [("ArgumentName", name), ("ArgumentValue", value)];
        refused(document, ErrorCode::InvalidArgument, &details);
    };
    invalid(&policy("wrong-id", ""), "CanonicalUser/ID", "wrong-id");
    invalid(&policy("", ""), "CanonicalUser/ID", "");
    invalid(
        &reading("<ID>wrong-id</ID>"),
        "CanonicalUser/ID",
        "wrong-id",
    );
    let fake = "http://acs.amazonaws.com/groups/s3/FakeGroup";
    invalid(&reading(&format!("<URI>{fake}</URI>")), "Group/URI", fake);
    let lower = "http://acs.amazonaws.com/groups/global/allusers";
    invalid(&reading(&format!("<URI>{lower}</URI>")), "Group/URI", lower);
}

#[test]
fn what_is_no_policy_is_malformed() {
    let other = format!("<ID>{OTHER}</ID>");
    let list = granting(&other, "READ");
    let whole = policy(OWNER, &list);
    for document in [
        "",
        "<AccessControlPolicy>",
        "<AccessControlPolicy/>",
        &whole.replace("AccessControlPolicy", "AccessControl"),
        &whole.replace("Owner>", "Holder>"),
        &whole.replace("AccessControlList>", "Grants>"),
        &whole.replace("<Owner>", "<Owner/><Owner>"),
        &whole.replace(&format!("<ID>{OWNER}</ID>"), ""),
        &whole.replace(
            "<AccessControlList>",
            "<AccessControlList/><AccessControlList>",
        ),
        &policy(OWNER, "READ"),
        &policy(OWNER, "<Grants/>"),
        &policy(OWNER, "<Grant/>"),
        &policy(OWNER, "<Grant><Permission>READ</Permission></Grant>"),
        &whole.replace("<Permission>READ</Permission>", ""),
        &whole.replace("READ", "WRONG-PERMISSION"),
        &whole.replace("READ", "read"),
        &whole.replace("READ", ""),
        &whole.replace("READ", "<READ/>"),
        &whole.replace("<Permission>", "<Permission>WRITE</Permission><Permission>"),
        &reading(""),
        &reading("<DisplayName>x</DisplayName>"),
        &reading("<Name>x</Name>"),
        &reading(&other.repeat(2)),
        &reading(&format!("<ID><a>{OTHER}</a></ID>")),
        &reading(&format!(
            "{other}<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>"
        )),
        &reading(&format!(
            "{other}<EmailAddress>a@example.com</EmailAddress>"
        )),
    ] {
        malformed(document);
    }
}

#[test]
fn an_acl_has_up_to_100_grants() {
    let grant = granting(&format!("<ID>{OTHER}</ID>"), "READ");
    let grants = vec![(user(OTHER), AclPermission::Read); MOST_GRANTS];
    check(&policy(OWNER, &grant.repeat(MOST_GRANTS)), &grants);
    malformed(&policy(OWNER, &grant.repeat(MOST_GRANTS + 1)));
}

#[test]
fn the_document_is_aws_own() {
    let acl = Canned::PublicRead.expand(OWNER, OWNER);
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Owner><ID>{OWNER}</ID><DisplayName>a&amp;b</DisplayName></Owner><AccessControlList>\
         <Grant><Grantee {TYPED}\"CanonicalUser\"><ID>{OWNER}</ID><DisplayName>a&amp;b</DisplayName></Grantee>\
         <Permission>FULL_CONTROL</Permission></Grant>\
         <Grant><Grantee {TYPED}\"Group\"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>\
         <Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"
    );
    let name = |id: &str| (id == OWNER).then(|| "a&b".to_owned());
    assert_eq!(acl.to_xml(name), expected);
    let unnamed = expected.replace("<DisplayName>a&amp;b</DisplayName>", "");
    assert_eq!(acl.to_xml(|_| None), unnamed);
}

fn any_id() -> impl Strategy<Value = Box<str>> {
    prop_oneof!["[0-9a-f]{64}", Just(ANONYMOUS.to_owned())].prop_map(Box::from)
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let grantee = prop_oneof![
        Just(Grantee::AllUsers),
        Just(Grantee::AuthenticatedUsers),
        Just(Grantee::LogDelivery),
        any_id().prop_map(Grantee::CanonicalUser),
    ];
    let permission = prop_oneof![
        Just(AclPermission::Read),
        Just(AclPermission::Write),
        Just(AclPermission::ReadAcp),
        Just(AclPermission::WriteAcp),
        Just(AclPermission::FullControl),
    ];
    (grantee, permission).prop_map(|(grantee, permission)| to(grantee, permission))
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        owner in any_id(),
        grants in prop::collection::vec(any_grant(), 0..=MOST_GRANTS),
        name in ".{0,8}",
    ) {
        let acl = Acl { owner, grants };
        let document = acl.to_xml(|_| Some(name.clone()));
        prop_assert_eq!(Acl::parse_xml(&document), Ok(acl));
    }

    #[test]
    fn no_document_panics(document in "(<AccessControlPolicy>|<Owner>|<ID>|</ID>|</Owner>|x){0,9}") {
        let _ = Acl::parse_xml(document.as_bytes());
    }
}
