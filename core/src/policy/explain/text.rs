//! Explanations for people.

use super::layers::{DocumentReport, LayerReport, LayerVerdict, StatementReport};
use super::parts::{ConditionPart, Located, Named, Outcome, Parts, Variable};
use super::{Explanation, PublicAccess, Reason, SetAside};
use crate::policy::{Decision, Effect, Layer, Mode, Verdict};
use std::fmt;

impl Explanation {
    /// Several lines, of which the first two say what was decided and why; without a newline at the end.
    pub fn to_text(&self) -> String {
        let mut lines = vec![self.headline(), self.because()];
        lines.extend(self.reason.as_ref().map(nearest).unwrap_or_default());
        lines.push(String::new());
        for layer in &self.layers {
            lines.push(layer_line(layer, self.action));
            let documents = layer.documents.iter();
            lines.extend(documents.flat_map(statement_lines));
        }
        lines.extend(self.public_access.iter().flat_map(public_lines));
        lines.join("\n")
    }

    fn headline(&self) -> String {
        let Self {
            principal,
            action,
            resource,
            decision,
            ..
        } = self;
        let (verdict, may) = match decision.verdict {
            Verdict::Allow => ("allow: ", "may"),
            Verdict::ExplicitDeny => ("explicit deny: ", "may not"),
            Verdict::ImplicitDeny(_) => ("implicit deny: ", "may not"),
            Verdict::Unknown => ("unknown: whether ", "may"),
        };
        format!("{verdict}{principal} {may} {action} on {resource}")
    }

    fn because(&self) -> String {
        because(&self.decision, self.action)
    }
}

/// What Block Public Access adds.
fn public_lines(access: &PublicAccess) -> Vec<String> {
    let public = match access.statements.is_empty() {
        true => "the bucket policy is not public",
        false => "the bucket policy is public",
    };
    let restricts = match (access.restrict_public_buckets, access.refused) {
        (_, true) => "RestrictPublicBuckets refuses this caller",
        (true, false) => "RestrictPublicBuckets lets this caller pass",
        (false, false) => "RestrictPublicBuckets is off",
    };
    let mut lines = vec![format!("{:<18}{public}; {restricts}", "public access")];
    lines.extend(access.statements.iter().map(|statement| {
        let conditions = statement.conditions.iter().map(|condition| {
            let (operator, key) = (&condition.operator, &condition.key);
            format!("; {operator} {key} {}", condition.why.says())
        });
        format!(
            "  {} is open to everyone{}",
            statement.at,
            conditions.collect::<String>()
        )
    }));
    lines
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

fn because(decision: &Decision, action: &str) -> String {
    let by = decision.by.as_ref().map(Located::from);
    let with = decision.with.as_ref().map(Located::from);
    match (decision.verdict, by) {
        (Verdict::Allow, Some(by)) => match with {
            Some(with) => format!("because {} and {} allow it", of_layer(&by), of_layer(&with)),
            None => format!("because {} allows it", of_layer(&by)),
        },
        (Verdict::ExplicitDeny, Some(by)) => format!("because {} denies it", of_layer(&by)),
        (Verdict::ImplicitDeny(missing), _) => {
            let policy = missing.layer().policy_name();
            format!("because no {policy} allows the {action} action")
        }
        (Verdict::Allow | Verdict::ExplicitDeny, None) => "because of no statement".to_owned(),
        (Verdict::Unknown, _) => "because it depends on a fact that was not looked up".to_owned(),
    }
}

fn nearest(reason: &Reason) -> Option<String> {
    match reason {
        Reason::ExplicitDeny { .. } => None,
        Reason::NoStatement { .. } => None,
        Reason::NearestAllow {
            statement, failed, ..
        } => Some(format!("nearest allow: {statement}: {}", listed(failed))),
        Reason::Unknown { statement, unknown } => {
            Some(format!("first to depend: {statement}: {}", listed(unknown)))
        }
    }
}

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
        if self.layer == Layer::Root {
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

fn of_layer(at: &Located) -> String {
    match at.layer {
        Layer::Root => at.to_string(),
        Layer::Guardrail
        | Layer::ServiceControl
        | Layer::Bucket
        | Layer::Identity
        | Layer::Boundary
        | Layer::Session => format!("{at} of {}", layer_name(at.layer)),
    }
}

fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Guardrail => "the guardrails",
        Layer::ServiceControl => "the service control policies",
        Layer::Bucket => "the bucket policy",
        Layer::Identity => "the caller's identity policies",
        Layer::Boundary => "the permissions boundary",
        Layer::Session => "the session policy",
        Layer::Root => "the root user's rights",
    }
}

