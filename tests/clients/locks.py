"""Object Lock for the suites: stores of each kind with a gateway before them, callers with and without the right to bypass
governance, objects in each state of a lock, and what a request may come to."""

import base64
import functools
import hashlib
import itertools
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

import requests
from botocore.exceptions import ClientError
from servers.gateway import OWNER, Key, Users, allow, deny, document, upstream
from sides import direct, through

BODY, NEW_BODY = b"what is locked", b"what comes after it"
PROTECTED = "Access Denied because object protected by object lock."
BYPASS = "s3:BypassGovernanceRetention"
MODES = ["GOVERNANCE", "COMPLIANCE"]
DAY = timedelta(days=1)

# Which server, and what the gateway before it is told: the last three leave all of it to the gateway, the last of them
# without versions.
STORES = {
    "moto": ("moto", {}),
    "ceph": ("ceph", {}),
    "moto alone": ("moto", {"settings": {"object_lock": "gateway"}}),
    "ceph alone": ("ceph", {"settings": {"object_lock": "gateway"}}),
    "demo": ("demo", {}),
}
WITHOUT_VERSIONS = {"demo"}

# `root` is the account's own key, the others its users.
CALLERS = ["root", "with", "without", "denied"]
MAY_BYPASS = {"root", "with"}
POLICIES = {
    "with": [allow("s3:*")],
    "without": [{"Effect": "Allow", "NotAction": BYPASS, "Resource": "*"}],
    "denied": [allow("s3:*"), deny(BYPASS)],
}
# Who may read objects, and of their locks nothing or a part.
READING = ["s3:GetObject", "s3:GetObjectVersion"]
READERS = {
    "reader": [allow(READING)],
    "reader of retention": [allow([*READING, "s3:GetObjectRetention"])],
    "reader of holds": [allow([*READING, "s3:GetObjectLegalHold"])],
    "denied reader": [allow("s3:*"), deny(["s3:GetObjectRetention", "s3:GetObjectLegalHold"])],
}


class LockUsers(Users):
    """alice, who may do everything, and the callers and readers of these suites."""

    def __init__(self):
        super().__init__()
        self.more = POLICIES | READERS
        self.keys |= {caller: Key() for caller in ["root", *self.more]}
        self.policies |= {caller: [document(*statements)] for caller, statements in self.more.items()}

    def identities(self):
        identities = super().identities()
        owner = identities["accounts"][OWNER]
        owner["users"] |= {caller.replace(" ", "-"): self._user(caller) for caller in self.more}
        root = self.keys["root"]
        owner["root"] = {"access_keys": [{"id": root.id, "secret": root.secret}]}
        return identities


_gateways = {}


def server_of(request, store):
    server = request.getfixturevalue(STORES[store][0])
    return getattr(server, "upstream", server)


def gateway_of(request, store):
    """The gateway before a store, started once for all suites of locks."""
    if store not in _gateways:
        server = server_of(request, store)
        _gateways[store] = start(request, store, server)
    return _gateways[store]


def start(request, store, server, users=None):
    """A gateway of its own before a store."""
    profile, more = STORES[store]
    launch = request.getfixturevalue("launch")
    return launch({profile: upstream(server, profile=profile, **more)}, users=users or LockUsers())


_ceph_users = {}
_ceph_lock = threading.Lock()


def ceph_users(server):
    """Users of Ceph's own by the names of the callers, whom bucket policies let in."""
    with _ceph_lock:
        for caller in POLICIES.keys() - _ceph_users.keys():
            key = Key()
            server._run(
                "radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", f"lock-{caller}", "--display-name", caller,
                "--access-key", key.id, "--secret", key.secret,
            )  # fmt: skip
            _ceph_users[caller] = key
    return _ceph_users


