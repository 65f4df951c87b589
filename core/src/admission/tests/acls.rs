//! Calls on ACLs and ownership, where ACLs are disabled everywhere.

use super::kit::{Ask, World, verdict};
use crate::admission::{Outcome, Permit, Run, SettingsOf};
use crate::s3::answer::Answer;

const FULL: &str = "bucket-owner-full-control";

/// The canonical id of the first account.
fn owner() -> String {
    "1".repeat(64)
}

fn put(target: &str, acl: &str) -> Ask {
    Ask::new(&format!("PUT {target}?acl="))
        .header("x-amz-acl", acl)
        .document("")
        .signed("admin")
}

fn ownership(name: &str) -> Ask {
    let rule = format!("<Rule><ObjectOwnership>{name}</ObjectOwnership></Rule>");
    Ask::new("PUT /acme-private?ownershipControls=")
        .document(&format!("<OwnershipControls>{rule}</OwnershipControls>"))
        .signed("admin")
}

#[track_caller]
fn permit(ask: &Ask) -> Box<Permit> {
    match World::new().ask(ask).outcome {
        Outcome::Forward(permit) => permit,
        other => panic!("not allowed: {other:?}"),
    }
}

#[track_caller]
fn shown(ask: &Ask) -> String {
    match permit(ask).run() {
        Run::Settle(settling) => match settling.answer() {
            Answer::Success(success) => String::from_utf8(success.body.to_vec()).unwrap(),
            Answer::Error(error) => panic!("{error:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_acl_is_full_control_for_the_buckets_owner() {
    for target in ["/acme-private?acl=", "/acme-private/key?acl="] {
        let text = shown(&Ask::new(&format!("GET {target}")).signed("admin"));
        assert_eq!(
            text.matches(&format!("<ID>{}</ID>", owner())).count(),
            2,
            "{text}"
        );
        assert_eq!(text.matches("<Permission>").count(), 1, "{text}");
        assert!(text.contains("FULL_CONTROL"), "{text}");
    }
}

#[test]
fn no_other_acl_can_be_set() {
    let world = World::new();
    for target in ["/acme-private", "/acme-private/key"] {
        assert_eq!(verdict(&world.ask(&put(target, FULL))), "pass");
        for acl in ["public-read", "private", "authenticated-read"] {
            let refused = world.refusal(&put(target, acl));
            assert_eq!(
                refused.code.name(),
                "AccessControlListNotSupported",
                "{acl}"
            );
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
    let put = |grantee: &str| {
        let ask = Ask::new("PUT /acme-private?acl=").document(&document(grantee));
        verdict(&world.ask(&ask.signed("admin")))
    };
    assert_eq!(put(&format!("<ID>{}</ID>", owner())), "pass");
    let everyone = "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>";
    assert_eq!(put(everyone), "AccessControlListNotSupported");
    let neither = Ask::new("PUT /acme-private?acl=")
        .document("")
        .signed("admin");
    assert_eq!(verdict(&world.ask(&neither)), "MissingSecurityHeader");
}

#[test]
fn the_one_ownership_is_that_of_the_buckets_owner() {
    let world = World::new();
    assert_eq!(
        verdict(&world.ask(&ownership("BucketOwnerEnforced"))),
        "pass"
    );
    for name in ["BucketOwnerPreferred", "ObjectWriter"] {
        assert_eq!(verdict(&world.ask(&ownership(name))), "NotImplemented");
    }
    assert_eq!(verdict(&world.ask(&ownership("Nobody"))), "MalformedXML");
}

#[test]
fn an_object_must_be_there_to_have_an_acl() {
    let permit = permit(&Ask::new("GET /acme-private/a%20b?acl=&versionId=v%2F1").signed("admin"));
    assert_eq!(
        (permit.method().as_str(), permit.key(), permit.query()),
        ("HEAD", "a%20b", "versionId=v%2F1")
    );
    let Run::Settle(settling) = permit.run() else {
        panic!("{permit:?}");
    };
    assert_eq!(*settling.of(), SettingsOf::Object);
}
