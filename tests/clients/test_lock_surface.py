"""What Object Lock says: every call with what is wrong with it, through the gateway and straight to the stores that have
locks. The answers are in `tests/data/lock/surface.json`, with what a store says otherwise and AWS's word on it."""

import pytest
import wire
from locks import DAY, WITHOUT_VERSIONS, md5, now, straight_to, through_to
from outcomes import UPDATE, Golden
from sigv4 import crc32, unsigned_trailer

ANSWERS = Golden("lock/surface.json")
MODE, UNTIL, HOLD = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold"
NEVER, LONG_AGO = "when hell freezes over", "2020-01-01T00:00:00Z"
SOON = (now() + DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
RETAINED = [(MODE, "GOVERNANCE"), (UNTIL, SOON)]


def configured(retention=None, enabled="<ObjectLockEnabled>Enabled</ObjectLockEnabled>"):
    rule = "" if retention is None else f"<Rule><DefaultRetention>{retention}</DefaultRetention></Rule>"
    return f"<ObjectLockConfiguration>{enabled}{rule}</ObjectLockConfiguration>"


def default(period, mode="GOVERNANCE"):
    return configured(f"<Mode>{mode}</Mode>{period}")


def retained(mode="", until=""):
    mode, until = mode and f"<Mode>{mode}</Mode>", until and f"<RetainUntilDate>{until}</RetainUntilDate>"
    return f"<Retention>{mode}{until}</Retention>"


def held(status):
    return f"<LegalHold><Status>{status}</Status></LegalHold>"


class Script:
    """The calls, by hand: no SDK sends what is wrong here. Each is seen by its name."""

    def __init__(self, place, new_bucket):
        self.place, self.side, self.seen = place, place.sides["root"], {}
        self.locked, self.plain, self.late = (new_bucket(name) for name in ["locked", "plain", "late"])
        place.at(self.locked).create()
        for bucket in [self.plain, self.late]:
            place.root.create_bucket(Bucket=bucket)
            place.root.put_object(Bucket=bucket, Key="there", Body=b"x")

    def see(self, name, method, target, body="", headers=(), shows=()):
        """Sends it with a digest of its body, and keeps what it came to."""
        body = body.encode()
        extra = [*headers, ("content-md5", md5(body))] if body else [*headers]
        answer = self.side.raw(method, target, body, extra=extra)
        self.keep(name, answer, shows)
        return answer

    def keep(self, name, answer, shows=()):
        shown = {element: answer._element(element) for element in shows}
        # A store's own words about keys that are not there come through.
        message = "" if answer.code == "NoSuchKey" else answer.message or ""
        self.seen[name] = [answer.status, answer.code or "", message, answer._element("ArgumentName") or ""]
        if shown:
            self.seen[name].append(shown)

    def run(self):
        self.configurations()
        # Only now: moto configures no bucket that has objects.
        self.place.root.put_object(Bucket=self.locked, Key="there", Body=b"x")
        self.without_lock()
        self.headers()
        self.documents()
        self.checksums()
        if self.place.versions:
            self.versions()
        return self.seen

    def configurations(self):
        at, put = f"/{self.locked}?object-lock", lambda name, body: self.see(name, "PUT", at, body)
        shows = ["ObjectLockEnabled", "Mode", "Days", "Years"]
        self.see("configuration of a new bucket", "GET", at, shows=shows)
        put("100 years", default("<Years>100</Years>", "COMPLIANCE"))
        put("36500 days", default("<Days>36500</Days>"))
        put("two days", default("<Days>2</Days>", "COMPLIANCE"))
        self.see("configuration", "GET", at, shows=shows)
        for name, period in {
            "days and years": "<Days>1</Days><Years>1</Years>", "neither days nor years": "", "0 days": "<Days>0</Days>",
            "-1 days": "<Days>-1</Days>", "0 years": "<Years>0</Years>", "36501 days": "<Days>36501</Days>",
            "101 years": "<Years>101</Years>", "x days": "<Days>x</Days>", "days twice": "<Days>1</Days><Days>1</Days>",
        }.items():  # fmt: skip
            put(name, default(period))
        put("unknown mode", default("<Days>1</Days>", "GOVERN"))
        put("mode in lower case", default("<Days>1</Days>", "governance"))
        put("no mode", configured("<Days>1</Days>"))
        put("not enabled", configured(enabled="<ObjectLockEnabled>Disabled</ObjectLockEnabled>"))
        put("nothing of enabled", configured(enabled=""))
        put("rule without retention", configured().replace("</ObjectLockC", "<Rule/></ObjectLockC"))
        put("another document", retained("GOVERNANCE", SOON))
        put("no xml", "Enabled")
        put("entities", '<!DOCTYPE x [<!ENTITY e "1">]>' + default("<Days>&e;</Days>"))
        self.see("configuration after all that", "GET", at, shows=shows)
        put("no default", configured())
        self.see("configuration without default", "GET", at, shows=shows)
        self.see("bad enabled header", "PUT", f"/{self.plain}-bad", headers=[("x-amz-bucket-object-lock-enabled", "maybe")])

    def without_lock(self):
        of, key = f"/{self.plain}", f"/{self.plain}/there"
        self.see("no configuration", "GET", f"{of}?object-lock")
        for name, headers in {"retention": RETAINED, "hold": [(HOLD, "ON")]}.items():
            self.see(f"put with {name} without lock", "PUT", f"{of}/new", "x", headers)
            self.see(f"copy with {name} without lock", "PUT", f"{of}/new", headers=[*headers, ("x-amz-copy-source", key)])
            self.see(f"upload with {name} without lock", "POST", f"{of}/new?uploads", headers=headers)
        self.see("retention without lock", "GET", f"{key}?retention")
        self.see("put retention without lock", "PUT", f"{key}?retention", retained("GOVERNANCE", SOON))
        self.see("hold without lock", "GET", f"{key}?legal-hold")
        self.see("put hold without lock", "PUT", f"{key}?legal-hold", held("ON"))
        bypass = [("x-amz-bypass-governance-retention", "true")]
        self.see("bypass without lock", "DELETE", key, headers=bypass)
        self.see("nothing was written without lock", "GET", f"{of}/new")
        self.see("what was there without lock", "GET", key)

    def headers(self):
        source = [("x-amz-copy-source", f"/{self.locked}/there")]
        for name, headers in {
            "mode alone": [(MODE, "GOVERNANCE")], "date alone": [(UNTIL, SOON)], "date past": [(MODE, "GOVERNANCE"), (UNTIL, LONG_AGO)],
            "no date": [(MODE, "GOVERNANCE"), (UNTIL, NEVER)], "day alone": [(MODE, "GOVERNANCE"), (UNTIL, "2040-01-01")],
            "bad mode": [(MODE, "GOVERN"), (UNTIL, SOON)], "small mode": [(MODE, "governance"), (UNTIL, SOON)],
            "bad hold": [(HOLD, "on")], "true hold": [(HOLD, "true")],
        }.items():  # fmt: skip
            self.see(f"put with {name}", "PUT", f"/{self.locked}/refused", "x", headers)
            self.see(f"copy with {name}", "PUT", f"/{self.locked}/refused", headers=[*headers, *source])
            self.see(f"upload with {name}", "POST", f"/{self.locked}/refused?uploads", headers=headers)
        self.see("nothing was written", "GET", f"/{self.locked}/refused")
        self.see("put with retention", "PUT", f"/{self.locked}/kept", "x", RETAINED)
        self.see("put with hold", "PUT", f"/{self.locked}/kept-too", "x", [(HOLD, "ON")])
        self.see("put with retention and hold off", "PUT", f"/{self.locked}/kept-as-well", "x", [*RETAINED, (HOLD, "OFF")])

    def documents(self):
        key = f"/{self.locked}/there"
        self.see("no retention", "GET", f"{key}?retention")
        self.see("no hold", "GET", f"{key}?legal-hold")
        for name, document in {
            "mode alone": retained(mode="GOVERNANCE"), "date alone": retained(until=SOON), "date past": retained("GOVERNANCE", LONG_AGO),
            "no date": retained("GOVERNANCE", NEVER), "bad mode": retained("GOVERN", SOON), "no xml": "GOVERNANCE",
            "another document": held("ON"),
        }.items():  # fmt: skip
            self.see(f"retention with {name}", "PUT", f"{key}?retention", document)
        for name, document in {"status on": held("on"), "no status": "<LegalHold/>", "no xml": "ON", "another document": retained()}.items():
            self.see(f"hold with {name}", "PUT", f"{key}?legal-hold", document)
        self.see("still no retention", "GET", f"{key}?retention")
        self.see("retention of nothing", "GET", f"/{self.locked}/nothing?retention")
        self.see("hold of nothing", "GET", f"/{self.locked}/nothing?legal-hold")
        self.see("put retention of nothing", "PUT", f"/{self.locked}/nothing?retention", retained("GOVERNANCE", SOON))
        self.see("put hold of nothing", "PUT", f"/{self.locked}/nothing?legal-hold", held("ON"))
        self.see("put hold", "PUT", f"{key}?legal-hold", held("ON"))
        self.see("hold", "GET", f"{key}?legal-hold", shows=["Status"])
        self.see("release", "PUT", f"{key}?legal-hold", held("OFF"))
        self.see("hold off", "GET", f"{key}?legal-hold", shows=["Status"])
        self.see("put retention", "PUT", f"{key}?retention", retained("GOVERNANCE", "2040-01-02T03:04:05Z"))
        answer = self.see("retention", "GET", f"{key}?retention", shows=["Mode", "RetainUntilDate"])
        # Some write fractions of a second, all of them none.
        self.seen["retention"][-1]["RetainUntilDate"] = (answer._element("RetainUntilDate") or "")[:19]

    def checksums(self):
        of = f"/{self.locked}"
        put = lambda name, at, headers: self.keep(name, self.side.raw("PUT", at, b"x", extra=headers))
        put("retention without checksum", f"{of}/unsure", RETAINED)
        put("hold without checksum", f"{of}/unsure", [(HOLD, "ON")])
        put("retention with crc32", f"{of}/sure-by-crc32", [*RETAINED, ("x-amz-checksum-crc32", crc32(b"x"))])
        self.trailer("retention with a trailer", f"{of}/sure-by-trailer", RETAINED)
        self.see("a default for checksums", "PUT", f"{of}?object-lock", default("<Days>1</Days>"))
        put("default without checksum", f"{of}/unsure", [])
        put("default with md5", f"{of}/sure-by-md5", [("content-md5", md5(b"x"))])
        upload = self.place.root.create_multipart_upload(Bucket=self.locked, Key="parts")["UploadId"]
        put("part without checksum", f"{of}/parts?partNumber=1&uploadId={upload}", [])
        put("part with md5", f"{of}/parts?partNumber=1&uploadId={upload}", [("content-md5", md5(b"x"))])
        self.see("nothing unsure was written", "GET", f"{of}/unsure")

    def trailer(self, name, target, extra):
        headers, body = unsigned_trailer(self.side.signer, "PUT", target, self.side.host, b"x", extra=extra)
        self.keep(name, wire.exchange(self.side.endpoint, "PUT", target, headers, body, self.side.ca))

    def versions(self):
        key = {"Bucket": self.locked, "Key": "marked"}
        self.place.root.put_object(**key, Body=b"x", ContentMD5=md5(b"x"))
        marker = self.place.root.delete_object(**key)["VersionId"]
        at = f"/{self.locked}/marked?versionId={marker}"
        self.see("retention of a marker", "GET", at.replace("?", "?retention&"))
        self.see("put retention of a marker", "PUT", at.replace("?", "?retention&"), retained("GOVERNANCE", SOON))
        self.see("hold of a marker", "GET", at.replace("?", "?legal-hold&"))
        self.see("put hold of a marker", "PUT", at.replace("?", "?legal-hold&"), held("ON"))
        self.see("delete a marker", "DELETE", at)
        versioning = lambda status: f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>"
        self.see("suspend versioning", "PUT", f"/{self.locked}?versioning", versioning("Suspended"))
        self.see("enable versioning again", "PUT", f"/{self.locked}?versioning", versioning("Enabled"))
        self.see("versioning", "GET", f"/{self.locked}?versioning", shows=["Status"])
        self.see("lock without versioning", "PUT", f"/{self.late}?object-lock", configured())
        self.see("versioning of what was", "PUT", f"/{self.late}?versioning", versioning("Enabled"))
        self.see("lock of what was", "PUT", f"/{self.late}?object-lock", default("<Years>1</Years>"))
        self.see("configuration of what was", "GET", f"/{self.late}?object-lock", shows=["ObjectLockEnabled", "Mode", "Years"])
        self.see("suspend versioning of what was", "PUT", f"/{self.late}?versioning", versioning("Suspended"))


@pytest.mark.parametrize("store", ["moto", "ceph", "moto alone", "demo"])
def test_every_call_and_what_is_wrong_with_it(store, request, new_bucket):
    found = Script(through_to(request, store, new_bucket("surface")), new_bucket).run()
    versioned = store not in WITHOUT_VERSIONS
    rows = {name: row for name, row in ANSWERS.rows.items() if versioned or not row.get("versions")}
    expected = {name: row.get(f"through to {store}", row["answer"]) for name, row in rows.items()}
    differs = {name: (expected.get(name), found.get(name)) for name in expected | found if expected.get(name) != found.get(name)}
    assert not differs, listed(differs)


@pytest.mark.parametrize("store", ["moto", "ceph"])
def test_the_same_calls_straight_to_a_store(store, request, new_bucket):
    """Messages and arguments are each store's own: statuses, codes and what is shown count. UPDATE_OUTCOMES=1 writes what
    a store does otherwise."""
    found = Script(straight_to(request, store, new_bucket("surface")), new_bucket).run()
    told = lambda answer: [*answer[:2], *answer[4:]]
    if UPDATE:
        for name, row in ANSWERS.rows.items():
            other = {} if told(found[name]) == told(row["answer"]) else {store: told(found[name])}
            ANSWERS.check(name, {each: row[each] for each in row if each != store} | other)
    expected = {name: row.get(store, told(row["answer"])) for name, row in ANSWERS.rows.items()}
    differs = {name: (expected[name], told(found[name])) for name in found if told(found[name]) != expected[name]}
    assert not differs, listed(differs)


def test_what_a_store_does_otherwise_is_explained():
    for name, row in ANSWERS.rows.items():
        assert row.keys() <= {"answer", "versions", "why", "moto", "ceph", "through to moto", "through to ceph"}, name
        assert ("why" in row) == bool(row.keys() - {"answer", "versions", "why"}), name


def listed(differs):
    return "\n" + "\n".join(f"{name}: expected {expected}, found {found}" for name, (expected, found) in differs.items())
