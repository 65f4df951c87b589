"""What would get around locks: races, suspended versioning, clocks that are set, and a store of locks that is damaged.

`LOCK_RACES` asks for more races, `LOCK_SEED` for others; a failure names its seed.
"""

import contextlib
import os
import random
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import wire
from botocore.exceptions import ClientError
from locks import (
    BODY,
    DAY,
    NEW_BODY,
    Lock,
    by_gateway,
    code,
    delete_several,
    formed,
    fresh,
    in_parts,
    md5,
    now,
    outcome,
    retention,
    server_of,
    start,
    straight_to,
    through_to,
    wait_past,
)
from servers.gateway import BINARY
from servers.processes import Process, answers, wait_until
from sigv4 import Signer

RACES = int(os.environ.get("LOCK_RACES", "300"))
SEED = int(os.environ.get("LOCK_SEED", "20261123"))
# The lock is taken, or there is nothing left to lock, or the other side held the key for too long.
LOCKED = {"done", "404 NoSuchKey", "404 NoSuchVersion", "409 OperationAborted"}
DESTROYED = {"done", "protected", "409 OperationAborted"}


def without_message(came):
    return " ".join(came.split()[:2]) if came[:1].isdigit() else came


class Race:
    """One who locks an object and one who destroys or replaces it, at the same time."""

    def __init__(self, place, seed):
        self.place, self.rng = place, random.Random(seed)
        self.key = fresh("raced")
        self.where = place.put(self.key)
        self.of = {"Bucket": place.bucket, "Key": self.key}
        self.lock = Lock(self.rng.choice(["GOVERNANCE", "COMPLIANCE"]), now() + DAY)
        self.locker = self.rng.choice(["retain", "hold"] if place.versions else ["retain", "hold", "put"])
        self.destroyer = self.rng.choice(
            ["delete", "delete several"]
            if place.versions
            else ["delete", "delete several", "put", "copy", "parts", "form", "slow"]
        )

    def run(self):
        """What was wrong with it, or nothing."""
        begin = threading.Barrier(2)

        def after(call, pause):
            begin.wait()
            time.sleep(pause)
            return without_message(outcome(call))

        calls = [getattr(self, f"lock_by_{self.locker}"), self.destroying()]
        with ThreadPoolExecutor(2) as pool:
            came = [pool.submit(after, call, self.rng.uniform(0, 0.006)) for call in calls]
        return self.wrong(*(each.result() for each in came))

    def wrong(self, locked, destroyed):
        told = f"{self.locker} {locked}, {self.destroyer} {destroyed}"
        if locked not in LOCKED or destroyed not in DESTROYED:
            return told
        if locked != "done":
            return told if destroyed == "protected" else None
        answer = self.place.root.get_object(**self.where) if self.is_there() else None
        if answer is None:
            return f"{told}: gone"
        body, expected = answer["Body"].read(), {BODY} if self.locker == "put" or destroyed != "done" else {NEW_BODY}
        asked = Lock(hold=True) if self.locker == "hold" else self.lock
        if body not in expected or Lock.of(answer) != asked:
            return f"{told}: {body} {Lock.of(answer)}"
        again = outcome(self.place.root.delete_object, **self.where)
        return None if again == "protected" else f"{told}: then {again}"

    def is_there(self):
        return code(self.place.root.head_object, **self.where) == 200

    def lock_by_retain(self):
        return self.place.root.put_object_retention(**self.where, Retention=retention(self.lock.mode, self.lock.until))

    def lock_by_hold(self):
        return self.place.root.put_object_legal_hold(**self.where, LegalHold={"Status": "ON"})

    def lock_by_put(self):
        return self.place.root.put_object(**self.of, Body=BODY, **self.lock.arguments())

    def destroying(self):
        s3 = self.place.root
        match self.destroyer:
            case "delete":
                return lambda: s3.delete_object(**self.where)
            case "delete several":
                return lambda: delete_several(s3, self.where)
            case "put":
                return lambda: s3.put_object(**self.of, Body=NEW_BODY)
            case "copy":
                return lambda: s3.copy_object(**self.of, CopySource={"Bucket": self.place.bucket, "Key": "source"})
            case "parts":
                return in_parts(s3, self.place.bucket, self.key)
            case "form":
                return formed(self.place.sides["root"], self.place.bucket, self.key)
            case "slow":
                return lambda: slow_put(self.place.sides["root"], self.of, lambda: time.sleep(self.rng.uniform(0, 0.01)))


