//! Settings that are carried over.

use super::kit::{ACME, PARTNER, World, account};
use crate::admission::{Imported, NotImportable, SettingsOf};
use crate::controls::acl::{Acl, Canned};
use crate::controls::cors::Cors;
use crate::controls::ownership::ObjectOwnership;
use crate::controls::public_access::PublicAccessBlock;
use crate::controls::settings::{
    AccountSettings, BucketPolicy, BucketSettings, Setting, SettingChange, SettingKind,
};
use crate::s3::names::BucketName;
use std::sync::Arc;

const BUCKET: &str = "acme-old";
const OFF: PublicAccessBlock = PublicAccessBlock {
    block_public_acls: false,
    ignore_public_acls: false,
    block_public_policy: false,
    restrict_public_buckets: false,
};

fn name(bucket: &str) -> BucketName {
    BucketName::parse(bucket).unwrap()
}

fn policy(principal: &str) -> Setting {
    let text = format!(
        r#"{{ "Version": "2012-10-17", "Statement": [{{ "Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject",
          "Resource": "arn:aws:s3:::{BUCKET}/*" }}] }}"#
    );
    Setting::Policy(BucketPolicy::read(&name(BUCKET), text.as_bytes()).unwrap())
}

fn public() -> Setting {
    policy("\"*\"")
}

fn cors() -> Setting {
    let text = "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>";
    Setting::Cors(Arc::new(Cors::parse_xml(text.as_bytes()).unwrap()))
}

fn canned(acl: Canned) -> Setting {
    Setting::Acl(Arc::new(Acl {
        owner: "".into(),
        ..acl.expand(&owner(), &owner())
    }))
}

/// The canonical id of the account that owns the bucket.
fn owner() -> String {
    let world = World::new();
    let owner = &world.rules.directory.accounts[&account(ACME)];
    owner.canonical_id.to_string()
}

fn stored(settings: &[Setting]) -> World {
    let all = settings.iter().cloned();
    let settings = all.fold(BucketSettings::default(), BucketSettings::with);
    World::new().keeping(BUCKET, ACME, settings)
}

/// What becomes of settings, in a word each, in the order of kinds; `refused` with its reason.
#[track_caller]
fn check(world: &World, wanted: &[Setting], expected: &[&str]) {
    let import = world.rules.import(&name(BUCKET), wanted.to_vec()).unwrap();
    let said = import.outcomes().values().map(|outcome| match outcome {
        Imported::Put => "put".to_owned(),
        Imported::Unchanged => "unchanged".to_owned(),
        Imported::Refused(why) => format!("refused: {why}"),
    });
    let said: Vec<String> = said.collect();
    assert_eq!(said.len(), expected.len(), "{said:?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said} is not {expected}");
    }
    let puts = said.iter().filter(|said| *said == "put").count();
    assert_eq!(import.changes().len(), puts);
}

