"""Memory does not grow with bodies, and little with connections."""

import gc
import time

import pytest
import wire
from servers import stub as stubs
from servers.gateway import upstream
from servers.processes import forget_peak, memory
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
