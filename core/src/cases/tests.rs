use super::*;
use crate::document::{self, Problem};

/// A case without fault, to put faults into.
const GOOD: &str = r#"name: alice reads
principal: {arn: "arn:aws:iam::111122223333:user/alice", account: "111122223333", type: User, tags: {team: red}}
bucket_owner_account: "111122223333"
action: s3:GetObject
resource: arn:aws:s3:::acme-data/q1.csv
identity_policies: [{Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}]
context: {aws:SourceIp: 192.0.2.1}
block_public_access: {bucket: {RestrictPublicBuckets: true}}
expected: allow
by: identity
"#;

fn load(path: &str) -> Result<Loaded, String> {
    let root = match path {
        "policy.json" => document::json(
            r#"{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::acme-data/*"}}"#,
        ),
        "refused.json" => document::json(r#"{"Statement": [{"Effect": "Deny"}]}"#),
        _ => return Err("there is no such file".to_owned()),
    };
    Ok(Loaded {
        source: format!("somewhere/{path}").into(),
        root: root.unwrap(),
    })
}

fn read_text(text: &str) -> Result<Vec<Case>, Vec<Problem>> {
    read(&document::yaml(text).unwrap(), "cases.yaml", &load)
}

/// What is wrong with a text, a line each.
#[track_caller]
fn check(text: &str, expected: &str) {
    let problems = read_text(text).err().unwrap_or_default();
    let lines: String = problems.iter().map(|one| format!("{one}\n")).collect();
    assert_eq!(lines, expected, "{text}");
}

/// The good case with one part replaced.
#[track_caller]
fn check_with(part: &str, replacement: &str, expected: &str) {
    assert!(GOOD.contains(part), "{part}");
    check(&GOOD.replace(part, replacement), expected);
}

/// What comes of the good case with one part replaced.
#[track_caller]
fn decides(part: &str, replacement: &str, expected: (Outcome, &str)) {
    assert!(GOOD.contains(part), "{part}");
    let cases = read_text(&GOOD.replace(part, replacement)).unwrap();
    let decided = cases[0].decide();
    assert_eq!((decided.outcome, decided.by), expected, "{replacement}");
}

#[test]
fn a_good_case_is_read_and_met() {
    let cases = read_text(GOOD).unwrap();
    let decided = cases[0].decide();
    assert!(cases[0].is_met_by(&decided), "{decided:?}");
    assert_eq!((cases.len(), cases[0].line), (1, 1));
    let statement = decided.statement.unwrap();
    assert_eq!(
        (&*statement.origin.source, statement.line),
        ("cases.yaml", 6)
    );
}

#[test]
fn a_case_is_met_only_by_its_outcome_and_by_whom_it_names() {
    for (part, other) in [
        ("expected: allow", "expected: implicit_deny"),
        ("by: identity", "by: bucket"),
        ("expected: allow", ""),
    ] {
        let case = &read_text(&GOOD.replace(part, other)).unwrap()[0];
        assert!(!case.is_met_by(&case.decide()), "{other}");
    }
    let case = &read_text(&GOOD.replace("by: identity", "")).unwrap()[0];
    assert!(case.is_met_by(&case.decide()));
}

#[test]
fn unknown_fields_have_a_place_and_a_neighbour() {
    check_with(
        "action:",
        "acton:",
        "1:1: `action` is missing\n4:1: unknown field `acton`, did you mean `action`?\n",
    );
    check_with(
        "tags:",
        "tag:",
        "2:95: unknown field `tag`, did you mean `tags`?\n",
    );
    check_with(
        "RestrictPublicBuckets",
        "RestrictPublicBucket",
        "8:32: unknown field `RestrictPublicBucket`, did you mean `RestrictPublicBuckets`?\n",
    );
    check_with(
        "bucket: {",
        "buket: {",
        "8:23: unknown field `buket`, did you mean `bucket`?\n",
    );
}

#[test]
fn what_is_missing_is_said_all_at_once() {
    check(
        "expected: allow\n",
        "1:1: `action` is missing\n1:1: `bucket_owner_account` is missing\n1:1: `name` is missing\n\
         1:1: `principal` is missing\n1:1: `resource` is missing\n",
    );
}

#[test]
fn wrong_types_are_named() {
    check_with(
        "alice reads",
        "7",
        "1:7: `name` is a text, not a number: put it in quotes\n",
    );
    check_with(
        "\"111122223333\"\naction",
        "111122223333\naction",
        "3:23: `bucket_owner_account` is a text, not a number: put it in quotes\n",
    );
    check_with(
        "s3:GetObject",
        "[a]",
        "4:9: `action` is a text, not a list\n",
    );
    check_with(
        "true}}",
        "yes please}}",
        "8:55: `RestrictPublicBuckets` is `true` or `false`, not a text\n",
    );
    check_with(
        "{aws:SourceIp: 192.0.2.1}",
        "[]",
        "7:10: `context` is a map, not a list\n",
    );
    check_with("{team: red}", "red", "2:101: `tags` is a map, not a text\n");
    check_with(
        "{team: red}",
        "{team: 1}",
        "2:108: `team` is a text, not a number: put it in quotes\n",
    );
}

#[test]
fn a_document_that_is_no_case_is_refused() {
    check("seven\n", "1:1: a case is a map, not a text\n");
    check("[seven]\n", "1:2: a case is a map, not a text\n");
    check("rules: 1\n", "1:8: `rules` is a list, not a number\n");
    check("rules: [1]\n", "1:9: a rule is a map, not a number\n");
    check(
        "rules: [{cases: [1]}]\n",
        "1:18: a case is a map, not a number\n",
    );
    check(
        "rules: []\ndefault: {}\n",
        "2:1: unknown field `default`, did you mean `defaults`?\n",
    );
    assert_eq!(read_text("[]").unwrap().len(), 0);
}

#[test]
fn actions_resources_accounts_and_keys_are_checked() {
    check_with(
        "s3:GetObject",
        "s3:GetObjekt",
        "4:9: unknown action `s3:GetObjekt`, did you mean `s3:GetObject`?\n",
    );
    check_with(
        "\"111122223333\"\naction",
        "\"1111\"\naction",
        "3:23: `1111`: an account id has exactly 12 digits\n",
    );
    check_with(
        "account: \"111122223333\", type",
        "account: \"1\", type",
        "2:67: `1`: an account id has exactly 12 digits\n",
    );
    check_with(
        "arn:aws:s3:::acme-data/q1.csv",
        "acme-data/q1.csv",
        "5:11: `acme-data/q1.csv` is no resource: it is `*` or an ARN, e.g. `arn:aws:s3:::BUCKET/KEY`\n",
    );
    check_with(
        "acme-data/q1.csv",
        "Acme/q1.csv",
        "5:11: `Acme`: a bucket name has 3 to 63 lower-case letters, digits, dots and hyphens, and begins and ends with a letter or digit\n",
    );
    check_with(
        "aws:SourceIp",
        "aws:SourceIP4",
        "7:11: unknown condition key `aws:SourceIP4`, did you mean `aws:SourceIp`?\n",
    );
    check_with(
        "192.0.2.1",
        "{a: 1}",
        "7:25: a condition key has a text or a list of texts\n",
    );
}

#[test]
fn outcomes_and_who_decides_are_checked() {
    check_with(
        "expected: allow",
        "expected: alow",
        "9:11: `expected` cannot be `alow`, did you mean `allow`?\n",
    );
    check_with(
        "expected: allow",
        "expected: denied",
        "9:11: `expected` cannot be `denied`; it is one of `allow`, `explicit_deny`, `implicit_deny`, `unknown`, `invalid_policy`\n",
    );
    check_with(
        "by: identity",
        "by: identiy",
        "10:5: `by` cannot be `identiy`, did you mean `identity`?\n",
    );
}

#[test]
fn a_principal_is_what_its_arn_says() {
    let good = "{arn: \"arn:aws:iam::111122223333:user/alice\", account: \"111122223333\", type: User, tags: {team: red}}";
    for (other, message) in [
        ("alise", "2:12: there is no `alise` in `principals`\n"),
        ("{}", "2:12: `arn` is missing\n2:12: `type` is missing\n"),
        (
            "{arn: \"arn:aws:iam::111122223333:user/alice\", type: User}",
            "2:12: `account` is missing\n",
        ),
        (
            "{arn: \"arn:aws:iam::444455556666:user/alice\", account: \"111122223333\", type: User}",
            "2:18: `arn:aws:iam::444455556666:user/alice` is not the ARN of a principal of type User: it is `arn:aws:iam::111122223333:user/NAME`\n",
        ),
        (
            "{arn: \"arn:aws:iam::111122223333:role/app\", account: \"111122223333\", type: AssumedRole}",
            "2:18: `arn:aws:iam::111122223333:role/app` is not the ARN of a principal of type AssumedRole: it is `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`\n",
        ),
        (
            "{arn: \"arn:aws:sts::111122223333:federated-user/build\", account: \"111122223333\", type: FederatedUser}",
            "2:12: `user` is missing\n",
        ),
        (
            "{arn: sns.amazonaws.com, account: \"111122223333\", type: Service}",
            "2:46: a service has no account\n",
        ),
        (
            "{arn: x, type: Role}",
            "2:27: `type` cannot be `Role`; it is one of `Account`, `User`, `AssumedRole`, `FederatedUser`, `Service`\n",
        ),
    ] {
        check_with(good, other, message);
    }
    for other in [
        "anonymous",
        "{arn: \"arn:aws:iam::111122223333:root\", account: \"111122223333\", type: Account}",
        "{arn: \"arn:aws:iam::111122223333:user/a/b\", account: \"111122223333\", type: User}",
        "{arn: \"arn:aws:sts::111122223333:assumed-role/app/s\", account: \"111122223333\", type: AssumedRole, role: \"arn:aws:iam::111122223333:role/x/app\"}",
        "{arn: \"arn:aws:sts::111122223333:federated-user/build\", account: \"111122223333\", type: FederatedUser, user: \"arn:aws:iam::111122223333:user/a\"}",
        "{arn: sns.amazonaws.com, type: Service}",
    ] {
        check_with(good, other, "");
    }
}

#[test]
fn policies_are_documents_lists_names_or_files() {
    let written = "[{Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"s3:*\", Resource: \"*\"}]}]";
    let allowed = (Outcome::Allow, "identity");
    decides(
        written,
        "[[{Effect: Allow, Action: \"s3:*\", Resource: \"*\"}]]",
        allowed,
    );
    decides(written, "[]", (Outcome::ImplicitDeny, "identity"));
    decides(
        written,
        "[{file: policy.json}]",
        (Outcome::InvalidPolicy, "nobody"),
    );
    decides(
        "expected: allow",
        "bucket_policy: {file: policy.json}",
        (Outcome::ExplicitDeny, "bucket"),
    );
    check_with(
        written,
        "[7]",
        "6:21: a policy is a document, a list of statements, `file: PATH` or a name from `policies`, not a number\n",
    );
    check_with(
        written,
        "[everything]",
        "6:21: there is no `everything` in `policies`\n",
    );
    check_with(
        written,
        "everything",
        "6:20: `identity_policies` is a list, not a text\n",
    );
    check_with(
        written,
        "[{file: other.json}]",
        "6:28: `other.json`: there is no such file\n",
    );
    check_with(
        written,
        "[{file: 7}]",
        "6:28: `file` is the path of a policy, not a number\n",
    );
}

#[test]
fn a_statement_of_another_file_is_named_there() {
    let text = GOOD.replace("expected: allow", "bucket_policy: {file: policy.json}");
    let statement = read_text(&text).unwrap()[0].decide().statement.unwrap();
    assert_eq!(
        (&*statement.origin.source, statement.line),
        ("somewhere/policy.json", 1)
    );
    let text = GOOD.replace("expected: allow", "bucket_policy: {file: refused.json}");
    let refused = &read_text(&text).unwrap()[0].decide().refused;
    assert!(
        refused[0]
            .to_string()
            .starts_with("somewhere/refused.json:1:"),
        "{refused:?}"
    );
}

#[test]
fn cases_without_files_read_none() {
    let text = GOOD.replace("expected: allow", "bucket_policy: {file: /etc/passwd}");
    let root = document::yaml(&text).unwrap();
    let problems = read(&root, "case", &no_files).unwrap_err();
    assert_eq!(
        problems[0].to_string(),
        "9:23: `/etc/passwd`: no other files are read here"
    );
}

#[test]
fn block_public_access_and_acls_are_applied() {
    let public = "bucket_policy: [{Effect: Allow, Principal: \"*\", Action: \"s3:GetObject\", Resource: \"arn:aws:s3:::acme-data/*\"}]\nprincipal: anonymous";
    let line = GOOD.lines().nth(1).unwrap();
    decides(line, public, (Outcome::ExplicitDeny, "public_access"));
    let acl = "acl: {object: [{grantee: AllUsers, permission: READ}]}\nprincipal: anonymous";
    decides(line, acl, (Outcome::Allow, "acl"));
    decides(
        line,
        "principal: anonymous",
        (Outcome::ImplicitDeny, "bucket"),
    );
    check_with(
        line,
        "acl: {object: [{grantee: all, permission: read}, {}], buckets: 1}\nprincipal: anonymous",
        "2:26: `all` is neither `AllUsers` nor `AuthenticatedUsers` nor a canonical id of 64 hex digits\n\
         2:43: `permission` cannot be `read`, did you mean `READ`?\n\
         2:50: `grantee` is missing\n2:50: `permission` is missing\n2:55: unknown field `buckets`, did you mean `bucket`?\n",
    );
}

const RULES: &str = r#"
principals:
  alice: {arn: "arn:aws:iam::111122223333:user/alice", account: "111122223333", type: User}
policies:
  everything: [{Effect: Allow, Action: "s3:*", Resource: "*"}]
defaults:
  bucket_owner_account: "111122223333"
  principal: alice
  resource: arn:aws:s3:::acme-data/q1.csv
  statement: {Effect: Allow, Action: "s3:*", Resource: "*"}
rules:
  - rule: one
    action: s3:GetObject
    context: {aws:SourceIp: 192.0.2.1}
    cases:
      - {name: a, identity_policies: [everything], expected: allow}
      - {name: b, identity_policies: [[{NotAction: "s3:GetObject"}]], expected: implicit_deny}
      - {name: c, context: {aws:SourceIp: null}, expected: implicit_deny}
"#;

#[test]
fn cases_take_over_from_their_rule_and_the_defaults() {
    let cases = read_text(RULES).unwrap();
    for case in &cases {
        assert!(case.is_met_by(&case.decide()), "{}", case.name);
    }
    let about: Vec<_> = cases
        .iter()
        .map(|case| (case.line, case.rule.as_deref(), case.in_rule))
        .collect();
    assert_eq!(about, [16, 17, 18].map(|line| (line, Some("one"), true)));
}

#[test]
fn what_several_cases_take_over_is_reported_once() {
    check(
        &RULES.replace("aws:SourceIp: 192.0.2.1", "aws:SourceIpp: 192.0.2.1"),
        "14:15: unknown condition key `aws:SourceIpp`, did you mean `aws:SourceIp`?\n",
    );
    check(
        &RULES.replace(
            "statement: {Effect: Allow, Action: \"s3:*\", Resource: \"*\"}",
            "statement: [x]",
        ),
        "10:14: `statement` is a map, not a list\n",
    );
    check(
        &RULES.replace("  principal: alice", "  principal: alise"),
        "8:14: there is no `alise` in `principals`, did you mean `alice`?\n",
    );
}

#[test]
fn a_context_holds_what_follows_from_the_caller() {
    use crate::context::{Context as _, Key, Lookup};
    let value = |text: &str, key: &str| {
        let scene = read_text(text).unwrap()[0].scene().unwrap();
        match scene.question().context.lookup(&Key::parse(key).unwrap()) {
            Lookup::One(value) => value.to_text().into_owned(),
            other => format!("{other:?}"),
        }
    };
    for (key, expected) in [
        ("aws:PrincipalArn", "arn:aws:iam::111122223333:user/alice"),
        ("aws:username", "alice"),
        ("aws:PrincipalTag/team", "red"),
        ("aws:SecureTransport", "true"),
        ("aws:ResourceAccount", "111122223333"),
        ("aws:SourceIp", "192.0.2.1"),
        ("aws:SourceVpce", "Absent"),
    ] {
        assert_eq!(value(GOOD, key), expected, "{key}");
    }
    let other = GOOD.replace(
        "192.0.2.1",
        "192.0.2.1, AWS:securetransport: null, aws:username: bob",
    );
    assert_eq!(value(&other, "aws:SecureTransport"), "Absent");
    assert_eq!(value(&other, "aws:username"), "bob");
}
