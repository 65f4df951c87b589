"""Uploads of every client in every form that a payload has: what is stored is what a plain upload stores."""

import base64
import dataclasses
import hashlib
import itertools
import re

import pytest
import rust
from algorithms import ALGORITHMS, value_of
from conftest import missing
from scenarios import MIB, pattern
from servers.gateway import upstream
from servers.tap import Tap
from sides import direct, through
from uploaders import CHUNKS, DOWNLOADERS, HASH, SIGNED_TRAILER, TRAILER, UNSIGNED, UPLOADERS

SIZES = [0, 1, 65535, 65536, 65537, 5 * MIB]
QUICK_SIZES = [0, 1, 65537]
LARGE = 64 * MIB
METADATA = {"purpose": "round-trip"}
# What a client adds.
OWN = {"rclone": {"atime", "btime", "gid", "md5chksum", "mode", "mtime", "uid"}, "s3cmd": {"s3cmd-attrs"}}
# Members of a HEAD that must be those of a plain upload. Types are the clients' own choice.
ALIKE = ["ContentLength", "ContentEncoding", "CacheControl", "ContentDisposition", "ContentLanguage", "StorageClass"]
# MiB of a part by default.
PARTS = [5, 8, 15, 16]
# The quick run has each form once, and the clients that people use most.
QUICK = {"boto3", "boto3-unsigned", "aws-cp", "rclone", "javascript", "javascript-stream", "signed-chunks", "signed-trailer"}


def rows():
    stores = ["demo", "ceph", "garage", "moto"]
    for name, way, store in itertools.product(UPLOADERS, ["http", "https"], stores):
        if name in QUICK and (way, store) in [("https", "demo"), ("http", "ceph")]:
            yield pytest.param(name, way, store, QUICK_SIZES, id=f"{name}-{way}-{store}")
        # moto answers 400 to rclone's uploads in parts.
        large = [LARGE] if (name, store) != ("rclone", "moto") else []
        every = f"{name}-{way}-{store}-every-size"
        # Garage takes no empty part.
        small = SIZES[1:] if (name, store) == ("rust-parts", "garage") else SIZES
        yield pytest.param(name, way, store, small + large, id=every, marks=[pytest.mark.slow])


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


def stored(s3, bucket, key, data, own=frozenset()):
    """What a store has under a key, less what it says only of one way to put it there; `own` is the client's metadata."""
    found = s3.get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == data
    assert "aws-chunked" not in found.get("ContentEncoding", ""), found
    head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    assert (head["ContentLength"], head["ETag"]) == (len(data), found["ETag"])
    for algorithm in ALGORITHMS:
        if found := head.get(f"Checksum{algorithm.upper()}"):
            whole = {value_of(algorithm, data)}
            parts = of_parts(ALGORITHMS[algorithm], data) if "-" in head["ETag"] else []
            # moto shows one of parts without their number.
            assert found.split("-")[0] in whole | {base64.b64encode(value).decode() for value, _ in parts}, algorithm
    kept = {name: value for name, value in head["Metadata"].items() if name not in own}
    # Said or not, it is the same.
    head.setdefault("StorageClass", "STANDARD")
    return {"etag": head["ETag"], "metadata": kept, **{name: head.get(name) for name in ALIKE}}


def same(seen, plain, data):
    """Whether two of those are alike; an ETag of parts is held against every size that clients cut to."""
    if "-" in seen["etag"]:
        of_md5 = of_parts(lambda part: hashlib.md5(part).digest(), data)
        assert seen["etag"] in {f'"{value.hex()}-{count}"' for value, count in of_md5}, seen
        seen = {**seen, "etag": plain["etag"]}
    assert seen == plain


def of_parts(digest, data):
    """The digest of the digests of the parts, and how many those are, for every size that clients cut to."""
    for size in [mib * MIB for mib in PARTS]:
        parts = [digest(data[start : start + size]) for start in range(0, max(len(data), 1), size)]
        yield digest(b"".join(parts)), len(parts)


@pytest.mark.parametrize("name, way, store, sizes", list(rows()))
def test_an_upload_is_stored_as_a_plain_one_is(name, way, store, sizes, front, forms, new_bucket, tmp_path):
    if name.startswith("rust") and rust.missing():
        missing(", ".join(rust.missing()))
    put, *expected = UPLOADERS[name]
    server, gateway = front(store)
    straight, side, bucket = direct(server), through(gateway, way), new_bucket(f"body-{name}")
    side.s3().create_bucket(Bucket=bucket)
    for size in sizes:
        data, path, key = pattern(size), tmp_path / str(size), f"key-{size}"
        path.write_bytes(data)
        marks = [(f"x-amz-meta-{mark}", value) for mark, value in METADATA.items()]
        assert straight.raw("PUT", f"/{bucket}/plain", data, extra=marks).status == 200
        plain = stored(straight.s3(), bucket, "plain", data)
        put(side, bucket, key, path, METADATA)
        for reader in [side, straight]:
            same(stored(reader.s3(), bucket, key, data, OWN.get(name, frozenset())), plain, data)
        if get := DOWNLOADERS.get(name):
            get(side, bucket, key, tmp_path / "back")
            assert (tmp_path / "back").read_bytes() == data
            (tmp_path / "back").unlink()
        if size == 65537:
            assert forms(name, way, path) == expected[way == "https"]


def test_every_form_of_a_payload_is_sent_by_some_client():
    quick = [UPLOADERS[name] for name in QUICK]
    for rows in [UPLOADERS.values(), quick]:
        sent = set().union(*(http | https for _, http, https in rows))
        assert sent == {HASH, UNSIGNED, CHUNKS, SIGNED_TRAILER, TRAILER}
