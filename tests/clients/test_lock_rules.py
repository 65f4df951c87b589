"""Who sees locks and who may put them, what new versions are locked by, and what else would remove them."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from locks import (
    BODY,
    DAY,
    MODES,
    NEW_BODY,
    READERS,
    Lock,
    code,
    configuration,
    formed,
    fresh,
    gateway_of,
    in_parts,
    now,
    outcome,
    retention,
    straight_to,
    through_to,
)
from servers.gateway import OWNER, deny, document
from servers.processes import ROOT
from sides import through
from test_settings_compared import Cli

CONDITIONS = json.loads((ROOT / "tests/data/lock/conditions.json").read_text())
SHOWN = ["ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus"]
everywhere = pytest.mark.parametrize("place", ["moto", "ceph", "moto alone", "demo"], indirect=True)
on_one = pytest.mark.parametrize("place", ["demo"], indirect=True)


@pytest.fixture
def place(request, new_bucket):
    """A bucket with Object Lock through a gateway."""
    return through_to(request, request.param, new_bucket("rules")).create()


@everywhere
def test_a_lock_is_shown_to_who_may_see_it(place, request):
    store = request.node.callspec.params["place"]
    until = now() + DAY
    where = place.put("key", **Lock("GOVERNANCE", until, True).arguments())
    readers = {reader: through(gateway_of(request, store), user=reader).s3() for reader in READERS} | {"root": place.root}
    may = {"reader": [], "reader of retention": SHOWN[:2], "reader of holds": SHOWN[2:], "denied reader": [], "root": SHOWN}
    for reader, s3 in readers.items():
        for at in [where, {"Bucket": place.bucket, "Key": "key"}]:
            for call in [s3.get_object, s3.head_object]:
                answer = call(**at)
                assert [name for name in SHOWN if name in answer] == may[reader], reader
    assert Lock.of(place.root.head_object(**where)) == Lock("GOVERNANCE", until, True)
    retained, held = readers["reader of retention"], readers["reader of holds"]
    assert code(retained.get_object_retention, **where) == code(held.get_object_legal_hold, **where) == 200
    assert code(retained.get_object_legal_hold, **where) == code(held.get_object_retention, **where) == "AccessDenied"


WRITES = ["put", "copy", "parts", "form"]


class Writes:
    """What conditions are about: each write by its name, to a key of its own."""

    def __init__(self, place, caller):
        self.place, self.s3, self.side = place, place.by(caller), place.sides[caller]
        self.source = {"Bucket": place.bucket, "Key": "source"}

    def calls(self):
        ways = dict(zip(WRITES, [self.put, self.copy, self.parts, self.form], strict=True))
        lengths = {"": {}, " 40 days": Lock("GOVERNANCE", now() + 40 * DAY).arguments()}
        calls = {way + length: (call, lock) for way, call in ways.items() for length, lock in lengths.items()}
        for name, lock in {
            "10 days": Lock("GOVERNANCE", now() + 10 * DAY),
            "10 days compliance": Lock("COMPLIANCE", now() + 10 * DAY),
            "hold": Lock(hold=True),
        }.items():
            calls[f"put {name}"] = (self.put, lock.arguments())
        calls["put hold off"] = (self.put, Lock().arguments(off=True))
        for name, mode, days in [("10 days", 0, 10), ("40 days", 0, 40), ("10 days compliance", 1, 10)]:
            calls[f"retain {name}"] = (self.retain, {"Retention": retention(MODES[mode], now() + days * DAY)})
        calls["hold"] = (self.hold, {"LegalHold": {"Status": "ON"}})
        calls["release"] = (self.hold, {"LegalHold": {"Status": "OFF"}})
        calls["delete, bypassing"] = (self.delete, {"BypassGovernanceRetention": True})
        calls["remove, bypassing"] = (self.retain, {"BypassGovernanceRetention": True, "Retention": {}})
        return calls

    def key(self):
        return {"Bucket": self.place.bucket, "Key": fresh()}

    def put(self, **lock):
        return self.s3.put_object(**self.key(), Body=BODY, **lock)

    def copy(self, **lock):
        return self.s3.copy_object(**self.key(), CopySource=self.source, **lock)

    def parts(self, **lock):
        return in_parts(self.s3, self.place.bucket, fresh(), **lock)()

    def form(self, **lock):
        headers = {"ObjectLockMode": "x-amz-object-lock-mode", "ObjectLockRetainUntilDate": "x-amz-object-lock-retain-until-date"}
        text = lambda value: value if isinstance(value, str) else value.strftime("%Y-%m-%dT%H:%M:%SZ")
        fields = {headers[name]: text(value) for name, value in lock.items()}
        return formed(self.side, self.place.bucket, fresh(), fields=fields)()

    def retain(self, **arguments):
        return self.s3.put_object_retention(**self.place.put(fresh()), **arguments)

    def hold(self, **arguments):
        return self.s3.put_object_legal_hold(**self.place.put(fresh()), **arguments)

    def delete(self, **arguments):
        return self.s3.delete_object(**self.place.put(fresh()), **arguments)


@on_one
@pytest.mark.parametrize("default", [None, {"Mode": "GOVERNANCE", "Days": 365}], ids=["no-default", "default"])
def test_a_policy_confines_locks(place, default):
    """A default retention is nobody's request: what is asked for alone has values, whatever the bucket adds."""
    place.root.put_object(Bucket=place.bucket, Key="source", Body=BODY)
    if default:
        place.root.put_object_lock_configuration(Bucket=place.bucket, ObjectLockConfiguration=configuration(**default))
    resources = f"arn:aws:s3:::{place.bucket}/*"
    # The user alone, so that the root user can set the scene.
    who = {"AWS": f"arn:aws:iam::{OWNER}:user/with"}
    in_30_days = (now() + 30 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    wrong = {}
    for name, row in CONDITIONS.items():
        condition = json.loads(json.dumps(row.get("condition", {})).replace("in 30 days", in_30_days))
        more = {"Condition": condition} if condition else {}
        policy = document(deny(row["deny"], resources, Principal=who, **more))
        place.root.put_bucket_policy(Bucket=place.bucket, Policy=json.dumps(policy))
        calls = Writes(place, "with").calls()
        assert set(row["refused"]) <= calls.keys(), name
        # What is there is retained by default too, and not everybody's to change.
        asked = [write for write in calls if not default or write in WRITES or write in row["refused"] and "put" in write]
        with ThreadPoolExecutor(6) as pool:
            came = pool.map(lambda write: outcome(calls[write][0], **calls[write][1]), asked)
        for write, came in zip(asked, came, strict=True):
            refused = came == "unauthorised" or came.startswith("403 AccessDenied")
            if refused != (write in row["refused"]) or not (refused or came == "done"):
                wrong[f"{name}: {write}"] = came
    assert not wrong, wrong


@pytest.mark.parametrize("place", ["moto", "moto alone", "demo"], indirect=True)
def test_a_copy_has_no_lock_of_its_source(place):
    """Ceph 16 by itself gives a copy the lock of its source, also where nobody asks for one."""
    until = now() + DAY
    source = place.put("source", **Lock("COMPLIANCE", until, True).arguments())
    copied = place.where("copy", place.root.copy_object(Bucket=place.bucket, Key="copy", CopySource=source))
    assert place.lock(copied) == Lock()
    assert outcome(place.root.delete_object, **copied) == "done"
    assert outcome(place.root.delete_object, **source) == "protected"
    assert place.lock(source) == Lock("COMPLIANCE", until, True)


@pytest.mark.parametrize("place", ["ceph", "moto alone", "demo"], indirect=True)
def test_a_copy_has_the_lock_that_is_asked_for(place):
    """moto wants a checksum of copies that are locked, whose bytes no client sends."""
    source = place.put("source")
    lock = Lock("GOVERNANCE", now() + DAY, True)
    answer = place.root.copy_object(Bucket=place.bucket, Key="copy", CopySource=source, **lock.arguments())
    copied = place.where("copy", answer)
    assert place.lock(copied) == lock
    assert outcome(place.root.delete_object, **copied) == "protected"
    assert outcome(place.root.delete_object, **copied, BypassGovernanceRetention=True) == "protected"
    assert place.lock(source) == Lock()


@everywhere
def test_t38_every_way_to_write_is_retained_by_default(place, request):
    """From when the version is made, which of an upload in parts is when it is completed; what is there stays as it is."""
    before = place.put("before")
    finish = in_parts(place.root, place.bucket, "parts", BODY)
    default = configuration(Mode="GOVERNANCE", Days=2)
    # Straight to moto none can be set on a bucket with objects, and by the gateway none need be.
    place.root.put_object_lock_configuration(Bucket=place.bucket, ObjectLockConfiguration=default)
    started, found = now(), {}
    key = {"Bucket": place.bucket, "Key": "copy"}

    def put(key, **lock):
        more = {**place.digest(BODY), **Lock(**lock).arguments()}
        return place.root.put_object(Bucket=place.bucket, Key=key, Body=BODY, **more)

    writes = {
        "put": lambda: put("put"),
        "copy": lambda: place.root.copy_object(**key, CopySource={"Bucket": place.bucket, "Key": "before"}),
        "parts": finish,
        "form": formed(place.sides["root"], place.bucket, "form", body=BODY),
        "put hold": lambda: put("put hold", hold=True),
        "put shorter": lambda: put("put shorter", mode="GOVERNANCE", until=started + DAY),
    }
    if place.name.endswith("to moto"):
        # It wants a digest of copies too, whose bytes no client sends.
        del writes["copy"]
    for name, write in writes.items():
        answer = write()
        found[name] = place.where(name, answer)
    for name, where in found.items():
        lock = place.lock(where)
        assert outcome(place.root.delete_object, **where) == "protected", name
        if name == "put shorter":
            assert lock == Lock("GOVERNANCE", started + DAY)
            continue
        assert (lock.mode, lock.hold) == ("GOVERNANCE", name == "put hold"), name
        assert timedelta() <= lock.until - (started + 2 * DAY) <= timedelta(seconds=20), name
    assert place.lock(before) == Lock()
    longer = configuration(Mode="COMPLIANCE", Years=1)
    place.root.put_object_lock_configuration(Bucket=place.bucket, ObjectLockConfiguration=longer)
    assert place.lock(found["put shorter"]) == Lock("GOVERNANCE", started + DAY)
    place.root.put_object_lock_configuration(Bucket=place.bucket, ObjectLockConfiguration=configuration())
    assert place.lock(place.put("after")) == Lock()
    assert place.lock(found["put"]).mode == "GOVERNANCE"


@everywhere
def test_t38_no_side_door_bypasses_governance(place):
    lock = Lock("GOVERNANCE", now() + DAY)
    where = place.put("key", **lock.arguments())
    side, root = place.sides["root"], place.root
    bypass, version = ("x-amz-bypass-governance-retention", "true"), where.get("VersionId")
    target = f"/{place.bucket}/key" + (f"?versionId={version}" if version else "")
    signed = ["host", "x-amz-date", "x-amz-content-sha256"]
    unsigned = side.signer.headers("DELETE", target, side.host, extra=[bypass], signed=signed)
    assert side.unsigned("DELETE", target, unsigned).status == 403
    # A name in the query is no header.
    presigned = side.signer.presign("DELETE", target, side.host, extra_query="x-amz-bypass-governance-retention=true")
    assert side.unsigned("DELETE", presigned).status >= 400
    for value in ["false", "1", "yes", ""]:
        assert side.raw("DELETE", target, extra=[(bypass[0], value)]).status >= 400, value
    # No write asks for bypass. Where there are versions it makes a new one.
    written = side.raw("PUT", f"/{place.bucket}/key", NEW_BODY, extra=[bypass])
    assert written.status >= 400 or place.versions
    assert code(root.delete_bucket, Bucket=place.bucket) == "BucketNotEmpty"
    for call, arguments in [
        (root.put_object_tagging, {"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}),
        (root.delete_object_tagging, {}),
        (root.put_object_acl, {"ACL": "private"}),
    ]:
        code(call, **where, **arguments)
        assert place.lock(where) == lock
    anonymous = side.anonymous()
    for bypassing in [{}, {"BypassGovernanceRetention": True}]:
        assert code(anonymous.delete_object, **where, **bypassing) == "AccessDenied"
    assert place.lock(where) == lock
    # Its nearest neighbour: who asks for it rightly.
    assert outcome(root.delete_object, **where, BypassGovernanceRetention=True) == "done"


def rule(**expiration):
    return {"Rules": [{"ID": "rule", "Status": "Enabled", "Filter": {"Prefix": ""}, **expiration}]}


NONCURRENT, CURRENT = {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, {"Expiration": {"Days": 1}}


@pytest.mark.parametrize("place", ["moto", "moto alone", "ceph"], indirect=True)
def test_t38_a_lifecycle_destroys_nothing_that_is_locked(place, request, new_bucket):
    """Where the store is told of locks it keeps them itself; where it is not, what would destroy versions is refused."""
    store, root = request.node.callspec.params["place"], place.root
    call = root.put_bucket_lifecycle_configuration
    put = lambda bucket, **rules: code(call, Bucket=bucket, LifecycleConfiguration=rule(**rules))
    refused = "InvalidBucketState" if store == "moto alone" else 200
    assert put(place.bucket, **NONCURRENT) == refused
    assert put(place.bucket, **CURRENT, **NONCURRENT) == refused
    # A current version that expires becomes an older one, under a delete marker.
    assert put(place.bucket, **CURRENT) == 200
    assert put(place.bucket, **{"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}) == 200
    if store != "moto alone":
        return
    # One that was there before the bucket had Object Lock.
    late = new_bucket("late")
    root.create_bucket(Bucket=late)
    root.put_bucket_versioning(Bucket=late, VersioningConfiguration={"Status": "Enabled"})
    assert put(late, **NONCURRENT) == 200
    enable = {"Bucket": late, "ObjectLockConfiguration": configuration()}
    assert code(root.put_object_lock_configuration, **enable) == "InvalidBucketState"
    assert put(late, **CURRENT) == 200
    assert code(root.put_object_lock_configuration, **enable) == 200
    assert put(late, **NONCURRENT) == "InvalidBucketState"


@on_one
def test_a_store_without_versions_has_no_lifecycle_that_destroys(place):
    for rules in [NONCURRENT, CURRENT]:
        call = place.root.put_bucket_lifecycle_configuration
        assert code(call, Bucket=place.bucket, LifecycleConfiguration=rule(**rules)) in ("InvalidBucketState", "NotImplemented")


@on_one
def test_anonymous_callers_put_no_locks(place):
    """Not even where everyone may write."""
    root, anonymous = place.root, place.sides["root"].anonymous()
    root.delete_public_access_block(Bucket=place.bucket)
    everything = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{place.bucket}/*"}
    root.put_bucket_policy(Bucket=place.bucket, Policy=json.dumps(document(everything)))
    put = {"Bucket": place.bucket, "Key": "key", "Body": BODY}
    assert code(anonymous.put_object, **put) == 200
    with pytest.raises(ClientError) as refused:
        anonymous.put_object(**put, **Lock("GOVERNANCE", now() + DAY).arguments())
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"
    assert "require AWS Signature Version 4" in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize("place", ["moto", "ceph"], indirect=True)
def test_a_store_that_has_locks_is_told_of_each(place, request):
    """So that they hold for who comes around the gateway, too."""
    store = request.node.callspec.params["place"]
    around = straight_to(request, store, place.bucket)
    until = now() + DAY
    where = place.put("put", **Lock("GOVERNANCE", until, True).arguments())
    assert Lock.of(around.root.head_object(**where)) == Lock("GOVERNANCE", until, True)
    later = place.put("later")
    place.root.put_object_retention(**later, Retention=retention("COMPLIANCE", until))
    place.root.put_object_legal_hold(**later, LegalHold={"Status": "ON"})
    assert Lock.of(around.root.head_object(**later)) == Lock("COMPLIANCE", until, True)
    for locked in [where, later]:
        assert code(around.root.delete_object, **locked) == "AccessDenied"
    place.root.put_object_legal_hold(**where, LegalHold={"Status": "OFF"})
    assert Lock.of(around.root.head_object(**where)) == Lock("GOVERNANCE", until)
    assert outcome(place.root.delete_object, **where, BypassGovernanceRetention=True) == "done"


@pytest.mark.parametrize("place", ["moto alone"], indirect=True)
def test_a_store_that_is_not_told_hears_of_no_lock(place, request):
    where = place.put("key", **Lock("COMPLIANCE", now() + DAY, True).arguments())
    around = straight_to(request, "moto alone", place.bucket)
    assert Lock.of(around.root.head_object(**where)) == Lock()
    assert outcome(place.root.delete_object, **where) == "protected"


@on_one
def test_the_life_of_a_lock_by_the_aws_cli(place, request, tmp_path):
    aws, key = Cli(place.sides["root"], tmp_path), ["--bucket", place.bucket, "--key", "key"]
    (tmp_path / "body").write_bytes(BODY)
    until = "2040-01-02T03:04:05+00:00"
    lock = ["--object-lock-mode", "GOVERNANCE", "--object-lock-retain-until-date", until]
    aws("put-object", *key, "--body", str(tmp_path / "body"), *lock)
    shown = aws("get-object-retention", *key)["Retention"]
    assert (shown["Mode"], shown["RetainUntilDate"][:19]) == ("GOVERNANCE", until[:19])
    aws("put-object-legal-hold", *key, "--legal-hold", "Status=ON")
    aws("delete-object", *key, "--bypass-governance-retention", fails="AccessDenied")
    aws("put-object-legal-hold", *key, "--legal-hold", "Status=OFF")
    aws("delete-object", *key, "--bypass-governance-retention")
