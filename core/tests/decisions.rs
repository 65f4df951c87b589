//! Every case of `data/decisions`: policies and a request, and what must come of it. The format is described in
//! `data/decisions/README.md`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "decisions/case.rs"]
mod case;
#[path = "decisions/file.rs"]
mod file;

use case::Decided;
use file::Case;
use portcullis_core::document::{self, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/decisions")
}

fn cases() -> Vec<Case> {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| !path.ends_with("README.md") && !path.ends_with("pending.yaml"))
        .collect();
    files.sort();
    files.iter().flat_map(|path| file::read(path)).collect()
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
        .filter_map(|case| {
            let known = pending.remove(&(case.file.clone(), case.text("name").to_owned()));
            failure(case, known)
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
fn failure(case: &Case, pending: Option<String>) -> Option<String> {
    let Decided { verdict, by, why } = case.decide();
    let (expected, expected_by) = (case.text("expected"), case.optional_text("by"));
    let good = verdict == expected && expected_by.is_none_or(|wanted| wanted == by);
    let complaint = match pending {
        None if good => return None,
        None => format!(
            "{verdict} by {by}, not {expected} by {}{why}",
            expected_by.unwrap_or("any")
        ),
        Some(known) if !good && known == verdict => return None,
        Some(known) if !good => format!("{verdict} by {by}, pending as {known}{why}"),
        Some(_) => "decided as expected: strike it from pending.yaml".to_owned(),
    };
    let (file, line, name) = (&case.file, case.line, case.text("name"));
    Some(format!("{file}:{line}: {name}: {complaint}"))
}

/// A rule whose cases all come out alike would also pass with the rule left out.
#[test]
fn every_rule_is_tested_from_both_sides() {
    let mut outcomes = BTreeMap::<_, BTreeSet<_>>::new();
    for case in cases().into_iter().filter(|case| case.in_list) {
        let rule = (case.file.clone(), case.text("rule").to_owned());
        let outcome = case.text("expected").to_owned();
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
    for case in cases() {
        let at = format!("{}:{}", case.file, case.line);
        let (source, name) = (case.text("source"), case.text("name"));
        let known = guides.iter().any(|guide| source.starts_with(guide));
        assert!(known, "{at}: `{source}` is no guide of AWS");
        let fields = ["rule", "why"].map(|field| case.text(field));
        assert!(fields.iter().all(|text| !text.is_empty()), "{at}");
        assert!(
            seen.insert((case.file.clone(), name.to_owned())),
            "{at}: `{name}` again"
        );
    }
}
