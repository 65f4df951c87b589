//! What guardrails are asked, and what becomes of their answers. The engine here is a closure.

use super::kit::{self, ACME, Ask, World, delete, verdict};
use crate::admission::rego::{Failure, Guardrails, Input, Refusal, Ruling};
use crate::admission::{Admission, DifferenceKind, Outcome, Run, Shadow};
use crate::policy::{Layer, Verdict};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Judge = fn(&Value) -> Result<Vec<Refusal>, Failure>;

/// Judges by a function, and remembers what it was asked.
#[derive(Debug)]
struct Stub {
    judge: Judge,
    asked: Mutex<Vec<Value>>,
}

impl Guardrails for Stub {
    fn judge(&self, input: &Input<'_>, spent: &mut Duration) -> Result<Vec<Refusal>, Failure> {
        let input = serde_json::to_value(input).unwrap();
        let ruling = (self.judge)(&input);
        self.asked.lock().unwrap().push(input);
        *spent += Duration::from_millis(4);
        ruling
    }
}

fn guarded(judge: Judge) -> (World, Arc<Stub>) {
    let stub = Arc::new(Stub {
        judge,
        asked: Mutex::default(),
    });
    (World::new().with_rego(stub.clone()), stub)
}

fn pass(_: &Value) -> Result<Vec<Refusal>, Failure> {
    Ok(Vec::new())
}

fn fail(_: &Value) -> Result<Vec<Refusal>, Failure> {
    Err(Failure::Deadline)
}

/// No key may begin with `tmp/`.
fn no_temporary(input: &Value) -> Result<Vec<Refusal>, Failure> {
    let key = input["resource"]["key"].as_str().unwrap_or_default();
    let refusal = Refusal::new(&format!("{key} is temporary"), Some("TEMPORARY"));
    Ok(key
        .starts_with("tmp/")
        .then_some(refusal)
        .into_iter()
        .collect())
}

fn get(key: &str) -> Ask {
    Ask::new(&format!("GET /acme-private/{key}"))
}

fn message(admission: Admission) -> String {
    kit::refusal(admission).message.to_string()
}

#[test]
fn what_policies_allow_a_guardrail_refuses() {
    let (world, _) = guarded(no_temporary);
    let admission = world.ask(&get("tmp/a").signed("admin"));
    assert_eq!(verdict(&admission), "AccessDenied");
    let decision = &admission.labels.decision.as_ref().unwrap().decision;
    assert_eq!(decision.verdict, Verdict::ExplicitDeny);
    let by = decision.by.as_ref().unwrap();
    assert_eq!(
        (by.layer, by.sid.as_deref()),
        (Layer::Rego, Some("TEMPORARY"))
    );
    let ruling = admission.labels.rego.clone().unwrap();
    assert_eq!(ruling.first().unwrap().message(), "tmp/a is temporary");
    assert_eq!(
        message(admission),
        "User: arn:aws:iam::111111111111:user/admin is not authorized to perform: s3:GetObject on resource: \
         \"arn:aws:s3:::acme-private/tmp/a\" with an explicit deny in a guardrail: tmp/a is temporary"
    );
}

#[test]
fn its_neighbour_passes() {
    let (world, stub) = guarded(no_temporary);
    let admission = world.ask(&get("tmpa").signed("admin"));
    assert_eq!(verdict(&admission), "pass");
    assert!(admission.labels.rego.is_none());
    assert_eq!(stub.asked.lock().unwrap().len(), 1);
}

#[test]
fn nobody_outside_the_owners_account_is_told_why() {
    let (world, _) = guarded(no_temporary);
    for ask in [
        Ask::new("GET /acme-open/tmp/a"),
        Ask::new("GET /acme-open/tmp/a").signed("partner"),
    ] {
        assert_eq!(message(world.ask(&ask)), "Access Denied");
    }
}

/// The words of a rule may speak of the source.
#[test]
fn who_copies_from_another_account_is_not_told_why() {
    let (world, _) = guarded(no_temporary);
    let world = world.recording("acme-open", "222222222222");
    let copy = |to: &str| {
        Ask::new(&format!("PUT /{to}/tmp/a"))
            .header("x-amz-copy-source", "/acme-open/b")
            .signed("partner")
    };
    assert_eq!(message(world.ask(&copy("acme-shared"))), "Access Denied");
    assert!(message(world.ask(&copy("acme-open"))).contains("is temporary"));
}

