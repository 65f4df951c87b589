//! Modes of policy sources, candidates and listeners that observe: what the configuration may say, and what it says of
//! what is not enforced.

#![expect(clippy::panic, reason = "a test fails by panicking")]

mod memory;

use memory::Memory;
use portcullis::config::settings::DecisionMode;
use portcullis::config::{Settings, load};
use portcullis_core::policy::Mode;
use std::path::Path;

const FILE: &str = "portcullis.yaml";

const GOOD: &str = r#"listeners:
  app: { bind: "127.0.0.1:8080" }
upstreams:
  lake:
    profile: s3s
    endpoint: http://127.0.0.1:9000
    owner_account: "111122223333"
    buckets: ["lake-*"]
    credentials: anonymous
policies: p
"#;

const RAW: &str = "buckets/lake-raw/policy.json";
const CANDIDATE: &str = "buckets/lake-raw/policy.candidate.json";
const DONE: &str = "buckets/lake-done/policy.json";

fn policy(bucket: &str) -> String {
    format!(
        r#"{{ "Version": "2012-10-17", "Statement": [{{ "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::{bucket}/*" }}] }}"#
    )
}

/// Policies of two buckets, a candidate for one of them, and this after the configuration.
fn memory(text: &str) -> Memory {
    Memory::default()
        .file(FILE, format!("{GOOD}{text}"))
        .file(format!("p/{RAW}"), policy("lake-raw"))
        .file(format!("p/{CANDIDATE}"), policy("lake-raw"))
        .file(format!("p/{DONE}"), policy("lake-done"))
}

#[track_caller]
fn check_in(memory: &Memory, expected: &str) {
    let findings = match load(Path::new(FILE), memory) {
        Ok((_, warnings)) => warnings,
        Err(findings) => findings,
    };
    let lines = findings.iter().map(|finding| format!("{finding}\n"));
    assert_eq!(lines.collect::<String>(), expected);
}

#[track_caller]
fn check(text: &str, expected: &str) {
    check_in(&memory(text), expected);
}

#[track_caller]
fn loaded(memory: &Memory) -> Settings {
    match load(Path::new(FILE), memory) {
        Ok((settings, _)) => settings,
        Err(findings) => panic!("{findings:#?}"),
    }
}

/// The modes of the two buckets' policies; `None`: off.
fn modes(text: &str) -> [Option<Mode>; 2] {
    let settings = loaded(&memory(text));
    ["lake-raw", "lake-done"].map(|bucket| {
        let settings = settings.buckets.get(bucket);
        settings.and_then(|settings| Some(settings.policy()?.mode()))
    })
}

#[test]
fn policies_are_enforced_and_candidates_are_not_unless_something_else_is_said() {
    check("", "");
    assert_eq!(modes(""), [Some(Mode::Enforce); 2]);
    let settings = loaded(&memory(""));
    let candidate = &settings.candidates["lake-raw"];
    assert_eq!(
        (candidate.mode(), settings.candidates.len()),
        (Mode::Shadow, 1)
    );
}

#[test]
fn what_is_not_enforced_is_said() {
    check(
        &format!("modes:\n  {DONE}: shadow\n  {RAW}: off\n"),
        "portcullis.yaml:12:3: warning: `modes.buckets/lake-done/policy.json`: not enforced: `buckets/lake-done/policy.json` is in shadow, and decides nothing\n\
         portcullis.yaml:13:3: warning: `modes.buckets/lake-raw/policy.json`: not enforced: `buckets/lake-raw/policy.json` is off, and decides nothing\n",
    );
    let text = format!("modes: {{ {DONE}: shadow, {RAW}: off }}\n");
    assert_eq!(modes(&text), [None, Some(Mode::Shadow)]);
    let shown = loaded(&memory(&text)).masked_yaml();
    assert!(
        shown.contains("buckets/lake-raw/policy.json: off"),
        "{shown}"
    );
    assert!(shown.contains("policy.candidate.json: shadow"), "{shown}");
    check(&format!("modes: {{ {DONE}: enforce }}\n"), "");
}

#[test]
fn a_path_goes_before_a_pattern() {
    let text = format!("modes: {{ \"buckets/*/policy.json\": shadow, {RAW}: enforce }}\n");
    assert_eq!(modes(&text), [Some(Mode::Enforce), Some(Mode::Shadow)]);
    check(
        &text,
        "portcullis.yaml:11:10: warning: `modes.buckets/*/policy.json`: not enforced: `buckets/lake-done/policy.json` is in shadow, and decides nothing\n",
    );
}

#[test]
fn patterns_that_contradict_each_other_are_an_error() {
    check(
        "modes: { \"buckets/lake-r*\": off, \"*/policy.json\": shadow }\n",
        "portcullis.yaml:11:10: warning: `modes.buckets/lake-r*`: not enforced: `buckets/lake-raw/policy.json` is off, and decides nothing\n\
         portcullis.yaml:11:34: error: `modes.*/policy.json`: `buckets/lake-raw/policy.json` is `shadow` by this and `off` by `buckets/lake-r*`; name the file itself\n\
         portcullis.yaml:11:34: warning: `modes.*/policy.json`: not enforced: `buckets/lake-done/policy.json` is in shadow, and decides nothing\n",
    );
    // Two that agree are none, nor are two where the file is named.
    let agree = "modes: { \"buckets/lake-r*\": shadow, \"*/policy.json\": shadow }\n";
    assert_eq!(modes(agree), [Some(Mode::Shadow); 2]);
    let named = format!(
        "modes: {{ \"buckets/lake-r*\": off, \"*/policy.json\": shadow, {RAW}: enforce, {CANDIDATE}: off }}\n"
    );
    assert_eq!(modes(&named), [Some(Mode::Enforce), Some(Mode::Shadow)]);
}

