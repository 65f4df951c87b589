//! What the service answers to callers it does not believe.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>

use super::error::{Code, StsError};
use super::session::BadSession;
use super::token::TokenError;
use crate::sigv4::SignatureError;

/// A call that needs a signature came without.
pub fn no_signature() -> StsError {
    let message = "Request is missing Authentication Token";
    StsError::new(Code::MissingAuthenticationToken, message)
}

/// The identity provider's keys could not be fetched, so its tokens cannot be verified; the call may be repeated.
pub fn no_keys() -> StsError {
    let message = "The keys of the identity provider could not be fetched";
    StsError::new(Code::IDPCommunicationError, message)
}

/// A signature that cannot be read or is wrong.
impl From<&SignatureError> for StsError {
    fn from(error: &SignatureError) -> Self {
        let incomplete = |message: &str| Self::new(Code::IncompleteSignature, message);
        let mismatch = |message: &str| Self::new(Code::SignatureDoesNotMatch, message);
        match error {
            SignatureError::UnknownKey => unknown_credentials(),
            SignatureError::Mismatch | SignatureError::SignedHeaderAbsent(_) => mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
            ),
            SignatureError::WrongRegion { expected, .. } => mismatch(&format!(
                "Credential should be scoped to a valid region, such as '{expected}'."
            )),
            SignatureError::WrongService { .. } => {
                mismatch("Credential should be scoped to correct service: 'sts'.")
            }
            SignatureError::WrongScopeDate { .. } => {
                mismatch("Date in Credential scope does not match the date of the request.")
            }
            SignatureError::HeaderNotSigned(name) => mismatch(&format!(
                "'{name}' must be a 'SignedHeader' in the request."
            )),
            SignatureError::TimeTooSkewed => mismatch(
                "Signature expired or not yet current: the time of the request is more than 15 minutes away.",
            ),
            SignatureError::NotYetValid => mismatch("Signature not yet current."),
            SignatureError::Expired => Self::new(Code::RequestExpired, "The request has expired."),
            SignatureError::Version2
            | SignatureError::Asymmetric
            | SignatureError::UnknownScheme => {
                incomplete("Unsupported authorization: use AWS4-HMAC-SHA256.")
            }
            SignatureError::SeveralMechanisms => {
                incomplete("More than one authentication was presented.")
            }
            SignatureError::Malformed { what, .. } => {
                incomplete(&format!("Malformed authentication: {what}."))
            }
            SignatureError::MissingDate => incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ),
            SignatureError::BadExpires => {
                incomplete("X-Amz-Expires must be a number between 1 and 604800 seconds.")
            }
            SignatureError::MissingField(_)
            | SignatureError::MissingContentSha256
            | SignatureError::RepeatedParameter(_)
            | SignatureError::RepeatedHeader(_)
            | SignatureError::Contradiction(_) => {
                incomplete("A part of the signature is missing or came twice.")
            }
        }
    }
}

/// A session token that is refused.
impl From<&TokenError> for StsError {
    fn from(error: &TokenError) -> Self {
        match error {
            TokenError::Expired(_) => Self::new(
                Code::ExpiredToken,
                "The security token included in the request is expired",
            ),
            TokenError::Malformed
            | TokenError::Truncated
            | TokenError::UnknownVersion(_)
            | TokenError::UnknownKey
            | TokenError::Tampered
            | TokenError::Moved => unknown_credentials(),
        }
    }
}

/// A session of what is no more.
impl From<&BadSession> for StsError {
    fn from(error: &BadSession) -> Self {
        match error {
            BadSession::HolderGone(_) | BadSession::PolicyGone(_) => unknown_credentials(),
        }
    }
}

fn unknown_credentials() -> StsError {
    let message = "The security token included in the request is invalid.";
    StsError::new(Code::InvalidClientTokenId, message)
}

#[cfg(test)]
mod tests;
