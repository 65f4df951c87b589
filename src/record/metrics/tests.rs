use super::*;
use crate::record::tests::{GET_OBJECT, bucket, deciding, draft};
use crate::record::{Draft, Ending, LoggedUri, UpstreamError, finish};
use http::{Method, StatusCode};
use portcullis_core::admission::{Asked, DecisionMode, DifferenceKind, Observed, Shadowed};
use portcullis_core::identity::AccessKeyId;
use portcullis_core::policy::{Decision, Missing, Verdict};
use portcullis_core::s3::names::Target;
use std::time::Duration;

fn metrics() -> Metrics {
    Metrics::new(&Sets {
        operations: vec![&GET_OBJECT],
        error_codes: vec!["AccessDenied", "NoSuchBucket"],
        front_reasons: vec!["bad_framing"],
    })
    .unwrap()
}

#[track_caller]
fn check(metrics: &Metrics, line: &str) {
    let text = metrics.text().unwrap();
    let found = text.lines().any(|found| found == line);
    assert!(found, "{line} is not in\n{text}");
}

#[test]
fn an_answered_request_counts_where_it_belongs() {
    let metrics = metrics();
    metrics
        .listener("s3")
        .observe(&finish(draft(), Ending::Answered));
    check(
        &metrics,
        r#"portcullis_requests_total{listener="s3",operation="GetObject",status_class="2xx"} 1"#,
    );
    check(
        &metrics,
        r#"portcullis_endings_total{ending="answered",listener="s3"} 1"#,
    );
    check(
        &metrics,
        r#"portcullis_bytes_sent_total{listener="s3"} 2662"#,
    );
    check(
        &metrics,
        r#"portcullis_request_seconds_count{kind="object_read"} 1"#,
    );
    check(
        &metrics,
        r#"portcullis_refusals_total{code="AccessDenied"} 0"#,
    );
}

#[test]
fn a_refusal_counts_by_its_code_and_its_decision() {
    let metrics = metrics();
    let mut refused = draft();
    refused.sent.status = Some(StatusCode::FORBIDDEN);
    refused.sent.error_code = Some("AccessDenied".into());
    refused.labels.decision = Some(Asked {
        action: "s3:GetObject",
        resource: Target::service(),
        decision: Decision {
            verdict: Verdict::ExplicitDeny,
            by: Some(deciding()),
            with: None,
        },
        reason: None,
    });
    metrics
        .listener("s3")
        .observe(&finish(refused, Ending::Refused));
    check(
        &metrics,
        r#"portcullis_refusals_total{code="AccessDenied"} 1"#,
    );
    check(
        &metrics,
        r#"portcullis_decisions_total{layer="bucket",verdict="explicit_deny"} 1"#,
    );
    check(
        &metrics,
        r#"portcullis_requests_total{listener="s3",operation="GetObject",status_class="4xx"} 1"#,
    );
}

#[test]
fn a_deny_without_a_statement_counts_whichever_side_is_missing() {
    let metrics = metrics();
    for missing in [Missing::Identity, Missing::Session] {
        let mut refused = draft();
        refused.labels.decision = Some(Asked {
            action: "s3:GetObject",
            resource: Target::service(),
            decision: Decision {
                verdict: Verdict::ImplicitDeny(missing),
                by: None,
                with: None,
            },
            reason: None,
        });
        metrics
            .listener("s3")
            .observe(&finish(refused, Ending::Refused));
    }
    check(
        &metrics,
        r#"portcullis_decisions_total{layer="none",verdict="implicit_deny"} 2"#,
    );
}

#[test]
fn an_error_code_of_the_upstreams_is_not_our_refusal() {
    let metrics = metrics();
    let mut missing = draft();
    missing.sent.error_code = Some("NoSuchBucket".into());
    metrics
        .listener("s3")
        .observe(&finish(missing, Ending::Answered));
    check(
        &metrics,
        r#"portcullis_refusals_total{code="NoSuchBucket"} 0"#,
    );
}

