//! The policies that `PolicyArns` can name.

use crate::policy::Policy;
use std::collections::HashMap;
use std::sync::Arc;

/// Managed policies by ARN, compiled as [`PolicyKind::Session`](crate::policy::PolicyKind::Session).
#[derive(Debug, Default)]
pub struct ManagedPolicies(HashMap<Box<str>, Arc<Policy>>);

impl ManagedPolicies {
    /// The policy with this ARN.
    pub fn find(&self, arn: &str) -> Option<&Arc<Policy>> {
        self.0.get(arn)
    }
}

impl FromIterator<(Box<str>, Arc<Policy>)> for ManagedPolicies {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Arc<Policy>)>>(policies: I) -> Self {
        Self(policies.into_iter().collect())
    }
}
