"""Signature Version 4 written out, for requests that no SDK would send: odd targets, chunked forms, wrong parts.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

import base64
import hashlib
import hmac
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote_to_bytes

UNSIGNED = "UNSIGNED-PAYLOAD"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def now(offset=timedelta()):
    return (datetime.now(timezone.utc) + offset).strftime("%Y%m%dT%H%M%SZ")


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


@dataclass
class Signer:
    """Signs with one key. `date` is fixed for tests of the clock."""

    access_key: str
    secret_key: str
    region: str = "us-east-1"
    service: str = "s3"
    date: str = ""

    def headers(self, method, target, host, payload=UNSIGNED, extra=(), signed=None):
        """All headers of a request, in order: host, the date, the payload hash, `extra`, and the authorization.

        `signed` names the headers that are signed over; without it all are.
        """
        date = self.date or now()
        headers = [("host", host), ("x-amz-date", date), ("x-amz-content-sha256", payload), *extra]
        names = sorted(signed or {name.lower() for name, _ in headers})
        signature = self.signature(date, method, target, headers, names, payload)
        credential = f"{self.access_key}/{self.scope(date)}"
        value = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={';'.join(names)}, Signature={signature}"
        return [*headers, ("authorization", value)]

    def presign(self, method, target, host, expires=600, extra_query="", extra=()):
        """A target with the signature in its query; `extra` headers are signed over."""
        date = self.date or now()
        names = sorted(["host", *(name.lower() for name, _ in extra)])
        parameters = [
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            f"X-Amz-Credential={quote(f'{self.access_key}/{self.scope(date)}', safe='')}",
            f"X-Amz-Date={date}",
            f"X-Amz-Expires={expires}",
            f"X-Amz-SignedHeaders={quote(';'.join(names), safe='')}",
            *filter(None, [extra_query]),
        ]
        unsigned = f"{target}{'&' if '?' in target else '?'}{'&'.join(parameters)}"
        signature = self.signature(date, method, unsigned, [("host", host), *extra], names, UNSIGNED)
        return f"{unsigned}&X-Amz-Signature={signature}"

    def signature(self, date, method, target, headers, names, payload):
        path, _, query = target.partition("?")
        values = {}
        for name, value in headers:
            values.setdefault(name.lower(), []).append(" ".join(value.split()))
        canonical = "\n".join(
            [
                method,
                quote(unquote_to_bytes(path), safe="/-_.~"),
                _canonical_query(query),
                *(f"{name}:{','.join(values[name])}" for name in names),
                "",
                ";".join(names),
                payload,
            ]
        )
        return self.sign(date, "AWS4-HMAC-SHA256", hashlib.sha256(canonical.encode()).hexdigest())

    def sign(self, date, algorithm, *lines):
        text = "\n".join([algorithm, date, self.scope(date), *lines])
        key = _mac(f"AWS4{self.secret_key}".encode(), date[:8])
        for part in [self.region, self.service, "aws4_request"]:
            key = _mac(key, part)
        return _mac(key, text).hex()

    def scope(self, date):
        return f"{date[:8]}/{self.region}/{self.service}/aws4_request"


def _canonical_query(query):
    pairs = (part.partition("=") for part in query.split("&") if part)
    encoded = ((_encode(name), _encode(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _encode(text):
    return quote(unquote_to_bytes(text), safe="-_.~")


def crc32(data):
    """The value of x-amz-checksum-crc32."""
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def signed_chunks(signer, method, target, host, data, size=65536, extra=(), trailer=None, coding="aws-chunked"):
    """Headers and body in signed chunks; `trailer` is a (name, value) sent and signed after the data."""
    form = SIGNED_CHUNKS_TRAILER if trailer else SIGNED_CHUNKS
    announced = [("x-amz-decoded-content-length", str(len(data))), ("content-encoding", coding), *extra]
    if trailer:
        announced.append(("x-amz-trailer", trailer[0]))
    headers = signer.headers(method, target, host, form, announced)
    date = dict(headers)["x-amz-date"]
    previous = headers[-1][1].rpartition("=")[2]
    pieces = []
    for start in [*range(0, len(data), size), len(data)]:
        chunk = data[start : start + size]
        digest = hashlib.sha256(chunk).hexdigest()
        previous = signer.sign(date, "AWS4-HMAC-SHA256-PAYLOAD", previous, EMPTY_SHA256, digest)
        pieces += [f"{len(chunk):x};chunk-signature={previous}\r\n".encode(), chunk, b"\r\n" * bool(chunk)]
    body = b"".join([*pieces, _signed_trailer(signer, date, previous, trailer) if trailer else b"\r\n"])
    return [*headers, ("content-length", str(len(body)))], body


def _signed_trailer(signer, date, previous, trailer):
    name, value = trailer
    digest = hashlib.sha256(f"{name}:{value}\n".encode()).hexdigest()
    signature = signer.sign(date, "AWS4-HMAC-SHA256-TRAILER", previous, digest)
    return f"{name}:{value}\r\nx-amz-trailer-signature:{signature}\r\n\r\n".encode()


def unsigned_trailer(signer, method, target, host, data, size=65536, checksum=None, extra=(), trailer=None):
    """Headers and body in unsigned chunks and a trailer: (name, value), or a CRC32, right unless `checksum` says
    otherwise."""
    name, value = trailer or ("x-amz-checksum-crc32", checksum or crc32(data))
    announced = [
        ("x-amz-decoded-content-length", str(len(data))),
        ("content-encoding", "aws-chunked"),
        ("x-amz-trailer", name),
        *extra,
    ]
    headers = signer.headers(method, target, host, UNSIGNED_TRAILER, announced)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    body = b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    body += f"0\r\n{name}:{value}\r\n\r\n".encode()
    return [*headers, ("content-length", str(len(body)))], body
