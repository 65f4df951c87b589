"""Every client that uploads objects in a way of its own, behind one face: `put(side, bucket, key, path, metadata)`, and
those that download as well, `get(side, bucket, key, path)`.

`UPLOADERS` says which forms of `x-amz-content-sha256` each is known to send over HTTP and HTTPS; test_bodies.py holds that
against what it really sends.
"""

import dataclasses
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import rust
import sigv4
import wire
from boto3.s3.transfer import TransferConfig
from javascript import JavaScript

BIN = Path(sys.executable).parent
# What follows x-amz-content-sha256, but for the hash itself.
HASH = "a hash"
UNSIGNED = "UNSIGNED-PAYLOAD"
CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def put_object(config):
    def put(side, bucket, key, path, metadata):
        with open(path, "rb") as body:
            side.s3(**config).put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)

    return put


def boto3_transfer(side, bucket, key, path, metadata):
    """In parts of 8 MiB where it is larger."""
    extra = {"Metadata": metadata}
    side.s3().upload_file(str(path), bucket, key, ExtraArgs=extra, Config=TransferConfig(max_concurrency=4))


def boto3_get(side, bucket, key, path):
    side.s3().download_file(bucket, key, str(path), Config=TransferConfig(max_concurrency=4))


def crt_transfer(side, bucket, key, path, metadata):
    """A transfer by the Common Runtime, which sends and signs in its own way. boto3 takes it to AWS alone, so it is asked
    here by what boto3 asks it with."""
    script = (
        "import sys, json, botocore.session\n"
        "from botocore.config import Config\n"
        "from botocore.credentials import Credentials\n"
        "from s3transfer import crt\n"
        "endpoint, region, bucket, key, path, metadata, ca = sys.argv[1:]\n"
        "session = botocore.session.get_session()\n"
        "style = Config(s3={'addressing_style': 'path'})\n"
        "names = {'region_name': region, 'endpoint_url': endpoint, 'config': style}\n"
        "keys = crt.BotocoreCRTCredentialsWrapper(session.get_credentials()).to_crt_credentials_provider()\n"
        "client = crt.create_s3_crt_client(region, keys, use_ssl=bool(ca), verify=ca or None)\n"
        "manager = crt.CRTTransferManager(client, crt.BotocoreCRTRequestSerializer(session, names))\n"
        "with manager:\n"
        "    manager.upload(path, bucket, key, extra_args={'Metadata': json.loads(metadata)}).result()\n"
    )
    arguments = [side.endpoint, side.region, bucket, key, str(path), json.dumps(metadata), side.ca or ""]
    _run([sys.executable, "-c", script, *arguments], side, BOTO_DISABLE_CRT="")


def put_object_with_crt(side, bucket, key, path, metadata):
    """boto3 where the Common Runtime is installed, which makes its checksums."""
    script = (
        "import sys, boto3, json, botocore.compat\n"
        "assert botocore.compat.HAS_CRT\n"
        "endpoint, region, bucket, key, path, metadata = sys.argv[1:]\n"
        "s3 = boto3.client('s3', endpoint_url=endpoint, region_name=region)\n"
        "with open(path, 'rb') as body:\n"
        "    s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=json.loads(metadata), ChecksumAlgorithm='CRC32C')\n"
    )
    arguments = [side.endpoint, side.region, bucket, key, str(path), json.dumps(metadata)]
    _run([sys.executable, "-c", script, *arguments], side, BOTO_DISABLE_CRT="")


def aws_cp(side, bucket, key, path, metadata):
    aws = [sys.executable, BIN / "aws", "--endpoint-url", side.endpoint, "s3", "cp", "--no-progress"]
    _run([*aws, path, f"s3://{bucket}/{key}", "--metadata", _pairs(metadata)], side)


def aws_cp_back(side, bucket, key, path):
    aws = [sys.executable, BIN / "aws", "--endpoint-url", side.endpoint, "s3", "cp", "--no-progress"]
    _run([*aws, f"s3://{bucket}/{key}", path], side)


