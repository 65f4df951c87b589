//! The one order of checks, from a request's head to what is done with it.
//!
//! [`admit`] performs no I/O: it ends in a [`Permit`] to go upstream, an answer the gateway gives itself, or says
//! what it needs first ([`Waiting`]) and is resumed with it. Only this module makes a [`Permit`].
//!
//! | file | says |
//! |---|---|
//! | `admit` | the order |
//! | `waiting` | what a request waits for, and how it goes on with it |
//! | `authenticate` | who calls |
//! | `posted` | which upload the fields of a form stand for |
//! | `legality` | whether the request may be made at all: route, profile, headers, body, expected owners |
//! | `authorise` | whether this caller may make it |
//! | `questions` | which question that is to the engine |
//! | `ruling` | what a refusal leaves in the record |
//! | `explain` | the same questions again, for those who ask why |
//! | `facts` | what takes a look-up, and when |
//! | `objects` | whose an object is, its grants, and what is kept of one that is written |
//! | `in_force` | which settings of a bucket count |
//! | `settings`, `acls`, `tagging`, `cors` | what calls on settings do and answer |
//! | `object_calls` | the same of calls on what is kept of an object |
//! | `imports` | settings that an administrator carries over |
//! | `rego` | what guardrails in Rego are asked about it |
//! | `modes` | what policies in shadow would change, and what a listener in observe lets pass |
//! | `hidden` | what a caller who may make it may still not see |
//! | `forward` | what goes upstream |
//! | `refuse` | which S3 error each refusal becomes; nowhere else |

mod acls;
mod admit;
mod authenticate;
mod authorise;
mod cors;
mod explain;
mod facts;
mod forward;
mod hidden;
mod imports;
mod in_force;
mod legality;
mod locks;
mod modes;
mod object_calls;
mod objects;
mod own;
mod permit;
mod posted;
mod questions;
mod refuse;
pub mod rego;
mod rules;
mod ruling;
mod settings;
mod tagging;
#[cfg(test)]
mod tests;
mod waiting;

pub use crate::context::TlsVersion;
pub use admit::{Admission, Asked, Item, Labels, Outcome, Permission, admit};
pub use cors::{cors_headers, passes_cors};
pub use explain::{Explained, Unexplained, explain};
pub use facts::Looked;
pub use hidden::{kept_headers, withheld};
pub use imports::{Import, Imported, NotImportable};
pub use in_force::InForce;
pub use locks::{Guard, check_lifecycle};
pub use modes::{Difference, DifferenceKind, Observed, Shadowed};
pub use object_calls::{Called, ObjectCall};
pub use objects::{Hold, Keeping, KeptObject, RecordChange, RecordOf, Recorded};
pub use own::Listing;
pub use permit::{Permit, Run};
pub use refuse::{body as refuse_body, form as refuse_form};
pub use rules::{
    Arrival, Auth, BucketRecord, Chunks, DecisionMode, ListenerRules, Locks, Route, Routes, Rules,
    Shadow,
};
pub use settings::{SettingsOf, Settling};
pub use waiting::{Found, Missing, Waiting};
