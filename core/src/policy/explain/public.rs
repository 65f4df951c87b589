//! Which statements make a bucket policy public, and what that does to a question.

use super::held::condition_names;
use super::parts::Located;
use super::values::Text;
use crate::policy::names::written_by_name;
use crate::policy::public::{Looseness, looseness, statement_is_public};
use crate::policy::{Decision, Effect, Layer, Policies, Policy, PublicPolicies};
use serde::{Serialize, Serializer};

/// What Block Public Access makes of a bucket policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicAccess {
    /// The Allow statements that make the policy public; it is public if there is one.
    pub statements: Vec<PublicStatement>,
    /// Whether RestrictPublicBuckets is on.
    pub restrict_public_buckets: bool,
    /// Whether it refuses this caller, whatever allows the request.
    pub refused: bool,
}

/// A statement that makes its policy public: it is open to everyone, and no condition confines it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicStatement {
    /// Where it stands.
    #[serde(flatten)]
    pub at: Located,
    /// Its conditions, none of which confines it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<LooseCondition>,
}

/// A condition that does not confine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LooseCondition {
    /// As written.
    pub operator: Text,
    /// As written.
    pub key: Text,
    /// Why it does not.
    pub why: Looseness,
}

impl PublicAccess {
    /// What the flags in force make of the policies that decided so; `None` if there is nothing to say: the bucket policy is
    /// not public, and no flag would mind.
    pub(super) fn of(policies: Policies<'_>, decision: &Decision) -> Option<Self> {
        let by = decision.by.as_ref();
        let restricted = match policies.public {
            PublicPolicies::Restricted => true,
            PublicPolicies::Count => false,
        };
        let statements = public_statements(policies.bucket?);
        (restricted || !statements.is_empty()).then(|| Self {
            statements,
            restrict_public_buckets: restricted,
            refused: by.is_some_and(|by| by.layer == Layer::PublicAccess),
        })
    }
}

/// The statements that make a bucket policy public.
fn public_statements(policy: &Policy) -> Vec<PublicStatement> {
    let allows = policy.statements(Effect::Allow).list.iter();
    let public = allows.filter(|statement| statement_is_public(statement));
    public
        .map(|statement| PublicStatement {
            at: Located::of(Layer::Bucket, policy, statement),
            conditions: statement
                .conditions
                .iter()
                .filter_map(|condition| {
                    let (operator, key) = condition_names(policy, statement, condition);
                    let why = looseness(condition)?;
                    Some(LooseCondition { operator, key, why })
                })
                .collect(),
        })
        .collect()
}

written_by_name!(Looseness);
