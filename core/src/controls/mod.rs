//! Pure rules beside policies: Block Public Access, ACLs and object ownership; object lock and CORS come here.

pub mod acl;
pub mod ownership;
pub mod public_access;
