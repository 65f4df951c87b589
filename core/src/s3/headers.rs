//! What becomes of each request header on its way to the upstream.
//!
//! Headers stand in groups; a row of the operation table names the groups it takes. A header no group of the row
//! lists is not sent on, and if it begins with `x-amz-` the request is refused with 501 NotImplemented: it would
//! change what the request means. So nothing here names `authorization`, `cookie`, hop-by-hop headers or other
//! vendors' prefixes (`x-goog-`, `x-minio-`, `x-rgw-` …): they are dropped because they are not listed.

/// One header and its disposition.
#[derive(Debug, Clone, Copy)]
pub struct HeaderRule {
    /// Lower case; a trailing `*` stands for any rest.
    pub name: &'static str,
    /// What becomes of it.
    pub disposition: Disposition,
}

/// What becomes of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Goes upstream as it came.
    Forward,
    /// Read by the gateway and not sent on.
    Consume,
    /// Sent on with a value the gateway makes.
    Rewrite,
    /// Recognised, but what it asks for is not built yet: 501 NotImplemented.
    Later,
}

impl HeaderRule {
    /// Whether this rule is for a header; `name` is lower case, as [`http::HeaderName`] gives it.
    pub fn covers(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == self.name,
        }
    }
}

const fn forward(name: &'static str) -> HeaderRule {
    rule(name, Disposition::Forward)
}

const fn consume(name: &'static str) -> HeaderRule {
    rule(name, Disposition::Consume)
}

const fn rewrite(name: &'static str) -> HeaderRule {
    rule(name, Disposition::Rewrite)
}

const fn later(name: &'static str) -> HeaderRule {
    rule(name, Disposition::Later)
}

const fn rule(name: &'static str, disposition: Disposition) -> HeaderRule {
    HeaderRule { name, disposition }
}

/// Every row takes these: the client's signature and its SDK's remarks, of which the upstream sees the gateway's own.
pub const COMMON: &[HeaderRule] = &[
    consume("x-amz-content-sha256"),
    consume("x-amz-date"),
    consume("x-amz-security-token"),
    // Browsers let JavaScript set no User-Agent, so AWS's SDK sends this beside it.
    consume("x-amz-user-agent"),
    // The Java SDK asks with it for an MD5 behind the object's bytes; a store may ignore that.
    consume("x-amz-te"),
    // Says which x-amz-checksum-* follows. AWS refuses it without one, and a checksum in a trailer is not sent on.
    consume("x-amz-sdk-checksum-algorithm"),
];

/// The account the caller believes owns the bucket. The gateway knows that better than the upstream, and no store
/// but AWS looks at it.
pub const EXPECTED_OWNER: &[HeaderRule] = &[consume("x-amz-expected-bucket-owner")];

/// Requester pays.
pub const PAYER: &[HeaderRule] = &[forward("x-amz-request-payer")];

/// How a body comes. The gateway takes off `aws-chunked` and says the length and the hash of what it sends.
pub const BODY: &[HeaderRule] = &[
    rewrite("content-length"),
    consume("x-amz-decoded-content-length"),
    consume("x-amz-trailer"),
];

/// Digests of bytes that are sent on as they are: checked here and once more by the upstream.
pub const DIGESTS: &[HeaderRule] = &[
    forward("content-md5"),
    forward("x-amz-checksum-crc32"),
    forward("x-amz-checksum-crc32c"),
    forward("x-amz-checksum-crc64nvme"),
    forward("x-amz-checksum-md5"),
    forward("x-amz-checksum-sha1"),
    forward("x-amz-checksum-sha256"),
    forward("x-amz-checksum-sha512"),
    forward("x-amz-checksum-xxhash128"),
    forward("x-amz-checksum-xxhash3"),
    forward("x-amz-checksum-xxhash64"),
];

/// Digests of a document the gateway writes anew: checked here; the upstream gets one of the new document, in the
/// form every store knows.
pub const REPLACED_DIGESTS: &[HeaderRule] = &[rewrite("content-md5"), consume("x-amz-checksum-*")];

/// Which checksum an object gets.
pub const CHECKSUM_CHOICE: &[HeaderRule] = &[
    forward("x-amz-checksum-algorithm"),
    forward("x-amz-checksum-type"),
];

