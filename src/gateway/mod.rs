//! The front and the adapter to Pingora: the only code that sees a session.

pub mod front;
