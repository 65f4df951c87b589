//! Who calls: the listener's fixed principal, a verified signature, or nobody.

use super::{Arrival, Auth, Labels, Rules, refuse};
use crate::identity::{AccessKey, AccessKeyId, Principal};
use crate::request::{Head, S3Request};
use crate::s3::answer::S3Error;
use crate::sigv4::payload::{ChunkChain, ChunkSignatures};
use crate::sigv4::{self, Expected, Form, Presented, SigningKey};

/// The service that signatures are made for.
const SERVICE: &str = "s3";

/// What a request was authenticated by.
pub(super) struct Authenticated<'a> {
    /// What was presented, now true; none from nobody, or where the listener answers for the caller.
    pub(super) presented: Option<Presented<'a>>,
    /// How the signatures of chunks in the body are taken.
    pub(super) chunks: ChunkSignatures,
}

/// Fills in the labels' `auth`, `principal` and `access_key`, or refuses. A listener with a fixed principal looks at
/// nothing the client presents.
pub(super) fn caller<'a>(
    rules: &Rules,
    head: &'a Head<'a>,
    request: &'a S3Request,
    arrival: &Arrival<'_>,
    labels: &mut Labels,
) -> Result<Authenticated<'a>, S3Error> {
    if let Some(caller) = &arrival.listener.principal {
        labels.auth = Some(Auth::Listener);
        labels.principal = Principal::Known(caller.clone());
        return Ok(Authenticated {
            presented: None,
            chunks: ChunkSignatures::Ignored,
        });
    }
    let Some(presented) = presented(head, request, arrival)? else {
        labels.auth = Some(Auth::Anonymous);
        return Ok(Authenticated {
            presented: None,
            chunks: ChunkSignatures::Verified(None),
        });
    };
    labels.access_key = Some(AccessKeyId(presented.access_key.into()));
    let (key, chain) = verified(rules, head, request, arrival, &presented)?;
    labels.auth = Some(match presented.form {
        Form::Header => Auth::Header,
        Form::Presigned => Auth::Presigned,
    });
    labels.principal = Principal::Known(key.caller.clone());
    Ok(Authenticated {
        presented: Some(presented),
        chunks: ChunkSignatures::Verified(chain),
    })
}

/// What the client presents, not yet verified; nothing where the listener fixes the principal.
pub(super) fn presented<'a>(
    head: &Head<'a>,
    request: &'a S3Request,
    arrival: &Arrival<'_>,
) -> Result<Option<Presented<'a>>, S3Error> {
    if arrival.listener.principal.is_some() {
        return Ok(None);
    }
    sigv4::presented(head, &request.query).map_err(|error| refuse::unreadable_signature(&error))
}

/// The key that made the signature, and the chain of those in the body, if it has any. An unknown key costs what a wrong signature costs; an inactive one is unknown.
fn verified<'r>(
    rules: &'r Rules,
    head: &Head<'_>,
    request: &S3Request,
    arrival: &Arrival<'_>,
    presented: &Presented<'_>,
) -> Result<(&'r AccessKey, Option<ChunkChain>), S3Error> {
    let regions = rules.routes.regions(request.target.bucket_name());
    let expected = Expected {
        regions: &regions,
        service: SERVICE,
    };
    let refused = |error| refuse::signature(&error, head, &request.query, presented, arrival.now);
    match rules
        .directory
        .keys
        .get(presented.access_key)
        .filter(|key| key.active)
    {
        None => Err(refused(sigv4::refuse_unknown_key(
            head,
            &request.query,
            presented,
            arrival.now,
            expected,
        ))),
        Some(key) => {
            let signing_key = SigningKey::derive(&key.secret, &presented.scope);
            let verified = sigv4::verify(
                head,
                &request.query,
                presented,
                &signing_key,
                arrival.now,
                expected,
            )
            .map_err(refused)?;
            // No key of the directory is a temporary one, so a session token belongs to none of them.
            if presented.session_token.is_some() {
                return Err(refuse::foreign_token());
            }
            let signs_chunks = presented.payload.starts_with("STREAMING-AWS4-HMAC-");
            let chain = signs_chunks.then(|| ChunkChain::begin(&verified, &signing_key));
            Ok((key, chain))
        }
    }
}
