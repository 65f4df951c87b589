//! The signature algorithms that are taken, and checking a signature.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, EcdsaVerificationAlgorithm,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

/// A signature algorithm. Only such with a public key: nothing here can take one for the secret of an HMAC.
/// <https://www.rfc-editor.org/rfc/rfc7518#section-3.1>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// `RS256`
    Rs256,
    /// `RS384`
    Rs384,
    /// `RS512`
    Rs512,
    /// `PS256`
    Ps256,
    /// `PS384`
    Ps384,
    /// `PS512`
    Ps512,
    /// `ES256`
    Es256,
    /// `ES384`
    Es384,
    /// `EdDSA`, which is Ed25519 here
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// The name in a token's `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of this name, exactly so.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.name() == name)
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Material {
    Rsa {
        /// Big-endian, without leading zeros.
        modulus: Box<[u8]>,
        exponent: Box<[u8]>,
    },
    /// An uncompressed point.
    P256(Box<[u8]>),
    P384(Box<[u8]>),
    Ed25519(Box<[u8]>),
}

/// How a key is used with an algorithm.
enum Method<'k> {
    Rsa(&'static RsaParameters, RsaPublicKeyComponents<&'k [u8]>),
    Ecdsa(&'static EcdsaVerificationAlgorithm, &'k [u8]),
    Ed25519(&'k [u8]),
}

impl Material {
    /// Whether the key is of the algorithm's kind.
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        self.method(algorithm).is_some()
    }

    /// Whether the signature is this key's over the message.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self.method(algorithm) {
            None => return false,
            Some(Method::Rsa(parameters, key)) => key.verify(parameters, message, signature),
            Some(Method::Ecdsa(method, point)) => {
                UnparsedPublicKey::new(method, point).verify(message, signature)
            }
            Some(Method::Ed25519(key)) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
        };
        verified.is_ok()
    }

    fn method(&self, algorithm: Algorithm) -> Option<Method<'_>> {
        use Algorithm as A;
        Some(match (self, algorithm) {
            (Self::Rsa { modulus, exponent }, algorithm) => Method::Rsa(
                rsa(algorithm)?,
                RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                },
            ),
            (Self::P256(point), A::Es256) => Method::Ecdsa(&ECDSA_P256_SHA256_FIXED, point),
            (Self::P384(point), A::Es384) => Method::Ecdsa(&ECDSA_P384_SHA384_FIXED, point),
            (Self::Ed25519(key), A::EdDsa) => Method::Ed25519(key),
            (Self::P256(_) | Self::P384(_) | Self::Ed25519(_), _) => return None,
        })
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => return None,
    })
}
