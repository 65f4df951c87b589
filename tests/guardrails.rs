//! The library of guardrails, each file with the cases beside it, judged by the engine that serves.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use portcullis::rego::{Engine, Source, compile};
use portcullis_core::document;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Long enough for a loaded machine.
const DEADLINE: Duration = Duration::from_secs(20);

fn library() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/guardrails/library");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut rules: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|name| name == "rego"))
        .collect();
    rules.sort();
    assert!(rules.len() >= 6, "{rules:?}");
    rules
}

fn source(file: &Path) -> Source {
    Source {
        file: file.file_name().unwrap().to_str().unwrap().into(),
        text: fs::read_to_string(file).unwrap(),
    }
}

fn engine(files: &[PathBuf]) -> Engine {
    let sources: Vec<Source> = files.iter().map(|file| source(file)).collect();
    let compiled = compile(&sources, json!({}), DEADLINE).unwrap();
    assert_eq!(compiled.warnings, []);
    compiled.engine.unwrap()
}

/// The cases beside a file: name, input, codes of the refusals.
fn cases(rules: &Path) -> Vec<(String, Value, BTreeSet<String>)> {
    let text = fs::read_to_string(rules.with_extension("test.yaml")).unwrap();
    let written = document::yaml(&text).unwrap().to_json();
    let codes = |case: &Value| {
        let codes = case["refused"].as_array().cloned().unwrap_or_default();
        codes
            .iter()
            .map(|code| code.as_str().unwrap().to_owned())
            .collect()
    };
    let case = |case: &Value| {
        let mut input = written["base"].clone();
        overlay(&mut input, &case["input"]);
        (
            case["name"].as_str().unwrap().to_owned(),
            input,
            codes(case),
        )
    };
    written["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(case)
        .collect()
}

/// Puts members over others; `null` takes one away.
fn overlay(under: &mut Value, over: &Value) {
    let (Some(under), Some(over)) = (under.as_object_mut(), over.as_object()) else {
        return;
    };
    for (name, value) in over {
        match value {
            Value::Null => drop(under.remove(name)),
            Value::Object(_) if under.get(name).is_some_and(Value::is_object) => {
                overlay(&mut under[name], value);
            }
            _ => drop(under.insert(name.clone(), value.clone())),
        }
    }
}

fn codes(engine: &Engine, input: Value) -> BTreeSet<String> {
    let refusals = engine.judge_json(input, &mut Duration::default()).unwrap();
    refusals
        .iter()
        .map(|refusal| refusal.code().unwrap().to_owned())
        .collect()
}

#[test]
fn every_file_of_the_library_does_what_its_cases_say() {
    for rules in library() {
        let engine = engine(std::slice::from_ref(&rules));
        let cases = cases(&rules);
        for (name, input, expected) in &cases {
            let found = codes(&engine, input.clone());
            assert_eq!(found, *expected, "{}: {name}", rules.display());
        }
        let passes = cases
            .iter()
            .filter(|(_, _, refused)| refused.is_empty())
            .count();
        assert!(passes > 0 && passes < cases.len(), "{}", rules.display());
    }
}

/// Files are copied together into one folder, where they share a package.
#[test]
fn no_file_of_the_library_changes_what_another_does() {
    let files = library();
    let all = engine(&files);
    for rules in &files {
        let alone = engine(std::slice::from_ref(rules));
        for (name, input, _) in cases(rules) {
            let own = codes(&alone, input.clone());
            let refusals = all.judge_json(input, &mut Duration::default()).unwrap();
            let file = rules.file_name().unwrap().to_str();
            let of_this = refusals.iter().filter(|refusal| refusal.file() == file);
            let found: BTreeSet<_> = of_this.map(|one| one.code().unwrap().to_owned()).collect();
            assert_eq!(found, own, "{}: {name}", rules.display());
        }
    }
}
