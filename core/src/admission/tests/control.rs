//! Service control over the callers of an account.

use super::kit::{ACME, Ask, World, account, compile, directory_with, verdict};
use crate::policy::PolicyKind;
use std::sync::Arc;

const EVERYTHING: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const NO_READS: &str = r#"{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}"#;
const LISTS: &str = r#"{"Effect":"Allow","Action":"s3:List*","Resource":"*"}"#;

/// The world in which the bucket owner's account is under one level of these documents.
fn under(documents: &[&str]) -> World {
    let mut world = World::new();
    let level = || {
        let compiled = documents.iter();
        compiled.map(|text| compile(text, PolicyKind::ServiceControl))
    };
    world.rules.directory = Arc::new(directory_with(|changed| {
        if changed.id == account(ACME) {
            changed.service_control = vec![level().collect()];
        }
    }));
    world
}

fn read(by: &str) -> Ask {
    Ask::new("GET /acme-open/key").signed(by)
}

#[test]
fn a_refusal_by_service_control_says_so() {
    let allowed = under(&[EVERYTHING]);
    assert_eq!(verdict(&allowed.ask(&read("admin"))), "pass");
    let denied = under(&[EVERYTHING, NO_READS]).refusal(&read("admin"));
    let deny = "with an explicit deny in a service control policy";
    assert!(denied.message.ends_with(deny), "{}", denied.message);
    let missing = under(&[LISTS]).refusal(&read("admin"));
    let silent = "because no service control policy allows the s3:GetObject action";
    assert!(missing.message.ends_with(silent), "{}", missing.message);
}

#[test]
fn service_control_of_the_owner_does_not_bind_who_is_not_of_its_account() {
    let world = under(&[EVERYTHING, NO_READS]);
    let anonymous = Ask::new("GET /acme-open/key");
    assert_eq!(verdict(&world.ask(&anonymous)), "pass");
    assert_eq!(verdict(&world.ask(&read("partner"))), "pass");
    assert_eq!(verdict(&world.ask(&read("admin"))), "AccessDenied");
}