#[test]
fn what_is_in_no_table_counts_as_other() {
    let metrics = metrics();
    let mut unknown = draft();
    unknown.labels.operation = None;
    unknown.sent.status = None;
    unknown.sent.error_code = Some("Sneaky".into());
    metrics
        .listener("s3")
        .observe(&finish(unknown, Ending::Refused));
    metrics.front_refusal("bad_framing");
    metrics.front_refusal("made up");
    check(
        &metrics,
        r#"portcullis_requests_total{listener="s3",operation="other",status_class="none"} 1"#,
    );
    check(&metrics, r#"portcullis_refusals_total{code="other"} 1"#);
    check(
        &metrics,
        r#"portcullis_front_refusals_total{reason="bad_framing"} 1"#,
    );
    check(
        &metrics,
        r#"portcullis_front_refusals_total{reason="other"} 1"#,
    );
}

#[test]
fn an_upstream_counts_answers_failures_and_expiry() {
    let metrics = metrics();
    let lake = metrics.upstream("lake");
    lake.answered(Duration::from_millis(3));
    lake.failed(UpstreamError::Timeout);
    lake.failed(UpstreamError::Timeout);
    lake.looked_up(LookedUp::Asked);
    check(
        &metrics,
        r#"portcullis_upstream_errors_total{kind="timeout",upstream="lake"} 2"#,
    );
    check(
        &metrics,
        r#"portcullis_look_ups_total{outcome="asked",upstream="lake"} 1"#,
    );
    check(
        &metrics,
        r#"portcullis_upstream_seconds_count{upstream="lake"} 1"#,
    );
    let expiry = "portcullis_upstream_credentials_expiry_timestamp_seconds{";
    assert!(!metrics.text().unwrap().contains(expiry));
    lake.credentials_expire(Some(jiff::Timestamp::from_second(1_700_000_000).unwrap()));
    check(
        &metrics,
        r#"portcullis_upstream_credentials_expiry_timestamp_seconds{upstream="lake"} 1700000000"#,
    );
    lake.credentials_expire(None);
    assert!(!metrics.text().unwrap().contains(expiry));
}

#[test]
fn connections_rise_and_fall() {
    let metrics = metrics();
    let listener = metrics.listener("s3");
    let first = listener.connected();
    let second = metrics.listener("s3").connected();
    check(&metrics, r#"portcullis_connections{listener="s3"} 2"#);
    drop(first);
    check(&metrics, r#"portcullis_connections{listener="s3"} 1"#);
    drop(second);
    check(&metrics, r#"portcullis_connections{listener="s3"} 0"#);
}

#[test]
fn failed_handshakes_count_by_listener() {
    let metrics = metrics();
    metrics.listener("s3").handshake_failed();
    let _ = metrics.listener("plain");
    check(
        &metrics,
        r#"portcullis_tls_handshake_failures_total{listener="s3"} 1"#,
    );
    check(
        &metrics,
        r#"portcullis_tls_handshake_failures_total{listener="plain"} 0"#,
    );
}

#[test]
fn the_process_and_the_build_are_told() {
    let metrics = metrics();
    let version = env!("CARGO_PKG_VERSION");
    check(
        &metrics,
        &format!(r#"portcullis_build_info{{version="{version}"}} 1"#),
    );
    if cfg!(target_os = "linux") {
        assert!(
            metrics
                .text()
                .unwrap()
                .contains("process_resident_memory_bytes")
        );
    }
}

#[test]
fn the_table_is_what_is_scraped() {
    let metrics = metrics();
    let listener = metrics.listener("s3");
    let mut denied = draft();
    denied.labels.decision = Some(Asked {
        action: "s3:GetObject",
        resource: Target::service(),
        decision: Decision {
            verdict: Verdict::Allow,
            by: None,
            with: None,
        },
        reason: None,
    });
    modes(&mut denied);
    listener.observe(&finish(denied, Ending::Answered));
    metrics.records_dropped().inc();
    metrics.lock_refused("AccessDenied");
    metrics.lock_clock_frozen().set(1);
    metrics.locks_in_doubt(true);
    metrics.loaded(jiff::Timestamp::UNIX_EPOCH, "0123456789ab");
    metrics.reloaded(jiff::Timestamp::UNIX_EPOCH, "ba9876543210");
    let lake = metrics.upstream("lake");
    lake.failed(UpstreamError::Tls);
    lake.looked_up(LookedUp::Shared);
    lake.credentials_expire(Some(jiff::Timestamp::UNIX_EPOCH));
    let text = metrics.text().unwrap();
    assert!(!text.contains("0123456789ab"), "one revision at a time");
    for family in FAMILIES {
        let line = format!("# TYPE {NAMESPACE}_{} {}\n", family.name, family.kind);
        assert!(text.contains(&line), "{line}");
    }
    let scraped = text
        .lines()
        .filter(|line| line.starts_with("# TYPE portcullis_"))
        .count();
    assert_eq!(scraped, FAMILIES.len());
}

/// What passed only because the listener observes, and what a policy in shadow would have denied.
fn modes(draft: &mut Draft) {
    let decided = |verdict, by| Decision {
        verdict,
        by,
        with: None,
    };
    let missing = Verdict::ImplicitDeny(Missing::Boundary);
    draft.labels.observed = Some(Box::new(Observed {
        first: Asked {
            action: "s3:GetObject",
            resource: Target::service(),
            decision: decided(missing, None),
            reason: None,
        },
        count: 3,
    }));
    let layer = Some(deciding().layer);
    draft.labels.shadow = Some(Box::new(Shadowed {
        counts: vec![(DifferenceKind::WouldDeny, layer, 20)],
        ..Shadowed::default()
    }));
}

#[test]
fn what_other_modes_would_decide_is_counted() {
    let metrics = metrics();
    let listener = metrics.listener("s3");
    listener.decides(DecisionMode::Observe);
    let mut draft = draft();
    modes(&mut draft);
    listener.observe(&finish(draft, Ending::Answered));
    for line in [
        r#"portcullis_decision_mode{listener="s3",mode="observe"} 1"#,
        r#"portcullis_decision_mode{listener="s3",mode="enforce"} 0"#,
        r#"portcullis_observed_denials_total{layer="boundary",listener="s3"} 3"#,
        r#"portcullis_shadow_differences_total{kind="would_deny",layer="bucket"} 20"#,
    ] {
        check(&metrics, line);
    }
}

fn series(metrics: &Metrics) -> usize {
    let text = metrics.text().unwrap();
    text.lines().filter(|line| !line.starts_with('#')).count()
}

#[test]
fn t49_a_hundred_thousand_strangers_add_no_series() {
    let metrics = metrics();
    let listener = metrics.listener("s3");
    let observe = |number: usize| {
        let mut stranger = draft();
        let name = format!("{number:x}-{}", number * 7919);
        let target = Target::object(&bucket(&format!("b{name}")), name.as_bytes());
        stranger.labels.target = Some(target.unwrap());
        stranger.labels.access_key = Some(AccessKeyId(name.as_str().into()));
        stranger.labels.operation = None;
        stranger.request.method =
            Some(Method::from_bytes(format!("M{number}").as_bytes()).unwrap());
        stranger.request.target = LoggedUri(name.clone().into());
        stranger.sent.error_code = Some(name.clone().into());
        metrics.front_refusal(&name);
        listener.observe(&finish(stranger, Ending::Refused));
    };
    observe(0);
    let before = series(&metrics);
    (1..=100_000).for_each(observe);
    assert_eq!(series(&metrics), before);
}
