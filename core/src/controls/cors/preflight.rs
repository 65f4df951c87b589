//! The answer to a preflight, and S3's errors for it.
//!
//! AWS documents few of them: codes, messages, elements and their order are as S3 has been seen to answer. A
//! preflight is never signed, and the key need not exist.

use super::{Cors, CorsHeaders, CorsRequest};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;

/// What the bucket of a preflight has.
#[derive(Debug, Clone, Copy)]
pub enum BucketCors<'c> {
    /// There is no such bucket.
    NoBucket,
    /// The bucket has no CORS configuration.
    NotEnabled,
    /// It has one.
    Enabled(&'c Cors),
}

/// What the path of a preflight names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceType {
    /// A bucket.
    Bucket,
    /// An object, whether it exists or not.
    Object,
}

impl ResourceType {
    fn name(self) -> &'static str {
        match self {
            Self::Bucket => "BUCKET",
            Self::Object => "OBJECT",
        }
    }
}

/// Answers an OPTIONS: 200 with these headers and an empty body, or an error. `request` is what [`CorsRequest::parse`]
/// read.
///
/// # Errors
/// In S3's order: [`no_origin`], [`bucket_not_found`], [`not_enabled`], [`invalid_method`], [`not_allowed`].
pub fn preflight(
    request: Option<&CorsRequest<'_>>,
    bucket: BucketCors<'_>,
    on: ResourceType,
) -> Result<CorsHeaders, S3Error> {
    let request = request.ok_or_else(no_origin)?;
    let cors = match bucket {
        BucketCors::NoBucket => return Err(bucket_not_found(request)),
        BucketCors::NotEnabled => return Err(not_enabled(request)),
        BucketCors::Enabled(cors) => cors,
    };
    if !request.asks_for_a_method() {
        return Err(invalid_method(request));
    }
    cors.check(request).map_err(|_| not_allowed(request, on))
}

/// 400 BadRequest: a preflight says where it comes from.
pub fn no_origin() -> S3Error {
    S3Error::new(ErrorCode::BadRequest)
        .say("Insufficient information. Origin request header needed.")
}

/// 400 BadRequest: a preflight names one of the five methods that a rule can allow. AWS does not say what it answers
/// otherwise, and it has not been seen: the code is that of a missing origin, `null` is S3's way to write what is not
/// there.
pub fn invalid_method(request: &CorsRequest<'_>) -> S3Error {
    let method = request.requested_method.unwrap_or("null");
    S3Error::new(ErrorCode::BadRequest)
        .say(format!("Invalid Access-Control-Request-Method: {method}"))
}

/// 403 AccessForbidden: the bucket does not exist.
pub fn bucket_not_found(request: &CorsRequest<'_>) -> S3Error {
    forbidden(
        "CORSResponse: Bucket not found",
        request,
        ResourceType::Bucket,
    )
}

/// 403 AccessForbidden: the bucket has no CORS configuration. S3 names the bucket as the resource even if the path
/// names a key.
pub fn not_enabled(request: &CorsRequest<'_>) -> S3Error {
    forbidden(
        "CORSResponse: CORS is not enabled for this bucket.",
        request,
        ResourceType::Bucket,
    )
}

/// 403 AccessForbidden: no rule matches. The spelling is S3's.
pub fn not_allowed(request: &CorsRequest<'_>, on: ResourceType) -> S3Error {
    forbidden(
        "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request \
         method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
         resource's CORS spec.",
        request,
        on,
    )
}

/// 404 NoSuchCORSConfiguration, to GetBucketCors.
pub fn no_configuration(bucket: &str) -> S3Error {
    S3Error::new(ErrorCode::NoSuchCORSConfiguration).with("BucketName", bucket)
}

fn forbidden(message: &'static str, request: &CorsRequest<'_>, on: ResourceType) -> S3Error {
    S3Error::new(ErrorCode::AccessForbidden)
        .say(message)
        .with("Method", request.tested_method())
        .with("ResourceType", on.name())
}
