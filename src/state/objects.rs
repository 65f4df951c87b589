//! What the store is told of objects, and what it says of them.
//!
//! The records of objects are write-ahead: an [`Intent`] is durable before the upstream is asked, and settled once its answer
//! is there. In between nobody can know which of two records is true, and the store names both.

use jiff::Timestamp;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;

/// An object of one incarnation of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// Its bucket.
    pub bucket: BucketName,
    /// Which of the buckets that had this name one after the other.
    pub incarnation: u64,
    /// Its key; any text.
    pub key: Box<str>,
}

/// A version and what is on record of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    /// Its key.
    pub key: Box<str>,
    /// Its id.
    pub version: Box<str>,
    /// The record.
    pub record: ObjectRecord,
}

/// The version of an object in a bucket without versions, as S3 names it.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>
pub const NULL_VERSION: &str = "null";

/// What is about to be done to an object at the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Intent {
    /// A version is written, and this will be its record.
    Write(ObjectRecord),
    /// This version is destroyed.
    Destroy {
        /// Its id.
        version: Box<str>,
    },
}

/// An intent that is durable, and the duty to say what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpenIntent {
    /// No other intent of this store has or had it.
    pub id: u64,
    /// The object it is about.
    pub object: ObjectName,
    /// What was about to be done.
    pub intent: Intent,
    /// When.
    pub begun: Timestamp,
}

/// What became of an intent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ending {
    /// It was done.
    Done {
        /// Of a write, the version that the upstream gave it: [`NULL_VERSION`] where it keeps none. Of a destruction, the
        /// intent's own.
        version: Box<str>,
    },
    /// The upstream has not done it, and will not.
    NotDone,
    /// Nobody knows: the intent stays open, and is unresolved from now on.
    Unknown,
}
