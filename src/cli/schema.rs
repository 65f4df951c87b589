//! `schema`

/// The JSON schema of the input of guardrails.
pub(super) const GUARDRAILS: &str = include_str!("../../policies/guardrails/input.schema.json");

/// The JSON schema of the configuration file, as `config/schema.json` holds it.
pub(super) fn text() -> String {
    let schema = crate::config::schema();
    format!("{schema:#}\n")
}
