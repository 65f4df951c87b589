"""The gateway killed at any moment: what it acknowledged is there afterwards, and nothing by halves; and bytes that were
written as private are at no moment anybody's to read.

`CRASH_ROUNDS` asks for more rounds, `CRASH_SEED` for other moments; a failure names its seed.
"""

import json
import os
import random
import threading
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from servers.gateway import PARTNER, Users, allow, document, upstream
from sides import through

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "20"))
SEED = int(os.environ.get("CRASH_SEED", "20261123"))
FLAGS = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]


class Settings:
    """One bucket's settings as one thread puts them: each kind is as it was acknowledged last, or as what was asked last."""

    def __init__(self, bucket):
        self.bucket = bucket
        self.known = {"policy": [None], "block": [flags(FLAGS)], "cors": [None]}

    def change(self, s3, rng, stop):
        count = 0
        while not stop.is_set():
            count += 1
            kind = rng.choice(list(self.known))
            value = rng.choice([None, self.value(kind, f"{rng.random():.12f}")])
            self.known[kind] = [*self.known[kind][-1:], value]
            try:
                self.put(s3, kind, value)
            except (ClientError, BotoCoreError):
                # Asked and not answered: either may be so.
                return
            self.known[kind] = [value]

    def value(self, kind, mark):
        match kind:
            case "policy":
                statement = allow("s3:GetObject", f"arn:aws:s3:::{self.bucket}/{mark}", Principal={"AWS": PARTNER})
                return json.dumps(document(statement))
            case "block":
                return flags([name for name, bit in zip(FLAGS, mark[2:], strict=False) if bit > "4"])
            case "cors":
                return [{"AllowedMethods": ["GET"], "AllowedOrigins": [f"https://{mark}.example"]}]

    def put(self, s3, kind, value):
        of = {"Bucket": self.bucket}
        match kind, value:
            case "policy", None:
                s3.delete_bucket_policy(**of)
            case "policy", _:
                s3.put_bucket_policy(Policy=value, **of)
            case "block", None:
                s3.delete_public_access_block(**of)
            case "block", _:
                s3.put_public_access_block(PublicAccessBlockConfiguration=value, **of)
            case "cors", None:
                s3.delete_bucket_cors(**of)
            case "cors", _:
                s3.put_bucket_cors(CORSConfiguration={"CORSRules": value}, **of)

    def get(self, s3, kind):
        of = {"Bucket": self.bucket}
        calls = {
            "policy": lambda: s3.get_bucket_policy(**of)["Policy"],
            "block": lambda: s3.get_public_access_block(**of)["PublicAccessBlockConfiguration"],
            "cors": lambda: s3.get_bucket_cors(**of)["CORSRules"],
        }
        try:
            return calls[kind]()
        except ClientError as error:
            assert error.response["Error"]["Code"].startswith("NoSuch"), error
            return None

    def check(self, s3):
        for kind, possible in self.known.items():
            found = self.get(s3, kind)
            assert found in possible, f"{kind}: {found} is none of {possible}"
            self.known[kind] = [found]


def flags(names):
    return {name: name in names for name in FLAGS}


class Readers:
    """Ask without a signature all the time, and keep what they saw that was not public."""

    def __init__(self, url, keys):
        self.url, self.keys, self.leaked, self.public = url, keys, [], 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.read, args=[key]) for key in keys]
        for thread in self.threads:
            thread.start()

    def read(self, key):
        while not self.stop.is_set():
            try:
                with urllib.request.urlopen(f"{self.url}/{key}", timeout=5) as answer:
                    body = answer.read()
            except (urllib.error.URLError, OSError):
                time.sleep(0.002)
                continue
            if body.startswith(b"public"):
                self.public += 1
            else:
                self.leaked.append(body)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def overwrite(s3, bucket, key, rng, stop):
    """Public and private in turn, whole, in parts and as copies, and deleted now and then."""
    while not stop.is_set():
        acl = rng.choice(["public-read", "private"])
        body = (b"public " if acl == "public-read" else b"private ") + os.urandom(8).hex().encode()
        where = {"Bucket": bucket, "Key": key}
        try:
            match rng.randrange(5):
                case 0:
                    s3.delete_object(**where)
                case 1:
                    upload = s3.create_multipart_upload(ACL=acl, **where)["UploadId"]
                    part = s3.upload_part(UploadId=upload, PartNumber=1, Body=body, **where)
                    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
                    s3.complete_multipart_upload(UploadId=upload, MultipartUpload=parts, **where)
                case 2:
                    source = {"Bucket": bucket, "Key": "source-" + acl}
                    s3.copy_object(CopySource=source, ACL=acl, **where)
                case _:
                    s3.put_object(Body=body, ACL=acl, **where)
        except (ClientError, BotoCoreError):
            return


@pytest.mark.timeout(1800)
def test_killed_at_any_moment_it_keeps_what_it_said(demo, launch, new_bucket):
    server = getattr(demo, "upstream", demo)
    gateway = launch({"demo": upstream(server, profile="demo")}, users=Users())
    rng = random.Random(SEED)
    print(f"CRASH_SEED={SEED} CRASH_ROUNDS={ROUNDS}")
    s3 = through(gateway).s3()
    settings = [Settings(new_bucket(f"crash-{number}")) for number in range(3)]
    for each in settings:
        s3.create_bucket(Bucket=each.bucket)
    shared, keys = new_bucket("crash-acl"), ["one", "two"]
    s3.create_bucket(Bucket=shared, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=shared)
    for acl in ["public-read", "private"]:
        s3.put_object(Bucket=shared, Key="source-" + acl, Body=acl.encode().replace(b"-read", b" copied"))
    readers = Readers(f"{gateway.endpoint}/{shared}", keys)
    try:
        for _ in range(ROUNDS):
            stop = threading.Event()
            work = [(each.change, []) for each in settings] + [(overwrite, [shared, key]) for key in keys]
            threads = []
            for target, arguments in work:
                own = [through(gateway).s3(), *arguments, random.Random(rng.random()), stop]
                threads.append(threading.Thread(target=target, args=own))
            for thread in threads:
                thread.start()
            time.sleep(rng.uniform(0.05, 0.5))
            gateway.process.kill()
            stop.set()
            for thread in threads:
                thread.join()
            gateway.process = gateway._start()
            s3 = through(gateway).s3()
            for each in settings:
                each.check(s3)
            assert readers.leaked == [], f"CRASH_SEED={SEED}"
    finally:
        readers.end()
    assert readers.leaked == [], f"CRASH_SEED={SEED}"
    assert readers.public > 0, "what is public is read too"
