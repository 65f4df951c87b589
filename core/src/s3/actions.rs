//! The actions that policies name, as the Service Authorization Reference lists them.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
//!
//! To add an action, put its name into the block of its service and resource type below. [`Action::ALL`], the name,
//! the parser and the documentation follow.

/// Defines [`Action`] from blocks `"prefix:" ResourceType { Name, … }`.
macro_rules! actions {
    ($($prefix:literal $kind:ident { $($action:ident),* $(,)? })*) => {
        /// An action a policy may name. The variant is the part of its name after the colon.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Action {
            $($(
                #[doc = concat!("`", $prefix, stringify!($action), "`")]
                $action,
            )*)*
        }

        impl Action {
            /// Every action, in the order of the table.
            pub const ALL: &'static [Self] = &[$($(Self::$action),*),*];

            /// The full name in AWS's spelling, e.g. `s3:GetObject`.
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$action => concat!($prefix, stringify!($action)),)*)*
                }
            }

            /// The resource type the action is asked on.
            pub fn applies_to(self) -> Applies {
                match self {
                    $($(Self::$action => Applies::$kind,)*)*
                }
            }
        }
    };
}

/// The resource type of an action, as far as buckets and objects are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Applies {
    /// Only `*`: the action names no resource.
    Service,
    /// A bucket, `arn:aws:s3:::bucket`; some of these also apply to access points and the like.
    Bucket,
    /// An object, `arn:aws:s3:::bucket/key`.
    Object,
    /// Neither bucket nor object: access points, jobs, roles, tables …
    Other,
}

