//! The health listener: `/livez`, `/readyz`, `/healthz`, `/metrics`.
//!
//! Plain HTTP/1.1 for probes and scrapers, in a namespace of trust of its own: it changes nothing and tells no secret.
//! It may be reachable by others, so connections, heads and times are bounded.

use super::readiness::Readiness;
use crate::record::metrics::Metrics;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Connections served at once; further ones wait in the listen queue.
const CONNECTIONS: usize = 32;
/// For a request's head.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// For a whole connection, of one request.
const CONNECTION_TIME: Duration = Duration::from_secs(15);
/// Of a request's head; the least hyper accepts.
const HEAD_SIZE: usize = 8192;
/// After a failed accept, which is most often a lack of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves health and metrics until `shutdown` completes. End it last: while the gateway drains, `/readyz` has to say so.
pub async fn serve_health(
    listener: TcpListener,
    readiness: Readiness,
    metrics: Arc<Metrics>,
    shutdown: impl Future<Output = ()>,
) {
    let accepting = accept(listener, readiness, metrics);
    tokio::select! {
        () = shutdown => (),
        () = accepting => (),
    }
}

async fn accept(listener: TcpListener, readiness: Readiness, metrics: Arc<Metrics>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, readiness.clone(), Arc::clone(&metrics)));
                }
                Err(error) => {
                    tracing::warn!(%error, "the health listener cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => (),
        }
    }
}

async fn serve(stream: TcpStream, readiness: Readiness, metrics: Arc<Metrics>) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = respond(request.method(), request.uri().path(), &readiness, &metrics);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_SIZE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A probe that goes away or sends nonsense is no event.
    let _ = tokio::time::timeout(CONNECTION_TIME, connection).await;
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

fn plain(status: StatusCode, body: &'static str) -> Response<Text> {
    text(status, "text/plain; charset=utf-8", body)
}

fn text(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Text> {
    let mut response = Response::new(Text(Some(body.into())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A body that is at hand.
struct Text(Option<Bytes>);

impl Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |data| data.len() as u64))
    }
}

#[cfg(test)]
mod tests;
