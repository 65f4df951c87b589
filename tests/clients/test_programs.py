"""The AWS command line and rclone, straight and through the gateway: the same output, the same files."""

import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from conftest import missing, on
from scenarios import MIB, pattern
from sides import direct, through

SERVERS = ["moto", "ceph", "garage", "localstack"]


def ways():
    """Every server over HTTP and HTTPS."""
    pairs = [(server, way) for server in SERVERS for way in ["http", "https"] if (server, way) != ("moto", "https")]
    return [on(server, way) for server, way in pairs]


class Program:
    """Runs a command-line client on one side and keeps what it printed, less what differs between any two runs."""

    def __init__(self, side, bucket, folder, parts=True):
        self.side, self.bucket, self.folder, self.parts = side, bucket, Path(folder), parts
        self.folder.mkdir(parents=True)
        self.seen = []

    def run(self, *words, fails=False):
        words = [str(word).replace("BUCKET", self.bucket) for word in words]
        done = subprocess.run(
            self.command(words), cwd=self.folder, env={**os.environ, **self.environment()}, capture_output=True,
            text=True, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert (done.returncode != 0) == fails, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        self.seen.append((words, self.normal(done.stdout)))
        return done.stdout

    def normal(self, text):
        text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+|\+00:00|Z)*", "DATE", text.replace(self.bucket, "BUCKET"))
        text = re.sub(r".*\r", "", text)
        return sorted(text.splitlines())


class Aws(Program):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.config = self.folder / "aws-config"
        # Without it `aws s3 presign` of version 1 signs the old way for an endpoint of one's own.
        self.config.write_text("[default]\ns3 =\n  signature_version = s3v4\n")

    def command(self, words):
        aws = Path(sys.executable).with_name("aws")
        return [sys.executable, aws, "--endpoint-url", self.side.endpoint, *words]

    def environment(self):
        trust = {"AWS_CA_BUNDLE": self.side.ca} if self.side.ca else {}
        return {
            "AWS_ACCESS_KEY_ID": self.side.access_key,
            "AWS_SECRET_ACCESS_KEY": self.side.secret_key,
            "AWS_DEFAULT_REGION": self.side.region,
            "AWS_CONFIG_FILE": str(self.config),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_MAX_ATTEMPTS": "1",
            **trust,
        }


class Rclone(Program):
    def command(self, words):
        trust = ["--ca-cert", self.side.ca] if self.side.ca else []
        return ["rclone", "--config", os.devnull, "--retries", "1", "--low-level-retries", "1", *trust, *words]

    def environment(self):
        return {
            "RCLONE_CONFIG_S3_TYPE": "s3",
            "RCLONE_CONFIG_S3_PROVIDER": "Other",
            "RCLONE_CONFIG_S3_ENDPOINT": self.side.endpoint,
            "RCLONE_CONFIG_S3_REGION": self.side.region,
            "RCLONE_CONFIG_S3_ACCESS_KEY_ID": self.side.access_key,
            "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY": self.side.secret_key,
            "RCLONE_CONFIG_S3_CHUNK_SIZE": "5Mi",
            "RCLONE_CONFIG_S3_UPLOAD_CUTOFF": "5Mi" if self.parts else "100Mi",
        }


