//! The engine by itself: what it makes of files and inputs, and that it fails closed.

use super::{Compiled, Engine, Source, compile};
use portcullis_core::admission::rego::{Failure, Refusal};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// Long enough for a loaded machine, where time is not what is tested.
const LONG: Duration = Duration::from_secs(20);

fn source(file: &str, rules: &str) -> Source {
    let text = match rules.starts_with("package") {
        true => rules.to_owned(),
        false => format!("package portcullis.guardrails\n{rules}\n"),
    };
    Source {
        file: file.into(),
        text,
    }
}

fn compiled(files: &[(&str, &str)]) -> Result<Compiled, String> {
    let sources: Vec<Source> = files
        .iter()
        .map(|(file, rules)| source(file, rules))
        .collect();
    compile(&sources, json!({}), LONG).map_err(|problems| {
        problems.iter().fold(String::new(), |mut all, problem| {
            let file = problem.file.as_deref().unwrap_or("?");
            let (line, column) = (problem.at.line, problem.at.column);
            writeln!(all, "{file}:{line}:{column}: {}", problem.message).unwrap();
            all
        })
    })
}

#[track_caller]
fn engine(files: &[(&str, &str)]) -> Engine {
    compiled(files).unwrap().engine.unwrap()
}

fn judge(engine: &Engine, input: Value) -> Result<Vec<Refusal>, Failure> {
    engine.judge_json(input, &mut Duration::default())
}

/// `code message (file)` of every refusal, or the failure.
fn said(engine: &Engine, input: Value) -> String {
    match judge(engine, input) {
        Ok(refusals) => refusals
            .iter()
            .map(|one| {
                let code = one.code().unwrap_or("-");
                let file = one.file().unwrap_or("?");
                format!("{code} {} ({file})", one.message())
            })
            .collect::<Vec<_>>()
            .join("; "),
        Err(failure) => failure.to_string(),
    }
}

#[track_caller]
fn check(rules: &str, input: Value, expected: &str) {
    assert_eq!(
        said(&engine(&[("a.rego", rules)]), input),
        expected,
        "{rules}"
    );
}

#[track_caller]
fn refused(files: &[(&str, &str)], expected: &str) {
    assert_eq!(compiled(files).map(drop), Err(expected.to_owned()));
}

#[track_caller]
fn warned(files: &[(&str, &str)], expected: &[&str]) {
    let warnings = compiled(files).unwrap().warnings;
    let shown = |problem: &super::Problem| {
        let (line, column) = (problem.at.line, problem.at.column);
        format!(
            "{}:{line}:{column}: {}",
            problem.file.as_deref().unwrap_or("?"),
            problem.message
        )
    };
    assert_eq!(warnings.iter().map(shown).collect::<Vec<_>>(), expected);
}

#[test]
fn a_rule_refuses_with_a_text_or_an_object() {
    let text = "deny contains \"no\" if input.a == 1";
    check(text, json!({"a": 1}), "- no (a.rego)");
    check(text, json!({"a": 2}), "");
    let object =
        "deny contains {\"msg\": sprintf(\"no %v\", [input.a]), \"code\": \"C1\"} if input.a > 0";
    check(object, json!({"a": 1}), "C1 no 1 (a.rego)");
    check(object, json!({"a": 0}), "");
}

#[test]
fn rules_may_be_written_in_the_older_way() {
    check(
        "deny[msg] { input.a == 1; msg := \"no\" }",
        json!({"a": 1}),
        "- no (a.rego)",
    );
    check(
        "deny[msg] { input.a == 1; msg := \"no\" }",
        json!({"a": 2}),
        "",
    );
}

#[test]
fn the_rules_of_all_files_add_up_and_each_is_named() {
    let files = [
        (
            "a.rego",
            "deny contains \"a\" if input.a\nshared if input.b",
        ),
        ("b.rego", "deny contains \"b\" if shared"),
        (
            "c.rego",
            "deny contains \"c\" if data.names.three == input.c",
        ),
        ("names.rego", "package names\nthree := 3"),
    ];
    let engine = engine(&files);
    // The second takes a rule of the first, so it says nothing alone.
    let all = json!({"a": true, "b": true, "c": 3});
    assert_eq!(said(&engine, all), "- a (a.rego); - b (?); - c (c.rego)");
    assert_eq!(said(&engine, json!({"c": 3})), "- c (c.rego)");
    assert_eq!(said(&engine, json!({"c": 4})), "");
}

