use super::*;
use crate::sts::session::{Holder, Limits};
use crate::sts::tests::kit::{NOW, bytes, full, key, now, ring};

const KEY: &str = "ASIAAAAAAAAAAAAAAAAA";

fn fresh() -> Fresh {
    Fresh::new(&[3; Fresh::BYTES])
}

fn sealed() -> String {
    seal(&full(), &ring(), fresh()).unwrap()
}

/// What becomes of a token that was changed in its bytes.
#[track_caller]
fn check(change: impl FnOnce(&mut Vec<u8>), expected: TokenError) {
    let mut bytes = URL_SAFE_NO_PAD.decode(sealed()).unwrap();
    change(&mut bytes);
    let token = URL_SAFE_NO_PAD.encode(bytes);
    assert_eq!(open(&token, KEY, &ring(), now()).unwrap_err(), expected);
}

#[test]
fn what_was_sealed_is_opened() {
    let mut user = full();
    user.terms.holder = Holder::User {
        arn: "arn:aws:iam::111122223333:root".into(),
        id: "111122223333".into(),
    };
    user.terms.limits = Limits::default();
    user.terms.tags.clear();
    user.terms.transitive.clear();
    user.terms.source_identity = None;
    user.terms.vouched = None;
    for session in [full(), user] {
        let token = seal(&session, &ring(), fresh()).unwrap();
        assert_eq!(open(&token, KEY, &ring(), now()).unwrap(), session);
    }
}

#[test]
fn t12_a_changed_byte_is_refused() {
    let bytes = URL_SAFE_NO_PAD.decode(sealed()).unwrap();
    for place in 0..bytes.len() {
        for bit in [1, 128] {
            let mut changed = bytes.clone();
            changed[place] ^= bit;
            let token = URL_SAFE_NO_PAD.encode(changed);
            let refused = open(&token, KEY, &ring(), now()).unwrap_err();
            let expected = match place {
                0 => matches!(refused, TokenError::UnknownVersion(_)),
                1 => matches!(refused, TokenError::UnknownKey | TokenError::Truncated),
                2 | 3 => refused == TokenError::UnknownKey || refused == TokenError::Tampered,
                _ => refused == TokenError::Tampered,
            };
            assert!(expected, "{place}: {refused:?}");
        }
    }
}

#[test]
fn t12_a_cut_token_is_refused() {
    let token = sealed();
    for length in 0..token.len() {
        let refused = open(token.get(..length).unwrap(), KEY, &ring(), now()).unwrap_err();
        let known = matches!(
            refused,
            TokenError::Truncated | TokenError::Malformed | TokenError::Tampered
        );
        assert!(known, "{length}: {refused:?}");
    }
    check(
        |bytes| bytes.truncate(4 + NONCE + TAG),
        TokenError::Truncated,
    );
    check(
        |bytes| bytes.truncate(4 + NONCE + TAG + 1),
        TokenError::Tampered,
    );
    check(|bytes| bytes.truncate(3), TokenError::Truncated);
    check(|bytes| bytes.clear(), TokenError::Truncated);
}

#[test]
fn t12_more_than_was_sealed_is_refused() {
    check(|bytes| bytes.push(0), TokenError::Tampered);
}

#[test]
fn t12_a_token_moved_to_another_key_is_refused() {
    for other in ["ASIAAAAAAAAAAAAAAAAB", "ASIA", "", "asiaaaaaaaaaaaaaaaaa"] {
        let refused = open(&sealed(), other, &ring(), now()).unwrap_err();
        assert_eq!(refused, TokenError::Moved, "{other}");
    }
    assert!(open(&sealed(), KEY, &ring(), now()).is_ok());
}

#[test]
fn t12_a_session_ends_at_its_second() {
    let opened = |nanoseconds: i128| {
        let now = Timestamp::from_nanosecond(i128::from(NOW) * 1_000_000_000 + nanoseconds);
        open(&sealed(), KEY, &ring(), now.unwrap())
    };
    let end = Timestamp::from_second(NOW + 900).unwrap();
    assert!(opened(899_999_999_999).is_ok());
    assert_eq!(
        opened(900_000_000_000).unwrap_err(),
        TokenError::Expired(end)
    );
    assert_eq!(
        opened(i128::from(u32::MAX) * 1_000_000_000).unwrap_err(),
        TokenError::Expired(end)
    );
}