/// Asks for the object's checksums in the answer.
pub const CHECKSUM_MODE: &[HeaderRule] = &[forward("x-amz-checksum-mode")];

/// Conditions of a read.
pub const READ_CONDITIONS: &[HeaderRule] = &[
    forward("if-match"),
    forward("if-modified-since"),
    forward("if-none-match"),
    forward("if-unmodified-since"),
];

/// Part of an object. Without `if-range` a resumed download could join two versions.
pub const RANGE: &[HeaderRule] = &[forward("range"), forward("if-range")];

/// Conditions of a write.
pub const WRITE_CONDITIONS: &[HeaderRule] = &[forward("if-match"), forward("if-none-match")];

/// Conditions of a deletion. Only directory buckets know the second and third, and a store that does not know
/// them deletes regardless.
pub const DELETE_CONDITIONS: &[HeaderRule] = &[
    forward("if-match"),
    later("x-amz-if-match-last-modified-time"),
    later("x-amz-if-match-size"),
];

/// What is stored with an object and comes back with it.
pub const METADATA: &[HeaderRule] = &[
    forward("cache-control"),
    forward("content-disposition"),
    // Without `aws-chunked`, which is framing and not the object's.
    rewrite("content-encoding"),
    forward("content-language"),
    forward("content-type"),
    forward("expires"),
    forward("x-amz-meta-*"),
    forward("x-amz-website-redirect-location"),
    forward("x-amz-storage-class"),
];

/// Tags of a new object.
pub const TAGGING: &[HeaderRule] = &[forward("x-amz-tagging")];

/// Encryption by the upstream.
pub const ENCRYPTION: &[HeaderRule] = &[
    forward("x-amz-server-side-encryption"),
    forward("x-amz-server-side-encryption-aws-kms-key-id"),
    forward("x-amz-server-side-encryption-bucket-key-enabled"),
    forward("x-amz-server-side-encryption-context"),
];

/// Encryption by the upstream with the client's key.
pub const SSE_C: &[HeaderRule] = &[
    forward("x-amz-server-side-encryption-customer-algorithm"),
    forward("x-amz-server-side-encryption-customer-key"),
    forward("x-amz-server-side-encryption-customer-key-md5"),
];

/// The source of a copy. The gateway writes the source it authorised, so there is one reading of it.
pub const COPY_SOURCE: &[HeaderRule] = &[
    rewrite("x-amz-copy-source"),
    forward("x-amz-copy-source-if-match"),
    forward("x-amz-copy-source-if-modified-since"),
    forward("x-amz-copy-source-if-none-match"),
    forward("x-amz-copy-source-if-unmodified-since"),
    forward("x-amz-copy-source-server-side-encryption-customer-algorithm"),
    forward("x-amz-copy-source-server-side-encryption-customer-key"),
    forward("x-amz-copy-source-server-side-encryption-customer-key-md5"),
    consume("x-amz-source-expected-bucket-owner"),
];

/// Whether a copy keeps what its source has.
pub const COPY_DIRECTIVES: &[HeaderRule] = &[
    forward("x-amz-metadata-directive"),
    forward("x-amz-tagging-directive"),
    later("x-amz-object-annotation-directive"),
];

/// The part of the source a part is copied from.
pub const COPY_RANGE: &[HeaderRule] = &[forward("x-amz-copy-source-range")];

/// ACL of a new object or bucket, which [`crate::controls::acl`] reads.
pub const ACL: &[HeaderRule] = &[
    consume("x-amz-acl"),
    consume("x-amz-grant-full-control"),
    consume("x-amz-grant-read"),
    consume("x-amz-grant-read-acp"),
    consume("x-amz-grant-write"),
    consume("x-amz-grant-write-acp"),
];

/// Settings of a new bucket.
pub const BUCKET_SETTINGS: &[HeaderRule] = &[
    later("x-amz-bucket-namespace"),
    consume("x-amz-bucket-object-lock-enabled"),
    consume("x-amz-object-ownership"),
];

