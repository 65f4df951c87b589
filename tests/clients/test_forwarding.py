"""What reaches the upstream, byte for byte, and what a client sees when the upstream fails.

The upstream is a stub that remembers everything it was sent. Numbers are those of the threat model.
"""

import hashlib
import time
from datetime import timedelta
from urllib.parse import unquote_to_bytes

import pytest
import sigv4
import wire
from scenarios import MIB, pattern
from servers import stub as stubs
from servers.gateway import upstream
from servers.processes import wait_until
from servers.stub import Cut, Hangup, Pieces, Stall, error, reply, settle
from sides import direct, through
from sigv4 import UNSIGNED, Signer

KEY = "/bucket/key"


@pytest.fixture
def front(fronts, stub):
    started = fronts("stub")
    stub.forget()
    return started


@pytest.fixture
def side(front):
    return through(front)


@pytest.fixture
def gateway(portcullis, front):
    return front


def nothing_was_sent(stub):
    settle()
    assert stub.requests == []


# What is forwarded


def test_what_is_forwarded_is_signed_with_the_upstreams_key(gateway, side, stub):
    side.raw("PUT", KEY, b"body", extra=[("content-type", "x/y"), ("x-amz-meta-colour", "red")])
    request = stub.only_request()
    sent = Signer(stub.access_key, stub.secret_key, date=request.header("x-amz-date"))
    authorization = request.header("authorization")
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    payload = request.header("x-amz-content-sha256")
    expected = sent.signature(sent.date, "PUT", request.target, request.headers, signed, payload)
    assert authorization.endswith(f"Signature={expected}") and f"Credential={stub.access_key}/" in authorization
    assert {"host", "x-amz-date", "x-amz-content-sha256", "x-amz-meta-colour"} <= set(signed)
    assert bytes(request.body) == b"body" and request.header("x-amz-meta-colour") == "red"
    assert request.header("content-type") == "x/y" and request.header("content-length") == "4"


def test_the_clients_signature_and_key_go_nowhere(gateway, side, stub):
    side.raw("GET", KEY)
    target = side.signer.presign("GET", KEY, side.host)
    side.unsigned("GET", target)
    signature = target.rpartition("=")[2]
    wait_until(lambda: len(stub.requests) == 2, "two requests")
    for request in stub.requests:
        sent = repr((request.line, request.headers))
        assert side.access_key not in sent and signature not in sent and "X-Amz-Signature" not in sent


