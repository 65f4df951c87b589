"""What a lock lets happen to a version: state × request × caller, through the gateway before stores that keep locks too,
before one that is told of none and before one without versions, and the same straight to the stores that keep them.

The table is `tests/data/lock/table.json`; where a store by itself does otherwise, `differences.json` beside it says so.
"""

import fnmatch
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from locks import (
    CALLERS,
    DAY,
    MAY_BYPASS,
    MODES,
    NEW_BODY,
    STORES,
    Lock,
    ceph_policy,
    code,
    delete_several,
    formed,
    fresh,
    in_parts,
    now,
    outcome,
    retention,
    straight_to,
    through_to,
    wait_past,
)
from servers.processes import ROOT

TABLE = json.loads((ROOT / "tests/data/lock/table.json").read_text())
DIFFERENCES = json.loads((ROOT / "tests/data/lock/differences.json").read_text())
BYPASSING = ", bypassing"
# How long a retention lasts that is to be over: time enough to make an object.
SHORT = timedelta(seconds=4)
# Those that may not come first: what is refused leaves an object for the next.
REFUSED_FIRST = ["denied", "without", "with", "root"]


# The ordinary tier asks for these everywhere, and for all of the store that has neither locks nor versions.
FEW_STATES = [
    "no lock", "hold", "governance", "governance, hold", "governance by default", "governance over",
    "compliance", "compliance over, hold",
]  # fmt: skip


class Extent:
    """How much of the table: `few` or `all`."""

    def __init__(self, states, callers, always=("root",)):
        self.states = FEW_STATES if states == "few" else list(TABLE["states"])
        self.bypassing, self.always = callers, always

    def rows(self):
        return [(state, request) for state in self.states for request in TABLE["requests"]]

    def callers(self, request):
        """Who may bypass and who may not where it matters; the root user, whom all else lets do anything, where not."""
        callers = self.bypassing if request.endswith(BYPASSING) else self.always
        return [caller for caller in REFUSED_FIRST if caller in callers]


FEW = Extent("few", ["without", "root"])
ALL_STATES = Extent("all", ["without", "root"])
ALL = Extent("all", CALLERS, CALLERS)
# Straight to Ceph what another user writes is not the root user's to read.
ALL_BYPASSING = Extent("all", CALLERS)


class Table:
    """The whole table at one place, with its buckets: one without default, and one for each mode by default."""

    def __init__(self, place, extent, new_bucket):
        self.place, self.extent, self.started = place.create(), extent, now()
        self.defaults = {}
        for mode in MODES:
            bucket = place.at(new_bucket(mode.lower()))
            self.defaults[mode] = bucket.create(default={"Mode": mode, "Days": 1})
        self.sooner, self.later = self.started + DAY / 2, self.started + 2 * DAY
        self.over = {}

    def places(self):
        return [self.place, *self.defaults.values()]

    def at(self, state):
        return self.defaults[state["mode"]] if state.get("lasts") == "default" else self.place

    def make(self, name):
        """An object in a state: where it is, and its lock."""
        state = TABLE["states"][name]
        at = self.at(state)
        lock = Lock(hold=state.get("hold") == "ON")
        match state.get("lasts"):
            case "active":
                lock = replace(lock, mode=state["mode"], until=self.started + DAY)
            case "over":
                lock = replace(lock, mode=state["mode"], until=now() + SHORT)
        where = at.put(fresh(), **lock.arguments(off=state.get("hold") == "OFF"))
        return where, at.lock(where) if state.get("lasts") == "default" else lock

    def run(self):
        """Each case that came to something else than the table says, with what it came to."""
        rows = self.extent.rows()
        over = [row for row in rows if TABLE["states"][row[0]].get("lasts") == "over"]
        with ThreadPoolExecutor(6) as pool:
            # Made first, so that the others take as long as their retention does.
            made = list(pool.map(lambda row: [self.make(row[0]) for _ in self.extent.callers(row[1])], over))
            found = list(pool.map(lambda row: self.row(*row), [row for row in rows if row not in over]))
            if made:
                wait_past(max(lock.until for objects in made for _, lock in objects))
            found += pool.map(lambda row, objects: self.row(*row, objects), over, made)
        return {case: came for row in found for case, came in row.items()}

    def row(self, state, request, objects=None):
        objects, found, left = list(objects or []), {}, None
        for caller in self.extent.callers(request):
            where, lock = left or (objects.pop() if objects else self.make(state))
            expected = self.expected(state, request, caller)
            at = self.at(TABLE["states"][state])
            came = outcome(self.call(at, where, request, caller))
            wrong = self.wrong(at, where, lock, request, came)
            found[f"{state} | {request} | {caller}"] = (expected, f"{came}, but {wrong}" if wrong else came)
            left = (where, lock) if came in ("protected", "unauthorised") and not wrong else None
        return found

    def expected(self, state, request, caller):
        if request.endswith(BYPASSING) and caller not in MAY_BYPASS:
            return "unauthorised"
        same = request
        if not self.place.versions and request in [*TABLE["overwrites"], "delete without a version"]:
            same = "delete"
        return "protected" if same in TABLE["protected"][state] else "done"

    def call(self, at, where, request, caller):
        """The request as a call without arguments."""
        s3, key = at.by(caller), {"Bucket": where["Bucket"], "Key": where["Key"]}
        plain = request.removesuffix(BYPASSING)
        bypass = {"BypassGovernanceRetention": True} if plain != request else {}
        mode, _, when = plain.partition(" ")
        match plain:
            case "delete":
                return lambda: s3.delete_object(**where, **bypass)
            case "delete several":
                return lambda: delete_several(s3, where, **bypass)
            case "delete without a version":
                return lambda: s3.delete_object(**key)
            case "remove":
                return lambda: s3.put_object_retention(**where, Retention={}, **bypass)
            case "hold" | "release":
                status = {"Status": "ON" if plain == "hold" else "OFF"}
                return lambda: s3.put_object_legal_hold(**where, LegalHold=status)
            case "put":
                return lambda: s3.put_object(**key, Body=NEW_BODY, **at.digest(NEW_BODY))
            case "copy":
                source = self.source(at)
                return lambda: s3.copy_object(**key, CopySource=source)
            case "complete parts":
                return in_parts(s3, **{name.lower(): value for name, value in key.items()})
            case "form":
                return formed(at.sides[caller], where["Bucket"], where["Key"])
        until = self.sooner if when == "sooner" else self.later
        return lambda: s3.put_object_retention(**where, Retention=retention(mode.upper(), until), **bypass)

    def source(self, at):
        source = {"Bucket": at.bucket, "Key": f"source of {at.bucket}"}
        if at.bucket not in self.over:
            self.over[at.bucket] = at.root.put_object(**source, Body=NEW_BODY, **at.digest(NEW_BODY))
        return source

    def wrong(self, at, where, lock, request, came):
        """What is left otherwise than what the request came to says."""
        plain = request.removesuffix(BYPASSING)
        replaces = plain in TABLE["overwrites"]
        left = self.after(lock, plain) if came == "done" else lock
        if came == "done" and replaces and at.current(where["Key"]) != NEW_BODY:
            return "the key has not what was written"
        if came == "done" and plain == "delete without a version":
            if code(at.root.head_object, Bucket=where["Bucket"], Key=where["Key"]) != "404":
                return "the key is there"
        if replaces and came == "done" and not at.versions:
            return None
        found = at.lock(where)
        return None if found == left else f"{found} is left, not {left}"

    def after(self, lock, plain):
        """The lock of a version when a request has been done, `None` of one that is gone."""
        mode, _, when = plain.partition(" ")
        match plain:
            case "delete" | "delete several":
                return None
            case "delete without a version":
                return lock if self.place.versions else None
            case "remove":
                return replace(lock, mode=None, until=None)
            case "hold" | "release":
                return replace(lock, hold=plain == "hold")
        if plain in TABLE["overwrites"]:
            return lock
        return replace(lock, mode=mode.upper(), until=self.sooner if when == "sooner" else self.later)


