//! Who may ask at all: signatures in both forms, keys, clocks, tokens.

use super::kit::{Ask, NOW, Signer, World, now, refusal, sent, verdict};
use crate::admission::{Auth, Labels};
use crate::identity::Principal;
use crate::s3::operations::{AnsweredBy, OPERATIONS, Operation, OperationId};
use jiff::{SignedDuration, Timestamp};

/// How a request is presented, right or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presented {
    Anonymous,
    Header(Fault),
    Presigned(Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    WrongSignature,
    UnknownKey,
    InactiveKey,
    WrongRegion,
    WrongService,
    Token,
}

use Fault::*;

const FAULTS: [Fault; 7] = [
    None,
    WrongSignature,
    UnknownKey,
    InactiveKey,
    WrongRegion,
    WrongService,
    Token,
];

fn present(row: &Operation, bucket: &str, how: Presented) -> Ask {
    let ask = Ask::of(row, bucket, "home/home/key");
    match how {
        Presented::Anonymous => ask,
        Presented::Header(Token) => signer(Token).sign(ask.header("x-amz-security-token", "t")),
        Presented::Header(fault) => signer(fault).sign(ask),
        Presented::Presigned(Token) => {
            signer(Token).presign(ask.query("X-Amz-Security-Token", "t"))
        }
        Presented::Presigned(fault) => signer(fault).presign(ask),
    }
}

fn signer(fault: Fault) -> Signer {
    let admin = Signer::of("admin");
    match fault {
        None | Token => admin,
        WrongSignature => Signer {
            secret: "another secret".to_owned(),
            ..admin
        },
        UnknownKey => Signer::of("stranger"),
        InactiveKey => Signer::of("inactive"),
        WrongRegion => Signer {
            region: Some("mars-north-1"),
            ..admin
        },
        WrongService => Signer {
            service: "ec2",
            ..admin
        },
    }
}

fn expected(how: Presented) -> &'static str {
    match how {
        Presented::Anonymous => "AccessDenied",
        Presented::Header(None) | Presented::Presigned(None) => "pass",
        Presented::Header(WrongSignature) | Presented::Presigned(WrongSignature) => {
            "SignatureDoesNotMatch"
        }
        Presented::Header(UnknownKey | InactiveKey)
        | Presented::Presigned(UnknownKey | InactiveKey) => "InvalidAccessKeyId",
        Presented::Header(WrongRegion | WrongService) => "AuthorizationHeaderMalformed",
        Presented::Presigned(WrongRegion | WrongService) => "AuthorizationQueryParametersError",
        Presented::Header(Token) | Presented::Presigned(Token) => "InvalidToken",
    }
}

/// What is allowed and not built yet, or nobody's, passes for none.
fn answered(row: &Operation, how: Presented) -> &'static str {
    let goes = sent().any(|sent| sent.id == row.id);
    let asked = goes || row.is_answered_here();
    let passes = goes || row.answered_by == AnsweredBy::Gateway;
    match expected(how) {
        "pass" if !passes => "NotImplemented",
        "pass" => without_lock(row),
        "AccessDenied" if !asked => "NotImplemented",
        expected => expected,
    }
}

/// What passes, in a bucket without Object Lock.
fn without_lock(row: &Operation) -> &'static str {
    use OperationId::*;
    match row.id {
        GetObjectLockConfiguration => "ObjectLockConfigurationNotFoundError",
        PutObjectLockConfiguration => "MalformedXML",
        GetObjectRetention | PutObjectRetention | GetObjectLegalHold | PutObjectLegalHold => {
            "InvalidRequest"
        }
        _ => "pass",
    }
}

/// A preflight bears no credentials: none are looked at. A form bears them in its fields; its tests are in `forms`.
fn signed_rows() -> impl Iterator<Item = &'static Operation> {
    use OperationId::{OptionsPreflight, PostObject};
    let rows = OPERATIONS.iter();
    rows.filter(|row| ![OptionsPreflight, PostObject].contains(&row.id))
}

#[test]
fn t06_no_invalid_authentication_passes_any_operation() {
    let world = World::new();
    let mut ways = vec![Presented::Anonymous];
    ways.extend(FAULTS.map(Presented::Header));
    ways.extend(FAULTS.map(Presented::Presigned));
    for row in signed_rows() {
        for how in &ways {
            let found = verdict(&world.ask(&present(row, "acme-private", *how)));
            let expected = match (row.name, how) {
                // Each key is refused on its own; nothing of it goes upstream.
                ("DeleteObjects", Presented::Anonymous) => "pass",
                _ => answered(row, *how),
            };
            assert_eq!(found, expected, "{} {how:?}", row.name);
        }
    }
}

