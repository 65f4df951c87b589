//! ACLs: calls on them, what they let in, and what is kept of objects.

use super::kit::{ACME, Ask, World, verdict};
use crate::admission::{Outcome, Permit, RecordChange, Recorded, Run};
use crate::controls::acl::{ANONYMOUS, Acl, Canned};
use crate::controls::objects::ObjectRecord;
use crate::controls::ownership::ObjectOwnership::{self, *};
use crate::controls::public_access::PublicAccessBlock;
use crate::controls::settings::{BucketSettings, Setting};
use crate::s3::answer::Answer;
use std::sync::Arc;

const FULL: &str = "bucket-owner-full-control";

/// The canonical ids of the two accounts.
fn owner() -> String {
    "1".repeat(64)
}

fn partner() -> String {
    "2".repeat(64)
}

/// A world in which ACLs count in one bucket of the first account.
fn world(ownership: ObjectOwnership) -> World {
    World::new().keeping("acme-acl", ACME, settings(ownership))
}

fn settings(ownership: ObjectOwnership) -> BucketSettings {
    BucketSettings::default().with(Setting::Ownership(ownership))
}

fn with_acl(ownership: ObjectOwnership, canned: Canned) -> World {
    let acl = canned.expand(&owner(), &owner());
    let settings = settings(ownership).with(Setting::Acl(Arc::new(acl)));
    World::new().keeping("acme-acl", ACME, settings)
}

fn record(owner: &str, canned: Canned) -> Option<ObjectRecord> {
    Some(ObjectRecord {
        acl: Some(canned.expand(owner, &self::owner())),
        ..ObjectRecord::of(owner)
    })
}

fn put(target: &str, acl: &str) -> Ask {
    Ask::new(&format!("PUT {target}?acl="))
        .header("x-amz-acl", acl)
        .document("")
        .signed("admin")
}

fn upload(acl: Option<&str>, caller: &str) -> Ask {
    let ask = Ask::new("PUT /acme-acl/key").body("bytes");
    let ask = match acl {
        Some(acl) => ask.header("x-amz-acl", acl),
        None => ask,
    };
    ask.signed(caller)
}

fn ownership(name: &str) -> Ask {
    let rule = format!("<Rule><ObjectOwnership>{name}</ObjectOwnership></Rule>");
    Ask::new("PUT /acme-acl?ownershipControls=")
        .document(&format!("<OwnershipControls>{rule}</OwnershipControls>"))
        .signed("admin")
}

#[track_caller]
fn permit(world: &World, ask: &Ask) -> Box<Permit> {
    match world.ask(ask).outcome {
        Outcome::Forward(permit) => permit,
        other => panic!("not allowed: {other:?}"),
    }
}

#[track_caller]
fn shown(world: &World, ask: &Ask) -> String {
    let answer = match permit(world, ask).run() {
        Run::Settle(settling) => settling.answer().clone(),
        Run::OnObject(call) => {
            let name = format!("acme-acl/{}", call.object().key);
            call.carry_out(world.on_record(&name)).unwrap().answer
        }
        other => panic!("{other:?}"),
    };
    match answer {
        Answer::Success(success) => String::from_utf8(success.body.to_vec()).unwrap(),
        Answer::Error(error) => panic!("{error:?}"),
    }
}

#[track_caller]
fn check(world: &World, ask: &Ask, expected: &str) {
    assert_eq!(verdict(&world.ask(ask)), expected);
}

fn get(caller: &str) -> Ask {
    match caller {
        "" => Ask::new("GET /acme-acl/key"),
        caller => Ask::new("GET /acme-acl/key").signed(caller),
    }
}

mod disabled {
    use super::*;

    #[test]
    fn every_acl_is_full_control_for_the_buckets_owner() {
        for target in ["/acme-private?acl=", "/acme-private/key?acl="] {
            let ask = Ask::new(&format!("GET {target}")).signed("admin");
            let text = shown(&World::new(), &ask);
            let ids = text.matches(&format!("<ID>{}</ID>", owner())).count();
            assert_eq!(ids, 2, "{text}");
            assert_eq!(text.matches("<Permission>").count(), 1, "{text}");
            assert!(text.contains("FULL_CONTROL"), "{text}");
        }
    }

    #[test]
    fn no_other_acl_can_be_set() {
        let world = World::new();
        for target in ["/acme-private", "/acme-private/key"] {
            check(&world, &put(target, FULL), "pass");
            for acl in ["public-read", "private", "authenticated-read"] {
                check(&world, &put(target, acl), "AccessControlListNotSupported");
            }
        }
    }

