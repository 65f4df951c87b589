//! Tokens of identity providers, and documents of keys. No key here signed anything, so no token verifies.

use super::Outcome;
use jiff::Timestamp;
use portcullis_core::sts::jwt::{
    Accounts, Algorithm, Issuer, IssuerUrl, Jwks, Leeway, MAX_KEYS, Mapping, Token,
};

/// Points of the standard's examples, which signed other texts.
const KEYS: &str = r#"{"keys": [
    {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
]}"#;

pub(super) fn check(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    if let Ok(keys) = Jwks::parse(&text) {
        assert!(keys.len() <= MAX_KEYS);
    }
    let Ok(token) = Token::parse(&text) else {
        return Outcome::Refused;
    };
    let Ok(url) = IssuerUrl::parse(token.issuer()) else {
        return Outcome::Accepted;
    };
    let issuer = Issuer {
        url,
        audiences: vec!["gateway".into()],
        algorithms: Algorithm::ALL.into(),
        leeway: Leeway::default(),
        accounts: Accounts::Every,
        mapping: Mapping::default(),
    };
    let keys = Jwks::parse(KEYS).unwrap();
    assert!(token.verify(&keys, &issuer, Timestamp::UNIX_EPOCH).is_err());
    Outcome::Accepted
}
