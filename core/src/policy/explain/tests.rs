use super::*;
use crate::context::{FixedContext, Key};
use crate::document;
use crate::identity::Principal;
use crate::policy::{
    Missing, Origin, Policy, PolicyKind, PolicySet, PublicPolicies, Verdict, View,
};
use crate::s3::actions::Action;
use crate::s3::names::{AccountId, BucketName};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An anonymous GetObject of `acme/KEY` under a bucket policy.
fn explained(statements: &[String], key: &str, context: &FixedContext) -> Explanation {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    );
    let node = document::json(&text).unwrap();
    let origin = Arc::new(Origin {
        source: "a\u{1b}]0;b.json".into(),
    });
    let bucket = BucketName::parse("acme").unwrap();
    let policy = Policy::compile(&node, PolicyKind::Bucket(&bucket), origin)
        .unwrap()
        .policy;
    let policies = Policies {
        bucket: Some(&policy),
        guardrails: &PolicySet::default(),
        acl: None,
        public: PublicPolicies::Count,
    };
    let question = Question {
        principal: &Principal::Anonymous,
        action: Action::GetObject,
        resource: &format!("acme/{key}"),
        owner: AccountId::parse("111122223333").unwrap(),
        context,
        view: View::Live,
    };
    explain(policies, &question)
}

fn statement(sid: &str, resource: &str, condition: &str) -> String {
    let sid = serde_json::to_string(sid).unwrap();
    let resource = serde_json::to_string(resource).unwrap();
    format!(
        r#"{{"Sid":{sid},"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":{resource},"Condition":{condition}}}"#
    )
}