    #[test]
    fn the_acl_that_there_is_can_be_set_as_a_document() {
        let world = World::new();
        let document = |grantee: &str| {
            format!(
                "<AccessControlPolicy><Owner><ID>{0}</ID></Owner><AccessControlList><Grant><Grantee>{grantee}</Grantee>\
                 <Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>",
                owner()
            )
        };
        let put = |grantee: &str, expected| {
            let ask = Ask::new("PUT /acme-private?acl=").document(&document(grantee));
            check(&world, &ask.signed("admin"), expected);
        };
        put(&format!("<ID>{}</ID>", owner()), "pass");
        let everyone = "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>";
        put(everyone, "AccessControlListNotSupported");
        let neither = Ask::new("PUT /acme-private?acl=").document("");
        check(&world, &neither.signed("admin"), "MissingSecurityHeader");
    }

    #[test]
    fn uploads_say_no_more_than_that_the_buckets_owner_has_full_control() {
        let world = world(BucketOwnerEnforced);
        for acl in [None, Some(FULL), Some("private")] {
            check(&world, &upload(acl, "admin"), "pass");
        }
        check(
            &world,
            &upload(Some("public-read"), "admin"),
            "AccessControlListNotSupported",
        );
        // Who may not upload is not told.
        check(
            &world,
            &upload(Some("public-read"), "nobody"),
            "AccessDenied",
        );
    }

    #[test]
    fn nothing_is_looked_up_and_nothing_kept() {
        let world = world(BucketOwnerEnforced);
        let permit = permit(&world, &upload(None, "admin"));
        assert_eq!(permit.keeping().unwrap().recorded, Recorded::NotYet);
        check(&world, &get("admin"), "pass");
        assert!(world.looked_up().is_empty());
    }

    #[test]
    fn what_once_had_acls_is_kept_as_the_bucket_owners() {
        let world = with_acl(BucketOwnerEnforced, Canned::Private);
        let permit = permit(&world, &upload(None, "admin"));
        let expected = ObjectRecord::of(&owner());
        assert_eq!(
            permit.keeping().unwrap().change,
            RecordChange::Write(expected)
        );
    }

    #[test]
    fn an_object_must_be_there_to_have_an_acl() {
        let ask = Ask::new("GET /acme-private/a%20b?acl=&versionId=v%2F1").signed("admin");
        let permit = permit(&World::new(), &ask);
        assert_eq!(
            (permit.method().as_str(), permit.key(), permit.query()),
            ("HEAD", "a%20b", "versionId=v%2F1")
        );
        let Run::OnObject(call) = permit.run() else {
            panic!("{permit:?}");
        };
        let object = call.object();
        assert_eq!((&*object.key, object.incarnation), ("a b", None));
        assert_eq!(call.carry_out(vec![None]).unwrap().record, None);
    }
}

mod ownership_of_buckets {
    use super::*;

    #[test]
    fn every_setting_can_be_put() {
        let world = world(ObjectWriter);
        for name in [
            "BucketOwnerEnforced",
            "BucketOwnerPreferred",
            "ObjectWriter",
        ] {
            check(&world, &ownership(name), "pass");
        }
        check(&world, &ownership("Nobody"), "MalformedXML");
    }

    #[test]
    fn acls_are_not_disabled_under_grants_to_others() {
        let world = with_acl(ObjectWriter, Canned::PublicRead);
        check(
            &world,
            &ownership("BucketOwnerEnforced"),
            "InvalidBucketAclWithObjectOwnership",
        );
        check(&world, &ownership("BucketOwnerPreferred"), "pass");
        check(
            &with_acl(ObjectWriter, Canned::Private),
            &ownership("BucketOwnerEnforced"),
            "pass",
        );
    }

    fn create(headers: &[(&str, &str)]) -> Ask {
        let ask = Ask::new("PUT /demo-new").document("");
        let with = |ask: Ask, (name, value): &(&str, &str)| ask.header(name, value);
        headers.iter().fold(ask, with).signed("admin")
    }

