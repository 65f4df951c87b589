//! Every case of `data/decisions`: policies and a request, and what must come of it. The format is described in
//! `docs/decision-cases.md`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use portcullis_core::cases::{self, Case, Decided};
use portcullis_core::document::{self, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/decisions")
}

/// Every case, with the name of its file.
fn cases() -> Vec<(String, Case)> {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| !path.ends_with("README.md") && !path.ends_with("pending.yaml"))
        .collect();
    files.sort();
    files.iter().flat_map(|path| of_file(path)).collect()
}

fn of_file(path: &Path) -> Vec<(String, Case)> {
    let text = std::fs::read_to_string(path).unwrap();
    let file = path.file_name().unwrap().to_str().unwrap();
    let root = match path.extension().unwrap().to_str() {
        Some("json") => document::json(&text),
        _ => document::yaml(&text),
    };
    let cases = root.and_then(|root| cases::read(&root, file, &cases::no_files));
    let cases = cases.unwrap_or_else(|problems| panic!("{file}: {problems:#?}"));
    cases
        .into_iter()
        .map(|case| (file.to_owned(), case))
        .collect()
}

/// A case that is known to be decided wrongly: how it is decided today.
fn pending() -> BTreeMap<(String, String), String> {
    let text = std::fs::read_to_string(folder().join("pending.yaml")).unwrap();
    let Value::List(items) = document::yaml(&text).unwrap().value else {
        panic!("pending.yaml is a list");
    };
    let pending = items.iter().map(|item| {
        let text = |name: &str| {
            let value = item.get(name).and_then(|value| value.text());
            let missing = || panic!("pending.yaml:{}: no `{name}`", item.at.line);
            value.map_or_else(missing, str::to_owned)
        };
        assert!(!text("reason").is_empty());
        ((text("file"), text("case")), text("decided"))
    });
    pending.collect()
}

#[test]
fn every_case_is_decided_as_aws_decides_it() {
    let (cases, mut pending) = (cases(), pending());
    assert!(cases.len() >= 1111, "only {} cases found", cases.len());
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|(file, case)| {
            let known = pending.remove(&(file.clone(), case.name.clone()));
            failure(file, case, known)
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} cases\n{}\n",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
    assert!(pending.is_empty(), "no such cases: {pending:?}");
}

/// One line about a case that is decided otherwise than it says.
fn failure(file: &str, case: &Case, pending: Option<String>) -> Option<String> {
    let decided = case.decide();
    let Decided { outcome, by, .. } = &decided;
    let (outcome, good) = (outcome.name(), case.is_met_by(&decided));
    let why: String = decided
        .refused
        .iter()
        .map(|problem| format!("; {problem}"))
        .collect();
    let complaint = match pending {
        None if good => return None,
        None => {
            let (expected, by_whom) = (case.expected.unwrap().name(), case.by.unwrap_or("any"));
            format!("{outcome} by {by}, not {expected} by {by_whom}{why}")
        }
        Some(known) if !good && known == outcome => return None,
        Some(known) if !good => format!("{outcome} by {by}, pending as {known}{why}"),
        Some(_) => "decided as expected: strike it from pending.yaml".to_owned(),
    };
    let (line, name) = (case.line, &case.name);
    Some(format!("{file}:{line}: {name}: {complaint}"))
}

/// A rule whose cases all come out alike would also pass with the rule left out.
#[test]
fn every_rule_is_tested_from_both_sides() {
    let mut outcomes = BTreeMap::<_, BTreeSet<_>>::new();
    for (file, case) in cases().into_iter().filter(|(_, case)| case.in_rule) {
        let outcome = case.expected.unwrap().name();
        let rule = (file, case.rule.unwrap());
        outcomes.entry(rule).or_default().insert(outcome);
    }
    let one_sided: Vec<_> = outcomes.iter().filter(|(_, all)| all.len() < 2).collect();
    assert!(one_sided.is_empty(), "{one_sided:#?}");
}

#[test]
fn every_case_names_its_source_and_has_a_name_of_its_own() {
    let guides = [
        "IAM User Guide: ",
        "S3 User Guide: ",
        "S3 API Reference: ",
        "AWS Organizations User Guide: ",
        "Service Authorization Reference: ",
    ];
    let mut seen = BTreeSet::new();
    for (file, case) in cases() {
        let at = format!("{file}:{}", case.line);
        let [rule, source, why] = [case.rule, case.source, case.why].map(Option::unwrap_or_default);
        let known = guides.iter().any(|guide| source.starts_with(guide));
        assert!(known, "{at}: `{source}` is no guide of AWS");
        assert!(!rule.is_empty() && !why.is_empty(), "{at}");
        let name = case.name;
        assert!(seen.insert((file, name.clone())), "{at}: `{name}` again");
    }
}
