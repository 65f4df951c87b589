//! Settings of a bucket by which versions go, or come, past the gateway: what keeps them there, a lifecycle or a
//! replication of the upstream's, knows nothing of locks that are kept here.

use crate::s3::xml::{BadXml, Element};
use std::fmt;

/// What a setting does, the worst of it. Whoever takes one of these takes all that come before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Danger {
    /// Removes delete markers under which nothing is left, which are not locked.
    DeleteMarkers,
    /// Expires current versions: makes a delete marker where versioning is enabled, and destroys where it is not.
    CurrentVersions,
    /// Writes into these buckets, and deletes in them, past their policies and locks.
    Replication(Vec<Box<str>>),
    /// Destroys versions that are not current.
    NoncurrentVersions,
    /// Suspends versioning, after which writes and deletes replace the version `null`.
    Suspension,
    /// Has an element we do not know, of another vendor or of later times.
    Unknown(Box<str>),
}

/// What a LifecycleConfiguration, ReplicationConfiguration or VersioningConfiguration would do to locked versions. Rules
/// that are disabled do nothing; what we do not know is the worst.
///
/// # Errors
/// What is not one of these documents, or not one of S3's schema.
pub fn destroys(document: &[u8]) -> Result<Option<Danger>, BadXml> {
    // Under the bound of answers: a thousand rules have more elements than other requests may.
    let root = Element::of_answer(document)?;
    match root.name.as_str() {
        "LifecycleConfiguration" => Ok(lifecycle(&root)),
        "ReplicationConfiguration" => Ok(replication(&root)),
        "VersioningConfiguration" => versioning(&root),
        _ => Err(BadXml::Schema),
    }
}

/// For messages of our own: `removes delete markers`.
impl fmt::Display for Danger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeleteMarkers => f.write_str("removes delete markers"),
            Self::CurrentVersions => f.write_str("expires current versions"),
            Self::Replication(into) => write!(f, "writes into `{}`", into.join("`, `")),
            Self::NoncurrentVersions => f.write_str("destroys noncurrent versions"),
            Self::Suspension => f.write_str("suspends versioning"),
            Self::Unknown(name) => write!(f, "has an element `{name}` that is not known"),
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html>
fn lifecycle(root: &Element) -> Option<Danger> {
    worst(root, |child| match child.name.as_str() {
        "Rule" if is_disabled(child) => None,
        "Rule" => worst(child, of_rule),
        _ => unknown(child),
    })
}

fn of_rule(element: &Element) -> Option<Danger> {
    match element.name.as_str() {
        "ID"
        | "Prefix"
        | "Filter"
        | "Status"
        | "Transition"
        | "NoncurrentVersionTransition"
        | "AbortIncompleteMultipartUpload" => None,
        "NoncurrentVersionExpiration" => Some(Danger::NoncurrentVersions),
        "Expiration" => worst(element, |child| match child.name.as_str() {
            "Date" | "Days" => Some(Danger::CurrentVersions),
            "ExpiredObjectDeleteMarker" if child.text.trim() == "false" => None,
            "ExpiredObjectDeleteMarker" => Some(Danger::DeleteMarkers),
            _ => unknown(child),
        }),
        _ => unknown(element),
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRule.html>
fn replication(root: &Element) -> Option<Danger> {
    let rules = root.children_named("Rule");
    let mut into: Vec<Box<str>> = rules
        .filter(|rule| !is_disabled(rule))
        .flat_map(|rule| rule.children_named("Destination"))
        .flat_map(|destination| destination.children_named("Bucket"))
        .map(|bucket| name_of(bucket.text.trim()).into())
        .collect();
    into.sort_unstable();
    into.dedup();
    match into.is_empty() && root.children_named("Rule").all(is_disabled) {
        true => None,
        false => Some(Danger::Replication(into)),
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_VersioningConfiguration.html>
fn versioning(root: &Element) -> Result<Option<Danger>, BadXml> {
    let mut statuses = root.children_named("Status");
    match (statuses.next(), statuses.next()) {
        (Some(status), None) if status.text.trim() == "Enabled" => Ok(None),
        // Without a status S3 leaves the versioning as it is.
        (None, _) => Ok(None),
        (Some(_), None) => Ok(Some(Danger::Suspension)),
        (Some(_), Some(_)) => Err(BadXml::Schema),
    }
}

/// Said once and clearly.
fn is_disabled(rule: &Element) -> bool {
    let mut statuses = rule.children_named("Status");
    let first = statuses.next().map(|status| status.text.trim());
    first == Some("Disabled") && statuses.next().is_none()
}

fn worst(element: &Element, danger: impl Fn(&Element) -> Option<Danger>) -> Option<Danger> {
    element.children.iter().filter_map(danger).max()
}

fn unknown(element: &Element) -> Option<Danger> {
    Some(Danger::Unknown(element.name.as_str().into()))
}

/// From `arn:aws:s3:::name`.
fn name_of(bucket: &str) -> &str {
    bucket.rsplit_once(":::").map_or(bucket, |(_, name)| name)
}

#[cfg(test)]
mod tests;
