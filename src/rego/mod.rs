//! Guardrails in Rego: [`compile`] at load, then [`Engine`] behind the core's [`Guardrails`].
//!
//! All files are one policy, as OPA reads them: rules of the same name in the same package add up. What is asked for is
//! `data.portcullis.guardrails.deny`. A judgement depends on its input and the files alone: there is no function that
//! reads a clock, the environment, the network or chance.

mod compile;
mod words;

pub use compile::{Compiled, Problem, Source, compile};

use portcullis_core::admission::rego::{Failure, Guardrails, Input, Refusal};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{LimitError, Value};
use serde::Deserialize;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The package of guardrails.
pub const PACKAGE: &str = "data.portcullis.guardrails";
/// What is asked for.
const DENY: &str = "data.portcullis.guardrails.deny";

/// How long a judgement may take unless configured.
pub const DEADLINE: Duration = Duration::from_millis(10);
/// For this many times the deadline the keys of one DeleteObjects may be judged.
const KEYS_SHARE: u32 = 10;

/// Steps between two looks at the clock; one takes well under a microsecond.
const CHECK_EVERY: NonZeroU32 = NonZeroU32::MIN.saturating_add(63);
/// Most refusals that a record holds.
const MOST_REFUSALS: usize = 16;

/// Compiled guardrails.
pub struct Engine {
    /// Prepared, and holding nothing of any request: each judgement takes a copy, which shares what was compiled.
    prepared: regorus::Engine,
    deadline: Duration,
    /// The files that have refusals, each compiled without the others, to tell which one refused.
    alone: Vec<(Arc<str>, regorus::Engine)>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Guardrails for Engine {
    fn judge(&self, input: &Input<'_>, spent: &mut Duration) -> Result<Vec<Refusal>, Failure> {
        let input = serde_json::to_value(input).map_err(failed)?;
        self.judge_json(input, spent)
    }
}

impl Engine {
    /// As [`Guardrails::judge`], of an input document that is at hand.
    pub fn judge_json(
        &self,
        input: serde_json::Value,
        spent: &mut Duration,
    ) -> Result<Vec<Refusal>, Failure> {
        let share = self.deadline * KEYS_SHARE;
        let left = self.deadline.min(share.saturating_sub(*spent));
        if left.is_zero() {
            return Err(Failure::Deadline);
        }
        let started = Instant::now();
        let ruling = self.rule(input, left);
        *spent += started.elapsed();
        ruling
    }

    fn rule(&self, input: serde_json::Value, left: Duration) -> Result<Vec<Refusal>, Failure> {
        let input = Value::deserialize(input).map_err(failed)?;
        let refusals = run(&self.prepared, input.clone(), left)?;
        Ok(match refusals.is_empty() {
            true => Vec::new(),
            false => self.attributed(refusals, &input),
        })
    }

    /// The refusals, each with the file that has it, if one alone can tell.
    fn attributed(&self, refusals: Vec<Refusal>, input: &Value) -> Vec<Refusal> {
        let says = |engine| run(engine, input.clone(), self.deadline).unwrap_or_default();
        let files: Vec<_> = self
            .alone
            .iter()
            .map(|(file, engine)| (file, says(engine)))
            .collect();
        let file_of = |refusal: &Refusal| {
            let mut files = files.iter().filter(|(_, says)| says.contains(refusal));
            files.next().map(|(file, _)| (*file).clone())
        };
        refusals
            .into_iter()
            .take(MOST_REFUSALS)
            .map(|refusal| match file_of(&refusal) {
                Some(file) => refusal.of(file),
                None => refusal,
            })
            .collect()
    }
}

fn run(prepared: &regorus::Engine, input: Value, left: Duration) -> Result<Vec<Refusal>, Failure> {
    let mut engine = prepared.clone();
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: left,
        check_interval: CHECK_EVERY,
    });
    engine.set_input(input);
    let found = engine.eval_rule(DENY.to_owned());
    let found = found.map_err(|error| match error.downcast_ref::<LimitError>() {
        Some(LimitError::TimeLimitExceeded { .. }) => Failure::Deadline,
        Some(_) | None => failed(compile::words(&error)),
    })?;
    refusals(&found)
}

/// The members of `deny`: texts, or objects with `msg` and perhaps `code`.
fn refusals(found: &Value) -> Result<Vec<Refusal>, Failure> {
    let members = found.as_set().map_err(|_| Failure::Shape)?;
    members.iter().map(refusal).collect()
}

fn refusal(member: &Value) -> Result<Refusal, Failure> {
    if let Ok(message) = member.as_string() {
        return Ok(Refusal::new(message, None));
    }
    let object = member.as_object().map_err(|_| Failure::Shape)?;
    let text = |name: &str| {
        object
            .get(&Value::from(name))
            .map(Value::as_string)
            .transpose()
    };
    match (text("msg"), text("code")) {
        (Ok(Some(message)), Ok(code)) => Ok(Refusal::new(message, code.map(AsRef::as_ref))),
        _ => Err(Failure::Shape),
    }
}

fn failed(error: impl fmt::Display) -> Failure {
    Failure::evaluation(&error.to_string())
}

#[cfg(test)]
mod tests;
