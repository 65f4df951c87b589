//! The operation table: the one place that says how an operation is recognised, what it asks for, what of it
//! goes upstream and what it is called. Everything else reads it.
//!
//! # To add an operation
//!
//! 1. Write its row in [`operations!`] below, beside what it belongs to: method, level and marks (what tells it from the
//!    other rows; of those whose marks all hold, the one with most names of the query wins, then with most marks), then
//!    - `log`: its name in the server access log,
//!    - `accepts`: the query names it knows besides its marks. Any other name is refused, so a sub-resource
//!      without a row never passes as the bare operation,
//!    - `needs`: [`need`] for what is always asked, [`when`] for what a header, a query or the body brings in,
//!      [`reveals`] for what tells 404 from 403, [`shows`] for what a header of the answer takes. A version replaces the
//!      plain action, so ask one or the other,
//!    - `payload`, `checksum` and `answered_by`: who reads the two bodies,
//!    - `headers`: groups of [`headers`](super::headers). A header in no group does not pass.
//! 2. Name it in the [profiles](super::profiles) of the upstreams that have it. No profile, no request; what the gateway
//!    answers itself needs none.
//! 3. Run the tests of this module: they hold the row against AWS's own model in `tests/data/operations.json`,
//!    and name what is missing.
//!
//! The variant of [`OperationId`], routing, permissions, forwarding, log and metrics follow from the row.
//!
//! # What is not here
//!
//! - Names that the wire does not tell apart are one row: [`ALIASES`].
//! - Requests to a website endpoint (`WEBSITE.GET.OBJECT`, `WEBSITE.HEAD.OBJECT`; anonymous, `s3:GetObject`): the host
//!   alone tells them, and no listener has such a host.
//! - Directory buckets and Object Lambda access points are refused before a permission is asked, so the actions that
//!   take the place of the `s3:` ones there (`s3express:…`, `s3-object-lambda:…`) stand only at operations that nothing
//!   else has.
//! - `kms:` permissions: the upstream asks for them, of its own caller.

use super::actions::Action;
use super::headers::*;
use std::cmp::Reverse;
use std::sync::LazyLock;

/// Defines [`OperationId`] and [`OPERATIONS`] from rows.
macro_rules! operations {
    ($($id:ident: $method:ident $level:ident [$($mark:expr),* $(,)?] {
        log: $log:literal,
        accepts: [$($accepts:literal),* $(,)?],
        needs: [$($need:expr),* $(,)?],
        payload: $payload:expr,
        $(checksum: $checksum:ident,)?
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

        /// Every row.
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
                    checksum: checksum!($($checksum)?),
                    headers: &[$($group),*],
                    answered_by: AnsweredBy::$answered_by,
                },)*
            }
        }
    };
}

macro_rules! checksum {
    () => {
        Checksum::Optional
    };
    ($rule:ident) => {
        Checksum::$rule
    };
}

/// Other names of operations, which no request can be told from: AWS's model keeps the old one of two.
pub const ALIASES: &[(&str, OperationId)] = &[
    (
        "GetBucketLifecycle",
        OperationId::GetBucketLifecycleConfiguration,
    ),
    (
        "GetBucketNotification",
        OperationId::GetBucketNotificationConfiguration,
    ),
    (
        "PutBucketLifecycle",
        OperationId::PutBucketLifecycleConfiguration,
    ),
    (
        "PutBucketNotification",
        OperationId::PutBucketNotificationConfiguration,
    ),
];

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
    /// All of these must hold. Rows with more of them win; a test checks that one row wins for every request.
    pub marks: &'static [Mark],
    /// Query names this row accepts besides its marks. Any other name is refused, except names that begin with
    /// `x-` (other than `x-amz-`), which S3 ignores, and the `X-Amz-*` names of a presigned URL. `*` accepts every name.
    pub accepts: &'static [&'static str],
    /// Permissions asked for; each that applies must be allowed.
    pub needs: &'static [Need],
    /// The operation in the server access log, e.g. `REST.GET.OBJECT`.
    pub log: &'static str,
    /// What body the client sends and who reads it.
    pub payload: PayloadKind,
    /// Whether the body must come with a digest beside the signature's.
    pub checksum: Checksum,
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
    /// An account's settings, which S3 Control has: `/v20180820/…` with `x-amz-account-id`.
    Account,
    /// The answer of a function of S3 Object Lambda: `/WriteGetObjectResponse`.
    ObjectLambda,
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
    /// The request's `content-type` is this one, whatever its parameters.
    ContentType(&'static str),
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
    /// The request passes, but these headers are taken off the answer.
    Shows(&'static [&'static str]),
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
    /// The role that the body names.
    Role,
    /// The table bucket that the body names, or else the one that S3 keeps for metadata in the owner's account. The names
    /// of tables are not known before they are made.
    TableBucket,
    /// The key in a form.
    FormKey,
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
    /// The body says so.
    InBody(Part),
    /// The copy keeps the tags of its source, which has some.
    KeepsTags,
    /// The same, and `x-amz-copy-source` names no version.
    KeepsTagsOfObject,
    /// The same, and it names one.
    KeepsTagsOfVersion,
}

impl When {
    /// Whether it holds only if the source of a copy has tags, which the request does not say.
    pub fn takes_source_tags(self) -> bool {
        match self {
            Self::KeepsTags | Self::KeepsTagsOfObject | Self::KeepsTagsOfVersion => true,
            Self::Always
            | Self::Query(_)
            | Self::NoQuery(_)
            | Self::AnyHeader(_)
            | Self::HeaderNot(..)
            | Self::HeaderIs(..)
            | Self::SourceVersion
            | Self::NoSourceVersion
            | Self::ItemVersion
            | Self::NoItemVersion
            | Self::ItemEtag
            | Self::InBody(_) => false,
        }
    }
}

