//! The one order of checks, from a request's head to what is done with it.
//!
//! [`admit`] performs no I/O: it ends in a [`Permit`] to go upstream, an answer the gateway gives itself, or says
//! what it needs first ([`Waiting`]) and is resumed with it. Only this module makes a [`Permit`].
//!
//! | file | says |
//! |---|---|
//! | `admit` | the order |
//! | `authenticate` | who calls |
//! | `legality` | whether the request may be made at all: route, profile, headers, body, expected owners |
//! | `authorise` | whether this caller may make it |
//! | `questions` | which question that is to the engine |
//! | `ruling` | what a refusal leaves in the record |
//! | `explain` | the same questions again, for those who ask why |
//! | `facts` | what takes a look-up, and when |
//! | `forward` | what goes upstream |
//! | `refuse` | which S3 error each refusal becomes; nowhere else |

mod admit;
mod authenticate;
mod authorise;
mod explain;
mod facts;
mod forward;
mod legality;
mod permit;
mod questions;
mod refuse;
mod rules;
mod ruling;
#[cfg(test)]
mod tests;

pub use crate::context::TlsVersion;
pub use admit::{
    Admission, Asked, Found, Item, Labels, Missing, Outcome, Permission, Waiting, admit,
};
pub use authorise::withheld;
pub use explain::{Explained, Unexplained, explain};
pub use facts::Looked;
pub use permit::{Permit, Run};
pub use refuse::body as refuse_body;
pub use rules::{Arrival, Auth, BucketRecord, ListenerRules, Route, Routes, Rules};
