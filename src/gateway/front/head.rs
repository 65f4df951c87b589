//! The guard on a request's raw head: how bytes are framed, and nothing of what they mean.
//!
//! Two readers that disagree on where a request ends let one smuggle a second past the other, so every form that
//! is read in more than one way is refused here, before the framework's parser sees it: [`Scan`] checks bytes and
//! lines as they arrive, [`check`] the complete head. Whatever passes, the framework's parser accepts too; both use
//! the same httparse.

use http::uri::PathAndQuery;
use httparse::{EMPTY_HEADER, Header, Request, Status};

/// The most header fields a head may have.
pub const MAX_FIELDS: usize = 100;

/// The longest request target in bytes. S3's longest key is 1024 bytes, 3072 when percent-encoded; the rest is query.
pub const MAX_TARGET: usize = 8 * 1024;

/// Why a request was refused before it was one. The texts are for the client and hold nothing it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// LF without CR before it.
    #[error("a line of the request head ends in LF without CR")]
    BareLf,
    /// CR without LF after it.
    #[error("the request head contains CR without LF")]
    BareCr,
    /// NUL, another control character, or DEL.
    #[error("the request head contains a control character")]
    Control,
    /// A header field continued on the next line (`obs-fold`).
    #[error("a header field is continued on the next line")]
    Folded,
    /// Not a request line: blank, or not three parts with one space between.
    #[error("the request line is malformed")]
    RequestLine,
    /// `CONNECT` or `TRACE`.
    #[error("the method is not allowed")]
    Method,
    /// Anything but a path: absolute form, authority form, `*`.
    #[error("the request target must be a path")]
    TargetForm,
    /// `#`, an angle bracket or another of the few characters no URI parser takes plain, or bytes that are not UTF-8.
    #[error("the request target contains a character that must be percent-encoded")]
    TargetByte,
    /// Longer than [`MAX_TARGET`].
    #[error("the request target is too long")]
    TargetTooLong,
    /// Neither HTTP/1.1 nor HTTP/1.0.
    #[error("the HTTP version is not supported")]
    Version,
    /// A header name that is no token, a space before the colon, or a line without colon.
    #[error("a header field is malformed")]
    Field,
    /// More fields than [`MAX_FIELDS`].
    #[error("the request has too many header fields")]
    TooManyFields,
    /// HTTP/1.1 without `Host`.
    #[error("the Host header is missing")]
    HostMissing,
    /// More than one `Host`.
    #[error("the Host header is repeated")]
    HostRepeated,
    /// An empty `Host`, or one with user information or bytes no host has.
    #[error("the Host header is malformed")]
    HostMalformed,
    /// More than one `Content-Length`, equal or not.
    #[error("the Content-Length header is repeated")]
    LengthRepeated,
    /// Not one plain decimal number that fits 63 bits.
    #[error("the Content-Length header is malformed")]
    LengthMalformed,
    /// Anything but one `Transfer-Encoding: chunked`.
    #[error("the Transfer-Encoding must be chunked")]
    Encoding,
    /// `Transfer-Encoding` beside `Content-Length`.
    #[error("Transfer-Encoding and Content-Length exclude each other")]
    EncodingAndLength,
    /// `Transfer-Encoding` in HTTP/1.0.
    #[error("HTTP/1.0 has no Transfer-Encoding")]
    EncodingInOldVersion,
    /// An `Upgrade` field, of whatever protocol.
    #[error("the protocol cannot be upgraded")]
    Upgrade,
    /// `Connection` with an option other than `close` and `keep-alive`: it would name a header to be dropped.
    #[error("the Connection header may hold close or keep-alive only")]
    ConnectionOption,
    /// The head did not end within [`super::Limits::head_bytes`].
    #[error("the request head is too large")]
    TooLarge,
    /// The head did not end within [`super::Limits::head_time`].
    #[error("the request head did not arrive in time")]
    Timeout,
    /// The client closed or reset the connection within the head.
    #[error("the connection was closed within the request head")]
    Closed,
}

