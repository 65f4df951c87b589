//! Settings and state through the admin listener of a real gateway.

use super::client::{Answer, Client};
use super::origin::{Script, answer, error};
use super::request::{OWNER, Request};
use super::stand::{ACCOUNT, Setup, Stand};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tokio::net::UnixStream;

const POLICY: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "444455556666" },
  "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake-1/*" }] }"#;
const ENFORCED: &str = r#"{ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] }"#;
const FLAGS: &str = r#"{ "BlockPublicPolicy": true }"#;

fn setup() -> Setup {
    let state = "state: { redb: state.redb }";
    Setup::default().with("admin: unix:admin.sock").with(state)
}

/// Asks the admin listener of a gateway that was set up with `admin.sock`.
pub(crate) async fn admin(stand: &Stand, line: &str, body: &Value) -> (u16, Value) {
    let path = stand.folder.path().join("admin.sock");
    let mut client = Client::new(UnixStream::connect(path).await.unwrap());
    let body = body.to_string();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.send(head.as_bytes()).await;
    let Answer { status, body, .. } = client.answer("GET").await;
    (status, serde_json::from_slice(&body).unwrap())
}

async fn put(stand: &Stand, of: &str, settings: Value) -> (u16, Value) {
    let wanted = json!({ "settings": settings });
    admin(stand, &format!("POST /settings/{of}"), &wanted).await
}

fn there() -> Script {
    Script::say(answer("200 OK", "", ""))
}

#[tokio::test]
async fn what_is_put_is_in_force_and_shown_as_it_was_put() {
    let stand = setup().start().await;
    stand.origin.will(there());
    let wanted = json!({ "policy": POLICY, "ownership": ENFORCED });
    let (status, told) = put(&stand, "buckets/lake-1", wanted.clone()).await;
    assert_eq!(status, 200, "{told:#}");
    assert_eq!(told["settings"]["policy"]["outcome"], "put");
    let asked = Request::get("/lake-1?policy=").signed_by(OWNER);
    let shown = stand.ask(&asked).await;
    assert_eq!((shown.status, shown.text()), (200, POLICY.to_owned()));

    let (_, told) = admin(&stand, "GET /settings/buckets/lake-1", &Value::Null).await;
    assert_eq!(told["settings"]["policy"], POLICY);
    // On record now: the upstream is not asked again.
    let (_, told) = put(&stand, "buckets/lake-1", wanted).await;
    assert_eq!(told["settings"]["policy"]["outcome"], "unchanged");
    let (_, told) = admin(&stand, "GET /state", &Value::Null).await;
    assert_eq!(told["origin"], "new", "{told:#}");
    assert_eq!(told["buckets"][0]["name"], "lake-1");
    assert_eq!(told["buckets"][0]["owner"], ACCOUNT);
    assert_eq!(
        told["buckets"][0]["settings"],
        json!(["policy", "ownership"])
    );
    let ended = stand.end().await;
    assert_eq!(ended.origin.seen.len(), 1, "{:#?}", ended.origin.seen);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_gets_nothing_and_a_dry_run_changes_nothing() {
    let stand = setup().start().await;
    stand
        .origin
        .will(Script::say(error("404 Not Found", "NoSuchBucket")));
    let (status, told) = put(&stand, "buckets/lake-1", json!({ "policy": POLICY })).await;
    assert_eq!(status, 404, "{told:#}");
    stand.origin.will(Script::say(answer("500 Oops", "", "")));
    let (status, told) = put(&stand, "buckets/lake-1", json!({ "policy": POLICY })).await;
    assert_eq!(status, 503, "{told:#}");
    let (status, told) = put(&stand, "buckets/elsewhere", json!({ "policy": POLICY })).await;
    assert_eq!(status, 200, "{told:#}");
    assert_eq!(
        told["settings"]["policy"]["outcome"], "refused",
        "of another bucket"
    );
    let (status, told) = put(
        &stand,
        "buckets/elsewhere",
        json!({ "ownership": ENFORCED }),
    )
    .await;
    assert_eq!(status, 409, "{told:#}");
    stand.origin.will(there());
    let dry = json!({ "settings": { "policy": POLICY }, "dry_run": true });
    let (_, told) = admin(&stand, "POST /settings/buckets/lake-1", &dry).await;
    assert_eq!(told["settings"]["policy"]["outcome"], "put");
    let (status, _) = admin(&stand, "GET /settings/buckets/lake-1", &Value::Null).await;
    assert_eq!(status, 404);
    let (_, told) = admin(&stand, "GET /state", &Value::Null).await;
    assert_eq!(told["buckets"], json!([]));
    stand.end().await;
}

#[tokio::test]
async fn an_account_has_its_flags_alone() {
    let stand = setup().start().await;
    let of = format!("accounts/{ACCOUNT}");
    let wanted = json!({ "public-access-block": FLAGS, "policy": POLICY });
    let (_, told) = put(&stand, &of, wanted).await;
    assert_eq!(told["settings"]["public-access-block"]["outcome"], "put");
    assert_eq!(told["settings"]["policy"]["outcome"], "refused");
    let (_, told) = admin(&stand, &format!("GET /settings/{of}"), &Value::Null).await;
    let shown = told["settings"]["public-access-block"].as_str().unwrap();
    assert!(shown.contains("\"BlockPublicPolicy\": true"), "{shown}");
    for (wanted, status) in [
        (json!({ "settings": { "nonsense": "" } }), 400),
        (json!({ "settings": { "policy": 1 } }), 400),
        (json!({ "settings": [] }), 400),
        (json!({ "settings": {}, "dry_run": "yes" }), 400),
        (json!({ "settings": {} }), 200),
    ] {
        let line = format!("POST /settings/{of}");
        assert_eq!(admin(&stand, &line, &wanted).await.0, status, "{wanted}");
    }
    stand.end().await;
}

#[tokio::test]
async fn a_backup_is_the_gateways_own_and_overwrites_nothing() {
    let stand = setup().start().await;
    stand.origin.will(there());
    put(&stand, "buckets/lake-1", json!({ "policy": POLICY })).await;
    let to = stand.folder.path().join("backup.redb");
    let wanted = json!({ "to": to });
    let (status, told) = admin(&stand, "POST /state/backup", &wanted).await;
    assert_eq!(status, 200, "{told:#}");
    let found = std::fs::metadata(&to).unwrap();
    assert_eq!(
        (&told["buckets"], &told["bytes"]),
        (&json!(1), &json!(found.len()))
    );
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    let (status, told) = admin(&stand, "POST /state/backup", &wanted).await;
    assert_eq!(status, 409, "{told:#}");
    let nowhere = json!({ "to": Path::new("/nowhere/at/all") });
    let (status, _) = admin(&stand, "POST /state/backup", &nowhere).await;
    assert_eq!(status, 503);
    stand.end().await;
}

#[tokio::test]
async fn a_gateway_without_state_says_so() {
    let stand = Setup::default()
        .with("admin: unix:admin.sock")
        .start()
        .await;
    assert_eq!(admin(&stand, "GET /state", &Value::Null).await.0, 409);
    let to = json!({ "to": stand.folder.path().join("backup") });
    assert_eq!(admin(&stand, "POST /state/backup", &to).await.0, 409);
    let (status, told) = put(&stand, "buckets/lake-1", json!({ "policy": POLICY })).await;
    assert_eq!(status, 409, "{told:#}");
    assert!(told["error"].as_str().unwrap().contains("no `state`"));
    stand.end().await;
}
