//! The condition-key table: every `s3:` and global `aws:` key of the Service Authorization Reference, and those `sts:`
//! keys that stand in trust policies, with its type and how its value is found, or why the gateway cannot know it. A key
//! it cannot know is absent from every request.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
//!
//! To add a key, add its row: the enum, the parser and the names in messages follow.

use super::callers;
use super::facts::{AuthType, Facts, TlsVersion};
use super::{Lookup, Value};
use std::fmt;

/// What the table says about a key.
#[derive(Debug)]
pub struct KeyInfo {
    /// In AWS's spelling; for a family up to and including the slash.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Whether it may have several values at once.
    pub arity: Arity,
    /// Where its value comes from.
    pub found: Found,
}

/// The type of a key's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// For String operators.
    Text,
    /// For ARN operators.
    Arn,
    /// For Numeric operators.
    Number,
    /// For Date operators.
    Date,
    /// For Bool.
    Bool,
    /// For IP address operators.
    Ip,
}

/// How many values a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// At most one.
    Single,
    /// A set; conditions need ForAllValues or ForAnyValue.
    Set,
}

/// How a key's value is found.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// From the facts of the request.
    By(for<'a> fn(&'a Facts<'a>) -> Lookup<'a>),
    /// From the facts of the request and the name after the slash.
    ByTag(for<'a> fn(&'a Facts<'a>, &str) -> Lookup<'a>),
    /// From the parameters of a call that makes a session; absent from requests to S3.
    Assuming,
    /// It never is, for this reason.
    Never(&'static str),
}

use Found::{Assuming, By, ByTag, Never};

const ACCESS_POINT: &str = "the gateway has no access points";
const GRANTS: &str = "the gateway has no S3 Access Grants";
const CONTROL: &str = "the gateway runs no batch jobs";
const VENDED_LOGS: &str = "no AWS service delivers logs through the gateway";
const FAULTS: &str = "the gateway takes no part in fault injection";
const SERVICE: &str = "no AWS service calls through the gateway";
const VPC: &str = "the gateway cannot see VPCs";
const SESSION: &str = "credentials of the gateway carry no such fact";
const BUCKET_TAGS: &str = "stored tags of buckets take no part in the gateway's decisions";

macro_rules! condition_keys {
    (
        keys { $($variant:ident = $name:literal: $kind:ident $arity:ident, $found:expr;)* }
        families { $($family:ident = $family_name:literal: $family_kind:ident, $family_found:expr;)* }
    ) => {
        /// A condition key a policy may name.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum Key {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            $(#[doc = concat!("`", $family_name, "NAME`, with the name as written")] $family(Box<str>),)*
            /// `ISSUER:CLAIM`, e.g. `accounts.google.com:sub`: a claim of the token that a session was made with, or
            /// is being made with.
            Claim(Box<str>),
            /// A key of another service or an unknown one, absent from every request.
            Foreign(Box<str>),
        }

        impl Key {
            /// The names of all keys, and of all families up to the slash.
            pub const NAMES: &'static [&'static str] = &[$($name,)* $($family_name,)*];

            /// Finds a key by its name. Case does not count, also in the part after a family's slash.
            pub fn parse(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($name) { return Some(Self::$variant); })*
                $(if let Some(tag) = strip_prefix_ignoring_case(name, $family_name).filter(|tag| !tag.is_empty()) {
                    return Some(Self::$family(tag.into()));
                })*
                is_claim(name).then(|| Self::Claim(name.into()))
            }

            /// The key's row; none for a foreign key.
            pub fn info(&self) -> Option<&'static KeyInfo> {
                Some(match self {
                    $(Self::$variant => {
                        static INFO: KeyInfo =
                            KeyInfo { name: $name, kind: Kind::$kind, arity: Arity::$arity, found: $found };
                        &INFO
                    })*
                    $(Self::$family(_) => {
                        static INFO: KeyInfo = KeyInfo {
                            name: $family_name, kind: Kind::$family_kind, arity: Arity::Single, found: $family_found,
                        };
                        &INFO
                    })*
                    Self::Claim(_) | Self::Foreign(_) => return None,
                })
            }

            /// The name after a family's slash.
            pub fn tag(&self) -> Option<&str> {
                match self {
                    $(Self::$variant => None,)*
                    $(Self::$family(tag) => Some(tag),)*
                    Self::Claim(_) | Self::Foreign(_) => None,
                }
            }
        }
    };
}

