use super::*;
use crate::document;

fn read(text: &str) -> Result<LockConfiguration, Vec<String>> {
    let found = LockConfiguration::parse_json(&document::json(text).unwrap());
    found.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    assert_eq!(read(text).unwrap_err(), expected, "{text}");
}

/// A file with this default.
fn with(retention: &str) -> String {
    format!(r#"{{"ObjectLockEnabled":"Enabled","Rule":{{"DefaultRetention":{retention}}}}}"#)
}

#[test]
fn a_file_is_read_back() {
    let days = |days| DefaultRetention {
        mode: RetentionMode::Governance,
        period: Period::Days(days),
    };
    let years = DefaultRetention {
        mode: RetentionMode::Compliance,
        period: Period::Years(7),
    };
    for default in [None, Some(days(1)), Some(days(36_500)), Some(years)] {
        let configuration = LockConfiguration { default };
        let json = configuration.to_json();
        assert_eq!(read(&json.to_string()), Ok(configuration));
        let printed = json!({ "ObjectLockConfiguration": json });
        assert_eq!(read(&printed.to_string()), Ok(configuration));
    }
    let configuration = read(&with(r#"{"Mode":"GOVERNANCE","Days":1}"#)).unwrap();
    assert_eq!(configuration.default, Some(days(1)));
}

#[test]
fn every_problem_is_said() {
    refused("[]", &["1:1: expected a map, found a list"]);
    refused(
        "{}",
        &["1:1: `ObjectLockEnabled` is `Enabled`: there is no way to disable it"],
    );
    refused(
        r#"{"ObjectLockEnabled":"Disabled","rule":{}}"#,
        &[
            "1:33: unknown member `rule`, did you mean `Rule`?",
            "1:22: `ObjectLockEnabled` is `Enabled`: there is no way to disable it",
        ],
    );
    refused(
        r#"{"ObjectLockEnabled":"Enabled","Rule":{}}"#,
        &["1:39: a rule has a `DefaultRetention`"],
    );
    let whole = "1:87: `Days` is a whole number from 1 to 36500";
    for days in ["0", "-1", "36501", "1.5", "\"30\"", "99999999999"] {
        refused(
            &with(&format!(r#"{{"Mode":"GOVERNANCE","Days":{days}}}"#)),
            &[whole],
        );
    }
    refused(
        &with(r#"{"Mode":"COMPLIANCE","Years":101}"#),
        &["1:88: `Years` is a whole number from 1 to 100"],
    );
    refused(
        &with(r#"{"Days":1,"Years":1}"#),
        &[
            "1:59: `Mode` is missing",
            "1:59: there is either `Days` or `Years`",
        ],
    );
    let found = read(&with(r#"{"Mode":"governance","Days":1}"#)).unwrap_err();
    assert!(found[0].starts_with("1:67: `Mode` is `GOVERNANCE` or `COMPLIANCE`, not `governance`"));
}
