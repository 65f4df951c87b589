//! The operation table: the one place that says how an operation is recognised, what it asks for, what of it
//! goes upstream and what it is called. Everything else reads it.
//!
//! # To add an operation
//!
//! 1. Write its row in [`operations!`] below, among those of its method and level, rows with more marks first:
//!    method, level and marks (what tells it from the other rows), then
//!    - `log`: its name in the server access log,
//!    - `accepts`: the query names it knows besides its marks. Any other name is refused, so a sub-resource
//!      without a row never passes as the bare operation,
//!    - `needs`: [`need`] for what is always asked, [`when`] for what a header, a query or the body brings in,
//!      [`reveals`] for what tells 404 from 403. A version replaces the plain action, so ask one or the other,
//!    - `payload` and `answered_by`: who reads the two bodies,
//!    - `headers`: groups of [`headers`](super::headers). A header in no group does not pass.
//! 2. Name it in the [profiles](super::profiles) of the upstreams that have it. No profile, no request.
//! 3. Run the tests of this module: they hold the row against AWS's own model in `tests/data/operations.json`,
//!    and name what is missing.
//!
//! The variant of [`OperationId`], routing, permissions, forwarding, log and metrics follow from the row.

use super::actions::Action;
use super::headers::*;

/// Defines [`OperationId`] and [`OPERATIONS`] from rows.
macro_rules! operations {
    ($($id:ident: $method:ident $level:ident [$($mark:expr),*] {
        log: $log:literal,
        accepts: [$($accepts:literal),* $(,)?],
        needs: [$($need:expr),* $(,)?],
        payload: $payload:expr,
        answered_by: $answered_by:ident,
        headers: [$($group:ident),* $(,)?],
    })*) => {
        /// The operations of the table, by AWS's names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum OperationId {
            $(
                #[doc = concat!("`", stringify!($id), "`, in the log `", $log, "`")]
                $id,
            )*
        }

        /// Every row; of one method and level, those with more marks come first.
        pub static OPERATIONS: &[Operation] = &[$(row(OperationId::$id)),*];

        impl OperationId {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$id),*];

            /// Its row.
            pub fn row(self) -> &'static Operation {
                match self {
                    $(Self::$id => const { &row(Self::$id) },)*
                }
            }
        }

        const fn row(id: OperationId) -> Operation {
            use Action::*;
            use Mark::*;
            use On::*;
            use PayloadKind::*;
            match id {
                $(OperationId::$id => Operation {
                    id,
                    name: stringify!($id),
                    method: stringify!($method),
                    level: Level::$level,
                    marks: const { &[$($mark),*] },
                    accepts: &[$($accepts),*],
                    needs: const { &[$($need),*] },
                    log: $log,
                    payload: $payload,
                    headers: &[$($group),*],
                    answered_by: AnsweredBy::$answered_by,
                },)*
            }
        }
    };
}

/// One row of the table.
#[derive(Debug)]
pub struct Operation {
    /// The variant this row is.
    pub id: OperationId,
    /// AWS's name, e.g. `GetObject`.
    pub name: &'static str,
    /// The HTTP method, upper case.
    pub method: &'static str,
    /// What the target must be.
    pub level: Level,
    /// All of these must hold. Rows with more marks come first; a test checks that one row wins for every request.
    pub marks: &'static [Mark],
    /// Query names this row accepts besides its marks. Any other name is refused, except names that begin with
    /// `x-` (other than `x-amz-`), which S3 ignores, and the `X-Amz-*` names of a presigned URL.
    pub accepts: &'static [&'static str],
    /// Permissions asked for; each that applies must be allowed.
    pub needs: &'static [Need],
    /// The operation in the server access log, e.g. `REST.GET.OBJECT`.
    pub log: &'static str,
    /// What body the client sends and who reads it.
    pub payload: PayloadKind,
    /// What becomes of each header.
    pub headers: &'static [&'static [HeaderRule]],
    /// Who answers.
    pub answered_by: AnsweredBy,
}

