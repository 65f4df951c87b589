//! What the claims of a provider's tokens say of session tags and roles.

use super::claims::Claims;
use crate::policy::Pattern;

/// The rules of one provider.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// Claims that become session tags.
    pub tags: Vec<TagRule>,
    /// Which role a token stands for where the client names none; the first that applies counts.
    pub roles: Vec<RoleRule>,
}

/// The names that lead to a claim, e.g. `realm_access`, `roles`; one for a claim of the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(Box<[Box<str>]>);

/// Why a list of names is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a claim has 1 to 8 names, none of them empty")]
pub struct BadClaimPath;

impl ClaimPath {
    /// Takes the names from the outermost to the claim.
    ///
    /// # Errors
    /// None, more than eight, or an empty one.
    pub fn new<'t>(names: impl IntoIterator<Item = &'t str>) -> Result<Self, BadClaimPath> {
        let names: Box<[Box<str>]> = names.into_iter().map(Box::from).collect();
        let good = (1..=8).contains(&names.len()) && names.iter().all(|name| !name.is_empty());
        good.then_some(Self(names)).ok_or(BadClaimPath)
    }

    /// The names, at least one.
    pub fn names(&self) -> &[Box<str>] {
        &self.0
    }
}

/// A claim that becomes a session tag. A token without it, or with several values of it, has no such tag.
#[derive(Debug, Clone)]
pub struct TagRule {
    /// Where its value stands.
    pub claim: ClaimPath,
    /// The tag's key.
    pub key: Box<str>,
    /// Whether it goes on to sessions made from this one.
    pub reach: Reach,
}

/// How far a session tag goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// This session.
    #[default]
    Session,
    /// Also the sessions made from it.
    Transitive,
}

/// Tokens that stand for a role.
#[derive(Debug, Clone)]
pub struct RoleRule {
    /// All of which must apply; none of them applies to every token.
    pub when: Vec<When>,
    /// The role's ARN.
    pub role: Box<str>,
}

/// A claim with a value that matches.
#[derive(Debug, Clone)]
pub struct When {
    /// The claim; of a list one value must match.
    pub claim: ClaimPath,
    /// `*` any run, `?` one character; case counts.
    pub pattern: Pattern,
}

impl Mapping {
    /// The role that a token stands for.
    pub fn role(&self, claims: &Claims) -> Option<&str> {
        let mut rules = self.roles.iter();
        let rule = rules.find(|rule| rule.when.iter().all(|when| when.applies(claims)))?;
        Some(&rule.role)
    }

    /// The session tags that a token stands for, each with its reach.
    pub fn tags(&self, claims: &Claims) -> Vec<(Box<str>, Box<str>, Reach)> {
        let tag = |rule: &TagRule| {
            let mut values = claims.values(rule.claim.names()).into_iter();
            match (values.next(), values.next()) {
                (Some(value), None) => Some((rule.key.clone(), value, rule.reach)),
                (None, _) | (Some(_), Some(_)) => None,
            }
        };
        self.tags.iter().filter_map(tag).collect()
    }
}

impl When {
    fn applies(&self, claims: &Claims) -> bool {
        let values = claims.values(self.claim.names());
        values.iter().any(|value| self.pattern.matches(value))
    }
}
