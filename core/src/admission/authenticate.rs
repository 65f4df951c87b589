//! Who calls: the listener's fixed principal, a verified signature, or nobody.

use super::{Arrival, Auth, Labels, Rules, refuse};
use crate::form;
use crate::identity::{AccessKey, AccessKeyId, Principal};
use crate::request::{Head, S3Request};
use crate::s3::answer::S3Error;
use crate::sigv4::payload::{ChunkChain, ChunkSignatures};
use crate::sigv4::{self, Expected, Form, Presented, PresentedPost, SigningKey};
use jiff::Timestamp;

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
        Form::Post => Auth::Form,
    });
    labels.principal = Principal::Known(key.caller.clone());
    Ok(Authenticated {
        presented: Some(presented),
        chunks: ChunkSignatures::Verified(chain),
    })
}

/// Who sends a form, by its fields; fills in the same labels, or refuses. Gives when the form was signed, if it was.
pub(super) fn sender(
    rules: &Rules,
    request: &S3Request,
    arrival: &Arrival<'_>,
    form: &form::Form,
    labels: &mut Labels,
) -> Result<Option<Timestamp>, S3Error> {
    if let Some(caller) = &arrival.listener.principal {
        labels.auth = Some(Auth::Listener);
        labels.principal = Principal::Known(caller.clone());
        return Ok(None);
    }
    let presented = sigv4::presented_post(|name| form.get(name));
    let presented = presented.map_err(|error| refuse::unreadable_signature(&error))?;
    let Some(presented) = presented else {
        labels.auth = Some(Auth::Anonymous);
        return Ok(None);
    };
    labels.access_key = Some(AccessKeyId(presented.access_key.into()));
    let key = verified_post(rules, request, arrival, &presented)?;
    labels.auth = Some(Auth::Form);
    labels.principal = Principal::Known(key.caller.clone());
    Ok(Some(presented.timestamp))
}

/// The key that made the signature of a form. An unknown key costs what a wrong signature costs.
fn verified_post<'r>(
    rules: &'r Rules,
    request: &S3Request,
    arrival: &Arrival<'_>,
    presented: &PresentedPost<'_>,
) -> Result<&'r AccessKey, S3Error> {
    let regions = rules.routes.regions(request.target.bucket_name());
    let expected = Expected {
        regions: &regions,
        service: SERVICE,
    };
    let refused = |error| refuse::signature_of_post(&error, presented);
    let keys = &rules.directory.keys;
    let key = keys.get(presented.access_key).filter(|key| key.active);
    let Some(key) = key else {
        let error = sigv4::refuse_unknown_key_of_post(presented, arrival.now, expected);
        return Err(refused(error));
    };
    let signing_key = SigningKey::derive(&key.secret, &presented.scope);
    sigv4::verify_post(presented, &signing_key, arrival.now, expected).map_err(refused)?;
    // As with other requests.
    match presented.session_token {
        Some(_) => Err(refuse::foreign_token()),
        None => Ok(key),
    }
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
