//! The engine against the slow reference evaluator: every written case, and generated pairs of policies and requests.
//! `PAIRS` and `SEED` in the environment ask for more of them and for others.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod generator;
mod reference;
mod shrink;

use portcullis_core::cases;
use portcullis_core::document;
use reference::Trace;
use serde_json::{Value, json};
use std::path::Path;
use std::thread;

const PAIRS: u64 = 20_000;
const SEED: u64 = 20_260_301;

#[test]
fn the_reference_decides_every_case_as_aws_does() {
    for case in cases() {
        let decided = reference::decide(&case, &mut Trace::default());
        assert_eq!(case["expected"], decided, "{}", case["name"]);
    }
}

/// The engine's `unknown` is a disagreement like any other: with a full context it has no place.
#[test]
fn the_engine_decides_generated_pairs_as_the_reference_does() {
    let (seed, pairs) = (number("SEED", SEED), number("PAIRS", PAIRS));
    let (trace, disagreements) = compare(seed, pairs);
    println!("SEED={seed} PAIRS={pairs}");
    for (what, count) in &trace.0 {
        println!("{count:>9}  {what}");
    }
    let told: Vec<String> = disagreements.into_iter().take(5).map(told).collect();
    assert!(told.is_empty(), "SEED={seed}\n{}", told.join("\n"));
    for outcome in ["allow", "explicit_deny", "implicit_deny"] {
        let share = trace.0[&format!("outcome: {outcome}")] as u64 * 100 / pairs;
        assert!(share >= 15, "only {share} % are {outcome}");
    }
}

/// `expected` is what the engine decides.
#[test]
#[ignore = "prints pairs, one JSON object a line, for a third evaluator"]
fn pairs_as_lines() {
    let (seed, pairs) = (number("SEED", SEED), number("PAIRS", PAIRS));
    for at in 0..pairs {
        let mut case = generator::pair(seed, at);
        if let Ok(engine) = decide(&case) {
            case["expected"] = engine.into();
            println!("{case}");
        }
    }
}

/// What the engine decides, in the words of `expected`; fails with what it refuses in a document.
fn decide(case: &Value) -> Result<&'static str, String> {
    let text = as_written(case).to_string();
    let root = document::json(&text).unwrap();
    let cases = cases::read(&root, "case", &cases::no_files).unwrap();
    let decided = cases[0].decide();
    match decided.refused.first() {
        None => Ok(decided.outcome.name()),
        Some(refused) => Err(refused.problem.message.clone()),
    }
}

/// The generator and the reference take a context as it stands, to which the reader would add what follows from the
/// caller; and they write the service level as an ARN of nothing.
fn as_written(case: &Value) -> Value {
    let mut case = case.clone();
    if case["resource"] == "arn:aws:s3:::" {
        case["resource"] = "*".into();
    }
    let context = case["context"].as_object_mut().unwrap();
    for key in [
        "aws:ResourceAccount",
        "aws:SecureTransport",
        "aws:PrincipalType",
        "aws:userid",
        "aws:username",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalServiceName",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:FederatedProvider",
    ] {
        if !context.keys().any(|known| known.eq_ignore_ascii_case(key)) {
            context.insert(key.to_owned(), Value::Null);
        }
    }
    case
}

fn cases() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/decisions");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| std::fs::read_to_string(path).unwrap())
        .map(|text| serde_json::from_str(&text).unwrap())
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a run is reproduced and extended from the command line"
)]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// What was exercised, and the cases in which the two differ; shared among all cores.
fn compare(seed: u64, pairs: u64) -> (Trace, Vec<Value>) {
    let workers = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let (mut trace, mut disagreements) = (Trace::default(), Vec::new());
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|first| {
                scope.spawn(move || compare_some(seed, (first..pairs).step_by(workers as usize)))
            })
            .collect();
        for worker in running {
            let (counted, found) = worker.join().unwrap();
            trace.add(counted);
            disagreements.extend(found);
        }
    });
    (trace, disagreements)
}

fn compare_some(seed: u64, numbers: impl Iterator<Item = u64>) -> (Trace, Vec<Value>) {
    let (mut trace, mut disagreements) = (Trace::default(), Vec::new());
    for number in numbers {
        let case = generator::pair(seed, number);
        let reference = reference::decide(&case, &mut trace);
        count_layers(&case, &mut trace);
        match decide(&case) {
            Err(refused) => trace.count(format!(
                "refused: {}",
                without_quotes(refused.split(';').next().unwrap())
            )),
            Ok(engine) if engine == reference => trace.count(format!("outcome: {reference}")),
            Ok(_) => disagreements.push(case),
        }
    }
    (trace, disagreements)
}

fn count_layers(case: &Value, trace: &mut Trace) {
    for layer in [
        "bucket_policy",
        "identity_policies",
        "permission_boundary",
        "session_policy",
        "resource_control_policies",
        "service_control_policies",
        "acl",
    ] {
        if !case[layer].is_null() && case[layer] != json!([]) {
            trace.count(format!("layer: {layer}"));
        }
    }
    let kind = case["principal"]["type"].as_str().unwrap_or("Anonymous");
    trace.count(format!("caller: {kind}"));
}

/// A message without what it quotes, so that its like are counted together.
fn without_quotes(message: &str) -> String {
    message.split('`').step_by(2).collect::<Vec<_>>().join("…")
}

/// The smallest case that still divides the two, and both answers.
fn told(case: Value) -> String {
    let divides = |case: &Value| {
        let reference = reference::decide(case, &mut Trace::default());
        decide(case).is_ok_and(|engine| engine != reference)
    };
    let small = shrink::shrink(case, divides);
    format!(
        "{}: the engine says {}, the reference {}\n{small:#}",
        small["name"],
        decide(&small).unwrap(),
        reference::decide(&small, &mut Trace::default()),
    )
}
