//! Cases of framing. The front's own tests send the same cases over a socket.

use super::*;
use pingora::protocols::http::ServerSession;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

/// Heads that are refused (T39 to T41): what they are, the head, why.
pub(in crate::gateway::front) const REFUSED: &[(&str, &[u8], Refusal)] = {
    use Refusal as R;
    &[
        ("length and chunked", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", R::EncodingAndLength),
        ("chunked and length", b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", R::EncodingAndLength),
        ("two equal lengths", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", R::LengthRepeated),
        ("two lengths", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", R::LengthRepeated),
        ("a list of lengths", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", R::LengthMalformed),
        ("length with plus", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", R::LengthMalformed),
        ("negative length", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", R::LengthMalformed),
        ("hexadecimal length", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", R::LengthMalformed),
        ("empty length", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", R::LengthMalformed),
        ("length with inner space", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1 5\r\n\r\n", R::LengthMalformed),
        ("length beyond 63 bits", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", R::LengthMalformed),
        ("gzip, chunked", b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", R::Encoding),
        ("chunked, identity", b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", R::Encoding),
        ("identity", b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", R::Encoding),
        ("xchunked", b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", R::Encoding),
        ("quoted chunked", b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", R::Encoding),
        ("chunked twice", b"PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", R::Encoding),
        ("chunked in 1.0", b"PUT /a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", R::EncodingInOldVersion),
        ("folded field", b"GET /a HTTP/1.1\r\nHost: a\r\nx-amz-meta-a: b\r\n c\r\n\r\n", R::Folded),
        ("folded with tab", b"GET /a HTTP/1.1\r\nHost: a\r\n\tb: c\r\n\r\n", R::Folded),
        ("bare LF", b"GET /a HTTP/1.1\nHost: a\r\n\r\n", R::BareLf),
        ("bare LF in a value", b"GET /a HTTP/1.1\r\nHost: a\r\nb: c\nd: e\r\n\r\n", R::BareLf),
        ("bare LF at the end", b"GET /a HTTP/1.1\r\nHost: a\r\n\n", R::BareLf),
        ("bare CR in a value", b"GET /a HTTP/1.1\r\nHost: a\r\nb: c\rd: e\r\n\r\n", R::BareCr),
        ("bare CR in the target", b"GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", R::BareCr),
        ("NUL in a value", b"GET /a HTTP/1.1\r\nHost: a\r\nb: c\0d\r\n\r\n", R::Control),
        ("NUL in the target", b"GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n", R::Control),
        ("DEL in a value", b"GET /a HTTP/1.1\r\nHost: a\r\nb: c\x7f\r\n\r\n", R::Control),
        ("escape in a value", b"GET /a HTTP/1.1\r\nHost: a\r\nb: \x1b[0m\r\n\r\n", R::Control),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", R::Control),
        ("space before colon", b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n", R::Field),
        ("no colon", b"GET /a HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n", R::Field),
        ("empty name", b"GET /a HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", R::Field),
        ("name that is no token", b"GET /a HTTP/1.1\r\nHost: a\r\na(b): c\r\n\r\n", R::Field),
        ("version 2.0", b"PRI * HTTP/2.0\r\n\r\n", R::Version),
        ("version 1.2", b"GET /a HTTP/1.2\r\nHost: a\r\n\r\n", R::Version),
        ("version 0.9", b"GET /a HTTP/0.9\r\nHost: a\r\n\r\n", R::Version),
        ("lower-case version", b"GET /a http/1.1\r\nHost: a\r\n\r\n", R::Version),
        ("no version", b"GET /a\r\nHost: a\r\n\r\n", R::RequestLine),
        ("blank line first", b"\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", R::RequestLine),
        ("two spaces", b"GET  /a HTTP/1.1\r\nHost: a\r\n\r\n", R::RequestLine),
        ("method that is no token", b"G(T /a HTTP/1.1\r\nHost: a\r\n\r\n", R::RequestLine),
        ("space in the target", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", R::Version),
        ("fragment", b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetByte),
        ("angle bracket in the path", b"GET /a<b HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetByte),
        ("angle bracket in the query", b"GET /a?b=< HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetByte),
        ("target that is not UTF-8", b"GET /a\xff HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetByte),
        ("absolute form", b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetForm),
        ("asterisk form", b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetForm),
        ("authority form", b"GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n", R::TargetForm),
        ("connect", b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", R::Method),
        ("trace", b"TRACE /a HTTP/1.1\r\nHost: a\r\n\r\n", R::Method),
        ("no host", b"GET /a HTTP/1.1\r\n\r\n", R::HostMissing),
        ("two hosts", b"GET /a HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", R::HostRepeated),
        ("two hosts in 1.0", b"GET /a HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", R::HostRepeated),
        ("empty host", b"GET /a HTTP/1.1\r\nHost:\r\n\r\n", R::HostMalformed),
        ("user in host", b"GET /a HTTP/1.1\r\nHost: b@a\r\n\r\n", R::HostMalformed),
        ("list of hosts", b"GET /a HTTP/1.1\r\nHost: a, b\r\n\r\n", R::HostMalformed),
        ("path in host", b"GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n", R::HostMalformed),
        ("upgrade", b"GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", R::Upgrade),
        ("upgrade to h2c", b"GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade, http2-settings\r\n\r\n", R::Upgrade),
        ("nominated header", b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: x-amz-date\r\n\r\n", R::ConnectionOption),
        ("nominated beside close", b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close, x-amz-date\r\n\r\n", R::ConnectionOption),
        ("nominated in a second field", b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: authorization\r\n\r\n", R::ConnectionOption),
        ("upgrade as an option", b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\r\n", R::ConnectionOption),
    ]
};

/// The nearest heads that are none of those; they have no body.
pub(in crate::gateway::front) const ALLOWED: &[(&str, &[u8])] = &[
    ("plain", b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        "length zero",
        b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "length with leading zeros",
        b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 000\r\n\r\n",
    ),
    (
        "space around the length",
        b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: \t0 \r\n\r\n",
    ),
    ("1.0 with host", b"GET /a HTTP/1.0\r\nHost: a\r\n\r\n"),
    ("1.0 without host", b"GET /a HTTP/1.0\r\n\r\n"),
    (
        "tab in a value",
        b"GET /a HTTP/1.1\r\nHost: a\r\nb: c\td\r\n\r\n",
    ),
    (
        "high bytes in a value",
        b"GET /a HTTP/1.1\r\nHost: a\r\nb: \xc3\xa4\xff\r\n\r\n",
    ),
    (
        "UTF-8 in the target",
        b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        "odd characters in the target",
        b"GET /a|b\"{}[]~'()*!$@,;:=+&?x=[]&&=^`\\|{} HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    ("two slashes", b"GET //a/b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("empty value", b"GET /a HTTP/1.1\r\nHost: a\r\nb:\r\n\r\n"),
    (
        "host with port",
        b"GET /a HTTP/1.1\r\nHost: a.example:9000\r\n\r\n",
    ),
    (
        "host is IPv6",
        b"GET /a HTTP/1.1\r\nHost: [::1]:9000\r\n\r\n",
    ),
    (
        "close",
        b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n",
    ),
    (
        "keep-alive",
        b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n",
    ),
    ("another method", b"trace /a HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        "a header of a similar name",
        b"GET /a HTTP/1.1\r\nHost: a\r\nx-upgrade: h2c\r\n\r\n",
    ),
];

fn guard(head: &[u8]) -> Result<Framing, Refusal> {
    match Scan::default().advance(head)? {
        Some(end) if end == head.len() => check(head),
        Some(end) => panic!("ended at {end} of {}", head.len()),
        None => panic!("did not end"),
    }
}

#[test]
fn t39_every_ambiguous_head_is_refused() {
    for (name, head, refusal) in REFUSED {
        assert_eq!(guard(head), Err(*refusal), "{name}");
    }
}

#[test]
fn the_nearest_sound_heads_pass() {
    for (name, head) in ALLOWED {
        assert_eq!(guard(head), Ok(Framing::Length(0)), "{name}");
    }
}

#[test]
fn bodies_are_framed_by_length_or_chunks() {
    let with = |field: &str| format!("PUT /a HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
    for (field, framing) in [
        ("Content-Length: 5", Framing::Length(5)),
        (
            "Content-Length: 9223372036854775807",
            Framing::Length(u64::MAX / 2),
        ),
        ("Transfer-Encoding: chunked", Framing::Chunked),
        ("transfer-encoding:Chunked ", Framing::Chunked),
    ] {
        assert_eq!(guard(with(field).as_bytes()), Ok(framing), "{field}");
    }
}

#[test]
fn a_head_has_at_most_a_hundred_fields() {
    let with = |more: usize| {
        let fields = "a: b\r\n".repeat(more);
        format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
    };
    assert_eq!(guard(with(99).as_bytes()), Ok(Framing::Length(0)));
    assert_eq!(guard(with(100).as_bytes()), Err(Refusal::TooManyFields));
}

#[test]
fn a_target_has_at_most_eight_kibibytes() {
    let of = |length: usize| {
        let target = "a".repeat(length - 1);
        format!("GET /{target} HTTP/1.1\r\nHost: a\r\n\r\n")
    };
    assert_eq!(guard(of(MAX_TARGET).as_bytes()), Ok(Framing::Length(0)));
    assert_eq!(
        guard(of(MAX_TARGET + 1).as_bytes()),
        Err(Refusal::TargetTooLong)
    );
}

#[test]
fn the_end_is_found_however_the_bytes_arrive() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
    for split in 0..head.len() {
        let mut scan = Scan::default();
        let first = scan.advance(&head[..split]).unwrap();
        let end = first.or_else(|| scan.advance(head).unwrap());
        assert_eq!(end, Some(head.len() - 4), "split at {split}");
    }
}

/// Whether the framework takes the head, and the target it reads.
async fn framework(head: &[u8]) -> Option<Vec<u8>> {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    client.write_all(head).await.unwrap();
    drop(client);
    let mut session = ServerSession::new_http1(Box::new(server));
    match session.read_request().await {
        Ok(true) => Some(session.req_header().raw_path().to_vec()),
        Ok(false) | Err(_) => None,
    }
}

/// A sound head with a few bytes put in, taken out or changed.
fn nearly_sound() -> impl Strategy<Value = Vec<u8>> {
    let starts = prop::sample::select(
        ALLOWED
            .iter()
            .map(|(_, head)| head.to_vec())
            .chain(REFUSED.iter().map(|(_, head, _)| head.to_vec()))
            .collect::<Vec<_>>(),
    );
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b" \t\r\n:,/?#%@.aH1".to_vec())
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), byte, 0..3u8), 0..4);
    (starts, edits).prop_map(|(mut head, edits)| {
        for (at, byte, kind) in edits {
            let at = at.index(head.len() - 4);
            match kind {
                0 => head.insert(at, byte),
                1 => head[at] = byte,
                _ => drop(head.remove(at)),
            }
        }
        head
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The framework answers what it cannot parse by itself, without a record; nothing of that may reach it.
    #[test]
    fn trap_parse_failures_never_reach_the_framework(head in nearly_sound()) {
        let Ok(Some(end)) = Scan::default().advance(&head) else { return Ok(()) };
        let head = &head[..end];
        if check(head).is_ok() {
            let target = head.split(|byte| *byte == b' ').nth(1).map(<[u8]>::to_vec);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert_eq!(runtime.block_on(framework(head)), target);
        }
    }
}
