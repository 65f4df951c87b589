//! What is wrong with a configuration is said at its place, all of it at once, and what is nearly wrong passes.

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod memory;
#[path = "validate/organizations.rs"]
mod organizations;
#[path = "validate/rotation.rs"]
mod rotation;

use memory::{CLOSED, Memory};
use portcullis::config::sources::{Access, Owner};
use portcullis::config::{Settings, load};
use std::path::Path;

const FILE: &str = "portcullis.yaml";

/// A configuration without fault, to put faults into.
const GOOD: &str = r#"listeners:
  app: { bind: "127.0.0.1:8080" }
upstreams:
  lake:
    profile: s3s
    endpoint: http://127.0.0.1:9000
    owner_account: "111122223333"
    buckets: ["lake-*"]
    credentials: anonymous
"#;

/// An account with one user; `{}` is the user.
fn user(written: &str) -> String {
    format!(
        "{GOOD}identities:\n  accounts:\n    \"111122223333\":\n      users:\n        alice:\n{written}\n"
    )
}

fn findings(memory: &Memory) -> String {
    let findings = match load(Path::new(FILE), memory) {
        Ok((_, warnings)) => warnings,
        Err(findings) => findings,
    };
    findings
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect()
}

#[track_caller]
fn check_in(memory: Memory, expected: &str) {
    assert_eq!(findings(&memory), expected);
}

#[track_caller]
fn check(text: &str, expected: &str) {
    check_in(Memory::default().file(FILE, text), expected);
}

/// Replaces a part of the good configuration.
#[track_caller]
fn check_with(part: &str, replacement: &str, expected: &str) {
    assert!(GOOD.contains(part), "{part}");
    check(&GOOD.replace(part, replacement), expected);
}

#[track_caller]
fn loaded(memory: &Memory) -> Settings {
    match load(Path::new(FILE), memory) {
        Ok((settings, _)) => settings,
        Err(findings) => panic!("{findings:#?}"),
    }
}

#[test]
fn a_good_configuration_has_no_findings() {
    check(GOOD, "");
}

#[test]
fn chunks_are_what_the_store_and_its_key_allow() {
    let with = |profile: &str, chunks: &str, key: &str| {
        GOOD.replace("s3s", profile).replace(
            "credentials: anonymous",
            &format!("credentials: {key}\n    chunks: {chunks}"),
        )
    };
    let key =
        "{ access_key_id: AKIALAKE, secret_access_key: some-secret-of-forty-characters-for-sure }";
    for chunks in ["plain", "signed"] {
        check(&with("s3s", chunks, key), "");
    }
    check(&with("minio", "trailer", key), "");
    check(&with("minio", "trailer", "anonymous"), "");
    check(
        &with("s3s", "trailer", key),
        "portcullis.yaml:10:13: error: `upstreams.lake.chunks`: stores of profile `s3s` take no trailers; use `plain` or `signed`\n",
    );
    check(
        &with("s3s", "signed", "anonymous"),
        "portcullis.yaml:10:13: error: `upstreams.lake.chunks`: `signed` needs a key: `credentials` is `anonymous`\n",
    );
    check(
        &with("s3s", "framed", key),
        "portcullis.yaml:10:13: error: `upstreams.lake.chunks`: expected `plain` or `trailer` or `signed`, found `framed`\n",
    );
}

#[test]
fn a_missing_file_is_an_error() {
    check_in(
        Memory::default(),
        "portcullis.yaml: error: cannot read it: there is no such file\n",
    );
}

#[test]
fn broken_yaml_is_an_error_at_its_place() {
    let memory = Memory::default().file(FILE, "listeners: [\n");
    let findings = findings(&memory);
    assert!(
        findings.starts_with("portcullis.yaml:1:12: error: "),
        "{findings}"
    );
}

#[test]
fn a_key_twice_is_an_error() {
    check(
        &format!("{GOOD}health: 127.0.0.1:1\nhealth: 127.0.0.1:2\n"),
        "portcullis.yaml:11:1: error: duplicate key `health`, first on line 10\n",
    );
}

#[test]
fn an_empty_file_lacks_what_is_required() {
    check(
        "{}\n",
        "portcullis.yaml:1:1: error: `listeners`: missing\nportcullis.yaml:1:1: error: `upstreams`: missing\n",
    );
}

#[test]
fn t51_an_unknown_field_is_an_error_with_its_neighbour() {
    check_with(
        "    profile: s3s",
        "    porfile: s3s",
        "portcullis.yaml:4:3: error: `upstreams.lake.profile`: missing\n\
         portcullis.yaml:5:5: error: `upstreams.lake.porfile`: unknown field, did you mean `profile`?\n",
    );
    check_with(
        "bind: \"127.0.0.1:8080\"",
        "bind: \"127.0.0.1:8080\", zzzzzzzz: 1",
        "portcullis.yaml:2:34: error: `listeners.app.zzzzzzzz`: unknown field; known here: `bind`, `decision`, `force`, `hosts`, `principal`, `tls`\n",
    );
}