impl Action {
    /// Finds an action by its full name. Case does not count.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|action| action.name().eq_ignore_ascii_case(name))
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

actions! {
    "s3:" Service {
        CreateJob, CreateStorageLensGroup, GetAccessPoint, GetAccountPublicAccessBlock,
        ListAccessGrantsInstances, ListAccessPoints, ListAccessPointsForObjectLambda, ListAllMyBuckets,
        ListJobs, ListMultiRegionAccessPoints, ListStorageLensConfigurations, ListStorageLensGroups,
        PutAccessPointPublicAccessBlock, PutAccountPublicAccessBlock, PutStorageLensConfiguration,
    }
    "s3:" Bucket {
        CreateBucket, CreateBucketMetadataTableConfiguration, DeleteBucket,
        DeleteBucketMetadataTableConfiguration, DeleteBucketPolicy, DeleteBucketWebsite,
        GetAccelerateConfiguration, GetAnalyticsConfiguration, GetBucketAbac, GetBucketAcl,
        GetBucketCORS, GetBucketLocation, GetBucketLogging, GetBucketMetadataTableConfiguration,
        GetBucketNotification, GetBucketObjectLockConfiguration, GetBucketOwnershipControls,
        GetBucketPolicy, GetBucketPolicyStatus, GetBucketPublicAccessBlock, GetBucketRequestPayment,
        GetBucketTagging, GetBucketVersioning, GetBucketWebsite, GetEncryptionConfiguration,
        GetIntelligentTieringConfiguration, GetInventoryConfiguration, GetLifecycleConfiguration,
        GetMetricsConfiguration, GetReplicationConfiguration, ListBucket, ListBucketMultipartUploads,
        ListBucketVersions, ListTagsForResource, PauseReplication, PutAccelerateConfiguration,
        PutAnalyticsConfiguration, PutBucketAbac, PutBucketAcl, PutBucketCORS, PutBucketLogging,
        PutBucketNotification, PutBucketObjectLockConfiguration, PutBucketOwnershipControls,
        PutBucketPolicy, PutBucketPublicAccessBlock, PutBucketRequestPayment, PutBucketTagging,
        PutBucketVersioning, PutBucketWebsite, PutEncryptionConfiguration,
        PutIntelligentTieringConfiguration, PutInventoryConfiguration, PutLifecycleConfiguration,
        PutMetricsConfiguration, PutReplicationConfiguration, TagResource, UntagResource,
        UpdateBucketMetadataAnnotationTableConfiguration,
        UpdateBucketMetadataInventoryTableConfiguration, UpdateBucketMetadataJournalTableConfiguration,
    }
    "s3:" Object {
        AbortMultipartUpload, BypassGovernanceRetention, DeleteObject, DeleteObjectAnnotation,
        DeleteObjectTagging, DeleteObjectVersion, DeleteObjectVersionAnnotation,
        DeleteObjectVersionTagging, GetObject, GetObjectAcl, GetObjectAnnotation, GetObjectAttributes,
        GetObjectLegalHold, GetObjectRetention, GetObjectTagging, GetObjectTorrent, GetObjectVersion,
        GetObjectVersionAcl, GetObjectVersionAnnotation, GetObjectVersionAnnotationForReplication,
        GetObjectVersionAttributes, GetObjectVersionForReplication, GetObjectVersionTagging,
        GetObjectVersionTorrent, InitiateReplication, ListMultipartUploadParts, ListObjectAnnotations,
        ListObjectVersionAnnotations, ObjectOwnerOverrideToBucketOwner, PutObject, PutObjectAcl,
        PutObjectAnnotation, PutObjectLegalHold, PutObjectRetention, PutObjectTagging,
        PutObjectVersionAcl, PutObjectVersionAnnotation, PutObjectVersionTagging, ReplicateDelete,
        ReplicateObject, ReplicateObjectAnnotation, ReplicateTags, RestoreObject, UpdateObjectEncryption,
    }
    "s3:" Other {
        AllowVendedLogDeliveryForResource, AssociateAccessGrantsIdentityCenter, CreateAccessGrant,
        CreateAccessGrantsInstance, CreateAccessGrantsLocation, CreateAccessPoint,
        CreateAccessPointForObjectLambda, CreateMultiRegionAccessPoint, DeleteAccessGrant,
        DeleteAccessGrantsInstance, DeleteAccessGrantsInstanceResourcePolicy,
        DeleteAccessGrantsLocation, DeleteAccessPoint, DeleteAccessPointForObjectLambda,
        DeleteAccessPointPolicy, DeleteAccessPointPolicyForObjectLambda, DeleteJobTagging,
        DeleteMultiRegionAccessPoint, DeleteStorageLensConfiguration,
        DeleteStorageLensConfigurationTagging, DeleteStorageLensGroup, DescribeJob,
        DescribeMultiRegionAccessPointOperation, DissociateAccessGrantsIdentityCenter, GetAccessGrant,
        GetAccessGrantsInstance, GetAccessGrantsInstanceForPrefix,
        GetAccessGrantsInstanceResourcePolicy, GetAccessGrantsLocation,
        GetAccessPointConfigurationForObjectLambda, GetAccessPointForObjectLambda, GetAccessPointPolicy,
        GetAccessPointPolicyForObjectLambda, GetAccessPointPolicyStatus,
        GetAccessPointPolicyStatusForObjectLambda, GetDataAccess, GetJobTagging,
        GetMultiRegionAccessPoint, GetMultiRegionAccessPointPolicy,
        GetMultiRegionAccessPointPolicyStatus, GetMultiRegionAccessPointRoutes,
        GetStorageLensConfiguration, GetStorageLensConfigurationTagging, GetStorageLensDashboard,
        GetStorageLensGroup, ListAccessGrants, ListAccessGrantsLocations, ListCallerAccessGrants,
        PutAccessGrantsInstanceResourcePolicy, PutAccessPointConfigurationForObjectLambda,
        PutAccessPointPolicy, PutAccessPointPolicyForObjectLambda, PutJobTagging,
        PutMultiRegionAccessPointPolicy, PutStorageLensConfigurationTagging,
        SubmitMultiRegionAccessPointRoutes, UpdateAccessGrantsLocation, UpdateJobPriority,
        UpdateJobStatus, UpdateStorageLensGroup,
    }
    "sts:" Other {
        AssumeRole, AssumeRoleWithWebIdentity, SetSourceIdentity, TagSession,
    }
    "s3express:" Other {
        CreateSession, ListAllMyDirectoryBuckets,
    }
    "s3-object-lambda:" Other {
        WriteGetObjectResponse,
    }
    "s3tables:" Other {
        CreateNamespace, CreateTable, CreateTableBucket, GetTable, PutTableBucketPolicy,
        PutTableEncryption, PutTablePolicy,
    }
    "iam:" Other {
        PassRole,
    }
}

#[cfg(test)]
mod tests;