fn heading(layer: &LayerReport) -> String {
    let name = match layer.layer {
        Layer::Guardrail => "guardrails",
        Layer::ServiceControl => "service control",
        Layer::Bucket => "bucket policy",
        Layer::Identity => "identity",
        Layer::Boundary => "boundary",
        Layer::Session => "session policy",
        Layer::Root => "root user",
    };
    match layer.level {
        Some(level) => format!("{name} {}", level + 1),
        None => name.to_owned(),
    }
}

fn layer_line(layer: &LayerReport, action: &str) -> String {
    let heading = heading(layer);
    let verdict = layer.verdict.name().replace('_', " ");
    let files: Vec<_> = layer.documents.iter().map(file).collect();
    let mut line = format!("{heading:<18}{verdict:<13}");
    match layer.layer {
        Layer::Root => line.push_str("needs no statement"),
        _ if !files.is_empty() => line.push_str(&files.join(", ")),
        _ if layer.verdict == LayerVerdict::NotLimited => (),
        _ => line.push_str(&format!("0 statements about {action}")),
    }
    line.truncate(line.trim_end().len());
    line
}

fn file(document: &DocumentReport) -> String {
    let (about, all) = (
        document.statements.len(),
        document.statements.len() + document.others,
    );
    let shadow = match document.mode {
        Mode::Enforce => "",
        Mode::Shadow => ", in shadow",
    };
    format!("{} ({about} of {all} statements{shadow})", document.file)
}

fn statement_lines(document: &DocumentReport) -> impl Iterator<Item = String> {
    let statements = document.statements.iter();
    statements.map(|statement| format!("  {}", statement_line(statement, document.counts)))
}

fn statement_line(statement: &StatementReport, counts: bool) -> String {
    let at = &statement.at;
    if let Some(aside) = statement
        .set_aside
        .filter(|_| statement.applies != Outcome::Fails)
    {
        let aside = match aside {
            SetAside::LeftToIdentityPolicies => {
                "allows the account, which leaves it to identity-based policies"
            }
            SetAside::RootKeepsPolicyAccess => {
                "denies it, but nothing keeps the root user from the policy itself"
            }
        };
        return format!("{at} {aside}");
    }
    let (said, wanted): (_, fn(Outcome) -> bool) = match statement.applies {
        Outcome::Holds if counts => ("", held),
        Outcome::Holds => ("would ", held),
        Outcome::Fails | Outcome::Undecidable => ("does not ", not_held),
        Outcome::Unknown => ("may ", unknown),
    };
    let verb = match (statement.effect, said) {
        (Effect::Allow, "") => "allows",
        (Effect::Allow, _) => "allow",
        (Effect::Deny, "") => "denies",
        (Effect::Deny, _) => "deny",
    };
    let after = after_colon(&only(&statement.parts, wanted));
    format!("{at} {said}{verb} it{after}")
}

fn held(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Holds | Outcome::Undecidable)
}

fn not_held(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Fails | Outcome::Undecidable)
}

fn unknown(outcome: Outcome) -> bool {
    outcome == Outcome::Unknown
}

/// The parts of one outcome that are worth saying: what holds goes without saying unless it is a condition or excludes.
fn only(parts: &Parts, wanted: fn(Outcome) -> bool) -> Parts {
    let excludes = |element: &str| element.starts_with("Not") && wanted(Outcome::Holds);
    let principal = parts.principal.clone();
    let action = parts.action.clone();
    let resource = parts.resource.clone();
    let conditions = parts.conditions.iter();
    Parts {
        principal: principal.filter(|part| match part.named {
            Named::Not => wanted(Outcome::Fails),
            Named::Everyone | Named::Exactly | Named::Role | Named::Account => {
                excludes(part.element)
            }
        }),
        action: action.filter(|part| excludes(part.element)),
        resource: resource.filter(|part| match part.outcome {
            Outcome::Holds => excludes(part.element),
            Outcome::Fails | Outcome::Undecidable | Outcome::Unknown => wanted(part.outcome),
        }),
        conditions: conditions
            .filter(|part| wanted(part.outcome))
            .cloned()
            .collect(),
        more_conditions: parts.more_conditions,
    }
}

fn after_colon(parts: &Parts) -> String {
    match listed(parts) {
        list if list.is_empty() => list,
        list => format!(": {list}"),
    }
}

/// `StringEquals aws:PrincipalTag/team wants …, found …; Resource wants …`
fn listed(parts: &Parts) -> String {
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
