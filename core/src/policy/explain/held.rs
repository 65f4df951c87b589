//! One statement held against a question, and its parts with what was found.

use super::parts::{ActionPart, ConditionPart, Parts, PrincipalPart, ResourcePart, Variable};
use super::values::{Limits, Text, Values};
use super::written::{Written, texts, variables};
use crate::context::{Context, Key};
use crate::document::{Entry, Node};
use crate::identity::Principal;
use crate::policy::conditions::Condition;
use crate::policy::glob::Subject;
use crate::policy::truth::Truth;
use crate::policy::{Policy, Question, Statement};

/// A statement that is held against a question, with its text.
pub(super) struct Held<'p, 'q, C: Context> {
    pub(super) policy: &'p Policy,
    pub(super) statement: &'p Statement,
    pub(super) question: &'q Question<'q, C>,
    pub(super) limits: Limits,
}

impl<C: Context> Held<'_, '_, C> {
    /// Everything that a statement says.
    pub(super) fn parts(&self) -> Parts {
        self.parts_with(|_| true)
    }

    /// Everything but the conditions that are not wanted.
    pub(super) fn parts_with(&self, wanted: impl Fn(Truth) -> bool) -> Parts {
        let (conditions, more_conditions) = self.conditions(wanted);
        Parts {
            principal: self.principal(),
            action: self.action(),
            resource: self.resource(),
            conditions,
            more_conditions,
        }
    }

    /// None in the policy of its holder.
    pub(super) fn principal(&self) -> Option<PrincipalPart> {
        let (element, entry) = self.element(["Principal", "NotPrincipal"])?;
        let named = self.statement.principals.name(self.question.principal);
        Some(PrincipalPart {
            element,
            wanted: self.values(entry),
            found: Text::name(who(self.question.principal)),
            named: named.into(),
        })
    }

    pub(super) fn action(&self) -> Option<ActionPart> {
        let (element, entry) = self.element(["Action", "NotAction"])?;
        Some(ActionPart {
            element,
            wanted: self.values(entry),
            found: self.question.action.name(),
        })
    }

    pub(super) fn resource(&self) -> Option<ResourcePart> {
        let (element, entry) = self.element(["Resource", "NotResource"])?;
        let Question {
            resource, context, ..
        } = self.question;
        Some(ResourcePart {
            element,
            wanted: self.values(entry),
            variables: self.variables(&entry.value),
            found: Text::name(&arn(resource)),
            outcome: self
                .statement
                .resources
                .cover(&Subject::of(resource), *context)
                .into(),
        })
    }

    /// The conditions of a wanted outcome, and how many more there are of it than are shown.
    fn conditions(&self, wanted: impl Fn(Truth) -> bool) -> (Vec<ConditionPart>, usize) {
        let conditions = self.statement.conditions.iter();
        let mut of_outcome = conditions.filter_map(|condition| {
            let outcome = condition.holds(self.question.context);
            wanted(outcome).then_some((condition, outcome))
        });
        let first = of_outcome.by_ref().take(self.limits.conditions);
        let shown = first
            .map(|(condition, outcome)| self.condition(condition, outcome))
            .collect();
        (shown, of_outcome.count())
    }

    fn condition(&self, condition: &Condition, outcome: Truth) -> ConditionPart {
        let written = self.written();
        let written = written.and_then(|written| written.condition(condition.position));
        let lookup = self.question.context.lookup(&condition.key);
        let (operator, key) = condition_names(self.policy, self.statement, condition);
        ConditionPart {
            operator,
            key,
            wanted: Values::of(
                written
                    .into_iter()
                    .flat_map(|(_, entry)| texts(&entry.value)),
                self.limits,
            ),
            variables: written
                .map(|(_, entry)| self.variables(&entry.value))
                .unwrap_or_default(),
            found: Values::found(&condition.key, &lookup, self.limits),
            outcome: outcome.into(),
        }
    }

    /// The values of the variables in an element, each once.
    fn variables(&self, element: &Node) -> Vec<Variable> {
        let mut found: Vec<Variable> = Vec::new();
        for text in texts(element).take(self.limits.values) {
            for name in variables(self.policy, &text) {
                let shown = Text::name(name);
                if found.len() < self.limits.values && found.iter().all(|seen| seen.name != shown) {
                    let key = Key::parse(name);
                    let value = key.and_then(|key| {
                        let lookup = self.question.context.lookup(&key);
                        Values::found(&key, &lookup, self.limits)
                    });
                    found.push(Variable { name: shown, value });
                }
            }
        }
        found
    }

    fn written(&self) -> Option<Written<'_>> {
        Written::of(self.policy, self.statement.position)
    }

    /// The one of two elements that the statement has.
    fn element(&self, names: [&'static str; 2]) -> Option<(&'static str, &Entry)> {
        let [plain, negated] = names;
        let entry = self.written()?.element(plain, negated)?;
        let name = names.into_iter().find(|name| *name == entry.name)?;
        Some((name, entry))
    }

    fn values(&self, entry: &Entry) -> Values {
        Values::of(texts(&entry.value), self.limits)
    }
}

/// A condition's operator and key, as written.
pub(super) fn condition_names(
    policy: &Policy,
    statement: &Statement,
    condition: &Condition,
) -> (Text, Text) {
    let written = Written::of(policy, statement.position);
    match written.and_then(|written| written.condition(condition.position)) {
        Some((operator, entry)) => (Text::name(operator), Text::name(&entry.name)),
        None => (
            Text::name(condition.operator.name),
            Text::name(&condition.key.to_string()),
        ),
    }
}

/// What a caller is called.
pub(super) fn who(principal: &Principal) -> &str {
    match principal {
        Principal::Anonymous => "anonymous",
        Principal::Known(caller) => &caller.arn,
        Principal::Service(name) => name,
    }
}

/// The ARN of a question's resource.
pub(super) fn arn(resource: &str) -> String {
    match resource {
        "" => "*".to_owned(),
        whole if whole.starts_with("arn:") => whole.to_owned(),
        own => format!("arn:aws:s3:::{own}"),
    }
}