#[test]
fn what_policies_refuse_is_not_put_to_guardrails() {
    let (world, stub) = guarded(pass);
    let admission = world.ask(&get("a").signed("nobody"));
    assert_eq!(verdict(&admission), "AccessDenied");
    assert!(stub.asked.lock().unwrap().is_empty());
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let (world, _) = guarded(fail);
    let admission = world.ask(&get("a").signed("admin"));
    assert_eq!(verdict(&admission), "AccessDenied");
    assert_eq!(
        admission.labels.rego,
        Some(Ruling::Failed(Failure::Deadline))
    );
    let message = message(admission);
    assert!(
        message.ends_with("because the guardrails could not be evaluated"),
        "{message}"
    );
}

#[test]
fn every_kind_of_request_is_judged_once() {
    let asks = [
        (Ask::new("GET /").signed("admin"), "ListBuckets"),
        (Ask::new("PUT /acme-new").signed("admin"), "CreateBucket"),
        (Ask::new("DELETE /acme-old").signed("admin"), "DeleteBucket"),
        (Ask::new("GET /acme-open/a"), "GetObject"),
        (
            Ask::new("GET /acme-private?list-type=2").signed("root"),
            "ListObjectsV2",
        ),
    ];
    for (ask, operation) in asks {
        let (world, stub) = guarded(fail);
        assert_eq!(verdict(&world.ask(&ask)), "AccessDenied", "{operation}");
        let asked = stub.asked.lock().unwrap();
        let names: Vec<_> = asked
            .iter()
            .map(|input| &input["operation"]["name"])
            .collect();
        assert_eq!(names, [operation]);
    }
}

#[test]
fn each_key_of_a_deletion_is_judged_by_itself() {
    let (world, stub) = guarded(no_temporary);
    let keys = delete(&["tmp/a", "b", "tmp/c"]);
    let ask = Ask::new("POST /acme-private?delete").document(keys.as_str());
    let admission = world.ask(&ask.signed("admin"));
    let Outcome::Forward(permit) = &admission.outcome else {
        panic!("{:?}", admission.outcome);
    };
    let Run::DeleteObjects { refused, .. } = permit.run() else {
        panic!("{:?}", permit.run());
    };
    let refused: Vec<_> = refused.iter().map(|one| (&*one.key, &*one.code)).collect();
    assert_eq!(
        refused,
        [("tmp/a", "AccessDenied"), ("tmp/c", "AccessDenied")]
    );
    let allowed: Vec<_> = admission
        .labels
        .items
        .iter()
        .map(|item| item.allowed)
        .collect();
    assert_eq!(allowed, [false, true, false]);
    let asked = stub.asked.lock().unwrap();
    let pairs: Vec<_> = asked.iter().map(|input| &input["actions"]).collect();
    let pair = |key| json!([{"action": "s3:DeleteObject", "resource": format!("arn:aws:s3:::acme-private/{key}")}]);
    assert_eq!(pairs, [&pair("tmp/a"), &pair("b"), &pair("tmp/c")]);
}

#[test]
fn a_copy_shows_both_sides() {
    let (world, stub) = guarded(pass);
    let ask = Ask::new("PUT /acme-private/to?x-id=CopyObject")
        .header("x-amz-copy-source", "/acme-shared/from?versionId=v1")
        .header("x-amz-tagging-directive", "REPLACE");
    world.ask(&ask.signed("admin"));
    let asked = stub.asked.lock().unwrap();
    let input = asked.first().unwrap();
    assert_eq!(
        input["actions"],
        json!([
            {"action": "s3:GetObjectVersion", "resource": "arn:aws:s3:::acme-shared/from"},
            {"action": "s3:PutObject", "resource": "arn:aws:s3:::acme-private/to"},
        ])
    );
    assert_eq!(
        input["copy_source"],
        json!({"arn": "arn:aws:s3:::acme-shared/from", "bucket": "acme-shared", "key": "from", "version_id": "v1", "owner": ACME})
    );
    assert_eq!(input["operation"]["writes"], json!(true));
}

#[test]
fn t47_words_of_a_rule_are_bounded_and_print_on_one_line() {
    let hostile = format!("a\r\nb\u{1b}[31m\u{202e}\0<x>\"&{}", "y".repeat(1000));
    let refusal = Refusal::new(&hostile, Some(&hostile));
    assert_eq!(refusal.message().chars().count(), Refusal::MAX_MESSAGE + 1);
    assert_eq!(
        refusal.code().unwrap().chars().count(),
        Refusal::MAX_CODE + 1
    );
    assert!(
        refusal
            .message()
            .starts_with("a\u{fffd}\u{fffd}b\u{fffd}[31m\u{fffd}\u{fffd}<x>\"&yyy")
    );
    let short = Refusal::new("écrit", None);
    assert_eq!((short.message(), short.code()), ("écrit", None));
}

