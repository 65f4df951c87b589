//! The health listener: `/livez`, `/readyz`, `/healthz`, `/metrics`.
//!
//! Plain HTTP/1.1 for probes and scrapers, in a namespace of trust of its own: it changes nothing and tells no secret.
//! It may be reachable by others, so connections, heads and times are bounded.

use super::http::{self, Socket, Text, plain, text};
use super::readiness::Readiness;
use crate::record::metrics::Metrics;
use ::http::header::ALLOW;
use ::http::{HeaderValue, Method, Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// For a whole connection.
const LIFETIME: Duration = Duration::from_secs(15);

/// Serves health and metrics until `shutdown` completes. End it last: while the gateway drains, `/readyz` has to say so.
pub async fn serve_health(
    listener: TcpListener,
    readiness: Readiness,
    metrics: Arc<Metrics>,
    shutdown: impl Future<Output = ()>,
) {
    let handle = move |request: http::Request| {
        let response = respond(request.method(), request.uri().path(), &readiness, &metrics);
        std::future::ready(response)
    };
    http::serve("health", LIFETIME, Socket::Tcp(listener), handle, shutdown).await;
}

fn respond(
    method: &Method,
    path: &str,
    readiness: &Readiness,
    metrics: &Metrics,
) -> Response<Text> {
    let Some(route) = Route::of(path) else {
        return plain(StatusCode::NOT_FOUND, "not found\n");
    };
    if method != Method::GET && method != Method::HEAD {
        let mut refusal = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
        let allowed = HeaderValue::from_static("GET, HEAD");
        refusal.headers_mut().insert(ALLOW, allowed);
        return refusal;
    }
    match route {
        Route::Live => plain(StatusCode::OK, "ok\n"),
        Route::Health => health(readiness),
        Route::Ready => ready(readiness),
        Route::Metrics => scrape(metrics),
    }
}

enum Route {
    Live,
    Ready,
    Health,
    Metrics,
}

impl Route {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/livez" => Some(Self::Live),
            "/readyz" => Some(Self::Ready),
            "/healthz" => Some(Self::Health),
            "/metrics" => Some(Self::Metrics),
            _ => None,
        }
    }
}

fn health(readiness: &Readiness) -> Response<Text> {
    match readiness.report().ready {
        true => plain(StatusCode::OK, "ok\n"),
        false => plain(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}

fn ready(readiness: &Readiness) -> Response<Text> {
    let report = readiness.report();
    let status = match report.ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    // Names, flags and reasons always serialise.
    let body = serde_json::to_vec(&report).unwrap_or_default();
    text(status, "application/json", body)
}

fn scrape(metrics: &Metrics) -> Response<Text> {
    match metrics.text() {
        Ok(body) => text(StatusCode::OK, prometheus::TEXT_FORMAT, body),
        Err(error) => {
            tracing::error!(%error, "cannot write the metrics");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n")
        }
    }
}

#[cfg(test)]
mod tests;