/// What a body says that brings in a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It sets tags.
    Tags,
    /// It says how metadata tables are encrypted.
    TableEncryption,
    /// It turns a metadata table on.
    TableEnabled,
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
    /// The same: XML with this root element, which goes on as it came.
    Settings(&'static str, usize),
    /// The same, or no body.
    OptionalSettings(&'static str, usize),
}

/// Whether a body must come with a `Content-MD5` or an `x-amz-checksum-*`, as header or trailer. The hash that the
/// signature is over does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// Checked if it comes.
    Optional,
    /// 400 InvalidRequest without one.
    Required,
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
    /// The gateway, from a setting that it owns and never leaves to the upstream.
    Gateway,
    /// The same one day: until then what is allowed is answered 501 NotImplemented.
    Later,
    /// Nobody: 501 NotImplemented, whoever asks.
    Nobody,
}

impl Operation {
    /// Whether it is about the tags of a bucket or an object, which the gateway keeps where the store behind it has none.
    pub fn is_about_tags(&self) -> bool {
        use OperationId::{
            DeleteBucketTagging, DeleteObjectTagging, GetBucketTagging, GetObjectTagging,
            PutBucketTagging, PutObjectTagging,
        };
        [
            GetBucketTagging,
            PutBucketTagging,
            DeleteBucketTagging,
            GetObjectTagging,
            PutObjectTagging,
            DeleteObjectTagging,
        ]
        .contains(&self.id)
    }

    /// Whether the gateway answers it itself, now or later, from a setting of its own.
    pub fn is_answered_here(&self) -> bool {
        match self.answered_by {
            AnsweredBy::Gateway | AnsweredBy::Later => true,
            AnsweredBy::Upstream
            | AnsweredBy::UpstreamRead
            | AnsweredBy::Merged
            | AnsweredBy::Nobody => false,
        }
    }

    /// The row that recognises a request: of those of this method and level whose marks all hold the one with most; a
    /// sub-resource goes before a header. `parameters` is how many names of the query could be marks.
    pub fn find(
        method: &str,
        level: Level,
        parameters: usize,
        holds: impl Fn(&Mark) -> bool,
    ) -> Option<&'static Self> {
        // Most requests bear no sub-resource, and then only the rows without one are tried.
        let rows = Self::of(method, level).iter().copied();
        rows.filter(|row| row.query_marks().count() <= parameters)
            .find(|row| row.marks.iter().all(&holds))
    }

    /// The rows of a method and level, in the order in which they are tried.
    pub fn of(method: &str, level: Level) -> &'static [&'static Self] {
        static INDEX: LazyLock<Vec<Vec<&'static Operation>>> = LazyLock::new(|| {
            let slots = METHODS
                .iter()
                .flat_map(|method| LEVELS.map(|level| (*method, level)));
            slots.map(|(method, level)| sorted(method, level)).collect()
        });
        let slot = || {
            let method = METHODS.iter().position(|known| *known == method)?;
            let level = LEVELS.iter().position(|known| *known == level)?;
            INDEX.get(method * LEVELS.len() + level)
        };
        slot().map_or(&[], Vec::as_slice)
    }

    /// The query names among the marks.
    pub fn query_marks(&self) -> impl Iterator<Item = &'static str> {
        self.marks.iter().filter_map(|mark| match mark {
            Mark::Query(name) | Mark::QueryValue(name, _) => Some(*name),
            Mark::Header(_) | Mark::ContentType(_) => None,
        })
    }

    /// What the operation acts on once all is known: a form is sent to a bucket, and its key names an object.
    pub fn acts_on(&self) -> Level {
        match self.id {
            OperationId::PostObject => Level::Object,
            _ => self.level,
        }
    }

    /// Whether the operation makes an object appear, for `s3:ObjectCreationOperation`; `None` if it writes no object.
    pub fn creates_object(&self) -> Option<bool> {
        use OperationId::*;
        match self.id {
            PutObject | PostObject | CopyObject | CompleteMultipartUpload => Some(true),
            CreateMultipartUpload | UploadPart | UploadPartCopy => Some(false),
            _ => None,
        }
    }

    /// Whether the row knows a query name, as a mark or besides.
    pub fn accepts(&self, name: &str) -> bool {
        let named = |known: &&str| *known == name || *known == "*";
        self.accepts.iter().any(named) || self.query_marks().any(|mark| mark == name)
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

const METHODS: [&str; 6] = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"];
const LEVELS: [Level; 5] = [
    Level::Object,
    Level::Bucket,
    Level::Service,
    Level::Account,
    Level::ObjectLambda,
];

fn sorted(method: &str, level: Level) -> Vec<&'static Operation> {
    let mut rows: Vec<&'static Operation> = OPERATIONS
        .iter()
        .filter(|row| row.method == method && row.level == level)
        .collect();
    rows.sort_by_key(|row| Reverse((row.query_marks().count(), row.marks.len())));
    rows
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

/// A permission without which these headers of the answer are taken off.
const fn shows(action: Action, headers: &'static [&'static str], when: When) -> Need {
    Need {
        action,
        on: On::Target,
        when,
        effect: Effect::Shows(headers),
    }
}