#[test]
fn a_wrong_type_is_an_error_and_hides_nothing_else() {
    check_with(
        "owner_account: \"111122223333\"\n    buckets: [\"lake-*\"]",
        "owner_account: 111122223333\n    buckets: [1, lake-*, {}]\n    addressing: dns\n    default: maybe\n    timeouts: { connect: 5 }\n    tls: yes",
        "portcullis.yaml:7:20: error: `upstreams.lake.owner_account`: expected a text, found the number `111122223333`; put it in quotes\n\
         portcullis.yaml:8:15: error: `upstreams.lake.buckets[0]`: expected a text, found the number `1`; put it in quotes\n\
         portcullis.yaml:8:26: error: `upstreams.lake.buckets[2]`: expected a text, found a map\n\
         portcullis.yaml:9:17: error: `upstreams.lake.addressing`: expected `path` or `virtual-hosted`, found `dns`\n\
         portcullis.yaml:10:14: error: `upstreams.lake.default`: expected true or false, found `maybe`\n\
         portcullis.yaml:11:26: error: `upstreams.lake.timeouts.connect`: expected a text, found the number `5`; put it in quotes\n\
         portcullis.yaml:12:10: error: `upstreams.lake.tls`: expected a map, found a text\n",
    );
}

#[test]
fn semantic_problems_are_reported_together() {
    check_with(
        "bind: \"127.0.0.1:8080\"",
        "bind: \"localhost:8080\", hosts: [\"*.corp\", s3.corp]",
        "portcullis.yaml:2:16: error: `listeners.app.bind`: `localhost:8080` is not an IP address and port, such as `127.0.0.1:8080` or `[::]:8080`\n\
         portcullis.yaml:2:42: error: `listeners.app.hosts[0]`: `*.corp` is not a host name; write it without scheme, port and `*`\n",
    );
}

#[test]
fn names_and_numbers_are_checked() {
    check_with(
        "profile: s3s",
        "profile: ceff",
        "portcullis.yaml:5:14: error: `upstreams.lake.profile`: unknown profile `ceff`, did you mean `ceph`?\n",
    );
    check_with(
        "\"111122223333\"",
        "\"11112222333\"",
        "portcullis.yaml:7:20: error: `upstreams.lake.owner_account`: `11112222333`: an account id has exactly 12 digits\n",
    );
    check_with(
        "http://127.0.0.1:9000",
        "http://127.0.0.1:9000/lake",
        "portcullis.yaml:6:15: error: `upstreams.lake.endpoint`: `http://127.0.0.1:9000/lake` is not an endpoint: `https://host` or `http://host:port`, without a path\n",
    );
    check_with("http://127.0.0.1:9000", "http://127.0.0.1:9000/", "");
    check_with(
        "http://127.0.0.1:9000",
        "http://store.corp.example",
        "portcullis.yaml:6:15: warning: `upstreams.lake.endpoint`: plain `http`: bodies and signatures can be read on the way\n",
    );
    check_with(
        "credentials: anonymous",
        "credentials: none",
        "portcullis.yaml:9:18: error: `upstreams.lake.credentials`: expected `chain`, `anonymous`, or a map with access_key_id and secret_access_key\n",
    );
    check_with(
        "    credentials: anonymous\n",
        "",
        "portcullis.yaml:4:3: error: `upstreams.lake.credentials`: missing: write `chain`, `anonymous`, or access_key_id and secret_access_key\n",
    );
    check_with(
        "lake-*",
        "Lake_*",
        "portcullis.yaml:8:15: error: `upstreams.lake.buckets[0]`: `Lake_*` is not a bucket pattern: lower-case letters, digits, `.` and `-`, with `*` for any run and `?` for one character\n",
    );
    check(
        &format!(
            "{GOOD}limits: {{ header_bytes: 10, header_timeout: 0s }}\nshutdown: {{ delay: 5 sec, drain: 0s }}\n"
        ),
        "portcullis.yaml:10:25: error: `limits.header_bytes`: must be from 1024 to 262144\n\
         portcullis.yaml:10:45: error: `limits.header_timeout`: must be above zero\n\
         portcullis.yaml:11:20: error: `shutdown.delay`: `5 sec` is not a duration: a whole number and `ms`, `s`, `m` or `h`\n",
    );
}

#[test]
fn what_is_not_in_this_version_is_refused() {
    check(
        &format!("{GOOD}audit: {{ mode: fail_closed }}\n"),
        "portcullis.yaml:10:1: error: `audit`: the audit log is not in this version; remove the entry, and note that nothing else replaces it\n",
    );
    check(
        &format!("{GOOD}state: {{ postgres: \"host=db\" }}\n"),
        "portcullis.yaml:10:10: error: `state.postgres`: PostgreSQL is not in this version; use `redb: PATH`\n",
    );
    check(&format!("{GOOD}state: {{ redb: state.redb }}\n"), "");
}

#[test]
fn logs_go_to_different_places() {
    let logs = |second: &str| {
        format!("{GOOD}logs:\n  a: {{ to: stdout }}\n  b: {{ format: s3, to: {second} }}\n")
    };
    check(
        &logs("stdout"),
        "portcullis.yaml:12:6: error: `logs.b`: `logs.a` is written to the same place\n",
    );
    check(&logs("/var/log/access"), "");
}

#[test]
fn two_upstreams_do_not_share_a_pattern() {
    let second = |rest: &str| {
        format!(
            "{GOOD}  other:\n    profile: s3s\n    endpoint: http://127.0.0.1:9001\n    owner_account: \"111122223333\"\n    credentials: anonymous\n    {rest}\n"
        )
    };
    check(&second("buckets: [\"raw-*\"]"), "");
    check(
        &second("buckets: [\"lake-*\"]"),
        "portcullis.yaml:15:15: error: `upstreams.other.buckets[0]`: `lake-*` stands under `upstreams.lake` already\n",
    );
    check(
        &second("buckets: [\"*-raw\"]"),
        "portcullis.yaml:15:15: warning: `upstreams.other.buckets[0]`: a bucket can match both `*-raw` and `lake-*` of `upstreams.lake`; the upstream written first takes it\n",
    );
    check(
        &second("default: true"),
        "portcullis.yaml:15:14: warning: `upstreams.other.default`: every bucket that no pattern names goes here, misspelt ones too\n",
    );
    check(
        &second("buckets: []"),
        "portcullis.yaml:15:14: error: `upstreams.other.buckets`: is empty: no bucket is on this upstream\n",
    );
}