condition_keys! {
    keys {
        AccessGrantScope = "s3:AccessGrantScope": Text Single, Never(GRANTS);
        AccessGrantsInstanceArn = "s3:AccessGrantsInstanceArn": Arn Single, Never(GRANTS);
        AccessGrantsLocationScope = "s3:AccessGrantsLocationScope": Text Single, Never(GRANTS);
        AccessPointNetworkOrigin = "s3:AccessPointNetworkOrigin": Text Single, Never(ACCESS_POINT);
        AnnotationPrefix = "s3:annotation-prefix": Text Single, By(|facts| facts.parameter("annotation-prefix"));
        AuthType = "s3:authType": Text Single, By(|facts| Lookup::optional(facts.auth.map(AuthType::as_str)));
        DataAccessPointAccount = "s3:DataAccessPointAccount": Text Single, Never(ACCESS_POINT);
        DataAccessPointArn = "s3:DataAccessPointArn": Arn Single, Never(ACCESS_POINT);
        Delimiter = "s3:delimiter": Text Single, By(|facts| facts.listed("delimiter"));
        DeliverySourceArn = "s3:deliverySourceArn": Arn Single, Never(VENDED_LOGS);
        DestinationRegion = "s3:destinationRegion": Text Single, Never(FAULTS);
        ExistingJobOperation = "s3:ExistingJobOperation": Text Single, Never(CONTROL);
        ExistingJobPriority = "s3:ExistingJobPriority": Number Single, Never(CONTROL);
        IfMatch = "s3:if-match": Text Single, By(|facts| facts.header_or_body("if-match", |body| body.etag));
        IfNoneMatch = "s3:if-none-match": Text Single, By(|facts| facts.header("if-none-match"));
        InventoryAccessibleOptionalFields = "s3:InventoryAccessibleOptionalFields": Text Set, By(|facts| facts.inventory_fields());
        IsReplicationPauseRequest = "s3:isReplicationPauseRequest": Bool Single, Never(FAULTS);
        JobSuspendedCause = "s3:JobSuspendedCause": Text Single, Never(CONTROL);
        Locationconstraint = "s3:locationconstraint": Text Single, By(|facts| facts.in_body(|body| body.location));
        LogType = "s3:logType": Text Single, Never(VENDED_LOGS);
        MaxAnnotationResults = "s3:max-annotation-results": Number Single, By(|facts| facts.parameter("max-annotation-results"));
        MaxKeys = "s3:max-keys": Number Single, By(|facts| facts.listed("max-keys"));
        ObjectLockEventHold = "s3:object-lock-event-hold": Text Single, By(|facts| facts.header_or_body("x-amz-object-lock-event-hold", |body| body.event_hold));
        ObjectLockEventHoldDurationDays = "s3:object-lock-event-hold-duration-days": Number Single, By(|facts| facts.header_or_body("x-amz-object-lock-event-hold-duration-days", |body| body.event_hold_days));
        ObjectLockLegalHold = "s3:object-lock-legal-hold": Text Single, By(|facts| facts.header_or_body("x-amz-object-lock-legal-hold", |body| body.legal_hold));
        ObjectLockMode = "s3:object-lock-mode": Text Single, By(|facts| facts.header_or_body("x-amz-object-lock-mode", |body| body.retention_mode));
        ObjectLockRemainingRetentionDays = "s3:object-lock-remaining-retention-days": Number Single, By(|facts| facts.retention_days());
        ObjectLockRetainUntilDate = "s3:object-lock-retain-until-date": Date Single, By(|facts| facts.header_or_body("x-amz-object-lock-retain-until-date", |body| body.retain_until));
        ObjectCreationOperation = "s3:ObjectCreationOperation": Bool Single, By(|facts| boolean(facts.creates_object));
        Prefix = "s3:prefix": Text Single, By(|facts| facts.listed("prefix"));
        RequestJobOperation = "s3:RequestJobOperation": Text Single, Never(CONTROL);
        RequestJobPriority = "s3:RequestJobPriority": Number Single, Never(CONTROL);
        RequestObjectTagKeys = "s3:RequestObjectTagKeys": Text Set, By(|facts| facts.request_tag_keys());
        S3ResourceAccount = "s3:ResourceAccount": Text Single, By(|facts| Lookup::text(facts.owner.as_str()));
        ResourceArnBeingAuthorized = "s3:resourceArnBeingAuthorized": Arn Single, Never(VENDED_LOGS);
        SignatureAge = "s3:signatureAge": Number Single, By(|facts| number(facts.signature_age_ms));
        Signatureversion = "s3:signatureversion": Text Single, By(|facts| Lookup::optional(facts.auth.map(|_| "AWS4-HMAC-SHA256")));
        TlsVersion = "s3:TlsVersion": Number Single, By(|facts| Lookup::optional(facts.tls.map(TlsVersion::as_str)));
        Versionid = "s3:versionid": Text Single, By(|facts| Lookup::optional(facts.version_id));
        XAmzAcl = "s3:x-amz-acl": Text Single, By(|facts| facts.header("x-amz-acl"));
        XAmzBucketNamespace = "s3:x-amz-bucket-namespace": Text Single, By(|facts| facts.header("x-amz-bucket-namespace"));
        XAmzContentSha256 = "s3:x-amz-content-sha256": Text Single, By(|facts| Lookup::optional(facts.content_sha256));
        XAmzCopySource = "s3:x-amz-copy-source": Text Single, By(|facts| Lookup::optional(facts.copy_source.map(|text| text.trim_start_matches('/'))));
        XAmzGrantFullControl = "s3:x-amz-grant-full-control": Text Single, By(|facts| facts.header("x-amz-grant-full-control"));
        XAmzGrantRead = "s3:x-amz-grant-read": Text Single, By(|facts| facts.header("x-amz-grant-read"));
        XAmzGrantReadAcp = "s3:x-amz-grant-read-acp": Text Single, By(|facts| facts.header("x-amz-grant-read-acp"));
        XAmzGrantWrite = "s3:x-amz-grant-write": Text Single, By(|facts| facts.header("x-amz-grant-write"));
        XAmzGrantWriteAcp = "s3:x-amz-grant-write-acp": Text Single, By(|facts| facts.header("x-amz-grant-write-acp"));
        XAmzMetadataDirective = "s3:x-amz-metadata-directive": Text Single, By(|facts| facts.header("x-amz-metadata-directive"));
        XAmzObjectAnnotationDirective = "s3:x-amz-object-annotation-directive": Text Single, By(|facts| facts.header("x-amz-object-annotation-directive"));
        XAmzObjectIfMatch = "s3:x-amz-object-if-match": Text Single, By(|facts| facts.header("x-amz-object-if-match"));
        XAmzObjectOwnership = "s3:x-amz-object-ownership": Text Single, By(|facts| facts.header("x-amz-object-ownership"));
        XAmzServerSideEncryption = "s3:x-amz-server-side-encryption": Text Single, By(|facts| facts.header("x-amz-server-side-encryption"));
        XAmzServerSideEncryptionAwsKmsKeyId = "s3:x-amz-server-side-encryption-aws-kms-key-id": Arn Single, By(|facts| facts.header("x-amz-server-side-encryption-aws-kms-key-id"));
        XAmzServerSideEncryptionCustomerAlgorithm = "s3:x-amz-server-side-encryption-customer-algorithm": Text Single, By(|facts| facts.header("x-amz-server-side-encryption-customer-algorithm"));
        XAmzStorageClass = "s3:x-amz-storage-class": Text Single, By(|facts| facts.header("x-amz-storage-class"));
        XAmzWebsiteRedirectLocation = "s3:x-amz-website-redirect-location": Text Single, By(|facts| facts.header("x-amz-website-redirect-location"));
        CalledVia = "aws:CalledVia": Text Set, Never(SERVICE);
        CalledViaFirst = "aws:CalledViaFirst": Text Single, Never(SERVICE);
        CalledViaLast = "aws:CalledViaLast": Text Single, Never(SERVICE);
        CurrentTime = "aws:CurrentTime": Date Single, By(|facts| Lookup::One(Value::Time(facts.now)));
        Ec2InstanceSourcePrivateIPv4 = "aws:Ec2InstanceSourcePrivateIPv4": Ip Single, Never(VPC);
        Ec2InstanceSourceVpc = "aws:Ec2InstanceSourceVpc": Text Single, Never(VPC);
        EpochTime = "aws:EpochTime": Date Single, By(|facts| number(Some(facts.now.as_second())));
        FederatedProvider = "aws:FederatedProvider": Text Single, By(|facts| Lookup::optional(facts.web_identity_provider()));
        MultiFactorAuthAge = "aws:MultiFactorAuthAge": Number Single, Never(SESSION);
        MultiFactorAuthPresent = "aws:MultiFactorAuthPresent": Bool Single, Never(SESSION);
        PrincipalAccount = "aws:PrincipalAccount": Text Single, By(|facts| Lookup::optional(facts.caller().map(|caller| caller.account.id.as_str())));
        PrincipalArn = "aws:PrincipalArn": Arn Single, By(|facts| Lookup::optional(facts.caller().map(|caller| &*caller.principal_arn)));
        PrincipalIsAWSService = "aws:PrincipalIsAWSService": Bool Single, By(|facts| boolean(facts.is_service()));
        PrincipalOrgID = "aws:PrincipalOrgID": Text Single, By(|facts| callers::organization(facts.membership()));
        PrincipalOrgPaths = "aws:PrincipalOrgPaths": Text Set, By(|facts| callers::paths(facts.membership()));
        PrincipalServiceName = "aws:PrincipalServiceName": Text Single, By(|facts| Lookup::optional(facts.service_name()));
        PrincipalServiceNamesList = "aws:PrincipalServiceNamesList": Text Set, Never(SERVICE);
        PrincipalType = "aws:PrincipalType": Text Single, By(|facts| Lookup::optional(facts.principal_type()));
        Referer = "aws:referer": Text Single, By(|facts| facts.header("referer"));
        RequestedRegion = "aws:RequestedRegion": Text Single, By(|facts| Lookup::text(facts.region));
        ResourceAccount = "aws:ResourceAccount": Text Single, By(|facts| Lookup::text(facts.owner.as_str()));
        ResourceOrgID = "aws:ResourceOrgID": Text Single, By(|facts| callers::organization(facts.owner_membership));
        ResourceOrgPaths = "aws:ResourceOrgPaths": Text Set, By(|facts| callers::paths(facts.owner_membership));
        SecureTransport = "aws:SecureTransport": Bool Single, By(|facts| boolean(Some(facts.tls.is_some())));
        SourceAccount = "aws:SourceAccount": Text Single, Never(SERVICE);
        SourceArn = "aws:SourceArn": Arn Single, Never(SERVICE);
        SourceOrgID = "aws:SourceOrgID": Text Single, Never(SERVICE);
        SourceOrgPaths = "aws:SourceOrgPaths": Text Set, Never(SERVICE);
        SourceIdentity = "aws:SourceIdentity": Text Single, By(|facts| Lookup::optional(facts.source_identity()));
        SourceIp = "aws:SourceIp": Ip Single, By(|facts| Lookup::One(Value::Ip(facts.peer)));
        SourceOwner = "aws:SourceOwner": Text Single, Never(SERVICE);
        SourceVpc = "aws:SourceVpc": Text Single, Never(VPC);
        SourceVpcArn = "aws:SourceVpcArn": Arn Single, Never(VPC);
        SourceVpce = "aws:SourceVpce": Text Single, Never(VPC);
        VpceAccount = "aws:VpceAccount": Text Single, Never(VPC);
        VpceOrgID = "aws:VpceOrgID": Text Single, Never(VPC);
        VpceOrgPaths = "aws:VpceOrgPaths": Text Set, Never(VPC);
        VpcSourceIp = "aws:VpcSourceIp": Ip Single, Never(VPC);
        TagKeys = "aws:TagKeys": Text Set, By(|facts| facts.bucket_tag_keys());
        TokenIssueTime = "aws:TokenIssueTime": Date Single, By(|facts| facts.token_issued());
        UserAgent = "aws:UserAgent": Text Single, By(|facts| facts.header("user-agent"));
        Userid = "aws:userid": Text Single, By(|facts| Lookup::optional(facts.user_id()));
        Username = "aws:username": Text Single, By(|facts| Lookup::optional(facts.user_name()));
        ViaAWSService = "aws:ViaAWSService": Bool Single, By(|facts| boolean(facts.is_service().map(|_| false)));
        AssumedRoot = "aws:AssumedRoot": Bool Single, Never(SESSION);
        StsExternalId = "sts:ExternalId": Text Single, Assuming;
        StsRoleSessionName = "sts:RoleSessionName": Text Single, Assuming;
        StsSourceIdentity = "sts:SourceIdentity": Text Single, Assuming;
        StsTransitiveTagKeys = "sts:TransitiveTagKeys": Text Set, Assuming;
    }
    families {
        AccessPointTag = "s3:AccessPointTag/": Text, Never(ACCESS_POINT);
        BucketTag = "s3:BucketTag/": Text, Never(BUCKET_TAGS);
        ExistingObjectTag = "s3:ExistingObjectTag/": Text, ByTag(|facts, tag| facts.existing_tag(tag));
        RequestObjectTag = "s3:RequestObjectTag/": Text, ByTag(|facts, tag| facts.request_tag(tag));
        PrincipalTag = "aws:PrincipalTag/": Text, ByTag(|facts, tag| facts.principal_tag(tag));
        RequestTag = "aws:RequestTag/": Text, ByTag(|facts, tag| facts.bucket_tag(tag));
        ResourceTag = "aws:ResourceTag/": Text, Never(BUCKET_TAGS);
    }
}

