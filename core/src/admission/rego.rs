//! Guardrails in Rego: what the engine behind them is asked, and what it may answer. The engine itself is no part of
//! the core; [`Rules::rego`](super::Rules::rego) holds it behind [`Guardrails`].
//!
//! It is asked last, about what everything else allowed, so that nothing is worked out for a request that is refused
//! anyway. That changes no outcome: guardrails only narrow, and so does everything before them.

mod input;
mod sent;
mod values;

pub use input::Input;

use super::authorise::needs;
use super::facts::Whose;
use super::legality::Case;
use super::modes::Unit;
use super::questions::{Said, Subject, applies, subject};
use super::{Asked, Labels, refuse};
use crate::context::{Listing, Stored};
use crate::policy::{Deciding, Decision, Layer, Origin, Verdict};
use crate::s3::actions::Action;
use crate::s3::answer::S3Error;
use crate::s3::names::Target;
use crate::s3::operations::Effect;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Rules that no policy document can express, compiled and ready.
pub trait Guardrails: fmt::Debug + Send + Sync {
    /// What speaks against a request, or against one key of DeleteObjects; nothing if it may pass.
    ///
    /// `spent` is the time that earlier calls for the same request took. A call adds its own, and fails once the
    /// request has had its share, so that the keys of a request cannot hold a worker for long.
    fn judge(&self, input: &Input<'_>, spent: &mut Duration) -> Result<Vec<Refusal>, Failure>;
}

/// One refusal of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    // INVARIANT: both are bounded and hold no control characters.
    message: Box<str>,
    code: Option<Box<str>>,
    file: Option<Arc<str>>,
}

/// Why no judgement was reached. The request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It took longer than a request may.
    #[error("deadline exceeded")]
    Deadline,
    /// The evaluation failed, for this reason; one line.
    #[error("evaluation failed: {0}")]
    Evaluation(Box<str>),
    /// `deny` is not a set of texts, or of objects with `msg` and perhaps `code`.
    #[error("`deny` has a member that is neither a text nor an object with `msg`")]
    Shape,
}

/// Why guardrails refused a request, for its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// By the words of these rules: at least one, sorted.
    Denied(Vec<Refusal>),
    /// They could not be judged by.
    Failed(Failure),
}

impl Refusal {
    /// The longest message, in characters.
    pub const MAX_MESSAGE: usize = 400;
    /// The longest code, in characters.
    pub const MAX_CODE: usize = 64;

    /// A refusal in the words of a rule, which may hold what a client sent: cut to length, with U+FFFD for control
    /// characters and whatever else would change how a line reads.
    pub fn new(message: &str, code: Option<&str>) -> Self {
        Self {
            message: printable(message, Self::MAX_MESSAGE),
            code: code.map(|code| printable(code, Self::MAX_CODE)),
            file: None,
        }
    }

    /// The same, by a rule of this file.
    pub fn of(self, file: Arc<str>) -> Self {
        Self {
            file: Some(file),
            ..self
        }
    }

    /// What the rule says.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The rule's own code for it.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The file of the rule, if it is known.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }
}

impl Failure {
    /// A failed evaluation; the reason is cut to one line.
    pub fn evaluation(reason: &str) -> Self {
        Self::Evaluation(printable(reason, Refusal::MAX_MESSAGE))
    }
}

fn printable(text: &str, limit: usize) -> Box<str> {
    let mut shown: String = text.chars().take(limit).map(visible).collect();
    if text.chars().nth(limit).is_some() {
        shown.push('…');
    }
    shown.into()
}

