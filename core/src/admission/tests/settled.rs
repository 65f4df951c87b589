//! Calls on the settings that the gateway keeps: what they answer, what they change, who may not.

use super::kit::{Ask, World, account, harmless_policy, refusal, verdict};
use crate::admission::{Outcome, Run, SettingsOf, Settling};
use crate::controls::public_access::PublicAccessBlock;
use crate::controls::settings::{
    AccountSettings, BucketPolicy, BucketSettings, Setting, SettingChange, SettingKind,
};
use crate::s3::answer::Answer;
use crate::s3::names::BucketName;

const ACME: &str = "111111111111";
const OPEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-kept/*"}]}"#;

fn kept() -> BucketName {
    BucketName::parse("acme-kept").unwrap()
}

/// In which the store keeps `acme-kept`, with these settings.
fn keeping(settings: BucketSettings) -> World {
    World::new().keeping("acme-kept", ACME, settings)
}

fn policy(document: &str) -> BucketSettings {
    let policy = BucketPolicy::read(&kept(), document.as_bytes()).unwrap();
    BucketSettings::default().with(Setting::Policy(policy))
}

fn block(block: PublicAccessBlock) -> BucketSettings {
    BucketSettings::default().with(Setting::PublicAccessBlock(block))
}

#[track_caller]
fn settling(world: &World, ask: &Ask) -> Settling {
    match world.ask(ask).outcome {
        Outcome::Forward(permit) => match permit.run() {
            Run::Settle(settling) => (**settling).clone(),
            other => panic!("not settled: {other:?}"),
        },
        other => panic!("not allowed: {other:?}"),
    }
}

/// Status and body, or the code of an error.
fn answered(settling: &Settling) -> (u16, String) {
    match settling.answer() {
        Answer::Error(error) => (error.code.status().as_u16(), error.code.name().to_owned()),
        Answer::Success(success) => (
            success.status.as_u16(),
            String::from_utf8(success.body.to_vec()).unwrap(),
        ),
    }
}

fn put_policy(document: &str) -> Ask {
    Ask::new("PUT /acme-kept?policy=")
        .document(document)
        .signed("admin")
}

fn put_block(inside: &str) -> Ask {
    let root = "PublicAccessBlockConfiguration";
    Ask::new("PUT /acme-kept?publicAccessBlock=")
        .document(&format!("<{root}>{inside}</{root}>"))
        .signed("admin")
}

fn get(what: &str) -> Ask {
    Ask::new(&format!("GET /acme-kept?{what}=")).signed("admin")
}

#[test]
fn a_policy_is_answered_as_it_was_put() {
    let document = OPEN.replace(',', ",\n ");
    let settled = settling(&keeping(policy(&document)), &get("policy"));
    assert_eq!(answered(&settled), (200, document));
    assert_eq!(settled.change(), None);
}

#[test]
fn what_is_not_there_is_not_found() {
    let world = keeping(BucketSettings::default());
    let codes = [
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
    ];
    for (what, code) in codes {
        let settled = settling(&world, &get(what));
        assert_eq!(answered(&settled), (404, code.to_owned()));
    }
}

#[test]
fn the_status_says_whether_a_policy_is_public() {
    for (document, public) in [
        (OPEN.to_owned(), "true"),
        (harmless_policy("acme-kept"), "false"),
    ] {
        let settled = settling(&keeping(policy(&document)), &get("policyStatus"));
        let (status, body) = answered(&settled);
        assert_eq!(status, 200);
        assert!(
            body.contains(&format!("<IsPublic>{public}</IsPublic>")),
            "{body}"
        );
    }
}

#[test]
fn a_change_is_of_the_bucket_that_the_store_knows() {
    let settled = settling(&keeping(BucketSettings::default()), &put_policy(OPEN));
    let of = SettingsOf::Bucket {
        name: kept(),
        incarnation: Some(1),
        owner: account(ACME),
    };
    assert_eq!(*settled.of(), of);
    let Some(SettingChange::Put(Setting::Policy(kept))) = settled.change() else {
        panic!("{settled:?}");
    };
    assert_eq!(kept.document, OPEN);
    assert_eq!(answered(&settled), (204, String::new()));
}

#[test]
fn deletions_are_of_one_kind() {
    let cases = [
        ("policy", SettingKind::Policy),
        ("publicAccessBlock", SettingKind::PublicAccessBlock),
    ];
    for (what, kind) in cases {
        let ask = Ask::new(&format!("DELETE /acme-kept?{what}=")).signed("admin");
        let settled = settling(&keeping(BucketSettings::default()), &ask);
        assert_eq!(settled.change(), Some(&SettingChange::Delete(kind)));
        assert_eq!(answered(&settled), (204, String::new()));
    }
}

#[test]
fn a_document_that_is_none_changes_nothing() {
    let world = keeping(BucketSettings::default());
    for (ask, code) in [
        (put_policy("{}"), "MalformedPolicy"),
        (
            put_policy(&OPEN.replace("acme-kept", "other")),
            "MalformedPolicy",
        ),
        (
            put_block("<BlockPublicAcls>perhaps</BlockPublicAcls>"),
            "MalformedXML",
        ),
    ] {
        assert_eq!(verdict(&world.ask(&ask)), code);
    }
    assert_eq!(verdict(&world.ask(&put_policy(OPEN))), "pass");
    assert_eq!(verdict(&world.ask(&put_block(""))), "pass");
}

#[test]
fn t28_no_public_policy_is_put_where_that_is_blocked() {
    let blocking = PublicAccessBlock {
        block_public_policy: true,
        ..PublicAccessBlock::default()
    };
    let world = keeping(block(blocking));
    let refused = refusal(world.ask(&put_policy(OPEN)));
    assert_eq!(refused.code.name(), "AccessDenied");
    assert!(refused.message.contains("BlockPublicPolicy"), "{refused:?}");
    assert_eq!(
        verdict(&world.ask(&put_policy(&harmless_policy("acme-kept")))),
        "pass"
    );
    // The other flags do not mind, and the account's do as the bucket's.
    let others = PublicAccessBlock {
        block_public_policy: false,
        ..PublicAccessBlock::ALL
    };
    assert_eq!(
        verdict(&keeping(block(others)).ask(&put_policy(OPEN))),
        "pass"
    );
    let by_account = keeping(BucketSettings::default()).with_account(
        ACME,
        AccountSettings {
            public_access_block: Some(blocking),
        },
    );
    assert_eq!(verdict(&by_account.ask(&put_policy(OPEN))), "AccessDenied");
}

#[test]
fn a_public_policy_lets_no_stranger_in_where_that_is_restricted() {
    let read = Ask::new("GET /acme-kept/key");
    let restricting = PublicAccessBlock {
        restrict_public_buckets: true,
        ..PublicAccessBlock::default()
    };
    let public = policy(OPEN);
    assert_eq!(verdict(&keeping(public.clone()).ask(&read)), "pass");
    let world = keeping(public.with(Setting::PublicAccessBlock(restricting)));
    let admission = world.ask(&read);
    assert_eq!(verdict(&admission), "AccessDenied");
    let by = admission.labels.decision.unwrap().decision.by.unwrap();
    assert_eq!(by.layer.name(), "public_access");
    assert_eq!(
        verdict(&world.ask(&read.clone().signed("partner"))),
        "AccessDenied"
    );
    assert_eq!(verdict(&world.ask(&read.signed("admin"))), "pass");
}

#[test]
fn who_is_of_another_account_may_not_handle_the_policy_whatever_it_says() {
    let all = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":"s3:*","Resource":["arn:aws:s3:::acme-kept","arn:aws:s3:::acme-kept/*"]}]}"#;
    let world = keeping(policy(all));
    let ask = |line: &str| Ask::new(line).signed("partner-root");
    for line in ["GET /acme-kept?policy=", "DELETE /acme-kept?policy="] {
        assert_eq!(verdict(&world.ask(&ask(line))), "MethodNotAllowed");
    }
    let put = Ask::new("PUT /acme-kept?policy=")
        .document(OPEN)
        .signed("partner-root");
    assert_eq!(verdict(&world.ask(&put)), "MethodNotAllowed");
    assert_eq!(
        verdict(&world.ask(&ask("GET /acme-kept?policyStatus="))),
        "pass"
    );
    assert_eq!(
        verdict(&world.ask(&ask("GET /acme-kept?publicAccessBlock="))),
        "pass"
    );
}

#[test]
fn what_files_say_no_call_changes() {
    let mut world = keeping(block(PublicAccessBlock::ALL));
    world = world.with_policy("acme-kept", r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::acme-kept"}"#);
    let refused = refusal(world.ask(&put_policy(OPEN)));
    assert_eq!(refused.code.name(), "AccessDenied");
    assert!(refused.message.contains("managed by configuration"));
    let delete = Ask::new("DELETE /acme-kept?policy=").signed("admin");
    assert_eq!(verdict(&world.ask(&delete)), "AccessDenied");
    // It is shown, and goes before what is stored; another kind is still the store's.
    let (status, shown) = answered(&settling(&world, &get("policy")));
    assert!(
        status == 200 && shown.contains("s3:DeleteBucket"),
        "{shown}"
    );
    assert_eq!(verdict(&world.ask(&put_block(""))), "pass");
}

#[test]
fn without_a_store_nothing_is_changed() {
    let mut world = World::new();
    world.rules.buckets = None;
    for ask in [put_policy(OPEN), put_block("")] {
        assert_eq!(verdict(&world.ask(&ask)), "AccessDenied");
    }
    let settled = settling(&world, &get("policy"));
    assert_eq!(answered(&settled).1, "NoSuchBucketPolicy");
}

#[test]
fn a_bucket_that_the_store_does_not_know_is_asked_for() {
    let settled = settling(&World::new(), &get("policy"));
    let of = SettingsOf::Bucket {
        name: kept(),
        incarnation: None,
        owner: account(ACME),
    };
    assert_eq!(*settled.of(), of);
    let Outcome::Forward(permit) = World::new().ask(&get("policy")).outcome else {
        panic!();
    };
    assert_eq!(
        (
            permit.method().as_str(),
            permit.bucket(),
            permit.key(),
            permit.query()
        ),
        ("HEAD", "acme-kept", "", "")
    );
    assert!(permit.upstream().is_some() && permit.headers().is_empty());
}

#[test]
fn an_account_has_flags_of_its_own() {
    let path = "/v20180820/configuration/publicAccessBlock";
    let ask = |method: &str| {
        Ask::new(&format!("{method} {path}"))
            .instead("host", "s3.example.com")
            .header("x-amz-account-id", ACME)
    };
    let world = World::new();
    let none = settling(&world, &ask("GET").signed("root"));
    assert_eq!(answered(&none).1, "NoSuchPublicAccessBlockConfiguration");
    let put = ask("PUT")
        .document("<PublicAccessBlockConfiguration/>")
        .signed("root");
    let settled = settling(&world, &put);
    assert_eq!(*settled.of(), SettingsOf::Account(account(ACME)));
    let change = SettingChange::Put(Setting::PublicAccessBlock(PublicAccessBlock::default()));
    assert_eq!(settled.change(), Some(&change));
    assert_eq!(answered(&settled), (200, String::new()));
    let all = AccountSettings {
        public_access_block: Some(PublicAccessBlock::ALL),
    };
    let shown = settling(
        &World::new().with_account(ACME, all),
        &ask("GET").signed("root"),
    );
    assert_eq!(answered(&shown).1.matches("true").count(), 4);
    // What files say of an account, no call changes.
    let filed = World::new().with_account_file(ACME, all);
    assert_eq!(verdict(&filed.ask(&put)), "AccessDenied");
    assert_eq!(
        answered(&settling(&filed, &ask("GET").signed("root"))).0,
        200
    );
}
