//! `schema`

/// The JSON schema of the configuration file, as `config/schema.json` holds it.
pub(super) fn text() -> String {
    let schema = crate::config::schema();
    format!("{schema:#}\n")
}
