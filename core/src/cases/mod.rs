//! Decision cases: policies and a request written down, with what must come of it.
//!
//! [`read`] turns a document into [`Case`]s, [`Case::decide`] puts one to the engine that serves, and [`Case::scene`]
//! gives what the engine is asked. The format is described in `docs/decision-cases.md`. Knows no files: what a case takes
//! from another file comes through a [`Loader`].

mod context;
mod controls;
mod fields;
mod fill;
mod principal;
mod read;
mod scene;

pub use fields::FIELDS;
pub use read::read;
pub use scene::{Decided, Outcome, Refused, Scene};

use crate::context::FixedContext;
use crate::controls::public_access::PublicAccessBlock;
use crate::document::Node;
use crate::policy::{AclGrants, Origin};
use crate::s3::actions::Action;
use crate::s3::names::AccountId;
use principal::Who;
use std::sync::Arc;

/// Reads the document that a case names by `file`, a path relative to the case's own. The error says why it cannot.
pub type Loader<'l> = dyn Fn(&str) -> Result<Loaded, String> + 'l;

/// A document from another file.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The file, as explanations and problems name it.
    pub source: Box<str>,
    /// What it holds.
    pub root: Node,
}

/// A [`Loader`] for cases that come without files.
///
/// # Errors
/// Always.
pub fn no_files(_: &str) -> Result<Loaded, String> {
    Err("no other files are read here".to_owned())
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// A sentence; no other case of its file has it.
    pub name: String,
    /// The rule it is about.
    pub rule: Option<String>,
    /// Where the rule is stated.
    pub source: Option<String>,
    /// How the rule leads to what is expected.
    pub why: Option<String>,
    /// What must come of it; none if it is only asked.
    pub expected: Option<Outcome>,
    /// Who must decide: a name that [`Decided::by`] may have.
    pub by: Option<&'static str>,
    /// Line in its file, from 1.
    pub line: u32,
    /// Whether it stands under a rule.
    pub in_rule: bool,
    setup: Setup,
}

/// What is asked, by whom, under which policies.
#[derive(Debug)]
struct Setup {
    who: Who,
    owner: AccountId,
    action: Action,
    /// As [`crate::policy::Question`] has it.
    resource: Box<str>,
    context: FixedContext,
    bucket: Option<Document>,
    identity: Vec<Document>,
    boundary: Option<Document>,
    session: Option<Document>,
    resource_control: Vec<Document>,
    /// By level.
    service_control: Vec<Vec<Document>>,
    block: PublicAccessBlock,
    acl: AclGrants,
}

/// A policy that is not compiled yet.
#[derive(Debug, Clone)]
struct Document {
    node: Node,
    origin: Arc<Origin>,
}

#[cfg(test)]
mod tests;
