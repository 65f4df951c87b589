//! Upstream profiles: which operations an upstream may be sent, and what it does with odd input.
//!
//! Many stores run the bare operation when they do not know a sub-resource: some delete the bucket on
//! `DELETE /bucket?inventory`. So an upstream is sent only what its profile names. To add a store, try every operation
//! against it and write a row; what was read in documents alone says so.

use super::operations::OperationId::{self, *};

/// One kind of upstream.
#[derive(Debug)]
pub struct Profile {
    /// Its name in the configuration.
    pub name: &'static str,
    /// How this row came about.
    pub checked: Checked,
    /// The operations it may be sent; any other is 501 NotImplemented by the gateway.
    pub operations: &'static [OperationId],
    /// Keys with `.` or `..` between slashes are kept as they are. Otherwise such a key would name another object
    /// there than it was authorised for.
    pub literal_dot_segments: bool,
    /// Keys with nothing between slashes, or a slash at the front, are kept as they are.
    pub literal_empty_segments: bool,
    /// Takes `aws-chunked` bodies with a checksum in an unsigned trailer. Others get plain bodies.
    pub trailers: bool,
    /// Has versions, and looks at `versionId`. Others read and delete the one object they have, whatever it says.
    pub versions: bool,
    /// Headers it does not look at although they decide what happens, by operation.
    pub ignores: &'static [(OperationId, &'static str)],
}

/// How the facts of a profile are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// By running the store.
    Run,
    /// Taken from documents.
    Documents,
}

impl Profile {
    /// Finds a profile by its name in the configuration.
    pub fn find(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }

    /// Whether the store may be sent an operation.
    pub fn has(&self, operation: OperationId) -> bool {
        self.operations.contains(&operation)
    }

    /// Whether the store would run an operation without looking at this header (lower case).
    pub fn ignores(&self, operation: OperationId, header: &str) -> bool {
        self.ignores.contains(&(operation, header))
    }

    /// Whether the store keeps a key as it is.
    pub fn keeps(&self, key: &str) -> bool {
        let kept = |segment| match segment {
            "." | ".." => self.literal_dot_segments,
            "" => self.literal_empty_segments,
            _ => true,
        };
        // A slash at the end is how folders are marked; every store keeps it.
        key.strip_suffix('/').unwrap_or(key).split('/').all(kept)
    }
}

/// What every store was found to have: nothing that turns into another operation where it is unknown.
const CORE: &[OperationId] = &[
    ListBuckets,
    CreateBucket,
    DeleteBucket,
    HeadBucket,
    GetBucketLocation,
    ListObjects,
    ListObjectsV2,
    GetObject,
    HeadObject,
    PutObject,
    CopyObject,
    DeleteObject,
    DeleteObjects,
    CreateMultipartUpload,
    UploadPart,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
];

