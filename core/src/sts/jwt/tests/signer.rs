//! Keys that sign tokens for tests.

use crate::sts::jwt::Algorithm;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// One key of each kind.
pub(in crate::sts) struct Signer {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

pub(in crate::sts) static SIGNER: LazyLock<Signer> = LazyLock::new(Signer::generate);

pub(in crate::sts) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    pub(in crate::sts) fn generate() -> Self {
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
            ed25519: Ed25519KeyPair::generate().unwrap(),
        }
    }

    /// The public key for an algorithm, named after its kind.
    pub(in crate::sts) fn jwk(&self, algorithm: Algorithm) -> Value {
        let curve = |kid, crv, point: &[u8]| {
            let (x, y) = point[1..].split_at(point.len() / 2);
            json!({"kty": "EC", "kid": kid, "crv": crv, "x": encode(x), "y": encode(y)})
        };
        match algorithm {
            Algorithm::Es256 => curve("p256", "P-256", self.p256.public_key().as_ref()),
            Algorithm::Es384 => curve("p384", "P-384", self.p384.public_key().as_ref()),
            Algorithm::EdDsa => {
                let x = encode(self.ed25519.public_key());
                json!({"kty": "OKP", "kid": "ed25519", "crv": "Ed25519", "x": x})
            }
            Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512 => {
                let (n, e) = self.rsa_parts();
                json!({"kty": "RSA", "kid": "rsa", "n": encode(n), "e": encode(e)})
            }
        }
    }

    /// All four public keys.
    pub(in crate::sts) fn jwks(&self) -> String {
        let kinds = [
            Algorithm::Rs256,
            Algorithm::Es256,
            Algorithm::Es384,
            Algorithm::EdDsa,
        ];
        json!({"keys": kinds.map(|kind| self.jwk(kind))}).to_string()
    }

    /// Modulus and exponent, out of the key's DER: 2048 bits fix every length.
    fn rsa_parts(&self) -> (Vec<u8>, Vec<u8>) {
        let der = self.rsa.public_key().as_ref();
        (der[9..265].to_vec(), der[267..270].to_vec())
    }

    /// A token as the algorithm signs it, with the name of its key.
    pub(in crate::sts) fn token(&self, algorithm: Algorithm, claims: &Value) -> String {
        let kid = self.jwk(algorithm)["kid"].clone();
        let header = json!({"alg": algorithm.name(), "kid": kid, "typ": "JWT"});
        self.token_with(algorithm, &header.to_string(), &claims.to_string())
    }

    pub(in crate::sts) fn token_with(
        &self,
        algorithm: Algorithm,
        header: &str,
        claims: &str,
    ) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.sign(algorithm, signed.as_bytes());
        format!("{signed}.{}", encode(signature))
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |method: &'static dyn RsaEncoding| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa
                .sign(method, &random, message, &mut signature)
                .unwrap();
            signature
        };
        match algorithm {
            Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::Rs384 => rsa(&RSA_PKCS1_SHA384),
            Algorithm::Rs512 => rsa(&RSA_PKCS1_SHA512),
            Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
            Algorithm::Ps384 => rsa(&RSA_PSS_SHA384),
            Algorithm::Ps512 => rsa(&RSA_PSS_SHA512),
            Algorithm::Es256 => self.p256.sign(&random, message).unwrap().as_ref().to_vec(),
            Algorithm::Es384 => self.p384.sign(&random, message).unwrap().as_ref().to_vec(),
            Algorithm::EdDsa => self.ed25519.sign(message).as_ref().to_vec(),
        }
    }
}