/// The machine is used again: nothing of one request may be left for the next.
#[test]
fn no_request_sees_another() {
    let engine = engine(&[(
        "a.rego",
        "deny contains msg if { some tag in input.tags; msg := upper(tag) }\ndeny contains \"none\" if not input.tags",
    )]);
    for _ in 0..3 {
        assert_eq!(
            said(&engine, json!({"tags": ["x", "y"]})),
            "- X (a.rego); - Y (a.rego)"
        );
        assert_eq!(said(&engine, json!({"tags": []})), "");
        assert_eq!(said(&engine, json!({})), "- none (a.rego)");
    }
}

#[test]
fn what_is_undefined_does_not_refuse() {
    check("deny contains \"no\" if input.a.b.c == 1", json!({}), "");
    check("deny contains input.msg", json!({}), "");
    check(
        "deny contains input.msg",
        json!({"msg": "no"}),
        "- no (a.rego)",
    );
}

#[test]
fn a_function_that_fails_refuses() {
    let rules = "deny contains \"no\" if net.cidr_contains(input.net, \"10.0.0.1\")";
    check(rules, json!({"net": "10.0.0.0/8"}), "- no (a.rego)");
    check(rules, json!({"net": "11.0.0.0/8"}), "");
    let engine = engine(&[("a.rego", rules)]);
    for input in [json!({"net": "10.0.0.0/80"}), json!({"net": 7})] {
        assert!(matches!(judge(&engine, input), Err(Failure::Evaluation(_))));
    }
    // And the next request is judged as if nothing had happened.
    assert_eq!(said(&engine, json!({"net": "11.0.0.0/8"})), "");
}

#[test]
fn a_conflict_between_rules_refuses() {
    let rules = "limit := 1 if input.a\nlimit := 2 if input.b\ndeny contains \"no\" if limit > 5";
    check(rules, json!({"a": true}), "");
    let engine = engine(&[("a.rego", rules)]);
    let both = judge(&engine, json!({"a": true, "b": true}));
    assert!(matches!(both, Err(Failure::Evaluation(_))), "{both:?}");
}

#[test]
fn a_member_of_another_shape_refuses() {
    let shape = "`deny` has a member that is neither a text nor an object with `msg`";
    let rules = "deny contains input.member";
    for member in [
        json!(true),
        json!(null),
        json!(["no"]),
        json!({}),
        json!({"code": "C"}),
        json!({"msg": 1}),
        json!({"msg": "no", "code": 1}),
    ] {
        check(rules, json!({"member": member}), shape);
    }
    check(
        rules,
        json!({"member": {"msg": "no", "more": 1}}),
        "- no (a.rego)",
    );
}

#[test]
fn an_endless_rule_ends_with_the_deadline() {
    let rules = "deny contains \"no\" if { n := count([1 | some i in numbers.range(1, 3000); some j in numbers.range(1, 3000); i * j == input.a]); n > 0 }";
    let sources = [source("a.rego", rules)];
    let deadline = Duration::from_millis(10);
    let engine = compile(&sources, json!({}), deadline)
        .unwrap()
        .engine
        .unwrap();
    let mut spent = Duration::ZERO;
    assert_eq!(
        engine.judge_json(json!({"a": 0}), &mut spent),
        Err(Failure::Deadline)
    );
    assert!(spent >= deadline);
    // The keys of one request share ten times the deadline.
    let mut judged = 1;
    while spent < 10 * deadline {
        assert_eq!(
            engine.judge_json(json!({"a": 0}), &mut spent),
            Err(Failure::Deadline)
        );
        judged += 1;
    }
    assert!(judged <= 10);
    let before = spent;
    assert_eq!(
        engine.judge_json(json!({"a": 0}), &mut spent),
        Err(Failure::Deadline)
    );
    assert_eq!(spent, before);
}

