use super::*;
use crate::document;
use crate::policy::AclPermission;

const ID: &str = "aa00000000000000000000000000000000000000000000000000000000000001";

#[track_caller]
fn problems(text: &str) -> Vec<String> {
    let parsed = Acl::parse_json(&document::json(text).unwrap());
    let problems = parsed.unwrap_err();
    problems
        .iter()
        .map(|problem| problem.message.clone())
        .collect()
}

#[test]
fn what_the_aws_cli_prints_is_read() {
    let text = format!(
        r#"{{"Owner": {{"DisplayName": "a", "ID": "{ID}"}}, "Grants": [
            {{"Grantee": {{"DisplayName": "a", "ID": "{ID}", "Type": "CanonicalUser"}}, "Permission": "FULL_CONTROL"}},
            {{"Grantee": {{"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}}, "Permission": "READ"}}]}}"#
    );
    let acl = Acl::parse_json(&document::json(&text).unwrap()).unwrap();
    assert_eq!(&*acl.owner, ID);
    let expected = [
        to(
            Grantee::CanonicalUser(ID.into()),
            AclPermission::FullControl,
        ),
        to(Grantee::AllUsers, AclPermission::Read),
    ];
    assert_eq!(acl.grants, expected);
}

#[test]
fn the_owner_may_be_left_out_and_there_may_be_no_grants() {
    let acl = Acl::parse_json(&document::json(r#"{"Grants": []}"#).unwrap()).unwrap();
    assert_eq!((&*acl.owner, acl.grants.len()), ("", 0));
}

#[test]
fn every_problem_is_named() {
    assert_eq!(problems("{}"), ["`Grants` is missing"]);
    assert_eq!(problems(r#"{"Grants": {}}"#), ["`Grants` is a list"]);
    assert_eq!(
        problems(r#"{"Grants": [], "Owners": 1}"#),
        ["unknown member `Owners`"]
    );
    let one = |grant: &str| problems(&format!(r#"{{"Grants": [{grant}]}}"#));
    let permission = "`Permission` is `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`";
    assert_eq!(one("{}"), ["a grant has a `Grantee`", permission]);
    let of = |grantee: &str| {
        one(&format!(
            r#"{{"Grantee": {grantee}, "Permission": "READ"}}"#
        ))
    };
    assert_eq!(
        of(r#"{"ID": "a"}"#),
        ["a canonical id is 64 hexadecimal digits"]
    );
    assert_eq!(of(r#"{"URI": "a"}"#), ["no such group"]);
    let kind = "a grantee is a `CanonicalUser` with an `ID` or a `Group` with a `URI`";
    assert_eq!(of("{}"), [kind]);
    assert_eq!(of(r#"{"Type": "Group", "ID": "a"}"#), [kind]);
    assert_eq!(
        of(r#"{"EmailAddress": "a"}"#),
        ["unknown member `EmailAddress`", kind]
    );
}
