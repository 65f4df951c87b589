"""The AWS SDK for Rust as a client: `./test --full` builds it."""

from servers.processes import CACHE

PROGRAM = CACHE / "rust-sdk" / "debug" / "portcullis-rust-sdk"


def missing():
    """What is not installed."""
    return [] if PROGRAM.exists() else ["the AWS SDK for Rust"]


def command(verb, side, bucket, key, path, metadata=None):
    """A command that uploads or downloads; the verbs are in tests/rust-sdk/src/main.rs."""
    pairs = [f"{name}={value}" for name, value in (metadata or {}).items()]
    return [PROGRAM, verb, side.endpoint, side.region, bucket, key, path, *pairs]


def environment(side):
    """What it needs beside the key."""
    return {"SSL_CERT_FILE": side.ca} if side.ca else {}
