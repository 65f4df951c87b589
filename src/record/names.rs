//! What core's enums are called in records and metrics.

use portcullis_core::admission::Auth;

/// How a request was authenticated.
pub(super) fn auth_name(auth: Auth) -> &'static str {
    match auth {
        Auth::Anonymous => "anonymous",
        Auth::Header => "header",
        Auth::Presigned => "presigned",
        Auth::Form => "form",
        Auth::Listener => "listener",
    }
}
