//! Locks in words.

use portcullis_core::s3::names::BucketName;
use serde_json::Value;

/// `lake/a/b version 1`; what would break a line or a terminal is escaped.
pub(super) fn place(bucket: &BucketName, row: &Value) -> String {
    let key = text(row, "key").escape_debug();
    let version = text(row, "version").escape_debug();
    format!("{}/{key} version {version}", bucket.as_str())
}

/// `COMPLIANCE until 2030-01-01T00:00:00.000Z, legal hold ON`
pub(super) fn lock(row: &Value) -> String {
    let mut parts = Vec::new();
    let (mode, until) = (text(row, "mode"), text(row, "until"));
    if !mode.is_empty() {
        parts.push(format!("{mode} until {until}"));
    }
    let hold = text(row, "legal_hold");
    if !hold.is_empty() {
        parts.push(format!("legal hold {hold}"));
    }
    let unreadable = text(row, "unreadable");
    if !unreadable.is_empty() {
        parts.push(format!("unreadable: {unreadable}"));
    }
    match (parts.is_empty(), row.get("no_record")) {
        (true, Some(_)) => "no record".to_owned(),
        (true, None) => "no lock".to_owned(),
        (false, _) => parts.join(", "),
    }
}

/// Against whom a version is protected.
pub(super) fn protection(row: &Value) -> &'static str {
    match text(row, "protected") {
        "no" => "not protected now",
        "unless-bypassed" => "protected, but governance may be bypassed",
        _ => "protected against everyone",
    }
}

/// How the clock stands, what is in doubt, what is unresolved: a line each.
pub(super) fn standing(locks: &Value) -> String {
    let clock = locks.get("clock").unwrap_or(&Value::Null);
    let clock = match text(clock, "state") {
        "frozen" => {
            let (since, why) = (text(clock, "since"), text(clock, "why"));
            format!(
                "frozen since {since}: {why}; `portcullis locks acknowledge clock` once it is right"
            )
        }
        state => state.to_owned(),
    };
    let doubt = match text(locks, "in_doubt") {
        "" => "no".to_owned(),
        why => format!(
            "yes, the state was {why}: nothing is destroyed or replaced until `portcullis locks acknowledge restore`"
        ),
    };
    let unresolved = super::number(locks, "unresolved");
    format!("clock: {clock}\nin doubt: {doubt}\nunresolved: {unresolved}")
}

pub(super) fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_lock_is_said_in_one_line() {
        let bucket = BucketName::parse("lake").unwrap();
        let row = json!({ "key": "a\nb", "version": "1", "mode": "GOVERNANCE", "until": "2030-01-01T00:00:00.000Z",
            "legal_hold": "ON", "protected": "yes" });
        assert_eq!(place(&bucket, &row), "lake/a\\nb version 1");
        assert_eq!(
            lock(&row),
            "GOVERNANCE until 2030-01-01T00:00:00.000Z, legal hold ON"
        );
        assert_eq!(lock(&json!({ "unreadable": "why" })), "unreadable: why");
        assert_eq!(lock(&json!({ "no_record": true })), "no record");
        assert_eq!(lock(&json!({ "protected": "no" })), "no lock");
    }

    #[test]
    fn what_is_not_understood_counts_as_protected() {
        assert_eq!(
            protection(&json!({ "protected": "no" })),
            "not protected now"
        );
        assert_eq!(protection(&json!({})), "protected against everyone");
    }

    #[test]
    fn how_things_stand_is_said_first() {
        let calm = json!({ "clock": { "state": "running" }, "in_doubt": null, "unresolved": 0 });
        assert_eq!(
            standing(&calm),
            "clock: running\nin doubt: no\nunresolved: 0"
        );
        let ill = json!({ "clock": { "state": "frozen", "since": "2030", "why": "the clock jumped to 2040" },
            "in_doubt": "restored", "unresolved": 2 });
        let said = standing(&ill);
        assert!(said.starts_with("clock: frozen since 2030: the clock jumped to 2040; "));
        assert!(
            said.contains("\nin doubt: yes, the state was restored: "),
            "{said}"
        );
    }
}
