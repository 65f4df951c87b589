"""HTTP/1.1 on a raw socket: sends exactly the bytes a test wrote and shows exactly what came back."""

import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Answer:
    """An answer as it came. `whole` is false when the connection ended before the announced length."""

    status: int
    headers: list
    body: bytes
    whole: bool = True

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if values else None

    @property
    def code(self):
        """The S3 error code in the body, or None."""
        return self._element("Code")

    @property
    def message(self):
        return self._element("Message")

    @property
    def request_id(self):
        """The id in the header; an error document, where there is one, must name the same."""
        in_header, in_body = self.header("x-amz-request-id"), self._element("RequestId")
        assert in_body in (None, in_header), f"header {in_header}, body {in_body}"
        return in_header

    def _element(self, name):
        found = re.search(f"<{name}>(.*?)</{name}>".encode(), self.body, re.S)
        if not found:
            return None
        text = found[1].decode()
        for entity, plain in [("&quot;", '"'), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]:
            text = text.replace(entity, plain)
        return text


class Connection:
    """One connection to an endpoint."""

    def __init__(self, endpoint, ca=None, timeout=30):
        parts = urlsplit(endpoint)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca)
            self.socket = context.wrap_socket(self.socket, server_hostname=parts.hostname)
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.socket.close()

    def send(self, method, target, headers=(), body=b""):
        """Sends a request; header pairs as given, Host first unless given."""
        headers = list(headers.items() if isinstance(headers, dict) else headers)
        if not any(name.lower() == "host" for name, _ in headers):
            headers.insert(0, ("host", self.host))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        self.send_bytes("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def send_bytes(self, data):
        self.socket.sendall(data)

    def receive(self, method="GET"):
        """The next answer, 1xx included; `method` says whether a body may follow."""
        line = self._line()
        if not line.startswith(b"HTTP/1."):
            raise ConnectionError(f"no HTTP answer: {line[:100]!r}")
        status = int(line.split(b" ")[1])
        headers = []
        while line := self._line():
            name, _, value = line.partition(b":")
            headers.append((name.decode(), value.strip().decode("latin-1")))
        answer = Answer(status, headers, b"")
        if status >= 200 and status not in (204, 304) and method != "HEAD":
            answer.body, answer.whole = self._body(answer)
        return answer

    def ended(self):
        """Whether the other side has closed; waits for it."""
        try:
            return self.reader.read(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True

    def _line(self):
        line = self.reader.readline()
        if not line:
            raise ConnectionError("the connection ended without an answer")
        return line.rstrip(b"\r\n")

    def _body(self, answer):
        try:
            if answer.header("content-length") is not None:
                length = int(answer.header("content-length"))
                body = self.reader.read(length)
                return body, len(body) == length
            if "chunked" in (answer.header("transfer-encoding") or ""):
                return self._chunks()
            return self.reader.read(), True
        except (ConnectionError, ssl.SSLError):
            return b"", False

    def _chunks(self):
        body = b""
        while size := self.reader.readline():
            piece = self.reader.read(int(size, 16))
            body += piece
            if len(piece) < int(size, 16):
                break
            self.reader.readline()
            if int(size, 16) == 0:
                return body, True
        return body, False


def exchange(endpoint, method, target, headers=(), body=b"", ca=None):
    """One request on a connection of its own, and its final answer."""
    with Connection(endpoint, ca) as connection:
        try:
            connection.send(method, target, headers, body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # A refusal may come, and the connection close, before all of the body is sent.
        answer = connection.receive(method)
        while answer.status < 200:
            answer = connection.receive(method)
        return answer
