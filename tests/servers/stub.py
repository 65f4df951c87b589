"""An upstream that remembers every byte it was sent and answers whatever a test tells it to.

    stub.answer = reply(200, b"hello")                 the same answer to every request
    stub.answer = lambda request: Cut(reply(...), 10)  or a function of the request

Nothing is parsed beyond what is needed to find the end of a request, so a test sees what was really sent.
"""

import socket
import threading
import time
from dataclasses import dataclass, field

from .processes import wait_until


@dataclass
class Request:
    """One request as it came. `complete` says whether the whole announced body arrived, `over` that no more will come."""

    line: bytes
    headers: list
    body: bytearray = field(default_factory=bytearray)
    received: int = 0
    complete: bool = False
    over: bool = False

    @property
    def method(self):
        return self.line.split(b" ")[0].decode()

    @property
    def target(self):
        """The request target, byte for byte."""
        return self.line.split(b" ")[1].decode("latin-1")

    def header(self, name):
        """The only value of a header, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None

    def header_names(self):
        return [name.lower() for name, _ in self.headers]


@dataclass
class Cut:
    """Sends only the first `bytes` bytes of an answer, then closes the connection."""

    answer: bytes
    bytes: int


@dataclass
class Stall:
    """Sends the first `bytes` bytes of an answer and then nothing until the stub stops."""

    answer: bytes
    bytes: int = 0


@dataclass
class Pieces:
    """Sends an answer in these pieces, each in a packet of its own."""

    pieces: list


@dataclass
class Stream:
    """Sends a head and then `length` bytes of zeros, without holding them."""

    head: bytes
    length: int


@dataclass
class Hangup:
    """Closes the connection without an answer, after `after` body bytes were read."""

    after: int = 0


@dataclass
class Unread:
    """Leaves the body unread until `go`, then hangs up."""

    go: threading.Event = field(default_factory=threading.Event)


def reply(status=200, body=b"", headers=(), head_only=False):
    """A well-framed answer."""
    lines = [f"HTTP/1.1 {status} Stub", f"content-length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (b"" if head_only else body)


def error(status, code, message="stub"):
    """S3's error document."""
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return reply(status, text.encode(), [("content-type", "application/xml")])


@dataclass
class Stub:
    """The running stub. `requests` grows in the order the heads came."""

    answer: object = field(default_factory=lambda: reply(200, headers=[("etag", '"stub"')]))
    keep_bodies: bool = True
    region: str = "us-east-1"
    access_key: str = "STUBUPSTREAMKEYID000"
    secret_key: str = "stub-upstream-secret-canary"

    def __post_init__(self):
        self.requests, self.connections = [], 0
        self._stopping = threading.Event()
        self._sockets = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        """Closes the listener and every connection: from now on connections are refused."""
        self._stopping.set()
        for each in [self._listener, *self._sockets]:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def forget(self):
        """Starts a test with nothing recorded and the plain answer."""
        self.requests.clear()
        self.keep_bodies = True
        self.answer = reply(200, headers=[("etag", '"stub"')])

    def only_request(self):
        """The one request that came."""
        wait_until(lambda: self.requests, "a request at the stub", 5)
        assert len(self.requests) == 1, [request.line for request in self.requests]
        return self.requests[0]

    def _accept(self):
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        reader = connection.makefile("rb", buffering=1 << 16)
        try:
            while self._exchange(connection, reader):
                pass
        except (OSError, ValueError):
            pass
        finally:
            reader.close()
            connection.close()

    def _exchange(self, connection, reader):
        request = self._read_head(reader)
        if request is None:
            return False
        self.requests.append(request)
        answer = self.answer(request) if callable(self.answer) else self.answer
        if isinstance(answer, Hangup):
            request.body += reader.read(answer.after)
            request.received = len(request.body)
            return False
        if isinstance(answer, Unread):
            answer.go.wait()
            return False
        if (request.header("expect") or "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._read_body(reader, request)
        return request.complete and self._send(connection, request, answer)

    def _read_head(self, reader):
        line = reader.readline(1 << 16)
        if not line.endswith(b"\n"):
            return None
        headers = []
        while (row := reader.readline(1 << 16)) not in (b"\r\n", b"\n"):
            if not row:
                return None
            name, _, value = row.rstrip(b"\r\n").partition(b":")
            headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))
        return Request(line.rstrip(b"\r\n"), headers)

    def _read_body(self, reader, request):
        try:
            self._read_announced(reader, request)
        finally:
            request.over = True

    def _read_announced(self, reader, request):
        if "chunked" in (request.header("transfer-encoding") or "").lower():
            request.complete = self._read_chunks(reader, request)
            return
        left = int(request.header("content-length") or 0)
        request.complete = self._read_bytes(reader, request, left)

    def _read_chunks(self, reader, request):
        while size_line := reader.readline(1 << 16):
            size = int(size_line.split(b";")[0], 16)
            if size == 0:
                while reader.readline(1 << 16) not in (b"\r\n", b""):
                    pass
                return True
            if not self._read_bytes(reader, request, size):
                return False
            reader.readline(16)
        return False

    def _read_bytes(self, reader, request, left):
        while left:
            piece = reader.read1(min(left, 1 << 16))
            if not piece:
                return False
            request.received += len(piece)
            left -= len(piece)
            if self.keep_bodies:
                request.body += piece
        return True

    def _send(self, connection, request, answer):
        match answer:
            case Cut(whole, count):
                connection.sendall(whole[:count])
                return False
            case Stall(whole, count):
                connection.sendall(whole[:count])
                self._stopping.wait()
                return False
            case Pieces(pieces):
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(0.02)
            case Stream(head, length):
                connection.sendall(head)
                if request.method != "HEAD":
                    self._send_zeros(connection, length)
            case _ if request.method == "HEAD":
                connection.sendall(answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
            case _:
                connection.sendall(answer)
        return True

    def _send_zeros(self, connection, length):
        piece = memoryview(bytes(1 << 18))
        while length:
            count = min(length, len(piece))
            connection.sendall(piece[:count])
            length -= count


class Silent:
    """A port that accepts connections and never answers, for time limits."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def stop(self):
        self._listener.close()


def settle(seconds=0.3):
    """Waits for what must not happen: a request that would still come."""
    time.sleep(seconds)