def differing(found):
    return {case: came for case, (expected, came) in found.items() if came != expected}


def listed(cases):
    return "\n" + "\n".join(f"{case}: {came}" for case, came in sorted(cases.items()))


def unexplained(name, found):
    """What differs, but for what is listed for a store; and what is listed and does not come about."""
    rows = DIFFERENCES.get(name, [])
    explains = lambda row, case, came: fnmatch.fnmatch(case, row["case"]) and fnmatch.fnmatch(came, row["came"])
    differs = differing(found)
    rest = {case: came for case, came in differs.items() if not any(explains(row, case, came) for row in rows)}
    idle = [row for row in rows if not any(explains(row, case, came) for case, came in differs.items())]
    return rest, idle


def test_the_table_speaks_of_all_its_states_and_requests():
    assert TABLE["protected"].keys() == TABLE["states"].keys()
    for state, requests in TABLE["protected"].items():
        assert set(requests) <= set(TABLE["requests"]), state
    for rows in DIFFERENCES.values():
        assert all(row.keys() == {"case", "came", "why"} for row in rows)


def tiers(few, everything, whole=ALL):
    """The ordinary tier, and the whole table with --full."""
    few = [pytest.param(store, extent, id=store.replace(" ", "-")) for store, extent in few.items()]
    more = [pytest.param(store, whole, id=f"all-{store.replace(' ', '-')}", marks=pytest.mark.slow) for store in everything]
    return [*few, *more]


@pytest.mark.parametrize("store, extent", tiers({"ceph": FEW, "moto alone": FEW, "demo": ALL_STATES}, STORES))
def test_t34_every_state_request_and_caller(store, extent, request, new_bucket):
    table = Table(through_to(request, store, new_bucket("table")), extent, new_bucket)
    rest, idle = unexplained(table.place.name, table.run())
    assert not rest, listed(rest)
    assert idle == []


@pytest.mark.parametrize("store, extent", tiers({"moto": Extent("few", ["root"])}, ["ceph"], ALL_BYPASSING))
def test_the_same_straight_to_a_store_that_has_locks(store, extent, request, new_bucket):
    """The script itself is right where a store comes to what AWS does; the rest is known. It has words of its own."""
    table = Table(straight_to(request, store, new_bucket("straight")), extent, new_bucket)
    if store == "ceph":
        for each in table.places():
            each.root.put_bucket_policy(Bucket=each.bucket, Policy=json.dumps(ceph_policy(each.bucket)))
    found = {case: tuple(map(without_words, both)) for case, both in table.run().items()}
    rest, idle = unexplained(table.place.name, found)
    assert not rest, listed(rest)
    assert idle == []


def without_words(came):
    return "refused" if came in ("protected", "unauthorised") or came.startswith("403 AccessDenied") else came