/// A document that names up to 1000 keys of 1024 bytes.
const KEYS: usize = 2 << 20;
/// A document that names up to 10,000 parts with a checksum each.
const PARTS: usize = 4 << 20;
/// A document of a few settings.
const SETTINGS: usize = 64 << 10;
/// A website's routing rules.
const WEBSITE: usize = 128 << 10;
/// A document of up to 1000 rules.
const RULES: usize = 2 << 20;
/// A bucket policy.
const POLICY: usize = 20 << 10;

const VERSION: When = When::Query("versionId");
const NO_VERSION: When = When::NoQuery("versionId");
const ACLS: When = When::AnyHeader(ACL_NAMES);
const GRANTS: When = When::AnyHeader(GRANT_NAMES);
const TAGS: When = When::AnyHeader(&["x-amz-tagging"]);
const RETENTION: When = When::AnyHeader(RETENTION_NAMES);
const LEGAL_HOLD: When = When::AnyHeader(LEGAL_HOLD_NAMES);
/// In an answer.
const TAG_COUNT: &[&str] = &["x-amz-tagging-count"];
/// Whether a write with this condition succeeds tells the object's ETag.
const IF_ETAG: When = When::HeaderNot("if-match", "*");
/// The same the other way round. AWS knows only `*` there, other stores also an ETag.
const IF_NOT_ETAG: When = When::HeaderNot("if-none-match", "*");
const BYPASS: When = When::HeaderIs("x-amz-bypass-governance-retention", "true");
const WITH_LOCK: When = When::HeaderIs("x-amz-bucket-object-lock-enabled", "true");

