"""Memory does not grow with bodies, nor with the chunks they come in, and little with connections."""

import gc
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sigv4
import wire
from servers import stub as stubs
from servers.gateway import upstream
from servers.processes import forget_peak, memory, wait_until
from sides import through

MIB = 1 << 20
GIB = 1 << 30


@pytest.fixture(scope="module")
def source():
    server = stubs.Stub()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(launch, source):
    return launch({"stub": upstream(source)})


@pytest.fixture
def raised(gateway):
    """Runs something and returns by how much the gateway's memory rose above what it was at rest."""
    side = through(gateway)

    def measure(run):
        for _ in range(20):
            side.raw("GET", "/bucket/warm")
        before, _ = memory(gateway.pid)
        forget_peak(gateway.pid)
        began = time.monotonic()
        run()
        more = memory(gateway.pid)[1] - before
        # For `pytest -s`.
        print(f"{before / MIB:.1f} MiB at rest, {more / MIB:.1f} MiB more, {time.monotonic() - began:.1f} s")
        return more

    return measure


def download(side, source, length):
    source.answer = stubs.Stream(f"HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n".encode(), length)
    with wire.Connection(side.endpoint) as connection:
        connection.send("GET", "/bucket/big", side.signer.headers("GET", "/bucket/big", side.host))
        left, buffer = length, memoryview(bytearray(MIB))
        while connection.reader.readline() not in (b"\r\n", b""):
            pass
        while left:
            count = connection.reader.readinto(buffer[: min(left, MIB)])
            assert count, f"{left} bytes are missing"
            left -= count