#[test]
fn t47_hostile_words_stay_on_their_line() {
    let rules = "deny contains {\"msg\": input.key, \"code\": input.key}";
    let engine = engine(&[("a.rego", rules)]);
    let key = "a\r\n{\"x\": 1}\u{1b}[2J\u{2028}</Message>\u{0}";
    let refusals = judge(&engine, json!({"key": key.repeat(100)})).unwrap();
    let refusal = refusals.first().unwrap();
    for text in [refusal.message(), refusal.code().unwrap()] {
        assert!(
            text.starts_with("a\u{fffd}\u{fffd}{\"x\": 1}\u{fffd}[2J\u{fffd}</Message>\u{fffd}a")
        );
        assert!(text.chars().count() <= Refusal::MAX_MESSAGE + 1);
    }
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    refused(
        &[
            ("a.rego", "deny contains \"no\" if {\n  input.a ==\n}"),
            ("b.rego", "deny contains"),
            ("c.rego", "deny contains \"no\" if input.a"),
        ],
        "a.rego:4:1: expecting expression\nb.rego:3:1: expecting expression\n",
    );
    let set = "a.rego:2:1: `deny` must be a set: write `deny contains msg if { … }`\n";
    let refused_with = |rules: &str, expected: &str| refused(&[("a.rego", rules)], expected);
    refused_with("package", "a.rego:1:8: expecting identifier\n");
    refused_with("deny := true", set);
    refused_with("deny[\"no\"] := 1 if true", set);
    for (function, call) in [
        ("http.send", "http.send({\"url\": \"http://x\"})"),
        ("time.now_ns", "time.now_ns() > 0"),
        ("rand.intn", "rand.intn(\"x\", 3) == 1"),
        ("opa.runtime", "opa.runtime().env.HOME"),
    ] {
        refused_with(
            &format!("deny contains \"no\" if {call}"),
            &format!(
                "a.rego:2:23: `{function}` may not be used: what a guardrail says depends on its input alone\n"
            ),
        );
    }
}

/// Rules that ask each other are found out when they are asked; a request is refused.
#[test]
fn rules_in_a_circle_refuse() {
    let engine = engine(&[("a.rego", "deny contains \"no\" if x\nx if y\ny if x")]);
    let found = judge(&engine, json!({}));
    assert!(matches!(found, Err(Failure::Evaluation(_))), "{found:?}");
}

/// A name that nothing binds would be undefined, and its rule would never refuse.
#[test]
fn a_name_that_nothing_binds_refuses() {
    let engine = engine(&[("a.rego", "deny contains msg if input.a")]);
    let found = judge(&engine, json!({"a": 1}));
    assert!(found != Ok(Vec::new()), "{found:?}");
}

#[test]
fn what_decides_nothing_is_said() {
    let good = "deny contains \"no\" if helper\nhelper if input.a\n";
    warned(&[("a.rego", good)], &[]);
    warned(
        &[(
            "a.rego",
            &format!("{good}\ndeni contains \"no\" if input.b"),
        )],
        &["a.rego:5:1: `deni` decides nothing: no other rule uses it"],
    );
    warned(
        &[
            ("a.rego", good),
            (
                "b.rego",
                "package portcullis.guardrail\ndeny contains \"no\"",
            ),
        ],
        &[
            "b.rego:0:0: package `portcullis.guardrail` decides nothing: guardrails are in `portcullis.guardrails`",
        ],
    );
    warned(
        &[("b.rego", "package other\ndeny contains \"no\"")],
        &["b.rego:0:0: package `other` decides nothing: guardrails are in `portcullis.guardrails`"],
    );
    assert!(compiled(&[]).unwrap().engine.is_none());
}

#[test]
fn data_lies_beside_the_rules() {
    let sources = [source(
        "a.rego",
        "deny contains \"no\" if input.a in data.listed",
    )];
    let with = |data| compile(&sources, data, LONG).map(|compiled| compiled.engine.unwrap());
    let engine = with(json!({"listed": ["x", "y"]})).unwrap();
    assert_eq!(said(&engine, json!({"a": "x"})), "- no (a.rego)");
    assert_eq!(said(&engine, json!({"a": "z"})), "");
    assert!(with(json!([])).is_err());
    // What is a rule cannot be data too.
    let both = with(json!({"portcullis": {"guardrails": {"deny": ["x"]}}}));
    assert!(both.is_err());
}