KEYS = [
    "plain", "a/b", "a%20b", "a+b", "a%2Bb", "per%25cent", "%252F", "a%2Fb", "%C3%A4", "%F0%9F%99%82", "x%3Facl", "x%23y",
    "a//b", "//a", "a/../b", "..", "a/./b", "%2e%2e/b", "a;b=c", "a:b@c", "a'b", "%22", "%5C", "a&b", "~",
    "%3C%3E", "a*b", "(c)", "!", "$", ",", "%41",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_t02_the_upstream_decodes_the_key_that_was_authorised(gateway, side, stub, key):
    answer = side.raw("PUT", f"/bucket/{key}", b"x")
    assert answer.status == 200, answer
    path = stub.only_request().target.partition("?")[0]
    assert unquote_to_bytes(path) == b"/bucket/" + unquote_to_bytes(key)


@pytest.mark.parametrize("target", ["/a/../bucket/k", "/./bucket/k", "//bucket/k", "/..%2fbucket/k"])
def test_t01_no_target_is_normalised_into_another_bucket(gateway, side, stub, target):
    side.raw("PUT", target, b"x")
    settle()
    assert not any(request.target.startswith("/bucket/") for request in stub.requests)


@pytest.mark.parametrize("key", ["a%00b", "%FF", "%zz", "%2", "a%C3"])
def test_t02_keys_that_are_no_text_are_refused_or_kept(gateway, side, stub, key):
    headers = [*side.signer.headers("PUT", f"/bucket/{key}", side.host), ("content-length", "0")]
    answer = wire.exchange(side.endpoint, "PUT", f"/bucket/{key}", headers)
    assert answer.status == 400 or (answer.status == 200 and stub.only_request().target == f"/bucket/{key}"), answer
    if answer.status == 400:
        nothing_was_sent(stub)


def test_t41_hop_by_hop_and_foreign_headers_stay_behind(gateway, side, stub):
    extra = [
        ("connection", "keep-alive"), ("keep-alive", "timeout=5"), ("te", "trailers"),
        ("proxy-authorization", "Basic eA=="), ("x-goog-meta-a", "1"), ("x-minio-force-delete", "true"),
        ("x-rgw-anything", "1"), ("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9"),
    ]  # fmt: skip
    signed = ["host", "x-amz-date", "x-amz-content-sha256"]
    headers = [*side.signer.headers("PUT", KEY, side.host, UNSIGNED, extra, signed), ("content-length", "1")]
    answer = wire.exchange(side.endpoint, "PUT", KEY, headers, b"x")
    assert answer.status == 200, answer
    names = stub.only_request().header_names()
    assert not {name for name, _ in extra} - {"connection"} & set(names), names


@pytest.mark.parametrize("named", ["x-private", "x-amz-date", "authorization", "host"])
def test_t41_a_connection_header_that_names_others_is_refused(gateway, side, stub, named):
    extra = [("connection", f"keep-alive, {named}"), ("x-private", "1")]
    signed = ["host", "x-amz-date", "x-amz-content-sha256"]
    answer = wire.exchange(side.endpoint, "GET", KEY, side.signer.headers("GET", KEY, side.host, UNSIGNED, extra, signed))
    assert answer.status == 400, answer
    nothing_was_sent(stub)


def test_the_gateways_own_headers_are_consumed(gateway, side, stub):
    side.raw("PUT", KEY, b"x", extra=[("x-amz-expected-bucket-owner", "111122223333")])
    assert "x-amz-expected-bucket-owner" not in stub.only_request().header_names()


def test_an_unlisted_amz_header_is_not_implemented(gateway, side, stub):
    answer = side.raw("PUT", KEY, b"x", extra=[("x-amz-no-such-thing", "1")])
    assert (answer.status, answer.code) == (501, "NotImplemented")
    nothing_was_sent(stub)


def test_t07_an_unsigned_amz_header_is_refused(gateway, side, stub):
    signed = ["host", "x-amz-date", "x-amz-content-sha256"]
    for header in ["x-amz-meta-a", "x-amz-copy-source", "x-amz-acl", "x-amz-tagging", "x-amz-storage-class"]:
        headers = side.signer.headers("PUT", KEY, side.host, UNSIGNED, [(header, "/bucket/other")], signed)
        answer = wire.exchange(side.endpoint, "PUT", KEY, [*headers, ("content-length", "0")])
        assert 400 <= answer.status < 500, (header, answer)
    nothing_was_sent(stub)


def test_upstream_only_headers_do_not_reach_the_client(gateway, side, stub):
    more = [("x-rgw-object-type", "Normal"), ("server", "Stub/1"), ("x-amz-request-id", "UPSTREAMS-OWN"), ("etag", '"e"')]
    stub.answer = reply(200, b"hello", more)
    answer = side.raw("GET", KEY)
    assert answer.body == b"hello" and answer.header("etag") == '"e"'
    assert answer.header("x-amz-request-id") != "UPSTREAMS-OWN"
    assert answer.header("server") != "Stub/1" and answer.header("x-rgw-object-type") is None


# Refusals send nothing


def refusals(side):
    """Requests that must be refused, by name: (method, target, headers, body)."""
    good, host = side.signer, side.host
    old = Signer(side.access_key, side.secret_key, date=sigv4.now(timedelta(hours=-1)))
    signed = lambda method, target, signer=good, extra=(), payload=UNSIGNED: signer.headers(
        method, target, host, payload, extra
    )
    length = [("content-length", "1")]
    twice = signed("PUT", KEY)
    return {
        "anonymous": ("PUT", KEY, length, b"x"),
        "wrong secret": ("PUT", KEY, signed("PUT", KEY, Signer(side.access_key, "no")) + length, b"x"),
        "unknown key": ("PUT", KEY, signed("PUT", KEY, Signer("AKIANOBODY", "no")) + length, b"x"),
        "old": ("PUT", KEY, signed("PUT", KEY, old) + length, b"x"),
        "other target": ("PUT", "/bucket/other", signed("PUT", KEY) + length, b"x"),
        "other method": ("DELETE", KEY, signed("PUT", KEY), b""),
        "added query": ("DELETE", f"{KEY}?versionId=1", signed("DELETE", KEY), b""),
        "t09 two authorizations": ("PUT", KEY, twice + [twice[-1]] + length, b"x"),
        "t08 two hosts": ("PUT", KEY, [("host", "other")] + signed("PUT", KEY) + length, b"x"),
        "no length": ("PUT", KEY, signed("PUT", KEY), b""),
        "unknown sub-resource": ("PUT", f"{KEY}?annotation", signed("PUT", f"{KEY}?annotation") + length, b"x"),
        "delete inventory": ("DELETE", "/bucket?nosuch", signed("DELETE", "/bucket?nosuch"), b""),
        "payload form": ("PUT", KEY, signed("PUT", KEY, payload="STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD") + length, b"x"),
        "t19 empty copy source": ("PUT", KEY, signed("PUT", KEY, extra=[("x-amz-copy-source", "bucket/")]), b""),
        "sigv2": ("GET", KEY, [("authorization", f"AWS {side.access_key}:c2lnbmF0dXJl")], b""),
        "basic": ("GET", KEY, [("authorization", "Basic eDp5")], b""),
        "t39 trace": ("TRACE", KEY, [], b""),
        "t39 transfer-encoding gzip": ("PUT", KEY, signed("PUT", KEY) + [("transfer-encoding", "gzip")], b""),
        "t39 both framings": ("PUT", KEY, signed("PUT", KEY) + length + [("transfer-encoding", "chunked")], b"1\r\nx\r\n0\r\n\r\n"),
    }  # fmt: skip


REFUSED = [
    "anonymous", "wrong secret", "unknown key", "old", "other target", "other method", "added query",
    "t09 two authorizations", "t08 two hosts", "no length", "unknown sub-resource", "delete inventory",
    "payload form", "t19 empty copy source", "sigv2", "basic", "t39 trace", "t39 transfer-encoding gzip",
    "t39 both framings",
]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_sends_nothing_and_leaves_a_record(gateway, side, stub, name):
    answer = wire.exchange(side.endpoint, *refusals(side)[name])
    assert 400 <= answer.status < 600 and answer.code, answer
    assert answer.header("content-type") == "application/xml"
    nothing_was_sent(stub)
    (record,) = gateway.records_of(answer.request_id)
    assert record["http_status"] == answer.status and record["error_code"] == answer.code
    assert record["ending"] in ("refused", "front_refused")


def test_a_get_of_a_sub_resource_nobody_knows_sends_nothing(gateway, side, stub):
    answer = side.raw("GET", "/bucket?nosuch")
    assert answer.status >= 400
    nothing_was_sent(stub)


@pytest.mark.parametrize("head", [
    b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n",
    b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n",
    b"GET /bucket/key HTTP/1.1\nHost: h\n\n",
    b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nA: \x00\r\n\r\n",
    b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n",
    b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello",
    b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
    b"GET /bucket/key HTTP/1.1\r\n\r\n",
    b"GET /bucket/key HTTP/3.7\r\nHost: h\r\n\r\n",
    b"CONNECT bucket:80 HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
], ids=lambda head: repr(head)[2:60])  # fmt: skip
def test_t39_malformed_heads_are_400_and_the_end_of_the_connection(gateway, side, stub, head):
    second = b"GET /bucket/second HTTP/1.1\r\nHost: h\r\n\r\n"
    with wire.Connection(side.endpoint, timeout=5) as connection:
        connection.send_bytes(head + second)
        answer = connection.receive()
        assert 400 <= answer.status < 500 or answer.status == 505, answer
        assert connection.ended()
    nothing_was_sent(stub)


# Bodies


def test_a_body_of_another_hash_leaves_no_object(gateway, side, stub):
    for size in [0, 1, 100, 70_000, 3 * MIB]:
        stub.forget()
        body = pattern(size)
        digest = hashlib.sha256(body + b"other").hexdigest()
        answer = side.raw("PUT", KEY, body, payload=digest)
        assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch"), (size, answer)
        settle(0.1)
        assert not any(request.complete for request in stub.requests), size


def test_a_body_of_its_hash_arrives(gateway, side, stub):
    for size in [0, 1, 100, 70_000, 3 * MIB]:
        stub.forget()
        body = pattern(size)
        answer = side.raw("PUT", KEY, body, payload=hashlib.sha256(body).hexdigest())
        assert answer.status == 200, (size, answer)
        assert bytes(stub.only_request().body) == body


@pytest.mark.parametrize("size", [0, 1, 65536, 200_000, 2 * MIB])
def test_unsigned_trailers_arrive_decoded(gateway, side, stub, size):
    body = pattern(size)
    headers, framed = sigv4.unsigned_trailer(side.signer, "PUT", KEY, side.host, body)
    answer = wire.exchange(side.endpoint, "PUT", KEY, headers, framed)
    assert answer.status == 200, answer
    request = stub.only_request()
    assert bytes(request.body) == body and request.complete
    assert request.header("content-length") == str(size)
    assert "aws-chunked" not in (request.header("content-encoding") or "")
    assert "x-amz-trailer" not in request.header_names()


@pytest.mark.parametrize("size", [0, 1, 65536, 200_000, 2 * MIB])
def test_t15_a_bad_trailing_checksum_cuts_the_upload_short(gateway, side, stub, size):
    headers, framed = sigv4.unsigned_trailer(side.signer, "PUT", KEY, side.host, pattern(size), checksum="AAAAAQ==")
    answer = wire.exchange(side.endpoint, "PUT", KEY, headers, framed)
    assert (answer.status, answer.code) == (400, "BadDigest"), answer
    settle()
    assert not any(request.complete for request in stub.requests)
    (record,) = gateway.records_of(answer.request_id)
    assert record["ending"] == "body_refused"


@pytest.mark.parametrize("trailing", [False, True], ids=["plain", "trailer"])
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 2 * MIB])
def test_signed_chunks_arrive_decoded(gateway, side, stub, size, trailing):
    body = pattern(size)
    trailer = ("x-amz-checksum-crc32", sigv4.crc32(body)) if trailing else None
    headers, framed = sigv4.signed_chunks(side.signer, "PUT", KEY, side.host, body, trailer=trailer)
    answer = wire.exchange(side.endpoint, "PUT", KEY, headers, framed)
    assert answer.status == 200, answer
    request = stub.only_request()
    assert bytes(request.body) == body and request.complete
    assert request.header("content-length") == str(size)
    assert "aws-chunked" not in (request.header("content-encoding") or "")


