//! Object Lock: what new objects get, what a permit may destroy, calls on locks, and what buckets with Object Lock refuse.

use super::kit::{ACME, Ask, PARTNER, Permitted, World, verdict};
use crate::admission::{
    DecisionMode, Guard, Hold, Outcome, RecordChange, Recorded, Run, check_lifecycle, kept_headers,
    withheld,
};
use crate::controls::lock::{
    BadRecord, DefaultRetention, LegalHold, LockConfiguration, ObjectLock, Period, RecordedLock,
    RetainUntil, Retention, RetentionMode,
};
use crate::controls::objects::ObjectRecord;
use crate::controls::settings::{BucketSettings, Setting, SettingChange, SettingKind};
use crate::s3::answer::{Answer, S3Error};
use crate::s3::xml::DeleteFailure;
use http::{HeaderMap, HeaderName};
use std::sync::Arc;

const MODE: &str = "x-amz-object-lock-mode";
const UNTIL: &str = "x-amz-object-lock-retain-until-date";
const HOLD: &str = "x-amz-object-lock-legal-hold";
const BYPASS: &str = "x-amz-bypass-governance-retention";
/// After [`super::kit::NOW`].
const LATER: &str = "2026-04-01T00:00:00.000Z";
const SOONER: &str = "2026-03-20T00:00:00.000Z";
const PAST: &str = "2026-03-01T00:00:00Z";
/// The MD5 of `bytes`.
const MD5: &str = "S0viOc+y69zeeAGIUV6KFQ==";

fn settings(default: Option<(RetentionMode, Period)>) -> BucketSettings {
    let default = default.map(|(mode, period)| DefaultRetention { mode, period });
    BucketSettings::default().with(Setting::ObjectLock(LockConfiguration { default }))
}

/// A bucket with Object Lock on a store that keeps versions.
fn versioned() -> World {
    World::new().keeping("acme-lock", ACME, settings(None))
}

/// The same, where new versions are retained for ten days.
fn retaining() -> World {
    let default = Some((RetentionMode::Governance, Period::Days(10)));
    World::new().keeping("acme-lock", ACME, settings(default))
}

/// The same on a store that keeps locks, too.
fn passing() -> World {
    versioned().passing_locks()
}

/// A bucket with Object Lock on a store without versions.
fn unversioned() -> World {
    World::new().keeping("partner-lock", PARTNER, settings(None))
}

fn retention(mode: RetentionMode, until: &str) -> Option<Retention> {
    let until = RetainUntil::parse(until).unwrap();
    Some(Retention { mode, until })
}

fn record(lock: ObjectLock) -> Option<ObjectRecord> {
    Some(ObjectRecord {
        lock: lock.into(),
        ..ObjectRecord::of(&"1".repeat(64))
    })
}

fn retained(mode: RetentionMode, until: &str) -> Option<ObjectRecord> {
    record(ObjectLock {
        retention: retention(mode, until),
        legal_hold: None,
    })
}

fn held() -> Option<ObjectRecord> {
    record(ObjectLock {
        retention: None,
        legal_hold: Some(LegalHold::On),
    })
}

fn put(key: &str) -> Ask {
    Ask::new(&format!("PUT /{key}"))
        .body("bytes")
        .header("content-md5", MD5)
}

fn with_lock(ask: Ask, mode: &str, until: &str) -> Ask {
    ask.header(MODE, mode).header(UNTIL, until)
}

#[track_caller]
fn check(world: &World, ask: &Ask, expected: &str) {
    let caller = match ask.target.starts_with(b"/partner-") {
        true => "partner",
        false => "admin",
    };
    let admission = world.ask(&ask.clone().signed(caller));
    assert_eq!(verdict(&admission), expected, "{:?}", admission.outcome);
}

#[track_caller]
fn permit(world: &World, ask: &Ask) -> Permitted {
    let caller = match ask.target.starts_with(b"/partner-") {
        true => "partner",
        false => "admin",
    };
    world.permit(&ask.clone().signed(caller))
}

/// The lock that is kept of what a request makes.
#[track_caller]
fn lock_of(permit: &Permitted) -> ObjectLock {
    let keeping = permit.keeping().expect("a change of objects");
    let (RecordChange::Write(record)
    | RecordChange::Begin(record)
    | RecordChange::Complete {
        otherwise: record, ..
    }) = &keeping.change
    else {
        panic!("{keeping:?}");
    };
    match record.lock {
        RecordedLock::Known(lock) => lock,
        RecordedLock::Unreadable(_) => panic!("{record:?}"),
    }
}

