"""Uploads of every client in every form that a payload has: what is stored is what a plain upload stores."""

import dataclasses
import itertools
import re

import pytest
from scenarios import MIB, pattern
from servers.gateway import upstream
from servers.tap import Tap
from sides import direct, through
from uploaders import CHUNKS, HASH, SIGNED_TRAILER, TRAILER, UNSIGNED, UPLOADERS

SIZES = [0, 1, 65535, 65536, 65537, 5 * MIB]
QUICK_SIZES = [0, 1, 65537]
LARGE = 64 * MIB
METADATA = {"purpose": "round-trip"}
# The quick run has each form once, and the clients that people use most.
QUICK = {"boto3", "boto3-unsigned", "aws-cp", "rclone", "javascript", "signed-chunks", "signed-trailer"}


def rows():
    stores = ["demo", "ceph", "garage", "moto"]
    for name, way, store in itertools.product(UPLOADERS, ["http", "https"], stores):
        if name in QUICK and (way, store) in [("https", "demo"), ("http", "ceph")]:
            yield pytest.param(name, way, store, QUICK_SIZES, id=f"{name}-{way}-{store}")
        # moto answers 400 to rclone's uploads in parts.
        large = [LARGE] if (name, store) != ("rclone", "moto") else []
        every = f"{name}-{way}-{store}-every-size"
        yield pytest.param(name, way, store, SIZES + large, id=every, marks=[pytest.mark.slow])


@pytest.fixture(scope="session")
def front(request, launch):
    """A gateway before each store, once."""
    started = {}

    def start(store):
        if store not in started:
            server = request.getfixturevalue(store)
            server = getattr(server, "upstream", server)
            started[store] = (server, launch({store: upstream(server, profile=store)}))
        return started[store]

    return start


@pytest.fixture(scope="session")
def forms(front, certificates):
    """What a client says of its payload, once for each client and way."""
    found = {}

    def ask(name, way, path):
        if (name, way) not in found:
            _, gateway = front("demo")
            tap = Tap(gateway.port, certificates if way == "https" else None)
            side = dataclasses.replace(through(gateway, way), endpoint=tap.endpoint)
            side.s3().create_bucket(Bucket=f"tap-{name}-{way}")
            tap.said.clear()  # Of CreateBucket.
            UPLOADERS[name][0](side, f"tap-{name}-{way}", "key", path, METADATA)
            tap.stop()
            found[name, way] = {HASH if re.fullmatch("[0-9a-f]{64}", value) else value for value in tap.said}
        return found[name, way]

    return ask


def stored(s3, bucket, key, data, etag):
    """What a store has under a key, less what it says only of one way to put it there."""
    found = s3.get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == data
    assert "aws-chunked" not in found.get("ContentEncoding", ""), found
    head = s3.head_object(Bucket=bucket, Key=key)
    assert (head["ContentLength"], head["ETag"]) == (len(data), found["ETag"])
    metadata = {name: value for name, value in head["Metadata"].items() if name in METADATA}
    assert metadata == METADATA, head
    # Of an upload in parts it depends on how it was cut.
    assert "-" in head["ETag"] or head["ETag"] == etag, head
    return head


@pytest.mark.parametrize("name, way, store, sizes", list(rows()))
def test_an_upload_is_stored_as_a_plain_one_is(name, way, store, sizes, front, forms, new_bucket, tmp_path):
    put, *expected = UPLOADERS[name]
    server, gateway = front(store)
    straight, side, bucket = direct(server).s3(), through(gateway, way), new_bucket(f"body-{name}")
    side.s3().create_bucket(Bucket=bucket)
    for size in sizes:
        data, path = pattern(size), tmp_path / str(size)
        path.write_bytes(data)
        plain = side.raw("PUT", f"/{bucket}/plain", data)
        assert plain.status == 200, plain
        etag = side.s3().head_object(Bucket=bucket, Key="plain")["ETag"]
        put(side, bucket, f"key-{size}", path, METADATA)
        stored(side.s3(), bucket, f"key-{size}", data, etag)
        if size == 65537:
            found = straight.get_object(Bucket=bucket, Key=f"key-{size}")["Body"].read()
            assert found == data, "what lies in the store"
            assert forms(name, way, path) == expected[way == "https"]


def test_every_form_of_a_payload_is_sent_by_some_client():
    quick = [UPLOADERS[name] for name in QUICK]
    for rows in [UPLOADERS.values(), quick]:
        sent = set().union(*(http | https for _, http, https in rows))
        assert sent == {HASH, UNSIGNED, CHUNKS, SIGNED_TRAILER, TRAILER}