def slow_put(side, of, meanwhile, body=NEW_BODY):
    """An overwrite of which the last byte is long in coming, as a call like those of boto3."""
    target = f"/{of['Bucket']}/{of['Key']}"
    with wire.Connection(side.endpoint) as connection:
        headers = side.signer.headers("PUT", target, side.host)
        connection.send("PUT", target, [*headers, ("content-length", str(len(body)))], body[:-1])
        meanwhile()
        with contextlib.suppress(ConnectionError):
            # It may be refused by now.
            connection.send_bytes(body[-1:])
        answer = connection.receive("PUT")
    if answer.status == 200:
        return {"ResponseMetadata": {"HTTPStatusCode": 200}}
    said = {"Code": answer.code, "Message": answer.message}
    raise ClientError({"Error": said, "ResponseMetadata": {"HTTPStatusCode": answer.status}}, "PutObject")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("store", ["demo", "moto alone"])
def test_t33_whoever_comes_first_no_lock_that_was_acknowledged_is_lost(store, request, new_bucket):
    place = through_to(request, store, new_bucket("races")).create()
    place.root.put_object(Bucket=place.bucket, Key="source", Body=NEW_BODY)
    print(f"LOCK_SEED={SEED} LOCK_RACES={RACES}")
    share = max(1, RACES * (2 if store == "demo" else 1) // 3)
    with ThreadPoolExecutor(4) as pool:
        wrong = [came for came in pool.map(lambda number: Race(place, f"{SEED} {number}").run(), range(share)) if came]
    assert not wrong, f"LOCK_SEED={SEED}: {wrong[:10]}"


@pytest.mark.parametrize("size", [2, 100_000, 6_000_000])
def test_t33_a_lock_that_comes_while_an_overwrite_streams_holds(size, request, new_bucket):
    """The overwrite was allowed when it began, and is refused before its last byte; no reader sees any of it."""
    place = through_to(request, "demo", new_bucket("slow")).create()
    side, lock = place.sides["root"], Lock("GOVERNANCE", now() + DAY)
    for locks in [
        lambda where: place.root.put_object_retention(**where, Retention=retention(lock.mode, lock.until)),
        lambda where: place.root.put_object_legal_hold(**where, LegalHold={"Status": "ON"}),
    ]:
        where, came = place.put(fresh()), []
        meanwhile = lambda: came.append(outcome(locks, where=where))
        assert outcome(slow_put, side=side, of=where, meanwhile=meanwhile, body=b"n" * size) == "protected"
        assert came == ["done"]
        assert place.lock(where) in (lock, Lock(hold=True))
    # Its nearest neighbour: nobody locks meanwhile.
    where = place.put(fresh())
    assert outcome(slow_put, side=side, of=where, meanwhile=lambda: None, body=b"n" * size) == "done"
    assert place.current(where["Key"]) == b"n" * size


@pytest.mark.parametrize("store", ["ceph alone"])
def test_t35_the_version_null_is_not_replaced_where_versioning_is_suspended(store, request, new_bucket):
    """Suspended at the store itself, around the gateway: then writes and deletions replace the version `null`. A store that
    is told of locks lets nobody suspend it, and moto has no such version."""
    place = through_to(request, store, new_bucket("null"))
    around = straight_to(request, store, place.bucket).root
    versioning = lambda status: around.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": status})
    place.create()
    versioning("Suspended")
    # Written around the gateway too, should it refuse to write there at all.
    around.put_object(Bucket=place.bucket, Key="key", Body=BODY)
    lock = Lock("GOVERNANCE", now() + DAY, True)
    null = {"Bucket": place.bucket, "Key": "key", "VersionId": "null"}
    place.root.put_object_retention(**null, Retention=retention(lock.mode, lock.until))
    place.root.put_object_legal_hold(**null, LegalHold={"Status": "ON"})
    around.put_object(Bucket=place.bucket, Key="source", Body=NEW_BODY)
    of, s3 = {"Bucket": place.bucket, "Key": "key"}, place.root
    source = {"Bucket": place.bucket, "Key": "source"}
    for name, call in {
        "put": lambda: s3.put_object(**of, Body=NEW_BODY),
        "copy": lambda: s3.copy_object(**of, CopySource=source),
        "parts": lambda: in_parts(s3, place.bucket, "key")(),
        "form": formed(place.sides["root"], place.bucket, "key"),
        "slow": lambda: slow_put(place.sides["root"], of, lambda: None),
        "delete null": lambda: s3.delete_object(**null),
        "delete null, bypassing": lambda: s3.delete_object(**null, BypassGovernanceRetention=True),
        "delete": lambda: s3.delete_object(**of),
        "delete several null": lambda: delete_several(s3, null),
        "delete several": lambda: delete_several(s3, of),
        "suspend": lambda: s3.put_bucket_versioning(Bucket=place.bucket, VersioningConfiguration={"Status": "Suspended"}),
    }.items():
        assert outcome(call) != "done", name
        assert place.lock(null) == lock, name
    # Where versions are kept again, what is written comes beside it.
    versioning("Enabled")
    assert outcome(s3.put_object, **of, Body=NEW_BODY) == "done"
    assert outcome(s3.delete_object, **of) == "done"
    assert outcome(s3.delete_object, **null) == "protected"
    assert place.lock(null) == lock


# Clocks

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class Clock:
    """A gateway of its own under a clock that a test sets, while it runs or between two runs. Requests are signed by the
    same clock; moto looks at no signature."""

    def __init__(self, request, folder):
        if not LIBRARIES:
            if os.environ.get("REQUIRE_ALL") == "1":
                pytest.fail("not installed: faketime")
            pytest.skip("not installed: faketime")
        self.offset, self.file = timedelta(), Path(folder) / "time"
        self.gateway = start(request, "moto alone", server_of(request, "moto alone"))
        self.gateway.stop()
        self.start()

    def write(self, **offset):
        self.offset = timedelta(**offset)
        self.file.write_text(f"{self.offset.total_seconds():+.0f}s\n")

    def set(self, **offset):
        self.write(**offset)
        # It looks into the file once a second.
        wait_until(self.has_come, "the time that was set")

    def has_come(self):
        told = by_gateway(self.gateway, "moto alone", "-").sides["root"].unsigned("GET", "/").header("date")
        return abs(parsedate_to_datetime(told) - self.now()) < timedelta(minutes=1)

    def start(self, **offset):
        self.write(**offset)
        environment = {
            "LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        gateway = self.gateway
        command = [BINARY, "serve", "--config", gateway.folder / "portcullis.yaml"]
        gateway.process = Process("portcullis", command, gateway.folder, environment)
        gateway.process.wait_until(lambda: answers(gateway.health_port, "/readyz", [200]), "/readyz is 200")

    def restart(self, **offset):
        self.gateway.stop()
        self.start(**offset)

    def now(self):
        return (datetime.now(timezone.utc) + self.offset).replace(microsecond=0)

    def call(self, method, bucket, key="", query="", body=b"", headers=()):
        """A request signed by this clock: its answer."""
        side = by_gateway(self.gateway, "moto alone", bucket).sides["root"]
        date = (datetime.now(timezone.utc) + self.offset).strftime("%Y%m%dT%H%M%SZ")
        signer = Signer(side.access_key, side.secret_key, side.region, date=date)
        target = f"/{bucket}" + (f"/{key}" if key else "") + (f"?{query}" if query else "")
        return side.raw(method, target, body, extra=headers, signer=signer)

    def put(self, bucket, key, **lasts):
        """An object that is retained so long: its version."""
        headers = [("content-md5", md5(BODY))]
        if lasts:
            until = (self.now() + timedelta(**lasts)).strftime("%Y-%m-%dT%H:%M:%SZ")
            headers += [("x-amz-object-lock-mode", "COMPLIANCE"), ("x-amz-object-lock-retain-until-date", until)]
        answer = self.call("PUT", bucket, key, body=BODY, headers=headers)
        assert answer.status == 200, answer
        return answer.header("x-amz-version-id")

    def deletes(self, bucket, key, version):
        answer = self.call("DELETE", bucket, key, f"versionId={version}")
        assert answer.status in (204, 403), answer
        return answer.status == 204

    def create(self, bucket):
        enabled = [("x-amz-bucket-object-lock-enabled", "true")]
        assert self.call("PUT", bucket, headers=enabled).status == 200


@pytest.fixture
def clock(request, tmp_path):
    clock = Clock(request, tmp_path)
    yield clock
    clock.gateway.stop()


@pytest.mark.parametrize("running", [True, False], ids=["while-it-runs", "between-two-runs"])
def test_t36_no_clock_that_is_set_releases_a_lock(clock, running, new_bucket):
    bucket, turn = new_bucket("clock"), clock.set if running else clock.restart
    clock.create(bucket)
    hour, days, over = (clock.put(bucket, key, **lasts) for key, lasts in
                        [("hour", {"hours": 1}), ("days", {"days": 3}), ("over", {"seconds": 3})])  # fmt: skip
    wait_past(datetime.now(timezone.utc) + timedelta(seconds=3))
    answer = clock.call("HEAD", bucket, "over")
    assert answer.status == 200
    # Back: what is over stays so, what is not is not, and what is written now is retained from the latest time there was.
    turn(days=-400)
    assert not clock.deletes(bucket, "hour", hour)
    default = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode>"
    default += "<Days>2</Days></DefaultRetention></Rule></ObjectLockConfiguration>"
    digest = [("content-md5", md5(default.encode()))]
    assert clock.call("PUT", bucket, query="object-lock", body=default.encode(), headers=digest).status == 200
    kept = clock.put(bucket, "kept")
    shown = clock.call("HEAD", bucket, "kept", f"versionId={kept}").header("x-amz-object-lock-retain-until-date")
    until = datetime.fromisoformat(shown.replace("Z", "+00:00"))
    assert until > datetime.now(timezone.utc) + timedelta(days=2) - timedelta(seconds=60)
    # What was known of the time is a minute old at most after a restart.
    assert clock.deletes(bucket, "over", over) or not running
    # Forward within what clocks do: it is believed.
    turn(hours=2)
    assert clock.deletes(bucket, "hour", hour)
    assert not clock.deletes(bucket, "days", days)
    # Beyond it: nothing is released any more, also once the clock is right again, until somebody has looked.
    soon, over = clock.put(bucket, "soon", seconds=3), datetime.now(timezone.utc) + timedelta(seconds=3)
    turn(days=10)
    assert not clock.deletes(bucket, "days", days)
    assert not clock.deletes(bucket, "kept", kept)
    assert "no lock is released any more" in clock.gateway.diagnostics()
    turn(hours=2)
    wait_past(over)
    assert not clock.deletes(bucket, "soon", soon)


# Records


def truncated(path, _before):
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)


def emptied(path, _before):
    path.write_bytes(b"")


def scrambled(path, _before):
    """Every page but the first, so that it may look whole at first."""
    content = bytearray(path.read_bytes())
    rng = random.Random(SEED)
    for at in range(4096, len(content)):
        if content[at]:
            content[at] = rng.randrange(256)
    path.write_bytes(content)


def removed(path, _before):
    path.unlink()


def replaced_by_an_older_copy(path, before):
    shutil.copy(before, path)


DAMAGES = [truncated, emptied, scrambled, removed, replaced_by_an_older_copy]


@pytest.mark.parametrize("damage", DAMAGES, ids=[damage.__name__ for damage in DAMAGES])
def test_t37_a_lock_that_cannot_be_read_holds(damage, demo, request, new_bucket, tmp_path):
    """Either the gateway does not start, and says why, or nothing that may have been locked goes."""
    gateway = start(request, "demo", server_of(request, "demo"))
    place = by_gateway(gateway, "demo", new_bucket("unread")).create()
    state, before = gateway.folder / "state.redb", tmp_path / "before.redb"
    place.put("before")
    gateway.stop()
    shutil.copy(state, before)
    gateway.process = gateway._start()
    where = place.put("key", **Lock("COMPLIANCE", now() + DAY, True).arguments())
    assert outcome(place.root.delete_object, **where) == "protected"
    gateway.stop()
    damage(state, before)
    try:
        gateway.process = gateway._start()
    except RuntimeError as error:
        assert "state.redb" in str(error)
        return
    for name, call in {
        "delete": lambda: place.root.delete_object(**where, BypassGovernanceRetention=True),
        "delete simply": lambda: place.root.delete_object(**where),
        "several": lambda: delete_several(place.root, where),
        "put": lambda: place.root.put_object(**where, Body=NEW_BODY),
        "parts": lambda: in_parts(place.root, place.bucket, "key")(),
        "slow": lambda: slow_put(place.sides["root"], where, lambda: None),
    }.items():
        assert outcome(call) != "done", name
        assert straight_to(request, "demo", place.bucket).current("key") == BODY, name
