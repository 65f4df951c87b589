//! Which S3 error each refusal becomes. No other file of the core maps a reason to a code.
//!
//! Messages follow AWS's where AWS was seen to have one.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use super::rego::Ruling;
use super::{Asked, Labels};
use crate::form::{FieldError, FormError, PolicyError, Violation};
use crate::identity::{Caller, Principal};
use crate::policy::{Layer, Verdict};
use crate::request::{Head, ParseError, Query};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::s3::names::{AccountId, BadKey, Target};
use crate::s3::operations::{Operation, PayloadKind};
use crate::s3::xml::{BadConfiguration, BadXml};
use crate::sigv4::payload::{BodyError, FrameFault, PlanError};
use crate::sigv4::{self, Form, Presented, PresentedPost, SignatureError};
use jiff::Timestamp;

const ONE_MECHANISM: &str = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query \
                             string parameter or the Authorization header should be specified";
const VERSION_4: &str =
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
const QUERY_PARAMETERS: &str = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                                X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";

// The request line.

pub(super) fn parse(error: ParseError) -> S3Error {
    let code = match &error {
        ParseError::NotOriginForm | ParseError::BadHost => ErrorCode::InvalidRequest,
        ParseError::BadTarget | ParseError::BadKey(_) => ErrorCode::InvalidURI,
        ParseError::KeyTooLong => ErrorCode::KeyTooLongError,
        ParseError::BadBucket(name) => {
            return S3Error::new(ErrorCode::InvalidBucketName).with("BucketName", &**name);
        }
        ParseError::MethodNotAllowed => ErrorCode::MethodNotAllowed,
        ParseError::NotAForm => return form(&FormError::NotMultipart),
        ParseError::NoOperation => return not_implemented("This operation is not implemented."),
        ParseError::UnknownQuery(name) => {
            return not_implemented(
                "A query parameter you provided implies functionality that is not implemented.",
            )
            .with("ParameterName", &**name);
        }
        ParseError::RepeatedQuery(name) => {
            return S3Error::new(ErrorCode::InvalidArgument)
                .say("A query parameter was sent more than once.")
                .with("ArgumentName", &**name);
        }
        ParseError::BadQueryValue(name) => {
            return S3Error::new(ErrorCode::InvalidArgument).with("ArgumentName", &**name);
        }
        ParseError::BadCopySource => {
            return S3Error::new(ErrorCode::InvalidArgument)
                .say("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
                .with("ArgumentName", "x-amz-copy-source");
        }
        ParseError::CopySourceArn => {
            return not_implemented("A copy source that is such an ARN is not implemented.");
        }
        ParseError::BadAccount => {
            return S3Error::new(ErrorCode::InvalidArgument)
                .say("x-amz-account-id must be an AWS account ID")
                .with("ArgumentName", "x-amz-account-id");
        }
    };
    S3Error::new(code)
}

// Authentication.

/// A signature that could not even be read.
pub(super) fn unreadable_signature(error: &SignatureError) -> S3Error {
    match error {
        SignatureError::SeveralMechanisms => several_mechanisms(),
        SignatureError::Version2 | SignatureError::Asymmetric => {
            S3Error::new(ErrorCode::InvalidRequest).say(VERSION_4)
        }
        SignatureError::UnknownScheme => {
            S3Error::new(ErrorCode::InvalidArgument).say("Unsupported Authorization Type")
        }
        SignatureError::Malformed { form, what } => malformed(*form, &format!("{what}.")),
        SignatureError::MissingField(name) => missing_field(name),
        SignatureError::RepeatedParameter(name) => repeated("query parameter", name),
        SignatureError::RepeatedHeader(name) => repeated_header(name),
        SignatureError::Contradiction(name) => S3Error::new(ErrorCode::InvalidRequest).say(
            format!("{name} has one value in the header and another in the query string."),
        ),
        SignatureError::MissingDate => S3Error::new(ErrorCode::AccessDenied)
            .say("AWS authentication requires a valid Date or x-amz-date header"),
        SignatureError::MissingContentSha256 => S3Error::new(ErrorCode::InvalidRequest)
            .say("Missing required header for this request: x-amz-content-sha256"),
        SignatureError::UnknownKey => S3Error::new(ErrorCode::InvalidAccessKeyId),
        SignatureError::WrongRegion {
            form,
            given,
            expected,
        } => wrong_region(*form, given, expected),
        SignatureError::WrongService { form, given } => bad_scope(
            *form,
            &format!("incorrect service \"{given}\". This endpoint belongs to \"s3\"."),
        ),
        SignatureError::WrongScopeDate { form } => bad_scope(
            *form,
            "Invalid credential date. This date is not the same as X-Amz-Date.",
        ),
        SignatureError::HeaderNotSigned(name) => S3Error::new(ErrorCode::AccessDenied)
            .say("There were headers present in the request which were not signed")
            .with("HeadersNotSigned", &**name),
        SignatureError::SignedHeaderAbsent(_) | SignatureError::Mismatch => {
            S3Error::new(ErrorCode::SignatureDoesNotMatch)
        }
        SignatureError::TimeTooSkewed => S3Error::new(ErrorCode::RequestTimeTooSkewed),
        SignatureError::NotYetValid => {
            S3Error::new(ErrorCode::AccessDenied).say("Request is not yet valid")
        }
        SignatureError::Expired => S3Error::new(ErrorCode::AccessDenied).say("Request has expired"),
        SignatureError::BadExpires => S3Error::new(ErrorCode::AuthorizationQueryParametersError)
            .say("X-Amz-Expires must be a number between 1 and 604800 seconds"),
    }
}

/// A signature that was read and is wrong: the same, with what helps the client to mend it.
pub(super) fn signature(
    error: &SignatureError,
    head: &Head<'_>,
    query: &Query,
    presented: &Presented<'_>,
    now: Timestamp,
) -> S3Error {
    let plain = unreadable_signature(error);
    match error {
        SignatureError::UnknownKey => plain.with("AWSAccessKeyId", presented.access_key),
        SignatureError::Mismatch => plain
            .with("AWSAccessKeyId", presented.access_key)
            .with(
                "StringToSign",
                sigv4::string_to_sign(head, query, presented),
            )
            .with(
                "CanonicalRequest",
                sigv4::canonical_request(head, query, presented),
            ),
        SignatureError::TimeTooSkewed => plain
            .with("RequestTime", presented.timestamp.to_string())
            .with("ServerTime", now.to_string())
            .with("MaxAllowedSkewMilliseconds", "900000"),
        SignatureError::Expired => plain
            .with("X-Amz-Expires", presented.expires.unwrap_or_default())
            .with("ServerTime", now.to_string()),
        _ => plain,
    }
}

/// The same of a form, whose policy document is what was signed.
pub(super) fn signature_of_post(error: &SignatureError, presented: &PresentedPost<'_>) -> S3Error {
    let plain = unreadable_signature(error);
    match error {
        SignatureError::UnknownKey => plain.with("AWSAccessKeyId", presented.access_key),
        SignatureError::Mismatch => plain
            .with("AWSAccessKeyId", presented.access_key)
            .with("StringToSign", presented.policy),
        _ => plain,
    }
}

/// A form is signed in its fields, and nowhere else.
pub(super) fn several_mechanisms() -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument).say(ONE_MECHANISM)
}

