pub(in crate::sts) mod signer;

use self::signer::{SIGNER, encode};
use super::algorithm::Material;
use super::*;
use crate::policy::Pattern;
use crate::s3::names::AccountId;
use serde_json::{Value as Json, json};

const NOW: i64 = 1_750_000_000;
const ISSUER: &str = "https://id.example.com/team";

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn issuer() -> Issuer {
    Issuer {
        url: IssuerUrl::parse(ISSUER).unwrap(),
        audiences: vec!["gateway".into()],
        algorithms: Algorithm::ALL.into(),
        leeway: Leeway::new(60).unwrap(),
        accounts: Accounts::Every,
        mapping: Mapping::default(),
    }
}

fn keys() -> Jwks {
    Jwks::parse(&SIGNER.jwks()).unwrap()
}

fn claims() -> Json {
    json!({"iss": ISSUER, "sub": "repo:acme", "aud": "gateway", "exp": NOW + 600, "iat": NOW})
}

/// The good claims with this changed; null takes a claim away.
fn with(changes: Json) -> Json {
    let mut all = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Json::Null => all.as_object_mut().unwrap().remove(name),
            value => all
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    all
}

fn verify(token: &str) -> Result<Claims, JwtError> {
    Token::parse(token)?.verify(&keys(), &issuer(), now())
}

/// What becomes of claims that are properly signed.
#[track_caller]
fn check(changes: Json, expected: Result<(), JwtError>) {
    let token = SIGNER.token(Algorithm::Es256, &with(changes.clone()));
    assert_eq!(verify(&token).map(|_| ()), expected, "{changes}");
}

