//! Organisations, service and resource control, and groups, in the identities.

use super::memory::Memory;
use super::{FILE, GOOD, check_in, loaded};
use portcullis::config::Settings;
use portcullis_core::identity::{Account, Membership};

const PEOPLE: &str = r#"organizations:
  example:
    id: o-a1b2c3d4e5
    root: r-ab12
    service_control: [FullAWSAccess, deny]
    resource_control: [perimeter]
    units:
      prod: { id: ou-ab12-11112222, service_control: [FullAWSAccess] }
      web: { id: ou-ab12-33334444, parent: prod, resource_control: [perimeter] }
    policies:
      deny: { Version: "2012-10-17", Statement: [{ Effect: Deny, Action: "s3:DeleteBucket", Resource: "*" }] }
      perimeter: { Version: "2012-10-17", Statement: [{ Effect: Deny, Principal: "*", Action: "s3:*", Resource: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } }] }
accounts:
  "111122223333":
    organization: example
    unit: web
    service_control: [most]
    groups:
      readers: { policies: [read] }
    users:
      alice: { groups: [readers], policies: [read] }
      bob: {}
    policies:
      most: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "s3:*", Resource: "*" }] }
      read: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "s3:Get*", Resource: "*" }] }
  "444455556666": { organization: example }
  "777788889999": {}
"#;

fn memory(people: &str) -> Memory {
    Memory::default()
        .file(FILE, format!("{GOOD}identities: people.yaml\n"))
        .file("people.yaml", people)
}

/// The findings with one part of the identities replaced.
#[track_caller]
fn check_people(part: &str, replacement: &str, expected: &str) {
    assert!(PEOPLE.contains(part), "{part}");
    check_in(memory(&PEOPLE.replacen(part, replacement, 1)), expected);
}

fn account<'s>(settings: &'s Settings, id: &str) -> &'s Account {
    let mut accounts = settings.directory.accounts.values();
    let Some(account) = accounts.find(|account| account.id.as_str() == id) else {
        panic!("no account {id}");
    };
    account
}

/// How many documents each level of service control has, and how many resource control has.
fn control(account: &Account) -> (Vec<usize>, usize) {
    let levels = account.service_control.iter();
    (
        levels.map(|level| level.documents().len()).collect(),
        account.resource_control.documents().len(),
    )
}

#[test]
fn an_account_has_what_every_level_above_it_attaches() {
    check_in(memory(PEOPLE), "");
    let settings = loaded(&memory(PEOPLE));
    let placed = |id: &str| control(account(&settings, id));
    assert_eq!(placed("111122223333"), (vec![2, 1, 1], 2));
    assert_eq!(placed("444455556666"), (vec![2], 1));
    assert_eq!(placed("777788889999"), (vec![], 0));
}

#[test]
fn an_account_knows_its_path_in_the_organization() {
    let settings = loaded(&memory(PEOPLE));
    let path = |id: &str| {
        let membership = account(&settings, id).membership.clone();
        membership.and_then(|membership| membership.path)
    };
    let web = "o-a1b2c3d4e5/r-ab12/ou-ab12-11112222/ou-ab12-33334444/";
    assert_eq!(path("111122223333").as_deref(), Some(web));
    assert_eq!(
        path("444455556666").as_deref(),
        Some("o-a1b2c3d4e5/r-ab12/")
    );
    assert_eq!(path("777788889999"), None);
    let rootless = loaded(&memory(&PEOPLE.replace("    root: r-ab12\n", "")));
    let expected = Membership {
        organization: "o-a1b2c3d4e5".into(),
        path: None,
    };
    let found = &account(&rootless, "111122223333").membership;
    assert_eq!(found.as_ref(), Some(&expected));
}

#[test]
fn a_user_has_the_policies_of_its_groups_after_its_own() {
    let settings = loaded(&memory(PEOPLE));
    let policies = |name: &str| {
        let arn = format!("arn:aws:iam::111122223333:user/{name}");
        settings.directory.callers[&*arn].policies.documents().len()
    };
    assert_eq!((policies("alice"), policies("bob")), (2, 0));
    check_people(
        "groups: [readers]",
        "groups: [raeders]",
        "people.yaml:21:25: error: `accounts.111122223333.users.alice.groups[0]`: no group of this account is named `raeders`, did you mean `readers`?\n",
    );
    check_people(
        "readers: { policies: [read] }",
        "readers: { policies: [raed] }",
        "people.yaml:19:29: error: `accounts.111122223333.groups.readers.policies[0]`: no policy of this account is named `raed`, did you mean `read`?\n",
    );
}

#[test]
fn an_organization_may_stand_in_another_file() {
    let (organizations, accounts) = PEOPLE.split_at(PEOPLE.find("accounts:").unwrap());
    let memory = || {
        Memory::default()
            .file(FILE, format!("{GOOD}identities: people\n"))
            .file("people/a.yaml", accounts)
            .file("people/b.yaml", organizations)
    };
    check_in(memory(), "");
    let settings = loaded(&memory());
    let placed = control(account(&settings, "111122223333"));
    assert_eq!(placed, (vec![2, 1, 1], 2));
    check_in(
        memory().file(
            "people/c.yaml",
            "organizations: { example: { id: o-a1b2c3d4e5 } }",
        ),
        "people/c.yaml:1:18: error: `organizations.example`: organization `example` stands in another file already\n",
    );
}