#[test]
fn a_bucket_that_the_store_does_not_know_gets_all_that_is_legal() {
    let wanted = [
        policy(r#"{ "AWS": "222222222222" }"#),
        Setting::PublicAccessBlock(PublicAccessBlock::ALL),
        cors(),
        Setting::Ownership(ObjectOwnership::ObjectWriter),
        canned(Canned::Private),
    ];
    let world = World::new();
    check(&world, &wanted, &["put"; 5]);
    let import = world.rules.import(&name(BUCKET), wanted.into()).unwrap();
    let of = SettingsOf::Bucket {
        name: name(BUCKET),
        incarnation: None,
        owner: account(ACME),
    };
    assert_eq!((import.of(), import.upstream()), (&of, Some(0)));
}

#[test]
fn what_is_so_already_is_not_put_again() {
    let flags = Setting::PublicAccessBlock(PublicAccessBlock::ALL);
    let world = stored(&[cors(), flags.clone(), public()]);
    check(
        &world,
        &[cors(), flags, public()],
        &["unchanged", "unchanged", "unchanged"],
    );
    let import = world.rules.import(&name(BUCKET), vec![cors()]).unwrap();
    assert!(matches!(
        import.of(),
        SettingsOf::Bucket {
            incarnation: Some(_),
            ..
        }
    ));
}

#[test]
fn t28_a_public_policy_needs_an_order_in_which_nothing_blocks_it() {
    let blocked = Setting::PublicAccessBlock(PublicAccessBlock::ALL);
    let open = Setting::PublicAccessBlock(OFF);
    let refused = "refused: the policy is public, and BlockPublicPolicy";
    check(
        &stored(std::slice::from_ref(&blocked)),
        &[public()],
        &[refused],
    );
    check(
        &stored(std::slice::from_ref(&blocked)),
        &[policy(r#"{ "AWS": "222222222222" }"#)],
        &["put"],
    );
    // As the calls could be made, one after the other.
    check(
        &stored(std::slice::from_ref(&blocked)),
        &[public(), open],
        &["put", "put"],
    );
    check(&stored(&[]), &[public(), blocked], &["put", "put"]);
    let block = AccountSettings {
        public_access_block: Some(PublicAccessBlock::ALL),
    };
    let world = stored(&[]).with_account(ACME, block);
    check(
        &world,
        &[public(), Setting::PublicAccessBlock(OFF)],
        &[refused, "put"],
    );
}

#[test]
fn an_acl_that_grants_to_others_needs_acls_that_count() {
    let enforced = Setting::Ownership(ObjectOwnership::BucketOwnerEnforced);
    let writer = Setting::Ownership(ObjectOwnership::ObjectWriter);
    let refused = "refused: it grants to others, and ACLs are disabled";
    check(&stored(&[]), &[canned(Canned::PublicRead)], &[refused]);
    check(&stored(&[]), &[canned(Canned::Private)], &["put"]);
    check(
        &stored(std::slice::from_ref(&enforced)),
        &[canned(Canned::PublicRead), writer.clone()],
        &["put", "put"],
    );
    let blocked = Setting::PublicAccessBlock(PublicAccessBlock::ALL);
    check(
        &stored(&[blocked, writer.clone()]),
        &[canned(Canned::PublicRead)],
        &["refused: it is public, and BlockPublicAcls"],
    );
    check(
        &stored(&[writer.clone(), canned(Canned::PublicRead)]),
        std::slice::from_ref(&enforced),
        &["refused: the bucket's ACL grants to others"],
    );
    check(
        &stored(&[writer, canned(Canned::PublicRead)]),
        &[enforced, canned(Canned::Private)],
        &["put", "put"],
    );
}

#[test]
fn an_acl_is_its_buckets_owners() {
    let of = |owner: &str| {
        Setting::Acl(Arc::new(Acl {
            owner: owner.into(),
            ..Canned::Private.expand(owner, owner)
        }))
    };
    check(&stored(&[]), &[of(&owner())], &["put"]);
    check(
        &stored(&[]),
        &[of(&"0".repeat(64))],
        &["refused: its owner is"],
    );
    let world = stored(&[of(&owner())]);
    check(&world, &[canned(Canned::Private)], &["unchanged"]);
    let import = World::new()
        .rules
        .import(&name(BUCKET), vec![canned(Canned::Private)]);
    let kept = SettingChange::Put(of(&owner()));
    assert_eq!(import.unwrap().changes(), [kept], "the store has its owner");
}

#[test]
fn what_files_say_is_theirs() {
    let mut world = World::new();
    let files = BucketSettings::default().with(cors());
    world.rules.files = Arc::new([(name(BUCKET), files)].into());
    check(
        &world,
        &[cors(), Setting::PublicAccessBlock(OFF)],
        &[
            "put",
            "refused: managed by configuration: `policies/buckets/acme-old/` has `cors`",
        ],
    );
}

#[test]
fn only_buckets_of_an_upstream_and_a_store_take_settings() {
    let none = World::new().rules.import(&name("elsewhere"), vec![cors()]);
    assert_eq!(none.unwrap_err(), NotImportable::NoUpstream);
    let world = World::new().without_store();
    let none = world.rules.import(&name(BUCKET), vec![cors()]);
    assert_eq!(none.unwrap_err(), NotImportable::NoStore);
    let none = world.rules.import_account(account(ACME), OFF);
    assert_eq!(none.unwrap_err(), NotImportable::NoStore);
}

#[test]
fn an_accounts_flags_are_put_unless_files_say_them() {
    let said = |world: &World, id: &str| {
        let import = world
            .rules
            .import_account(account(id), PublicAccessBlock::ALL);
        let import = import.unwrap();
        let changes = import.changes().len();
        (
            import.outcomes()[&SettingKind::PublicAccessBlock].clone(),
            changes,
        )
    };
    let block = AccountSettings {
        public_access_block: Some(PublicAccessBlock::ALL),
    };
    let world = World::new().with_account(ACME, block);
    assert_eq!(said(&world, ACME), (Imported::Unchanged, 0));
    assert_eq!(said(&world, PARTNER), (Imported::Put, 1));
    let world = World::new().with_account_file(ACME, block);
    assert!(matches!(said(&world, ACME), (Imported::Refused(_), 0)));
}
