//! What goes upstream: the path, query and headers of a request that was allowed. The only maker of a [`Permit`].

use super::authorise::{Case, Granted};
use super::{Labels, Permit};
use crate::request::{Query, encode_path};
use crate::s3::headers::{self, Disposition};
use crate::sigv4::payload::BodyPlan;
use http::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};

/// Makes the permit of a request that passed every check.
pub(super) fn permit(case: &Case<'_>, body: BodyPlan, granted: Granted, labels: &Labels) -> Permit {
    let target = &case.request.target;
    Permit {
        upstream: case.route,
        method: case.head.method.clone(),
        bucket: target.bucket_name().unwrap_or_default().to_owned(),
        key: target.key().map(encode_path).unwrap_or_default(),
        query: forwarded_query(&case.request.query),
        headers: forwarded_headers(case),
        body,
        run: granted.run,
        conceal_missing: granted.conceal_missing,
        labels: labels.clone(),
    }
}

/// The client's query without what authenticated it and without the `x-` names that S3 ignores.
fn forwarded_query(query: &Query) -> String {
    query.canonical(|name| name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-")))
}

fn forwarded_headers(case: &Case<'_>) -> HeaderMap {
    let mut forwarded = HeaderMap::with_capacity(case.head.headers.len());
    for (name, value) in case.head.headers {
        match headers::disposition(case.request.operation, name.as_str()) {
            Some(Disposition::Forward) => {
                forwarded.append(name.clone(), value.clone());
            }
            Some(Disposition::Rewrite) => rewrite(case, name, value, &mut forwarded),
            Some(Disposition::Consume | Disposition::Later) | None => {}
        }
    }
    forwarded
}
