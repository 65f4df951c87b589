"""Every exchange leaves one access-log line and one JSON record, however it ends; no secret is in any output."""

import re
import signal

import pytest
import sigv4
import wire
from scenarios import MIB, pattern
from servers import stub as stubs
from servers.gateway import upstream
from servers.processes import wait_until
from servers.stub import Cut, Stall, reply, settle
from sides import Side, through

KEY = "/bucket/key"
# The 27 fields: bare words, a time in brackets, three quoted texts.
LINE = re.compile(
    r"\S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]( \S+){5} \"[^\"]*\"( \S+){6}( \"[^\"]*\"){2}( \S+){10}"
)


@pytest.fixture(scope="module")
def upstream_stub():
    server = stubs.Stub()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def own(launch, upstream_stub):
    """A gateway whose records no other suite adds to."""
    return launch({"stub": upstream(upstream_stub, profile="ceph")})


@pytest.fixture
def gateway(own, upstream_stub):
    upstream_stub.forget()
    return own


@pytest.fixture
def side(gateway):
    return through(gateway)


def one_more(gateway, run):
    """Runs an exchange and returns the one record and the one line it left, which name the same request."""
    records, lines = len(gateway.records()), len(gateway.access_lines())
    answer = run()
    wait_until(lambda: len(gateway.records()) > records and len(gateway.access_lines()) > lines, "a record and a line", 10)
    settle(0.2)
    new_records, new_lines = gateway.records()[records:], gateway.access_lines()[lines:]
    assert len(new_records) == 1 and len(new_lines) == 1, (new_records, new_lines)
    assert LINE.fullmatch(new_lines[0]), new_lines[0]
    assert f" {new_records[0]['request_id']} " in new_lines[0]
    return answer, new_records[0], new_lines[0]


def test_a_success(gateway, side, upstream_stub):
    upstream_stub.answer = reply(200, b"hello", [("etag", '"e"'), ("x-amz-request-id", "UPSTREAM1")])
    extra = [("user-agent", "probe/1"), ("referer", "http://x/")]
    answer, record, line = one_more(gateway, lambda: side.raw("GET", KEY, extra=extra))
    assert record["request_id"] == answer.request_id
    assert (record["http_status"], record["ending"], record["bytes_sent"]) == (200, "answered", 5)
    assert (record["bucket_name"], record["key_name"]) == ("bucket", "key")
    assert (record["operation"], record["operation_name"]) == ("REST.GET.OBJECT", "GetObject")
    assert record["auth"] == "header" and record["access_key_id"] == side.access_key
    assert record["upstream"]["name"] == "stub" and record["upstream"]["request_id"] == "UPSTREAM1"
    assert record["decision"]["verdict"] == "allow"
    assert ' "GET /bucket/key HTTP/1.1" 200 - 5 ' in line and ' "http://x/" "probe/1" ' in line


def test_an_upload(gateway, side):
    _, record, line = one_more(gateway, lambda: side.raw("PUT", KEY, b"12345"))
    assert (record["operation"], record["bytes_received"], record["ending"]) == ("REST.PUT.OBJECT", 5, "answered")
    assert " REST.PUT.OBJECT key " in line


def test_a_refusal(gateway, side):
    answer, record, line = one_more(gateway, lambda: side.unsigned("GET", KEY))
    assert (answer.status, record["http_status"], record["error_code"]) == (403, 403, "AccessDenied")
    assert record["ending"] == "refused" and "upstream" not in record
    assert " 403 AccessDenied " in line