/// What an operation acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// No bucket: `/`.
    Service,
    /// A bucket.
    Bucket,
    /// An object in a bucket.
    Object,
}

/// A mark by which an operation is recognised, beside method and level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The query has this name, with any value or none.
    Query(&'static str),
    /// The query has this name with this value.
    QueryValue(&'static str, &'static str),
    /// The request has this header, lower case.
    Header(&'static str),
}

/// One permission an operation needs.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// The action asked for.
    pub action: Action,
    /// On which resource.
    pub on: On,
    /// When it is needed.
    pub when: When,
    /// What its absence does.
    pub effect: Effect,
}

/// What the absence of a permission does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request is refused (DeleteObjects: the key is).
    Required,
    /// The request passes, but a missing key is answered 403 instead of 404.
    Reveals,
}

/// The resource a permission is asked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The target as it stands: service, bucket or object.
    Target,
    /// The bucket of the target, as if its key were a listing's prefix; only for [`Effect::Reveals`].
    Bucket,
    /// The source object of a copy; its bucket for what [`Effect::Reveals`] a missing source.
    CopySource,
    /// Each key in the body of DeleteObjects.
    EachKey,
}

/// When a permission is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// With every request.
    Always,
    /// The query has this name.
    Query(&'static str),
    /// The query does not have this name.
    NoQuery(&'static str),
    /// One of these headers is present, whatever its value.
    AnyHeader(&'static [&'static str]),
    /// The header is present and one of its values is not this one.
    HeaderNot(&'static str, &'static str),
    /// The header is present and one of its values is this one, compared without case.
    HeaderIs(&'static str, &'static str),
    /// `x-amz-copy-source` names a version.
    SourceVersion,
    /// `x-amz-copy-source` names no version.
    NoSourceVersion,
    /// The item in the body names a version (DeleteObjects).
    ItemVersion,
    /// The item in the body names no version (DeleteObjects).
    NoItemVersion,
    /// The item in the body has an ETag that must match (DeleteObjects).
    ItemEtag,
}

/// The body an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadKind {
    /// No body; one that comes is refused.
    None,
    /// Object bytes, streamed.
    Stream,
    /// A document the gateway reads whole, at most this many bytes.
    Document(usize),
}

/// Who answers an operation that was allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The upstream; the body streams through.
    Upstream,
    /// The upstream, and the gateway reads its answer whole before passing it on.
    UpstreamRead,
    /// All upstreams of the caller's account together.
    Merged,
}

impl Operation {
    /// The row that recognises a request: the first of this method and level whose marks all hold.
    pub fn find(
        method: &str,
        level: Level,
        holds: impl Fn(&Mark) -> bool,
    ) -> Option<&'static Self> {
        Self::of(method, level).find(|row| row.marks.iter().all(&holds))
    }

    /// The rows of a method and level.
    pub fn of(method: &str, level: Level) -> impl Iterator<Item = &'static Self> {
        OPERATIONS
            .iter()
            .filter(move |row| row.method == method && row.level == level)
    }

    /// Whether the operation makes an object appear, for `s3:ObjectCreationOperation`; `None` if it writes no object.
    pub fn creates_object(&self) -> Option<bool> {
        use OperationId::*;
        match self.id {
            PutObject | CopyObject | CompleteMultipartUpload => Some(true),
            CreateMultipartUpload | UploadPart | UploadPartCopy => Some(false),
            _ => None,
        }
    }

    /// Whether the row knows a query name, as a mark or besides.
    pub fn accepts(&self, name: &str) -> bool {
        let mark = |mark: &Mark| match mark {
            Mark::Query(query) | Mark::QueryValue(query, _) => *query == name,
            Mark::Header(_) => false,
        };
        self.accepts.contains(&name) || self.marks.iter().any(mark)
    }

    /// What becomes of a header, named in lower case. `None`: the row does not know it; if it begins with `x-amz-`
    /// the request is refused with NotImplemented, else the header is not sent on.
    pub fn disposition(&self, header: &str) -> Option<Disposition> {
        self.headers
            .iter()
            .flat_map(|group| group.iter())
            .find(|rule| rule.covers(header))
            .map(|rule| rule.disposition)
    }
}

