"""The two ways to one upstream that are compared: straight, and through the gateway."""

import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

import wire
from sigv4 import UNSIGNED, Signer

# Names under .test are ours alone (RFC 6761); they are this machine.
_resolve = socket.getaddrinfo


def _resolve_locally(host, *arguments, **more):
    text = host.decode() if isinstance(host, bytes) else host
    return _resolve("127.0.0.1" if text and text.endswith(".s3.test") or text == "s3.test" else host, *arguments, **more)


socket.getaddrinfo = _resolve_locally


@dataclass(frozen=True)
class Side:
    """An endpoint, a key for it, and how buckets are addressed there (`path` or `virtual`)."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str
    region: str = "us-east-1"
    ca: str | None = None
    addressing: str = "path"

    def s3(self, **config):
        """A boto3 client that tries once."""
        settings = {
            "signature_version": "s3v4",
            "retries": {"total_max_attempts": 1},
            "s3": {"addressing_style": self.addressing},
            "connect_timeout": 10,
            "read_timeout": 60,
            "max_pool_connections": 32,
            **config,
        }
        with _session_lock:
            return boto3.session.Session().client(
                "s3",
                endpoint_url=self.endpoint,
                region_name=self.region,
                aws_access_key_id=self.access_key,
                aws_secret_access_key=self.secret_key,
                verify=self.ca,
                config=Config(**settings),
            )

    def anonymous(self):
        """A boto3 client that does not sign."""
        from botocore import UNSIGNED as NO_SIGNATURE

        return self.s3(signature_version=NO_SIGNATURE)

    @property
    def host(self):
        return urlsplit(self.endpoint).netloc

    @property
    def signer(self):
        return Signer(self.access_key, self.secret_key, self.region)

    def raw(self, method, target, body=b"", payload=UNSIGNED, extra=(), signer=None):
        """One hand-signed request, its target byte for byte as given."""
        headers = (signer or self.signer).headers(method, target, self.host, payload, extra)
        if body or method in ("PUT", "POST"):
            headers.append(("content-length", str(len(body))))
        return wire.exchange(self.endpoint, method, target, headers, body, self.ca)

    def unsigned(self, method, target, headers=(), body=b""):
        """One request as it stands."""
        if body or method in ("PUT", "POST"):
            headers = [*headers, ("content-length", str(len(body)))]
        return wire.exchange(self.endpoint, method, target, headers, body, self.ca)


_session_lock = threading.Lock()


def direct(server):
    """Straight to an upstream with its own key."""
    return Side("direct", server.endpoint, server.access_key, server.secret_key, server.region)


def through(front, way="http", user=None):
    """Through the gateway: over `http` or `https`, or `virtual` for bucket names in the host."""
    key = front.users.keys[user] if user else None
    access_key, secret_key = (key.id, key.secret) if key else (front.access_key, front.secret_key)
    match way:
        case "http":
            return Side(way, front.endpoint, access_key, secret_key, front.region)
        case "https":
            return Side(way, front.tls_endpoint, access_key, secret_key, front.region, str(front.certificates.ca))
        case "virtual":
            endpoint = f"http://s3.test:{front.port}"
            return Side(way, endpoint, access_key, secret_key, front.region, addressing="virtual")
    raise ValueError(way)