def test_an_expecting_client_is_refused_before_its_body(gateway, side, stub):
    wrong = Signer(side.access_key, "wrong")
    headers = wrong.headers("PUT", KEY, side.host, UNSIGNED)
    with wire.Connection(side.endpoint) as connection:
        connection.send("PUT", KEY, [*headers, ("expect", "100-continue"), ("content-length", str(MIB))])
        answer = connection.receive("PUT")
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
        assert connection.ended()
    nothing_was_sent(stub)


def test_an_expecting_client_keeps_its_connection(gateway, side, stub):
    with wire.Connection(side.endpoint) as connection:
        for _ in range(2):
            headers = side.signer.headers("PUT", KEY, side.host, UNSIGNED)
            connection.send("PUT", KEY, [*headers, ("expect", "100-continue"), ("content-length", "4")])
            assert connection.receive("PUT").status == 100
            connection.send_bytes(b"body")
            assert connection.receive("PUT").status == 200
    assert [bytes(request.body) for request in stub.requests] == [b"body", b"body"]


def test_a_client_that_leaves_in_the_middle_leaves_no_object(gateway, side, stub):
    before = len(gateway.records())
    with wire.Connection(side.endpoint) as connection:
        headers = side.signer.headers("PUT", KEY, side.host)
        connection.send("PUT", KEY, [*headers, ("content-length", str(MIB))], pattern(MIB // 2))
        wait_until(lambda: stub.requests and stub.requests[0].received > 0, "the upload began")
    # Records of earlier tests may still come.
    left = lambda: [row for row in gateway.records()[before:] if row["ending"] == "client_aborted"]
    (record,) = wait_until(left, "a record")
    assert record["operation"] == "REST.PUT.OBJECT" and 0 < record["bytes_received"] < MIB
    settle()
    assert not stub.requests[0].complete


# Answers


def test_an_answer_in_chunks_arrives_whole_wherever_it_was_cut(gateway, side, stub):
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    chunks = b"6\r\nhello,\r\n6\r\n world\r\n0\r\n\r\n"
    with wire.Connection(side.endpoint) as connection:
        for cut in range(len(chunks)):
            stub.answer = Pieces([head, chunks[:cut], chunks[cut:]])
            connection.send("GET", KEY, side.signer.headers("GET", KEY, side.host))
            answer = connection.receive()
            assert answer.whole and answer.body == b"hello, world", (cut, answer)


# The upstream fails


def test_t43_a_truncated_answer_is_truncated_for_the_client(gateway, side, stub):
    stub.answer = Cut(reply(200, pattern(500_000)), 300_000)
    answer = side.raw("GET", KEY)
    assert answer.status == 200 and not answer.whole
    assert pattern(500_000).startswith(answer.body)
    (record,) = gateway.records_of(answer.request_id)
    assert record["ending"] == "upstream_failed" and record["upstream"]["error"] == "closed"


@pytest.mark.parametrize("answer", [
    Hangup(), b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n",
], ids=["hangup", "nothing", "nonsense", "two lengths", "999"])  # fmt: skip
def test_t43_a_broken_answer_is_an_error_for_the_client(gateway, side, stub, answer):
    stub.answer = Cut(answer, len(answer)) if isinstance(answer, bytes) else answer
    seen = side.raw("GET", KEY)
    assert seen.status in (500, 502, 503) and seen.code in ("InternalError", "ServiceUnavailable"), seen


def test_a_put_is_not_sent_twice_after_bytes_went(gateway, side, stub):
    side.raw("GET", KEY)  # Leaves a pooled connection.
    stub.requests.clear()
    stub.answer = Hangup(after=100_000)
    answer = side.raw("PUT", KEY, pattern(MIB))
    assert answer.status in (500, 502, 503), answer
    settle()
    assert len(stub.requests) == 1


@pytest.mark.parametrize("code, status", [
    ("SignatureDoesNotMatch", 403), ("InvalidAccessKeyId", 403), ("AccessDenied", 403), ("RequestTimeTooSkewed", 403),
    ("ExpiredToken", 400), ("InvalidToken", 400), ("AuthorizationHeaderMalformed", 400),
])  # fmt: skip
def test_an_upstream_that_refuses_our_key_is_our_fault(gateway, side, stub, code, status):
    stub.answer = error(status, code, f"key {stub.access_key} string-to-sign canary upstream-name")
    answer = side.raw("GET", KEY)
    assert answer.status in (500, 503) and answer.code in ("InternalError", "ServiceUnavailable"), answer
    for word in [stub.access_key, "string-to-sign", "upstream-name", str(stub.port)]:
        assert word not in repr(answer)
    wait_until(lambda: code in gateway.diagnostics(), f"{code} in the gateway's own log")
    assert stub.secret_key not in gateway.diagnostics()
    (record,) = gateway.records_of(answer.request_id)
    assert record["upstream"]["error"] == "credentials"


def test_other_errors_of_the_upstream_pass_with_our_request_id(gateway, side, stub):
    stub.answer = error(409, "OperationAborted", "try later")
    answer = side.raw("PUT", KEY, b"x")
    assert (answer.status, answer.code, answer.message) == (409, "OperationAborted", "try later")
    assert answer.request_id


def test_t43_redirects_are_not_followed(gateway, side, stub):
    other = stubs.Stub()
    try:
        stub.answer = reply(307, b"", [("location", f"{other.endpoint}/bucket/key")])
        answer = side.raw("GET", KEY)
        settle()
        assert other.requests == [] and (answer.header("location") is None or str(other.port) not in repr(answer))
    finally:
        other.stop()


def test_t43_interim_answers_without_end_do_not_hold_the_client(launch):
    flood = stubs.Stub(answer=lambda request: Cut(b"HTTP/1.1 102 Processing\r\n\r\n" * 100_000, 10**9))
    try:
        side = through(launch_before(launch, flood))
        answer = side.raw("GET", KEY)
        assert answer.status in (500, 502, 503)
    finally:
        flood.stop()


def launch_before(launch, server, **more):
    return launch({"stub": upstream(server, profile="ceph", **more)})


def test_a_stalled_upstream_ends_by_its_deadline(launch):
    stalled = stubs.Stub(answer=lambda request: Stall(reply(200, b"x" * 1000), 0))
    try:
        gateway = launch_before(launch, stalled, timeouts={"connect": "1s", "read": "1s", "write": "1s"})
        began = time.monotonic()
        answer = through(gateway).raw("GET", KEY)
        assert answer.status in (500, 503, 504) and time.monotonic() - began < 10
        (record,) = gateway.records_of(answer.request_id)
        assert record["upstream"]["error"] == "timeout"
    finally:
        stalled.stop()


def test_an_upstream_that_is_down_is_503_at_once(launch):
    gone = stubs.Stub()
    gateway = launch_before(launch, gone)
    gone.stop()
    began = time.monotonic()
    for method, body in [("GET", b""), ("PUT", b"x"), ("HEAD", b"")]:
        answer = through(gateway).raw(method, KEY, body)
        assert answer.status == 503, answer
        assert method == "HEAD" or answer.code in ("ServiceUnavailable", "SlowDown")
    assert time.monotonic() - began < 5
    (record,) = gateway.records_of(answer.request_id)
    assert record["ending"] == "upstream_failed" and record["upstream"]["error"] == "connect"
    assert str(gone.port) not in repr(answer)


# The stub and the helpers themselves: what the tests above rely on.


def test_the_stub_sees_what_was_sent(stub):
    side = direct(stub)
    side.raw("PUT", "/b/%2e./k?x=%20", b"body")
    request = stub.only_request()
    assert request.target == "/b/%2e./k?x=%20" and bytes(request.body) == b"body" and request.complete


def test_the_stub_tells_an_upload_cut_short(stub):
    with wire.Connection(stub.endpoint) as connection:
        connection.send("PUT", "/b/k", [("content-length", "100")], b"x" * 99)
    wait_until(lambda: stub.requests and stub.requests[0].received == 99, "99 bytes")
    settle(0.1)
    assert not stub.requests[0].complete


def test_a_cut_answer_is_seen_as_cut(stub):
    stub.answer = Cut(reply(200, b"x" * 1000), 500)
    assert not wire.exchange(stub.endpoint, "GET", "/").whole
    stub.answer = reply(200, b"x" * 1000)
    assert wire.exchange(stub.endpoint, "GET", "/").whole


def test_the_signed_chunk_form_is_what_a_strict_server_takes(ceph, new_bucket):
    side, bucket, data = direct(ceph), new_bucket("chunks"), pattern(200_000)
    side.s3().create_bucket(Bucket=bucket)
    target = f"/{bucket}/k"
    headers, framed = sigv4.signed_chunks(side.signer, "PUT", target, side.host, data)
    assert wire.exchange(side.endpoint, "PUT", target, headers, framed).status == 200
    assert side.s3().get_object(Bucket=bucket, Key="k")["Body"].read() == data
    spoiled = framed.replace(b"chunk-signature=", b"chunk-signature=0", 1)[:-1]
    assert wire.exchange(side.endpoint, "PUT", target, headers, spoiled).status >= 400


def test_hand_signed_requests_are_what_a_strict_server_takes(ceph, new_bucket):
    side, bucket = direct(ceph), new_bucket("signed")
    side.s3().create_bucket(Bucket=bucket)
    body = b"hello"
    digest = hashlib.sha256(body).hexdigest()
    assert side.raw("PUT", f"/{bucket}/a%20b+c", body, payload=digest).status == 200
    assert side.unsigned("GET", side.signer.presign("GET", f"/{bucket}/a%20b+c", side.host)).body == body
    late = Signer(side.access_key, side.secret_key, date=sigv4.now(timedelta(hours=-1)))
    assert side.raw("GET", f"/{bucket}/a%20b+c", signer=late).status == 403
