//! The documents of settings: well-formed, of the right root, and what of them permissions and conditions depend on.
//!
//! A document goes on as it came, so what is read here must have one reading: a member that decides comes once, where
//! S3 has it, or the document is refused. The rest is the business of whoever keeps the setting.

use super::{BadXml, Element};

/// What a document says that permissions and conditions depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `TagSet` of a Tagging, each key with its value.
    pub tags: Option<Vec<(String, String)>>,
    /// `Mode` of a Retention.
    pub retention_mode: Option<String>,
    /// `RetainUntilDate` of a Retention.
    pub retain_until: Option<String>,
    /// `EventHold` of a Retention.
    pub event_hold: Option<String>,
    /// `Days` of the EventHoldDuration of a Retention.
    pub event_hold_days: Option<String>,
    /// `Status` of a LegalHold.
    pub legal_hold: Option<String>,
    /// `OptionalFields` of an InventoryConfiguration.
    pub inventory_fields: Option<Vec<Box<str>>>,
    /// `Role` of a ReplicationConfiguration: an ARN, as written.
    pub role: Option<String>,
    /// `TableBucketArn` of a MetadataTableConfiguration, as written.
    pub table_bucket: Option<String>,
    /// A metadata table gets an encryption of its own.
    pub encrypts_tables: bool,
    /// A metadata table is turned on.
    pub enables_tables: bool,
    /// A RestoreRequest runs a query and writes its result where the document says.
    pub selects: bool,
}

impl Settings {
    /// Reads a document that must have this root element.
    pub fn parse(root: &str, document: &[u8]) -> Result<Self, BadXml> {
        let element = Element::of_parts(document)?;
        if element.name != root {
            return Err(BadXml::Schema);
        }
        let mut settings = Self::default();
        match root {
            "Tagging" => settings.tags = Some(tag_set(&element)?),
            "Retention" => {
                settings.retention_mode = once(&element, "Mode")?;
                settings.retain_until = once(&element, "RetainUntilDate")?;
                settings.event_hold = once(&element, "EventHold")?;
                if let Some(duration) = only(&element, "EventHoldDuration")? {
                    settings.event_hold_days = once(duration, "Days")?;
                }
            }
            "LegalHold" => settings.legal_hold = once(&element, "Status")?,
            "InventoryConfiguration" => settings.inventory_fields = optional_fields(&element)?,
            "ReplicationConfiguration" => {
                settings.role = Some(once(&element, "Role")?.ok_or(BadXml::Schema)?);
            }
            "MetadataTableConfiguration" => {
                let destination = only(&element, "S3TablesDestination")?.ok_or(BadXml::Schema)?;
                let arn = once(destination, "TableBucketArn")?.ok_or(BadXml::Schema)?;
                settings.table_bucket = Some(arn);
            }
            "MetadataConfiguration"
            | "InventoryTableConfiguration"
            | "AnnotationTableConfiguration"
            | "JournalTableConfiguration" => {
                settings.encrypts_tables = has(&element, &|element| {
                    element.name == "EncryptionConfiguration"
                });
                settings.enables_tables = has(&element, &|element| {
                    element.name == "ConfigurationState" && element.text.trim() == "ENABLED"
                });
            }
            "RestoreRequest" => settings.selects = has(&element, &selects),
            _ => {}
        }
        Ok(settings)
    }
}

/// Reads a list of tags: a TagSet or Tags element whose children are all of this name.
pub(super) fn tags(list: &Element) -> Result<Vec<(String, String)>, BadXml> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for tag in &list.children {
        let key = once(tag, "Key")?.filter(|key| !key.is_empty());
        let (Some(key), Some(value)) = (key, once(tag, "Value")?) else {
            return Err(BadXml::Schema);
        };
        let twice = tags.iter().any(|(known, _)| *known == key);
        if tag.name != "Tag" || tag.children.len() != 2 || twice {
            return Err(BadXml::Schema);
        }
        tags.push((key, value));
    }
    Ok(tags)
}

fn tag_set(tagging: &Element) -> Result<Vec<(String, String)>, BadXml> {
    match tagging.children.as_slice() {
        [set] if set.name == "TagSet" && set.text.trim().is_empty() => tags(set),
        _ => Err(BadXml::Schema),
    }
}

fn optional_fields(inventory: &Element) -> Result<Option<Vec<Box<str>>>, BadXml> {
    let Some(list) = only(inventory, "OptionalFields")? else {
        return Ok(None);
    };
    let field = |field: &Element| match (field.name.as_str(), field.children.is_empty()) {
        ("Field", true) => Ok(field.text.trim().into()),
        _ => Err(BadXml::Schema),
    };
    list.children
        .iter()
        .map(field)
        .collect::<Result<_, _>>()
        .map(Some)
}

fn selects(element: &Element) -> bool {
    let query = ["SelectParameters", "OutputLocation"].contains(&element.name.as_str());
    query || element.name == "Type"
}

/// The one child of a name.
fn only<'a>(element: &'a Element, name: &str) -> Result<Option<&'a Element>, BadXml> {
    let mut named = element.children_named(name);
    match (named.next(), named.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(BadXml::Schema),
    }
}

/// The text of the one child of a name.
fn once(element: &Element, name: &str) -> Result<Option<String>, BadXml> {
    match only(element, name)? {
        Some(child) if !child.children.is_empty() => Err(BadXml::Schema),
        child => Ok(child.map(|child| child.text.clone())),
    }
}

/// Whether an element anywhere below is such a one.
fn has(element: &Element, wanted: &impl Fn(&Element) -> bool) -> bool {
    let mut children = element.children.iter();
    children.any(|child| wanted(child) || has(child, wanted))
}

#[cfg(test)]
mod tests;