def ceph_policy(bucket):
    """What the callers may do, for Ceph itself."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    whom = lambda caller: {"AWS": f"arn:aws:iam:::user/lock-{caller}"}
    # Version 16 takes no NotAction with a Principal, so what `without` lacks is left out of a list.
    most = ["s3:PutObject*", "s3:GetObject*", "s3:DeleteObject*", "s3:ListBucket*", "s3:GetBucket*", "s3:AbortMultipartUpload"]
    return document(
        allow("s3:*", resources, Principal=whom("with")),
        allow(most, resources, Principal=whom("without")),
        allow("s3:*", resources, Principal=whom("denied")),
        deny(BYPASS, resources, Principal=whom("denied")),
    )


@functools.cache
def client(side):
    """Its one client: to make one takes boto3 longer than many requests."""
    return side.s3()


@dataclass
class Place:
    """A bucket with Object Lock, and the way each caller has to it."""

    name: str
    bucket: str
    sides: dict
    versions: bool

    @property
    def root(self):
        return client(self.sides["root"])

    def by(self, caller):
        return client(self.sides[caller])

    def at(self, bucket):
        """The same ways to another bucket."""
        return replace(self, bucket=bucket)

    def create(self, default=None, **more):
        self.root.create_bucket(Bucket=self.bucket, ObjectLockEnabledForBucket=True, **more)
        if default:
            self.root.put_object_lock_configuration(Bucket=self.bucket, ObjectLockConfiguration=configuration(**default))
        return self

    def put(self, key, body=BODY, by="root", **more):
        """Writes an object; where it is: with its version, where there are any."""
        answer = self.by(by).put_object(Bucket=self.bucket, Key=key, Body=body, **self.digest(body), **more)
        return self.where(key, answer)

    def digest(self, body):
        """For moto, which wants one of what is locked and knows no other than this."""
        return {"ContentMD5": md5(body)} if self.name.endswith("to moto") else {}

    def where(self, key, answer):
        """What an answer to a write tells of a version. Ceph tells nothing of copies and forms."""
        of = {"Bucket": self.bucket, "Key": key}
        if not self.versions:
            return of
        return {**of, "VersionId": answer.get("VersionId") or self.root.head_object(**of)["VersionId"]}

    def lock(self, where):
        """The lock of a version that still has its bytes, or `None` if it is gone."""
        try:
            answer = self.root.get_object(**where)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404, error
            return None
        assert answer["Body"].read() == BODY, where
        return Lock.of(answer)

    def current(self, key):
        """The bytes that a key has now."""
        return self.root.get_object(Bucket=self.bucket, Key=key)["Body"].read()


@dataclass(frozen=True)
class Lock:
    """What GetObject shows of a lock. A hold that was never put and one that is off are the same."""

    mode: str | None = None
    until: datetime | None = None
    hold: bool = False

    @classmethod
    def of(cls, answer):
        hold = answer.get("ObjectLockLegalHoldStatus") == "ON"
        return cls(answer.get("ObjectLockMode"), answer.get("ObjectLockRetainUntilDate"), hold)

    def arguments(self, off=False):
        """For a write that asks for it."""
        retention = {"ObjectLockMode": self.mode, "ObjectLockRetainUntilDate": self.until} if self.mode else {}
        hold = {"ObjectLockLegalHoldStatus": "ON" if self.hold else "OFF"} if self.hold or off else {}
        return retention | hold


def straight_to(request, store, bucket):
    """To the store itself. Where it tells callers apart they are its own users, or else one."""
    server = server_of(request, store)
    sides = {caller: direct(server) for caller in CALLERS}
    if store.startswith("ceph"):
        for caller, key in ceph_users(server).items():
            sides[caller] = type(sides[caller])("direct", server.endpoint, key.id, key.secret, server.region)
    return Place(f"straight to {store}", bucket, sides, store not in WITHOUT_VERSIONS)


def through_to(request, store, bucket):
    """Through the gateway before the store."""
    gateway = gateway_of(request, store)
    return by_gateway(gateway, store, bucket)


def by_gateway(gateway, store, bucket):
    sides = {caller: through(gateway, user=caller) for caller in CALLERS}
    return Place(f"through to {store}", bucket, sides, store not in WITHOUT_VERSIONS)


def configuration(**default):
    """A configuration with such a default retention, or without one."""
    rule = {"Rule": {"DefaultRetention": default}} if default else {}
    return {"ObjectLockEnabled": "Enabled", **rule}


def now():
    return datetime.now(timezone.utc).replace(microsecond=0)


def retention(mode, until):
    return {"Mode": mode, "RetainUntilDate": until}


def code(call, **arguments):
    """The code of an error, or the status of a success."""
    try:
        return call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["Error"]["Code"]


def outcome(call, **arguments):
    """`done`; `protected`, which a lock refuses; `unauthorised`, which is refused for want of the right to bypass; or
    status, code and message of whatever else it was."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        said = error.response["Error"]
        return refused(error.response["ResponseMetadata"]["HTTPStatusCode"], said["Code"], said.get("Message", ""))
    errors = answer.get("Errors")
    return refused(403, errors[0]["Code"], errors[0].get("Message", "")) if errors else "done"


