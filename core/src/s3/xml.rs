//! S3's XML documents: those the gateway must understand to decide, and those it writes.
//!
//! Reading goes through one bounded tree ([`Element`]), without DOCTYPE, entities or processing instructions, so no
//! document costs more than its size. Requests are strict: what is not understood is refused, never passed on. The
//! upstream's answers are read leniently. Callers bound the bytes.

mod buckets;
mod complete;
mod create;
mod delete;
mod error;
mod read;
mod settings;
mod truth;
mod versions;
mod write;

pub use buckets::{Bucket, BucketList, BucketOwner, BucketPage};
pub use complete::{check_completion, upload_id};
pub use create::{BadConfiguration, CreateBucketConfiguration};
pub use delete::{DeleteFailure, DeleteItem, DeleteRequest, DeleteResult, Deleted};
pub use error::UpstreamError;
pub use read::{BadXml, Element};
pub use settings::Settings;
pub use truth::{Truth, correct, is_corrected, location};
pub use versions::{Decode, Listed, Marker, Version, VersionPage, versions_of};
pub use write::Writer;

/// The namespace of S3's documents.
pub const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

#[cfg(test)]
mod tests;
