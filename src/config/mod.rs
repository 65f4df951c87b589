//! The configuration: files and environment in, checked [`Settings`] out, with every problem reported at once.
//!
//! [`load`] is the way in. A file goes through these steps: it is parsed with places, environment variables are put
//! in, the raw types are filled (unknown fields and wrong types are reported), and `check` turns them into
//! [`Settings`], reading identities, policies, certificates and secrets on the way.

mod accept;
mod buckets;
mod cases;
mod check;
mod document;
mod expand;
mod fill;
mod finding;
mod guardrails;
mod identities;
pub mod imports;
mod inputs;
mod masked;
mod modes;
mod place;
mod policies;
pub mod raw;
mod revision;
mod secrets;
pub mod settings;
mod shape;
pub mod sources;
mod verify;

pub(crate) use accept::plain;
pub use cases::{CaseFile, cases};
pub use finding::{Finding, Severity};
pub use inputs::{Inputs, Lookout};
pub use settings::Settings;
pub use sources::{Host, Sources};
pub use verify::verify;

use check::Check;
use inputs::Noted;
use std::path::{Path, PathBuf};

/// Reads and checks a configuration file and everything it names.
///
/// # Errors
/// All findings, if there is an error among them. Otherwise they are warnings and come with the settings.
pub fn load(file: &Path, sources: &dyn Sources) -> Result<(Settings, Vec<Finding>), Vec<Finding>> {
    read(file, sources).0
}

/// The result of [`load`], and what it was made from.
pub type Read = (Result<(Settings, Vec<Finding>), Vec<Finding>>, Inputs);

/// The same, and what it was made from, be it broken or not.
pub fn read(file: &Path, sources: &dyn Sources) -> Read {
    let noted = Noted::new(sources);
    let mut check = Check::new(&noted);
    let settings = check::settings(file, &mut check);
    let findings = check.findings();
    let inputs = noted.into_inputs();
    let result = match settings {
        Some(mut settings) => {
            settings.inputs = inputs.clone();
            Ok((settings, findings))
        }
        None => Err(findings),
    };
    (result, inputs)
}

/// Checks a configuration and other files together: what the configuration accepts is accepted in all of them. The
/// settings are there unless the configuration has an error.
pub fn review(
    config: Option<&Path>,
    paths: &[PathBuf],
    sources: &dyn Sources,
) -> (Option<Settings>, Vec<Finding>) {
    let mut check = Check::new(sources);
    let settings = config.and_then(|config| check::settings(config, &mut check));
    for path in paths {
        verify::any(path, &mut check);
    }
    (settings, check.findings())
}

/// The JSON schema of the configuration file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(raw::Configuration).to_value()
}
