"""How uploads go to a store is a setting of the upstream; what is stored is the same whichever it is."""

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sigv4
import wire
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from scenarios import MIB, pattern
from servers.gateway import upstream
from sides import direct, through

# Ceph RGW 16 and the demo's store take no trailers.
SETTINGS = [
    (store, chunks)
    for store in ["demo", "moto", "ceph"]
    for chunks in ["plain", "trailer", "signed"]
    if (store, chunks) not in [("demo", "trailer"), ("ceph", "trailer")]
]
SIZES = [0, 1, 8191, 65536, 65537, 300_000, 2 * MIB + 1]


@pytest.fixture(scope="module", params=SETTINGS, ids="-".join)
def gateway(request, launch):
    store, chunks = request.param
    server = request.getfixturevalue(store)
    return launch({store: upstream(getattr(server, "upstream", server), profile=store, chunks=chunks)})


@pytest.fixture
def bucket(gateway, new_bucket):
    name = new_bucket("chunks")
    through(gateway).s3().create_bucket(Bucket=name)
    return name


def check_stored(gateway, bucket, key, body, etag=None):
    found = through(gateway).s3().get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == body
    assert found["ETag"] == (etag or f'"{hashlib.md5(body).hexdigest()}"')
    return found


def check_sent(gateway, bucket, target, headers, body, data):
    answer = wire.exchange(gateway.endpoint, "PUT", target, headers, body)
    assert answer.status == 200, answer
    found = check_stored(gateway, bucket, target.rpartition("/")[2], data)
    assert "aws-chunked" not in found.get("ContentEncoding", ""), found


@pytest.mark.parametrize("trailing", [False, True], ids=["chunks", "trailer"])
@pytest.mark.parametrize("cut", [8192, 65536, 131072, MIB])
def test_signed_chunks_are_stored(gateway, bucket, cut, trailing):
    side = through(gateway)
    for size in SIZES:
        data, target = pattern(size), f"/{bucket}/{size}"
        trailer = ("x-amz-checksum-crc32", sigv4.crc32(data)) if trailing else None
        headers, body = sigv4.signed_chunks(side.signer, "PUT", target, side.host, data, size=cut, trailer=trailer)
        check_sent(gateway, bucket, target, headers, body, data)


def test_unsigned_trailers_and_unsigned_bodies_are_stored(gateway, bucket):
    side = through(gateway)
    for size in SIZES:
        data, target = pattern(size), f"/{bucket}/{size}"
        headers, body = sigv4.unsigned_trailer(side.signer, "PUT", target, side.host, data)
        check_sent(gateway, bucket, target, headers, body, data)
        answer = side.raw("PUT", f"{target}-plain", data)
        assert answer.status == 200, answer
        check_stored(gateway, bucket, f"{size}-plain", data)


def test_a_content_encoding_is_kept(gateway, bucket):
    side, target = through(gateway), f"/{bucket}/zip"
    data = gzip.compress(pattern(100_000))
    headers, body = sigv4.signed_chunks(side.signer, "PUT", target, side.host, data, coding="aws-chunked,gzip")
    answer = wire.exchange(side.endpoint, "PUT", target, headers, body)
    assert answer.status == 200, answer
    assert check_stored(gateway, bucket, "zip", data)["ContentEncoding"] == "gzip"


@pytest.mark.parametrize("way", ["http", "https"])
def test_boto3_uploads_are_stored(gateway, bucket, tmp_path, way):
    s3 = through(gateway, way).s3()
    data = pattern(6 * MIB)
    s3.put_object(Bucket=bucket, Key="one", Body=data)
    check_stored(gateway, bucket, "one", data)
    for algorithm in ["CRC32", "SHA256"]:
        s3.put_object(Bucket=bucket, Key=algorithm, Body=data, ChecksumAlgorithm=algorithm)
        check_stored(gateway, bucket, algorithm, data)
    path = tmp_path / "parts"
    path.write_bytes(data)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_file(str(path), bucket, "parts", Config=config)
    assert s3.get_object(Bucket=bucket, Key="parts")["Body"].read() == data


def test_the_cli_uploads_are_stored(gateway, bucket, tmp_path):
    side, data = through(gateway, "https"), pattern(9 * MIB)
    path = tmp_path / "file"
    path.write_bytes(data)
    environment = {
        "AWS_ACCESS_KEY_ID": side.access_key,
        "AWS_SECRET_ACCESS_KEY": side.secret_key,
        "AWS_DEFAULT_REGION": side.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CA_BUNDLE": side.ca,
    }
    aws = [sys.executable, Path(sys.executable).with_name("aws"), "--endpoint-url", side.endpoint]
    command = [*aws, "s3", "cp", "--no-progress", path, f"s3://{bucket}/file"]
    ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert through(gateway).s3().get_object(Bucket=bucket, Key="file")["Body"].read() == data


@pytest.mark.parametrize("size", [1, 65536, 300_000])
def test_t15_a_changed_byte_leaves_no_object(gateway, bucket, size):
    side = through(gateway)
    for trailing in [False, True]:
        data, target = pattern(size), f"/{bucket}/changed"
        trailer = ("x-amz-checksum-crc32", sigv4.crc32(data)) if trailing else None
        headers, body = sigv4.signed_chunks(side.signer, "PUT", target, side.host, data, trailer=trailer)
        at = body.index(b"\r\n") + 2 + size // 2
        body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        answer = wire.exchange(side.endpoint, "PUT", target, headers, body)
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), answer
        with pytest.raises(ClientError) as raised:
            side.s3().head_object(Bucket=bucket, Key="changed")
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize("store", ["demo", "ceph"])
def test_the_stores_themselves_verify_signed_chunks(request, new_bucket, store):
    server = request.getfixturevalue(store)
    side, bucket = direct(getattr(server, "upstream", server)), new_bucket("verified")
    side.s3().create_bucket(Bucket=bucket)
    target = f"/{bucket}/key"
    headers, body = sigv4.signed_chunks(side.signer, "PUT", target, side.host, pattern(100_000))
    for spoilt, good in [(b"", True), (b"x", False)]:
        at = len(body) // 2
        changed = body[:at] + (spoilt or body[at : at + 1]) + body[at + 1 :]
        answer = wire.exchange(side.endpoint, "PUT", target, headers, changed)
        assert (answer.status == 200) == good, answer
