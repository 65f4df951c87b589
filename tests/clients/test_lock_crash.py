"""The gateway killed at any moment while objects are locked: every lock that was acknowledged holds afterwards, every other
was put or was not, and nothing goes that should not.

`CRASH_ROUNDS` asks for more rounds, `CRASH_SEED` for other moments; a failure names its seed.
"""

import os
import random
import threading
import time
from dataclasses import replace

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from locks import BODY, DAY, MODES, NEW_BODY, Lock, by_gateway, fresh, in_parts, now, outcome, retention, server_of, start

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "25"))
SEED = int(os.environ.get("CRASH_SEED", "20261123"))
# Of what is known for certain so much is looked at after each kill, and all at the end.
SAMPLE = 12


class Writer:
    """Locks objects of its own. What each may be now: one lock if that was acknowledged, two if one was only asked for,
    and `None` for no object."""

    def __init__(self, place, rng):
        self.place, self.rng = place, rng
        self.known, self.where, self.told = {}, {}, {}

    def work(self, place, stop):
        while not stop.is_set():
            try:
                self.step(place)
            except (ClientError, BotoCoreError, KeyError) as error:
                # Asked and not answered. A lock is refused by nothing but locks.
                if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
                    raise
                return

    def step(self, place):
        held = [key for key, possible in self.known.items() if len(possible) == 1 and possible[0] and key in self.where]
        if not held or self.rng.random() < 0.4:
            return self.write(place)
        key = self.rng.choice(held)
        (lock,) = self.known[key]
        where = self.where[key]
        match self.rng.choice(["extend", "hold", "delete", "overwrite", "release and delete"]):
            case "extend":
                longer = replace(lock, mode=lock.mode or self.rng.choice(MODES), until=(lock.until or now()) + DAY)
                self.ask(key, longer)
                place.root.put_object_retention(**where, Retention=retention(longer.mode, longer.until))
                self.sure(key, longer)
            case "hold":
                other = replace(lock, hold=not lock.hold)
                self.ask(key, other)
                place.root.put_object_legal_hold(**where, LegalHold={"Status": "ON" if other.hold else "OFF"})
                self.sure(key, other)
            case "delete" if lock != Lock():
                self.refused(place.root.delete_object, **where)
            case "overwrite" if lock != Lock() and not place.versions:
                self.refused(place.root.put_object, **where, Body=NEW_BODY)
            case "release and delete" if lock.mode != "COMPLIANCE":
                if lock.hold:
                    free = replace(lock, hold=False)
                    self.ask(key, free)
                    place.root.put_object_legal_hold(**where, LegalHold={"Status": "OFF"})
                    self.sure(key, free)
                self.ask(key, None)
                place.root.delete_object(**where, BypassGovernanceRetention=True)
                self.sure(key, None)

    def write(self, place):
        key, lock = fresh("crash"), Lock(self.rng.choice([*MODES, None]), None, self.rng.random() < 0.4)
        lock = replace(lock, until=now() + DAY if lock.mode else None)
        self.told[key] = []
        self.known[key] = [None]
        self.ask(key, lock)
        if self.rng.random() < 0.3:
            answer = in_parts(place.root, place.bucket, key, BODY, **lock.arguments())()
        else:
            answer = place.root.put_object(Bucket=place.bucket, Key=key, Body=BODY, **lock.arguments())
        self.where[key] = place.where(key, answer)
        self.sure(key, lock)

    def ask(self, key, lock):
        self.known[key] = [*self.known[key][-1:], lock]
        self.told[key].append(("asked", lock))

    def sure(self, key, lock):
        self.known[key] = [lock]
        self.told[key].append(("acknowledged", lock))

    def refused(self, call, **arguments):
        try:
            call(**arguments)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
                return
            raise
        raise AssertionError(f"{call.__name__} of what is locked was done: {arguments}")

    def check(self, place, everything=False):
        """Looks at what is in doubt, and at some of the rest."""
        doubted = [key for key, possible in self.known.items() if len(possible) > 1]
        sure = [key for key in self.known if key not in doubted]
        if not everything:
            sure = self.rng.sample(sure, min(SAMPLE, len(sure)))
        for key in [*doubted, *sure]:
            lock = self.look(place, key)
            assert lock in self.known[key], f"{key} has {lock}: {self.story(key)}"
            self.known[key] = [lock]
            self.told[key].append(("seen", lock))
            if lock and lock != Lock():
                came = outcome(place.root.delete_object, **self.where[key])
                assert came == "protected", f"{key} {lock}: {came}"

    def story(self, key):
        return "; ".join(f"{what} {lock}" for what, lock in self.told[key])

    def look(self, place, key):
        if key not in self.where:
            # Never answered: what version it has, if it is there, is to be found.
            version = self.version(place, key) if place.versions else {}
            if version is None:
                return None
            self.where[key] = {"Bucket": place.bucket, "Key": key, **version}
        return place.lock(self.where[key])

    def version(self, place, key):
        listed = place.root.list_object_versions(Bucket=place.bucket, Prefix=key).get("Versions", [])
        versions = [each["VersionId"] for each in listed if each["Key"] == key]
        assert len(versions) < 2, f"{key}: {versions}"
        return {"VersionId": versions[0]} if versions else None


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("store, share", [("demo", 0.6), ("moto alone", 0.4)], ids=["demo", "moto-alone"])
def test_killed_at_any_moment_it_keeps_every_lock(store, share, request, new_bucket):
    gateway = start(request, store, server_of(request, store))
    rng, rounds = random.Random(f"{SEED} {store}"), max(1, round(ROUNDS * share))
    print(f"CRASH_SEED={SEED} CRASH_ROUNDS={ROUNDS}")
    name = new_bucket("crash-locks")
    place = by_gateway(gateway, store, name).create()
    writers = [Writer(place, random.Random(rng.random())) for _ in range(4)]
    failed = []

    def work(writer, place, stop):
        try:
            writer.work(place, stop)
        except BaseException as error:
            failed.append(error)

    for _ in range(rounds):
        stop = threading.Event()
        threads = [threading.Thread(target=work, args=[writer, place, stop]) for writer in writers]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.05, 0.4))
        gateway.process.kill()
        stop.set()
        for thread in threads:
            thread.join()
        assert not failed, f"CRASH_SEED={SEED}: {failed}"
        gateway.process = gateway._start()
        for writer in writers:
            writer.check(place)
    for writer in writers:
        writer.check(place, everything=True)
    locked = [lock for writer in writers for (lock,) in writer.known.values() if lock and lock != Lock()]
    assert len(locked) > rounds, "there was something to lose"
    gateway.stop()
