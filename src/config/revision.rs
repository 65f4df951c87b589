//! Which policies and identities are in force, as a short name.

use aws_lc_rs::digest::{Context, SHA256, digest};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Digits of the name.
const BYTES: usize = 6;

/// The documents that were read: configuration, identities, policies. Not what they name as secrets or certificates, so
/// that nothing can be learned of those.
#[derive(Debug, Default)]
pub(super) struct Revision(BTreeMap<PathBuf, Vec<u8>>);

impl Revision {
    pub(super) fn note(&mut self, file: &Path, bytes: &[u8]) {
        let contents = digest(&SHA256, bytes).as_ref().to_vec();
        self.0.insert(file.to_owned(), contents);
    }

    /// The first 12 hexadecimal digits of a SHA-256 over names and contents in the order of the names. Names are relative to
    /// the folder of the configuration file, so that gateways with the same files say the same.
    pub(super) fn name(&self, configuration: &Path) -> Arc<str> {
        let folder = configuration.parent().unwrap_or(Path::new(""));
        let mut all = Context::new(&SHA256);
        for (file, contents) in &self.0 {
            let name = file.strip_prefix(folder).unwrap_or(file);
            all.update(name.as_os_str().as_encoded_bytes());
            all.update(&[0]);
            all.update(contents);
        }
        let hash = all.finish();
        let mut name = String::new();
        for byte in hash.as_ref().iter().take(BYTES) {
            // Writing to a String cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        name.into()
    }
}
