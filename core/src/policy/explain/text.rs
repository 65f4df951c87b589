//! Explanations for people.

use super::layers::{DocumentReport, LayerReport, LayerVerdict, StatementReport};
use super::line::{after_colon, listed, of_layer};
use super::parts::{Located, Named, Outcome, Parts};
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
        (Verdict::ExplicitDeny, Some(by)) if by.layer == Layer::PublicAccess => format!(
            "because RestrictPublicBuckets is on and {} makes it public",
            of_layer(&by)
        ),
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
        Reason::ExplicitDeny { .. } | Reason::PublicAccess { .. } => None,
        Reason::NoStatement { .. } => None,
        Reason::NearestAllow {
            statement, failed, ..
        } => Some(format!("nearest allow: {statement}: {}", listed(failed))),
        Reason::Unknown { statement, unknown } => {
            Some(format!("first to depend: {statement}: {}", listed(unknown)))
        }
    }
}

fn heading(layer: &LayerReport) -> String {
    let name = match layer.layer {
        Layer::Guardrail => "guardrails",
        Layer::Rego => "rules in Rego",
        Layer::ServiceControl => "service control",
        Layer::Bucket => "bucket policy",
        Layer::Acl => "acl",
        Layer::Identity => "identity",
        Layer::Boundary => "boundary",
        Layer::Session => "session policy",
        Layer::Root => "root user",
        Layer::PublicAccess => "public access",
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
        Layer::Acl if layer.verdict == LayerVerdict::Allow => line.push_str("a grant allows it"),
        Layer::Acl => line.push_str("no grant allows it"),
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
            SetAside::ObjectOfAnotherAccount => {
                "allows it, but not on an object that another account owns"
            }
        };
        return format!("{at} {aside}");
    }
    // Every part of a statement that applies holds, or is undecidable in a Deny: there is nothing to leave out.
    let (said, wanted): (_, fn(Outcome) -> bool) = match statement.applies {
        Outcome::Holds if counts => ("", |_| true),
        Outcome::Holds => ("would ", |_| true),
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