/// Line and paragraph separators and the marks that turn the direction of text pass for letters in a log viewer.
fn visible(one: char) -> char {
    let turns = matches!(one, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    match one.is_control() || turns {
        true => char::REPLACEMENT_CHARACTER,
        false => one,
    }
}

/// Asks the guardrails about a request whose permissions are all allowed.
pub(super) fn check(
    case: &Case<'_>,
    labels: &mut Labels,
    unit: &mut Unit,
    said: &Said<'_>,
) -> Result<(), S3Error> {
    if !are_there(case) {
        return Ok(());
    }
    let mut about = Subject {
        target: case.request.target.clone(),
        version_id: case.request.query.get("versionId"),
        listing: Listing::No,
        tags: case.looked.tags(Whose::Target),
        record: Stored::None,
    };
    let mut asked = Vec::new();
    let needs = needs(case.request.operation, Effect::Required);
    for need in needs.filter(|need| applies(need.when, case, said)) {
        let subject = subject(case, need, said)?;
        if subject.listing != Listing::No {
            about.listing = subject.listing;
        }
        asked.push((need.action, subject.target));
    }
    let input = Input::of(case, labels, &about, &asked, said);
    let judged = judge(case, &input, &mut Duration::default());
    conclude(case, labels, unit, &asked, judged)
}

/// Asks the guardrails about one key of DeleteObjects that may otherwise be deleted. `spent` is the request's.
pub(super) fn check_key(
    case: &Case<'_>,
    labels: &mut Labels,
    unit: &mut Unit,
    about: &Subject<'_>,
    said: &Said<'_>,
    spent: &mut Duration,
) -> Result<(), S3Error> {
    if !are_there(case) {
        return Ok(());
    }
    let needs = needs(case.request.operation, Effect::Required);
    let asked: Vec<_> = needs
        .filter(|need| applies(need.when, case, said))
        .map(|need| (need.action, about.target.clone()))
        .collect();
    let input = Input::of(case, labels, about, &asked, said);
    let judged = judge(case, &input, spent);
    conclude(case, labels, unit, &asked, judged)
}

/// What guardrails have against a request.
struct Judged {
    live: Option<Ruling>,
    /// What those in shadow would have against it, if the others have nothing.
    shadow: Option<Ruling>,
}

fn are_there(case: &Case<'_>) -> bool {
    case.rules.rego.is_some() || in_shadow(case).is_some()
}

fn in_shadow<'c>(case: &Case<'c>) -> Option<&'c Arc<dyn Guardrails>> {
    case.rules.shadow.as_ref()?.rego.as_ref()
}

fn judge(case: &Case<'_>, input: &Input<'_>, spent: &mut Duration) -> Judged {
    let live = case.rules.rego.as_ref();
    let live = live.and_then(|rego| Ruling::of(rego.judge(input, spent)));
    let shadow = in_shadow(case).filter(|_| live.is_none());
    Judged {
        shadow: shadow.and_then(|rego| Ruling::of(rego.judge(input, &mut Duration::default()))),
        live,
    }
}

/// Notes a refusal and says it to the client.
fn conclude(
    case: &Case<'_>,
    labels: &mut Labels,
    unit: &mut Unit,
    asked: &[(Action, Target)],
    judged: Judged,
) -> Result<(), S3Error> {
    if let (Some(ruling), Some((action, target))) = (&judged.shadow, asked.first()) {
        unit.would_be_refused(labels, *action, target, ruling.decision());
    }
    let Some(ruling) = judged.live else {
        return Ok(());
    };
    let first = asked.first().map(|(action, target)| Asked {
        action: action.name(),
        resource: target.clone(),
        decision: ruling.decision(),
        reason: None,
    });
    let told = first.as_ref().filter(|_| is_inside(case, labels, asked));
    let refusal = refuse::guarded(told, &labels.principal, &ruling);
    let allowed = |asked: &Asked| matches!(asked.decision.verdict, Verdict::Allow);
    if labels.decision.as_ref().is_none_or(allowed) {
        labels.decision = first;
    }
    labels.rego.get_or_insert(ruling);
    Err(refusal)
}

/// Whether all that is asked for is the caller's own account's: the words of a rule may speak of any part of it.
fn is_inside(case: &Case<'_>, labels: &Labels, asked: &[(Action, Target)]) -> bool {
    let principal = &labels.principal;
    let owner = |(action, target): &(Action, Target)| case.owner_for(*action, target, principal);
    let mut owners = asked.iter().map(owner);
    owners.all(|owner| Some(owner) == principal.account())
}

impl Ruling {
    /// `None` if the guardrails have nothing against a request.
    fn of(judged: Result<Vec<Refusal>, Failure>) -> Option<Self> {
        match judged {
            Ok(refusals) if refusals.is_empty() => None,
            Ok(refusals) => Some(Self::Denied(refusals)),
            Err(failure) => Some(Self::Failed(failure)),
        }
    }

    /// The refusal to name where there is room for one.
    pub fn first(&self) -> Option<&Refusal> {
        match self {
            Self::Denied(refusals) => refusals.first(),
            Self::Failed(_) => None,
        }
    }

    /// As a decision of the engine: a code takes the place of the Sid. A rule has no statement to point at.
    fn decision(&self) -> Decision {
        let refusal = self.first();
        let file = refusal.and_then(Refusal::file).unwrap_or_default();
        Decision {
            verdict: Verdict::ExplicitDeny,
            by: Some(Deciding {
                layer: Layer::Rego,
                origin: Arc::new(Origin {
                    source: file.into(),
                }),
                sid: refusal.and_then(Refusal::code).map(Into::into),
                statement: 0,
                line: 0,
            }),
            with: None,
        }
    }
}