/// A permission every request of the row needs.
const fn need(action: Action, on: On) -> Need {
    when(action, on, When::Always)
}

/// A permission needed when something holds.
const fn when(action: Action, on: On, when: When) -> Need {
    Need {
        action,
        on,
        when,
        effect: Effect::Required,
    }
}

/// A permission without which a missing object reads as a forbidden one.
const fn reveals(action: Action, on: On) -> Need {
    Need {
        action,
        on,
        when: When::Always,
        effect: Effect::Reveals,
    }
}

/// A document that names up to 1000 keys of 1024 bytes.
const KEYS: usize = 2 << 20;
/// A document that names up to 10,000 parts with a checksum each.
const PARTS: usize = 4 << 20;
/// A document of a few settings.
const SETTINGS: usize = 64 << 10;

const VERSION: When = When::Query("versionId");
const NO_VERSION: When = When::NoQuery("versionId");
const ACLS: When = When::AnyHeader(ACL_NAMES);
const GRANTS: When = When::AnyHeader(GRANT_NAMES);
const TAGS: When = When::AnyHeader(&["x-amz-tagging"]);
const RETENTION: When = When::AnyHeader(RETENTION_NAMES);
const LEGAL_HOLD: When = When::AnyHeader(LEGAL_HOLD_NAMES);
/// Whether a write with this condition succeeds tells the object's ETag.
const IF_ETAG: When = When::HeaderNot("if-match", "*");
/// The same the other way round. AWS knows only `*` there, other stores also an ETag.
const IF_NOT_ETAG: When = When::HeaderNot("if-none-match", "*");
const BYPASS: When = When::HeaderIs("x-amz-bypass-governance-retention", "true");
const WITH_LOCK: When = When::HeaderIs("x-amz-bucket-object-lock-enabled", "true");

