//! Pure rules beside policies: Block Public Access; ACL, object lock and CORS come here.

pub mod public_access;
