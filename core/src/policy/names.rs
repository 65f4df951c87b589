//! What verdicts, layers and the like are called in records, metrics and explanations.

use super::{Deciding, Decision, Effect, Layer, Missing, Mode, Verdict};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

impl Verdict {
    /// `allow`, `explicit_deny`, `implicit_deny`, `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ExplicitDeny => "explicit_deny",
            Self::ImplicitDeny(_) => "implicit_deny",
            Self::Unknown => "unknown",
        }
    }

    /// Whose allow an implicit deny lacks.
    pub fn missing(self) -> Option<Missing> {
        match self {
            Self::ImplicitDeny(missing) => Some(missing),
            Self::Allow | Self::ExplicitDeny | Self::Unknown => None,
        }
    }
}

impl Missing {
    /// The layer's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::ServiceControl => "service_control",
        }
    }

    /// The layer in which the allow is missing.
    pub fn layer(self) -> Layer {
        match self {
            Self::Identity => Layer::Identity,
            Self::Resource => Layer::Bucket,
            Self::Boundary => Layer::Boundary,
            Self::Session => Layer::Session,
            Self::ServiceControl => Layer::ServiceControl,
        }
    }
}

impl Layer {
    /// The name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Guardrail => "guardrail",
            Self::Rego => "rego",
            Self::ServiceControl => "service_control",
            Self::Bucket => "bucket",
            Self::Acl => "acl",
            Self::Identity => "identity",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::Root => "root",
            Self::PublicAccess => "public_access",
        }
    }

    /// What AWS's error messages call a policy of this layer.
    pub fn policy_name(self) -> &'static str {
        match self {
            Self::Guardrail => "resource control policy",
            Self::Rego => "guardrail",
            Self::ServiceControl => "service control policy",
            Self::Bucket | Self::PublicAccess => "resource-based policy",
            Self::Acl => "access control list",
            Self::Identity | Self::Root => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
        }
    }
}

impl Mode {
    /// As in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Shadow => "shadow",
        }
    }
}

impl Effect {
    /// As in a policy.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

macro_rules! written_by_name {
    ($($type:ty)*) => {
        $(impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        })*
    };
}
pub(super) use written_by_name;

written_by_name!(Missing Layer Mode Effect);

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("Decision", 4)?;
        fields.serialize_field("verdict", self.verdict.name())?;
        match self.verdict.missing() {
            Some(missing) => fields.serialize_field("missing", &missing)?,
            None => fields.skip_field("missing")?,
        }
        for (name, deciding) in [("by", &self.by), ("with", &self.with)] {
            match deciding {
                Some(deciding) => fields.serialize_field(name, deciding)?,
                None => fields.skip_field(name)?,
            }
        }
        fields.end()
    }
}

impl Serialize for Deciding {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        super::explain::Located::from(self).serialize(to)
    }
}

#[cfg(test)]
mod tests;