#[test]
fn only_one_upstream_is_the_default() {
    let text = GOOD.replace("    credentials", "    default: true\n    credentials");
    let text = format!(
        "{text}  other:\n    profile: s3s\n    endpoint: http://127.0.0.1:9001\n    owner_account: \"111122223333\"\n    credentials: anonymous\n    default: true\n"
    );
    check(
        &text,
        "portcullis.yaml:9:14: warning: `upstreams.lake.default`: every bucket that no pattern names goes here, misspelt ones too\n\
                  portcullis.yaml:16:14: error: `upstreams.other.default`: `upstreams.lake` is the default already\n",
    );
}

#[test]
fn a_fixed_principal_is_for_this_host_alone() {
    let with = |bind: &str, more: &str| {
        GOOD.replace(
            "{ bind: \"127.0.0.1:8080\" }",
            &format!(
                "{{ bind: \"{bind}\", principal: \"arn:aws:iam::111122223333:role/orders\"{more} }}"
            ),
        )
    };
    let refused = "portcullis.yaml:2:16: error: `listeners.app.bind`: every client of this listener acts as its `principal`: bind a loopback address or a Unix socket, or say `force: true`\n";
    check(&with("127.0.0.1:8080", ""), "");
    check(&with("[::1]:8080", ""), "");
    check(&with("unix:/run/app.sock", ""), "");
    check(&with("0.0.0.0:8080", ""), refused);
    check(&with("10.0.0.1:8080", ", force: false"), refused);
    check(&with("0.0.0.0:8080", ", force: true"), "");
}

#[test]
fn a_principal_is_an_arn_that_the_identities_know() {
    let with = |arn: &str| {
        GOOD.replace(
            "{ bind: \"127.0.0.1:8080\" }",
            &format!("{{ bind: \"127.0.0.1:8080\", principal: \"{arn}\" }}"),
        )
    };
    check(
        &with("orders"),
        "portcullis.yaml:2:45: error: `listeners.app.principal`: `orders` is not the ARN of a user or a role, such as `arn:aws:iam::111122223333:role/name`\n",
    );
    let identities = "identities: { accounts: { \"111122223333\": { roles: { orders: {} } } } }\n";
    check(
        &format!(
            "{}{identities}",
            with("arn:aws:iam::111122223333:role/orders")
        ),
        "",
    );
    check(
        &format!(
            "{}{identities}",
            with("arn:aws:iam::111122223333:role/other")
        ),
        "portcullis.yaml:2:45: error: `listeners.app.principal`: `arn:aws:iam::111122223333:role/other` is not among the identities\n",
    );
}

#[test]
fn listeners_do_not_share_an_address() {
    let second = |bind: &str| {
        GOOD.replace(
            "upstreams:",
            &format!("  other: {{ bind: \"{bind}\" }}\nupstreams:"),
        )
    };
    check(
        &second("127.0.0.1:8080"),
        "portcullis.yaml:3:18: error: `listeners.other.bind`: `listeners.app` listens on `127.0.0.1:8080` already\n",
    );
    check(&second("127.0.0.1:8081"), "");
}

#[test]
fn environment_variables_are_put_in() {
    let text = GOOD
        .replace("http://127.0.0.1:9000", "\"${STORE}\"")
        .replace("lake-*", "${PREFIX:-lake}-*");
    check(
        &text,
        "portcullis.yaml:6:15: error: `upstreams.lake.endpoint`: the environment variable `STORE` is not set\n",
    );
    let memory = Memory::default()
        .file(FILE, text)
        .variable("STORE", "http://127.0.0.1:9000");
    check_in(memory, "");
}

fn static_key(id: &str, secret: &str) -> String {
    GOOD.replace(
        "anonymous",
        &format!("{{ access_key_id: \"{id}\", secret_access_key: \"{secret}\" }}"),
    )
}

