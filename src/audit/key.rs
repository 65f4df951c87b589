//! Ed25519 keys: read from files, made, and named by their fingerprints.

use super::AuditError;
use super::line::Hash;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// What stands before the 32 bytes of a key in DER, RFC 8410.
const SPKI: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Signs checkpoints and the manifest.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Reads a PEM file with a PKCS#8 private key.
    ///
    /// # Errors
    /// The file cannot be read, or holds no Ed25519 key.
    pub fn read(path: &Path) -> Result<Self, AuditError> {
        let pem = std::fs::read(path).map_err(|error| AuditError::io(path, error))?;
        let pair = PrivatePkcs8KeyDer::from_pem_slice(&pem)
            .ok()
            .and_then(|der| Ed25519KeyPair::from_pkcs8(der.secret_pkcs8_der()).ok());
        pair.and_then(Self::of)
            .ok_or_else(|| AuditError::Key(path.to_owned()))
    }

    /// Makes a key and writes it to a new private file.
    ///
    /// # Errors
    /// The file exists or cannot be written.
    pub fn create(path: &Path) -> Result<Self, AuditError> {
        let failed = || AuditError::Key(path.to_owned());
        let der = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| failed())?;
        let made = Ed25519KeyPair::from_pkcs8(der.as_ref()).map_err(|_| failed())?;
        let text = pem("PRIVATE KEY", der.as_ref());
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error| AuditError::io(path, error))?;
        Self::of(made).ok_or_else(failed)
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    fn of(pair: Ed25519KeyPair) -> Option<Self> {
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, public })
    }

    pub(super) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.pair.sign(text).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(***, {})", self.public.fingerprint())
    }
}

/// Says whether a signature is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads a key: a file in PEM, or 32 bytes in base64, as text or in a file.
    ///
    /// # Errors
    /// It is neither.
    pub fn read(text: &str) -> Result<Self, AuditError> {
        if let Some(key) = Self::parse(text) {
            return Ok(key);
        }
        let path = Path::new(text);
        let content = std::fs::read_to_string(path).map_err(|error| AuditError::io(path, error))?;
        let from_pem = || {
            let der = SubjectPublicKeyInfoDer::from_pem_slice(content.as_bytes()).ok()?;
            Some(Self(der.strip_prefix(SPKI)?.try_into().ok()?))
        };
        Self::parse(content.trim())
            .or_else(from_pem)
            .ok_or_else(|| AuditError::Key(path.to_owned()))
    }

    /// Reads 32 bytes in base64.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(Self(STANDARD.decode(text).ok()?.try_into().ok()?))
    }

    /// `SHA256:` and the hash of its 32 bytes in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", Hash::of(&self.0))
    }

    /// In PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem("PUBLIC KEY", &[SPKI, &self.0].concat())
    }

    pub(super) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(text, signature).is_ok()
    }
}

/// 32 bytes in base64.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    // Keys of this kind fit into one line of 64 or, for the private one, two.
    let text = STANDARD.encode(der);
    let lines: Vec<String> = text
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
