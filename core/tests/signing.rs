//! Signed requests from the public suite and from botocore: each intermediate text is ours, each verifies, and no
//! change of one byte does, except those listed in [`keeps_meaning`].

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test file: what fails here fails the test"
)]

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use portcullis_core::identity::SecretKey;
use portcullis_core::request::{Head, Parameter, Query};
use portcullis_core::sigv4::{
    Expected, Presented, SignatureError, SigningKey, canonical_request, presented,
    refuse_unknown_key, string_to_sign, verify,
};
use std::path::{Path, PathBuf};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const FAMILIES: [&str; 4] = ["s3", "s3-presigned", "suite", "suite-presigned"];

/// A request's head, owned.
struct Request {
    method: Method,
    target: Vec<u8>,
    query: Query,
    headers: HeaderMap,
}

/// One folder of `data/signing`.
struct Case {
    name: String,
    request: Vec<u8>,
    canonical: String,
    to_sign: String,
    signature: String,
    service: &'static str,
    region: &'static str,
}

impl Request {
    fn parse(text: &[u8]) -> Option<Self> {
        let mut lines = text.split(|byte| *byte == b'\n');
        let line = lines.next()?;
        let first = line.iter().position(|byte| *byte == b' ')?;
        let last = line.iter().rposition(|byte| *byte == b' ')?;
        let target = line.get(first + 1..last)?.to_vec();
        let mut headers = HeaderMap::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let value = line[colon + 1..].trim_ascii();
            headers.append(
                HeaderName::from_bytes(&line[..colon]).ok()?,
                HeaderValue::from_bytes(value).ok()?,
            );
        }
        Some(Self {
            method: Method::from_bytes(&line[..first]).ok()?,
            query: query(&target)?,
            target,
            headers,
        })
    }

    fn head(&self) -> Head<'_> {
        Head {
            method: &self.method,
            raw_target: &self.target,
            headers: &self.headers,
        }
    }
}

impl Case {
    fn read(folder: &Path, family: &str) -> Self {
        let file = |name: &str| {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            text.strip_suffix('\n').unwrap().to_owned()
        };
        let (service, region) = match family.starts_with("s3") {
            true => ("s3", "eu-central-1"),
            false => ("service", "us-east-1"),
        };
        Self {
            name: format!("{family}/{}", folder.file_name().unwrap().display()),
            request: file("request.txt").into_bytes(),
            canonical: file("canonical.txt"),
            to_sign: file("to-sign.txt"),
            signature: file("signature.txt"),
            service,
            region,
        }
    }

    /// Most of the suite is signed without `x-amz-content-sha256`, which S3 wants sent though not signed; its value
    /// then stands in the canonical request alone.
    fn parse(&self, text: &[u8]) -> Option<Request> {
        let mut request = Request::parse(text)?;
        let original = String::from_utf8_lossy(&self.request).to_lowercase();
        if self.name.starts_with("suite/") && !original.contains("\nx-amz-content-sha256:") {
            let value = HeaderValue::from_str(self.payload()).ok()?;
            request.headers.insert("x-amz-content-sha256", value);
        }
        Some(request)
    }

    fn present<'a>(&'a self, request: &'a Request) -> Result<Presented<'a>, SignatureError> {
        let claim = presented(&request.head(), &request.query)?;
        let mut claim = claim.ok_or(SignatureError::MissingDate)?;
        if self.name.starts_with("suite-presigned") {
            claim.payload = self.payload();
        }
        Ok(claim)
    }

    fn verify(&self, text: &[u8], now: jiff::Timestamp) -> Result<(), SignatureError> {
        let Some(request) = self.parse(text) else {
            return Err(SignatureError::UnknownScheme);
        };
        let (head, query) = (request.head(), &request.query);
        let claim = self.present(&request)?;
        let expected = Expected {
            regions: &[self.region],
            service: self.service,
        };
        if claim.access_key != "AKIDEXAMPLE" {
            return Err(refuse_unknown_key(&head, query, &claim, now, expected));
        }
        let key = SigningKey::derive(&SecretKey::new(SECRET.to_owned()), &claim.scope);
        verify(&head, query, &claim, &key, now, expected).map(drop)
    }

    fn payload(&self) -> &str {
        self.canonical.rsplit('\n').next().unwrap()
    }
}

