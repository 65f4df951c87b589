//! `reload`

use super::Reload;
use super::ask::{Question, ask};
use std::process::ExitCode;

/// The gateway cannot be asked.
const CANNOT_RUN: u8 = 2;

/// Makes the running gateway read its files again.
pub(super) fn run(arguments: &Reload) -> ExitCode {
    match ask(&arguments.running, &Question::Reload) {
        Ok(answer) if answer.status == 200 => {
            let revision = answer.body.get("revision").and_then(|text| text.as_str());
            super::print(&format!(
                "in force: revision {}\n",
                revision.unwrap_or_default()
            ))
        }
        Ok(answer) => {
            let error = answer.body.get("error").and_then(|text| text.as_str());
            eprintln!("portcullis: not reloaded:\n{}", error.unwrap_or_default());
            // Only 409 says that the files are at fault.
            ExitCode::from(if answer.status == 409 { 1 } else { CANNOT_RUN })
        }
        Err(error) => {
            eprintln!("portcullis: {error:#}");
            ExitCode::from(CANNOT_RUN)
        }
    }
}
