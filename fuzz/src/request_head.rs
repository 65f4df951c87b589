//! Request heads: what is read, written down again, is read the same. Input: a line `METHOD TARGET` and header lines.

use super::Outcome;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use portcullis_core::request::{Head, Hosts, S3Request, encode_path, parse};
use portcullis_core::sigv4::payload::{BodyKind, ChunkSignatures, plan};
use portcullis_core::sigv4::{canonical_request, presented, string_to_sign};

pub(super) fn check(input: &[u8]) -> Outcome {
    let Some((method, target, headers)) = read(input) else {
        return Outcome::Refused;
    };
    let head = Head {
        method: &method,
        raw_target: target,
        headers: &headers,
    };
    let hosts = ["s3.example", "localhost"];
    let hosts = Hosts(hosts.map(Into::into).to_vec());
    let Ok(request) = parse(&head, &hosts) else {
        return Outcome::Refused;
    };
    sign(&head, &request);
    let (again, headers) = (written(&request), path_style(headers.clone()));
    let again = Head {
        raw_target: again.as_bytes(),
        headers: &headers,
        ..head
    };
    let again = parse(&again, &hosts).expect("what was read can be read again");
    assert_eq!(again.target, request.target);
    assert_eq!(again.operation.id, request.operation.id);
    assert_eq!(again.copy_source, request.copy_source);
    assert_eq!(
        again.query.canonical(|_| false),
        request.query.canonical(|_| false)
    );
    Outcome::Accepted
}

fn read(input: &[u8]) -> Option<(Method, &[u8], HeaderMap)> {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.splitn(2, |byte| *byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let target = words.next()?;
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(halves.next()?).ok()?;
        let value = HeaderValue::from_bytes(halves.next()?.trim_ascii()).ok()?;
        headers.append(name, value);
    }
    Some((method, target, headers))
}

/// The target, path-style and encoded as the upstream gets it.
fn written(request: &S3Request) -> String {
    let path = encode_path(request.target.as_str());
    let query = request.query.canonical(|_| false);
    // A bucket alone may be written with and without a slash behind it.
    format!("/{path}?{query}")
}

fn path_style(mut headers: HeaderMap) -> HeaderMap {
    headers.insert(HOST, HeaderValue::from_static("127.0.0.1"));
    headers
}

/// The readers of signature and body have no more to fear of a head that is a request.
fn sign(head: &Head<'_>, request: &S3Request) {
    let claim = presented(head, &request.query).ok().flatten();
    if let Some(claim) = &claim {
        let _ = canonical_request(head, &request.query, claim);
        let _ = string_to_sign(head, &request.query, claim);
    }
    for kind in [BodyKind::Object, BodyKind::Document { limit: 1024 }] {
        for chunks in [ChunkSignatures::Verified(None), ChunkSignatures::Ignored] {
            let _ = plan(head, claim.as_ref(), kind, chunks);
        }
    }
}
