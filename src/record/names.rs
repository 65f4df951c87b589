//! What core's enums are called in records and metrics.

use portcullis_core::admission::Auth;
use portcullis_core::policy::{Layer, Missing, Verdict};

/// How a request was authenticated.
pub(super) fn auth_name(auth: Auth) -> &'static str {
    match auth {
        Auth::Anonymous => "anonymous",
        Auth::Header => "header",
        Auth::Presigned => "presigned",
        Auth::Listener => "listener",
    }
}

/// The outcome of an evaluation.
pub(super) fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::ExplicitDeny => "explicit_deny",
        Verdict::ImplicitDeny(_) => "implicit_deny",
        Verdict::Unknown => "unknown",
    }
}

/// Whose allow an implicit deny lacks.
pub(super) fn missing_name(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::ImplicitDeny(missing) => Some(match missing {
            Missing::Identity => "identity",
            Missing::Resource => "resource",
            Missing::Boundary => "boundary",
            Missing::Session => "session",
            Missing::ServiceControl => "service_control",
        }),
        Verdict::Allow | Verdict::ExplicitDeny | Verdict::Unknown => None,
    }
}

/// A layer of policy.
pub(super) fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Guardrail => "guardrail",
        Layer::Rego => "rego",
        Layer::ServiceControl => "service_control",
        Layer::Bucket => "bucket",
        Layer::Identity => "identity",
        Layer::Boundary => "boundary",
        Layer::Session => "session",
        Layer::Root => "root",
    }
}