pub(super) fn foreign_token() -> S3Error {
    S3Error::new(ErrorCode::InvalidToken)
}

fn wrong_region(form: Form, given: &str, expected: &str) -> S3Error {
    let what = format!("the region '{given}' is wrong; expecting '{expected}'");
    bad_scope(form, &what).with("Region", expected)
}

/// The credential can be read, but it is not for here and now.
fn bad_scope(form: Form, what: &str) -> S3Error {
    match form {
        Form::Header => malformed(form, what),
        Form::Presigned => S3Error::new(ErrorCode::AuthorizationQueryParametersError).say(format!(
            "Error parsing the X-Amz-Credential parameter; {what}"
        )),
        Form::Post => S3Error::new(ErrorCode::InvalidArgument)
            .say(what.to_owned())
            .with("ArgumentName", "X-Amz-Credential"),
    }
}

fn malformed(form: Form, what: &str) -> S3Error {
    match form {
        Form::Header => S3Error::new(ErrorCode::AuthorizationHeaderMalformed)
            .say(format!("The authorization header is malformed; {what}")),
        Form::Presigned => {
            S3Error::new(ErrorCode::AuthorizationQueryParametersError).say(QUERY_PARAMETERS)
        }
        Form::Post => S3Error::new(ErrorCode::InvalidArgument).say(format!(
            "The fields of the form's signature are malformed; {what}"
        )),
    }
}

