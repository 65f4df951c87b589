//! Admission from head to outcome.

/// The kit names the crate so that `tests/matrix.rs` can use it too.
use crate as portcullis;

mod acls;
mod authentication;
mod concealment;
mod control;
mod copies;
mod cors;
mod deletes;
mod elsewhere;
mod facts;
mod fixed;
mod forms;
mod headers;
mod imports;
mod kit;
mod left;
mod locks;
mod modes;
mod observe;
mod order;
mod owners;
mod permits;
mod reasons;
mod refusals;
mod rego;
mod settings;
mod settled;
mod shown;
mod tagging;
mod tags;
mod targets;
