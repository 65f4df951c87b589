//! What a value of a configuration can have wrong, as S3 says it and as a file's author reads it.

use super::{MAX_BYTES, MAX_RULES};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use std::fmt;

/// The most characters of an ID.
pub(super) const MAX_ID: usize = 255;

/// A value that a configuration cannot have. Its text is for the author of a file, S3's words are its [`S3Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("a CORS rule cannot allow the method `{}`", .0.escape_debug())]
    Method(Box<str>),
    #[error("`{}` has more than one `*`", .1.escape_debug())]
    Wildcards(Field, Box<str>),
    #[error("`{}` has a `*`, which is no wildcard in `ExposeHeaders`", .0.escape_debug())]
    ExposedWildcard(Box<str>),
    #[error("`{}` has a character that {}", .1.escape_debug(), .0.wants())]
    Character(Field, Box<str>),
    #[error("an ID has at most {MAX_ID} characters")]
    LongId,
    #[error("the ID `{}` is another rule's, too", .0.escape_debug())]
    SameId(Box<str>),
    #[error("there are at most {MAX_RULES} rules")]
    TooManyRules,
    #[error("written as XML, a CORS configuration has at most {MAX_BYTES} bytes")]
    TooLarge,
}

/// Where a text stands, by the name of its element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    AllowedOrigin,
    AllowedHeader,
    ExposeHeader,
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::Id => "ID",
            Self::AllowedOrigin => "AllowedOrigin",
            Self::AllowedHeader => "AllowedHeader",
            Self::ExposeHeader => "ExposeHeader",
        }
    }

    fn wants(self) -> &'static str {
        match self {
            Self::Id => "no ID has",
            Self::AllowedOrigin => "no origin has",
            Self::AllowedHeader | Self::ExposeHeader => "no header name has",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// AWS documents the limits, but not what it answers to who exceeds them. The words for a method and for wildcards are
/// S3's as they have been seen, those for the number of rules and for a character are what others quote of it. Those for
/// a long or repeated ID are its words for other rules with IDs, with the code of the rest. For a document over 64 KB
/// stands S3's error for messages that are too big.
impl From<Fault> for S3Error {
    fn from(fault: Fault) -> Self {
        let message = match fault {
            Fault::Method(text) => {
                format!(
                    "Found unsupported HTTP method in CORS config. Unsupported method is {text}"
                )
            }
            Fault::Wildcards(field, text) => {
                format!("{field} \"{text}\" can not have more than one wildcard.")
            }
            Fault::ExposedWildcard(text) => format!(
                "ExposeHeader \"{text}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
            ),
            Fault::Character(field, text) => {
                format!("{field} \"{text}\" contains invalid character.")
            }
            Fault::LongId => format!("ID length should not exceed allowed limit of {MAX_ID}"),
            Fault::SameId(_) => {
                "Rule ID must be unique. Found same ID for more than one rule".to_owned()
            }
            Fault::TooManyRules => format!(
                "The number of CORS rules should not exceed allowed limit of {MAX_RULES} rules."
            ),
            Fault::TooLarge => {
                return Self::new(ErrorCode::MaxMessageLengthExceeded)
                    .with("MaxMessageLengthBytes", MAX_BYTES.to_string());
            }
        };
        Self::new(ErrorCode::InvalidRequest).say(message)
    }
}