pub(super) fn repeated_header(name: &str) -> S3Error {
    repeated("header", name)
}

fn repeated(kind: &str, name: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidRequest)
        .say(format!("The {kind} {name} was sent more than once."))
}

// Forms.

/// What is wrong with a form as it comes.
pub fn form(error: &FormError) -> S3Error {
    let argument = || S3Error::new(ErrorCode::InvalidArgument);
    match error {
        FormError::NotMultipart => S3Error::new(ErrorCode::PreconditionFailed)
            .say("Bucket POST must be of the enclosure-type multipart/form-data")
            .with(
                "Condition",
                "Bucket POST must be of the enclosure-type multipart/form-data",
            ),
        FormError::TooLarge => S3Error::new(ErrorCode::MaxPostPreDataLengthExceededError),
        FormError::NoFile => argument()
            .say("POST requires exactly one file upload per request.")
            .with("ArgumentName", "file")
            .with("ArgumentValue", "0"),
        FormError::Repeated(name) | FormError::NotText(name) => argument()
            .say(sentence(&error.to_string()))
            .with("ArgumentName", name.as_str()),
        FormError::Malformed(_) | FormError::NotLast | FormError::Unclosed => {
            S3Error::new(ErrorCode::MalformedPOSTRequest).say(sentence(&error.to_string()))
        }
    }
}

/// A field that is missing or says what it may not.
pub(super) fn field(error: &FieldError) -> S3Error {
    match error {
        FieldError::Missing(name) => missing_field(name),
        FieldError::NoHeader(name) => S3Error::new(ErrorCode::InvalidArgument)
            .say(sentence(&error.to_string()))
            .with("ArgumentName", name.as_str()),
        FieldError::NotOfForms(name) => header_not_implemented(name),
        FieldError::BadTags => S3Error::new(ErrorCode::MalformedXML),
    }
}

fn missing_field(name: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument)
        .say(format!(
            "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
        ))
        .with("ArgumentName", name)
}

/// A policy document that cannot be read.
pub(super) fn form_policy(error: &PolicyError) -> S3Error {
    S3Error::new(ErrorCode::InvalidPolicyDocument).say(format!("Invalid Policy: {error}."))
}

/// What a form's policy document does not allow.
pub(super) fn violation(violation: &Violation) -> S3Error {
    let denied = |why: String| {
        S3Error::new(ErrorCode::AccessDenied).say(format!("Invalid according to Policy: {why}"))
    };
    match violation {
        Violation::Expired => denied("Policy expired.".to_owned()),
        Violation::Condition(shown) => denied(format!("Policy Condition failed: {shown}")),
        Violation::Uncovered(name) => denied(format!("Extra input fields: {name}")),
        Violation::TooSmall(length, least) => S3Error::new(ErrorCode::EntityTooSmall)
            .with("ProposedSize", length.to_string())
            .with("MinSizeAllowed", least.to_string()),
        Violation::TooLarge(length, most) => S3Error::new(ErrorCode::EntityTooLarge)
            .with("ProposedSize", length.to_string())
            .with("MaxSizeAllowed", most.to_string()),
    }
}

