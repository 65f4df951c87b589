//! `portcullis test`: what it prints, how it exits, and what it says of files that are none of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Cases of which one passes.
const CASES: &str = r#"principals:
  alice: {arn: "arn:aws:iam::111122223333:user/alice", account: "111122223333", type: User}
defaults:
  bucket_policy: {file: ../policy.json}
  bucket_owner_account: "111122223333"
  principal: alice
  action: s3:GetObject
  resource: arn:aws:s3:::acme/reports/1
rules:
  - rule: Alice reads reports
    cases:
      - {name: a report, expected: allow, by: bucket}
"#;

/// One more case, which does not pass.
const FAILS: &str =
    "      - {name: a secret, resource: \"arn:aws:s3:::acme/secret\", expected: allow}\n";

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [{
    "Sid": "Reports",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::acme/reports/*"
  }]
}"#;

/// A folder with a policy and, in a folder of its own, cases about it.
fn folder(cases: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "policy.json", POLICY);
    write(&folder, "tests/acme.yaml", cases);
    folder
}

fn write(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Runs the verb in the folder.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let command = command.current_dir(folder).env_clear();
    let output = command.arg("test").args(arguments).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), printed)
}

#[track_caller]
fn check(folder: &TempDir, arguments: &[&str], code: i32, expected: &str) {
    assert_eq!(
        run(folder.path(), arguments),
        (code, expected.to_owned()),
        "{arguments:?}"
    );
}

#[test]
fn cases_that_pass_are_counted() {
    let folder = folder(CASES);
    check(&folder, &["."], 0, "1 passed, 0 failed\n");
    check(
        &folder,
        &["tests/acme.yaml", "tests"],
        0,
        "2 passed, 0 failed\n",
    );
}

#[test]
fn a_case_that_fails_says_why() {
    let folder = folder(&format!("{CASES}{FAILS}"));
    check(
        &folder,
        &["tests"],
        1,
        "tests/acme.yaml:13: a secret: expected allow, got implicit_deny by identity: \
         Reports (policy.json:3) of the bucket policy does not allow it: \
         Resource has `arn:aws:s3:::acme/reports/*`, asked is `arn:aws:s3:::acme/secret`\n\
         1 passed, 1 failed\n",
    );
}

#[test]
fn what_allows_or_refuses_against_expectation_is_named() {
    let read = |expected: &str, more: &str| {
        let folder = folder(&CASES.replace(
            "expected: allow, by: bucket",
            &format!("{expected}, {more}"),
        ));
        let (code, printed) = run(folder.path(), &["tests"]);
        assert_eq!(code, 1);
        let (line, _) = printed.split_once('\n').unwrap();
        line.strip_prefix("tests/acme.yaml:12: a report: ")
            .unwrap()
            .to_owned()
    };
    let reports = "Reports (policy.json:3)";
    assert_eq!(
        read("expected: implicit_deny", "by: identity"),
        format!("expected implicit_deny by identity, got allow by bucket: {reports}")
    );
    assert_eq!(
        read("expected: allow", "by: identity"),
        format!("expected allow by identity, got allow by bucket: {reports}")
    );
    assert_eq!(
        read(
            "expected: allow",
            "resource_control_policies: [[{Sid: No, Effect: Deny, Principal: \"*\", Action: \"s3:*\", Resource: \"*\"}]]"
        ),
        "expected allow, got explicit_deny by guardrail: No (tests/acme.yaml:12) of the guardrails denies it"
    );
    let open = POLICY.replace(
        "{\"AWS\": \"arn:aws:iam::111122223333:user/alice\"}",
        "\"*\"",
    );
    let open = open.replace('\n', "").replace("\"Sid\": \"Reports\",", "");
    assert_eq!(
        read(
            "expected: allow",
            &format!(
                "principal: anonymous, block_public_access: {{bucket: {{RestrictPublicBuckets: true}}}}, bucket_policy: {open}"
            )
        ),
        "expected allow, got explicit_deny by public_access: RestrictPublicBuckets refuses it: statement 0 (tests/acme.yaml:12) makes the bucket policy public"
    );
    assert_eq!(
        read(
            "expected: allow",
            "bucket_policy: {Version: \"2012-10-17\", Statment: []}"
        ),
        "expected allow, got invalid_policy by nobody: tests/acme.yaml:12:58: a policy needs `Statement`; \
         tests/acme.yaml:12:82: unknown element `Statment`, did you mean `Statement`?"
    );
}

#[test]
fn the_result_is_one_json_object() {
    let folder = folder(&format!("{CASES}{FAILS}"));
    write(&folder, "tests/broken.json", "{");
    let (code, printed) = run(folder.path(), &["tests", "--format", "json"]);
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(code, 2);
    assert_eq!(
        (&printed["passed"], &printed["failed"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        printed["cases"],
        json!([
            {
                "file": "tests/acme.yaml", "line": 12, "name": "a report", "rule": "Alice reads reports",
                "passed": true, "expected": "allow", "expected_by": "bucket", "outcome": "allow", "by": "bucket",
            },
            {
                "file": "tests/acme.yaml", "line": 13, "name": "a secret", "rule": "Alice reads reports",
                "passed": false, "expected": "allow", "outcome": "implicit_deny", "by": "identity",
                "reason": "Reports (policy.json:3) of the bucket policy does not allow it: Resource has `arn:aws:s3:::acme/reports/*`, asked is `arn:aws:s3:::acme/secret`",
            },
        ])
    );
    assert_eq!(printed["errors"][0]["file"], "tests/broken.json");
    assert_eq!(printed["errors"][0]["line"], 1);
}

#[test]
fn the_result_is_a_junit_report() {
    let odd = FAILS.replace("a secret", "\"<a> & \\\"b\\\"\\n\\u001b[1m\"");
    let folder = folder(&format!("{CASES}{odd}"));
    write(&folder, "tests/other.json", "{\"a\": 1}");
    check(
        &folder,
        &["tests", "--format", "junit"],
        2,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="portcullis" tests="3" failures="1" errors="1">
  <testsuite name="tests/acme.yaml" tests="2" failures="1" errors="0">
    <testcase name="a report" classname="Alice reads reports" file="tests/acme.yaml" line="12"/>
    <testcase name="&lt;a&gt; &amp; &quot;b&quot;\n\u{1b}[1m" classname="Alice reads reports" file="tests/acme.yaml" line="13">
      <failure message="expected allow, got implicit_deny by identity">expected allow, got implicit_deny by identity: Reports (policy.json:3) of the bucket policy does not allow it: Resource has `arn:aws:s3:::acme/reports/*`, asked is `arn:aws:s3:::acme/secret`</failure>
    </testcase>
  </testsuite>
  <testsuite name="tests/other.json" tests="1" failures="0" errors="1">
    <testcase name="the file can be read" classname="tests/other.json" file="tests/other.json" line="1">
      <error message="this is no decision case: it has none of `rules`, `principal`, `action`, `expected`">tests/other.json:1:1: error: this is no decision case: it has none of `rules`, `principal`, `action`, `expected`</error>
    </testcase>
  </testsuite>
</testsuites>
"#,
    );
}

#[test]
fn a_file_says_what_is_wrong_with_it_and_the_others_are_run() {
    let folder = folder(CASES);
    for (name, content, complaint) in [
        ("a.json", "{\"name\": \"x\",}", "1:14: error: "),
        ("b.yaml", "rules: [\n", "1:"),
        (
            "c.yml",
            "rules: [{rule: x, cases: []}]\n",
            "1:1: error: there is no case in it\n",
        ),
        ("d.yaml", "", "1:1: error: a case is a map, not null\n"),
        (
            "e.yaml",
            "expected: allow\nactoin: x\n",
            "1:1: error: `action` is missing\n",
        ),
        (
            "f.yaml",
            "- a: 1\n  a: 2\n",
            "2:3: error: duplicate key `a`, first on line 1\n",
        ),
    ] {
        write(&folder, &format!("tests/{name}"), content);
        let (code, printed) = run(folder.path(), &["tests"]);
        let line = format!("tests/{name}:{complaint}");
        assert!(printed.starts_with(&line) && code == 2, "{line}\n{printed}");
        assert!(printed.contains("1 passed, 0 failed, "), "{printed}");
        fs::remove_file(folder.path().join("tests").join(name)).unwrap();
    }
    check(&folder, &["tests"], 0, "1 passed, 0 failed\n");
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = folder(CASES);
    write(&folder, "latin.yaml", b"name: caf\xe9\n");
    std::os::unix::fs::symlink("nowhere", folder.path().join("gone.yaml")).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (path, complaint) in [
        (
            "nowhere",
            "nowhere: error: cannot read it: there is no such file\n",
        ),
        (
            "gone.yaml",
            "gone.yaml: error: cannot read it: there is no such file\n",
        ),
        ("latin.yaml", "latin.yaml: error: it is not UTF-8\n"),
        (
            "empty",
            "empty: error: there is no decision case in this folder\n",
        ),
        (
            "policy.json",
            "policy.json:1:1: error: this is a policy, not a decision case: a case names it by `file: PATH`\n",
        ),
    ] {
        check(
            &folder,
            &[path],
            2,
            &format!("{complaint}0 passed, 0 failed, 1 error\n"),
        );
    }
    let (code, printed) = run(folder.path(), &[]);
    assert_eq!((code, printed.as_str()), (2, ""));
}

#[test]
fn a_policy_file_that_cannot_be_read_is_said_at_the_case() {
    let folder = folder(&CASES.replace("../policy.json", "../other.json"));
    check(
        &folder,
        &["."],
        2,
        "./tests/acme.yaml:4:25: error: `../other.json`: cannot read it: there is no such file\n\
         0 passed, 0 failed, 1 error\n",
    );
    write(&folder, "other.json", "{\"Statement\": 1,}");
    let (code, printed) = run(folder.path(), &["tests"]);
    let place = "tests/acme.yaml:4:25: error: `../other.json`: 1:17: ";
    assert!(code == 2 && printed.starts_with(place), "{printed}");
    write(&folder, "other.json", POLICY);
    check(&folder, &["tests"], 0, "1 passed, 0 failed\n");
}

#[test]
fn a_case_that_expects_nothing_is_no_test() {
    let folder = folder(&CASES.replace("expected: allow, by: bucket", "why: who knows"));
    check(
        &folder,
        &["tests"],
        2,
        "tests/acme.yaml:12:1: error: `a report` has no `expected`\n0 passed, 0 failed, 1 error\n",
    );
}

#[test]
fn folders_are_searched_but_for_hidden_and_other_files() {
    let folder = folder(CASES);
    let cases = CASES.replace("../policy.json", "../../policy.json");
    write(&folder, "tests/more/.hidden.yaml", "{");
    write(&folder, "tests/.more/cases.yaml", "{");
    write(&folder, "tests/more/README.md", "{");
    write(&folder, "tests/guardrails/tls.test.yaml", "base: {}");
    write(&folder, "tests/more/cases.yml", cases);
    check(&folder, &["."], 0, "2 passed, 0 failed\n");
    check(
        &folder,
        &["tests/more/.hidden.yaml"],
        2,
        &run(folder.path(), &["tests/more/.hidden.yaml"]).1,
    );
}

#[test]
fn a_folder_that_links_to_itself_ends() {
    let folder = folder(CASES);
    std::os::unix::fs::symlink("..", folder.path().join("tests/loop")).unwrap();
    let (code, printed) = run(folder.path(), &["tests"]);
    assert!(
        code == 2 && printed.contains("is one a link to another?"),
        "{printed}"
    );
}

#[test]
fn a_huge_file_is_run_and_a_deep_one_refused() {
    let cases: String = (0..5_000)
        .map(|number| FAILS.replace("a secret", &format!("case {number}")))
        .collect();
    let folder = folder(&format!(
        "{CASES}{}",
        cases.replace("expected: allow", "expected: implicit_deny")
    ));
    check(&folder, &["tests"], 0, "5001 passed, 0 failed\n");
    for (name, deep) in [
        ("deep.json", "[".repeat(100_000)),
        ("deep.yaml", "[".repeat(1_000)),
    ] {
        write(&folder, name, deep);
        let (code, printed) = run(folder.path(), &[name]);
        assert!(
            code == 2 && printed.ends_with("0 passed, 0 failed, 1 error\n"),
            "{printed}"
        );
    }
}

/// Runs `explain` in the folder.
fn explain(folder: &TempDir, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let command = command.current_dir(folder.path()).env_clear();
    let output = command.arg("explain").args(arguments).output().unwrap();
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), printed)
}

#[test]
fn cases_are_explained_all_or_by_name() {
    let folder = folder(&format!("{CASES}{FAILS}"));
    let file = "tests/acme.yaml";
    let (code, printed) = explain(&folder, &[file, "--case", "a report"]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("because Reports (policy.json:3) of the bucket policy allows it"));
    let (code, printed) = explain(&folder, &[file]);
    assert_eq!(code, 1, "{printed}");
    assert!(
        printed.contains("a report\n\nallow: ") && printed.contains("a secret\n\nimplicit deny: ")
    );
    let (code, printed) = explain(&folder, &[file, "--case", "a secret", "--format", "json"]);
    assert_eq!(code, 1, "{printed}");
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed[0]["outcome"], "implicit_deny");
    for missing in [&[file, "--case", "another"][..], &["tests/none.yaml"]] {
        assert_eq!(explain(&folder, missing).0, 2, "{missing:?}");
    }
}

#[test]
fn a_case_that_block_public_access_refuses_is_denied() {
    let open = POLICY.replace(
        "{\"AWS\": \"arn:aws:iam::111122223333:user/alice\"}",
        "\"*\"",
    );
    let block =
        "  principal: anonymous\n  block_public_access: {bucket: {RestrictPublicBuckets: true}}\n";
    for (block, expected) in [("  principal: anonymous\n", 0), (block, 1)] {
        let folder = folder(&CASES.replace("  principal: alice\n", block));
        write(&folder, "policy.json", &open);
        let (code, text) = explain(&folder, &["tests/acme.yaml"]);
        assert_eq!(code, expected, "{text}");
    }
}
