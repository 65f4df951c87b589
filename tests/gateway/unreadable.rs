//! What the store has and cannot be read is never taken for nothing.

use super::origin::{Origin, Script, answer};
use super::request::{OWNER, Request};
use super::stand::{Setup, Stand};
use portcullis::config::{self, Host};
use portcullis::gateway;
use redb::{Database, ReadableTable as _, TableDefinition};
use std::path::Path;
use tempfile::TempDir;

type Version = (&'static str, u64, &'static str, &'static str);
const OBJECTS: TableDefinition<'_, Version, (u64, &[u8])> = TableDefinition::new("objects");
const SETTINGS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("settings");
const ENABLED: &str = r#"{"Rules": [{"ObjectOwnership": "ObjectWriter"}]}"#;

fn setup() -> Setup {
    let setup = Setup::default().with("state: { redb: state.redb }");
    setup.file("policies/buckets/lake-1/ownership.json", ENABLED)
}

/// The folder of a gateway that wrote two objects and stopped.
async fn used() -> TempDir {
    let stand = setup().start().await;
    for key in ["damaged", "whole"] {
        // Whether there is such a bucket, the first time.
        stand.origin.will(Script::say(answer("200 OK", "", "")));
        stand.origin.will(Script::say(answer("200 OK", "", "")));
        let put = Request::put(&format!("/lake-1/{key}"), "bytes").signed_by(OWNER);
        assert_eq!(stand.ask(&put).await.status, 200);
    }
    stand.end().await.folder
}

fn database(folder: &Path) -> Database {
    Database::open(folder.join("state.redb")).unwrap()
}

async fn started(folder: TempDir) -> Stand {
    setup().start_at(Origin::start().await, folder).await
}

#[tokio::test]
async fn t30_an_object_whose_record_cannot_be_read_is_nobodys_to_read() {
    let folder = used().await;
    {
        let database = database(folder.path());
        let write = database.begin_write().unwrap();
        let mut objects = write.open_table(OBJECTS).unwrap();
        let name = ("lake-1", 1, "damaged", "null");
        let sequence = objects.get(name).unwrap().unwrap().value().0;
        objects.insert(name, (sequence, &b"{}"[..])).unwrap();
        drop(objects);
        write.commit().unwrap();
    }
    let stand = started(folder).await;
    let get = |key: &str| Request::get(&format!("/lake-1/{key}")).signed_by(OWNER);
    let refused = stand.ask(&get("damaged")).await;
    assert_eq!(
        (refused.status, &*refused.code()),
        (503, "ServiceUnavailable")
    );
    assert_eq!(stand.ask(&get("whole")).await.status, 200);
    let ended = stand.end().await;
    let lines: Vec<_> = ended.origin.seen.iter().map(|seen| seen.line()).collect();
    assert_eq!(lines, ["GET /lake-1/whole HTTP/1.1"]);
}

#[tokio::test]
async fn t30_a_gateway_whose_settings_cannot_be_read_does_not_start() {
    let folder = used().await;
    {
        let database = database(folder.path());
        let write = database.begin_write().unwrap();
        let mut settings = write.open_table(SETTINGS).unwrap();
        settings.insert(("lake-1", "policy"), &b"{"[..]).unwrap();
        drop(settings);
        write.commit().unwrap();
    }
    let file = setup().write(folder.path(), 1);
    let (settings, _) = config::load(&file, &Host).unwrap();
    let Err(error) = gateway::start(settings).await else {
        panic!("it starts");
    };
    let told = format!("{error:?} {error}");
    assert!(told.contains("lake-1") && told.contains("policy"), "{told}");
}