operations! {
    // The service, an account, S3 Object Lambda

    ListDirectoryBuckets: GET Service [Query("max-directory-buckets")] {
        log: "REST.GET.DIRECTORY_BUCKETS",
        accepts: ["continuation-token"],
        // AWS knows it by its host alone. Asked without this name it is a ListBuckets.
        needs: [need(ListAllMyDirectoryBuckets, Target)],
        payload: None,
        answered_by: Nobody,
        headers: [COMMON],
    }
    ListBuckets: GET Service [] {
        log: "REST.GET.SERVICE",
        accepts: ["bucket-region", "continuation-token", "max-buckets", "prefix"],
        needs: [need(ListAllMyBuckets, Target)],
        payload: None,
        answered_by: Merged,
        headers: [COMMON],
    }
    GetAccountPublicAccessBlock: GET Account [] {
        log: "REST.GET.ACCOUNT_PUBLIC_ACCESS_BLOCK",
        accepts: [],
        needs: [need(GetAccountPublicAccessBlock, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, ACCOUNT],
    }
    PutAccountPublicAccessBlock: PUT Account [] {
        log: "REST.PUT.ACCOUNT_PUBLIC_ACCESS_BLOCK",
        accepts: [],
        needs: [need(PutAccountPublicAccessBlock, Target)],
        payload: Settings("PublicAccessBlockConfiguration", SETTINGS),
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, ACCOUNT],
    }
    DeleteAccountPublicAccessBlock: DELETE Account [] {
        log: "REST.DELETE.ACCOUNT_PUBLIC_ACCESS_BLOCK",
        accepts: [],
        needs: [need(PutAccountPublicAccessBlock, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, ACCOUNT],
    }
    WriteGetObjectResponse: POST ObjectLambda [] {
        log: "S3.WRITE.GET_OBJECT_RESPONSE",
        accepts: [],
        needs: [need(WriteGetObjectResponse, Target)],
        payload: Stream,
        answered_by: Nobody,
        headers: [COMMON, BODY, LAMBDA_ANSWER],
    }

    // Buckets and their contents

    CreateBucket: PUT Bucket [] {
        log: "REST.PUT.BUCKET",
        accepts: [],
        needs: [
            need(CreateBucket, Target),
            when(PutBucketAcl, Target, When::HeaderNot("x-amz-acl", "private")),
            when(PutBucketAcl, Target, GRANTS),
            when(PutBucketObjectLockConfiguration, Target, WITH_LOCK),
            when(PutBucketVersioning, Target, WITH_LOCK),
            when(PutBucketOwnershipControls, Target, When::AnyHeader(&["x-amz-object-ownership"])),
            when(TagResource, Target, When::InBody(Part::Tags)),
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
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, REPLACED_DIGESTS, EXPECTED_OWNER, PAYER, BYPASS_GUARD, MFA],
    }
    PostObject: POST Bucket [ContentType("multipart/form-data")] {
        log: "REST.POST.OBJECT",
        accepts: [],
        // A PutObject, whose headers are fields of the form.
        needs: [
            need(PutObject, FormKey),
            when(PutObjectAcl, FormKey, ACLS),
            when(PutObjectTagging, FormKey, TAGS),
            when(PutObjectRetention, FormKey, RETENTION),
            when(PutObjectLegalHold, FormKey, LEGAL_HOLD),
            when(GetObject, FormKey, IF_ETAG),
            when(GetObject, FormKey, IF_NOT_ETAG),
        ],
        payload: Stream,
        answered_by: Upstream,
        headers: [
            COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER, METADATA, TAGGING, ACL, LOCK, WRITE_CONDITIONS, ENCRYPTION,
            SSE_C, APPEND,
        ],
    }
    OptionsPreflight: OPTIONS Bucket [] {
        log: "REST.OPTIONS.PREFLIGHT",
        accepts: ["*"],
        // Of the bucket and of each key in it. It bears no signature and needs no permission: browsers send it before the
        // request it asks about, to that request's address.
        needs: [],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON],
    }
    CreateSession: GET Bucket [Query("session")] {
        log: "REST.GET.SESSION",
        accepts: [],
        // Its answer holds credentials of the upstream, so nobody gets it.
        needs: [need(CreateSession, Target)],
        payload: None,
        answered_by: Nobody,
        headers: [COMMON, ENCRYPTION, SESSION],
    }

    // Who may use a bucket

    GetBucketPolicy: GET Bucket [Query("policy")] {
        log: "REST.GET.BUCKETPOLICY",
        accepts: [],
        needs: [need(GetBucketPolicy, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketPolicy: PUT Bucket [Query("policy")] {
        log: "REST.PUT.BUCKETPOLICY",
        accepts: [],
        needs: [need(PutBucketPolicy, Target)],
        payload: Document(POLICY),
        checksum: Required,
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, POLICY_CONFIRMATION],
    }
    DeleteBucketPolicy: DELETE Bucket [Query("policy")] {
        log: "REST.DELETE.BUCKETPOLICY",
        accepts: [],
        needs: [need(DeleteBucketPolicy, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketPolicyStatus: GET Bucket [Query("policyStatus")] {
        log: "REST.GET.POLICY_STATUS",
        accepts: [],
        needs: [need(GetBucketPolicyStatus, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetPublicAccessBlock: GET Bucket [Query("publicAccessBlock")] {
        log: "REST.GET.PUBLIC_ACCESS_BLOCK",
        accepts: [],
        needs: [need(GetBucketPublicAccessBlock, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutPublicAccessBlock: PUT Bucket [Query("publicAccessBlock")] {
        log: "REST.PUT.PUBLIC_ACCESS_BLOCK",
        accepts: [],
        needs: [need(PutBucketPublicAccessBlock, Target)],
        payload: Settings("PublicAccessBlockConfiguration", SETTINGS),
        checksum: Required,
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeletePublicAccessBlock: DELETE Bucket [Query("publicAccessBlock")] {
        log: "REST.DELETE.PUBLIC_ACCESS_BLOCK",
        accepts: [],
        needs: [need(PutBucketPublicAccessBlock, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketAcl: GET Bucket [Query("acl")] {
        log: "REST.GET.ACL",
        accepts: [],
        needs: [need(GetBucketAcl, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketAcl: PUT Bucket [Query("acl")] {
        log: "REST.PUT.ACL",
        accepts: [],
        needs: [need(PutBucketAcl, Target)],
        payload: OptionalSettings("AccessControlPolicy", SETTINGS),
        checksum: Required,
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, ACL],
    }
    GetBucketOwnershipControls: GET Bucket [Query("ownershipControls")] {
        log: "REST.GET.OWNERSHIP_CONTROLS",
        accepts: [],
        needs: [need(GetBucketOwnershipControls, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketOwnershipControls: PUT Bucket [Query("ownershipControls")] {
        log: "REST.PUT.OWNERSHIP_CONTROLS",
        accepts: [],
        needs: [need(PutBucketOwnershipControls, Target)],
        payload: Settings("OwnershipControls", SETTINGS),
        checksum: Required,
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeleteBucketOwnershipControls: DELETE Bucket [Query("ownershipControls")] {
        log: "REST.DELETE.OWNERSHIP_CONTROLS",
        accepts: [],
        needs: [need(PutBucketOwnershipControls, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketCors: GET Bucket [Query("cors")] {
        log: "REST.GET.CORS",
        accepts: [],
        needs: [need(GetBucketCORS, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketCors: PUT Bucket [Query("cors")] {
        log: "REST.PUT.CORS",
        accepts: [],
        needs: [need(PutBucketCORS, Target)],
        payload: Settings("CORSConfiguration", SETTINGS),
        checksum: Required,
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeleteBucketCors: DELETE Bucket [Query("cors")] {
        log: "REST.DELETE.CORS",
        accepts: [],
        needs: [need(PutBucketCORS, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketLogging: GET Bucket [Query("logging")] {
        log: "REST.GET.LOGGING_STATUS",
        accepts: [],
        needs: [need(GetBucketLogging, Target)],
        payload: None,
        answered_by: Later,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketLogging: PUT Bucket [Query("logging")] {
        log: "REST.PUT.LOGGING_STATUS",
        accepts: [],
        needs: [need(PutBucketLogging, Target)],
        payload: Settings("BucketLoggingStatus", SETTINGS),
        checksum: Required,
        answered_by: Later,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    GetObjectLockConfiguration: GET Bucket [Query("object-lock")] {
        log: "REST.GET.OBJECT_LOCK_CONFIGURATION",
        accepts: [],
        needs: [need(GetBucketObjectLockConfiguration, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutObjectLockConfiguration: PUT Bucket [Query("object-lock")] {
        log: "REST.PUT.OBJECT_LOCK_CONFIGURATION",
        accepts: [],
        needs: [need(PutBucketObjectLockConfiguration, Target)],
        payload: Settings("ObjectLockConfiguration", SETTINGS),
        checksum: Required,
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER, LOCK_TOKEN],
    }

    // Other settings of a bucket

    GetBucketAbac: GET Bucket [Query("abac")] {
        log: "REST.GET.ABAC",
        accepts: [],
        needs: [need(GetBucketAbac, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketAbac: PUT Bucket [Query("abac")] {
        log: "REST.PUT.ABAC",
        accepts: [],
        needs: [need(PutBucketAbac, Target)],
        payload: Settings("AbacStatus", SETTINGS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    GetBucketAccelerateConfiguration: GET Bucket [Query("accelerate")] {
        log: "REST.GET.ACCELERATE",
        accepts: [],
        needs: [need(GetAccelerateConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER],
    }
    PutBucketAccelerateConfiguration: PUT Bucket [Query("accelerate")] {
        log: "REST.PUT.ACCELERATE",
        accepts: [],
        needs: [need(PutAccelerateConfiguration, Target)],
        payload: Settings("AccelerateConfiguration", SETTINGS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    GetBucketEncryption: GET Bucket [Query("encryption")] {
        log: "REST.GET.ENCRYPTION",
        accepts: [],
        needs: [need(GetEncryptionConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketEncryption: PUT Bucket [Query("encryption")] {
        log: "REST.PUT.ENCRYPTION",
        accepts: [],
        needs: [need(PutEncryptionConfiguration, Target)],
        payload: Settings("ServerSideEncryptionConfiguration", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeleteBucketEncryption: DELETE Bucket [Query("encryption")] {
        log: "REST.DELETE.ENCRYPTION",
        accepts: [],
        needs: [need(PutEncryptionConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketLifecycleConfiguration: GET Bucket [Query("lifecycle")] {
        log: "REST.GET.LIFECYCLE",
        accepts: [],
        needs: [need(GetLifecycleConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketLifecycleConfiguration: PUT Bucket [Query("lifecycle")] {
        log: "REST.PUT.LIFECYCLE",
        accepts: [],
        needs: [need(PutLifecycleConfiguration, Target)],
        payload: Settings("LifecycleConfiguration", RULES),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, LIFECYCLE],
    }
    DeleteBucketLifecycle: DELETE Bucket [Query("lifecycle")] {
        log: "REST.DELETE.LIFECYCLE",
        accepts: [],
        needs: [need(PutLifecycleConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketNotificationConfiguration: GET Bucket [Query("notification")] {
        log: "REST.GET.NOTIFICATION",
        accepts: [],
        needs: [need(GetBucketNotification, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketNotificationConfiguration: PUT Bucket [Query("notification")] {
        log: "REST.PUT.NOTIFICATION",
        accepts: [],
        needs: [need(PutBucketNotification, Target)],
        payload: Settings("NotificationConfiguration", SETTINGS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, NOTIFICATION],
    }
    GetBucketReplication: GET Bucket [Query("replication")] {
        log: "REST.GET.REPLICATION",
        accepts: [],
        needs: [need(GetReplicationConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketReplication: PUT Bucket [Query("replication")] {
        log: "REST.PUT.REPLICATION",
        accepts: [],
        needs: [
            need(PutReplicationConfiguration, Target),
            need(PassRole, Role),
        ],
        payload: Settings("ReplicationConfiguration", RULES),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, LOCK_TOKEN],
    }
    DeleteBucketReplication: DELETE Bucket [Query("replication")] {
        log: "REST.DELETE.REPLICATION",
        accepts: [],
        needs: [need(PutReplicationConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketRequestPayment: GET Bucket [Query("requestPayment")] {
        log: "REST.GET.REQUEST_PAYMENT",
        accepts: [],
        needs: [need(GetBucketRequestPayment, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketRequestPayment: PUT Bucket [Query("requestPayment")] {
        log: "REST.PUT.REQUEST_PAYMENT",
        accepts: [],
        needs: [need(PutBucketRequestPayment, Target)],
        payload: Settings("RequestPaymentConfiguration", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    GetBucketTagging: GET Bucket [Query("tagging")] {
        log: "REST.GET.TAGGING",
        accepts: [],
        needs: [need(GetBucketTagging, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketTagging: PUT Bucket [Query("tagging")] {
        log: "REST.PUT.TAGGING",
        accepts: [],
        needs: [need(PutBucketTagging, Target)],
        payload: Settings("Tagging", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeleteBucketTagging: DELETE Bucket [Query("tagging")] {
        log: "REST.DELETE.TAGGING",
        accepts: [],
        needs: [need(PutBucketTagging, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketVersioning: GET Bucket [Query("versioning")] {
        log: "REST.GET.VERSIONING",
        accepts: [],
        needs: [need(GetBucketVersioning, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketVersioning: PUT Bucket [Query("versioning")] {
        log: "REST.PUT.VERSIONING",
        accepts: [],
        needs: [need(PutBucketVersioning, Target)],
        payload: Settings("VersioningConfiguration", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, MFA],
    }
    GetBucketWebsite: GET Bucket [Query("website")] {
        log: "REST.GET.WEBSITE",
        accepts: [],
        needs: [need(GetBucketWebsite, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketWebsite: PUT Bucket [Query("website")] {
        log: "REST.PUT.WEBSITE",
        accepts: [],
        needs: [need(PutBucketWebsite, Target)],
        payload: Settings("WebsiteConfiguration", WEBSITE),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeleteBucketWebsite: DELETE Bucket [Query("website")] {
        log: "REST.DELETE.WEBSITE",
        accepts: [],
        needs: [need(DeleteBucketWebsite, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }

    // Settings of which a bucket has several

    GetBucketAnalyticsConfiguration: GET Bucket [Query("analytics"), Query("id")] {
        log: "REST.GET.ANALYTICS",
        accepts: [],
        needs: [need(GetAnalyticsConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    ListBucketAnalyticsConfigurations: GET Bucket [Query("analytics")] {
        log: "REST.GET.ANALYTICS",
        accepts: ["continuation-token"],
        needs: [need(GetAnalyticsConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketAnalyticsConfiguration: PUT Bucket [Query("analytics"), Query("id")] {
        log: "REST.PUT.ANALYTICS",
        accepts: [],
        needs: [need(PutAnalyticsConfiguration, Target)],
        payload: Settings("AnalyticsConfiguration", SETTINGS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeleteBucketAnalyticsConfiguration: DELETE Bucket [Query("analytics"), Query("id")] {
        log: "REST.DELETE.ANALYTICS",
        accepts: [],
        needs: [need(PutAnalyticsConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketIntelligentTieringConfiguration: GET Bucket [Query("intelligent-tiering"), Query("id")] {
        log: "REST.GET.INTELLIGENT_TIERING",
        accepts: [],
        needs: [need(GetIntelligentTieringConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    ListBucketIntelligentTieringConfigurations: GET Bucket [Query("intelligent-tiering")] {
        log: "REST.GET.INTELLIGENT_TIERING",
        accepts: ["continuation-token"],
        needs: [need(GetIntelligentTieringConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketIntelligentTieringConfiguration: PUT Bucket [Query("intelligent-tiering"), Query("id")] {
        log: "REST.PUT.INTELLIGENT_TIERING",
        accepts: [],
        needs: [need(PutIntelligentTieringConfiguration, Target)],
        payload: Settings("IntelligentTieringConfiguration", SETTINGS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeleteBucketIntelligentTieringConfiguration: DELETE Bucket [Query("intelligent-tiering"), Query("id")] {
        log: "REST.DELETE.INTELLIGENT_TIERING",
        accepts: [],
        needs: [need(PutIntelligentTieringConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketInventoryConfiguration: GET Bucket [Query("inventory"), Query("id")] {
        log: "REST.GET.INVENTORY",
        accepts: [],
        needs: [need(GetInventoryConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    ListBucketInventoryConfigurations: GET Bucket [Query("inventory")] {
        log: "REST.GET.INVENTORY",
        accepts: ["continuation-token"],
        needs: [need(GetInventoryConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketInventoryConfiguration: PUT Bucket [Query("inventory"), Query("id")] {
        log: "REST.PUT.INVENTORY",
        accepts: [],
        needs: [need(PutInventoryConfiguration, Target)],
        payload: Settings("InventoryConfiguration", SETTINGS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeleteBucketInventoryConfiguration: DELETE Bucket [Query("inventory"), Query("id")] {
        log: "REST.DELETE.INVENTORY",
        accepts: [],
        needs: [need(PutInventoryConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetBucketMetricsConfiguration: GET Bucket [Query("metrics"), Query("id")] {
        log: "REST.GET.METRICS",
        accepts: [],
        needs: [need(GetMetricsConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    ListBucketMetricsConfigurations: GET Bucket [Query("metrics")] {
        log: "REST.GET.METRICS",
        accepts: ["continuation-token"],
        needs: [need(GetMetricsConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    PutBucketMetricsConfiguration: PUT Bucket [Query("metrics"), Query("id")] {
        log: "REST.PUT.METRICS",
        accepts: [],
        needs: [need(PutMetricsConfiguration, Target)],
        payload: Settings("MetricsConfiguration", SETTINGS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    DeleteBucketMetricsConfiguration: DELETE Bucket [Query("metrics"), Query("id")] {
        log: "REST.DELETE.METRICS",
        accepts: [],
        needs: [need(PutMetricsConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }

    // Metadata tables

    CreateBucketMetadataConfiguration: POST Bucket [Query("metadataConfiguration")] {
        log: "REST.POST.METADATA_CONFIGURATION",
        accepts: [],
        needs: [
            need(CreateBucketMetadataTableConfiguration, Target),
            need(CreateNamespace, TableBucket),
            need(CreateTable, TableBucket),
            need(GetTable, TableBucket),
            need(PutTablePolicy, TableBucket),
            need(CreateTableBucket, TableBucket),
            need(PutTableBucketPolicy, TableBucket),
            when(PutTableEncryption, TableBucket, When::InBody(Part::TableEncryption)),
        ],
        payload: Settings("MetadataConfiguration", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    GetBucketMetadataConfiguration: GET Bucket [Query("metadataConfiguration")] {
        log: "REST.GET.METADATA_CONFIGURATION",
        accepts: [],
        needs: [need(GetBucketMetadataTableConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    DeleteBucketMetadataConfiguration: DELETE Bucket [Query("metadataConfiguration")] {
        log: "REST.DELETE.METADATA_CONFIGURATION",
        accepts: [],
        needs: [need(DeleteBucketMetadataTableConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    UpdateBucketMetadataAnnotationTableConfiguration: PUT Bucket [Query("metadataAnnotationTable")] {
        log: "REST.PUT.METADATA_ANNOTATION_TABLE",
        accepts: [],
        needs: [need(UpdateBucketMetadataAnnotationTableConfiguration, Target)],
        payload: Settings("AnnotationTableConfiguration", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    UpdateBucketMetadataInventoryTableConfiguration: PUT Bucket [Query("metadataInventoryTable")] {
        log: "REST.PUT.METADATA_INVENTORY_TABLE",
        accepts: [],
        needs: [
            need(UpdateBucketMetadataInventoryTableConfiguration, Target),
            when(CreateNamespace, TableBucket, When::InBody(Part::TableEnabled)),
            when(CreateTable, TableBucket, When::InBody(Part::TableEnabled)),
            when(GetTable, TableBucket, When::InBody(Part::TableEnabled)),
            when(PutTablePolicy, TableBucket, When::InBody(Part::TableEnabled)),
            when(CreateTableBucket, TableBucket, When::InBody(Part::TableEnabled)),
            when(PutTableEncryption, TableBucket, When::InBody(Part::TableEncryption)),
        ],
        payload: Settings("InventoryTableConfiguration", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    UpdateBucketMetadataJournalTableConfiguration: PUT Bucket [Query("metadataJournalTable")] {
        log: "REST.PUT.METADATA_JOURNAL_TABLE",
        accepts: [],
        needs: [need(UpdateBucketMetadataJournalTableConfiguration, Target)],
        payload: Settings("JournalTableConfiguration", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    CreateBucketMetadataTableConfiguration: POST Bucket [Query("metadataTable")] {
        log: "REST.POST.METADATA_TABLE",
        accepts: [],
        needs: [
            need(CreateBucketMetadataTableConfiguration, Target),
            need(CreateNamespace, TableBucket),
            need(CreateTable, TableBucket),
            need(GetTable, TableBucket),
            need(PutTablePolicy, TableBucket),
        ],
        payload: Settings("MetadataTableConfiguration", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER],
    }
    GetBucketMetadataTableConfiguration: GET Bucket [Query("metadataTable")] {
        log: "REST.GET.METADATA_TABLE",
        accepts: [],
        needs: [need(GetBucketMetadataTableConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    DeleteBucketMetadataTableConfiguration: DELETE Bucket [Query("metadataTable")] {
        log: "REST.DELETE.METADATA_TABLE",
        accepts: [],
        needs: [need(DeleteBucketMetadataTableConfiguration, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }

    // Objects

    GetObject: GET Object [] {
        log: "REST.GET.OBJECT",
        accepts: [
            "partNumber", "response-cache-control", "response-content-disposition", "response-content-encoding",
            "response-content-language", "response-content-type", "response-expires", "versionId",
        ],
        needs: [
            when(GetObject, Target, NO_VERSION),
            when(GetObjectVersion, Target, VERSION),
            reveals(ListBucket, Bucket),
            shows(GetObjectTagging, TAG_COUNT, NO_VERSION),
            shows(GetObjectVersionTagging, TAG_COUNT, VERSION),
            shows(GetObjectRetention, RETENTION_NAMES, When::Always),
            shows(GetObjectLegalHold, LEGAL_HOLD_NAMES, When::Always),
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
            shows(GetObjectTagging, TAG_COUNT, NO_VERSION),
            shows(GetObjectVersionTagging, TAG_COUNT, VERSION),
            shows(GetObjectRetention, RETENTION_NAMES, When::Always),
            shows(GetObjectLegalHold, LEGAL_HOLD_NAMES, When::Always),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, READ_CONDITIONS, RANGE, CHECKSUM_MODE, SSE_C],
    }
    GetObjectAttributes: GET Object [Query("attributes")] {
        log: "REST.GET.OBJECT_ATTRIBUTES",
        accepts: ["versionId"],
        needs: [
            when(GetObject, Target, NO_VERSION),
            when(GetObjectVersion, Target, VERSION),
            when(GetObjectAttributes, Target, NO_VERSION),
            when(GetObjectVersionAttributes, Target, VERSION),
            reveals(ListBucket, Bucket),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, ATTRIBUTES, SSE_C],
    }
    GetObjectTorrent: GET Object [Query("torrent")] {
        log: "REST.GET.TORRENT",
        accepts: [],
        needs: [need(GetObjectTorrent, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER],
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
    CopyObject: PUT Object [Header("x-amz-copy-source")] {
        log: "REST.COPY.OBJECT",
        accepts: [],
        // The same as for tags goes for the source's annotations, which nobody can look up for less than a copy of all
        // of them; only AWS has them.
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
            when(GetObjectTagging, CopySource, When::KeepsTagsOfObject),
            when(GetObjectVersionTagging, CopySource, When::KeepsTagsOfVersion),
            when(PutObjectTagging, Target, When::KeepsTags),
            reveals(ListBucket, CopySource),
        ],
        payload: None,
        answered_by: UpstreamRead,
        headers: [
            COMMON, EXPECTED_OWNER, PAYER, COPY_SOURCE, COPY_DIRECTIVES, METADATA, TAGGING, ACL, LOCK,
            WRITE_CONDITIONS, CHECKSUM_CHOICE, ENCRYPTION, SSE_C,
        ],
    }
    RenameObject: PUT Object [Query("renameObject")] {
        log: "REST.PUT.RENAME_OBJECT",
        accepts: [],
        // Of directory buckets alone.
        needs: [need(CreateSession, Target)],
        payload: None,
        answered_by: Nobody,
        headers: [COMMON, READ_CONDITIONS, RENAME],
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
        headers: [COMMON, EXPECTED_OWNER, PAYER, DELETE_CONDITIONS, BYPASS_GUARD, MFA],
    }
    RestoreObject: POST Object [Query("restore")] {
        log: "REST.POST.RESTORE",
        accepts: ["versionId"],
        needs: [need(RestoreObject, Target)],
        payload: OptionalSettings("RestoreRequest", SETTINGS),
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER],
    }
    SelectObjectContent: POST Object [Query("select"), QueryValue("select-type", "2")] {
        log: "REST.POST.SELECT",
        accepts: [],
        needs: [need(GetObject, Target), reveals(ListBucket, Bucket)],
        // The events of its answer go on as they come.
        payload: Settings("SelectObjectContentRequest", SETTINGS),
        answered_by: Upstream,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, SSE_C],
    }
    UpdateObjectEncryption: PUT Object [Query("encryption")] {
        log: "REST.PUT.ENCRYPTION",
        accepts: ["versionId"],
        needs: [need(UpdateObjectEncryption, Target)],
        payload: Settings("ObjectEncryption", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER],
    }

    // Multipart uploads

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
    UploadPart: PUT Object [Query("uploadId"), Query("partNumber")] {
        log: "REST.PUT.PART",
        accepts: [],
        needs: [need(PutObject, Target)],
        payload: Stream,
        answered_by: Upstream,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER, SSE_C],
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
    ListParts: GET Object [Query("uploadId")] {
        log: "REST.GET.UPLOAD",
        accepts: ["max-parts", "part-number-marker"],
        needs: [need(ListMultipartUploadParts, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, SSE_C],
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
    AbortMultipartUpload: DELETE Object [Query("uploadId")] {
        log: "REST.DELETE.UPLOAD",
        accepts: [],
        needs: [need(AbortMultipartUpload, Target)],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, ABORT_CONDITIONS],
    }

    // What belongs to an object

    GetObjectAcl: GET Object [Query("acl")] {
        log: "REST.GET.ACL",
        accepts: ["versionId"],
        needs: [
            when(GetObjectAcl, Target, NO_VERSION),
            when(GetObjectVersionAcl, Target, VERSION),
        ],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER, PAYER],
    }
    PutObjectAcl: PUT Object [Query("acl")] {
        log: "REST.PUT.ACL",
        accepts: ["versionId"],
        needs: [
            when(PutObjectAcl, Target, NO_VERSION),
            when(PutObjectVersionAcl, Target, VERSION),
        ],
        payload: OptionalSettings("AccessControlPolicy", SETTINGS),
        checksum: Required,
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER, ACL],
    }
    GetObjectLegalHold: GET Object [Query("legal-hold")] {
        log: "REST.GET.OBJECT_LOCK_LEGALHOLD",
        accepts: ["versionId"],
        needs: [need(GetObjectLegalHold, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER, PAYER],
    }
    PutObjectLegalHold: PUT Object [Query("legal-hold")] {
        log: "REST.PUT.OBJECT_LOCK_LEGALHOLD",
        accepts: ["versionId"],
        needs: [need(PutObjectLegalHold, Target)],
        payload: Settings("LegalHold", SETTINGS),
        checksum: Required,
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER],
    }
    GetObjectRetention: GET Object [Query("retention")] {
        log: "REST.GET.OBJECT_LOCK_RETENTION",
        accepts: ["versionId"],
        needs: [need(GetObjectRetention, Target)],
        payload: None,
        answered_by: Gateway,
        headers: [COMMON, EXPECTED_OWNER, PAYER],
    }
    PutObjectRetention: PUT Object [Query("retention")] {
        log: "REST.PUT.OBJECT_LOCK_RETENTION",
        accepts: ["versionId"],
        needs: [
            need(PutObjectRetention, Target),
            when(BypassGovernanceRetention, Target, BYPASS),
        ],
        payload: Settings("Retention", SETTINGS),
        checksum: Required,
        answered_by: Gateway,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER, BYPASS_GUARD],
    }
    GetObjectTagging: GET Object [Query("tagging")] {
        log: "REST.GET.OBJECT_TAGGING",
        accepts: ["versionId"],
        needs: [
            when(GetObjectTagging, Target, NO_VERSION),
            when(GetObjectVersionTagging, Target, VERSION),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER],
    }
    PutObjectTagging: PUT Object [Query("tagging")] {
        log: "REST.PUT.OBJECT_TAGGING",
        accepts: ["versionId"],
        needs: [
            when(PutObjectTagging, Target, NO_VERSION),
            when(PutObjectVersionTagging, Target, VERSION),
        ],
        payload: Settings("Tagging", SETTINGS),
        checksum: Required,
        answered_by: UpstreamRead,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER],
    }
    DeleteObjectTagging: DELETE Object [Query("tagging")] {
        log: "REST.DELETE.OBJECT_TAGGING",
        accepts: ["versionId"],
        needs: [
            when(DeleteObjectTagging, Target, NO_VERSION),
            when(DeleteObjectVersionTagging, Target, VERSION),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER],
    }
    GetObjectAnnotation: GET Object [Query("annotation"), Query("annotationName")] {
        log: "REST.GET.ANNOTATION",
        accepts: ["versionId"],
        needs: [
            when(GetObjectAnnotation, Target, NO_VERSION),
            when(GetObjectVersionAnnotation, Target, VERSION),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, CHECKSUM_MODE],
    }
    ListObjectAnnotations: GET Object [Query("annotation")] {
        log: "REST.GET.ANNOTATION",
        accepts: ["annotation-prefix", "continuation-token", "max-annotation-results", "versionId"],
        needs: [
            when(ListObjectAnnotations, Target, NO_VERSION),
            when(ListObjectVersionAnnotations, Target, VERSION),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER],
    }
    PutObjectAnnotation: PUT Object [Query("annotation"), Query("annotationName")] {
        log: "REST.PUT.ANNOTATION",
        accepts: ["versionId"],
        needs: [
            when(PutObjectAnnotation, Target, NO_VERSION),
            when(PutObjectVersionAnnotation, Target, VERSION),
        ],
        payload: Stream,
        answered_by: Upstream,
        headers: [COMMON, BODY, DIGESTS, EXPECTED_OWNER, PAYER, ANNOTATION_CONDITIONS],
    }
    DeleteObjectAnnotation: DELETE Object [Query("annotation"), Query("annotationName")] {
        log: "REST.DELETE.ANNOTATION",
        accepts: ["versionId"],
        needs: [
            when(DeleteObjectAnnotation, Target, NO_VERSION),
            when(DeleteObjectVersionAnnotation, Target, VERSION),
        ],
        payload: None,
        answered_by: Upstream,
        headers: [COMMON, EXPECTED_OWNER, PAYER, ANNOTATION_CONDITIONS],
    }
}

#[cfg(test)]
mod tests;