fn query(target: &[u8]) -> Option<Query> {
    let Some(start) = target.iter().position(|byte| *byte == b'?') else {
        return Some(Query::default());
    };
    let parameter = |text: &[u8]| {
        let (name, value) = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let value = match value {
            Some(value) => Some(decode(value)?),
            None => None,
        };
        Some(Parameter {
            name: decode(name)?,
            value,
        })
    };
    let parts = target[start + 1..].split(|byte| *byte == b'&');
    let parameters: Option<Vec<_>> = parts
        .filter(|part| !part.is_empty())
        .map(parameter)
        .collect();
    Some(Query(parameters?))
}

fn decode(text: &[u8]) -> Option<Box<str>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
        }
    }
    Some(String::from_utf8(bytes).ok()?.into())
}

fn cases() -> Vec<Case> {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/signing");
    let mut cases = Vec::new();
    for family in FAMILIES {
        let folders = std::fs::read_dir(data.join(family)).unwrap();
        cases.extend(folders.map(|folder| Case::read(&folder.unwrap().path(), family)));
    }
    assert!(cases.len() > 70, "only {} cases were found", cases.len());
    cases
}

fn signed_at(case: &Case) -> jiff::Timestamp {
    let request = case.parse(&case.request).unwrap();
    case.present(&request).unwrap().timestamp
}

#[test]
fn every_intermediate_text_is_as_recorded() {
    for case in cases() {
        let request = case.parse(&case.request).unwrap();
        let (head, query) = (request.head(), &request.query);
        let claim = case.present(&request).unwrap();
        assert_eq!(
            canonical_request(&head, query, &claim),
            case.canonical,
            "{}",
            case.name
        );
        assert_eq!(
            string_to_sign(&head, query, &claim),
            case.to_sign,
            "{}",
            case.name
        );
        let key = SigningKey::derive(&SecretKey::new(SECRET.to_owned()), &claim.scope);
        let signature = key.sign(&[case.to_sign.as_bytes()]);
        let hex: String = signature
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, case.signature, "{}", case.name);
    }
}

#[test]
fn every_case_verifies() {
    for case in cases() {
        assert_eq!(
            case.verify(&case.request, signed_at(&case)),
            Ok(()),
            "{}",
            case.name
        );
    }
}

#[test]
fn no_case_verifies_with_another_key() {
    for case in cases() {
        let text = String::from_utf8(case.request.clone()).unwrap();
        let other = text.replace("AKIDEXAMPLE", "AKIDEXAMPLF");
        let refused = case.verify(other.as_bytes(), signed_at(&case));
        assert_eq!(refused, Err(SignatureError::UnknownKey), "{}", case.name);
    }
}

#[test]
fn every_change_of_one_byte_is_refused() {
    for case in cases() {
        let now = signed_at(&case);
        for position in 0..case.request.len() {
            let original = case.request[position];
            for changed in [original ^ 1, original ^ 0x20, b'Z', b' '] {
                let mut text = case.request.clone();
                text[position] = changed;
                if changed == original || keeps_meaning(&case.request, position, changed) {
                    continue;
                }
                let verdict = case.verify(&text, now);
                assert!(
                    verdict.is_err(),
                    "{}: {}",
                    case.name,
                    String::from_utf8_lossy(&text)
                );
            }
        }
    }
}

/// The changes that S3 does not see: the HTTP version, letter case of header names, headers that are not signed,
/// letter case of an escape's digits, and blanks for blanks.
fn keeps_meaning(request: &[u8], position: usize, changed: u8) -> bool {
    let original = request[position];
    let start = request[..position]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let line = request[start..]
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap();
    let name = line.split(|byte| *byte == b':').next().unwrap();
    let case_only = original.eq_ignore_ascii_case(&changed);
    let unsigned_line = [&b"expect"[..], b"user-agent"].contains(&name);
    let header_name = start > 0 && position < start + name.len();
    let version = start == 0 && position >= start + line.len() - "HTTP/1.1".len();
    let escape = start == 0
        && request[..position]
            .iter()
            .rev()
            .take(2)
            .any(|byte| *byte == b'%');
    let unsigned_away = !signs_all(request, name) && start > 0;
    version
        || unsigned_line
        || unsigned_away
        || (case_only && (header_name || escape))
        || is_blank(original, changed)
}

/// Whether a header of the case stands in its list of signed headers (or is `authorization` itself).
fn signs_all(request: &[u8], name: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request)
        .to_lowercase()
        .replace("%3b", ";");
    let list = text.split("signedheaders=").nth(1).unwrap_or_default();
    let list = list.split([',', '&', ' ']).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).to_lowercase();
    name == "authorization"
        || name.starts_with("x-amz-")
        || list.split(';').any(|listed| listed == name)
}

fn is_blank(original: u8, changed: u8) -> bool {
    matches!(original, b' ' | b'\t') && matches!(changed, b' ' | b'\t')
}