#[test]
fn t51_example_secrets_are_refused() {
    check(
        &static_key(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
        "portcullis.yaml:9:35: error: `upstreams.lake.credentials.access_key_id`: `AKIAIOSFODNN7EXAMPLE` is an example of AWS's documentation; make a key of your own\n\
         portcullis.yaml:9:78: error: `upstreams.lake.credentials.secret_access_key`: this secret is a published example; make a key of your own\n",
    );
    check(
        &static_key(
            "AKIAIOSFODNN7EXAMPLF",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEZ",
        ),
        "",
    );
}

#[test]
fn secrets_may_come_from_files_and_lose_their_line_end() {
    let text = static_key("LAKE", "file:secrets/lake");
    let memory = || Memory::default().file("conf/portcullis.yaml", text.clone());
    let file = Path::new("conf/portcullis.yaml");
    let findings = load(file, &memory()).unwrap_err();
    assert_eq!(
        findings[0].to_string(),
        "conf/portcullis.yaml:9:62: error: `upstreams.lake.credentials.secret_access_key`: cannot read `conf/secrets/lake`: there is no such file"
    );
    let memory = memory().file("conf/secrets/lake", "0123456789abcdef0123\n");
    let (settings, warnings) = load(file, &memory).unwrap();
    assert_eq!(warnings, []);
    let portcullis::config::settings::Credentials::Static {
        secret_access_key: secret,
        ..
    } = &settings.upstreams[0].connection.credentials
    else {
        panic!("{settings:?}");
    };
    assert_eq!(secret.expose(), "0123456789abcdef0123");
}

#[test]
fn t51_secret_files_open_to_others_are_refused_if_we_could_close_them() {
    let with = |mode, owner| {
        let access = Access { mode, owner };
        Memory::default()
            .file_with(
                FILE,
                static_key("LAKE", "file:/run/lake"),
                Access {
                    mode: 0o644,
                    ..CLOSED
                },
            )
            .file_with("/run/lake", "0123456789abcdef0123", access)
    };
    check_in(with(0o600, Owner::Ourselves), "");
    check_in(with(0o400, Owner::Ourselves), "");
    check_in(
        with(0o640, Owner::Ourselves),
        "portcullis.yaml:9:62: error: `upstreams.lake.credentials.secret_access_key`: `/run/lake` holds a secret and is open to others (mode 0640); run `chmod 600 /run/lake`\n",
    );
    check_in(
        with(0o604, Owner::Ourselves),
        "portcullis.yaml:9:62: error: `upstreams.lake.credentials.secret_access_key`: `/run/lake` holds a secret and is open to others (mode 0604); run `chmod 600 /run/lake`\n",
    );
    check_in(
        with(0o440, Owner::Other),
        "portcullis.yaml:9:62: warning: `upstreams.lake.credentials.secret_access_key`: `/run/lake` holds a secret and is open to others (mode 0440); it is not ours to close\n",
    );
}

#[test]
fn t51_a_secret_in_the_configuration_makes_it_a_secret_file() {
    let open = Access {
        mode: 0o644,
        ..CLOSED
    };
    let written = static_key("LAKE", "0123456789abcdef0123");
    check_in(
        Memory::default().file_with(FILE, written.clone(), open),
        "portcullis.yaml:1:1: error: `portcullis.yaml` holds a secret and is open to others (mode 0644); run `chmod 600 portcullis.yaml`\n",
    );
    check_in(Memory::default().file_with(FILE, written, CLOSED), "");
    let named = static_key("LAKE", "${SECRET}");
    check_in(
        Memory::default()
            .file_with(FILE, named, open)
            .variable("SECRET", "0123456789abcdef0123"),
        "",
    );
}

#[test]
fn identities_are_checked_in_their_own_files() {
    let text = format!("{GOOD}identities: people\n");
    let account = |id: &str, key: &str| {
        format!(
            "accounts:\n  \"{id}\":\n    users:\n      alice:\n        access_keys:\n          - {{ id: {key}, secret: 0123456789abcdef0123 }}\n"
        )
    };
    let memory = |first: String, second: String| {
        Memory::default()
            .file(FILE, text.clone())
            .file("people/one.yaml", first)
            .file("people/two.yaml", second)
    };
    check_in(
        memory(
            account("111122223333", "KEY1"),
            account("222233334444", "KEY2"),
        ),
        "",
    );
    check_in(
        memory(
            account("111122223333", "KEY1"),
            account("222233334444", "KEY1"),
        ),
        "people/two.yaml:6:19: error: `accounts.222233334444.users.alice.access_keys[0].id`: access key id `KEY1` is arn:aws:iam::111122223333:user/alice's already\n",
    );
    check_in(
        memory(
            account("111122223333", "KEY1"),
            account("111122223333", "KEY2"),
        ),
        "people/two.yaml:2:3: error: `accounts.111122223333`: account `111122223333` stands in another file already\n",
    );
    check_in(
        memory(account("11112222333", "KEY1"), "accounts: 5\n".to_owned()),
        "people/one.yaml:2:3: error: `accounts.11112222333`: `11112222333`: an account id has exactly 12 digits\n\
         people/two.yaml:1:11: error: `accounts`: expected a map, found the number `5`\n",
    );
    check(
        &format!("{GOOD}identities: nowhere.yaml\n"),
        "portcullis.yaml:10:13: error: `identities`: `nowhere.yaml`: cannot read it: there is no such file\n",
    );
}

#[test]
fn users_are_checked() {
    let at = "identities.accounts.111122223333.users.alice";
    check(
        &user("          { path: eng, policies: [raed], status: active }"),
        &format!(
            "portcullis.yaml:15:19: error: `{at}.path`: `eng` is not a path: it begins and ends with `/`\n\
             portcullis.yaml:15:35: error: `{at}.policies[0]`: no policy of this account is named `raed`\n\
             portcullis.yaml:15:42: error: `{at}.status`: unknown field; known here: `access_keys`, `boundary`, `groups`, `path`, `policies`, `tags`\n"
        ),
    );
    check(
        &user("          { access_keys: [{ id: KEY1 }, { secret: \"\", status: open }] }"),
        &format!(
            "portcullis.yaml:15:27: error: `{at}.access_keys[0].secret`: missing\n\
             portcullis.yaml:15:41: error: `{at}.access_keys[1].id`: missing\n\
             portcullis.yaml:15:51: error: `{at}.access_keys[1].secret`: is empty\n\
             portcullis.yaml:15:63: error: `{at}.access_keys[1].status`: expected `active` or `inactive`, found `open`\n"
        ),
    );
    check(
        &user("          { path: /eng/, tags: { team: orders } }"),
        "",
    );
}

#[test]
fn the_effective_configuration_masks_secrets() {
    let memory = Memory::default().file(FILE, static_key("LAKE", "0123456789abcdef0123"));
    let shown = loaded(&memory).masked_yaml();
    assert!(!shown.contains("0123456789abcdef0123"), "{shown}");
    insta::assert_snapshot!(shown);
}

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": { "AWS": "111122223333" },
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::lake-raw/*"
    }
  ]
}
"#;

/// The good configuration with a folder of policies that holds these files.
#[track_caller]
fn check_policies(files: &[(&str, &str)], expected: &str) {
    let memory = Memory::default().file(FILE, format!("{GOOD}policies: p\n"));
    let memory = files.iter().fold(memory, |memory, (name, text)| {
        memory.file(format!("p/{name}"), *text)
    });
    check_in(memory, expected);
}

#[test]
fn bucket_policies_are_compiled_with_their_places() {
    let file = "buckets/lake-raw/policy.json";
    check_policies(&[(file, POLICY)], "");
    check_policies(
        &[(file, &POLICY.replace("s3:GetObject", "s3:GetObjct"))],
        "p/buckets/lake-raw/policy.json:7:17: error: unknown action `s3:GetObjct`, did you mean `s3:GetObject`?\n",
    );
    check_policies(
        &[(file, &POLICY.replace("\"Allow\",", "\"Allow\""))],
        "p/buckets/lake-raw/policy.json:6:7: error: expected `,` or `}`\n",
    );
    check_policies(
        &[(file, &POLICY.replace("lake-raw", "lake-cooked"))],
        "p/buckets/lake-raw/policy.json:7:17: error: `s3:GetObject` applies to no resource of this statement\n\
         p/buckets/lake-raw/policy.json:8:19: error: `arn:aws:s3:::lake-cooked/*` lies outside the bucket `lake-raw`\n",
    );
}

#[test]
fn what_a_folder_of_policies_holds_is_read_or_refused() {
    let good = ("buckets/lake-raw/policy.json", POLICY);
    check_policies(&[good, ("buckets/lake-raw/.hidden", "")], "");
    check_policies(
        &[
            good,
            ("buckets/Lake/policy.json", POLICY),
            ("buckets/lake-raw.json", POLICY),
            ("buckets/lake-raw/tags.json", "[]"),
            ("buckets/lake-raw/policy.yaml", POLICY),
            ("guardrails/deny.txt", ""),
            ("lake.json", POLICY),
        ],
        "p/buckets/Lake: error: `Lake` is not a bucket: a bucket name has 3 to 63 lower-case letters, digits, dots and hyphens, and begins and ends with a letter or digit\n\
         p/buckets/lake-raw.json: error: not read: a bucket has a folder of its own with `policy.json` in it\n\
         p/buckets/lake-raw/policy.yaml: error: a bucket has one of these; another file holds it already\n\
         p/buckets/lake-raw/tags.json: error: not read: only `policy.json`, `public-access-block.json`, `cors.json`, `ownership.json`, `acl.json`, `tagging.json`, `object-lock.json` and `policy.candidate.json` are\n\
         p/guardrails/deny.txt: error: not read: guardrails are `*.rego`, or resource-control documents `*.json` and `*.yaml`\n\
         p/lake.json: error: not read: only `buckets/<bucket>/` and `guardrails/` are\n",
    );
    check(
        &format!("{GOOD}policies: nowhere\n"),
        "portcullis.yaml:10:11: error: `policies`: `nowhere` is not a folder\n",
    );
}

#[test]
fn examples_beside_policies_are_not_in_force() {
    check_policies(&[("examples/any/policy.json", "{")], "");
    check_policies(
        &[("example/any/policy.json", "{")],
        "p/example: error: not read: only `buckets/<bucket>/` and `guardrails/` are\n",
    );
}

#[test]
fn examples_are_checked_only_where_they_are_named() {
    let memory = Memory::default()
        .file("p/buckets/lake-raw/policy.json", POLICY)
        .file("p/examples/one/policy.json", "{}")
        .file("p/examples/two/policy.json", POLICY)
        .file("q/examples/one/policy.json", "{}");
    let lines = |path: &str| -> Vec<String> {
        let findings = portcullis::config::verify(Path::new(path), &memory);
        findings.iter().map(|one| one.file.to_string()).collect()
    };
    assert_eq!(lines("p"), [""; 0]);
    assert_eq!(lines("p/examples/two"), [""; 0]);
    assert_eq!(lines("q"), ["q/examples/one/policy.json"]);
}

#[test]
fn decision_cases_are_checked() {
    let case = "name: x\nprincipal: anonymous\nbucket_owner_account: \"111122223333\"\naction: s3:GetObject\n\
                resource: arn:aws:s3:::lake-raw/x\nbucket_policy: { file: policy.json }\nexpected: allow\n";
    let verify = |case: &str| {
        let memory = Memory::default()
            .file("case.yaml", case)
            .file("policy.json", POLICY);
        let findings = portcullis::config::verify(Path::new("case.yaml"), &memory);
        let lines = findings.iter().map(|finding| format!("{finding}\n"));
        lines.collect::<String>()
    };
    assert_eq!(verify(case), "");
    assert_eq!(
        verify(
            &case
                .replace("action", "acton")
                .replace("policy.json", "p.json")
        ),
        "case.yaml:1:1: error: `action` is missing\n\
         case.yaml:4:1: error: unknown field `acton`, did you mean `action`?\n\
         case.yaml:6:24: error: `p.json`: cannot read it: there is no such file\n"
    );
    assert_eq!(
        verify("- expected: allow\n"),
        "case.yaml:1:3: error: `action` is missing\n\
         case.yaml:1:3: error: `bucket_owner_account` is missing\n\
         case.yaml:1:3: error: `name` is missing\n\
         case.yaml:1:3: error: `principal` is missing\n\
         case.yaml:1:3: error: `resource` is missing\n"
    );
}

#[test]
fn a_policy_of_a_bucket_that_nobody_holds_is_a_warning() {
    let policy = POLICY.replace("lake-raw", "lack-raw");
    check_policies(
        &[("buckets/lack-raw/policy.json", &policy)],
        "portcullis.yaml:10:11: warning: `policies`: there is a policy for `lack-raw`, but no upstream holds that bucket\n",
    );
}

#[test]
fn identity_policies_are_written_named_or_filed() {
    let allow = r#"{ Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "s3:*", Resource: "arn:aws:s3:::lake-raw/${aws:username}/*" }] }"#;
    let text = user(&format!(
        "          {{ policies: [read, {allow}, \"file:own.json\"], boundary: read }}\n      policies: {{ read: {allow} }}"
    ));
    let own = POLICY.replace("      \"Principal\": { \"AWS\": \"111122223333\" },\n", "");
    let memory = || Memory::default().file(FILE, text.as_str());
    check_in(memory().file("own.json", own.clone()), "");
    let settings = loaded(&memory().file("own.json", own));
    let alice = &settings.directory.callers["arn:aws:iam::111122223333:user/alice"];
    assert_eq!(alice.policies.documents().len(), 3);
    assert!(alice.boundary.is_some());
    check_in(
        memory(),
        "portcullis.yaml:15:158: error: `identities.accounts.111122223333.users.alice.policies[2]`: `own.json`: cannot read it: there is no such file\n",
    );
    check_in(
        Memory::default()
            .file(FILE, text.replace("boundary: read", "boundary: raed"))
            .file("own.json", "{}"),
        "own.json:1:1: error: a policy needs `Statement`\n\
         portcullis.yaml:15:186: error: `identities.accounts.111122223333.users.alice.boundary`: no policy of this account is named `raed`, did you mean `read`?\n",
    );
}

#[test]
fn certificates_are_checked_to_fit_their_keys() {
    let read = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config/tls");
        std::fs::read(folder.join(name)).unwrap()
    };
    let text = GOOD.replace(
        "\"127.0.0.1:8080\"",
        "\"127.0.0.1:8080\", tls: { cert: \"file:crt\", key: \"file:key\" }",
    );
    let with = |cert: Vec<u8>, key: Vec<u8>| {
        Memory::default()
            .file(FILE, text.as_str())
            .file("crt", cert)
            .file("key", key)
    };
    check_in(with(read("tls.crt"), read("tls.key")), "");
    check_in(
        with(read("tls.crt"), read("other.key")),
        "portcullis.yaml:2:47: error: `listeners.app.tls.cert`: the key is another certificate's\n",
    );
    check_in(
        with(read("tls.key"), read("tls.crt")),
        "portcullis.yaml:2:47: error: `listeners.app.tls.cert`: no certificate in PEM form here\n\
         portcullis.yaml:2:64: error: `listeners.app.tls.key`: no private key in PEM form here; a file is written `file:PATH`\n",
    );
}

#[test]
fn the_exit_code_says_clean_findings_or_cannot_run() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let good = write("good.yaml", GOOD);
    let bad = write("bad.yaml", &GOOD.replace("app:", "app: { zzz: 1 }\n  two:"));
    let odd = write(
        "odd.yaml",
        &GOOD.replace("buckets: [\"lake-*\"]", "default: true"),
    );
    let policy = write("policy.json", "{}");
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
        let output = command
            .env_clear()
            .arg("validate")
            .args(arguments)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    assert_eq!(
        run(&["--config", &good]),
        (0, "0 errors, 0 warnings\n".to_owned())
    );
    assert_eq!(run(&["--config", &odd]).0, 0);
    assert_eq!(run(&["--config", &odd, "--strict"]).0, 1);
    assert_eq!(run(&["--config", &bad]).0, 1);
    assert_eq!(run(&[&good, &policy]).0, 1);
    assert_eq!(run(&[]).0, 2);
    assert_eq!(run(&["--config", "/nowhere/portcullis.yaml"]).0, 2);
    let (_, printed) = run(&["--config", &bad, "--format", "json"]);
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["errors"], 2);
    assert_eq!(printed["findings"][0]["path"], "listeners.app.bind");
}

#[test]
fn t51_the_mode_of_a_real_file_is_seen() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    std::fs::write(&path, static_key("LAKE", "0123456789abcdef0123")).unwrap();
    let messages = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        match load(&path, &portcullis::config::Host) {
            Ok((_, findings)) | Err(findings) => findings.len(),
        }
    };
    assert_eq!(messages(0o644), 1);
    assert_eq!(messages(0o620), 1);
    assert_eq!(messages(0o600), 0);
}

#[test]
fn a_profile_of_the_chain_stands_alone() {
    let with = |written: &str| GOOD.replace("anonymous", written);
    check(&with("{ profile: gateway }"), "");
    check(
        &with("{ profile: gateway, access_key_id: LAKE }"),
        "portcullis.yaml:9:29: error: `upstreams.lake.credentials.profile`: stands alone: the chain's profile has its own key\n",
    );
    check(
        &with("{ access_key_id: LAKE }"),
        "portcullis.yaml:9:5: error: `upstreams.lake.credentials.secret_access_key`: missing\n",
    );
}

#[test]
fn an_upstream_of_aws_needs_no_endpoint_and_no_credentials() {
    let text = |region: &str| {
        format!(
            "listeners:\n  app: {{ bind: \"127.0.0.1:8080\" }}\nupstreams:\n  aws: {{ profile: aws{region}, owner_account: \"111122223333\", buckets: [a] }}\n"
        )
    };
    check(
        &text(""),
        "portcullis.yaml:4:3: error: `upstreams.aws.region`: missing\n",
    );
    for (region, endpoint) in [
        (", region: eu-west-1", "https://s3.eu-west-1.amazonaws.com"),
        (
            ", region: cn-north-1",
            "https://s3.cn-north-1.amazonaws.com.cn",
        ),
    ] {
        let settings = loaded(&Memory::default().file(FILE, text(region)));
        assert_eq!(
            settings.upstreams[0].connection.endpoint.to_string(),
            endpoint
        );
    }
}

#[test]
fn relative_paths_start_at_the_file_they_stand_in() {
    let text =
        format!("{GOOD}identities: people/all.yaml\npolicies: p\nstate: {{ redb: s.redb }}\n");
    let people = "accounts: { \"111122223333\": { users: { alice: { policies: [\"file:../p/identities/a.json\"] } } } }";
    let policy = POLICY.replace("      \"Principal\": { \"AWS\": \"111122223333\" },\n", "");
    let memory = Memory::default()
        .file("/etc/gate/portcullis.yaml", text)
        .file("/etc/gate/people/all.yaml", people)
        .file("/etc/gate/p/identities/a.json", policy);
    let (settings, findings) = load(Path::new("/etc/gate/portcullis.yaml"), &memory).unwrap();
    assert_eq!(findings, []);
    assert_eq!(settings.state.unwrap().0, Path::new("/etc/gate/s.redb"));
}

#[test]
fn nothing_configured_is_said_where_it_stands() {
    check(
        "listeners: {}\nupstreams: {}\nlogs: {}\n",
        "portcullis.yaml:1:12: error: `listeners`: no listener is configured\n\
         portcullis.yaml:2:12: error: `upstreams`: no upstream is configured\n\
         portcullis.yaml:3:7: error: `logs`: no log is configured: leave the entry out for the default, a JSON log on standard output\n",
    );
}

#[test]
fn a_socket_s_path_has_a_bound() {
    let with = |length| GOOD.replace("127.0.0.1:8080", &format!("unix:/{}", "s".repeat(length)));
    check(&with(106), "");
    let findings = findings(&Memory::default().file(FILE, with(107)));
    assert!(
        findings.ends_with("is longer than the 107 bytes of a Unix socket's path\n"),
        "{findings}"
    );
}

/// A configuration with the policy of one bucket, which everyone reads, and what it accepts.
fn accepting(written: &str) -> Memory {
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*",
 "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake-a/*"}}"#;
    Memory::default()
        .file(FILE, format!("{GOOD}policies: policies\n{written}"))
        .file("policies/buckets/lake-a/policy.json", policy)
}

#[test]
fn what_the_linter_finds_is_a_warning_with_its_rule() {
    check_in(
        accepting(""),
        "policies/buckets/lake-a/policy.json:1:60: warning: this statement opens the bucket to everyone [public]\n",
    );
}

#[test]
fn a_finding_is_accepted_by_file_and_rule_with_a_reason() {
    let accept = |file: &str, rule: &str, reason: &str| {
        accepting(&format!(
            "lint: {{ allow: {{ {file}: {{ {rule}: {reason} }} }} }}\n"
        ))
    };
    let file = "./policies/x/../buckets/lake-a/policy.json";
    check_in(accept(file, "public", "everyone reads our releases"), "");
    check_in(
        accept(file, "public", "\"\""),
        "portcullis.yaml:11:72: error: `lint.allow../policies/x/../buckets/lake-a/policy.json.public`: say why the finding is accepted\n",
    );
    check_in(
        accept("policies/buckets/lake-b/policy.json", "public", "why"),
        "policies/buckets/lake-a/policy.json:1:60: warning: this statement opens the bucket to everyone [public]\n\
         portcullis.yaml:11:57: warning: `lint.allow.policies/buckets/lake-b/policy.json.public`: `policies/buckets/lake-b/policy.json` has no such finding\n",
    );
    check_in(
        accept(
            "policies/buckets/lake-a/policy.json",
            "never-matches",
            "why",
        ),
        "policies/buckets/lake-a/policy.json:1:60: warning: this statement opens the bucket to everyone [public]\n\
         portcullis.yaml:11:57: warning: `lint.allow.policies/buckets/lake-a/policy.json.never-matches`: `policies/buckets/lake-a/policy.json` has no such finding\n",
    );
    check_in(
        accept("policies/buckets/lake-a/policy.json", "pubic", "why"),
        "policies/buckets/lake-a/policy.json:1:60: warning: this statement opens the bucket to everyone [public]\n\
         portcullis.yaml:11:57: error: `lint.allow.policies/buckets/lake-a/policy.json.pubic`: unknown rule `pubic`, did you mean `public`?\n",
    );
}

#[test]
fn t50_an_admin_listener_is_never_open_to_all() {
    let with = |written: &str| {
        let memory = Memory::default()
            .file(FILE, format!("{GOOD}admin: {written}\n"))
            .file("token", "0123456789abcdef\n")
            .file("short", "0123456789abcde\n")
            .file("run/other", "");
        findings(&memory)
    };
    let open = "every process that reaches this address could explain requests and reload";
    let clear = "the token would cross the network in the clear";
    for (written, says) in [
        ("unix:run/admin.sock", ""),
        ("{ bind: unix:run/admin.sock, recent: 10 }", ""),
        ("unix:none/admin.sock", "there is no folder `none`"),
        ("127.0.0.1:9091", open),
        ("{ bind: 127.0.0.1:9091 }", open),
        ("{ bind: 127.0.0.1:9091, token: \"file:token\" }", ""),
        ("{ bind: \"[::1]:9091\", token: \"file:token\" }", ""),
        (
            "{ bind: 127.0.0.1:9091, token: \"file:short\" }",
            "a token has 16 characters or more",
        ),
        ("{ bind: 0.0.0.0:9091, token: \"file:token\" }", clear),
        (
            "{ bind: unix:run/admin.sock, token: \"file:token\" }",
            "a Unix socket takes no `tls` and no `token`",
        ),
        (
            "{ bind: unix:run/admin.sock, recent: 0 }",
            "must be from 1 to 65536",
        ),
        ("{ recent: 10 }", "missing"),
        ("[]", "expected `unix:PATH` or an object with `bind`"),
    ] {
        let found = with(written);
        match says {
            "" => assert_eq!(found, "", "{written}"),
            says => assert!(found.contains(says), "{written}: {found}"),
        }
    }
}

#[test]
fn tags_in_files_are_for_stores_that_keep_none() {
    let with = |profile: &str, tags: &str| {
        let text = GOOD.replace("profile: s3s", &format!("profile: {profile}"));
        let memory = Memory::default().file(FILE, format!("{text}policies: p\n").as_str());
        findings(&memory.file("p/buckets/lake-raw/tagging.json", tags))
    };
    let tags = r#"{"TagSet": [{"Key": "team", "Value": "data"}]}"#;
    assert_eq!(with("s3s", tags), "");
    let found = with("moto", tags);
    let told = "`tagging` of `lake-raw` counts for nothing: its store keeps tags";
    assert!(found.contains(told), "{found}");
    let found = with("s3s", "{}");
    assert!(
        found.contains("tagging.json:1:1: error: `TagSet` is missing"),
        "{found}"
    );
}

#[test]
fn settings_are_left_only_to_stores_that_keep_them() {
    let moto = |more: &str| GOOD.replace("profile: s3s", &format!("profile: moto{more}"));
    let left = "\n    settings: { policy: upstream, cors: gateway }";
    check(&moto(left), "");
    check(
        &moto(left).replace("moto", "s3s"),
        "portcullis.yaml:6:25: error: `upstreams.lake.settings.policy`: stores of profile `s3s` do not keep this, as far as is known\n",
    );
    let bad = moto(left).replace("policy: upstream", "policy: store");
    assert!(findings(&Memory::default().file(FILE, bad.as_str())).contains("policy"));
    let files = |text: String| {
        let text = format!("{text}policies: p\n");
        let memory = Memory::default().file(FILE, text.as_str());
        findings(&memory.file("p/buckets/lake-raw/policy.json", POLICY))
    };
    let found = files(moto(left));
    assert!(
        found.contains(
            "`policy` of `lake-raw` counts for nothing: by `settings` it is the upstream's"
        ),
        "{found}"
    );
    assert_eq!(files(moto("")), "");
}

#[test]
fn acls_count_only_where_a_store_keeps_records() {
    let files = |more: &str| {
        let text = format!("{GOOD}policies: p\n{more}");
        let memory = Memory::default().file(FILE, text.as_str());
        let rules = r#"{"Rules": [{"ObjectOwnership": "ObjectWriter"}]}"#;
        findings(&memory.file("p/buckets/lake-raw/ownership.json", rules))
    };
    let expected =
        "ACLs are enabled in `lake-raw`, and without `state` no record is kept of its objects";
    assert!(files("").contains(expected), "{}", files(""));
    assert_eq!(files("state: { redb: state.redb }\n"), "");
}

#[test]
fn t33_object_lock_by_a_file_takes_a_store() {
    let files = |more: &str| {
        let text = format!("{GOOD}policies: p\n{more}");
        let memory = Memory::default().file(FILE, text.as_str());
        let lock = r#"{"ObjectLockEnabled": "Enabled"}"#;
        findings(&memory.file("p/buckets/lake-raw/object-lock.json", lock))
    };
    let expected = "Object Lock is enabled in `lake-raw`, and without `state` no record is kept of its objects";
    assert!(files("").contains(expected), "{}", files(""));
    assert_eq!(files("state: { redb: state.redb }\n"), "");
}

#[test]
fn locks_are_told_only_to_stores_that_keep_them() {
    let told = |profile: &str, owner: &str| {
        let text = GOOD.replace("profile: s3s", &format!("profile: {profile}"));
        let line =
            format!("owner_account: \"111122223333\"\n    settings: {{ object_lock: {owner} }}");
        let text = text.replacen("owner_account: \"111122223333\"", &line, 1);
        findings(&Memory::default().file(FILE, text.as_str()))
    };
    for owner in ["both", "upstream"] {
        let found = told("garage", owner);
        assert!(
            found.contains("stores of profile `garage` do not keep this"),
            "{found}"
        );
    }
    assert!(!told("garage", "gateway").contains("do not keep this"));
    assert!(!told("ceph", "both").contains("do not keep this"));
}
