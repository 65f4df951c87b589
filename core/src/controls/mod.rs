//! Pure rules beside policies: the settings of buckets, their documents, and what they do. Block Public Access, CORS;
//! ACL and object lock come here.

pub mod cors;
pub mod public_access;
pub mod settings;
