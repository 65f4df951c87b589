//! From terms to credentials.

use super::credentials::Fresh;
use super::error::{Code, StsError};
use super::session::{Session, Terms};
use super::token::{self, KeyRing};
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// Credentials that were made.
#[derive(Debug, Clone)]
pub struct Issued {
    /// What they stand for.
    pub session: Session,
    /// The session, sealed.
    pub token: SessionToken,
}

/// A session token. Prints as `***`.
#[derive(Clone)]
pub struct SessionToken(Box<str>);

impl SessionToken {
    /// The token itself; only for who asked for it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A role's session that was made.
#[derive(Debug, Clone)]
pub struct Assumed {
    /// Its credentials.
    pub issued: Issued,
    /// `arn:aws:sts::A:assumed-role/name/session`
    pub arn: Box<str>,
    /// `AROA…:session`
    pub user_id: Box<str>,
    /// How much of the room for policies and tags is taken, if any were passed.
    pub packed_percent: Option<usize>,
    /// What is said of the token it was made with.
    pub web: Option<Web>,
}

/// What the answer says of a web identity token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// `sub`
    pub subject: Box<str>,
    /// `aud`, the one that the gateway is known by.
    pub audience: Box<str>,
    /// `iss`
    pub issuer: Box<str>,
}

/// Makes credentials for these terms.
pub(super) fn issue(terms: Terms, ring: &KeyRing, fresh: Fresh) -> Result<Issued, StsError> {
    let session = Session {
        access_key: fresh.access_key(),
        secret: fresh.secret(),
        terms,
    };
    let too_large = |_| {
        let message = "The session does not fit into a token.";
        StsError::new(Code::PackedPolicyTooLarge, message)
    };
    let token = token::seal(&session, ring, fresh).map_err(too_large)?;
    Ok(Issued {
        session,
        token: SessionToken(token.into()),
    })
}

/// From this second on, for so many.
pub(super) fn span(now: Timestamp, seconds: u32) -> Result<(Timestamp, Timestamp), StsError> {
    let issued = Timestamp::from_second(now.as_second());
    let issued = issued.map_err(|_| out_of_time())?;
    let expires = issued.checked_add(SignedDuration::from_secs(seconds.into()));
    Ok((issued, expires.map_err(|_| out_of_time())?))
}

fn out_of_time() -> StsError {
    StsError::new(Code::InternalFailure, "The clock is out of range.")
}
