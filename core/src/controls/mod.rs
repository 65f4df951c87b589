//! Pure rules beside policies: the settings of buckets, their documents, and what they do. Block Public Access; ACL, object
//! lock and CORS come here.

pub mod public_access;
pub mod settings;
