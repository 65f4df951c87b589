//! The condition-key table.

/// A condition key a policy may name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    SourceIp,
}