/// What becomes of good claims under another header.
#[track_caller]
fn check_header(header: &str, expected: Result<(), JwtError>) {
    let token = SIGNER.token_with(Algorithm::Es256, header, &claims().to_string());
    assert_eq!(verify(&token).map(|_| ()), expected, "{header}");
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

#[test]
fn every_algorithm_verifies_its_own_tokens_and_no_others() {
    for algorithm in Algorithm::ALL {
        let token = SIGNER.token(algorithm, &claims());
        assert_eq!(
            &*verify(&token).unwrap().subject,
            "repo:acme",
            "{algorithm:?}"
        );
        let others = Algorithm::ALL
            .into_iter()
            .filter(|other| *other != algorithm);
        for other in others {
            let header = json!({"alg": other.name(), "kid": SIGNER.jwk(other)["kid"]});
            let signed = token.rsplit_once('.').unwrap();
            let claims = signed.0.split_once('.').unwrap().1;
            let forged = format!("{}.{claims}.{}", encode(header.to_string()), signed.1);
            assert_eq!(
                verify(&forged).unwrap_err(),
                JwtError::Signature,
                "{algorithm:?} as {other:?}"
            );
        }
    }
}

#[test]
fn the_examples_of_the_standards_verify() {
    let es256 = json!({"keys": [{"kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]});
    let ed25519 = json!({"keys": [{"kty": "OKP", "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
    for (keys, algorithm, signed, signature) in [
        (
            es256,
            Algorithm::Es256,
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
        (
            ed25519,
            Algorithm::EdDsa,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        ),
    ] {
        let keys = Jwks::parse(&keys.to_string()).unwrap();
        let key: &Material = keys.find(None, algorithm).unwrap();
        let signature = base64url(signature).unwrap();
        assert!(key.verifies(algorithm, signed.as_bytes(), &signature));
        assert!(!key.verifies(algorithm, &signed.as_bytes()[1..], &signature));
    }
}

#[test]
fn any_changed_character_is_refused() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let token = SIGNER.token(algorithm, &claims());
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&changed).is_err(), "{algorithm:?} {place}");
        }
    }
}

#[test]
fn algorithms_that_are_not_listed_are_refused() {
    for (name, shown) in [
        ("\"none\"", "none"),
        ("\"None\"", "None"),
        ("\"NONE\"", "NONE"),
        ("\"\"", ""),
        ("\"HS256\"", "HS256"),
        ("\"HS512\"", "HS512"),
        ("\"es256\"", "es256"),
        ("\"ES512\"", "ES512"),
        ("\"RSA-OAEP\"", "RSA-OAEP"),
        ("null", ""),
        ("[\"ES256\"]", ""),
    ] {
        check_header(
            &format!("{{\"alg\": {name}}}"),
            Err(JwtError::Algorithm(shown.into())),
        );
    }
    check_header("{}", Err(JwtError::Algorithm("".into())));
    check_header("{\"alg\": \"ES256\"}", Ok(()));
}

#[test]
fn errors_repeat_little_of_what_strangers_write() {
    let long = "x".repeat(5_000);
    for header in [json!({"alg": long}), json!({"alg": "ES256", "typ": long})] {
        let token = SIGNER.token_with(Algorithm::Es256, &header.to_string(), "{}");
        let error = verify(&token).unwrap_err().to_string();
        assert!(error.len() < 160, "{error}");
    }
    let twice = format!("{{\"{long}\": 1, \"{long}\": 2}}");
    let token = SIGNER.token_with(Algorithm::Es256, "{\"alg\": \"ES256\"}", &twice);
    assert!(verify(&token).unwrap_err().to_string().len() < 160);
}

#[test]
fn a_token_without_signature_is_refused() {
    let header = encode("{\"alg\":\"none\"}");
    let claims = encode(claims().to_string());
    let error = verify(&format!("{header}.{claims}.")).unwrap_err();
    assert_eq!(error, JwtError::Algorithm("none".into()));
    let token = SIGNER.token(Algorithm::Es256, &self::claims());
    let (signed, _) = token.rsplit_once('.').unwrap();
    let error = verify(&format!("{signed}.")).unwrap_err();
    assert!(matches!(error, JwtError::Malformed(_)));
}

#[test]
fn a_public_key_is_no_secret_of_an_hmac() {
    use aws_lc_rs::hmac;
    let n = SIGNER.jwk(Algorithm::Rs256)["n"].clone();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &base64url(n.as_str().unwrap()).unwrap());
    for name in ["HS256", "RS256"] {
        let header = json!({"alg": name, "kid": "rsa"}).to_string();
        let signed = format!("{}.{}", encode(header), encode(claims().to_string()));
        let token = format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes())));
        assert!(verify(&token).is_err(), "{name}");
    }
    let symmetric = json!({"keys": [{"kty": "oct", "kid": "rsa", "k": n}]}).to_string();
    assert!(Jwks::parse(&symmetric).unwrap().is_empty());
}

#[test]
fn an_issuer_may_allow_fewer_algorithms() {
    let token = SIGNER.token(Algorithm::Es256, &claims());
    let verify = |algorithms: &[Algorithm]| {
        let issuer = Issuer {
            algorithms: algorithms.iter().copied().collect(),
            ..issuer()
        };
        Token::parse(&token)
            .unwrap()
            .verify(&keys(), &issuer, now())
            .map(|_| ())
    };
    assert_eq!(verify(&[Algorithm::Es256]), Ok(()));
    let refused = Err(JwtError::Algorithm("ES256".into()));
    assert_eq!(verify(&[Algorithm::Rs256, Algorithm::Es384]), refused);
    assert_eq!(verify(&[]), refused);
}

#[test]
fn extensions_and_other_kinds_of_token_are_refused() {
    check_header(
        r#"{"alg": "ES256", "crit": ["b64"], "b64": true}"#,
        Err(JwtError::Critical),
    );
    check_header(r#"{"alg": "ES256", "crit": []}"#, Err(JwtError::Critical));
    for kind in [
        "JWT",
        "jwt",
        "at+jwt",
        "application/at+jwt",
        "application/JWT",
    ] {
        check_header(&json!({"alg": "ES256", "typ": kind}).to_string(), Ok(()));
    }
    for kind in ["logout+jwt", "dpop+jwt", "secevent+jwt", "JOSE", ""] {
        let header = json!({"alg": "ES256", "typ": kind}).to_string();
        check_header(&header, Err(JwtError::Type(kind.into())));
    }
    check_header(
        r#"{"alg": "ES256", "typ": 1}"#,
        Err(JwtError::BadClaim("typ")),
    );
}

#[test]
fn keys_that_a_token_brings_along_are_not_looked_at() {
    let stranger = signer::Signer::generate();
    let header = json!({
        "alg": "ES256", "kid": "p256", "jwk": stranger.jwk(Algorithm::Es256),
        "jku": "https://evil.example.com/keys", "x5u": "https://evil.example.com/key",
    });
    let header = header.to_string();
    let token = stranger.token_with(Algorithm::Es256, &header, &claims().to_string());
    assert_eq!(verify(&token).unwrap_err(), JwtError::Signature);
    check_header(&header, Ok(()));
}

#[test]
fn the_key_is_the_one_that_is_named() {
    check_header(r#"{"alg": "ES256", "kid": "p256"}"#, Ok(()));
    for header in [
        r#"{"alg": "ES256", "kid": "p384"}"#,
        r#"{"alg": "ES256", "kid": "rsa"}"#,
        r#"{"alg": "ES256", "kid": "other"}"#,
        r#"{"alg": "ES256", "kid": ""}"#,
    ] {
        check_header(header, Err(JwtError::UnknownKey));
    }
    check_header(
        r#"{"alg": "ES256", "kid": 7}"#,
        Err(JwtError::BadClaim("kid")),
    );
}

#[test]
fn a_token_without_the_name_of_a_key_needs_an_issuer_with_one_key() {
    let other = signer::Signer::generate();
    let two = json!({"keys": [SIGNER.jwk(Algorithm::Es256), other.jwk(Algorithm::Es256)]});
    let header = "{\"alg\": \"ES256\"}";
    let token = SIGNER.token_with(Algorithm::Es256, header, &claims().to_string());
    let verify = |keys: &Json| {
        let keys = Jwks::parse(&keys.to_string()).unwrap();
        Token::parse(&token)
            .unwrap()
            .verify(&keys, &issuer(), now())
            .map(|_| ())
    };
    assert_eq!(verify(&two), Err(JwtError::AmbiguousKey));
    assert_eq!(
        verify(&json!({"keys": [SIGNER.jwk(Algorithm::Es256)]})),
        Ok(())
    );
    assert_eq!(verify(&json!({"keys": []})), Err(JwtError::UnknownKey));
}

#[test]
fn a_key_serves_what_it_is_published_for() {
    let token = SIGNER.token(Algorithm::Es256, &claims());
    let verify = |changes: Json| {
        let mut key = SIGNER.jwk(Algorithm::Es256);
        key.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        let keys = Jwks::parse(&json!({"keys": [key]}).to_string()).unwrap();
        Token::parse(&token)
            .unwrap()
            .verify(&keys, &issuer(), now())
            .map(|_| ())
    };
    for good in [
        json!({}),
        json!({"use": "sig"}),
        json!({"alg": "ES256"}),
        json!({"key_ops": ["verify"]}),
        json!({"x5c": ["ignored"]}),
    ] {
        assert_eq!(verify(good.clone()), Ok(()), "{good}");
    }
    for bad in [
        json!({"use": "enc"}),
        json!({"alg": "ES384"}),
        json!({"alg": "HS256"}),
        json!({"key_ops": ["sign"]}),
        json!({"key_ops": "verify"}),
        json!({"kty": "oct"}),
        json!({"crv": "P-521"}),
        json!({"crv": "P-384"}),
        json!({"x": "AAAA"}),
        json!({"x": "not base64"}),
    ] {
        assert_eq!(verify(bad.clone()), Err(JwtError::UnknownKey), "{bad}");
    }
    let point = encode([9; 32]);
    assert_eq!(verify(json!({"x": point})), Err(JwtError::Signature));
}

#[test]
fn small_rsa_keys_verify_nothing() {
    let token = SIGNER.token(Algorithm::Rs256, &claims());
    for (bytes, expected) in [(128, JwtError::Signature), (16, JwtError::Signature)] {
        let small = json!({"keys": [{"kty": "RSA", "kid": "rsa", "n": encode(vec![0xC1; bytes]), "e": "AQAB"}]});
        let keys = Jwks::parse(&small.to_string()).unwrap();
        let refused = Token::parse(&token)
            .unwrap()
            .verify(&keys, &issuer(), now());
        assert_eq!(refused.unwrap_err(), expected);
    }
}

#[test]
fn documents_of_keys_are_bounded() {
    let key = SIGNER.jwk(Algorithm::EdDsa);
    let many = |count: usize| json!({"keys": vec![key.clone(); count]}).to_string();
    assert_eq!(Jwks::parse(&many(MAX_KEYS)).unwrap().len(), MAX_KEYS);
    assert_eq!(Jwks::parse(&many(MAX_KEYS + 1)), Err(BadKeys::TooMany));
    let padded = |length: usize| {
        let text = many(1);
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    assert_eq!(Jwks::parse(&padded(MAX_DOCUMENT)).unwrap().len(), 1);
    assert_eq!(
        Jwks::parse(&padded(MAX_DOCUMENT + 1)),
        Err(BadKeys::TooLarge)
    );
    for no_keys in ["{}", "[]", "{\"keys\": {}}", "7"] {
        assert_eq!(Jwks::parse(no_keys), Err(BadKeys::NoKeys), "{no_keys}");
    }
    for unreadable in ["", "{", "{\"keys\": [], \"keys\": []}"] {
        let refused = Jwks::parse(unreadable);
        assert!(
            matches!(refused, Err(BadKeys::Unreadable(_))),
            "{unreadable}"
        );
    }
}

#[test]
fn the_issuer_is_compared_exactly() {
    check(json!({}), Ok(()));
    for other in [
        "https://id.example.com/team/",
        "https://id.example.com",
        "https://ID.example.com/team",
        "http://id.example.com/team",
        "https://id.example.com/team?",
        "id.example.com/team",
        "",
    ] {
        check(json!({"iss": other}), Err(JwtError::Issuer));
    }
    check(json!({"iss": null}), Err(JwtError::Issuer));
    check(json!({"iss": [ISSUER]}), Err(JwtError::BadClaim("iss")));
}

#[test]
fn the_audience_is_ours() {
    for good in [
        json!("gateway"),
        json!(["gateway"]),
        json!(["x", "gateway"]),
    ] {
        check(json!({"aud": good}), Ok(()));
    }
    for other in [json!("Gateway"), json!("gateway2"), json!(""), json!(["x"])] {
        check(json!({"aud": other}), Err(JwtError::Audience));
    }
    for bad in [
        json!([]),
        json!(7),
        json!({"gateway": 1}),
        json!(["gateway", 7]),
        json!([["gateway"]]),
    ] {
        check(json!({"aud": bad}), Err(JwtError::BadClaim("aud")));
    }
    check(json!({"aud": null}), Err(JwtError::Missing("aud")));
    let nobody = Issuer {
        audiences: Vec::new(),
        ..issuer()
    };
    let token = SIGNER.token(Algorithm::Es256, &claims());
    let refused = Token::parse(&token)
        .unwrap()
        .verify(&keys(), &nobody, now());
    assert_eq!(refused.unwrap_err(), JwtError::Audience);
}

#[test]
fn times_have_exact_edges() {
    for (exp, good) in [
        (NOW + 1, true),
        (NOW, true),
        (NOW - 59, true),
        (NOW - 60, false),
        (0, false),
    ] {
        let expected = if good {
            Ok(())
        } else {
            Err(JwtError::Expired(at(exp)))
        };
        check(json!({"exp": exp}), expected);
    }
    for name in ["nbf", "iat"] {
        for (time, good) in [(0, true), (NOW, true), (NOW + 60, true), (NOW + 61, false)] {
            let expected = if good {
                Ok(())
            } else {
                Err(JwtError::NotYet(at(time)))
            };
            check(json!({name: time}), expected);
        }
    }
    check(json!({"exp": null}), Err(JwtError::Missing("exp")));
    check(json!({"iat": null}), Err(JwtError::Missing("iat")));
    check(json!({"nbf": null}), Ok(()));
}

#[test]
fn times_are_numbers() {
    check(json!({"exp": 1_750_000_600.75}), Ok(()));
    for name in ["exp", "nbf", "iat"] {
        for bad in [
            json!("1750000600"),
            json!(true),
            json!([NOW + 1]),
            json!(-1),
            json!(1e300),
            json!(u64::MAX),
            json!(i64::MAX),
        ] {
            check(json!({name: bad}), Err(JwtError::BadClaim(name)));
        }
    }
}

#[test]
fn the_leeway_is_bounded() {
    assert!(Leeway::new(300).is_ok());
    assert_eq!(
        Leeway::new(301).unwrap_err().to_string(),
        "`301` is not a leeway: at most 300 seconds"
    );
    let none = Issuer {
        leeway: Leeway::new(0).unwrap(),
        ..issuer()
    };
    for (exp, good) in [(NOW + 1, true), (NOW, false)] {
        let token = SIGNER.token(Algorithm::Es256, &with(json!({"exp": exp})));
        let verified = Token::parse(&token).unwrap().verify(&keys(), &none, now());
        assert_eq!(verified.is_ok(), good, "{exp}");
    }
}

#[test]
fn the_subject_is_a_text() {
    check(json!({"sub": "x".repeat(255)}), Ok(()));
    check(json!({"sub": null}), Err(JwtError::Missing("sub")));
    for bad in [json!(""), json!(7), json!(["a"]), json!("x".repeat(256))] {
        check(json!({"sub": bad}), Err(JwtError::BadClaim("sub")));
    }
}

#[test]
fn a_name_twice_is_refused() {
    let good = claims().to_string();
    let twice = good.replacen('{', "{\"sub\": \"admin\", ", 1);
    let token = |header: &str, claims: &str| SIGNER.token_with(Algorithm::Es256, header, claims);
    let refused = verify(&token("{\"alg\": \"ES256\"}", &twice)).unwrap_err();
    assert_eq!(
        refused,
        JwtError::Unreadable("payload", "duplicate key `sub`, first on line 1".into())
    );
    let nested = good.replacen('{', "{\"x\": {\"a\": 1, \"a\": 2}, ", 1);
    assert!(verify(&token("{\"alg\": \"ES256\"}", &nested)).is_err());
    let refused = verify(&token("{\"alg\": \"ES256\", \"alg\": \"ES256\"}", &good));
    assert!(matches!(refused, Err(JwtError::Unreadable("header", _))));
}

#[test]
fn size_and_depth_are_bounded() {
    let filled = |length: usize| {
        let token = SIGNER.token(Algorithm::EdDsa, &with(json!({"x": "y".repeat(length)})));
        (token.len(), verify(&token).map(|_| ()))
    };
    let fits = (14_000..15_000)
        .map(filled)
        .take_while(|(length, _)| *length <= MAX_TOKEN);
    let (length, verified) = fits.last().unwrap();
    assert!(length > MAX_TOKEN - 3);
    assert_eq!(verified, Ok(()));
    assert_eq!(filled(15_000).1, Err(JwtError::TooLong));
    let nested = |depth: usize| (1..depth).fold(json!(1), |inner, _| json!([inner]));
    check(json!({"x": nested(MAX_DEPTH)}), Ok(()));
    check(
        json!({"x": nested(MAX_DEPTH + 1)}),
        Err(JwtError::TooDeep("payload")),
    );
    let maps = (0..MAX_DEPTH).fold(json!(1), |inner, _| json!({"a": inner}));
    check(json!({"x": maps}), Err(JwtError::TooDeep("payload")));
    let deep = json!({"x": "["})
        .to_string()
        .replace("\"[\"", &"[".repeat(10_000));
    let token = SIGNER.token_with(Algorithm::EdDsa, "{\"alg\": \"EdDSA\"}", &deep);
    assert!(matches!(
        verify(&token),
        Err(JwtError::Unreadable("payload", _))
    ));
}

#[test]
fn a_token_has_three_parts_of_base64() {
    let good = SIGNER.token(Algorithm::EdDsa, &claims());
    let parts: Vec<&str> = good.split('.').collect();
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        parts[..2].join("."),
        format!("{good}."),
        format!("{good}.{}", parts[2]),
        format!("{good}="),
        format!(" {good}"),
        good.replace('.', "~"),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}.{}", encode([0xff, 0xfe]), parts[1], parts[2]),
        format!("{}.{}.{}", encode("[]"), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], encode("7"), parts[2]),
    ] {
        let refused = Token::parse(&bad).map(|_| ());
        assert!(
            matches!(
                refused,
                Err(JwtError::Malformed(_) | JwtError::Unreadable(..))
            ),
            "{bad}: {refused:?}"
        );
    }
    assert!(verify(&good).is_ok());
}

#[test]
fn who_it_says_it_is_of_can_be_read_before() {
    let token = SIGNER.token(Algorithm::Es256, &claims());
    let token = Token::parse(&token).unwrap();
    assert_eq!((token.issuer(), token.key_id()), (ISSUER, Some("p256")));
}

#[test]
fn issuers_are_named_as_policies_name_them() {
    let account = AccountId::parse("111122223333").unwrap();
    let other = AccountId::parse("444455556666").unwrap();
    let here = Issuer {
        accounts: Accounts::Only([account].into()),
        ..issuer()
    };
    let arn = "arn:aws:iam::111122223333:oidc-provider/id.example.com/team";
    assert_eq!(here.provider(account).as_deref(), Some(arn));
    assert_eq!(here.provider(other), None);
    let google = Issuer {
        url: IssuerUrl::parse("https://accounts.google.com").unwrap(),
        ..issuer()
    };
    assert_eq!(
        google.provider(other).as_deref(),
        Some("accounts.google.com")
    );
}

#[test]
fn issuers_are_https_without_a_query() {
    for good in [
        "https://a",
        "https://a.b:8443/c/d",
        "https://token.actions.githubusercontent.com",
    ] {
        assert_eq!(IssuerUrl::parse(good).unwrap().as_str(), good);
    }
    for bad in [
        "",
        "a",
        "http://a",
        "https://",
        "https:///a",
        "https://u@a",
        "https://a?b",
        "https://a#b",
        "https://a b",
        "HTTPS://a",
    ] {
        assert!(IssuerUrl::parse(bad).is_err(), "{bad}");
    }
    assert!(IssuerUrl::parse(&format!("https://{}", "a".repeat(247))).is_ok());
    assert!(IssuerUrl::parse(&format!("https://{}", "a".repeat(248))).is_err());
}

fn path(names: &[&str]) -> ClaimPath {
    ClaimPath::new(names.iter().copied()).unwrap()
}

#[test]
fn the_first_rule_that_applies_names_the_role() {
    let when = |names: &[&str], pattern: &str| When {
        claim: path(names),
        pattern: Pattern::new(pattern),
    };
    let rule = |when: Vec<When>, role: &str| RoleRule {
        when,
        role: role.into(),
    };
    let mapping = Mapping {
        tags: Vec::new(),
        roles: vec![
            rule(
                vec![when(&["groups"], "admin"), when(&["sub"], "repo:*")],
                "admins",
            ),
            rule(vec![when(&["realm", "roles"], "writ?")], "writers"),
            rule(vec![when(&["sub"], "repo:acme")], "readers"),
        ],
    };
    let role = |changes: Json| {
        let token = SIGNER.token(Algorithm::EdDsa, &with(changes));
        mapping.role(&verify(&token).unwrap()).map(str::to_owned)
    };
    let some = |role: &str| Some(role.to_owned());
    assert_eq!(role(json!({"groups": ["a", "admin"]})), some("admins"));
    assert_eq!(role(json!({"groups": "admin"})), some("admins"));
    assert_eq!(
        role(json!({"groups": ["Admin", "admins"]})),
        some("readers")
    );
    assert_eq!(role(json!({"groups": [["admin"]]})), some("readers"));
    assert_eq!(
        role(json!({"realm": {"roles": ["write"]}})),
        some("writers")
    );
    assert_eq!(role(json!({"realm.roles": ["write"]})), some("readers"));
    assert_eq!(role(json!({"sub": "user:x", "groups": "admin"})), None);
}

#[test]
fn a_claim_with_one_value_becomes_a_tag() {
    let tag = |names: &[&str], key: &str| TagRule {
        claim: path(names),
        key: key.into(),
        reach: Reach::Session,
    };
    let mapping = Mapping {
        tags: vec![tag(&["team"], "Team"), tag(&["a", "b"], "B")],
        roles: Vec::new(),
    };
    let tags = |changes: Json| {
        let token = SIGNER.token(Algorithm::EdDsa, &with(changes));
        let tags = mapping.tags(&verify(&token).unwrap()).into_iter();
        tags.map(|(key, value, _)| format!("{key}={value}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tags(json!({"team": "red", "a": {"b": 7}})),
        ["Team=red", "B=7"]
    );
    assert_eq!(
        tags(json!({"team": ["red"], "a": {"b": true}})),
        ["Team=red", "B=true"]
    );
    assert_eq!(
        tags(json!({"team": ["red", "blue"], "a": {"b": {}}})),
        [""; 0]
    );
    assert_eq!(tags(json!({"a": "b"})), [""; 0]);
}

#[test]
fn paths_to_claims_have_names() {
    assert!(ClaimPath::new([]).is_err());
    assert!(ClaimPath::new(["a", ""]).is_err());
    assert!(ClaimPath::new(["a"; 8]).is_ok());
    assert!(ClaimPath::new(["a"; 9]).is_err());
}
