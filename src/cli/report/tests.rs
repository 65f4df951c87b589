use super::groups::Groups;
use super::{Layout, Report, lines, text};
use std::fmt::Write as _;

const LOG: &str = r#"{"request_id":"ID1","request_time":"2026-03-04T05:06:08.000Z","ending":"answered","principal":"arn:aws:iam::111122223333:user/ann","decision":{"mode":"enforce","verdict":"allow","would_deny":true,"shadow":{"would_deny":1,"would_allow":0,"unknown":0,"differences":[{"kind":"would_deny","action":"s3:GetObject","resource":"arn:aws:s3:::lake/a.jpg","live":{"verdict":"allow"},"shadow":{"verdict":"explicit_deny","layer":"bucket","sid":"NoRead","file":"/etc/policies/buckets/lake/policy.json","line":12,"statement":0}}]}}}
{"request_id":"ID2","request_time":"2026-03-04T05:06:07.000Z","ending":"answered","principal":"arn:aws:iam::111122223333:user/ann","decision":{"mode":"enforce","verdict":"allow","would_deny":true,"shadow":{"would_deny":1,"would_allow":0,"unknown":0,"more_differences":4,"differences":[{"kind":"would_deny","action":"s3:GetObject","resource":"arn:aws:s3:::lake/b.jpg","live":{"verdict":"allow"},"shadow":{"verdict":"explicit_deny","layer":"bucket","sid":"NoRead","file":"/etc/policies/buckets/lake/policy.json","line":12,"statement":0}}]}}}
{"request_id":"ID3","request_time":"2026-03-05T00:00:00.000Z","ending":"answered","principal":"arn:aws:sts::111122223333:assumed-role/run/s1","decision":{"mode":"observe","verdict":"allow","would_deny":true,"observed":{"verdict":"implicit_deny","missing":"identity","action":"s3:DeleteObject","resource":"arn:aws:s3:::lake/c","count":3}}}
{"request_id":"ID4","request_time":"2026-03-05T00:00:01.000Z","ending":"answered","principal":"arn:aws:sts::111122223333:assumed-role/run/s2","decision":{"mode":"observe","verdict":"allow","would_deny":true,"observed":{"verdict":"implicit_deny","missing":"identity","action":"s3:DeleteObject","resource":"arn:aws:s3:::lake/d","count":1}}}
{"request_id":"ID5","request_time":"2026-03-05T00:00:02.000Z","ending":"refused","decision":{"mode":"enforce","verdict":"implicit_deny","missing":"resource","action":"s3:ListBucket","resource":"arn:aws:s3:::lake","would_allow":true,"shadow":{"would_deny":0,"would_allow":1,"unknown":0,"differences":[{"kind":"would_allow","action":"s3:ListBucket","resource":"arn:aws:s3:::lake","live":{"verdict":"implicit_deny","missing":"resource"},"shadow":{"verdict":"allow","layer":"bucket","file":"candidate.json","line":3,"statement":0}}]}}}
{"request_id":"ID6","request_time":"2026-03-05T00:00:03.000Z","ending":"answered","decision":{"mode":"enforce","verdict":"allow"}}
{"level":"INFO","message":"of somebody else"}
2026-03-05 plain text
{"request_id":"cut
"#;

fn counted(log: &str, all: &str) -> Groups {
    let mut groups = Groups::new(&Report {
        files: Vec::new(),
        format: Layout::Text,
        all: all == "--all",
    });
    lines(log.as_bytes(), "log", &mut groups).unwrap();
    groups
}

#[test]
fn what_would_be_decided_otherwise_is_counted_by_who_and_by_what() {
    let expected = "\
would have been denied: 6
    COUNT  ACTION                          BUCKET
        4  s3:DeleteObject                 lake
           arn:aws:sts::111122223333:assumed-role/run/*
           observed: no allow in the layer `identity`
           2026-03-05T00:00:00.000Z to 2026-03-05T00:00:01.000Z
           e.g. ID3 c
        2  s3:GetObject                    lake
           arn:aws:iam::111122223333:user/ann
           in shadow: bucket, NoRead, /etc/policies/buckets/lake/policy.json:12
           2026-03-04T05:06:07.000Z to 2026-03-04T05:06:08.000Z
           e.g. ID1 a.jpg

would have been allowed: 1
    COUNT  ACTION                          BUCKET
        1  s3:ListBucket                   lake
           anonymous
           in shadow: bucket, a statement without Sid, candidate.json:3
           2026-03-05T00:00:02.000Z to 2026-03-05T00:00:02.000Z
           e.g. ID5

would depend on facts that were not looked up: 0

6 records read, 2 other lines skipped, 1 broken lines, 4 differences that records do not list
";
    assert_eq!(text::page(&counted(LOG, "")), expected);
}

#[test]
fn what_was_denied_is_counted_if_asked_for() {
    let page = text::page(&counted(LOG, "--all"));
    let (_, denied) = page.split_once("\ndenied: ").unwrap();
    assert!(denied.starts_with("1\n"), "{page}");
    assert!(
        denied.contains("           no allow in the layer `resource`\n"),
        "{page}"
    );
}

#[test]
fn the_json_object_says_the_same() {
    let json = counted(LOG, "").to_json();
    assert_eq!(
        (&json["records"], &json["broken_lines"]),
        (&6.into(), &1.into())
    );
    let groups = json["would_deny"]["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[1]["sid"], "NoRead");
    assert_eq!(groups[1]["line"], 12);
    assert_eq!(groups[1]["example"]["request_id"], "ID1");
    assert!(json.get("denied").is_none());
}

/// A record of a key and a principal that the client chose.
fn observed(principal: &str, key: &str) -> String {
    let record = serde_json::json!({
        "request_id": "ID", "request_time": "2026-03-05T00:00:00.000Z", "ending": "answered",
        "principal": principal,
        "decision": {"observed": {"action": "s3:GetObject", "resource": format!("arn:aws:s3:::lake/{key}"),
            "missing": "identity", "count": 1}},
    });
    format!("{record}\n")
}

#[test]
fn t47_no_key_acts_on_a_terminal_or_leaves_the_page() {
    let key = format!("\u{1b}[31m\n\u{202e}{}", "long/".repeat(100));
    let page = text::page(&counted(&observed("arn:aws:iam::1:user/a", &key), ""));
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{page}");
    assert!(
        page.lines().all(|line| line.chars().count() <= 100),
        "{page}"
    );
    assert!(
        page.contains("e.g. ID \\u{1b}[31m\\u{a}\\u{202e}long/"),
        "{page}"
    );
}

#[test]
fn t49_groups_without_end_are_counted_together() {
    let mut log = String::new();
    for number in 0..10_005 {
        write!(
            log,
            "{}",
            observed(&format!("arn:aws:iam::1:user/u{number}"), "k")
        )
        .unwrap();
    }
    let groups = counted(&log, "");
    let json = groups.to_json();
    assert_eq!(json["would_deny"]["others"], 5);
    assert_eq!(
        json["would_deny"]["groups"].as_array().unwrap().len(),
        10_000
    );
    assert!(
        text::page(&groups).contains("        5  others, in more groups than are told apart\n")
    );
}