/// The input of a request that passes.
#[track_caller]
fn input(ask: &Ask) -> Value {
    let (world, stub) = guarded(pass);
    let admission = world.ask(ask);
    assert_eq!(verdict(&admission), "pass");
    let mut asked = stub.asked.lock().unwrap();
    asked.remove(0)
}

#[test]
fn the_input_says_what_is_known() {
    let ask = Ask::new("GET /acme-private?list-type=2&prefix=a%2Fb")
        .header("user-agent", "tool/1")
        .header("x-corp-note", "n")
        .signed("app");
    let mut input = input(&ask);
    let request = input["request"].as_object_mut().unwrap();
    request.remove("headers");
    assert_eq!(
        input["request"],
        json!({
            "id": "ID", "method": "GET", "host": "s3.example.com", "path": "/acme-private",
            "query": {"list-type": "2", "prefix": "a/b"},
            "source_ip": "192.0.2.1", "secure_transport": false,
            "time": {"utc": "2026-03-04T05:06:07Z", "epoch": 1_772_600_767, "weekday": "Wednesday", "hour": 5, "minute": 6},
            "listener": "main", "auth_type": "header",
        })
    );
    assert_eq!(
        input["operation"],
        json!({"name": "ListObjectsV2", "log": "REST.GET.BUCKET", "level": "bucket", "writes": false})
    );
    assert_eq!(
        input["resource"],
        json!({"arn": "arn:aws:s3:::acme-private", "bucket": "acme-private", "owner": ACME})
    );
    assert_eq!(
        input["bucket"],
        json!({"name": "acme-private", "owner": ACME, "region": "eu-central-1", "upstream": "one"})
    );
    assert_eq!(input["principal"]["type"], "AssumedRole");
    assert_eq!(input["context"]["s3:prefix"], "a/b");
    assert_eq!(input["context"]["aws:SourceIp"], "192.0.2.1");
    assert_eq!(input["context"]["aws:SecureTransport"], false);
    assert_eq!(input["context"]["aws:CurrentTime"], "2026-03-04T05:06:07Z");
    assert!(input["context"].get("aws:username").is_none());
}

/// Whether it may change anything is not said by the method alone.
#[test]
fn what_writes_is_known() {
    for (ask, writes) in [
        (
            Ask::new("PUT /acme-private/a")
                .header("content-length", "0")
                .signed("admin"),
            true,
        ),
        (Ask::new("HEAD /acme-private/a").signed("admin"), false),
        (Ask::new("DELETE /acme-private/a").signed("admin"), true),
        (
            Ask::new("POST /acme-private/a?uploads").signed("admin"),
            true,
        ),
    ] {
        assert_eq!(input(&ask)["operation"]["writes"], writes, "{ask:?}");
    }
}

#[test]
fn t48_no_secret_is_in_the_input() {
    const CANARY: &str = "canary7canary7canary7canary7canary7canary7x=";
    let with_secrets = Ask::new("GET /acme-private/a")
        .header("x-amz-server-side-encryption-customer-algorithm", "AES256")
        .header("x-amz-server-side-encryption-customer-key", CANARY)
        .header("x-amz-server-side-encryption-customer-key-md5", CANARY)
        .header("cookie", CANARY)
        .header("x-vault-token", CANARY)
        .header("x-api-key", CANARY)
        .header(
            "referer",
            &format!("https://user:{CANARY}@site/?X-Amz-Signature={CANARY}"),
        )
        .query("x-corp-token", CANARY);
    for ask in [
        with_secrets.clone().signed("admin"),
        kit::Signer::of("admin").presign(with_secrets),
    ] {
        let target = String::from_utf8(ask.target.clone()).unwrap();
        let signatures = [
            ask.headers
                .get("authorization")
                .and_then(|value| value.to_str().ok()?.rsplit_once('=')),
            target.rsplit_once("X-Amz-Signature="),
        ];
        let text = input(&ask).to_string();
        assert!(text.contains("AES256"), "{text}");
        assert!(!text.contains("canary"), "{text}");
        for (_, signature) in signatures.into_iter().flatten() {
            assert!(signature.len() >= 64 && !text.contains(signature), "{text}");
        }
        for name in ["authorization", "cookie", "x-api-key", "referer"] {
            assert!(input(&ask)["request"]["headers"].get(name).is_none());
        }
    }
}

const SCHEMA: &str = include_str!("../../../../policies/guardrails/input.schema.json");

