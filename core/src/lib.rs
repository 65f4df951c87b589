//! The pure part of Portcullis.
//!
//! A request goes through these modules in this order: [`request`] reads the head, [`sigv4`] verifies the
//! signature, [`identity`] says who that is, [`context`] holds the facts that conditions ask for, [`policy`]
//! and [`controls`] decide, and [`admission`] is the one place that puts them in order and makes a `Permit`.
//! [`s3`] is the vocabulary they share; [`document`] reads JSON and YAML with the place of every value.
//!
//! Nothing here may know a clock, a file, the environment, the network, a lock or a task: time and facts come
//! in as arguments.

pub mod admission;
pub mod cases;
pub mod context;
pub mod controls;
pub mod document;
pub mod form;
pub mod identity;
pub mod policy;
pub mod request;
pub mod s3;
pub mod sigv4;
pub mod sts;