/// Declares the names of refusals, for metrics.
macro_rules! names {
    ($($variant:ident $name:literal)*) => {
        impl Refusal {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The reason as a label.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

names! {
    BareLf "bare_lf"
    BareCr "bare_cr"
    Control "control"
    Folded "folded"
    RequestLine "request_line"
    Method "method"
    TargetForm "target_form"
    TargetByte "target_byte"
    TargetTooLong "target_too_long"
    Version "version"
    Field "field"
    TooManyFields "too_many_fields"
    HostMissing "host_missing"
    HostRepeated "host_repeated"
    HostMalformed "host_malformed"
    LengthRepeated "length_repeated"
    LengthMalformed "length_malformed"
    Encoding "encoding"
    EncodingAndLength "encoding_and_length"
    EncodingInOldVersion "encoding_in_old_version"
    Upgrade "upgrade"
    ConnectionOption "connection_option"
    TooLarge "too_large"
    Timeout "timeout"
    Closed "closed"
}

/// How the body that follows a head ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// After this many bytes; 0 when nothing announced a body.
    Length(u64),
    /// After the last chunk.
    Chunked,
}

/// Looks for the end of a head as its bytes arrive, and refuses bytes no head may hold as soon as they are seen.
///
/// A client that ends its lines in LF would otherwise be heard until the deadline, since its end is never found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    seen: usize,
    lines: usize,
    line: Line,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Line {
    #[default]
    Empty,
    Started,
    /// After CR; `blank` lines hold nothing before it.
    Ending {
        blank: Blank,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blank {
    Yes,
    No,
}

impl Scan {
    /// Looks at the bytes of `head` that it has not seen, and says where the head ends if it does.
    pub(super) fn advance(&mut self, head: &[u8]) -> Result<Option<usize>, Refusal> {
        for byte in head.iter().skip(self.seen) {
            self.seen += 1;
            if self.step(*byte)? {
                return Ok(Some(self.seen));
            }
        }
        Ok(None)
    }

    /// Takes one byte; true at the end of the head.
    fn step(&mut self, byte: u8) -> Result<bool, Refusal> {
        match (self.line, byte) {
            (Line::Ending { blank: Blank::Yes }, b'\n') => return Ok(true),
            (Line::Ending { blank: Blank::No }, b'\n') => {
                self.line = Line::Empty;
                self.lines += 1;
            }
            (Line::Ending { .. }, _) => return Err(Refusal::BareCr),
            (Line::Empty, b'\r') if self.lines == 0 => return Err(Refusal::RequestLine),
            (Line::Empty, b'\r') => self.line = Line::Ending { blank: Blank::Yes },
            (Line::Started, b'\r') => self.line = Line::Ending { blank: Blank::No },
            (Line::Empty | Line::Started, b'\n') => return Err(Refusal::BareLf),
            (Line::Empty, b' ' | b'\t') if self.lines > 0 => return Err(Refusal::Folded),
            (Line::Empty | Line::Started, b'\t' | 0x20..=0x7e | 0x80..) => {
                self.line = Line::Started;
            }
            (Line::Empty | Line::Started, 0x00..=0x1f | 0x7f) => return Err(Refusal::Control),
        }
        Ok(false)
    }
}

/// Checks a complete head that passed [`Scan`], the blank line included.
pub fn check(head: &[u8]) -> Result<Framing, Refusal> {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut request = Request::new(&mut fields);
    match request.parse(head) {
        Ok(Status::Complete(length)) if length == head.len() => {}
        Ok(Status::Complete(_) | Status::Partial) => return Err(Refusal::Field),
        Err(error) => return Err(malformed(error, head)),
    }
    check_method(request.method.unwrap_or_default())?;
    check_target(request.path.unwrap_or_default().as_bytes())?;
    let version = match request.version {
        Some(1) => Version::Http11,
        Some(0) => Version::Http10,
        Some(_) | None => return Err(Refusal::Version),
    };
    let fields = Fields::collect(request.headers)?;
    fields.check_host(version)?;
    fields.framing(version)
}

/// What httparse found wrong, in our words.
fn malformed(error: httparse::Error, head: &[u8]) -> Refusal {
    use httparse::Error;
    match error {
        Error::Version => Refusal::Version,
        Error::TooManyHeaders => Refusal::TooManyFields,
        Error::Token if std::str::from_utf8(request_line(head)).is_err() => Refusal::TargetByte,
        Error::Token | Error::Status => Refusal::RequestLine,
        Error::HeaderName | Error::HeaderValue | Error::NewLine => Refusal::Field,
    }
}

fn request_line(head: &[u8]) -> &[u8] {
    head.split(|byte| *byte == b'\r').next().unwrap_or_default()
}

fn check_method(method: &str) -> Result<(), Refusal> {
    // CONNECT changes the framing of everything after it; TRACE would echo credentials.
    match method {
        "CONNECT" | "TRACE" => Err(Refusal::Method),
        _ => Ok(()),
    }
}

fn check_target(target: &[u8]) -> Result<(), Refusal> {
    if target.first() != Some(&b'/') {
        return Err(Refusal::TargetForm);
    }
    if target.len() > MAX_TARGET {
        return Err(Refusal::TargetTooLong);
    }
    // The framework keeps the target as this type too, and answers by itself what does not fit.
    match PathAndQuery::try_from(target) {
        Ok(_) if !target.contains(&b'#') => Ok(()),
        Ok(_) | Err(_) => Err(Refusal::TargetByte),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

/// The fields that say where a request ends and whom it is for, each at most once.
#[derive(Debug, Default)]
struct Fields<'a> {
    host: Option<&'a [u8]>,
    length: Option<&'a [u8]>,
    encoding: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn collect(fields: &[Header<'a>]) -> Result<Self, Refusal> {
        let mut found = Self::default();
        for Header { name, value } in fields {
            found.take(name, value)?;
        }
        Ok(found)
    }

    fn take(&mut self, name: &str, value: &'a [u8]) -> Result<(), Refusal> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match name.len() {
            4 if is("host") => once(&mut self.host, value, Refusal::HostRepeated),
            14 if is("content-length") => once(&mut self.length, value, Refusal::LengthRepeated),
            17 if is("transfer-encoding") => once(&mut self.encoding, value, Refusal::Encoding),
            10 if is("connection") => check_connection(value),
            7 if is("upgrade") => Err(Refusal::Upgrade),
            _ => Ok(()),
        }
    }

    fn check_host(&self, version: Version) -> Result<(), Refusal> {
        match (self.host, version) {
            (None, Version::Http11) => Err(Refusal::HostMissing),
            (None, Version::Http10) => Ok(()),
            (Some(host), Version::Http10 | Version::Http11) => check_host(host),
        }
    }

    fn framing(&self, version: Version) -> Result<Framing, Refusal> {
        match (self.encoding, self.length, version) {
            (None, None, _) => Ok(Framing::Length(0)),
            (None, Some(length), _) => Ok(Framing::Length(parse_length(length)?)),
            (Some(_), Some(_), _) => Err(Refusal::EncodingAndLength),
            (Some(_), None, Version::Http10) => Err(Refusal::EncodingInOldVersion),
            (Some(coding), None, Version::Http11) if coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(Framing::Chunked)
            }
            (Some(_), None, Version::Http11) => Err(Refusal::Encoding),
        }
    }
}

fn once<'a>(
    slot: &mut Option<&'a [u8]>,
    value: &'a [u8],
    repeated: Refusal,
) -> Result<(), Refusal> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(repeated),
    }
}

/// A name or address with an optional port, in the characters RFC 3986 gives a host; no user information, no list.
fn check_host(host: &[u8]) -> Result<(), Refusal> {
    let allowed = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':' | b'[' | b']' | b'%')
    };
    if host.is_empty() || !host.iter().all(allowed) {
        return Err(Refusal::HostMalformed);
    }
    Ok(())
}

/// RFC 9110 lets equal values be merged and a list of equal values be one; we accept neither, since what we forward
/// would have to be rewritten for readers that do not.
fn parse_length(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::LengthMalformed);
    }
    let text = std::str::from_utf8(value).map_err(|_| Refusal::LengthMalformed)?;
    match text.parse::<i64>() {
        Ok(length) => u64::try_from(length).map_err(|_| Refusal::LengthMalformed),
        Err(_) => Err(Refusal::LengthMalformed),
    }
}

/// A nominated header is dropped before the request is forwarded, so a signed one could be made to vanish.
fn check_connection(value: &[u8]) -> Result<(), Refusal> {
    let known = |option: &[u8]| {
        option.eq_ignore_ascii_case(b"close") || option.eq_ignore_ascii_case(b"keep-alive")
    };
    if value
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .all(known)
    {
        return Ok(());
    }
    Err(Refusal::ConnectionOption)
}

#[cfg(test)]
pub(super) mod tests;
