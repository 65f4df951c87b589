//! The vocabulary of S3 that every other module speaks: names, the operation table, actions, error codes,
//! upstream profiles and XML documents.

pub mod actions;
pub mod answer;
pub mod errors;
pub mod headers;
pub mod names;
pub mod operations;
pub mod profiles;
pub mod secrets;
pub mod xml;
