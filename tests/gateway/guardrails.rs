//! Guardrails in Rego, from a file on disk to the answer and the record.

use super::origin::{Script, answer};
use super::request::{OWNER, PARTNER, Request};
use super::stand::{Ended, Setup, Stand};

const RULES: &str = r#"package portcullis.guardrails

deny contains {"code": "TEMPORARY", "msg": sprintf("%v is temporary", [input.resource.key])} if {
	startswith(input.resource.key, "tmp/")
}

deny contains "broken" if {
	input.resource.key == "broken"
	net.cidr_contains("nonsense", input.request.source_ip)
}

# Says the whole input, for the test that looks for secrets in it.
deny contains json.marshal(input) if input.request.headers["x-amz-meta-show"]
"#;

async fn guarded() -> Stand {
    Setup::default()
        .file("policies/guardrails/names.rego", RULES)
        // Far more than it takes, on a machine that does much else.
        .with("guardrails: { deadline: 20s }")
        .start()
        .await
}

async fn asked(request: Request) -> (super::client::Answer, Ended) {
    let stand = guarded().await;
    stand.origin.will(Script::say(answer("200 OK", "", "")));
    let answer = stand.ask(&request).await;
    (answer, stand.end().await)
}

#[tokio::test]
async fn a_rule_refuses_before_anything_goes_out() {
    let (answer, ended) = asked(Request::get("/lake-1/tmp/a").signed_by(OWNER)).await;
    ended.refused(&answer, 403, "AccessDenied");
    let body = String::from_utf8_lossy(&answer.body);
    assert!(
        body.contains("with an explicit deny in a guardrail: tmp/a is temporary"),
        "{body}"
    );
    let record = ended.record();
    let decision = &record["decision"];
    assert_eq!(decision["verdict"], "explicit_deny");
    assert_eq!(decision["layer"], "rego");
    assert_eq!(decision["sid"], "TEMPORARY");
    let file = decision["file"].as_str().unwrap();
    assert!(file.ends_with("policies/guardrails/names.rego"), "{file}");
    assert!(decision.get("line").is_none());
    let refusal = &record["guardrails"]["refusals"][0];
    assert_eq!(refusal["message"], "tmp/a is temporary");
    assert_eq!(refusal["code"], "TEMPORARY");
    assert_eq!(record["permissions"][0]["allowed"], true);
}

#[tokio::test]
async fn its_neighbour_goes_on() {
    let (answer, ended) = asked(Request::get("/lake-1/tmpa").signed_by(OWNER)).await;
    assert_eq!(answer.status, 200);
    ended.seen();
    let record = ended.record();
    assert_eq!(record["decision"]["verdict"], "allow");
    assert!(record.get("guardrails").is_none());
}

#[tokio::test]
async fn another_account_is_not_told_the_words_of_a_rule() {
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*",
        "Action":"s3:GetObject","Resource":"arn:aws:s3:::lake-1/*"}}"#;
    for request in [
        Request::get("/lake-1/tmp/a"),
        Request::get("/lake-1/tmp/a").signed_by(PARTNER),
    ] {
        let stand = Setup::default()
            .policy("lake-1", policy)
            .file("policies/guardrails/names.rego", RULES)
            .with("guardrails: { deadline: 20s }")
            .start()
            .await;
        let answer = stand.ask(&request).await;
        let ended = stand.end().await;
        ended.refused(&answer, 403, "AccessDenied");
        let body = String::from_utf8_lossy(&answer.body);
        assert!(!body.contains("temporary"), "{body}");
        assert_eq!(ended.record()["decision"]["sid"], "TEMPORARY");
    }
}

#[tokio::test]
async fn a_rule_that_fails_refuses() {
    let (answer, ended) = asked(Request::get("/lake-1/broken").signed_by(OWNER)).await;
    ended.refused(&answer, 403, "AccessDenied");
    let body = String::from_utf8_lossy(&answer.body);
    assert!(
        body.contains("because the guardrails could not be evaluated"),
        "{body}"
    );
    assert!(!body.contains("nonsense"), "{body}");
    let failure = ended.record()["guardrails"]["failure"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(failure.starts_with("evaluation failed: "), "{failure}");
}

#[tokio::test]
async fn a_rule_without_end_refuses_by_the_deadline() {
    let rules = "package portcullis.guardrails\n\
        deny contains \"no\" if { n := count([1 | some i in numbers.range(1, 9999); some j in numbers.range(1, 9999); i * j < 0]); n > 0 }\n";
    let stand = Setup::default()
        .file("policies/guardrails/endless.rego", rules)
        .start()
        .await;
    let answer = stand.ask(&Request::get("/lake-1/a").signed_by(OWNER)).await;
    let ended = stand.end().await;
    ended.refused(&answer, 403, "AccessDenied");
    assert_eq!(ended.record()["guardrails"]["failure"], "deadline exceeded");
}

#[tokio::test]
async fn resource_control_documents_bind_every_account() {
    let deny = r#"{"Version":"2012-10-17","Statement":{"Sid":"Kept","Effect":"Deny","Principal":"*",
        "Action":"s3:DeleteObject","Resource":"*"}}"#;
    let stand = Setup::default()
        .file("policies/guardrails/kept.json", deny)
        .start()
        .await;
    let request = Request::new("DELETE", "/lake-1/a").signed_by(OWNER);
    let answer = stand.ask(&request).await;
    let ended = stand.end().await;
    ended.refused(&answer, 403, "AccessDenied");
    assert_eq!(ended.record()["decision"]["layer"], "guardrail");
    assert_eq!(ended.record()["decision"]["sid"], "Kept");
}