/// Where everything is public, a signature that is wrong is still refused: it does not become anonymous.
#[test]
fn t06_a_wrong_signature_is_not_anonymous() {
    let world = World::new();
    for row in signed_rows() {
        for fault in FAULTS.into_iter().filter(|fault| *fault != None) {
            for how in [Presented::Header(fault), Presented::Presigned(fault)] {
                let found = verdict(&world.ask(&present(row, "acme-open", how)));
                assert_eq!(found, answered(row, how), "{} {how:?}", row.name);
            }
        }
    }
}

#[test]
fn t06_without_a_valid_signature_no_body_is_read() {
    let world = World::new();
    for row in signed_rows() {
        for fault in FAULTS.into_iter().filter(|fault| *fault != None) {
            let ask = present(row, "acme-open", Presented::Header(fault));
            let admission = world.ask(&ask);
            assert!(admission.labels.auth.is_none(), "{} {fault:?}", row.name);
            assert!(matches!(admission.labels.principal, Principal::Anonymous));
            assert!(admission.labels.upstream.is_none());
        }
    }
}

fn labels(ask: &Ask) -> Labels {
    World::new().ask(ask).labels
}

#[test]
fn labels_say_how_the_caller_was_authenticated() {
    let ask = || Ask::new("GET /acme-open/key");
    assert_eq!(labels(&ask()).auth, Some(Auth::Anonymous));
    assert_eq!(labels(&ask().signed("admin")).auth, Some(Auth::Header));
    assert_eq!(
        labels(&ask().presigned("admin")).auth,
        Some(Auth::Presigned)
    );
    assert_eq!(
        World::new().ask_fixed(&ask()).labels.auth,
        Some(Auth::Listener)
    );
}

#[test]
fn labels_name_a_key_that_was_refused() {
    let refused = labels(&Ask::new("GET /acme-open/key").signed("stranger"));
    assert_eq!(&*refused.access_key.unwrap().0, "AKIASTRANGER");
    assert_eq!(refused.auth, Option::None);
}

/// The same signature, with the clock moved.
#[track_caller]
fn at(offset: SignedDuration, ask: &Ask, expected: &str) {
    let world = World::new();
    let found = verdict(&world.ask_at(now() + offset, ask));
    assert_eq!(found, expected, "{offset}");
}

#[test]
fn t11_a_header_signature_holds_for_fifteen_minutes_either_way() {
    let ask = Ask::new("GET /acme-private/key").signed("admin");
    let edge = SignedDuration::from_mins(15);
    let second = SignedDuration::from_secs(1);
    at(edge, &ask, "pass");
    at(-edge, &ask, "pass");
    at(edge + second, &ask, "RequestTimeTooSkewed");
    at(-edge - second, &ask, "RequestTimeTooSkewed");
}

#[test]
fn t11_a_presigned_url_holds_from_fifteen_minutes_before_to_its_expiry() {
    let ask = Ask::new("GET /acme-private/key").presigned("admin");
    let second = SignedDuration::from_secs(1);
    at(SignedDuration::from_secs(600), &ask, "pass");
    at(SignedDuration::from_secs(601), &ask, "AccessDenied");
    at(SignedDuration::from_mins(-15), &ask, "pass");
    at(
        SignedDuration::from_mins(-15) - second,
        &ask,
        "AccessDenied",
    );
}

#[test]
fn t11_expiry_is_a_number_of_seconds_up_to_a_week() {
    let world = World::new();
    let with = |expires: &str| {
        let signer = Signer {
            expires: expires.to_owned(),
            ..Signer::of("admin")
        };
        verdict(&world.ask(&signer.presign(Ask::new("GET /acme-private/key"))))
    };
    for good in ["1", "604800"] {
        assert_eq!(with(good), "pass", "{good}");
    }
    for bad in [
        "0",
        "604801",
        "-1",
        "+1",
        "1.5",
        "x",
        "99999999999999999999",
    ] {
        assert_eq!(with(bad), "AuthorizationQueryParametersError", "{bad}");
    }
}

#[test]
fn t11_the_scope_is_of_the_day_of_the_date() {
    let signer = Signer {
        day: Some("20260303"),
        ..Signer::of("admin")
    };
    let world = World::new();
    let header = signer.sign(Ask::new("GET /acme-private/key"));
    assert_eq!(verdict(&world.ask(&header)), "AuthorizationHeaderMalformed");
    let presigned = signer.presign(Ask::new("GET /acme-private/key"));
    assert_eq!(
        verdict(&world.ask(&presigned)),
        "AuthorizationQueryParametersError"
    );
}