pub(super) fn no_content_length() -> S3Error {
    S3Error::new(ErrorCode::MissingContentLength)
}

// Legality.

pub(super) fn no_such_bucket(target: &Target) -> S3Error {
    S3Error::new(ErrorCode::NoSuchBucket)
        .with("BucketName", target.bucket_name().unwrap_or_default())
}

/// An access point, an alias of one, or a directory bucket.
pub(super) fn no_bucket_of_ours() -> S3Error {
    not_implemented("Access points and directory buckets are not implemented.")
}

/// An operation the gateway would answer itself.
pub(super) fn not_built(operation: &Operation) -> S3Error {
    not_implemented(format!("{} is not implemented.", operation.name))
}

/// What files say, or what there is no store for.
pub(super) fn managed_by_configuration() -> S3Error {
    S3Error::new(ErrorCode::AccessDenied).say("This setting is managed by configuration.")
}

pub(super) fn missing_checksum() -> S3Error {
    S3Error::new(ErrorCode::InvalidRequest)
        .say("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
}

pub(super) fn empty_document() -> S3Error {
    S3Error::new(ErrorCode::MissingRequestBodyError)
}

pub(super) fn restore_selects() -> S3Error {
    not_implemented("A restore that runs a query is not implemented.")
}

/// A role or table bucket in a document that is no ARN of one.
pub(super) fn bad_arn(member: &'static str) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument).with("ArgumentName", member)
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
pub(super) fn bad_tagging_header() -> S3Error {
    let name = "x-amz-tagging";
    S3Error::new(ErrorCode::InvalidArgument)
        .say(format!(
            "The header '{name}' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates."
        ))
        .with("ArgumentName", name)
}

/// What is on record of an object may be one or another, until a write of unknown fate is looked into.
pub(super) fn unsettled() -> S3Error {
    S3Error::new(ErrorCode::ServiceUnavailable)
        .say("What is kept of this object is not settled yet. Please try again.")
}

pub(super) fn tags_of_new_bucket() -> S3Error {
    not_implemented("The store behind this bucket does not take tags with its creation.")
}

pub(super) fn not_in_profile(operation: &Operation) -> S3Error {
    not_implemented(format!(
        "The store behind this bucket does not implement {}.",
        operation.name
    ))
}

pub(super) fn header_not_implemented(name: &str) -> S3Error {
    S3Error::new(ErrorCode::NotImplemented).with("Header", name)
}

pub(super) fn copy_across_upstreams() -> S3Error {
    not_implemented("The source and the destination of a copy lie on different stores.")
}

pub(super) fn bad_max_buckets() -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument)
        .say("max-buckets must be between 1 and 10000")
        .with("ArgumentName", "max-buckets")
}

pub(super) fn unsigned_overrides() -> S3Error {
    S3Error::new(ErrorCode::InvalidRequest)
        .say("Request specific response headers cannot be used for anonymous GET requests.")
}

pub(super) fn no_versions() -> S3Error {
    not_implemented("The store behind this bucket has no versions.")
}

pub(super) fn condition_not_implemented(member: &str) -> S3Error {
    not_implemented(format!(
        "The store behind this bucket does not implement the condition {member}."
    ))
}

pub(super) fn key_not_literal(key: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidURI)
        .say("The store behind this bucket does not keep a key with empty, `.` or `..` segments as it is.")
        .with("Key", key)
}

pub(super) fn bad_key(bad: BadKey, key: &str) -> S3Error {
    let code = match bad {
        BadKey::TooLong => ErrorCode::KeyTooLongError,
        BadKey::NotUtf8 | BadKey::Nul => ErrorCode::InvalidURI,
        BadKey::Empty => ErrorCode::UserKeyMustBeSpecified,
    };
    S3Error::new(code).with("Key", key)
}

pub(super) fn bad_expected_owner(header: &'static str) -> S3Error {
    S3Error::new(ErrorCode::InvalidBucketOwnerAWSAccountID).with("ArgumentName", header)
}