#[track_caller]
fn guard(world: &World, ask: &Ask) -> Guard {
    permit(world, ask).keeping().unwrap().guard
}

mod new_objects {
    use super::*;

    #[test]
    fn headers_of_a_write_become_its_lock() {
        let ask = with_lock(put("acme-lock/key"), "GOVERNANCE", LATER).header(HOLD, "ON");
        let permit = permit(&versioned(), &ask);
        let expected = ObjectLock {
            retention: retention(RetentionMode::Governance, LATER),
            legal_hold: Some(LegalHold::On),
        };
        assert_eq!(lock_of(&permit), expected);
        assert_eq!(permit.keeping().unwrap().recorded, Recorded::Yes);
        // The store hears of none.
        assert!(permit.headers().get(MODE).is_none());
        assert!(permit.headers().get(HOLD).is_none());
    }

    #[test]
    fn a_store_that_keeps_locks_too_is_told_of_them() {
        let ask = with_lock(put("acme-lock/key"), "COMPLIANCE", LATER).header(HOLD, "OFF");
        let permit = permit(&passing(), &ask);
        let sent = |name: &str| permit.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            (sent(MODE), sent(UNTIL), sent(HOLD)),
            ("COMPLIANCE".into(), LATER.into(), "OFF".into())
        );
    }

    #[test]
    fn what_is_said_wrongly_is_refused() {
        let key = || put("acme-lock/key");
        let cases = [
            (key().header(MODE, "GOVERNANCE"), "InvalidArgument"),
            (key().header(UNTIL, LATER), "InvalidArgument"),
            (with_lock(key(), "GOVERNANCE", PAST), "InvalidArgument"),
            (with_lock(key(), "governance", LATER), "InvalidArgument"),
            (with_lock(key(), "GOVERNANCE", "soon"), "InvalidArgument"),
            (key().header(HOLD, "on"), "InvalidArgument"),
            (with_lock(key(), "GOVERNANCE", LATER), "pass"),
            (key().header(HOLD, "ON"), "pass"),
        ];
        for (ask, expected) in cases {
            check(&versioned(), &ask, expected);
        }
    }

    #[test]
    fn a_bucket_without_object_lock_takes_no_locks() {
        let world = World::new().recording("acme-plain", ACME);
        let asks = [
            with_lock(put("acme-plain/key"), "GOVERNANCE", LATER),
            put("acme-plain/key").header(HOLD, "OFF"),
        ];
        for ask in asks {
            check(&world, &ask, "InvalidRequest");
            check(&World::new().without_store(), &ask, "InvalidRequest");
        }
        check(&world, &put("acme-plain/key"), "pass");
    }

    #[test]
    fn what_is_locked_needs_a_checksum() {
        let bare = || Ask::new("PUT /acme-lock/key").body("bytes");
        check(&versioned(), &bare(), "pass");
        check(&versioned(), &bare().header(HOLD, "ON"), "InvalidRequest");
        check(&retaining(), &bare(), "InvalidRequest");
        let crc = bare().header("x-amz-checksum-crc32", "yIhYDg==");
        check(&retaining(), &bare().header("content-md5", MD5), "pass");
        let named = bare().header("x-amz-sdk-checksum-algorithm", "CRC32");
        check(&retaining(), &named, "InvalidRequest");
        assert_ne!(
            verdict(&retaining().ask(&crc.signed("admin"))),
            "InvalidRequest"
        );
        let part = Ask::new("PUT /acme-lock/key?partNumber=1&uploadId=u").body("bytes");
        check(&versioned(), &part, "pass");
        check(&retaining(), &part, "InvalidRequest");
        check(&retaining(), &part.header("content-md5", MD5), "pass");
    }

    #[test]
    fn t38_the_default_is_for_copies_uploads_and_forms_too() {
        let default = retention(RetentionMode::Governance, "2026-03-14T05:06:07Z");
        let world = retaining().with_record(
            "acme-lock/from",
            &[retained(RetentionMode::Compliance, LATER)],
        );
        let copy = Ask::new("PUT /acme-lock/key").header("x-amz-copy-source", "acme-lock/from");
        let complete = Ask::new("POST /acme-lock/key?uploadId=u").document(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>",
        );
        let form = Ask::form("acme-lock", "key").field("Content-MD5", MD5);
        for ask in [put("acme-lock/key"), copy, complete, form] {
            let lock = lock_of(&permit(&world, &ask));
            assert_eq!(lock.retention, default, "{:?}", ask.target);
            assert_eq!(lock.legal_hold, None, "nothing comes of the source");
        }
        let own = with_lock(put("acme-lock/key"), "COMPLIANCE", LATER);
        let lock = lock_of(&permit(&world, &own));
        assert_eq!(lock.retention, retention(RetentionMode::Compliance, LATER));
    }

    #[test]
    fn the_default_of_an_upload_counts_from_its_end() {
        let begin = || Ask::new("POST /acme-lock/key?uploads");
        let begun = lock_of(&permit(&retaining(), &begin()));
        assert_eq!(begun, ObjectLock::none());
        let begun = lock_of(&permit(&retaining(), &begin().header(HOLD, "ON")));
        assert_eq!(begun.retention, None);
        let otherwise = retained(RetentionMode::Governance, LATER).unwrap();
        let done = RecordChange::completed(record(begun), &otherwise);
        assert_eq!(
            done.lock,
            RecordedLock::Known(ObjectLock {
                retention: retention(RetentionMode::Governance, LATER),
                legal_hold: Some(LegalHold::On),
            })
        );
        let own = retained(RetentionMode::Compliance, SOONER);
        let done = RecordChange::completed(own.clone(), &otherwise);
        assert_eq!(Some(done), own, "what it asked for itself stays");
        assert_eq!(RecordChange::completed(None, &otherwise), otherwise);
        let lost = ObjectRecord {
            lock: RecordedLock::Unreadable(BadRecord::Damaged),
            ..otherwise.clone()
        };
        assert_eq!(
            RecordChange::completed(Some(lost.clone()), &otherwise),
            lost
        );
    }

    #[test]
    fn nobody_locks_anonymously() {
        let open = r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::acme-lock/*"}"#;
        let world = versioned().with_policy("acme-lock", open);
        // Of a file's settings the policy alone: the store's go on.
        let ask = put("acme-lock/key").header(HOLD, "ON");
        assert_eq!(verdict(&world.ask(&ask)), "InvalidArgument");
        assert_eq!(verdict(&world.ask(&put("acme-lock/key"))), "pass");
    }

    #[test]
    fn a_lock_takes_a_permission_of_its_own() {
        let app = |ask: Ask| verdict(&versioned().ask(&ask.signed("app")));
        assert_eq!(app(put("acme-lock/key")), "pass");
        assert_eq!(app(put("acme-lock/key").header(HOLD, "ON")), "AccessDenied");
        let ask = with_lock(put("acme-lock/key"), "GOVERNANCE", LATER);
        assert_eq!(app(ask), "AccessDenied");
    }
}

mod destruction {
    use super::*;

    fn delete(version: &str) -> Ask {
        Ask::new(&format!("DELETE /acme-lock/key?versionId={version}"))
    }

    #[track_caller]
    fn destroys(guard: &Guard, record: Option<ObjectRecord>, expected: &str) {
        let found = match guard.may_destroy(&[record]) {
            Ok(()) => "allowed",
            Err(protected) => S3Error::from(protected).code.name(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn t34_bypass_takes_the_header_and_the_permission() {
        let governed = || retained(RetentionMode::Governance, LATER);
        let plain = guard(&versioned(), &delete("v"));
        destroys(&plain, governed(), "AccessDenied");
        destroys(&plain, retained(RetentionMode::Governance, PAST), "allowed");
        destroys(&plain, None, "allowed");
        let bypassing = guard(&versioned(), &delete("v").header(BYPASS, "true"));
        destroys(&bypassing, governed(), "allowed");
        destroys(
            &bypassing,
            retained(RetentionMode::Compliance, LATER),
            "AccessDenied",
        );
        destroys(&bypassing, held(), "AccessDenied");
        let not_asking = guard(&versioned(), &delete("v").header(BYPASS, "false"));
        destroys(&not_asking, governed(), "AccessDenied");
    }

    #[test]
    fn t34_who_lacks_the_permission_or_is_denied_it_asks_in_vain() {
        let ask = || delete("v").header(BYPASS, "true");
        let deny = r#"{"Effect":"Deny","Principal":"*","Action":"s3:BypassGovernanceRetention","Resource":"arn:aws:s3:::acme-lock/*"}"#;
        let world = versioned().with_policy("acme-lock", deny);
        check(&world, &ask(), "AccessDenied");
        check(&world, &delete("v"), "pass");
        let home = Ask::new("DELETE /acme-lock/home/home/a?versionId=v");
        let asked = |ask: Ask| verdict(&versioned().ask(&ask.signed("home")));
        assert_eq!(asked(home.clone()), "pass");
        assert_eq!(asked(home.header(BYPASS, "true")), "AccessDenied");
    }

    #[test]
    fn t34_a_listener_that_observes_bypasses_nothing() {
        let world = versioned().observing();
        let ask = Ask::new("DELETE /acme-lock/home/home/a?versionId=v").header(BYPASS, "true");
        let permit = world.permit(&ask.signed("home"));
        let guard = permit.keeping().unwrap().guard;
        destroys(
            &guard,
            retained(RetentionMode::Governance, LATER),
            "AccessDenied",
        );
        destroys(&guard, None, "allowed");
        let many = Ask::new("POST /acme-lock?delete")
            .document("<Delete><Object><Key>a</Key><VersionId>v</VersionId></Object></Delete>")
            .header(BYPASS, "true");
        for (mode, expected) in [
            (DecisionMode::Observe, "AccessDenied"),
            (DecisionMode::Enforce, "allowed"),
        ] {
            let mut world = versioned();
            world.ordinary.decision = mode;
            let guard = world
                .permit(&many.clone().signed("admin"))
                .keeping()
                .unwrap()
                .guard;
            destroys(&guard, retained(RetentionMode::Governance, LATER), expected);
        }
    }

    #[test]
    fn no_write_bypasses() {
        let guard = guard(&unversioned(), &put("partner-lock/key"));
        let replaces = |record| guard.may_replace(&[record]).is_ok();
        assert!(!replaces(retained(RetentionMode::Governance, LATER)));
        assert!(!replaces(held()));
        assert!(replaces(retained(RetentionMode::Compliance, PAST)));
        assert!(replaces(None));
    }

    #[test]
    fn what_may_be_locked_is_locked() {
        let guard = guard(&versioned(), &delete("v"));
        assert!(guard.may_destroy(&[None, held()]).is_err());
        assert!(guard.may_destroy(&[None, None]).is_ok());
        let lost = ObjectRecord {
            lock: RecordedLock::Unreadable(BadRecord::Forgotten),
            ..ObjectRecord::of("x")
        };
        destroys(&guard, Some(lost), "ServiceUnavailable");
    }

    #[test]
    fn bypass_is_not_asked_of_a_bucket_without_object_lock() {
        let world = World::new().recording("acme-plain", ACME);
        let ask = Ask::new("DELETE /acme-plain/key");
        check(
            &world,
            &ask.clone().header(BYPASS, "true"),
            "InvalidArgument",
        );
        check(
            &world,
            &ask.clone().header(BYPASS, "false"),
            "InvalidArgument",
        );
        check(&world, &ask, "pass");
    }

    #[test]
    fn a_store_that_keeps_locks_too_is_asked_for_bypass() {
        let sent = permit(&passing(), &delete("v").header(BYPASS, "true"));
        assert_eq!(sent.headers()[BYPASS], "true");
        let sent = permit(&versioned(), &delete("v").header(BYPASS, "true"));
        assert!(sent.headers().get(BYPASS).is_none());
    }

    #[test]
    fn of_many_keys_those_that_are_locked_are_left_out() {
        let many = Ask::new("POST /acme-lock?delete").document(
            "<Delete><Object><Key>a</Key><VersionId>v</VersionId></Object><Object><Key>a</Key></Object></Delete>",
        );
        let whole = permit(&versioned(), &many);
        let locked = |version: Option<&str>| DeleteFailure {
            key: "a".into(),
            version_id: version.map(Into::into),
            code: "AccessDenied".into(),
            message: String::new(),
        };
        let fewer = whole.without(&[locked(Some("v"))]).unwrap();
        let document = String::from_utf8(fewer.document().to_vec()).unwrap();
        assert!(!document.contains("VersionId"), "{document}");
        assert!(document.contains("<Key>a</Key>"));
        assert!(matches!(fewer.run(), Run::DeleteObjects { refused, .. } if refused.is_empty()));
        assert_eq!(fewer.headers(), whole.headers());
        assert_eq!(
            (
                fewer.upstream(),
                fewer.method(),
                fewer.bucket(),
                fewer.query()
            ),
            (
                whole.upstream(),
                whole.method(),
                whole.bucket(),
                whole.query()
            )
        );
        assert!(whole.without(&[locked(Some("v")), locked(None)]).is_none());
    }
}

mod calls {
    use super::*;

    /// What a call leaves on record, the status and the body of its answer.
    #[track_caller]
    fn called(world: &World, ask: &Ask) -> (Option<ObjectLock>, u16, String) {
        let permit = permit(world, ask);
        let Run::OnObject(call) = permit.run() else {
            panic!("{permit:?}");
        };
        let name = format!("acme-lock/{}?v", call.object().key);
        let called = call.carry_out(world.on_record(&name)).unwrap();
        let Answer::Success(answer) = called.answer else {
            panic!("{:?}", called.answer);
        };
        let lock = called.record.map(|record| match record.lock {
            RecordedLock::Known(lock) => lock,
            RecordedLock::Unreadable(error) => panic!("{error}"),
        });
        let body = String::from_utf8(answer.body.to_vec()).unwrap();
        (lock, answer.status.as_u16(), body)
    }

    /// The call is refused: when it is decided, or when it is known what there is.
    #[track_caller]
    fn fails(world: &World, ask: &Ask, expected: &str) {
        let admission = world.ask(&ask.clone().signed("admin"));
        let Outcome::Forward(permit) = &admission.outcome else {
            return assert_eq!(verdict(&admission), expected);
        };
        let Run::OnObject(call) = permit.run() else {
            panic!("{permit:?}");
        };
        let error = call
            .carry_out(world.on_record("acme-lock/key?v"))
            .unwrap_err();
        assert_eq!(error.code.name(), expected);
    }

    fn on(record: Option<ObjectRecord>) -> World {
        versioned().with_record("acme-lock/key?v", &[record])
    }

    fn retain(mode: &str, until: &str) -> Ask {
        let document = format!(
            "<Retention><Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"
        );
        Ask::new("PUT /acme-lock/key?retention&versionId=v").document(&document)
    }

    fn hold(status: &str) -> Ask {
        let document = format!("<LegalHold><Status>{status}</Status></LegalHold>");
        Ask::new("PUT /acme-lock/key?legal-hold&versionId=v").document(&document)
    }

    #[test]
    fn retention_is_put_and_shown() {
        let (lock, status, _) = called(&on(None), &retain("GOVERNANCE", LATER));
        let governed = retention(RetentionMode::Governance, LATER);
        assert_eq!((lock.unwrap().retention, status), (governed, 200));
        let world = on(retained(RetentionMode::Governance, LATER));
        let show = Ask::new("GET /acme-lock/key?retention&versionId=v");
        let (lock, status, body) = called(&world, &show);
        assert_eq!((lock, status), (None, 200));
        assert!(body.contains("<Mode>GOVERNANCE</Mode>"), "{body}");
        assert!(body.contains(LATER), "{body}");
        let (lock, ..) = called(&world, &retain("GOVERNANCE", LATER));
        assert_eq!(lock, None, "it is so already");
        fails(&on(None), &show, "NoSuchObjectLockConfiguration");
        // Whether there is such a version is asked first.
        check(&on(None), &show, "pass");
    }

    #[test]
    fn a_hold_is_put_and_shown_whatever_the_retention() {
        let world = on(retained(RetentionMode::Compliance, LATER));
        let (lock, status, _) = called(&world, &hold("ON"));
        let lock = lock.unwrap();
        assert_eq!((lock.legal_hold, status), (Some(LegalHold::On), 200));
        assert_eq!(lock.retention, retention(RetentionMode::Compliance, LATER));
        let (lock, ..) = called(&on(held()), &hold("OFF"));
        assert_eq!(lock.unwrap().legal_hold, Some(LegalHold::Off));
        let show = Ask::new("GET /acme-lock/key?legal-hold&versionId=v");
        let (_, _, body) = called(&on(held()), &show);
        assert!(body.contains("<Status>ON</Status>"), "{body}");
        fails(&on(None), &show, "NoSuchObjectLockConfiguration");
        // Whether there is such a version is asked first.
        check(&on(None), &show, "pass");
    }

    #[test]
    fn t34_a_retention_is_loosened_only_by_bypass_and_never_in_compliance_mode() {
        let governed = || on(retained(RetentionMode::Governance, LATER));
        check(&governed(), &retain("GOVERNANCE", SOONER), "AccessDenied");
        check(
            &governed(),
            &retain("GOVERNANCE", SOONER).header(BYPASS, "true"),
            "pass",
        );
        check(
            &governed(),
            &retain("GOVERNANCE", "2026-05-01T00:00:00Z"),
            "pass",
        );
        let empty = Ask::new("PUT /acme-lock/key?retention&versionId=v").document("<Retention/>");
        check(&governed(), &empty, "AccessDenied");
        let (lock, ..) = called(&governed(), &empty.clone().header(BYPASS, "true"));
        assert_eq!(lock.unwrap().retention, None);
        let complying = || on(retained(RetentionMode::Compliance, LATER));
        for ask in [
            retain("COMPLIANCE", SOONER),
            retain("GOVERNANCE", LATER),
            empty,
        ] {
            check(&complying(), &ask.header(BYPASS, "true"), "AccessDenied");
        }
        check(
            &complying(),
            &retain("COMPLIANCE", "2026-05-01T00:00:00Z"),
            "pass",
        );
        check(
            &on(retained(RetentionMode::Compliance, PAST)),
            &retain("GOVERNANCE", SOONER),
            "pass",
        );
    }

    #[test]
    fn t37_of_what_is_not_known_nothing_is_said_or_changed() {
        let lost = ObjectRecord {
            lock: RecordedLock::Unreadable(BadRecord::Damaged),
            ..ObjectRecord::of(&"1".repeat(64))
        };
        let world = on(Some(lost));
        for ask in [
            retain("COMPLIANCE", LATER),
            hold("ON"),
            Ask::new("GET /acme-lock/key?retention&versionId=v"),
            Ask::new("GET /acme-lock/key?legal-hold&versionId=v"),
        ] {
            fails(&world, &ask, "ServiceUnavailable");
        }
    }

    #[test]
    fn what_a_write_of_unknown_fate_may_have_locked_is_not_loosened() {
        let world = versioned().with_record("acme-lock/key?v", &[None, held()]);
        fails(&world, &hold("OFF"), "ServiceUnavailable");
        // What is stricter than either is.
        let (lock, ..) = called(&world, &hold("ON"));
        assert_eq!(lock.unwrap().legal_hold, Some(LegalHold::On));
        let retained = [retained(RetentionMode::Governance, SOONER), None];
        let world = versioned().with_record("acme-lock/key?v", &retained);
        let (lock, ..) = called(&world, &retain("GOVERNANCE", LATER));
        assert_eq!(
            lock.unwrap().retention,
            retention(RetentionMode::Governance, LATER)
        );
        let shorter = retain("GOVERNANCE", "2026-03-10T00:00:00Z").header(BYPASS, "true");
        fails(&world, &shorter, "ServiceUnavailable");
    }

    #[test]
    fn a_change_holds_the_object_alone() {
        let world = on(None);
        called(&world, &hold("ON"));
        assert_eq!(world.held(), [Hold::Alone]);
        let world = on(held());
        called(
            &world,
            &Ask::new("GET /acme-lock/key?legal-hold&versionId=v"),
        );
        assert_eq!(world.held(), [Hold::Shared]);
    }

    #[test]
    fn a_bucket_without_object_lock_has_no_locks() {
        let world = World::new().recording("acme-plain", ACME);
        for line in ["retention", "legal-hold"] {
            let ask = Ask::new(&format!("GET /acme-plain/key?{line}"));
            check(&world, &ask, "InvalidRequest");
        }
    }

    #[test]
    fn a_store_that_keeps_locks_too_is_told_first() {
        let ask = retain("GOVERNANCE", SOONER).header(BYPASS, "true");
        let permit = permit(&passing(), &ask);
        let Run::OnObject(call) = permit.run() else {
            panic!("{permit:?}");
        };
        let passed = call.passed().unwrap();
        assert_eq!(
            (
                passed.method().as_str(),
                passed.bucket(),
                passed.key(),
                passed.query()
            ),
            ("PUT", "acme-lock", "key", "retention=&versionId=v")
        );
        assert_eq!(passed.headers()[BYPASS], "true");
        assert_eq!(passed.document(), ask.body);
        assert!(call.is_about_locks());
        let read = super::permit(
            &passing().with_record("acme-lock/key?v", &[held()]),
            &Ask::new("GET /acme-lock/key?legal-hold&versionId=v"),
        );
        let Run::OnObject(call) = read.run() else {
            panic!("{read:?}");
        };
        assert!(call.passed().is_none(), "the gateway knows");
    }

    #[test]
    fn reads_show_locks_to_those_who_may_see_them() {
        let world = versioned().with_record(
            "acme-lock/key",
            &[retained(RetentionMode::Governance, LATER)],
        );
        let shown = |caller: &str| {
            let ask = Ask::new("HEAD /acme-lock/key").signed(caller);
            let admission = world.ask(&ask);
            assert_eq!(verdict(&admission), "pass");
            let looked = admission.looked.as_deref();
            let mut headers: HeaderMap = kept_headers(&world.rules, &admission.labels, looked);
            let arrival = crate::admission::Arrival {
                listener: &world.ordinary,
                id: "ID",
                now: super::super::kit::now(),
                lock_time: crate::controls::lock::LockTime::certain(super::super::kit::now()),
                peer: [192, 0, 2, 1].into(),
                tls: None,
            };
            let labels = &admission.labels;
            let head = ask.head();
            for name in withheld(&world.rules, &head, &arrival, labels, looked, &headers) {
                headers.remove(HeaderName::from_static(name));
            }
            let text = |name: &str| {
                headers
                    .get(name)
                    .map(|value| value.to_str().unwrap().to_owned())
            };
            (text(MODE), text(UNTIL), text(HOLD))
        };
        let (mode, until) = (Some("GOVERNANCE".to_owned()), Some(LATER.to_owned()));
        assert_eq!(shown("admin"), (mode, until, None));
        assert_eq!(shown("app"), (None, None, None));
    }
}

mod buckets {
    use super::*;

    fn versioning(status: &str) -> Ask {
        let document =
            format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        Ask::new("PUT /acme-lock?versioning").document(&document)
    }

    fn lifecycle(action: &str) -> Ask {
        let document = format!(
            "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/>{action}</Rule></LifecycleConfiguration>"
        );
        Ask::new("PUT /acme-lock?lifecycle").document(&document)
    }

    #[test]
    fn a_new_bucket_has_object_lock_if_it_is_asked_for() {
        let create = |value: &str| {
            let ask = Ask::new("PUT /acme-new").document("");
            ask.header("x-amz-bucket-object-lock-enabled", value)
        };
        let lock = |ask: &Ask| match permit(&World::new(), ask).run() {
            Run::CreateBucket { settings, .. } => settings.object_lock,
            other => panic!("{other:?}"),
        };
        assert_eq!(lock(&create("true")), Some(LockConfiguration::default()));
        assert_eq!(lock(&create("False")), None);
        check(&World::new(), &create("yes"), "InvalidArgument");
        check(
            &World::new().without_store(),
            &create("true"),
            "AccessDenied",
        );
        let app = World::new().ask(&create("true").signed("app"));
        assert_eq!(verdict(&app), "AccessDenied");
        assert!(permit(&World::new(), &create("true")).headers().is_empty());
        let told = permit(&passing(), &create("true"));
        assert_eq!(told.headers()["x-amz-bucket-object-lock-enabled"], "true");
    }

    #[test]
    fn the_configuration_is_put_and_shown() {
        let document = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>10</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
        let put = Ask::new("PUT /acme-lock?object-lock").document(document);
        let permit = permit(&versioned(), &put);
        let Run::Settle(settling) = permit.run() else {
            panic!("{permit:?}");
        };
        let default = DefaultRetention {
            mode: RetentionMode::Governance,
            period: Period::Days(10),
        };
        let expected = Setting::ObjectLock(LockConfiguration {
            default: Some(default),
        });
        assert_eq!(settling.change(), Some(&SettingChange::Put(expected)));
        let show = Ask::new("GET /acme-lock?object-lock");
        let shown = super::permit(&retaining(), &show);
        let Run::Settle(settling) = shown.run() else {
            panic!("{shown:?}");
        };
        let Answer::Success(answer) = settling.answer() else {
            panic!("{settling:?}");
        };
        let body = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(body.contains("<Days>10</Days>"), "{body}");
        let plain = World::new().recording("acme-lock", ACME);
        check(&plain, &show, "ObjectLockConfigurationNotFoundError");
    }

    #[test]
    fn files_say_it_as_well() {
        let mut world = World::new().recording("acme-lock", ACME);
        let files = Arc::make_mut(&mut world.rules.files);
        let name = crate::s3::names::BucketName::parse("acme-lock").unwrap();
        files.insert(
            name,
            settings(Some((RetentionMode::Compliance, Period::Years(1)))),
        );
        let permit = permit(&world, &put("acme-lock/key"));
        let lock = lock_of(&permit).retention.unwrap();
        assert_eq!(lock.until.to_string(), "2027-03-04T05:06:07.000Z");
        assert_eq!(permit.keeping().unwrap().recorded, Recorded::Yes);
        let document = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
        let put = Ask::new("PUT /acme-lock?object-lock").document(document);
        check(&world, &put, "AccessDenied");
    }

    #[test]
    fn t35_versioning_stays_enabled() {
        check(&versioned(), &versioning("Suspended"), "InvalidBucketState");
        check(&versioned(), &versioning("Enabled"), "pass");
        let plain = World::new().recording("acme-lock", ACME);
        check(&plain, &versioning("Suspended"), "pass");
        check(&passing(), &versioning("Suspended"), "InvalidBucketState");
    }

    #[test]
    fn t38_no_lifecycle_destroys_what_is_locked_here() {
        let noncurrent = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";
        let current = "<Expiration><Days>1</Days></Expiration>";
        check(&versioned(), &lifecycle(noncurrent), "InvalidBucketState");
        check(&versioned(), &lifecycle(current), "pass");
        check(&versioned(), &lifecycle("<Purge/>"), "InvalidBucketState");
        let marker =
            "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
        check(&versioned(), &lifecycle(marker), "pass");
        check(&passing(), &lifecycle(noncurrent), "pass");
        let plain = World::new().recording("acme-lock", ACME);
        check(&plain, &lifecycle(noncurrent), "pass");
    }

    #[test]
    fn t38_a_lifecycle_that_is_there_keeps_object_lock_away() {
        let (here, there) = (versioned(), passing());
        let [ours, partners] = [0, 1].map(|at| here.rules.routes.get(at).unwrap());
        let told = there.rules.routes.get(0).unwrap();
        let noncurrent = b"<LifecycleConfiguration><Rule><Status>Enabled</Status><NoncurrentVersionExpiration/></Rule></LifecycleConfiguration>";
        let current = b"<LifecycleConfiguration><Rule><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>";
        assert!(check_lifecycle(ours, noncurrent).is_err());
        assert!(check_lifecycle(ours, current).is_ok());
        assert!(check_lifecycle(partners, current).is_err());
        assert!(check_lifecycle(ours, b"what").is_err());
        assert!(check_lifecycle(told, noncurrent).is_ok());
    }

    #[test]
    fn t38_nothing_is_replicated_over_what_is_locked_here() {
        let into = |bucket: &str| {
            let document = format!(
                "<ReplicationConfiguration><Role>arn:aws:iam::111111111111:role/copy-a</Role><Rule><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::{bucket}</Bucket></Destination></Rule></ReplicationConfiguration>"
            );
            Ask::new("PUT /acme-other?replication").document(&document)
        };
        check(&versioned(), &into("acme-lock"), "InvalidBucketState");
        check(&versioned(), &into("acme-third"), "pass");
        check(&passing(), &into("acme-lock"), "pass");
    }

    #[test]
    fn where_locks_are_the_stores_own_it_alone_keeps_them() {
        let world = versioned().leaving("acme", &[SettingKind::ObjectLock]);
        let ask = with_lock(put("acme-lock/key"), "GOVERNANCE", LATER);
        let sent = permit(&world, &ask);
        assert_eq!(sent.headers()[MODE], "GOVERNANCE");
        assert_eq!(lock_of(&sent), ObjectLock::none());
        let delete = Ask::new("DELETE /acme-lock/key?versionId=v").header(BYPASS, "true");
        assert_eq!(permit(&world, &delete).headers()[BYPASS], "true");
        let show = Ask::new("GET /acme-lock/key?retention");
        assert!(matches!(
            world.ask(&show.signed("admin")).outcome,
            Outcome::Forward(permit) if matches!(permit.run(), Run::Stream | Run::Relayed(_) | Run::Buffered(_))
        ));
        check(&world, &versioning("Suspended"), "pass");
    }
}