def aws_put_object(side, bucket, key, path, metadata):
    aws = [sys.executable, BIN / "aws", "--endpoint-url", side.endpoint, "s3api", "put-object"]
    _run([*aws, "--bucket", bucket, "--key", key, "--body", path, "--metadata", _pairs(metadata)], side)


def rclone(side, bucket, key, path, metadata):
    marks = [word for pair in metadata.items() for word in ("--metadata-set", "=".join(pair))]
    _rclone(side, "-M", *marks, "copyto", path, f"s3:{bucket}/{key}")


def rclone_get(side, bucket, key, path):
    _rclone(side, "copyto", f"s3:{bucket}/{key}", path)


def _rclone(side, *words):
    trust = ["--ca-cert", side.ca] if side.ca else []
    _run(
        ["rclone", "--config", os.devnull, "--retries", "1", *trust, *words],
        dataclasses.replace(side, ca=None),
        RCLONE_CONFIG_S3_NO_CHECK_BUCKET="true",
        RCLONE_CONFIG_S3_TYPE="s3",
        RCLONE_CONFIG_S3_PROVIDER="Other",
        RCLONE_CONFIG_S3_ENDPOINT=side.endpoint,
        RCLONE_CONFIG_S3_REGION=side.region,
        RCLONE_CONFIG_S3_ACCESS_KEY_ID=side.access_key,
        RCLONE_CONFIG_S3_SECRET_ACCESS_KEY=side.secret_key,
        RCLONE_CONFIG_S3_UPLOAD_CUTOFF="16Mi",
    )


def s3cmd(side, bucket, key, path, metadata):
    marks = [f"--add-header=x-amz-meta-{name}:{value}" for name, value in metadata.items()]
    _s3cmd(side, *marks, "put", path, f"s3://{bucket}/{key}")


def s3cmd_get(side, bucket, key, path):
    _s3cmd(side, "get", f"s3://{bucket}/{key}", path)


def _s3cmd(side, *words):
    trust = [f"--ca-certs={side.ca}", "--ssl"] if side.ca else ["--no-ssl"]
    where = [f"--host={side.host}", f"--host-bucket={side.host}", f"--region={side.region}"]
    keys = [f"--access_key={side.access_key}", f"--secret_key={side.secret_key}"]
    _run([sys.executable, BIN / "s3cmd", "-c", os.devnull, "--no-progress", *where, *keys, *trust, *words], side)


def minio(side, bucket, key, path, metadata):
    _minio(side).fput_object(bucket_name=bucket, object_name=key, file_path=str(path), metadata=dict(metadata))


def minio_get(side, bucket, key, path):
    _minio(side).fget_object(bucket_name=bucket, object_name=key, file_path=str(path))


def _minio(side):
    import urllib3
    from minio import Minio

    pool = urllib3.PoolManager(ca_certs=side.ca, retries=False)
    return Minio(
        endpoint=side.host, access_key=side.access_key, secret_key=side.secret_key, region=side.region,
        secure=side.ca is not None, http_client=pool,
    )  # fmt: skip


def javascript(side, bucket, key, path, metadata):
    _javascript(side, "PutObject", Bucket=bucket, Key=key, Body=path.read_bytes(), Metadata=metadata)


def javascript_stream(side, bucket, key, path, metadata):
    """Of a stream it makes no hash beforehand."""
    _javascript(side, "PutObject", Bucket=bucket, Key=key, Body=path, Metadata=metadata)


def javascript_get(side, bucket, key, path):
    _javascript(side, "GetObject", to=str(path), Bucket=bucket, Key=key)


_sdks, _sdk_lock = {}, threading.Lock()


def _javascript(side, operation, to=None, **arguments):
    """Runs as long as the tests; the last ones end with them."""
    with _sdk_lock:
        sdk = _sdks.setdefault((side.endpoint, side.access_key), None) or JavaScript(side)
        _sdks[side.endpoint, side.access_key] = sdk
    answer = sdk.call(SimpleNamespace(operation=operation, arguments=arguments), to)
    assert answer.get("status") == 200, answer


def rust_sdk(verb):
    def put(side, bucket, key, path, metadata):
        _run(rust.command(verb, side, bucket, key, path, metadata), side, **rust.environment(side))

    return put