pub(super) fn unexpected_owner() -> S3Error {
    S3Error::new(ErrorCode::AccessDenied)
}

fn not_implemented(message: impl Into<std::borrow::Cow<'static, str>>) -> S3Error {
    S3Error::new(ErrorCode::NotImplemented).say(message)
}

// Bodies.

const CONTENT_SHA256: &str = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                              STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, \
                              STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, \
                              STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";

/// What a body announces about itself.
pub(super) fn plan(error: &PlanError, operation: &Operation) -> S3Error {
    let invalid = |message: String| S3Error::new(ErrorCode::InvalidRequest).say(message);
    match error {
        PlanError::MissingContentLength => S3Error::new(ErrorCode::MissingContentLength),
        PlanError::TooLarge { length, limit } => too_large(*length, *limit, operation),
        PlanError::InvalidDigest => S3Error::new(ErrorCode::InvalidDigest),
        PlanError::InvalidLength(name) => S3Error::new(ErrorCode::InvalidArgument)
            .say(format!("The {name} header is not a number of bytes."))
            .with("ArgumentName", *name),
        PlanError::InvalidContentSha256 => S3Error::new(ErrorCode::InvalidArgument)
            .say(CONTENT_SHA256)
            .with("ArgumentName", "x-amz-content-sha256"),
        PlanError::Asymmetric => not_implemented(
            "Asymmetric signatures (SigV4a) are not implemented; sign with AWS4-HMAC-SHA256.",
        ),
        PlanError::NoSeedSignature => {
            invalid("Signed chunks continue the signature of a signed request.".to_owned())
        }
        PlanError::InvalidChecksum(algorithm) => {
            invalid(format!("Value for {} header is invalid.", algorithm.header()))
        }
        PlanError::SeveralChecksums => invalid(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
                .to_owned(),
        ),
        PlanError::InvalidChecksumAlgorithm => {
            invalid("Value for x-amz-sdk-checksum-algorithm header is invalid.".to_owned())
        }
        PlanError::MissingChecksum => invalid(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers \
             were found."
                .to_owned(),
        ),
        PlanError::UnsupportedTrailer => {
            invalid("The value specified in the x-amz-trailer header is not supported".to_owned())
        }
        PlanError::Contradiction => invalid(
            "The content encoding aws-chunked contradicts the x-amz-content-sha256 header.".to_owned(),
        ),
        PlanError::RepeatedHeader(name) => repeated_header(name),
    }
}

fn too_large(length: u64, limit: u64, operation: &Operation) -> S3Error {
    match operation.payload {
        PayloadKind::None => S3Error::new(ErrorCode::UnexpectedContent),
        PayloadKind::Document(_)
        | PayloadKind::Settings(..)
        | PayloadKind::OptionalSettings(..) => S3Error::new(ErrorCode::MaxMessageLengthExceeded),
        PayloadKind::Stream => S3Error::new(ErrorCode::EntityTooLarge)
            .with("ProposedSize", length.to_string())
            .with("MaxSizeAllowed", limit.to_string()),
    }
}

/// What was wrong with a body when it came.
pub fn body(error: &BodyError) -> S3Error {
    match error {
        BodyError::TooShort | BodyError::TooLong => S3Error::new(ErrorCode::IncompleteBody),
        BodyError::Digest => S3Error::new(ErrorCode::XAmzContentSHA256Mismatch),
        BodyError::Md5 => S3Error::new(ErrorCode::BadDigest)
            .say("The Content-MD5 you specified did not match what we received."),
        BodyError::Checksum(algorithm) => S3Error::new(ErrorCode::BadDigest).say(format!(
            "The {} you specified did not match the calculated checksum.",
            algorithm.name()
        )),
        BodyError::Framing(FrameFault::ChunkSignature | FrameFault::TrailerSignature) => {
            S3Error::new(ErrorCode::SignatureDoesNotMatch)
        }
        BodyError::Framing(fault) => {
            S3Error::new(ErrorCode::InvalidRequest).say(sentence(&fault.to_string()))
        }
    }
}