/// Retention and legal hold of a new object.
pub const LOCK: &[HeaderRule] = &[
    later("x-amz-object-lock-event-hold"),
    later("x-amz-object-lock-event-hold-duration-days"),
    later("x-amz-object-lock-event-hold-duration-years"),
    consume("x-amz-object-lock-legal-hold"),
    consume("x-amz-object-lock-mode"),
    consume("x-amz-object-lock-retain-until-date"),
];

/// Leave to delete, or to change the retention of, what is held.
pub const BYPASS_GUARD: &[HeaderRule] = &[consume("x-amz-bypass-governance-retention")];

/// A device of the upstream's root user, of whom the client knows nothing.
pub const MFA: &[HeaderRule] = &[later("x-amz-mfa")];

/// Further fields of a listing.
pub const LISTING: &[HeaderRule] = &[forward("x-amz-optional-object-attributes")];

/// Appends to an object of a directory bucket; a store that does not know it overwrites the object.
pub const APPEND: &[HeaderRule] = &[later("x-amz-write-offset-bytes")];

/// The size a completed upload must have.
pub const UPLOAD_SIZE: &[HeaderRule] = &[forward("x-amz-mp-object-size")];

/// Condition of an abort; only directory buckets know it.
pub const ABORT_CONDITIONS: &[HeaderRule] = &[later("x-amz-if-match-initiated-time")];

/// What GetObjectAttributes is to tell.
pub const ATTRIBUTES: &[HeaderRule] = &[
    forward("x-amz-object-attributes"),
    forward("x-amz-max-parts"),
    forward("x-amz-part-number-marker"),
];

/// Conditions of annotations; `if-match` would be the annotation's own.
pub const ANNOTATION_CONDITIONS: &[HeaderRule] = &[forward("x-amz-object-if-match")];

/// Which objects a lifecycle rule leaves where they are.
pub const LIFECYCLE: &[HeaderRule] = &[forward("x-amz-transition-default-minimum-object-size")];

/// Whether the destinations of notifications are tried out.
pub const NOTIFICATION: &[HeaderRule] = &[forward("x-amz-skip-destination-validation")];

/// Leave to write a policy that locks its author out.
pub const POLICY_CONFIRMATION: &[HeaderRule] =
    &[consume("x-amz-confirm-remove-self-bucket-access")];

/// Leave, given by AWS's support, to change a bucket with object lock.
pub const LOCK_TOKEN: &[HeaderRule] = &[later("x-amz-bucket-object-lock-token")];

/// The account that settings of S3 Control are of; the target of the request.
pub const ACCOUNT: &[HeaderRule] = &[consume("x-amz-account-id")];

/// What a session is for.
pub const SESSION: &[HeaderRule] = &[later("x-amz-create-session-mode")];

/// The old name of a renamed object, and conditions on it.
pub const RENAME: &[HeaderRule] = &[
    later("x-amz-rename-source"),
    later("x-amz-rename-source-if-match"),
    later("x-amz-rename-source-if-modified-since"),
    later("x-amz-rename-source-if-none-match"),
    later("x-amz-rename-source-if-unmodified-since"),
    later("x-amz-client-token"),
];

/// What a function of S3 Object Lambda answers, and to which request.
pub const LAMBDA_ANSWER: &[HeaderRule] = &[
    later("x-amz-request-route"),
    later("x-amz-request-token"),
    later("x-amz-fwd-status"),
    later("x-amz-fwd-error-code"),
    later("x-amz-fwd-error-message"),
    later("x-amz-fwd-header-*"),
    later("x-amz-meta-*"),
];

/// The headers that set an ACL, for asking the permission to set one.
pub const ACL_NAMES: &[&str] = &[
    "x-amz-acl",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
];

/// The headers that grant to named grantees.
pub const GRANT_NAMES: &[&str] = &[
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
];

/// The headers that set a retention, for asking the permission to set one.
pub const RETENTION_NAMES: &[&str] = &[
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-event-hold",
    "x-amz-object-lock-event-hold-duration-days",
    "x-amz-object-lock-event-hold-duration-years",
];

/// The header that sets a legal hold.
pub const LEGAL_HOLD_NAMES: &[&str] = &["x-amz-object-lock-legal-hold"];