def rust_get(side, bucket, key, path):
    _run(rust.command("get", side, bucket, key, path), side, **rust.environment(side))


def hand_signed(frames):
    """What no client here sends on its own."""

    def put(side, bucket, key, path, metadata):
        target, data = f"/{bucket}/{key}", path.read_bytes()
        extra = [(f"x-amz-meta-{name}", value) for name, value in metadata.items()]
        headers, body = frames(side, target, data, extra)
        answer = wire.exchange(side.endpoint, "PUT", target, headers, body, side.ca)
        assert answer.status == 200, answer

    return put


def _signed_chunks(side, target, data, extra):
    return sigv4.signed_chunks(side.signer, "PUT", target, side.host, data, size=65536, extra=extra)


def _signed_trailer(side, target, data, extra):
    trailer = ("x-amz-checksum-crc32", sigv4.crc32(data))
    return sigv4.signed_chunks(side.signer, "PUT", target, side.host, data, size=65536, trailer=trailer, extra=extra)


def _unsigned_trailer(side, target, data, extra):
    return sigv4.unsigned_trailer(side.signer, "PUT", target, side.host, data, extra=extra)


PLAIN = {"request_checksum_calculation": "when_required"}
UNSIGNED_BODIES = {"payload_signing_enabled": False, "addressing_style": "path"}

# name: how, and the forms it sends over HTTP and over HTTPS.
UPLOADERS = {
    "boto3": (put_object({}), {HASH}, {TRAILER}),
    "boto3-unsigned": (put_object({**PLAIN, "s3": UNSIGNED_BODIES}), {UNSIGNED}, {UNSIGNED}),
    "boto3-when-required": (put_object(PLAIN), {HASH}, {HASH}),
    "boto3-transfer": (boto3_transfer, {HASH}, {TRAILER}),
    "boto3-crt": (put_object_with_crt, {HASH}, {TRAILER}),
    "crt-transfer": (crt_transfer, {TRAILER}, {TRAILER}),
    "aws-cp": (aws_cp, {HASH}, {TRAILER}),
    "aws-put-object": (aws_put_object, {HASH}, {TRAILER}),
    "rclone": (rclone, {UNSIGNED}, {UNSIGNED}),
    "s3cmd": (s3cmd, {HASH}, {HASH}),
    "minio": (minio, {HASH}, {UNSIGNED}),
    "javascript": (javascript, {HASH}, {HASH}),
    "javascript-stream": (javascript_stream, {TRAILER}, {TRAILER}),
    "rust": (rust_sdk("put"), {SIGNED_TRAILER}, {TRAILER}),
    "rust-bytes": (rust_sdk("put-bytes"), {HASH}, {HASH}),
    "rust-unsigned": (rust_sdk("put-unsigned"), {UNSIGNED}, {UNSIGNED}),
    "rust-parts": (rust_sdk("multipart"), {SIGNED_TRAILER}, {TRAILER}),
    "signed-chunks": (hand_signed(_signed_chunks), {CHUNKS}, {CHUNKS}),
    "signed-trailer": (hand_signed(_signed_trailer), {SIGNED_TRAILER}, {SIGNED_TRAILER}),
    "unsigned-trailer": (hand_signed(_unsigned_trailer), {TRAILER}, {TRAILER}),
}  # fmt: skip

# Who downloads too, in a way of its own.
DOWNLOADERS = {
    "boto3-transfer": boto3_get,
    "aws-cp": aws_cp_back,
    "rclone": rclone_get,
    "s3cmd": s3cmd_get,
    "minio": minio_get,
    "javascript": javascript_get,
    "rust": rust_get,
}


def _run(command, side, **more):
    environment = {
        "AWS_ACCESS_KEY_ID": side.access_key,
        "AWS_SECRET_ACCESS_KEY": side.secret_key,
        "AWS_DEFAULT_REGION": side.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **({"AWS_CA_BUNDLE": side.ca} if side.ca else {}),
        **more,
    }
    done = subprocess.run(
        [str(word) for word in command], env={**os.environ, **environment}, capture_output=True, text=True, timeout=200,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def _pairs(metadata):
    return ",".join(f"{name}={value}" for name, value in metadata.items())
