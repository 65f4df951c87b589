//! Upstream profiles: which operations an upstream may be sent, and what it does with odd input.
//!
//! Many stores run the bare operation when they do not know a sub-resource: some delete the bucket on
//! `DELETE /bucket?inventory`. So an upstream is sent only what its profile names. To add a store, try every operation
//! against it and write a row; what was read in documents alone says so. What the gateway answers itself is sent only
//! where its configuration leaves it to the store, and then only if it stands under `settings`.

use super::operations::OperationId::{self, *};

/// One kind of upstream.
#[derive(Debug)]
pub struct Profile {
    /// Its name in the configuration.
    pub name: &'static str,
    /// How this row came about.
    pub checked: Checked,
    /// The operations it may be sent, in groups; any other is 501 NotImplemented by the gateway.
    pub operations: &'static [&'static [OperationId]],
    /// The operations on settings that the gateway otherwise keeps, which it may be sent where they are left to it.
    pub settings: &'static [&'static [OperationId]],
    /// Keys with `.` or `..` between slashes are kept as they are. Otherwise such a key would name another object
    /// there than it was authorised for.
    pub literal_dot_segments: bool,
    /// Keys with nothing between slashes, or a slash at the front, are kept as they are.
    pub literal_empty_segments: bool,
    /// Takes `aws-chunked` bodies with a checksum in an unsigned trailer. Others get plain bodies.
    pub trailers: bool,
    /// Has versions, and looks at `versionId`. Others read and delete the one object they have, whatever it says.
    pub versions: bool,
    /// Takes tags in the document of CreateBucket. Others would make the bucket without them.
    pub tags_new_buckets: bool,
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

    /// Whether the store may be sent an operation; of a form, the upload it stands for.
    pub fn has(&self, operation: OperationId) -> bool {
        let operation = as_sent(operation);
        self.operations
            .iter()
            .any(|group| group.contains(&operation))
    }

    /// Whether the store has an operation on settings that can be left to it.
    pub fn has_setting(&self, operation: OperationId) -> bool {
        self.settings.iter().any(|group| group.contains(&operation))
    }

    /// Whether the store would run an operation without looking at this header (lower case).
    pub fn ignores(&self, operation: OperationId, header: &str) -> bool {
        self.ignores.contains(&(as_sent(operation), header))
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

/// No store is sent a form.
fn as_sent(operation: OperationId) -> OperationId {
    match operation {
        PostObject => PutObject,
        other => other,
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

const VERSIONS: &[OperationId] = &[ListObjectVersions, GetBucketVersioning, PutBucketVersioning];
const BUCKET_TAGS: &[OperationId] = &[GetBucketTagging, PutBucketTagging, DeleteBucketTagging];
const OBJECT_TAGS: &[OperationId] = &[GetObjectTagging, PutObjectTagging, DeleteObjectTagging];
const POLICY: &[OperationId] = &[
    GetBucketPolicy,
    GetBucketPolicyStatus,
    PutBucketPolicy,
    DeleteBucketPolicy,
];
const PUBLIC_ACCESS: &[OperationId] = &[
    GetPublicAccessBlock,
    PutPublicAccessBlock,
    DeletePublicAccessBlock,
];
const CORS: &[OperationId] = &[
    GetBucketCors,
    PutBucketCors,
    DeleteBucketCors,
    OptionsPreflight,
];
const ACLS: &[OperationId] = &[GetBucketAcl, PutBucketAcl, GetObjectAcl, PutObjectAcl];
const OWNERSHIP: &[OperationId] = &[
    GetBucketOwnershipControls,
    PutBucketOwnershipControls,
    DeleteBucketOwnershipControls,
];
const LOCKS: &[OperationId] = &[
    GetObjectLockConfiguration,
    PutObjectLockConfiguration,
    GetObjectRetention,
    PutObjectRetention,
    GetObjectLegalHold,
    PutObjectLegalHold,
];
const ALL_SETTINGS: &[&[OperationId]] = &[POLICY, PUBLIC_ACCESS, CORS, ACLS, OWNERSHIP, LOCKS];

const LIFECYCLE: &[OperationId] = &[
    GetBucketLifecycleConfiguration,
    PutBucketLifecycleConfiguration,
    DeleteBucketLifecycle,
];
const WEBSITE: &[OperationId] = &[GetBucketWebsite, PutBucketWebsite, DeleteBucketWebsite];
const ENCRYPTION: &[OperationId] = &[
    GetBucketEncryption,
    PutBucketEncryption,
    DeleteBucketEncryption,
];
const NOTIFICATION: &[OperationId] = &[
    GetBucketNotificationConfiguration,
    PutBucketNotificationConfiguration,
];
const REPLICATION: &[OperationId] = &[
    GetBucketReplication,
    PutBucketReplication,
    DeleteBucketReplication,
];
const REQUEST_PAYMENT: &[OperationId] = &[GetBucketRequestPayment, PutBucketRequestPayment];
const ACCELERATION: &[OperationId] = &[
    GetBucketAccelerateConfiguration,
    PutBucketAccelerateConfiguration,
];
const ANALYTICS: &[OperationId] = &[
    GetBucketAnalyticsConfiguration,
    ListBucketAnalyticsConfigurations,
    PutBucketAnalyticsConfiguration,
    DeleteBucketAnalyticsConfiguration,
];
const TIERING: &[OperationId] = &[
    GetBucketIntelligentTieringConfiguration,
    ListBucketIntelligentTieringConfigurations,
    PutBucketIntelligentTieringConfiguration,
    DeleteBucketIntelligentTieringConfiguration,
];
const INVENTORY: &[OperationId] = &[
    GetBucketInventoryConfiguration,
    ListBucketInventoryConfigurations,
    PutBucketInventoryConfiguration,
    DeleteBucketInventoryConfiguration,
];
const METRICS: &[OperationId] = &[
    GetBucketMetricsConfiguration,
    ListBucketMetricsConfigurations,
    PutBucketMetricsConfiguration,
    DeleteBucketMetricsConfiguration,
];
const METADATA_TABLES: &[OperationId] = &[
    CreateBucketMetadataConfiguration,
    GetBucketMetadataConfiguration,
    DeleteBucketMetadataConfiguration,
    UpdateBucketMetadataAnnotationTableConfiguration,
    UpdateBucketMetadataInventoryTableConfiguration,
    UpdateBucketMetadataJournalTableConfiguration,
    CreateBucketMetadataTableConfiguration,
    GetBucketMetadataTableConfiguration,
    DeleteBucketMetadataTableConfiguration,
];
const ANNOTATIONS: &[OperationId] = &[
    GetObjectAnnotation,
    ListObjectAnnotations,
    PutObjectAnnotation,
    DeleteObjectAnnotation,
];

/// Every profile.
pub static PROFILES: &[Profile] = &[
    // GetObjectTorrent is gone there: AWS says that S3 no longer speaks BitTorrent.
    Profile {
        name: "aws",
        checked: Checked::Documents,
        operations: &[
            CORE,
            &[
                ListMultipartUploads,
                UploadPartCopy,
                GetObjectAttributes,
                RestoreObject,
                SelectObjectContent,
                UpdateObjectEncryption,
                GetBucketAbac,
                PutBucketAbac,
            ],
            VERSIONS,
            BUCKET_TAGS,
            OBJECT_TAGS,
            LIFECYCLE,
            WEBSITE,
            ENCRYPTION,
            NOTIFICATION,
            REPLICATION,
            REQUEST_PAYMENT,
            ACCELERATION,
            ANALYTICS,
            TIERING,
            INVENTORY,
            METRICS,
            METADATA_TABLES,
            ANNOTATIONS,
        ],
        settings: ALL_SETTINGS,
        literal_dot_segments: true,
        literal_empty_segments: true,
        trailers: true,
        versions: true,
        tags_new_buckets: true,
        ignores: &[],
    },
    // RGW 16.2.15. Where it does not know a sub-resource it lists, deletes or makes the bucket, or writes the object; a
    // SelectObjectContent breaks its process.
    Profile {
        name: "ceph",
        checked: Checked::Run,
        operations: &[
            CORE,
            &[ListMultipartUploads, UploadPartCopy],
            VERSIONS,
            BUCKET_TAGS,
            OBJECT_TAGS,
            LIFECYCLE,
            WEBSITE,
            REQUEST_PAYMENT,
        ],
        settings: &[POLICY, PUBLIC_ACCESS, CORS, ACLS, LOCKS],
        literal_dot_segments: true,
        literal_empty_segments: true,
        trailers: false,
        versions: true,
        tags_new_buckets: false,
        ignores: &[
            (DeleteObject, "if-match"),
            (CompleteMultipartUpload, "if-match"),
            (CompleteMultipartUpload, "if-none-match"),
            (CopyObject, "x-amz-copy-source-if-match"),
            (UploadPartCopy, "x-amz-copy-source-if-match"),
        ],
    },
    // 2.5.0. It refused UploadPartCopy and has no versions, which is what it answers to GetBucketVersioning. It takes
    // slashes at the front of a key away; those within it keeps.
    Profile {
        name: "garage",
        checked: Checked::Run,
        operations: &[
            CORE,
            &[ListMultipartUploads, GetBucketVersioning],
            LIFECYCLE,
            WEBSITE,
        ],
        settings: &[],
        literal_dot_segments: true,
        literal_empty_segments: false,
        trailers: true,
        versions: false,
        tags_new_buckets: false,
        ignores: &[
            (PutObject, "if-match"),
            (PutObject, "if-none-match"),
            (CompleteMultipartUpload, "if-match"),
            (CompleteMultipartUpload, "if-none-match"),
            (DeleteObject, "if-match"),
        ],
    },
    // It keeps objects as files and refuses names a file system reads otherwise. Its replication goes to remote targets
    // of its own in place of roles.
    Profile {
        name: "minio",
        checked: Checked::Documents,
        operations: &[
            CORE,
            &[
                ListMultipartUploads,
                UploadPartCopy,
                GetObjectAttributes,
                SelectObjectContent,
            ],
            VERSIONS,
            BUCKET_TAGS,
            OBJECT_TAGS,
            LIFECYCLE,
            ENCRYPTION,
            NOTIFICATION,
        ],
        settings: &[LOCKS],
        literal_dot_segments: false,
        literal_empty_segments: false,
        trailers: true,
        versions: true,
        tags_new_buckets: false,
        ignores: &[],
    },
    // s3s-fs 0.14.1. It keeps objects as files, knows no versions, and stores what comes with a client's
    // encryption key as it is.
    Profile {
        name: "s3s",
        checked: Checked::Run,
        operations: &[CORE, &[UploadPartCopy]],
        settings: &[],
        literal_dot_segments: false,
        literal_empty_segments: false,
        trailers: false,
        versions: false,
        tags_new_buckets: false,
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
        operations: &[CORE, &[ListMultipartUploads, UploadPartCopy]],
        settings: &[],
        literal_dot_segments: true,
        literal_empty_segments: true,
        trailers: false,
        versions: false,
        tags_new_buckets: false,
        ignores: &[
            (DeleteObject, "if-match"),
            (CopyObject, "if-match"),
            (CopyObject, "if-none-match"),
            (PutObject, SSE_C),
            (CopyObject, SSE_C),
            (CreateMultipartUpload, SSE_C),
        ],
    },
    // 5.2.5. A double of S3 for tests: it checks neither signatures nor encryption keys. What it does not know it answers
    // as a listing or a creation of the bucket, a deletion of the bucket, or a write of the object.
    Profile {
        name: "moto",
        checked: Checked::Run,
        operations: &[
            CORE,
            &[
                ListMultipartUploads,
                UploadPartCopy,
                GetObjectAttributes,
                SelectObjectContent,
                // Not the deletion of an inventory: that deletes the bucket.
                GetBucketInventoryConfiguration,
                ListBucketInventoryConfigurations,
                PutBucketInventoryConfiguration,
            ],
            VERSIONS,
            BUCKET_TAGS,
            OBJECT_TAGS,
            LIFECYCLE,
            WEBSITE,
            ENCRYPTION,
            NOTIFICATION,
            REPLICATION,
            ACCELERATION,
        ],
        settings: ALL_SETTINGS,
        literal_dot_segments: true,
        literal_empty_segments: true,
        trailers: true,
        versions: true,
        tags_new_buckets: false,
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
        operations: &[
            CORE,
            &[ListMultipartUploads, UploadPartCopy, GetObjectAttributes],
            VERSIONS,
            BUCKET_TAGS,
            OBJECT_TAGS,
            LIFECYCLE,
            WEBSITE,
            ENCRYPTION,
            NOTIFICATION,
            REPLICATION,
            REQUEST_PAYMENT,
            ACCELERATION,
            ANALYTICS,
            TIERING,
            INVENTORY,
            METRICS,
        ],
        settings: ALL_SETTINGS,
        literal_dot_segments: true,
        literal_empty_segments: false,
        trailers: true,
        versions: true,
        tags_new_buckets: false,
        ignores: &[],
    },
    // Any other store: only what all of them have, and the careful side of every question. Conditions of writes are
    // sent on, since refusing them everywhere would take them from stores that keep them.
    Profile {
        name: "generic",
        checked: Checked::Documents,
        operations: &[CORE],
        settings: &[],
        literal_dot_segments: false,
        literal_empty_segments: false,
        trailers: false,
        versions: false,
        tags_new_buckets: false,
        ignores: &[],
    },
];

/// Stands for the three headers of a client's encryption key; they come together.
const SSE_C: &str = "x-amz-server-side-encryption-customer-algorithm";

#[cfg(test)]
mod tests;