def upload(side, source, length):
    source.forget()
    source.keep_bodies = False
    piece = bytes(MIB)
    with wire.Connection(side.endpoint, timeout=120) as connection:
        headers = side.signer.headers("PUT", "/bucket/big", side.host)
        connection.send("PUT", "/bucket/big", [*headers, ("content-length", str(length))])
        for _ in range(length // MIB):
            connection.send_bytes(piece)
        assert connection.receive("PUT").status == 200
    assert source.only_request().received == length


@pytest.mark.parametrize("length", [256 * MIB, pytest.param(2 * GIB, marks=pytest.mark.slow)])
def test_a_large_download_is_not_held(gateway, source, raised, length):
    assert raised(lambda: download(through(gateway), source, length)) < 32 * MIB


@pytest.mark.parametrize("length", [256 * MIB, pytest.param(2 * GIB, marks=pytest.mark.slow)])
def test_a_large_upload_is_not_held(gateway, source, raised, length):
    source.forget()
    assert raised(lambda: upload(through(gateway), source, length)) < 32 * MIB


def test_500_idle_connections_take_little(gateway, source, raised):
    source.forget()
    side, connections = through(gateway), []

    def connect():
        for _ in range(500):
            connection = wire.Connection(side.endpoint)
            connection.send("GET", "/bucket/k", side.signer.headers("GET", "/bucket/k", side.host))
            assert connection.receive().status == 200
            connections.append(connection)

    try:
        assert raised(connect) < 100 * MIB
    finally:
        for connection in connections:
            connection.close()
        gc.collect()


def test_connections_that_never_send_a_request_are_closed(launch, source):
    """Half a head, and nothing at all: both end at the header's deadline."""
    limits = {"header_timeout": "1s", "idle_timeout": "1s"}
    gateway = launch({"stub": upstream(source)}, settings={"limits": limits})
    for start in [b"", b"GET / HTTP/1.1\r\nHost: h\r\n"]:
        with wire.Connection(gateway.endpoint, timeout=10) as connection:
            connection.send_bytes(start)
            if start:
                assert connection.receive().status in (400, 408)
            assert connection.ended()


# A hundred uploads at once, in every form

STREAMS, LENGTH = 100, 64 * MIB
# What an upload under way may hold, whatever its form.
EACH = 0.85 * MIB
CHUNKS = {"8 KiB": 8 << 10, "64 KiB": 64 << 10, "1 MiB": MIB, "16 MiB": 16 * MIB, "one chunk": LENGTH}
PLAIN, FRAMED = ["hash", "unsigned"], ["signed chunks", "signed chunks and trailer", "unsigned trailer"]
UPLOADS = [(form, None) for form in PLAIN] + [(form, chunk) for form in FRAMED for chunk in CHUNKS]
TARGET = "/bucket/big"


def one_upload(side, form, chunk):
    """Headers and body of an upload; a hundred may send the same."""
    data = bytes(LENGTH)
    to = (side.signer, "PUT", TARGET, side.host, data)
    match form:
        case "hash" | "unsigned":
            payload = hashlib.sha256(data).hexdigest() if form == "hash" else sigv4.UNSIGNED
            headers = side.signer.headers("PUT", TARGET, side.host, payload)
            return [*headers, ("content-length", str(LENGTH))], data
        case "signed chunks":
            return sigv4.signed_chunks(*to, CHUNKS[chunk])
        case "signed chunks and trailer":
            return sigv4.signed_chunks(*to, CHUNKS[chunk], trailer=("x-amz-checksum-crc32", sigv4.crc32(data)))
        case "unsigned trailer":
            return sigv4.unsigned_trailer(*to, CHUNKS[chunk])


@pytest.fixture
def fresh(launch, source):
    """A gateway of this test's own: memory that an earlier one left behind would hide what this one takes."""
    source.forget()
    source.keep_bodies = False
    gateway = launch({"stub": upstream(source)})
    side = through(gateway)
    for _ in range(20):
        side.raw("GET", "/bucket/warm")
    source.requests.clear()
    yield gateway
    gateway.stop()


def raised_for_each(gateway, run):
    """Runs something and returns the most memory it took, for each stream."""
    before, _ = memory(gateway.pid)
    forget_peak(gateway.pid)
    began = time.monotonic()
    run()
    each = (memory(gateway.pid)[1] - before) / STREAMS
    print(f"{before / MIB:.1f} MiB at rest, {each / MIB:.3f} MiB for each stream, {time.monotonic() - began:.1f} s")
    return each


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("form, chunk", UPLOADS, ids=[f"{form}-{chunk}" if chunk else form for form, chunk in UPLOADS])
def test_a_hundred_uploads_at_once_hold_little_each(fresh, source, form, chunk):
    side = through(fresh)
    headers, body = one_upload(side, form, chunk)
    body, half = memoryview(body), len(body) // 2
    # Nobody sends the second half before everybody has sent the first.
    everybody = threading.Barrier(STREAMS)

    def send():
        with wire.Connection(side.endpoint, timeout=300) as connection:
            connection.send("PUT", TARGET, headers)
            connection.send_bytes(body[:half])
            everybody.wait()
            connection.send_bytes(body[half:])
            return connection.receive("PUT").status

    def run():
        with ThreadPoolExecutor(STREAMS) as pool:
            sent = [pool.submit(send) for _ in range(STREAMS)]
            assert [each.result() for each in sent] == [200] * STREAMS

    assert raised_for_each(fresh, run) < EACH
    assert [request.received for request in source.requests] == [LENGTH] * STREAMS


@pytest.mark.slow
@pytest.mark.parametrize("form, chunk", UPLOADS, ids=[f"{form}-{chunk}" if chunk else form for form, chunk in UPLOADS])
def test_a_hundred_uploads_that_the_upstream_does_not_read_hold_little_each(fresh, source, form, chunk):
    side = through(fresh)
    headers, body = one_upload(side, form, chunk)
    source.answer = stubs.Unread()
    connections = [wire.Connection(side.endpoint) for _ in range(STREAMS)]
    sent = [0] * STREAMS

    def push():
        """Sends what each connection takes; true once none took any."""
        before = sum(sent)
        for number, connection in enumerate(connections):
            try:
                while sent[number] < len(body):
                    sent[number] += connection.socket.send(memoryview(body)[sent[number] :][:MIB])
            except BlockingIOError:
                pass
        return sum(sent) == before

    def run():
        for connection in connections:
            connection.send("PUT", TARGET, headers)
            connection.socket.setblocking(False)
        wait_until(lambda: all(push() or time.sleep(0.1) for _ in range(5)), "the streams' standstill", 60, 0.1)

    try:
        assert raised_for_each(fresh, run) < EACH
        assert len(source.requests) == STREAMS and max(sent) < len(body)
    finally:
        source.answer.go.set()
        for connection in connections:
            connection.close()
