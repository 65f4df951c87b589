//! Guardrails in Rego: [`compile`] at load, then [`Engine`] behind the core's [`Guardrails`].
//!
//! All files are one policy, as OPA reads them: rules of the same name in the same package add up. What is asked for is
//! `data.portcullis.guardrails.deny`. A judgement depends on its input and the files alone: there is no function that
//! reads a clock, the environment, the network or chance.

mod compile;

pub use compile::{Compiled, Problem, Source, compile};

use portcullis_core::admission::rego::{Failure, Guardrails, Input, Refusal};
use regorus::Value;
use regorus::rvm::program::Program;
use regorus::rvm::vm::{RegoVM, VmError};
use regorus::utils::limits::ExecutionTimerConfig;
use serde::Deserialize;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The package of guardrails.
pub const PACKAGE: &str = "data.portcullis.guardrails";
/// What is asked for.
const DENY: &str = "data.portcullis.guardrails.deny";

/// How long a judgement may take unless configured.
pub const DEADLINE: Duration = Duration::from_millis(10);
/// For this many times the deadline the keys of one DeleteObjects may be judged.
const KEYS_SHARE: u32 = 10;

/// Most instructions run between two looks at the clock; one takes well under a microsecond.
const CHECK_EVERY: NonZeroU32 = NonZeroU32::MIN.saturating_add(63);
/// Machines kept for the next request: one for each worker is enough.
const KEPT: usize = 64;
/// Most refusals that a record holds.
const MOST_REFUSALS: usize = 16;

/// Compiled guardrails.
pub struct Engine {
    program: Arc<Program>,
    data: Value,
    deadline: Duration,
    /// The files that have refusals, each compiled without the others, to tell which one refused.
    alone: Vec<(Arc<str>, Arc<Program>)>,
    /// Machines that have the program loaded and hold nothing of any request.
    idle: Mutex<Vec<RegoVM>>,
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
        let mut machine = match self.kept() {
            Some(machine) => machine,
            None => self.machine(&self.program)?,
        };
        let found = run(&mut machine, input.clone(), left)?;
        self.keep(machine);
        let refusals = refusals(&found)?;
        Ok(match refusals.is_empty() {
            true => Vec::new(),
            false => self.attributed(refusals, &input),
        })
    }

    fn machine(&self, program: &Arc<Program>) -> Result<RegoVM, Failure> {
        let mut machine = RegoVM::new();
        machine.load_program(program.clone());
        machine.set_data(self.data.clone()).map_err(failed)?;
        // A function that fails would else be undefined, and the rule would not deny.
        machine.set_strict_builtin_errors(true);
        // The deadline is the bound.
        machine.set_max_instructions(usize::MAX);
        Ok(machine)
    }

    fn kept(&self) -> Option<RegoVM> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    fn keep(&self, mut machine: RegoVM) {
        machine.set_input(Value::Undefined);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(machine);
        }
    }

    /// The refusals, each with the file that has it, if one alone can tell.
    fn attributed(&self, refusals: Vec<Refusal>, input: &Value) -> Vec<Refusal> {
        let by_file: Vec<(&Arc<str>, Vec<Refusal>)> = self
            .alone
            .iter()
            .map(|(file, program)| (file, self.alone_says(program, input)))
            .collect();
        let file_of = |refusal: &Refusal| {
            let mut files = by_file.iter();
            files
                .find(|(_, says)| says.contains(refusal))
                .map(|(file, _)| (*file).clone())
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

    fn alone_says(&self, program: &Arc<Program>, input: &Value) -> Vec<Refusal> {
        let says = self
            .machine(program)
            .and_then(|mut machine| run(&mut machine, input.clone(), self.deadline))
            .and_then(|found| refusals(&found));
        says.unwrap_or_default()
    }
}

fn run(machine: &mut RegoVM, input: Value, left: Duration) -> Result<Value, Failure> {
    machine.set_execution_timer_config(Some(ExecutionTimerConfig {
        limit: left,
        check_interval: CHECK_EVERY,
    }));
    machine.set_input(input);
    machine
        .execute_entry_point_by_name(DENY)
        .map_err(|error| match error {
            VmError::TimeLimitExceeded { .. } | VmError::InstructionLimitExceeded { .. } => {
                Failure::Deadline
            }
            error => failed(error),
        })
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
