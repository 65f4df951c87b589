//! GetSessionToken: temporary credentials of a user for itself.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>

use super::assume::{Desk, HOUR};
use super::call::GetSessionToken;
use super::credentials::Fresh;
use super::error::StsError;
use super::issue::{Issued, issue, span};
use super::session::{Holder, Limits, Terms};
use crate::identity::{Caller, CallerKind};
use std::collections::{BTreeMap, BTreeSet};

/// How long they live if the call does not say.
const TWELVE_HOURS: u32 = 43_200;

/// Makes credentials of who signed the call. No policy is asked: it may do no more with them than without.
///
/// # Errors
/// The caller uses temporary credentials itself.
pub fn get_session_token(
    call: &GetSessionToken,
    caller: &Caller,
    desk: &Desk<'_>,
    fresh: Fresh,
) -> Result<Issued, StsError> {
    let refused = || StsError::denied("Cannot call GetSessionToken with session credentials");
    if caller.session.is_some() {
        return Err(refused());
    }
    let seconds = match caller.kind {
        CallerKind::User { .. } => call.seconds.unwrap_or(TWELVE_HOURS),
        // AWS gives a root user one hour, whatever more it asks for.
        CallerKind::Root => call.seconds.unwrap_or(HOUR).min(HOUR),
        CallerKind::RoleSession { .. } | CallerKind::FederatedUser { .. } => return Err(refused()),
    };
    let (issued, expires) = span(desk.around.now, seconds)?;
    let terms = Terms {
        holder: Holder::User {
            arn: caller.arn.clone(),
            id: caller.user_id.clone(),
        },
        issued,
        expires,
        limits: Limits::default(),
        tags: BTreeMap::new(),
        transitive: BTreeSet::new(),
        source_identity: None,
        vouched: None,
    };
    issue(terms, desk.ring, fresh)
}
