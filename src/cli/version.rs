//! `version`

use super::Version;
use serde_json::json;

/// The version, for people or as JSON.
pub(super) fn text(arguments: &Version) -> String {
    let version = env!("CARGO_PKG_VERSION");
    if !arguments.json {
        return format!("portcullis {version}\n");
    }
    let all = json!({
        "name": "portcullis",
        "version": version,
        // Set by the package's build; a build from a checkout knows none.
        "commit": option_env!("PORTCULLIS_COMMIT"),
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
    });
    format!("{all}\n")
}