def test_a_head_the_front_refused(gateway, side):
    def broken():
        with wire.Connection(side.endpoint) as connection:
            connection.send_bytes(b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n")
            return connection.receive()

    answer, record, _ = one_more(gateway, broken)
    assert record["http_status"] == answer.status == 400 and record["ending"] == "front_refused"


def test_a_client_that_leaves_during_its_download(gateway, side, upstream_stub):
    upstream_stub.answer = stubs.Stream(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", 1 << 30)

    def leave():
        with wire.Connection(side.endpoint) as connection:
            connection.send("GET", KEY, side.signer.headers("GET", KEY, side.host))
            assert len(connection.reader.read(MIB)) == MIB

    _, record, line = one_more(gateway, leave)
    assert record["ending"] == "client_aborted" and record["http_status"] == 200
    assert MIB // 2 < record["bytes_sent"] < 1 << 30
    assert " 200 - " in line


def test_an_upstream_that_ends_in_the_middle(gateway, side, upstream_stub):
    upstream_stub.answer = Cut(reply(200, pattern(MIB)), MIB // 2)
    answer, record, _ = one_more(gateway, lambda: side.raw("GET", KEY))
    assert not answer.whole and record["ending"] == "upstream_failed"


def test_an_upstream_that_is_down(launch):
    gone = stubs.Stub()
    gateway = launch({"gone": upstream(gone, profile="ceph")})
    gone.stop()
    answer, record, line = one_more(gateway, lambda: through(gateway).raw("GET", KEY))
    assert answer.status == record["http_status"] == 503 and record["ending"] == "upstream_failed"
    assert f" 503 {answer.code} " in line


def test_t47_one_record_is_one_line_whatever_the_client_sends(gateway, side):
    extra = [("user-agent", 'a"b\\c\x1b[31m\x85 d'), ("referer", '"; DROP \t\x7f')]
    signed = ["host", "x-amz-date", "x-amz-content-sha256"]

    def send():
        target = "/bucket/new%0Aline%22quote%1B%C3%A9"
        headers = side.signer.headers("GET", target, side.host, sigv4.UNSIGNED, extra, signed)
        return wire.exchange(side.endpoint, "GET", target, headers)

    _, record, line = one_more(gateway, send)
    assert "\x1b" not in line and "\x7f" not in line and line.isascii()


def test_every_answer_names_its_own_request(gateway, side):
    ids = [side.raw("GET", KEY).request_id for _ in range(20)]
    assert len(set(ids)) == 20 and ids == sorted(ids)


def test_t48_no_secret_is_in_any_output(gateway, side, upstream_stub):
    """Secrets in every place a request can hold them, on good, refused and failing paths."""
    canaries = ["canary-session-token", "canary-sse-key-000000000000000000000000000=", "canary-bearer"]
    token, sse, bearer = canaries
    presigned = side.signer.presign("GET", KEY, side.host)
    signature = presigned.rpartition("=")[2]
    wrong = Side("wrong", side.endpoint, side.access_key, "canary-wrong-secret")
    side.unsigned("GET", presigned)
    side.unsigned("GET", presigned + "0")
    side.unsigned("GET", side.signer.presign("GET", KEY, side.host, extra_query=f"X-Amz-Security-Token={token}"))
    side.raw("GET", KEY, extra=[("x-amz-security-token", token)])
    side.raw("PUT", KEY, b"x", extra=[("x-amz-server-side-encryption-customer-key", sse)])
    side.unsigned("GET", KEY, [("authorization", f"Bearer {bearer}")])
    wrong.raw("GET", KEY)
    upstream_stub.answer = stubs.error(403, "SignatureDoesNotMatch", "string to sign")
    side.raw("GET", KEY)
    upstream_stub.answer = Stall(b"")
    sent = side.signer.headers("GET", KEY, side.host)
    with wire.Connection(side.endpoint) as connection:
        connection.send("GET", KEY, sent)
    sent_signature = sent[-1][1].rpartition("=")[2]
    settle(0.5)
    output = gateway.diagnostics() + gateway.access_log.read_text() + gateway.json_log.read_text()
    assert side.access_key in output
    for secret in [*canaries, side.secret_key, upstream_stub.secret_key, signature, sent_signature, "canary-wrong-secret"]:
        assert secret not in output, secret


def test_a_graceful_stop_finishes_what_is_under_way(launch):
    """SIGTERM in the middle of an upload: it completes, is recorded, and the process ends by itself."""
    server = stubs.Stub()
    gateway = launch({"stub": upstream(server, profile="ceph")})
    side, body = through(gateway), pattern(MIB)
    with wire.Connection(side.endpoint) as connection:
        connection.send("PUT", KEY, [*side.signer.headers("PUT", KEY, side.host), ("content-length", str(MIB))], body[:1000])
        wait_until(lambda: server.requests, "the upload began")
        gateway.process.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not accepts(gateway.port), "new connections are refused", 5)
        connection.send_bytes(body[1000:])
        assert connection.receive("PUT").status == 200
    assert gateway.process.process.wait(10) == 0
    assert gateway.records()[-1]["ending"] == "answered"
    server.stop()


def accepts(port):
    try:
        with wire.Connection(f"http://127.0.0.1:{port}", timeout=1):
            return True
    except OSError:
        return False
