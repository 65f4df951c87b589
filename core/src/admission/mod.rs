//! The one order of checks, from a request's head to what is done with it.
//!
//! [`admit`] performs no I/O: it ends in a [`Permit`] to go upstream, an [`Answer`] the gateway gives itself, or says
//! what it needs first ([`Waiting`]) and is resumed with it. Only this module makes a [`Permit`].

mod admit;
mod forward;
mod permit;
mod refuse;
mod rules;

pub use admit::{Admission, Asked, Item, Labels, Outcome, Waiting, admit};
pub use permit::{Permit, Run};
pub use rules::{Arrival, Auth, BucketRecord, ListenerRules, Route, Routes, Rules, TlsVersion};