fn agent(value: &str) -> String {
    let value = serde_json::to_string(value).unwrap();
    format!(r#"{{"StringEquals":{{"aws:UserAgent":{value}}}}}"#)
}

fn reason(explanation: &Explanation) -> (String, String) {
    let reason = explanation.reason.as_ref().unwrap();
    (reason.to_string(), serde_json::to_string(reason).unwrap())
}

/// Nothing that acts, and no more than this many bytes.
#[track_caller]
fn tame(text: &str, most: usize) {
    let acts = |character: &char| {
        (character.is_control() && *character != '\n')
            || "\u{202e}\u{2028}\u{200b}".contains(*character)
    };
    assert!(!text.chars().any(|character| acts(&character)), "{text:?}");
    assert!(text.len() <= most, "{} bytes: {text}", text.len());
}

const HOSTILE: &str = "\n2026 allow: x\r\u{1b}[2J\u{9b}1m\u{202e}\u{2028}\u{200b}`\"}\\";

#[test]
fn t44_hostile_sids_keys_and_headers_stay_on_their_line() {
    let context = FixedContext::default().with(Key::UserAgent, HOSTILE);
    let statements = [statement(
        HOSTILE,
        "arn:aws:s3:::acme/a",
        &agent(HOSTILE.trim()),
    )];
    let explanation = explained(&statements, HOSTILE, &context);
    let (line, json) = reason(&explanation);
    tame(&line, 2048);
    assert!(!line.contains('\n'));
    tame(&json, 4096);
    let text = explanation.to_text();
    tame(&text, 8192);
    let plain = explained(
        &[statement("S", "arn:aws:s3:::acme/a", &agent("x"))],
        "k",
        &FixedContext::default(),
    );
    assert_eq!(text.lines().count(), plain.to_text().lines().count());
    tame(&serde_json::to_string(&explanation).unwrap(), 8192);
}

#[test]
fn t45_a_huge_header_sid_and_policy_make_a_small_reason() {
    let huge = "x".repeat(8192);
    let context = FixedContext::default()
        .with(Key::UserAgent, huge.as_str())
        .with_many(Key::RequestObjectTagKeys, vec![huge.clone(); 50]);
    let many: Vec<String> = (0..200).map(|n| format!("{n:040}")).collect();
    let condition = serde_json::json!({
        "StringEquals": {"aws:UserAgent": many, "aws:Referer": many},
        "StringLike": {"aws:UserAgent": many.get(..50), "s3:prefix": "a"},
        "ForAnyValue:StringEquals": {"s3:RequestObjectTagKeys": many.get(..10)},
    });
    let statements = [statement(&"S".repeat(300), "*", &condition.to_string())];
    let explanation = explained(&statements, "k", &context);
    let (line, json) = reason(&explanation);
    assert!(line.len() < 6000, "{}", line.len());
    assert!(json.len() < 6000, "{}", json.len());
    assert!(
        json.contains("… 196 more") && json.contains("bytes more"),
        "{json}"
    );
    assert!(json.contains(r#""more_conditions":1"#), "{json}");
    assert!(line.ends_with("; 1 more conditions"), "{line}");
    let brief = explanation.reason.unwrap().brief();
    assert!(brief.len() <= 256 && brief.ends_with('…'), "{brief}");
}

#[test]
fn t45_a_brief_reason_fills_its_256_bytes_and_is_cut_only_beyond() {
    let of_length = |length: usize| {
        let base = brief_and_whole(0).1.len();
        brief_and_whole(length - base)
    };
    let (brief, whole) = of_length(256);
    assert_eq!((brief, whole.len()), (whole.clone(), 256));
    let (brief, whole) = of_length(257);
    assert_eq!(brief, format!("{}…", whole.get(..253).unwrap()));
}

/// A reason with so many letters in the values it wants, short and whole.
fn brief_and_whole(letters: usize) -> (String, String) {
    let values = ["x".repeat(100), "x".repeat(letters)];
    let condition = serde_json::json!({"StringEquals": {"aws:UserAgent": values}});
    let statements = [statement("S", "*", &condition.to_string())];
    let explanation = explained(&statements, "k", &FixedContext::default());
    let reason = explanation.reason.unwrap();
    (reason.brief(), reason.to_string())
}

#[test]
fn t45_of_many_statements_some_are_looked_at_and_the_rest_counted() {
    let statements: Vec<_> = (0..100)
        .map(|n| statement(&format!("S{n}"), "*", &agent("x")))
        .collect();
    let explanation = explained(&statements, "k", &FixedContext::default());
    let (_, json) = reason(&explanation);
    let Some(Reason::NearestAllow {
        statement,
        not_examined,
        ..
    }) = explanation.reason
    else {
        panic!("{:?}", explanation.reason);
    };
    assert_eq!((statement.statement, not_examined), (0, 36));
    assert!(json.contains(r#""not_examined":36"#), "{json}");
    let few = explained(statements.get(..64).unwrap(), "k", &FixedContext::default());
    assert!(matches!(
        few.reason,
        Some(Reason::NearestAllow {
            not_examined: 0,
            ..
        })
    ));
}

#[test]
fn t45_the_worst_patterns_are_explained_in_time() {
    let pattern = format!("arn:aws:s3:::acme/{}b", "*a".repeat(60));
    let statements: Vec<_> = (0..70)
        .map(|n| statement(&format!("S{n}"), &pattern, &agent("x")))
        .collect();
    let before = Instant::now();
    let explanation = explained(&statements, &"a".repeat(1000), &FixedContext::default());
    assert!(
        before.elapsed() < Duration::from_secs(2),
        "{:?}",
        before.elapsed()
    );
    assert_eq!(
        explanation.decision.verdict,
        Verdict::ImplicitDeny(Missing::Resource)
    );
}

#[test]
fn an_allow_has_no_reason_and_a_refusal_has_one() {
    let open = [statement("S", "arn:aws:s3:::acme/*", &agent("x"))];
    let allowed = explained(
        &open,
        "k",
        &FixedContext::default().with(Key::UserAgent, "x"),
    );
    assert_eq!(allowed.decision.verdict, Verdict::Allow);
    assert_eq!(allowed.reason, None);
    assert!(
        explained(&open, "k", &FixedContext::default())
            .reason
            .is_some()
    );
}

#[test]
fn each_variable_of_an_element_is_shown_once_and_so_many_at_most() {
    let names = |resources: &[&str]| {
        let resources: Vec<String> = resources
            .iter()
            .map(|name| format!("arn:aws:s3:::acme/${{{name}}}/a"))
            .collect();
        let statement = format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":{}}}"#,
            serde_json::to_string(&resources).unwrap()
        );
        let explanation = explained(&[statement], "k", &FixedContext::default());
        let Some(Reason::NearestAllow { failed, .. }) = explanation.reason else {
            panic!("{explanation:?}");
        };
        let variables = failed.resource.unwrap().variables;
        let names = variables.iter().map(|variable| variable.name.to_string());
        names.collect::<Vec<_>>()
    };
    let (one, other) = ("aws:username", "aws:userid");
    assert_eq!(names(&[one, one, other, one]), [one, other]);
    let five = [
        "aws:PrincipalTag/a",
        "aws:PrincipalTag/b",
        "aws:PrincipalTag/c",
        "aws:PrincipalTag/d",
        "aws:PrincipalTag/e",
    ];
    assert_eq!(names(&five), five[..4]);
    // Several in one text.
    assert_eq!(
        names(&[
            "aws:PrincipalTag/a}${aws:PrincipalTag/b}${aws:PrincipalTag/c}${aws:PrincipalTag/d}${aws:PrincipalTag/e"
        ]),
        five[..4]
    );
}

#[test]
fn a_resource_is_shown_by_its_arn() {
    assert_eq!(held::arn(""), "*");
    assert_eq!(held::arn("acme/key"), "arn:aws:s3:::acme/key");
    let role = "arn:aws:iam::111122223333:role/app";
    assert_eq!(held::arn(role), role);
}