def refused(status, code, message):
    if (status, code, message) == (403, "AccessDenied", PROTECTED):
        return "protected"
    if (status, code) == (403, "AccessDenied") and BYPASS in message:
        return "unauthorised"
    return f"{status} {code} {message}".strip()


_numbers = itertools.count(1)


def fresh(name="key"):
    """A key that nobody else uses."""
    return f"{name}-{next(_numbers)}"


def md5(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def delete_several(s3, where, **bypass):
    """DeleteObjects of this version and of a key that nobody has: what is asked of one says nothing of the other."""
    free, version = {"Key": fresh("free")}, {name: where[name] for name in where if name != "Bucket"}
    answer = s3.delete_objects(Bucket=where["Bucket"], Delete={"Objects": [free, version]}, **bypass)
    deleted = [each["Key"] for each in answer.get("Deleted", [])]
    errors = [error for error in answer.get("Errors", []) if error["Key"] == where["Key"]]
    if errors and errors[0].get("Message") == PROTECTED:
        assert deleted == [free["Key"]], answer
    return {**answer, "Errors": errors}


def post_form(side, bucket, key, body=NEW_BODY, fields=None):
    """Fills in a form as a browser does; the answer of `requests`."""
    fields = {"Content-MD5": md5(body), **(fields or {})}
    conditions = [{name: value} for name, value in fields.items()]
    form = client(side).generate_presigned_post(bucket, key, Fields=dict(fields), Conditions=conditions)
    return requests.post(form["url"], data=form["fields"], files={"file": ("f", body)}, timeout=30)


def formed(side, bucket, key, **more):
    """A form as a call like those of boto3."""

    def call():
        answer = post_form(side, bucket, key, **more)
        if answer.status_code < 300:
            version = answer.headers.get("x-amz-version-id")
            return {"ResponseMetadata": {"HTTPStatusCode": answer.status_code}, **({"VersionId": version} if version else {})}
        element = lambda name: answer.text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]
        said = {"Code": element("Code"), "Message": element("Message")}
        raise ClientError({"Error": said, "ResponseMetadata": {"HTTPStatusCode": answer.status_code}}, "PostObject")

    return call


def in_parts(s3, bucket, key, body=NEW_BODY, **begun):
    """An upload in one part up to its last call, which is left to the caller."""
    where = {"Bucket": bucket, "Key": key}
    upload = s3.create_multipart_upload(**where, **begun)["UploadId"]
    part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=body)
    # boto3 gives each part a checksum, which some stores want to hear again.
    parts = [{"PartNumber": 1, "ETag": part["ETag"], **{name: part[name] for name in part if name == "ChecksumCRC32"}}]
    return lambda: s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})


def wait_past(moment):
    """Until a retention is over, also for a clock with whole seconds."""
    time.sleep(max(0, (moment - datetime.now(timezone.utc)).total_seconds()) + 1.1)
