"""Mixed load for the metrics: requests of every kind to a gateway, and what goes wrong with upstreams if asked."""

import http.server
import json
import random
import socket
import threading
from datetime import UTC, datetime

import wire
from servers import stub as stubs
from servers.gateway import Users, allow, deny, document, upstream
from servers.stub import Cut, reply
from sides import Side, through

TAGS = b"<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag></TagSet></Tagging>"
LISTING = b"<ListBucketResult><Name>open</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"


class Container:
    """Gives out credentials that expire, as a container's agent does."""

    def __init__(self, life):
        answer = {"AccessKeyId": "STUBUPSTREAMKEYID000", "SecretAccessKey": "secret", "Token": "token"}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                expiry = datetime.now(UTC) + life
                body = json.dumps({**answer, "Expiration": expiry.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/credentials"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def store(request):
    """What the stub answers: tags, a listing, an object, an answer that breaks off, an error."""
    if "tagging" in request.target:
        return stubs.error(500, "InternalError") if "broken" in request.target else reply(200, TAGS)
    if "/cut" in request.target:
        return Cut(reply(200, b"x" * 1000), 500)
    if "/keyless" in request.target:
        return stubs.error(403, "InvalidAccessKeyId")
    if "/failing" in request.target:
        return stubs.error(503, "SlowDown")
    if "list-type" in request.target:
        return reply(200, LISTING, [("content-type", "application/xml")])
    return reply(200, b"x" * 100 if request.method == "GET" else b"", [("etag", '"stub"')])


def upstreams(server, gone, look_ups):
    """A store, one that is down, and one whose credentials come from the chain and expire."""
    return {
        "store": upstream(server, buckets=["open", "closed", "tried"], look_ups=look_ups),
        "gone": upstream(gone, buckets=["gone"]),
        "leased": {**upstream(server, buckets=["leased"]), "credentials": "chain"},
    }


def users():
    """bob may read what is tagged for him."""
    tagged = {"StringEquals": {"s3:ExistingObjectTag/team": "red"}}
    return Users(bob=[allow("s3:GetObject", "arn:aws:s3:::open/tagged*", Condition=tagged)])


def policies():
    nobody = {"Principal": "*"}
    return {
        "closed": document(deny("s3:*", ["arn:aws:s3:::closed", "arn:aws:s3:::closed/*"], **nobody)),
        "tried": document(deny("s3:GetObject", "arn:aws:s3:::tried/*", **nobody)),
    }


GOOD = [
    ("PUT", "/open/key", b"x" * 1000),
    ("GET", "/open/key", b""),
    ("HEAD", "/open/key", b""),
    ("GET", "/open?list-type=2", b""),
    ("DELETE", "/open/key", b""),
    ("GET", "/tried/key", b""),
    ("GET", "/leased/key", b""),
]

SHADOW = {"modes": {"buckets/tried/policy.json": "shadow"}}


class Mixed:
    """Requests of every kind to one gateway, again and again until it ends."""

    def __init__(self, gateway, ill=False):
        self.gateway, self.ill = gateway, ill
        self.rounds, self.failure = 0, None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join(30)

    def _run(self):
        try:
            while not self._ending.wait(0.1):
                self.good()
                self.refused()
                if self.ill:
                    self.bad()
                self.rounds += 1
        except Exception as error:
            self.failure = error

    def good(self):
        alice, bob, tls = through(self.gateway), through(self.gateway, user="bob"), through(self.gateway, "https")
        for side in [alice, tls]:
            for method, target, body in GOOD:
                answer = side.raw(method, target, body)
                assert answer.status < 300, (method, target, answer)
        if not self.ill:
            assert bob.raw("GET", "/open/tagged").status == 200

    def refused(self):
        """By a policy, for want of one, for want of a caller, by the signature, unknown, by framing."""
        alice, bob = through(self.gateway), through(self.gateway, user="bob")
        assert alice.raw("GET", "/closed/key").status == 403
        bob.raw("GET", "/open/key")
        assert alice.unsigned("GET", "/open/key").status == 403
        wrong = Side("wrong", alice.endpoint, alice.access_key, "wrong")
        assert wrong.raw("GET", "/open/key").code == "SignatureDoesNotMatch"
        assert alice.raw("GET", "/open?intelligent-tiering&unheard=1").status == 501
        with wire.Connection(alice.endpoint) as connection:
            connection.send_bytes(b"GET /open/key HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n")
            assert connection.receive().status == 400

    def bad(self):
        """An upstream that is down, breaks off, fails, may not be asked; handshakes that come to nothing."""
        alice, bob = through(self.gateway), through(self.gateway, user="bob")
        assert alice.raw("GET", "/gone/key").status == 503
        assert not alice.raw("GET", "/open/cut").whole
        assert alice.raw("GET", "/open/failing").status == 503
        assert alice.raw("GET", "/open/keyless").status >= 500
        for _ in range(4):
            # Most are more than may be asked; by turns it would be the same ones, round for round.
            bob.raw("GET", random.choice(["/open/tagged", "/open/tagged-broken"]))
        with socket.create_connection(("127.0.0.1", self.gateway.tls_port)) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            plain.recv(100)
