"""`portcullis locks`: what is on record against what stores have, and back from them after the state was restored."""

import base64
import hashlib
import json
import shutil
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError
from servers.gateway import upstream
from sides import direct, through

MD5 = base64.b64encode(hashlib.md5(b"x").digest()).decode()
ADMIN = {"admin": "unix:admin.sock"}
# Which store, and what the gateway is told of it: the second and third hear of no lock, and the third keeps no versions.
STORES = {
    "moto": ("moto", {}),
    "moto alone": ("moto", {"settings": {"object_lock": "gateway"}}),
    "demo": ("demo", {}),
}
EVERY_STORE = pytest.mark.parametrize("store", STORES)
DEFAULT = {
    "ObjectLockEnabled": "Enabled",
    "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}},
}


class Stand:
    """A gateway of its own before a store, and the store itself."""

    def __init__(self, gateway, server, store, verb):
        self.gateway, self.verb = gateway, verb
        self.server, self.store = server, store
        self.s3 = through(gateway).s3()
        self.straight = direct(server).s3()

    def locks(self, *words, code=0):
        return self.verb("locks", *words, *self.config, code=code)

    def json(self, *words):
        return json.loads(self.locks(*words, "--format", "json"))

    @property
    def config(self):
        return ["--config", self.gateway.folder / "portcullis.yaml"]

    @property
    def state(self):
        return self.gateway.folder / "state.redb"

    def bucket(self, name, default=False):
        self.s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
        if default:
            self.s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=DEFAULT)
        return name

    def put(self, bucket, key, days=0, mode="GOVERNANCE", **more):
        """Gives the version."""
        if days:
            more |= {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": in_days(days)}
        # moto takes no other checksum with a lock.
        return self.s3.put_object(Bucket=bucket, Key=key, Body=b"x", ContentMD5=MD5, **more).get("VersionId", "null")

    def restart(self):
        self.gateway.process = self.gateway._start()


def in_days(days):
    return datetime.now(timezone.utc) + timedelta(days=days)


def refusal(call, **parameters):
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return raised.value.response["Error"]["Code"]


@pytest.fixture
def stand(request, launch, verb):
    def started(store):
        name, more = STORES[store]
        server = request.getfixturevalue(name)
        server = getattr(server, "upstream", server)
        return Stand(launch({name: upstream(server, profile=name, **more)}, settings=ADMIN), server, store, verb)

    return started


@EVERY_STORE
def test_what_is_locked_is_listed_in_the_order_of_the_keys(stand, new_bucket, store):
    here = stand(store)
    assert here.locks("list") == "clock: running\nin doubt: no\nunresolved: 0\nlocks: 0\n"
    bucket, other = here.bucket(new_bucket("list")), here.bucket(new_bucket("list"))
    here.put(bucket, "c", 1)
    here.put(bucket, "plain")
    here.put(bucket, "a b", 2, "COMPLIANCE")
    held = here.put(other, "held", ObjectLockLegalHoldStatus="ON")
    here.put(other, "freed", ObjectLockLegalHoldStatus="OFF")

    shown = here.json("list")
    assert [(row["bucket"], row["key"]) for row in shown["locks"]] == [
        *sorted([(bucket, "a b"), (bucket, "c"), (other, "freed"), (other, "held")]),
    ]  # fmt: skip
    by_key = {row["key"]: row for row in shown["locks"]}
    assert (by_key["a b"]["mode"], by_key["a b"]["protected"]) == ("COMPLIANCE", "yes")
    assert by_key["c"]["protected"] == "unless-bypassed"
    assert (by_key["held"]["legal_hold"], by_key["held"]["version"]) == ("ON", held)
    assert (shown["clock"], shown["in_doubt"], shown["unresolved"]) == ({"state": "running"}, None, 0)
    assert [row["key"] for row in here.json("list", other, "--active")["locks"]] == ["held"]
    said = here.locks("list", bucket)
    assert f"{bucket}/a b version " in said and said.endswith("locks: 2\n"), said
    assert "is not on record" in here.locks("list", "no-such-bucket", code=1)


@EVERY_STORE
def test_all_versions_of_a_key_are_shown(stand, new_bucket, store):
    here = stand(store)
    bucket = here.bucket(new_bucket("show"))
    first = here.put(bucket, "k", 1)
    said = here.locks("show", bucket, "k")
    assert f"version {first}: protected, but governance may be bypassed\n  GOVERNANCE until 2" in said
    if first != "null":
        second = here.put(bucket, "k", ObjectLockLegalHoldStatus="ON")
        assert here.locks("show", bucket, "k").count("version ") == 2
        (shown,) = here.json("show", bucket, "k", "--version", second)["versions"]
        assert (shown["protected"], shown["possible"][0]["legal_hold"]) == ("yes", "ON")
    here.put(bucket, "k2")
    assert "not protected now\n  no lock" in here.locks("show", bucket, "k2")
    assert "nothing is on record of `other`" in here.locks("show", bucket, "other", code=1)
    assert "nothing is on record of `k`" in here.locks("show", bucket, "k", "--version", "other", code=1)
    assert "is not on record" in here.locks("show", "no-such-bucket", "k", code=1)


def test_a_list_is_of_many_pages(stand, new_bucket):
    here = stand("demo")
    bucket = here.bucket(new_bucket("pages"))
    keys = [f"k{number:04}" for number in range(520)]
    for key in keys:
        here.put(bucket, key, ObjectLockLegalHoldStatus="ON")
    assert [row["key"] for row in here.json("list")["locks"]] == keys
    assert "locked versions: 520, findings: 0" in here.locks("verify")
    assert "versions: 520, locked: 0, without a record: 0" in here.locks("rebuild")


def test_nothing_in_doubt_is_not_acknowledged(stand):
    here = stand("moto")
    for what in ["clock", "restore"]:
        assert "there is nothing to acknowledge" in here.locks("acknowledge", what, code=1)
    here.locks("acknowledge", "nonsense", code=2)
    assert here.locks("verify") == "buckets: 0, locked versions: 0, findings: 0\n"


def test_what_a_store_that_keeps_locks_says_otherwise_is_found(stand, new_bucket):
    here = stand("moto")
    bucket = here.bucket(new_bucket("verify"))
    versions = {key: here.put(bucket, key, 1) for key in ["gone", "longer", "fine"]}
    versions["held"] = here.put(bucket, "held", ObjectLockLegalHoldStatus="ON")
    assert here.locks("verify") == "buckets: 1, locked versions: 4, findings: 0\n"

    of = lambda key: {"Bucket": bucket, "Key": key, "VersionId": versions[key]}
    here.straight.delete_object(**of("gone"), BypassGovernanceRetention=True)
    longer = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(9)}
    here.straight.put_object_retention(**of("longer"), Retention=longer, BypassGovernanceRetention=True)
    here.straight.put_object_legal_hold(**of("held"), LegalHold={"Status": "OFF"})
    said = here.locks("verify", bucket, code=1)
    assert f"gone           {bucket}/gone version {versions['gone']}: the version is not at the upstream" in said
    assert f"stricter there {bucket}/longer version {versions['longer']}: the upstream has GOVERNANCE 2" in said
    assert f"weaker there   {bucket}/held version {versions['held']}: the upstream has" in said
    assert said.endswith("locked versions: 4, findings: 3\n"), said
    assert "there is no bucket" in here.locks("verify", new_bucket("verify"), code=1)