pub(super) fn bad_xml(_bad: BadXml) -> S3Error {
    S3Error::new(ErrorCode::MalformedXML)
}

pub(super) fn bad_bucket_configuration(bad: BadConfiguration) -> S3Error {
    match bad {
        BadConfiguration::Xml(bad) => bad_xml(bad),
        BadConfiguration::NotImplemented => {
            not_implemented("Directory buckets are not implemented.")
        }
    }
}

pub(super) fn wrong_location(location: &str) -> S3Error {
    S3Error::new(ErrorCode::IllegalLocationConstraintException).say(format!(
        "The {location} location constraint is incompatible for the region specific endpoint this request was sent to."
    ))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

// Permissions.

/// A permission that was refused. Callers of the owner's account are told why, in AWS's words; others are not.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>
pub(super) fn denied(asked: &Asked, principal: &Principal, owner: AccountId) -> S3Error {
    let plain = S3Error::new(ErrorCode::AccessDenied);
    let Principal::Known(caller) = principal else {
        return plain;
    };
    let inside = owner == caller.account.id;
    match reason(asked).filter(|_| inside) {
        None => plain,
        Some(reason) => plain.say(not_authorized(caller, asked, &reason)),
    }
}

/// What guardrails in Rego refused. `asked` is what they were asked about first, unless the caller may not know why.
pub(super) fn guarded(asked: Option<&Asked>, principal: &Principal, ruling: &Ruling) -> S3Error {
    let plain = S3Error::new(ErrorCode::AccessDenied);
    let (Some(asked), Principal::Known(caller)) = (asked, principal) else {
        return plain;
    };
    let why = match ruling.first() {
        Some(refusal) => format!(
            "with an explicit deny in a guardrail: {}",
            refusal.message()
        ),
        None => "because the guardrails could not be evaluated".to_owned(),
    };
    plain.say(not_authorized(caller, asked, &why))
}

/// A public policy where BlockPublicPolicy is on.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>
pub(super) fn public_policy(labels: &Labels) -> S3Error {
    let plain = S3Error::new(ErrorCode::AccessDenied);
    match (&labels.principal, &labels.decision) {
        (Principal::Known(caller), Some(asked)) => plain.say(not_authorized(
            caller,
            asked,
            "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
        )),
        (Principal::Known(_) | Principal::Anonymous | Principal::Service(_), _) => plain,
    }
}

fn not_authorized(caller: &Caller, asked: &Asked, why: &str) -> String {
    format!(
        "User: {} is not authorized to perform: {} on resource: \"{}\" {why}",
        caller.arn,
        asked.action,
        asked.resource.arn(),
    )
}

/// A permission that no question can be put about is not given.
pub(super) fn nothing_to_ask_on() -> S3Error {
    S3Error::new(ErrorCode::AccessDenied)
}

fn reason(asked: &Asked) -> Option<String> {
    match asked.decision.verdict {
        Verdict::Allow => None,
        Verdict::Unknown => Some(format!(
            "because no {} allows the {} action",
            Layer::Identity.policy_name(),
            asked.action
        )),
        Verdict::ExplicitDeny => {
            let layer = asked.decision.by.as_ref().map(|by| by.layer)?;
            Some(format!(
                "with an explicit deny in {} {}",
                article(layer),
                layer.policy_name()
            ))
        }
        Verdict::ImplicitDeny(missing) => Some(format!(
            "because no {} allows the {} action",
            missing.layer().policy_name(),
            asked.action
        )),
    }
}

fn article(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity | Layer::Root | Layer::Acl => "an",
        Layer::Guardrail
        | Layer::Rego
        | Layer::ServiceControl
        | Layer::Bucket
        | Layer::Boundary
        | Layer::Session
        | Layer::PublicAccess => "a",
    }
}
