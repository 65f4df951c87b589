//! What the Security Token Service answers when it refuses.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>

use crate::policy::Decision;
use http::StatusCode;

/// Defines [`Code`] from rows `Code STATUS "when"`.
macro_rules! codes {
    ($($code:ident $status:ident $when:literal;)*) => {
        /// An error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $when] $code,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// As it stands in the answer.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => stringify!($code),)*
                }
            }

            /// The status it is answered with.
            pub fn status(self) -> StatusCode {
                match self {
                    $(Self::$code => StatusCode::$status,)*
                }
            }
        }
    };
}

codes! {
    AccessDenied FORBIDDEN "Not allowed, or there is no such role.";
    ExpiredToken FORBIDDEN "The session token of the caller expired.";
    ExpiredTokenException BAD_REQUEST "The web identity token expired.";
    IDPCommunicationError BAD_REQUEST "The identity provider's keys could not be fetched.";
    IDPRejectedClaim FORBIDDEN "A claim of the web identity token is wrong.";
    IncompleteSignature BAD_REQUEST "The signature lacks a part.";
    InternalFailure INTERNAL_SERVER_ERROR "The gateway failed.";
    InvalidAction BAD_REQUEST "No such action, or not in this version.";
    InvalidClientTokenId FORBIDDEN "The access key or the session token is unknown.";
    InvalidIdentityToken BAD_REQUEST "The web identity token cannot be believed.";
    InvalidParameterCombination BAD_REQUEST "Parameters that exclude each other.";
    InvalidParameterValue BAD_REQUEST "A parameter has a value it cannot have.";
    InvalidQueryParameter BAD_REQUEST "A parameter that the action does not have.";
    MalformedPolicyDocument BAD_REQUEST "A session policy is wrong.";
    MalformedQueryString BAD_REQUEST "The parameters cannot be read.";
    MissingAction BAD_REQUEST "No action is named.";
    MissingAuthenticationToken FORBIDDEN "The action needs a signature.";
    PackedPolicyTooLarge BAD_REQUEST "Session policies and tags do not fit into a token.";
    RequestExpired BAD_REQUEST "The request was signed too long ago.";
    ServiceUnavailable SERVICE_UNAVAILABLE "The gateway cannot answer now.";
    SignatureDoesNotMatch FORBIDDEN "The signature is wrong.";
    Throttling BAD_REQUEST "Too many requests.";
    ValidationError BAD_REQUEST "A parameter does not satisfy its constraints.";
}

impl Code {
    /// Whose fault it is, as `Type` has it.
    pub fn fault(self) -> &'static str {
        match self.status().is_server_error() {
            true => "Receiver",
            false => "Sender",
        }
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub struct StsError {
    /// Its code, which has its status.
    pub code: Code,
    /// For the client, in AWS's style; says nothing of policies.
    pub message: Box<str>,
    /// For the record: what the policies said, if they were asked.
    pub decision: Option<Box<Decision>>,
}

impl StsError {
    /// A refusal without a decision behind it.
    pub fn new(code: Code, message: impl Into<Box<str>>) -> Self {
        Self {
            code,
            message: message.into(),
            decision: None,
        }
    }

    pub(super) fn denied(message: impl Into<Box<str>>) -> Self {
        Self::new(Code::AccessDenied, message)
    }
}