/// Every profile.
pub static PROFILES: &[Profile] = &[
    Profile {
        name: "aws",
        checked: Checked::Documents,
        operations: OperationId::ALL,
        literal_dot_segments: true,
        literal_empty_segments: true,
        trailers: true,
        versions: true,
        ignores: &[],
    },
    // RGW 16.2.15.
    Profile {
        name: "ceph",
        checked: Checked::Run,
        operations: OperationId::ALL,
        literal_dot_segments: true,
        literal_empty_segments: true,
        trailers: false,
        versions: true,
        ignores: &[
            (DeleteObject, "if-match"),
            (CompleteMultipartUpload, "if-match"),
            (CompleteMultipartUpload, "if-none-match"),
            (CopyObject, "x-amz-copy-source-if-match"),
            (UploadPartCopy, "x-amz-copy-source-if-match"),
        ],
    },
    // 2.5.0. It refused UploadPartCopy and has no versions. It takes slashes at the front of a key away; those within
    // it keeps.
    Profile {
        name: "garage",
        checked: Checked::Run,
        operations: &[
            ListBuckets,
            CreateBucket,
            DeleteBucket,
            HeadBucket,
            GetBucketLocation,
            ListMultipartUploads,
            ListObjects,
            ListObjectsV2,
            GetObject,
            HeadObject,
            PutObject,
            CopyObject,
            DeleteObject,
            DeleteObjects,
            CreateMultipartUpload,
            UploadPart,
            CompleteMultipartUpload,
            AbortMultipartUpload,
            ListParts,
        ],
        literal_dot_segments: true,
        literal_empty_segments: false,
        trailers: true,
        versions: false,
        ignores: &[
            (PutObject, "if-match"),
            (PutObject, "if-none-match"),
            (CompleteMultipartUpload, "if-match"),
            (CompleteMultipartUpload, "if-none-match"),
            (DeleteObject, "if-match"),
        ],
    },
    // It keeps objects as files and refuses names a file system reads otherwise.
    Profile {
        name: "minio",
        checked: Checked::Documents,
        operations: OperationId::ALL,
        literal_dot_segments: false,
        literal_empty_segments: false,
        trailers: true,
        versions: true,
        ignores: &[],
    },
    // s3s-fs 0.14.1. It keeps objects as files, knows no versions, and stores what comes with a client's
    // encryption key as it is.
    Profile {
        name: "s3s",
        checked: Checked::Run,
        operations: &[
            ListBuckets,
            CreateBucket,
            DeleteBucket,
            HeadBucket,
            GetBucketLocation,
            ListObjects,
            ListObjectsV2,
            GetObject,
            HeadObject,
            PutObject,
            CopyObject,
            DeleteObject,
            DeleteObjects,
            CreateMultipartUpload,
            UploadPart,
            UploadPartCopy,
            CompleteMultipartUpload,
            AbortMultipartUpload,
            ListParts,
        ],
        literal_dot_segments: false,
        literal_empty_segments: false,
        trailers: true,
        versions: false,
        ignores: &[
            (DeleteObject, "if-match"),
            (CopyObject, "if-match"),
            (CopyObject, "if-none-match"),
            (PutObject, SSE_C),
            (CopyObject, SSE_C),
            (CreateMultipartUpload, SSE_C),
        ],
    },
    // The store of `portcullis demo`. It keeps every key and has no versions, and stores what comes with a client's
    // encryption key as it is.
    Profile {
        name: "demo",
        checked: Checked::Run,
        operations: &[
            ListBuckets,
            CreateBucket,
            DeleteBucket,
            HeadBucket,
            GetBucketLocation,
            ListMultipartUploads,
            ListObjects,
            ListObjectsV2,
            GetObject,
            HeadObject,
            PutObject,
            CopyObject,
            DeleteObject,
            DeleteObjects,
            CreateMultipartUpload,
            UploadPart,
            UploadPartCopy,
            CompleteMultipartUpload,
            AbortMultipartUpload,
            ListParts,
        ],
        literal_dot_segments: true,
        literal_empty_segments: true,
        trailers: true,
        versions: false,
        ignores: &[
            (DeleteObject, "if-match"),
            (CopyObject, "if-match"),
            (CopyObject, "if-none-match"),
            (PutObject, SSE_C),
            (CopyObject, SSE_C),
            (CreateMultipartUpload, SSE_C),
        ],
    },
    // 5.2.5. A double of S3 for tests: it checks neither signatures nor encryption keys.
    Profile {
        name: "moto",
        checked: Checked::Run,
        operations: OperationId::ALL,
        literal_dot_segments: true,
        literal_empty_segments: true,
        trailers: true,
        versions: true,
        ignores: &[
            (CopyObject, "x-amz-copy-source-if-match"),
            (UploadPartCopy, "x-amz-copy-source-if-match"),
            (PutObject, SSE_C),
            (CopyObject, SSE_C),
            (CreateMultipartUpload, SSE_C),
        ],
    },
    // 4.9.2 in host mode. It takes a key of nothing but slashes for the bucket: reading it lists.
    Profile {
        name: "localstack",
        checked: Checked::Run,
        operations: OperationId::ALL,
        literal_dot_segments: true,
        literal_empty_segments: false,
        trailers: true,
        versions: true,
        ignores: &[],
    },
    // Any other store: only what all of them have, and the careful side of every question. Conditions of writes are
    // sent on, since refusing them everywhere would take them from stores that keep them.
    Profile {
        name: "generic",
        checked: Checked::Documents,
        operations: CORE,
        literal_dot_segments: false,
        literal_empty_segments: false,
        trailers: false,
        versions: false,
        ignores: &[],
    },
];

/// Stands for the three headers of a client's encryption key; they come together.
const SSE_C: &str = "x-amz-server-side-encryption-customer-algorithm";

#[cfg(test)]
mod tests;
