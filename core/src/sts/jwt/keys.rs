//! An identity provider's public keys.
//! <https://www.rfc-editor.org/rfc/rfc7517>

use super::algorithm::{Algorithm, Material};
use super::base64url;
use crate::document::{self, Node, Value};

/// The largest document of keys that is read, in bytes.
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// The most keys that are read.
pub const MAX_KEYS: usize = 100;

/// The keys that an identity provider publishes. Those that sign nothing we take (symmetric ones, other curves, keys for
/// encryption) are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Jwks(Vec<Key>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    id: Option<Box<str>>,
    /// If the provider says so, the key is for this algorithm alone.
    algorithm: Option<Box<str>>,
    material: Material,
}

/// Why a text is no document of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Too many bytes.
    #[error("the keys take more than {MAX_DOCUMENT} bytes")]
    TooLarge,
    /// No JSON, or a name twice.
    #[error("the keys cannot be read: {0}")]
    Unreadable(document::Problem),
    /// Without a list `keys`.
    #[error("a document of keys is a map with a list `keys`")]
    NoKeys,
    /// Too many keys.
    #[error("there are more than {MAX_KEYS} keys")]
    TooMany,
}

/// Why no key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    Unknown,
    Ambiguous,
}

impl Jwks {
    /// Reads a JSON Web Key Set.
    ///
    /// # Errors
    /// It is no such document, or too large. A key that cannot be used is no error.
    pub fn parse(text: &str) -> Result<Self, BadKeys> {
        if text.len() > MAX_DOCUMENT {
            return Err(BadKeys::TooLarge);
        }
        let root = document::json(text).map_err(|problems| {
            let first = problems.into_iter().next();
            first.map_or(BadKeys::NoKeys, BadKeys::Unreadable)
        })?;
        match root.get("keys").map(|keys| &keys.value) {
            Some(Value::List(keys)) if keys.len() > MAX_KEYS => Err(BadKeys::TooMany),
            Some(Value::List(keys)) => Ok(Self(keys.iter().filter_map(Key::read).collect())),
            Some(_) | None => Err(BadKeys::NoKeys),
        }
    }

    /// How many usable keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no usable key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one key that a token can mean. Without a name it must be the only one of its kind.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&Material, NoKey> {
        let named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut fitting = self
            .0
            .iter()
            .filter(named)
            .filter(|key| key.fits(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(&key.material),
            (Some(_), Some(_)) => Err(NoKey::Ambiguous),
            (None, _) => Err(NoKey::Unknown),
        }
    }
}

impl Key {
    /// None if it cannot be used.
    fn read(node: &Node) -> Option<Self> {
        let text = |name: &str| node.get(name).and_then(Node::text);
        let bytes = |name: &str| base64url(text(name)?);
        let signs = text("use").is_none_or(|its_use| its_use == "sig");
        if !signs || !may_verify(node) {
            return None;
        }
        let material = match (text("kty")?, text("crv")) {
            ("RSA", _) => Material::Rsa {
                modulus: without_zeros(&bytes("n")?),
                exponent: without_zeros(&bytes("e")?),
            },
            ("EC", Some("P-256")) => Material::P256(point(bytes("x")?, bytes("y")?, 32)?),
            ("EC", Some("P-384")) => Material::P384(point(bytes("x")?, bytes("y")?, 48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x")?.into()),
            _ => return None,
        };
        Some(Self {
            id: text("kid").map(Box::from),
            algorithm: text("alg").map(Box::from),
            material,
        })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        let meant = self.algorithm.as_deref();
        meant.is_none_or(|meant| meant == algorithm.name()) && self.material.fits(algorithm)
    }
}

fn may_verify(node: &Node) -> bool {
    match node.get("key_ops").map(|ops| &ops.value) {
        None => true,
        Some(Value::List(ops)) => ops.iter().any(|op| op.text() == Some("verify")),
        Some(_) => false,
    }
}

fn without_zeros(bytes: &[u8]) -> Box<[u8]> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0);
    bytes.iter().skip(zeros.count()).copied().collect()
}

/// Both coordinates in full, as an uncompressed point.
fn point(x: Vec<u8>, y: Vec<u8>, length: usize) -> Option<Box<[u8]>> {
    let full = x.len() == length && y.len() == length;
    full.then(|| [vec![4], x, y].concat().into())
}
