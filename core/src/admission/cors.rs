//! CORS: preflights, which are answered before anybody is known, and the headers of all other answers. It grants nothing.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>

use super::{InForce, Rules};
use crate::controls::cors::{
    self, BucketCors, CorsExplanation, CorsHeaders, CorsRequest, ResourceType,
};
use crate::controls::settings::SettingKind;
use crate::request::{Head, S3Request};
use crate::s3::answer::{Answer, Success};
use crate::s3::names::Target;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// Answers a preflight. The object need not be there; nor need the bucket, as far as the gateway does not know better.
pub(super) fn preflight(rules: &Rules, head: &Head<'_>, request: &S3Request) -> Answer {
    let asked = CorsRequest::parse(head.method, head.headers);
    let settings = settings(rules, &request.target);
    let bucket = match settings.map(|settings| settings.cors()) {
        None => BucketCors::NoBucket,
        Some(None) => BucketCors::NotEnabled,
        Some(Some(cors)) => BucketCors::Enabled(cors),
    };
    let on = match request.target.key() {
        Some(_) => ResourceType::Object,
        None => ResourceType::Bucket,
    };
    match cors::preflight(asked.as_ref(), bucket, on) {
        Ok(allowed) => {
            let mut headers = HeaderMap::new();
            allowed.put(&mut headers);
            Answer::Success(Success {
                status: StatusCode::OK,
                headers,
                body: Bytes::new(),
            })
        }
        Err(refused) => refused.into(),
    }
}

/// The upstream of a target, if its store says itself what browsers may do.
pub(super) fn is_theirs(rules: &Rules, target: &Target) -> Option<usize> {
    let position = rules.routes.find(target.bucket_name()?)?;
    let route = rules.routes.get(position)?;
    route
        .theirs
        .contains(&SettingKind::Cors)
        .then_some(position)
}

/// Whether what a store says to browsers is passed on.
pub fn passes_cors(rules: &Rules, target: &Target) -> bool {
    is_theirs(rules, target).is_some()
}

/// What the answer to a request, also an error, says to a browser: `None` if it comes from no other origin, or no rule of
/// the bucket matches.
pub fn cors_headers(rules: &Rules, head: &Head<'_>, target: &Target) -> Option<CorsHeaders> {
    let request = CorsRequest::parse(head.method, head.headers)?;
    settings(rules, target)?.cors()?.check(&request).ok()
}

/// Which rule matched a request that came from another origin, or why none did; `None` if it came from none, or its
/// bucket has no rules.
pub(super) fn explain(
    rules: &Rules,
    head: &Head<'_>,
    target: Option<&Target>,
) -> Option<CorsExplanation> {
    let request = CorsRequest::parse(head.method, head.headers)?;
    Some(settings(rules, target?)?.cors()?.explain(&request))
}

fn settings<'r>(rules: &'r Rules, target: &Target) -> Option<InForce<'r>> {
    let bucket = target.bucket_name()?;
    let route = rules.routes.get(rules.routes.find(bucket)?)?;
    Some(rules.in_force(bucket, route))
}