def test_what_endangers_locks_that_only_the_gateway_keeps_is_found(stand, new_bucket):
    here = stand("moto alone")
    bucket = here.bucket(new_bucket("verify"))
    here.put(bucket, "k", 1)
    assert "findings: 0" in here.locks("verify")
    here.straight.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    here.straight.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    said = here.locks("verify", code=1)
    assert f"bucket         {bucket}: its versioning at the upstream is not enabled" in said
    assert f"bucket         {bucket}: its lifecycle: " in said and "destroys noncurrent versions" in said


def lost(here, bucket, how, tmp_path):
    """Locks `k`, then puts the state back to what it was before that: gives the versions of `k` and of one locked before."""
    before = here.put(bucket, "before", 2)
    copy = tmp_path / "copy.redb"
    if how == "restored":
        here.verb("state", "backup", copy, *here.config)
    else:
        here.gateway.stop()
        shutil.copy(here.state, copy)
        here.restart()
    after = here.put(bucket, "k", 2)
    here.gateway.stop()
    if how == "restored":
        here.verb("state", "restore", copy, *here.config)
    else:
        shutil.copy(copy, here.state)
    here.restart()
    return before, after


@pytest.mark.parametrize("how", ["restored", "replaced"])
@EVERY_STORE
def test_after_the_state_is_lost_nothing_is_destroyed_until_it_is_rebuilt_and_acknowledged(
    stand, new_bucket, tmp_path, store, how
):
    here = stand(store)
    # Where the store keeps locks they are known from it, elsewhere from the default alone.
    bucket = here.bucket(new_bucket("lost"), default=store != "moto")
    before, after = lost(here, bucket, how, tmp_path)

    def destroy(key, version):
        named = {} if version == "null" else {"VersionId": version}
        return refusal(here.s3.delete_object, Bucket=bucket, Key=key, **named)

    assert here.json("list")["in_doubt"] == how
    assert [row["key"] for row in here.json("list")["locks"]] == ["before"]
    assert "protected against everyone" in here.locks("show", bucket, "before")
    for key, version in [("k", after), ("before", before)]:
        assert destroy(key, version) == "ServiceUnavailable"
    assert refusal(here.s3.delete_bucket, Bucket=bucket) == "ServiceUnavailable"
    assert here.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    if after != "null":
        assert here.put(bucket, "k") not in ("null", after)

    # Other tests have buckets on the same store.
    said = here.locks("rebuild", code=None)
    assert f"locked     {bucket}/k version {after}: GOVERNANCE until 2" in said, said
    assert f"{bucket}/before" not in said
    own = [line for line in said.splitlines() if f" {bucket}/" in line]
    assert any("it had no record" in line for line in own) == (store != "moto"), own
    assert said.endswith("locks stay in doubt until `portcullis locks acknowledge restore`\n")
    assert ", locked: 0, without a record: 0, unreadable: 0, unknown: 0" in here.locks("rebuild", bucket)
    assert destroy("k", after) == "ServiceUnavailable"

    assert "no lock is in doubt any more" in here.locks("acknowledge", "restore")
    assert "says who uses the admin listener" in here.gateway.diagnostics()
    for key, version in [("k", after), ("before", before)]:
        assert destroy(key, version) == "AccessDenied"
    here.put(bucket, "other")
    assert refusal(here.s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"
    here.gateway.stop()
    here.restart()
    assert here.json("list")["in_doubt"] is None
    assert destroy("k", after) == "AccessDenied"


def test_a_bucket_that_is_forgotten_is_found_where_its_store_keeps_locks(stand, new_bucket, tmp_path):
    here = stand("moto")
    here.put(here.bucket(new_bucket("kept")), "k", 1)
    copy = tmp_path / "copy.redb"
    here.verb("state", "backup", copy, *here.config)
    bucket = here.bucket(new_bucket("forgotten"))
    version = here.put(bucket, "k", 2, ObjectLockLegalHoldStatus="ON")
    here.gateway.stop()
    here.verb("state", "restore", copy, *here.config)
    here.restart()
    said = here.locks("rebuild", code=None)
    assert f"locked     {bucket}/k version {version}: GOVERNANCE until 2" in said and "legal hold ON" in said, said
    here.locks("acknowledge", "restore")
    assert refusal(here.s3.delete_object, Bucket=bucket, Key="k", VersionId=version) == "AccessDenied"
    assert here.s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"
    plain = new_bucket("plain")
    here.s3.create_bucket(Bucket=plain)
    assert "has no Object Lock" in here.locks("rebuild", plain, code=1)


def test_a_store_that_never_had_locks_is_not_in_doubt_when_it_is_restored(stand, new_bucket, tmp_path):
    here = stand("moto")
    bucket, copy = new_bucket("plain"), tmp_path / "copy.redb"
    here.s3.create_bucket(Bucket=bucket)
    here.verb("state", "backup", copy, *here.config)
    here.put(bucket, "k")
    here.gateway.stop()
    here.verb("state", "restore", copy, *here.config)
    here.restart()
    assert here.json("list")["in_doubt"] is None
    here.s3.delete_object(Bucket=bucket, Key="k")
    assert "there is nothing to acknowledge" in here.locks("acknowledge", "restore", code=1)


def test_the_gateway_must_be_reached_and_have_a_state(stand, launch, moto, verb):
    for words in [["list"], ["verify"], ["rebuild"], ["acknowledge", "clock"], ["show", "lake", "k"]]:
        assert "which gateway" in verb("locks", *words, code=2)
    without = launch({"moto": upstream(moto, profile="moto")}, settings={**ADMIN, "state": None})
    config = ["--config", without.folder / "portcullis.yaml"]
    for words in [["list"], ["verify"], ["rebuild"], ["acknowledge", "restore"]]:
        assert "the gateway has no `state`" in verb("locks", *words, *config, code=1)
