use super::*;
use serde_json::json;

/// Whoever reads records and metrics goes by these.
#[test]
fn names_in_records_stay_as_they_are() {
    let verdicts = [
        Verdict::Allow,
        Verdict::ExplicitDeny,
        Verdict::ImplicitDeny(Missing::Identity),
        Verdict::Unknown,
    ];
    assert_eq!(
        verdicts.map(Verdict::name),
        ["allow", "explicit_deny", "implicit_deny", "unknown"]
    );
    let missing = [
        Missing::Identity,
        Missing::Resource,
        Missing::Boundary,
        Missing::Session,
        Missing::ServiceControl,
    ];
    let layers = missing.map(Missing::layer).map(Layer::name);
    assert_eq!(
        (missing.map(Missing::name), layers),
        (
            [
                "identity",
                "resource",
                "boundary",
                "session",
                "service_control"
            ],
            [
                "identity",
                "bucket",
                "boundary",
                "session",
                "service_control"
            ]
        )
    );
    assert_eq!(
        [Mode::Enforce, Mode::Shadow].map(Mode::name),
        ["enforce", "shadow"]
    );
    assert_eq!(
        [Effect::Allow, Effect::Deny].map(Effect::name),
        ["Allow", "Deny"]
    );
}

#[test]
fn a_decision_says_what_is_missing_only_where_something_is() {
    let written = |verdict| {
        let decision = Decision {
            verdict,
            by: None,
            with: None,
        };
        serde_json::to_value(decision).unwrap()
    };
    assert_eq!(written(Verdict::Allow), json!({ "verdict": "allow" }));
    assert_eq!(
        written(Verdict::ImplicitDeny(Missing::Resource)),
        json!({ "verdict": "implicit_deny", "missing": "resource" })
    );
}