#[test]
fn t12_an_expired_token_of_another_key_is_not_said_to_be_expired() {
    let late = Timestamp::from_second(NOW + 901).unwrap();
    let refused = open(&sealed(), "ASIAAAAAAAAAAAAAAAAB", &ring(), late).unwrap_err();
    assert_eq!(refused, TokenError::Moved);
}

#[test]
fn a_ring_opens_with_every_key_and_seals_with_the_current_one() {
    let old = KeyRing::new(key("k0", 0), Vec::new()).unwrap();
    let before = seal(&full(), &old, fresh()).unwrap();
    assert!(open(&before, KEY, &ring(), now()).is_ok());
    let refused = open(&sealed(), KEY, &old, now()).unwrap_err();
    assert_eq!(refused, TokenError::UnknownKey);
    let newer = KeyRing::new(key("k2", 2), vec![key("k1", 1)]).unwrap();
    assert!(open(&sealed(), KEY, &newer, now()).is_ok());
    let refused = open(&before, KEY, &newer, now()).unwrap_err();
    assert_eq!(refused, TokenError::UnknownKey);
}

#[test]
fn another_key_of_the_same_name_opens_nothing() {
    let other = KeyRing::new(key("k1", 9), Vec::new()).unwrap();
    assert_eq!(
        open(&sealed(), KEY, &other, now()).unwrap_err(),
        TokenError::Tampered
    );
}

#[test]
fn rings_and_names_of_keys_are_checked() {
    assert!(KeyRing::new(key("a", 1), vec![key("b", 1)]).is_ok());
    let twice = KeyRing::new(key("a", 1), vec![key("b", 2), key("a", 3)]).unwrap_err();
    assert_eq!(twice.to_string(), "two keys are named `a`");
    for bad in ["", "A", "a b", "a_b", "ä", &"a".repeat(33)] {
        assert!(SealKey::new(bad, &bytes(1)).is_err(), "{bad}");
    }
    assert!(SealKey::new(&"a".repeat(32), &bytes(1)).is_ok());
}

#[test]
fn t51_a_key_that_is_plainly_made_up_is_refused() {
    let of = |count: u8| {
        let mut bytes = [0; 32];
        (0..count).for_each(|byte| bytes[usize::from(byte)] = byte);
        SealKey::new("a", &bytes).map(|_| ())
    };
    assert_eq!(of(0), Err(BadSealKey::NotRandom("a".into())));
    assert_eq!(of(7), Err(BadSealKey::NotRandom("a".into())));
    assert_eq!(of(8), Ok(()));
    let text = SealKey::new("a", b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert!(text.is_err());
}

#[test]
fn t48_keys_and_sessions_do_not_print_secrets() {
    let shown = format!("{:?} {:?}", ring(), full());
    assert!(!shown.contains(&"x".repeat(40)), "{shown}");
    assert!(shown.contains("SealKey(k1)"), "{shown}");
}

#[test]
fn what_is_no_token_is_refused() {
    for (bad, expected) in [
        ("", TokenError::Truncated),
        ("AQ", TokenError::Truncated),
        ("not base64!", TokenError::Malformed),
        ("FwoGZXIvYXdzEXAMPLE", TokenError::UnknownVersion(0x17)),
        ("AQ==", TokenError::Malformed),
        ("AR", TokenError::Malformed),
    ] {
        assert_eq!(
            open(bad, KEY, &ring(), now()).unwrap_err(),
            expected,
            "{bad}"
        );
    }
    let long = "A".repeat(MAX_TOKEN + 1);
    assert_eq!(
        open(&long, KEY, &ring(), now()).unwrap_err(),
        TokenError::Malformed
    );
    let fits = "A".repeat(MAX_TOKEN);
    assert_eq!(
        open(&fits, KEY, &ring(), now()).unwrap_err(),
        TokenError::UnknownVersion(0)
    );
}

#[test]
fn a_session_that_does_not_fit_is_not_sealed() {
    let with = |length: usize| {
        let mut session = full();
        session.terms.tags = [("a".into(), "x".repeat(length).into())].into();
        seal(&session, &ring(), fresh()).map(|token| token.len() <= MAX_TOKEN)
    };
    assert_eq!(with(8_000), Ok(true));
    assert_eq!(with(9_500), Err(TooLarge));
    assert_eq!(with(70_000), Err(TooLarge));
}

#[test]
fn no_other_bytes_are_a_session() {
    let bytes = wire::write(&full()).unwrap();
    assert_eq!(wire::read(&bytes), Some(full()));
    for length in 0..bytes.len() {
        assert_eq!(wire::read(&bytes[..length]), None, "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(wire::read(&longer), None);
}
