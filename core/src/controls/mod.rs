//! Pure rules beside policies: the settings of buckets, their documents, and what they do. Block Public Access, CORS, ACLs,
//! object ownership, tags and Object Lock.

pub mod acl;
pub mod cors;
pub mod lock;
pub mod objects;
pub mod ownership;
pub mod public_access;
pub mod settings;
pub mod tags;