#[test]
fn t11_a_request_signed_just_before_midnight_passes_after_it() {
    let midnight: Timestamp = "2026-03-05T00:00:00Z".parse().unwrap();
    let signer = Signer {
        at: midnight - SignedDuration::from_secs(1),
        ..Signer::of("admin")
    };
    let ask = signer.sign(Ask::new("GET /acme-private/key"));
    let world = World::new();
    assert_eq!(verdict(&world.ask_at(midnight, &ask)), "pass");
    assert!(NOW < "2026-03-05");
}

#[test]
fn t12_the_region_is_that_of_the_buckets_upstream() {
    let world = World::new();
    let in_region = |line: &str, region| {
        let signer = Signer {
            region: Some(region),
            ..Signer::of("partner")
        };
        verdict(&world.ask(&signer.sign(Ask::new(line))))
    };
    assert_eq!(in_region("GET /partner-open/key", "us-east-1"), "pass");
    assert_eq!(
        in_region("GET /partner-open/key", "eu-central-1"),
        "AuthorizationHeaderMalformed"
    );
    // The service lies in every region.
    assert_eq!(in_region("GET /", "us-east-1"), "pass");
    assert_eq!(in_region("GET /", "eu-central-1"), "pass");
    assert_eq!(
        in_region("GET /", "eu-central-2"),
        "AuthorizationHeaderMalformed"
    );
}

#[test]
fn t12_an_empty_session_token_is_a_token() {
    let ask = Ask::new("GET /acme-private/key").header("x-amz-security-token", "");
    assert_eq!(
        verdict(&World::new().ask(&ask.signed("admin"))),
        "InvalidToken"
    );
    let ask = Ask::new("GET /acme-private/key").query("X-Amz-Security-Token=", "");
    assert_eq!(
        verdict(&World::new().ask(&ask.presigned("admin"))),
        "InvalidToken"
    );
}

#[test]
fn t07_an_unsigned_amz_header_is_refused_with_every_operation() {
    const NAMES: &[&str] = &[
        "x-amz-copy-source",
        "x-amz-acl",
        "x-amz-tagging",
        "x-amz-object-lock-mode",
        "x-amz-bypass-governance-retention",
        "x-amz-meta-a",
        "x-amz-expected-bucket-owner",
        "x-amz-request-payer",
        "x-amz-whatever",
    ];
    let world = World::new();
    let signer = |omit| Signer {
        omit,
        ..Signer::of("admin")
    };
    for row in signed_rows() {
        for name in NAMES {
            let ask = Ask::of(row, "acme-open", "key").instead(name, "acme-open/k");
            for signed in [
                signer(std::slice::from_ref(name)).sign(ask.clone()),
                signer(std::slice::from_ref(name)).presign(ask),
            ] {
                let error = refusal(world.ask(&signed));
                assert_eq!(error.code.name(), "AccessDenied", "{} {name}", row.name);
                assert_eq!(error.details, [("HeadersNotSigned", (*name).to_owned())]);
            }
        }
    }
}

#[test]
fn t08_host_must_be_signed() {
    let signer = Signer {
        omit: &["host"],
        ..Signer::of("admin")
    };
    let error =
        World::new().refusal(&signer.sign(Ask::new("GET /acme-open/key").header("range", "a")));
    assert_eq!(error.details, [("HeadersNotSigned", "host".to_owned())]);
}

#[test]
fn t09_two_authentications_are_refused() {
    let world = World::new();
    let both = Ask::new("GET /acme-open/key")
        .presigned("admin")
        .header("authorization", "x");
    assert_eq!(world.refusal(&both).code.name(), "InvalidArgument");
    let twice = Ask::new("GET /acme-open/key")
        .signed("admin")
        .header("authorization", "x");
    assert_eq!(world.refusal(&twice).code.name(), "InvalidArgument");
}

#[test]
fn t10_a_parameter_added_to_a_signed_request_is_refused() {
    let world = World::new();
    for ask in [
        Ask::new("GET /acme-open/key").signed("admin"),
        Ask::new("GET /acme-open/key").presigned("admin"),
    ] {
        let added = ask.clone().query("versionId", "v");
        assert_eq!(world.refusal(&added).code.name(), "SignatureDoesNotMatch");
        let ignored = ask.query("x-id", "GetObject");
        assert_eq!(world.refusal(&ignored).code.name(), "SignatureDoesNotMatch");
    }
}
