//! Who calls: the listener's fixed principal, a verified signature, or nobody.

use super::{Arrival, Auth, Labels, Rules, refuse};
use crate::identity::{AccessKey, AccessKeyId, Principal};
use crate::request::{Head, S3Request};
use crate::s3::answer::S3Error;
use crate::sigv4::{self, Form, Presented};

/// Fills in the labels' `auth`, `principal` and `access_key`, or refuses.
pub(super) fn caller(
    rules: &Rules,
    head: &Head<'_>,
    request: &S3Request,
    arrival: &Arrival<'_>,
    labels: &mut Labels,
) -> Result<(), S3Error> {
    if let Some(caller) = &arrival.listener.principal {
        labels.auth = Some(Auth::Listener);
        labels.principal = Principal::Known(caller.clone());
        return Ok(());
    }
    let Some(presented) = sigv4::presented(head, &request.query).map_err(refuse::signature)? else {
        labels.auth = Some(Auth::Anonymous);
        return Ok(());
    };
    labels.access_key = Some(AccessKeyId(presented.access_key().into()));
    let key = verified(rules, head, request, arrival, &presented)?;
    labels.auth = Some(match presented.form() {
        Form::Header => Auth::Header,
        Form::Presigned => Auth::Presigned,
    });
    labels.principal = Principal::Known(key.caller.clone());
    Ok(())
}