impl Key {
    /// Whether both are the same key: the name after a slash ignores case too.
    pub fn same(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
            && self.to_string().eq_ignore_ascii_case(&other.to_string())
    }

    /// Whether it may have several values at once.
    pub fn is_set(&self) -> bool {
        self.info().is_some_and(|info| info.arity == Arity::Set)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Claim(name) | Self::Foreign(name) = self {
            return f.write_str(name);
        }
        f.write_str(self.info().map_or("", |info| info.name))?;
        f.write_str(self.tag().unwrap_or_default())
    }
}

fn number<'a>(number: Option<i64>) -> Lookup<'a> {
    number.map_or(Lookup::Absent, |number| Lookup::One(Value::Number(number)))
}

fn boolean<'a>(value: Option<bool>) -> Lookup<'a> {
    value.map_or(Lookup::Absent, |value| Lookup::One(Value::Bool(value)))
}

/// `ISSUER:CLAIM`, the issuer being a domain with or without a path.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif>
fn is_claim(name: &str) -> bool {
    let Some((issuer, claim)) = name.rsplit_once(':') else {
        return false;
    };
    let host = issuer.split(['/', ':']).next().unwrap_or_default();
    !claim.is_empty() && host.contains('.') && !name.contains(char::is_whitespace)
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}
