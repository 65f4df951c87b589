use super::*;
use portcullis_core::document::Place;
use portcullis_core::policy::lint::Rule;

fn finding(severity: Severity, rule: Option<Rule>) -> Finding {
    let place = Place { line: 4, column: 7 };
    let error = Finding::error(Path::new("a/../policies/x y,1%.json"), place, "50%: a\nb");
    Finding {
        severity,
        rule,
        ..error
    }
}

fn all() -> Vec<Finding> {
    let nowhere = Place { line: 0, column: 0 };
    vec![
        Finding::error(Path::new("/etc/p.yaml"), nowhere, "missing").of("listeners"),
        finding(Severity::Warning, Some(Rule::NeverMatches)),
        finding(Severity::Note, Some(Rule::NoVersion)),
    ]
}

#[test]
fn text_ends_with_the_rule_and_the_numbers() {
    assert_eq!(
        text::print(&all()),
        "/etc/p.yaml: error: `listeners`: missing\n\
         a/../policies/x y,1%.json:4:7: warning: 50%: a\nb [never-matches]\n\
         a/../policies/x y,1%.json:4:7: note: 50%: a\nb [no-version]\n\
         1 error, 1 warning, 1 note\n"
    );
    assert_eq!(text::print(&[]), "0 errors, 0 warnings\n");
}

#[test]
fn json_names_rule_and_help() {
    let read: serde_json::Value = serde_json::from_str(&json::print(&all(), None)).unwrap();
    assert_eq!(read["notes"], 1);
    assert_eq!(read["findings"][0]["rule"], serde_json::Value::Null);
    assert_eq!(read["findings"][1]["rule"], "never-matches");
    assert_eq!(read["findings"][1]["help"], Rule::NeverMatches.help());
}

#[test]
fn workflow_commands_are_escaped() {
    let help = Rule::NeverMatches.help().replace('%', "%25");
    let printed = github::print(&all());
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(
        lines[0],
        "::error file=/etc/p.yaml,title=portcullis validate::`listeners`: missing"
    );
    assert_eq!(
        lines[1],
        format!(
            "::warning file=policies/x y%2C1%25.json,line=4,col=7,title=never-matches::50%25: a%0Ab%0A{help}"
        )
    );
    assert!(lines[2].starts_with("::notice file="));
    assert_eq!(lines[3], "1 error, 1 warning, 1 note");
}

/// The members that the standard requires, and what its readers rely on beyond.
#[test]
fn sarif_has_the_structure_of_the_standard() {
    let log: serde_json::Value = serde_json::from_str(&sarif::print(&all())).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "portcullis");
    let rules = driver["rules"].as_array().unwrap();
    assert_eq!(rules.len(), Rule::ALL.len() + 1);
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(rule[text]["text"].is_string(), "{rule}");
        }
        let level = rule["defaultConfiguration"]["level"].as_str().unwrap();
        assert!(["error", "warning", "note"].contains(&level));
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for (result, level) in results.iter().zip(["error", "warning", "note"]) {
        assert_eq!(result["level"], level);
        assert!(result["message"]["text"].is_string());
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let place = |index: usize| &results[index]["locations"][0]["physicalLocation"];
    assert_eq!(place(0)["artifactLocation"]["uri"], "file:///etc/p.yaml");
    assert_eq!(place(0)["region"], serde_json::Value::Null);
    assert_eq!(
        place(1)["artifactLocation"]["uri"],
        "policies/x%20y%2C1%25.json"
    );
    assert_eq!(
        place(1)["region"],
        serde_json::json!({"startLine": 4, "startColumn": 7})
    );
}

#[test]
fn notes_never_fail_and_warnings_only_strictly() {
    let arguments = |strict: bool| Validate {
        config: None,
        paths: Vec::new(),
        format: Format::Text,
        strict,
        probe_upstream: false,
    };
    let check = |severity: Severity, lax: bool, strict: bool| {
        let found = [finding(severity, None)];
        assert_eq!(fails(&found, &arguments(false)), lax, "{severity:?}");
        assert_eq!(fails(&found, &arguments(true)), strict, "{severity:?}");
    };
    check(Severity::Error, true, true);
    check(Severity::Warning, false, true);
    check(Severity::Note, false, false);
}
