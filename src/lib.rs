//! Portcullis.

pub mod upstream;