#[test]
fn an_account_names_an_organization_and_unit_that_there_are() {
    check_people(
        "organization: example\n    unit: web",
        "organization: exmaple",
        "people.yaml:15:19: error: `accounts.111122223333.organization`: no organization is named `exmaple`, did you mean `example`?\n",
    );
    check_people(
        "unit: web",
        "unit: wbe",
        "people.yaml:16:11: error: `accounts.111122223333.unit`: no unit of organization `example` is named `wbe`, did you mean `web`?\n",
    );
    check_people(
        "organization: example\n    unit: web",
        "unit: web",
        "people.yaml:15:5: error: `accounts.111122223333.unit`: a unit is one of an organization: name `organization` too\n",
    );
}

#[test]
fn units_stand_in_units_that_there_are_and_not_in_themselves() {
    let at = "organizations.example.units";
    check_people(
        "parent: prod",
        "parent: prd",
        &format!(
            "people.yaml:9:44: error: `{at}.web.parent`: no unit of this organization is named `prd`, did you mean `prod`?\n"
        ),
    );
    check_people(
        "ou-ab12-11112222,",
        "ou-ab12-11112222, parent: web,",
        &format!(
            "people.yaml:8:45: error: `{at}.prod.parent`: `prod` is above `web` already\n\
             people.yaml:9:44: error: `{at}.web.parent`: `web` is above `prod` already\n"
        ),
    );
}

#[test]
fn ids_have_their_forms() {
    let at = "organizations.example";
    for (good, bad, place, field, like) in [
        ("o-a1b2c3d4e5", "o-A1B2C3D4E5", "3:9", "id", "o-a1b2c3d4e5"),
        ("o-a1b2c3d4e5", "o-a1b2", "3:9", "id", "o-a1b2c3d4e5"),
        ("root: r-ab12", "root: ab12", "4:11", "root", "r-ab12"),
        (
            "ou-ab12-11112222",
            "ou-11112222",
            "8:19",
            "units.prod.id",
            "ou-ab12-11112222",
        ),
    ] {
        let written = bad.trim_start_matches("root: ");
        // Without a unit of it the account's unit and the parents are unknown too: a missing one is reported once.
        let people = PEOPLE
            .replacen(good, bad, 1)
            .replace("    organization: example\n    unit: web\n", "")
            .replace(", parent: prod", "")
            .replace("{ organization: example }", "{}");
        let expected = format!(
            "people.yaml:{place}: error: `{at}.{field}`: `{written}` is not an id such as `{like}`\n"
        );
        check_in(memory(&people), &expected);
    }
}

#[test]
fn a_level_that_allows_nothing_is_an_error_or_a_warning() {
    let at = "organizations.example.service_control";
    check_people(
        "[FullAWSAccess, deny]",
        "[deny]",
        &format!(
            "people.yaml:5:22: warning: `{at}`: nothing is allowed here, so nobody below may do anything; add `FullAWSAccess`, as AWS does\n"
        ),
    );
    check_people(
        "[FullAWSAccess, deny]",
        "[]",
        &format!(
            "people.yaml:5:22: error: `{at}`: no document; leave the list out, or name `FullAWSAccess`\n"
        ),
    );
}

#[test]
fn documents_of_control_are_read_as_their_kind() {
    check_people(
        "resource_control: [perimeter]",
        "resource_control: [perimeter, deny]",
        "people.yaml:11:50: error: a statement needs `Principal` or `NotPrincipal`\n",
    );
    check_people(
        "service_control: [FullAWSAccess, deny]",
        "service_control: [FullAWSAccess, perimeter]",
        "people.yaml:12:71: error: `Principal` stands in bucket policies only\n",
    );
    check_people(
        "service_control: [most]",
        "service_control: [mots]",
        "people.yaml:17:23: error: `accounts.111122223333.service_control[0]`: no policy of this account is named `mots`, did you mean `most`?\n",
    );
    check_people(
        "policies: [read] }\n      bob",
        "policies: [FullAWSAccess] }\n      bob",
        "people.yaml:21:46: error: `accounts.111122223333.users.alice.policies[0]`: no policy of this account is named `FullAWSAccess`; known here: `most`, `read`\n",
    );
}

#[test]
fn no_role_stands_where_aws_keeps_those_of_its_services() {
    check_people(
        "      bob: {}\n",
        "      bob: { path: /aws-service-role/x/ }\n",
        "people.yaml:22:20: error: `accounts.111122223333.users.bob.path`: `/aws-service-role/x/`: only AWS makes roles in `/aws-service-role/`\n",
    );
    check_people(
        "      bob: {}\n",
        "      bob: { path: /service-role/x/ }\n",
        "",
    );
}
