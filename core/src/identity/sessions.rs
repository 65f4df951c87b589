//! What is known of a session beyond who it is.

use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The facts of temporary credentials that conditions ask for and that sessions made from this one inherit.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-role-properties>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// `aws:TokenIssueTime`.
    pub issued: Timestamp,
    /// `aws:SourceIdentity`, which no later session of the chain can change.
    pub source_identity: Option<Box<str>>,
    /// The session tags that go on to sessions made from this one, which cannot change them.
    pub transitive: BTreeMap<Box<str>, Box<str>>,
    /// Claims of the token it was made with, by `ISSUER:CLAIM`; each has at least one value.
    pub claims: BTreeMap<Box<str>, Vec<Box<str>>>,
}

impl SessionFacts {
    /// A session of which nothing is known but when it was made.
    pub fn new(issued: Timestamp) -> Self {
        Self {
            issued,
            source_identity: None,
            transitive: BTreeMap::new(),
            claims: BTreeMap::new(),
        }
    }

    /// The keys of the tags that go on.
    pub fn transitive_keys(&self) -> BTreeSet<&str> {
        self.transitive.keys().map(|key| &**key).collect()
    }
}