    #[track_caller]
    fn begins(headers: &[(&str, &str)]) -> BucketSettings {
        let permit = permit(&World::new(), &create(headers));
        match permit.run() {
            Run::CreateBucket { settings, .. } => BucketSettings::clone(settings),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bucket_begins_as_its_creator_says() {
        assert_eq!(begins(&[]), BucketSettings::of_new_bucket());
        let enforced = [
            ("x-amz-object-ownership", "BucketOwnerEnforced"),
            ("x-amz-acl", "private"),
        ];
        assert_eq!(begins(&enforced), BucketSettings::of_new_bucket());
        let writer = begins(
            &[
                ("x-amz-object-ownership", "ObjectWriter"),
                ("x-amz-acl", "authenticated-read"),
            ][..1],
        );
        assert_eq!(writer.ownership, Some(ObjectWriter));
        assert_eq!(writer.acl, Some(Arc::new(Acl::private(&owner()))));
        assert_eq!(writer.public_access_block, Some(PublicAccessBlock::ALL));
        let shared = [
            ("x-amz-object-ownership", "BucketOwnerPreferred"),
            ("x-amz-grant-read", &*format!("id={}", partner())),
        ];
        let shared = begins(&shared).acl.unwrap();
        assert_eq!((&*shared.owner, shared.grants.len()), (&*owner(), 1));
    }

    #[test]
    fn a_new_bucket_has_no_public_acl_and_none_where_they_are_disabled() {
        let check = |headers: &[(&str, &str)], expected| {
            check(&World::new(), &create(headers), expected);
        };
        let public = ("x-amz-acl", "public-read");
        check(&[public], "InvalidBucketAclWithObjectOwnership");
        let writer = ("x-amz-object-ownership", "ObjectWriter");
        check(
            &[public, writer],
            "InvalidBucketAclWithBlockPublicAccessError",
        );
        check(&[("x-amz-object-ownership", "Nobody")], "InvalidArgument");
        check(&[writer], "pass");
    }

    #[test]
    fn without_a_store_acls_are_disabled() {
        let world = World::new().without_store();
        let writer = [("x-amz-object-ownership", "ObjectWriter")];
        check(&world, &create(&writer), "AccessDenied");
        check(&world, &create(&[]), "pass");
    }
}

mod enabled {
    use super::*;

    #[track_caller]
    fn kept(ask: &Ask, ownership: ObjectOwnership) -> ObjectRecord {
        let world = world(ownership).with_policy("acme-acl", &open("acme-acl"));
        let permit = permit(&world, ask);
        let keeping = permit.keeping().expect("nothing is kept");
        assert_eq!(
            (keeping.object.incarnation, &*keeping.object.key),
            (Some(1), "key")
        );
        match &keeping.change {
            RecordChange::Write(record) => record.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn open(bucket: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::{bucket}","arn:aws:s3:::{bucket}/*"]}}"#
        )
    }

    #[test]
    fn an_object_is_its_writers_unless_it_is_given_away() {
        let both = [ObjectWriter, BucketOwnerPreferred];
        for ownership in both {
            assert_eq!(
                kept(&upload(None, "partner"), ownership),
                record(&partner(), Canned::Private).unwrap()
            );
            let public = Some("authenticated-read");
            let expected = record(&owner(), Canned::AuthenticatedRead).unwrap();
            assert_eq!(kept(&upload(public, "admin"), ownership), expected);
        }
        let given = |ownership| kept(&upload(Some(FULL), "partner"), ownership).owner;
        assert_eq!(&*given(BucketOwnerPreferred), owner());
        assert_eq!(&*given(ObjectWriter), partner());
        let anonymous = Ask::new("PUT /acme-acl/key").body("bytes");
        assert_eq!(&*kept(&anonymous, ObjectWriter).owner, ANONYMOUS);
    }

    #[test]
    fn t28_block_public_acls_refuses_every_way_to_write_one() {
        let blocked = settings(ObjectWriter).with(Setting::PublicAccessBlock(PublicAccessBlock {
            block_public_acls: true,
            ..PublicAccessBlock::default()
        }));
        let world = World::new().keeping("acme-acl", ACME, blocked);
        let copy = |acl| {
            let ask = Ask::new("PUT /acme-acl/key").header("x-amz-copy-source", "/acme-private/a");
            ask.header("x-amz-acl", acl).signed("admin")
        };
        let begin = |acl| {
            Ask::new("POST /acme-acl/key?uploads=")
                .header("x-amz-acl", acl)
                .signed("admin")
        };
        let form = |acl| {
            Ask::form("acme-acl", "key")
                .field("acl", acl)
                .signed("admin")
        };
        let own = |acl| put("/acme-acl", acl);
        let objects = |acl| put("/acme-acl/key", acl);
        let upload = |acl| upload(Some(acl), "admin");
        let ways: [&dyn Fn(&'static str) -> Ask; 6] =
            [&upload, &copy, &begin, &form, &own, &objects];
        for (position, way) in ways.iter().enumerate() {
            for (acl, expected) in [("public-read", "AccessDenied"), ("private", "pass")] {
                let found = verdict(&world.ask(&way(acl)));
                assert_eq!(found, expected, "{position} {acl}");
                let open = self::world(ObjectWriter);
                assert_eq!(verdict(&open.ask(&way(acl))), "pass", "{position} {acl}");
            }
        }
    }

    #[test]
    fn a_grant_lets_in_and_is_needed_says_the_record() {
        let world = world(ObjectWriter)
            .with_record("acme-acl/key", &[record(&owner(), Canned::PublicRead)]);
        let admission = world.ask(&get(""));
        assert_eq!(verdict(&admission), "pass");
        assert!(admission.labels.acl_required);
        assert_eq!(world.looked_up(), ["record of acme-acl/key"]);
        let own = world.ask(&get("admin"));
        assert_eq!(verdict(&own), "pass");
        assert!(!own.labels.acl_required);
        check(&world, &Ask::new("DELETE /acme-acl/key"), "AccessDenied");
        let private = self::world(ObjectWriter)
            .with_record("acme-acl/key", &[record(&owner(), Canned::Private)]);
        check(&private, &get(""), "AccessDenied");
        check(&self::world(ObjectWriter), &get(""), "AccessDenied");
        // Where ACLs are disabled the same record counts for nothing.
        let disabled = with_acl(BucketOwnerEnforced, Canned::PublicRead)
            .with_record("acme-acl/key", &[record(&owner(), Canned::PublicRead)]);
        check(&disabled, &get(""), "AccessDenied");
    }

    #[test]
    fn the_buckets_acl_lists_and_the_objects_reads() {
        let world = with_acl(ObjectWriter, Canned::PublicRead);
        check(&world, &Ask::new("GET /acme-acl?list-type=2"), "pass");
        check(&world, &get(""), "AccessDenied");
        check(
            &world,
            &Ask::new("PUT /acme-acl/key").body("bytes"),
            "AccessDenied",
        );
        let writable = with_acl(ObjectWriter, Canned::PublicReadWrite);
        check(
            &writable,
            &Ask::new("PUT /acme-acl/key").body("bytes"),
            "pass",
        );
    }

    #[test]
    fn ignore_public_acls_takes_public_grants_for_none() {
        let block = Setting::PublicAccessBlock(PublicAccessBlock {
            ignore_public_acls: true,
            ..PublicAccessBlock::default()
        });
        let world = World::new().keeping("acme-acl", ACME, settings(ObjectWriter).with(block));
        let world = world.with_record("acme-acl/key", &[record(&owner(), Canned::PublicRead)]);
        check(&world, &get(""), "AccessDenied");
        check(&world, &get("admin"), "pass");
    }

    #[test]
    fn another_accounts_object_is_the_other_accounts() {
        let open = open("acme-acl");
        let world = world(ObjectWriter).with_policy("acme-acl", &open);
        let theirs = world.with_record("acme-acl/key", &[record(&partner(), Canned::Private)]);
        for caller in ["", "admin", "root", "partner-nobody"] {
            check(&theirs, &get(caller), "AccessDenied");
        }
        for caller in ["partner", "partner-root"] {
            check(&theirs, &get(caller), "pass");
        }
        check(
            &theirs,
            &Ask::new("DELETE /acme-acl/key").signed("admin"),
            "pass",
        );
        let shared = self::world(ObjectWriter).with_record(
            "acme-acl/key",
            &[record(&partner(), Canned::BucketOwnerRead)],
        );
        check(&shared, &get("admin"), "pass");
        check(&shared, &get("nobody"), "AccessDenied");
    }

    #[test]
    fn while_it_is_not_known_which_acl_an_object_has_the_narrower_counts() {
        let of = |possible: &[_]| world(ObjectWriter).with_record("acme-acl/key", possible);
        let (public, private) = (
            record(&owner(), Canned::PublicRead),
            record(&owner(), Canned::Private),
        );
        for possible in [
            [public.clone(), private.clone()],
            [private.clone(), public.clone()],
            [public.clone(), None],
        ] {
            check(&of(&possible), &get(""), "AccessDenied");
            check(&of(&possible), &get("admin"), "pass");
        }
        check(&of(&[public.clone(), public.clone()]), &get(""), "pass");
        // Of one account or another: nobody's.
        let theirs = record(&partner(), Canned::Private);
        check(&of(&[public, theirs]), &get("admin"), "AccessDenied");
    }

    #[test]
    fn each_version_has_an_acl_of_its_own() {
        let world = world(ObjectWriter)
            .with_record("acme-acl/key?v1", &[record(&owner(), Canned::PublicRead)])
            .with_record("acme-acl/key", &[record(&owner(), Canned::Private)]);
        check(&world, &Ask::new("GET /acme-acl/key?versionId=v1"), "pass");
        check(
            &world,
            &Ask::new("GET /acme-acl/key?versionId=v2"),
            "AccessDenied",
        );
        check(&world, &get(""), "AccessDenied");
    }

    #[test]
    fn a_copy_asks_for_its_sources_acl() {
        let copy = Ask::new("PUT /acme-private/copy").header("x-amz-copy-source", "/acme-acl/key");
        let copy = copy
            .header("x-amz-tagging-directive", "REPLACE")
            .signed("admin");
        let of = |record| world(ObjectWriter).with_record("acme-acl/key", &[record]);
        check(
            &of(record(&partner(), Canned::Private)),
            &copy,
            "AccessDenied",
        );
        check(
            &of(record(&partner(), Canned::BucketOwnerRead)),
            &copy,
            "pass",
        );
        check(&of(record(&owner(), Canned::Private)), &copy, "pass");
    }

    #[test]
    fn acls_are_shown_and_set() {
        let world = with_acl(ObjectWriter, Canned::PublicRead).with_record(
            "acme-acl/key",
            &[record(&partner(), Canned::BucketOwnerFullControl)],
        );
        let text = shown(&world, &Ask::new("GET /acme-acl?acl=").signed("admin"));
        assert!(text.contains("global/AllUsers"), "{text}");
        let ask = Ask::new("GET /acme-acl/key?acl=");
        let text = shown(&world, &ask.clone().signed("admin"));
        assert!(
            text.contains(&format!("<Owner><ID>{}</ID>", partner())),
            "{text}"
        );
        check(&world, &ask, "AccessDenied");

        let permit = permit(&world, &put("/acme-acl/key", "public-read"));
        let Run::OnObject(call) = permit.run() else {
            panic!("{permit:?}")
        };
        let private = record(&partner(), Canned::BucketOwnerFullControl);
        let changed = call.carry_out(vec![private]).unwrap().record;
        assert_eq!(
            (call.version(), changed),
            (None, record(&partner(), Canned::PublicRead))
        );
    }

    #[test]
    fn t05_an_acl_belongs_to_what_is_its_own() {
        let world =
            world(ObjectWriter).with_record("acme-acl/key", &[record(&owner(), Canned::Private)]);
        let document = format!(
            "<AccessControlPolicy><Owner><ID>{}</ID></Owner><AccessControlList/></AccessControlPolicy>",
            partner()
        );
        let ask = Ask::new("PUT /acme-acl/key?acl=")
            .document(&document)
            .signed("admin");
        check(&world, &ask, "AccessDenied");
        let own = document.replace(&partner(), &owner());
        let ask = Ask::new("PUT /acme-acl/key?acl=")
            .document(&own)
            .signed("admin");
        check(&world, &ask, "pass");
    }

    #[track_caller]
    fn change(ask: &Ask) -> RecordChange {
        let permit = permit(&world(ObjectWriter), ask);
        permit.keeping().expect("nothing is kept").change.clone()
    }

    #[test]
    fn uploads_in_parts_keep_what_was_asked_at_their_beginning() {
        let begun = change(
            &Ask::new("POST /acme-acl/key?uploads=")
                .header("x-amz-acl", "public-read")
                .signed("admin"),
        );
        assert_eq!(
            begun,
            RecordChange::Begin(record(&owner(), Canned::PublicRead).unwrap())
        );
        let parts = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>";
        let completed = change(
            &Ask::new("POST /acme-acl/key?uploadId=u")
                .document(parts)
                .signed("admin"),
        );
        let otherwise = record(&owner(), Canned::Private).unwrap();
        let upload = "u".into();
        assert_eq!(completed, RecordChange::Complete { upload, otherwise });
        let aborted = change(&Ask::new("DELETE /acme-acl/key?uploadId=u").signed("admin"));
        assert_eq!(aborted, RecordChange::Abort("u".into()));
    }

    #[test]
    fn what_is_deleted_is_told_to_the_store() {
        let one = change(&Ask::new("DELETE /acme-acl/key?versionId=v").signed("admin"));
        assert_eq!(
            one,
            RecordChange::Delete(vec![("key".into(), Some("v".into()))])
        );
        let many =
            Ask::new("POST /acme-acl?delete=").document(&super::super::kit::delete(&["a", "b"]));
        let expected = vec![("a".into(), None), ("b".into(), None)];
        assert_eq!(
            change(&many.signed("admin")),
            RecordChange::Delete(expected)
        );
    }
}