#[test]
fn an_entry_that_means_no_policy_is_an_error() {
    check(
        "modes: { buckets/lake-raw/polici.json: shadow, \"guardrails/*\": off }\n",
        "portcullis.yaml:11:10: error: `modes.buckets/lake-raw/polici.json`: no policy below `policies` has this name, did you mean `buckets/lake-raw/policy.json`?\n\
         portcullis.yaml:11:48: error: `modes.guardrails/*`: no policy below `policies` has this name\n",
    );
    let nowhere = format!("{}modes: {{ a: off }}\n", GOOD.replace("policies: p\n", ""));
    check_in(
        &Memory::default().file(FILE, nowhere),
        "portcullis.yaml:10:10: error: `modes.a`: there is no folder `policies` that it could lie in\n",
    );
}

#[test]
fn a_mode_is_one_of_three() {
    check(
        &format!("modes: {{ {RAW}: on }}\n"),
        "portcullis.yaml:11:40: error: `modes.buckets/lake-raw/policy.json`: expected `enforce` or `shadow` or `off`, found `on`\n",
    );
}

#[test]
fn a_candidate_is_never_in_force() {
    check(
        &format!("modes: {{ {CANDIDATE}: enforce }}\n"),
        "portcullis.yaml:11:10: error: `modes.buckets/lake-raw/policy.candidate.json`: a candidate is never in force: move it to the place of `policy.json`\n",
    );
    let off = format!("modes: {{ {CANDIDATE}: off }}\n");
    assert!(loaded(&memory(&off)).candidates.is_empty());
    // A pattern that takes in policies and candidates means the policies.
    let all = loaded(&memory("modes: { \"*\": enforce }\n"));
    assert_eq!(all.candidates["lake-raw"].mode(), Mode::Shadow);
}

#[test]
fn a_candidate_beside_a_policy_in_shadow_hides_it() {
    check(
        &format!("modes: {{ {RAW}: shadow }}\n"),
        "p/buckets/lake-raw/policy.candidate.json: warning: hides the bucket's `policy.json`, which is in shadow itself: of the two only this one is tried\n\
         portcullis.yaml:11:10: warning: `modes.buckets/lake-raw/policy.json`: not enforced: `buckets/lake-raw/policy.json` is in shadow, and decides nothing\n",
    );
}

#[test]
fn what_is_off_is_checked_all_the_same() {
    let broken = policy("lake-done").replace("s3:PutObject", "s3:PutObjct");
    let memory = memory(&format!("modes: {{ {DONE}: off }}\n")).file(format!("p/{DONE}"), broken);
    check_in(
        &memory,
        "p/buckets/lake-done/policy.json:1:90: error: unknown action `s3:PutObjct`, did you mean `s3:PutObject`?\n\
         portcullis.yaml:11:10: warning: `modes.buckets/lake-done/policy.json`: not enforced: `buckets/lake-done/policy.json` is off, and decides nothing\n",
    );
}

#[test]
fn identity_policies_below_the_folder_can_be_named() {
    let text = r#"identities:
  accounts:
    "111122223333":
      users:
        alice: { policies: ["file:./q/../p/identities/a.json"], boundary: "file:p/identities/b.json" }
modes: { identities/a.json: shadow, identities/b.json: off }
"#;
    let own = policy("lake-raw").replace(r#""Principal": "*", "#, "");
    let memory = memory(text)
        .file("p/identities/a.json", own.as_str())
        .file("./q/../p/identities/a.json", own.as_str())
        .file("p/identities/b.json", own);
    let settings = loaded(&memory);
    let alice = &settings.directory.callers["arn:aws:iam::111122223333:user/alice"];
    assert_eq!(alice.policies.documents()[0].mode(), Mode::Shadow);
    assert!(alice.boundary.is_none());
}

#[test]
fn a_listener_decides_as_it_says_itself_or_as_all_do() {
    let modes = |text: &str| {
        let settings = loaded(&Memory::default().file(FILE, text.replace("policies: p\n", "")));
        settings.listeners[0].decision
    };
    assert_eq!(modes(GOOD), DecisionMode::Enforce);
    let all = format!("{GOOD}decision: observe\n");
    assert_eq!(modes(&all), DecisionMode::Observe);
    let own = |mode: &str| GOOD.replace(":8080\" }", &format!(":8080\", decision: {mode} }}"));
    assert_eq!(modes(&own("observe")), DecisionMode::Observe);
    let named = Memory::default()
        .variable("MODE", "observe")
        .file(FILE, own("\"${MODE}\"").replace("policies: p\n", ""));
    assert_eq!(loaded(&named).listeners[0].decision, DecisionMode::Observe);
    let both = format!("{}decision: observe\n", own("enforce"));
    assert_eq!(modes(&both), DecisionMode::Enforce);
}

#[test]
fn every_listener_that_observes_is_a_warning() {
    let warning = "observe: what nothing allows is not refused here, but passes unless it is denied or anonymous";
    let text = GOOD.replace(
        ":8080\" }",
        ":8080\", decision: observe }\n  b: { bind: \"127.0.0.1:8081\" }",
    );
    check_in(
        &memory("").file(FILE, text),
        &format!("portcullis.yaml:2:44: warning: `listeners.app.decision`: {warning}\n"),
    );
    check(
        "decision: observe\n",
        &format!("portcullis.yaml:2:3: warning: `listeners.app.decision`: {warning}\n"),
    );
    check(
        "decision: off\n",
        "portcullis.yaml:11:11: error: `decision`: expected `enforce` or `observe`, found `off`\n",
    );
}
