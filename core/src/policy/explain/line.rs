//! Reasons, statements and their parts on one line.

use super::Reason;
use super::parts::{ConditionPart, Located, Outcome, Parts, Variable};
use crate::policy::Layer;
use std::fmt;

impl Reason {
    /// On one line of at most 256 bytes.
    pub fn brief(&self) -> String {
        let mut line = self.to_string();
        if line.len() > BRIEF {
            let end = line.floor_char_boundary(BRIEF - "…".len());
            line.truncate(end);
            line.push('…');
        }
        line
    }
}

const BRIEF: usize = 256;

/// On one line: the statement and its parts.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExplicitDeny { statement, matched } => {
                write!(
                    f,
                    "{} denies it{}",
                    of_layer(statement),
                    after_colon(matched)
                )
            }
            Self::PublicAccess { statement } => {
                write!(f, "RestrictPublicBuckets refuses it: {statement} makes ")?;
                f.write_str("the bucket policy public")
            }
            Self::NearestAllow {
                statement,
                failed,
                not_examined,
            } => {
                let after = after_colon(failed);
                write!(f, "{} does not allow it{after}", of_layer(statement))?;
                match not_examined {
                    0 => Ok(()),
                    more => write!(f, " ({more} more statements were not examined)"),
                }
            }
            Self::NoStatement { layer } => {
                write!(f, "no statement of {} names the action", layer_name(*layer))
            }
            Self::Unknown { statement, unknown } => {
                let after = after_colon(unknown);
                write!(f, "{} may apply or not{after}", of_layer(statement))
            }
        }
    }
}

/// Its Sid, its file and line.
impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.layer, Layer::Root | Layer::Acl | Layer::Rego) {
            return write!(f, "{}", self.file);
        }
        match &self.sid {
            Some(sid) => write!(f, "{sid} ({}:{})", self.file, self.line),
            None => write!(
                f,
                "statement {} ({}:{})",
                self.statement, self.file, self.line
            ),
        }
    }
}

pub(super) fn of_layer(at: &Located) -> String {
    match at.layer {
        Layer::Root | Layer::Acl | Layer::Rego => at.to_string(),
        Layer::Guardrail
        | Layer::ServiceControl
        | Layer::Bucket
        | Layer::Identity
        | Layer::Boundary
        | Layer::Session
        | Layer::PublicAccess => format!("{at} of {}", layer_name(at.layer)),
    }
}

fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Guardrail => "the guardrails",
        Layer::Rego => "the rules in Rego",
        Layer::ServiceControl => "the service control policies",
        Layer::Bucket => "the bucket policy",
        Layer::Acl => "the access control list",
        Layer::Identity => "the caller's identity policies",
        Layer::Boundary => "the permissions boundary",
        Layer::Session => "the session policy",
        Layer::Root => "the root user's rights",
        Layer::PublicAccess => "the bucket policy",
    }
}

/// What stands behind a statement, after a colon.
pub(super) fn after_colon(parts: &Parts) -> String {
    match listed(parts) {
        list if list.is_empty() => list,
        list => format!(": {list}"),
    }
}

/// `StringEquals aws:PrincipalTag/team wants …, found …; Resource wants …`
pub(super) fn listed(parts: &Parts) -> String {
    let principal = parts.principal.iter().map(|part| {
        let (element, wanted, found) = (part.element, &part.wanted, &part.found);
        format!("{element} has {wanted}, the caller is `{found}`")
    });
    let action = parts.action.iter().map(|part| {
        let (element, wanted, found) = (part.element, &part.wanted, part.found);
        format!("{element} has {wanted}, asked is `{found}`")
    });
    let resource = parts.resource.iter().map(|part| {
        let (element, wanted, found) = (part.element, &part.wanted, &part.found);
        let variables = variables(&part.variables);
        format!("{element} has {wanted}{variables}, asked is `{found}`")
    });
    let conditions = parts.conditions.iter().map(ToString::to_string);
    let more =
        (parts.more_conditions > 0).then(|| format!("{} more conditions", parts.more_conditions));
    let all: Vec<_> = principal
        .chain(action)
        .chain(resource)
        .chain(conditions)
        .chain(more)
        .collect();
    all.join("; ")
}

/// ` with ${aws:username} = …`
fn variables(variables: &[Variable]) -> String {
    let shown = variables.iter().enumerate().map(|(at, variable)| {
        let word = if at == 0 { " with" } else { "," };
        let name = &variable.name;
        match &variable.value {
            Some(value) => format!("{word} ${{{name}}} = {value}"),
            None => format!("{word} ${{{name}}} without value"),
        }
    });
    shown.collect()
}

impl fmt::Display for ConditionPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operator,
            key,
            wanted,
            variables: list,
            found,
            outcome,
        } = self;
        write!(f, "{operator} {key} wants {wanted}{}, ", variables(list))?;
        match (found, outcome) {
            (Some(found), Outcome::Holds | Outcome::Fails) => write!(f, "found {found}"),
            (Some(found), Outcome::Undecidable) => {
                write!(f, "found {found}, which is undecidable")
            }
            (Some(found), Outcome::Unknown) => {
                write!(f, "found {found}, and a variable was not looked up")
            }
            (None, Outcome::Unknown) => f.write_str("which was not looked up"),
            (None, Outcome::Holds | Outcome::Fails | Outcome::Undecidable) => {
                f.write_str("which is absent")
            }
        }
    }
}