#[test]
fn the_schema_describes_every_input() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let asks = [
        Ask::new("GET /").signed("admin"),
        Ask::new("PUT /acme-new").signed("root"),
        Ask::new("GET /acme-open/a%20b?versionId=v1"),
        Ask::new("GET /acme-private?list-type=2&prefix=a&max-keys=5").signed("app"),
        Ask::new("PUT /acme-private/a")
            .header("content-length", "0")
            .header("x-amz-tagging", "a=b")
            .signed("admin"),
        Ask::new("PUT /acme-private/to")
            .header("x-amz-copy-source", "/acme-shared/from")
            .header("x-amz-tagging-directive", "REPLACE")
            .signed("admin"),
        Ask::new("POST /acme-private?delete")
            .document(delete(&["a"]).as_str())
            .signed("admin"),
    ];
    for ask in asks {
        let input = input(&ask);
        let mut problems = Vec::new();
        validate(&input, &schema, &schema, "input", &mut problems);
        assert!(problems.is_empty(), "{problems:#?}\n{input:#}");
    }
}

/// As much of JSON Schema as that of the input uses.
fn validate(value: &Value, schema: &Value, root: &Value, at: &str, problems: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/$defs/").unwrap();
        return validate(value, &root["$defs"][name], root, at, problems);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    if !kinds.contains(&json!(kind)) {
        problems.push(format!("{at} is of type {kind}"));
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|known| !known.contains(value))
    {
        problems.push(format!("{at} is {value}"));
    }
    for item in value.as_array().into_iter().flatten() {
        if schema["items"].is_object() {
            validate(item, &schema["items"], root, at, problems);
        }
    }
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if value.get(name).is_none() {
            problems.push(format!("{at} lacks {name}"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Object(known), _) => validate(member, &json!(known), root, &at, problems),
            (_, Value::Object(any)) => validate(member, &json!(any), root, &at, problems),
            _ => problems.push(format!("{at} is unknown")),
        }
    }
}

#[test]
fn a_guardrail_in_shadow_refuses_nothing_and_is_noted() {
    let world = |judge| {
        let stub = Stub {
            judge,
            asked: Mutex::default(),
        };
        let shadow = Shadow {
            rego: Some(Arc::new(stub)),
            ..Shadow::default()
        };
        let mut world = World::new();
        world.rules = world.rules.with_shadow(shadow);
        world
    };
    let noted = |judge, key: &str| {
        let admission = world(judge).ask(&get(key).signed("admin"));
        assert_eq!(verdict(&admission), "pass");
        assert!(admission.labels.rego.is_none());
        admission.labels.shadow
    };
    let shadowed = noted(no_temporary, "tmp/a").unwrap();
    assert_eq!((shadowed.would_deny, shadowed.differences.len()), (1, 1));
    let difference = &shadowed.differences[0];
    assert_eq!(difference.kind, DifferenceKind::WouldDeny);
    assert_eq!(difference.layer(), Some(Layer::Rego));
    assert!(noted(no_temporary, "tmpa").is_none());
    // What could not be judged would be refused, too.
    assert_eq!(noted(fail, "a").unwrap().would_deny, 1);
}

#[test]
fn a_guardrail_in_shadow_is_not_asked_about_what_another_refuses() {
    let (mut world, _) = guarded(no_temporary);
    let shadow = Arc::new(Stub {
        judge: fail,
        asked: Mutex::default(),
    });
    world.rules = world.rules.with_shadow(Shadow {
        rego: Some(shadow.clone()),
        ..Shadow::default()
    });
    let admission = world.ask(&get("tmp/a").signed("admin"));
    assert_eq!(verdict(&admission), "AccessDenied");
    assert!(shadow.asked.lock().unwrap().is_empty());
    assert!(admission.labels.shadow.is_none());
}

#[test]
fn a_form_is_judged_as_the_upload_it_stands_for() {
    let (world, stub) = guarded(no_temporary);
    let form = |key| Ask::form("acme-private", key).field("x-amz-server-side-encryption", "AES256");
    assert_eq!(verdict(&world.ask(&form("a").signed("admin"))), "pass");
    let input = stub.asked.lock().unwrap().pop().unwrap();
    assert_eq!(input["request"]["auth_type"], "form");
    assert_eq!(
        input["request"]["headers"]["x-amz-server-side-encryption"],
        "AES256"
    );
    let operation =
        json!({"name": "PostObject", "log": "REST.POST.OBJECT", "level": "object", "writes": true});
    assert_eq!(input["operation"], operation);
    assert_eq!(input["resource"]["key"], "a");
    assert_eq!(input["actions"][0]["action"], "s3:PutObject");
    let refused = form("tmp/${filename}").signed("admin");
    assert_eq!(verdict(&world.ask(&refused)), "AccessDenied");
}