operations! {
    // The service

    ListBuckets: GET Service [] {
        log: "REST.GET.SERVICE",
        accepts: ["bucket-region", "continuation-token", "max-buckets", "prefix"],
        needs: [need(ListAllMyBuckets, Target)],
        payload: None,
        answered_by: Merged,
        headers: [COMMON],
    }

    // Buckets

    CreateBucket: PUT Bucket [] {
        log: "REST.PUT.BUCKET",
        accepts: [],
        // Tags in the body would need s3:TagResource; the document's parser refuses them.
        needs: [
            need(CreateBucket, Target),
            when(PutBucketAcl, Target, When::HeaderNot("x-amz-acl", "private")),
            when(PutBucketAcl, Target, GRANTS),
            when(PutBucketObjectLockConfiguration, Target, WITH_LOCK),
            when(PutBucketVersioning, Target, WITH_LOCK),
            when(PutBucketOwnershipControls, Target, When::AnyHeader(&["x-amz-object-ownership"])),
        ],
        payload: Document(SETTINGS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, REPLACED_DIGESTS, ACL, BUCKET_SETTINGS],
    }
    DeleteBucket: DELETE Bucket [] {
        log: "REST.DELETE.BUCKET",
        accepts: [],
        needs: [need(DeleteBucket, Target)],
        payload: None,
        answered_by: UpstreamRead,
        headers: [COMMON, EXPECTED_OWNER],
    }
    HeadBucket: HEAD Bucket [] {
        log: "REST.HEAD.BUCKET",
        accepts: [],
        needs: [need(ListBucket, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketLocation: GET Bucket [Query("location")] {
        log: "REST.GET.LOCATION",
        accepts: [],
        needs: [need(GetBucketLocation, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    ListMultipartUploads: GET Bucket [Query("uploads")] {
        log: "REST.GET.UPLOADS",
        accepts: ["delimiter", "encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker"],
        needs: [need(ListBucketMultipartUploads, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER],
    }
    ListObjectVersions: GET Bucket [Query("versions")] {
        log: "REST.GET.BUCKETVERSIONS",
        accepts: ["delimiter", "encoding-type", "key-marker", "max-keys", "prefix", "version-id-marker"],
        needs: [need(ListBucketVersions, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, LISTING],
    }
    ListObjectsV2: GET Bucket [QueryValue("list-type", "2")] {
        log: "REST.GET.BUCKET",
        accepts: [
            "continuation-token", "delimiter", "encoding-type", "fetch-owner", "max-keys", "prefix", "start-after",
        ],
        needs: [need(ListBucket, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, LISTING],
    }
    ListObjects: GET Bucket [] {
        log: "REST.GET.BUCKET",
        // Any list-type but 2 is the first version of the listing.
        accepts: ["delimiter", "encoding-type", "list-type", "marker", "max-keys", "prefix"],
        needs: [need(ListBucket, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, LISTING],
    }
    DeleteObjects: POST Bucket [Query("delete")] {
        log: "REST.POST.MULTI_OBJECT_DELETE",
        accepts: [],
        needs: [
            when(DeleteObject, EachKey, When::NoItemVersion),
            when(DeleteObjectVersion, EachKey, When::ItemVersion),
            when(BypassGovernanceRetention, EachKey, BYPASS),
            when(GetObject, EachKey, When::ItemEtag),
        ],
        payload: Document(KEYS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, REPLACED_DIGESTS, EXPECTED_OWNER, PAYER, DELETE_GUARDS],
    }

    // Objects

    ListParts: GET Object [Query("uploadId")] {
        log: "REST.GET.UPLOAD",
        accepts: ["max-parts", "part-number-marker"],
        needs: [need(ListMultipartUploadParts, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, SSE_C],
    }
    GetObject: GET Object [] {
        log: "REST.GET.OBJECT",
        accepts: [
            "partNumber", "response-cache-control", "response-content-disposition", "response-content-encoding",
            "response-content-language", "response-content-type", "response-expires", "versionId",
        ],
        // What an answer shows of tags, retention and legal hold needs permissions of its own; they come with
        // those headers' owners.
        needs: [
            when(GetObject, Target, NO_VERSION),
            when(GetObjectVersion, Target, VERSION),
            reveals(ListBucket, Bucket),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, READ_CONDITIONS, RANGE, CHECKSUM_MODE, SSE_C],
    }
    HeadObject: HEAD Object [] {
        log: "REST.HEAD.OBJECT",
        accepts: [
            "partNumber", "response-cache-control", "response-content-disposition", "response-content-encoding",
            "response-content-language", "response-content-type", "response-expires", "versionId",
        ],
        needs: [
            when(GetObject, Target, NO_VERSION),
            when(GetObjectVersion, Target, VERSION),
            reveals(ListBucket, Bucket),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, READ_CONDITIONS, RANGE, CHECKSUM_MODE, SSE_C],
    }
    UploadPartCopy: PUT Object [Query("uploadId"), Query("partNumber"), Header("x-amz-copy-source")] {
        log: "REST.COPY.PART",
        accepts: [],
        needs: [
            when(GetObject, CopySource, When::NoSourceVersion),
            when(GetObjectVersion, CopySource, When::SourceVersion),
            need(PutObject, Target),
            reveals(ListBucket, CopySource),
        ],
        payload: None,
        answered_by: UpstreamRead,
        headers: [COMMON, EXPECTED_OWNER, PAYER, COPY_SOURCE, COPY_RANGE, SSE_C],
    }
    UploadPart: PUT Object [Query("uploadId"), Query("partNumber")] {
        log: "REST.PUT.PART",
        accepts: [],
        needs: [need(PutObject, Target)],
        payload: Stream,
        answered_by: Upstream,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER, SSE_C],
    }
    CopyObject: PUT Object [Header("x-amz-copy-source")] {
        log: "REST.COPY.OBJECT",
        accepts: [],
        // A copy that keeps the source's tags needs s3:GetObjectTagging or s3:GetObjectVersionTagging on the source
        // and s3:PutObjectTagging on the target, and the same goes for its annotations: but only if the source has
        // any, which takes a look-up.
        needs: [
            when(GetObject, CopySource, When::NoSourceVersion),
            when(GetObjectVersion, CopySource, When::SourceVersion),
            need(PutObject, Target),
            when(PutObjectAcl, Target, ACLS),
            when(PutObjectTagging, Target, TAGS),
            when(PutObjectRetention, Target, RETENTION),
            when(PutObjectLegalHold, Target, LEGAL_HOLD),
            when(GetObject, Target, IF_ETAG),
            when(GetObject, Target, IF_NOT_ETAG),
            reveals(ListBucket, CopySource),
        ],
        payload: None,
        answered_by: UpstreamRead,
        headers: [
            COMMON, EXPECTED_OWNER, PAYER, COPY_SOURCE, COPY_DIRECTIVES, METADATA, TAGGING, ACL, LOCK,
            WRITE_CONDITIONS, CHECKSUM_CHOICE, ENCRYPTION, SSE_C,
        ],
    }
    PutObject: PUT Object [] {
        log: "REST.PUT.OBJECT",
        accepts: [],
        needs: [
            need(PutObject, Target),
            when(PutObjectAcl, Target, ACLS),
            when(PutObjectTagging, Target, TAGS),
            when(PutObjectRetention, Target, RETENTION),
            when(PutObjectLegalHold, Target, LEGAL_HOLD),
            when(GetObject, Target, IF_ETAG),
            when(GetObject, Target, IF_NOT_ETAG),
        ],
        payload: Stream,
        answered_by: Upstream,
        headers: [
            COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER, METADATA, TAGGING, ACL, LOCK, WRITE_CONDITIONS, ENCRYPTION,
            SSE_C, APPEND,
        ],
    }
    AbortMultipartUpload: DELETE Object [Query("uploadId")] {
        log: "REST.DELETE.UPLOAD",
        accepts: [],
        needs: [need(AbortMultipartUpload, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, ABORT_CONDITIONS],
    }
    DeleteObject: DELETE Object [] {
        log: "REST.DELETE.OBJECT",
        accepts: ["versionId"],
        needs: [
            when(DeleteObject, Target, NO_VERSION),
            when(DeleteObjectVersion, Target, VERSION),
            when(BypassGovernanceRetention, Target, BYPASS),
            when(GetObject, Target, IF_ETAG),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, DELETE_CONDITIONS, DELETE_GUARDS],
    }
    CreateMultipartUpload: POST Object [Query("uploads")] {
        log: "REST.POST.UPLOADS",
        accepts: [],
        needs: [
            need(PutObject, Target),
            when(PutObjectAcl, Target, ACLS),
            when(PutObjectTagging, Target, TAGS),
            when(PutObjectRetention, Target, RETENTION),
            when(PutObjectLegalHold, Target, LEGAL_HOLD),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [
            COMMON, EXPECTED_OWNER, PAYER, METADATA, TAGGING, ACL, LOCK, CHECKSUM_CHOICE, ENCRYPTION, SSE_C,
        ],
    }
    CompleteMultipartUpload: POST Object [Query("uploadId")] {
        log: "REST.POST.UPLOAD",
        accepts: [],
        needs: [
            need(PutObject, Target),
            when(GetObject, Target, IF_ETAG),
            when(GetObject, Target, IF_NOT_ETAG),
        ],
        payload: Document(PARTS),
        answered_by: UpstreamRead,
        // The checksums are those of the finished object, not of this body.
        headers: [
            COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER, WRITE_CONDITIONS, CHECKSUM_CHOICE, UPLOAD_SIZE, SSE_C,
        ],
    }
}

#[cfg(test)]
mod tests;
