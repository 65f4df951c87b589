//! The error table: code, status and standard message.

use http::StatusCode;

/// An S3 error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    AccessDenied,
    InternalError,
}

impl ErrorCode {
    pub fn message(self) -> &'static str {
        "Access Denied"
    }

    pub fn status(self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}