def write_tree(folder):
    """A small tree with awkward names and one file of several parts."""
    files = {"one.txt": b"one", "sub/two words.txt": b"two", "sub/deep/ümläut+plus.bin": pattern(9 * MIB), "empty": b""}
    for name, body in files.items():
        path = folder / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def tree_of(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def both(request, fronts, new_bucket, tmp_path):
    """Runs steps with a program on both sides and compares what they printed."""

    def run(kind, steps, server, way):
        if request.config.getoption("--proxy") == "nginx" and (server, way) == ("ceph", "https"):
            pytest.skip("not without the gateway: RGW 16 knows no trailers")
        sides = [direct(request.getfixturevalue(server)), through(fronts(server), way)]
        if (kind, server) == (Aws, "garage"):
            # Straight at it, every other `aws s3 sync` waits for ever for one of the answers.
            del sides[0]
        # moto answers 400 to rclone's uploads in parts.
        parts = (kind, server) != (Rclone, "moto")
        programs = [kind(side, new_bucket("program"), tmp_path / side.name, parts) for side in sides]
        for program in programs:
            program.side.s3().create_bucket(Bucket=program.bucket)
            steps(program)
        for (_, expected), (words, seen) in zip(programs[0].seen, programs[-1].seen):
            assert seen == expected, words

    return run


@pytest.mark.parametrize("server, way", ways())
def test_aws_s3(server, way, both):
    both(Aws, aws_s3, server, way)


def aws_s3(aws):
    write_tree(aws.folder)
    aws.run("s3", "ls", "s3://BUCKET")
    aws.run("s3", "cp", "--no-progress", "tree/one.txt", "s3://BUCKET/one.txt")
    aws.run("s3", "cp", "--no-progress", "tree/sub/deep/ümläut+plus.bin", "s3://BUCKET/big file.bin")
    aws.run("s3", "cp", "--no-progress", "s3://BUCKET/big file.bin", "down.bin")
    assert (aws.folder / "down.bin").read_bytes() == pattern(9 * MIB)
    aws.run("s3", "cp", "--no-progress", "s3://BUCKET/one.txt", "s3://BUCKET/copy/one.txt")
    assert aws.run("s3", "cp", "s3://BUCKET/copy/one.txt", "-") == "one"
    aws.run("s3", "mv", "--no-progress", "s3://BUCKET/one.txt", "s3://BUCKET/moved.txt")
    aws.run("s3", "sync", "--no-progress", "tree", "s3://BUCKET/tree")
    aws.run("s3", "sync", "--no-progress", "tree", "s3://BUCKET/tree")
    aws.run("s3", "sync", "--no-progress", "s3://BUCKET/tree", "back")
    assert tree_of(aws.folder / "back") == tree_of(aws.folder / "tree")
    aws.run("s3", "ls", "--recursive", "--summarize", "s3://BUCKET")
    aws.run("s3", "ls", "s3://BUCKET/tree/")
    aws.run("s3", "cp", "s3://BUCKET/missing", "-", fails=True)
    aws.run("s3", "rm", "s3://BUCKET/moved.txt")
    aws.run("s3", "rm", "--recursive", "s3://BUCKET")
    assert aws.run("s3", "ls", "--recursive", "s3://BUCKET") == ""
    aws.run("s3", "rb", "s3://BUCKET")


@pytest.mark.parametrize("server, way", ways())
def test_aws_s3api(server, way, both):
    both(Aws, aws_s3api, server, way)


def aws_s3api(aws):
    write_tree(aws.folder)
    run = lambda *words, **more: aws.run("s3api", *words, **more)
    fields = ["--query", "{tag: ETag, length: ContentLength, type: ContentType, meta: Metadata}"]
    where = ["--bucket", "BUCKET", "--key"]
    run("put-object", *where, "k", "--body", "tree/one.txt", "--metadata", "a=b", "--query", "ETag")
    run("head-object", *where, "k", *fields)
    run("get-object", *where, "k", "out", *fields)
    assert (aws.folder / "out").read_bytes() == b"one"
    run("get-object", *where, "k", "part", "--range", "bytes=1-1", "--query", "ContentRange")
    run("list-objects-v2", "--bucket", "BUCKET", "--query", "Contents[].[Key, Size, ETag]")
    upload = json.loads(run("create-multipart-upload", *where, "m", "--query", "UploadId"))
    aws.seen.pop()
    part = ["--upload-id", upload, "--part-number", "1", "--body", "tree/one.txt", "--query", "ETag"]
    etag = json.loads(run("upload-part", *where, "m", *part))
    aws.seen.pop()
    parts = json.dumps({"Parts": [{"PartNumber": 1, "ETag": etag}]})
    run("complete-multipart-upload", *where, "m", "--upload-id", upload, "--multipart-upload", parts, "--query", "Key")
    aws.seen.pop()
    run("head-object", *where, "m", *fields)
    gone = json.dumps({"Objects": [{"Key": "k"}, {"Key": "m"}]})
    run("delete-objects", "--bucket", "BUCKET", "--delete", gone, "--query", "sort(Deleted[].Key)")
    run("head-object", *where, "k", fails=True)
    run("get-bucket-location", "--bucket", "BUCKET")


@pytest.mark.parametrize("server, way", ways())
def test_aws_presign(server, way, request, fronts, new_bucket, tmp_path):
    if request.config.getoption("--proxy") == "nginx" and way == "https":
        pytest.skip("not without the gateway: RGW 16 knows no trailers")
    side = through(fronts(server), way)
    aws = Aws(side, new_bucket("presign"), tmp_path / "aws")
    side.s3().create_bucket(Bucket=aws.bucket)
    side.s3().put_object(Bucket=aws.bucket, Key="a b", Body=b"presigned")
    url = aws.run("s3", "presign", "s3://BUCKET/a b", "--expires-in", "60").strip()
    context = ssl.create_default_context(cafile=side.ca) if side.ca else None
    with urllib.request.urlopen(url, context=context) as answer:
        assert answer.read() == b"presigned"


@pytest.mark.parametrize("server, way", ways())
def test_rclone(server, way, both):
    if shutil.which("rclone") is None:
        missing("rclone")
    both(Rclone, rclone_steps, server, way)


def rclone_steps(rclone):
    write_tree(rclone.folder)
    rclone.run("copy", "tree", "s3:BUCKET/tree")
    rclone.run("check", "tree", "s3:BUCKET/tree")
    rclone.run("check", "--download", "tree", "s3:BUCKET/tree")
    rclone.run("ls", "s3:BUCKET")
    rclone.run("lsf", "-R", "--format", "psh", "s3:BUCKET")
    rclone.run("size", "s3:BUCKET")
    rclone.run("copy", "s3:BUCKET/tree", "back")
    assert tree_of(rclone.folder / "back") == tree_of(rclone.folder / "tree")
    rclone.run("copyto", "s3:BUCKET/tree/one.txt", "s3:BUCKET/copy.txt")
    assert rclone.run("cat", "s3:BUCKET/copy.txt") == "one"
    (rclone.folder / "tree" / "one.txt").unlink()
    (rclone.folder / "tree" / "new").write_bytes(b"new")
    rclone.run("sync", "tree", "s3:BUCKET/tree")
    rclone.run("check", "tree", "s3:BUCKET/tree")
    rclone.run("lsf", "-R", "s3:BUCKET")
    rclone.run("delete", "s3:BUCKET/tree/sub")
    rclone.run("purge", "s3:BUCKET")
    rclone.run("ls", "s3:BUCKET", fails=True)
