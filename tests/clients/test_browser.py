"""Pages of other origins in a real browser: what rules let them do and read, and what happens in the bucket meanwhile.

The upstream, moto, lets every page read everything: what is blocked here is blocked by the gateway.
"""

import functools
import hashlib
from dataclasses import dataclass, field

import browser as browsers
import pytest
from botocore.exceptions import ClientError
from conftest import missing
from scenarios import MIB, pattern
from servers.gateway import Users, allow, upstream
from servers.processes import wait_until
from sides import direct, through

# Stand in rules for the origin of the page that they are made for.
SITE = "{site}"
KEY = "folder/a b+ü.txt"
THERE, SENT = b"there", b"sent"
ETAG = f'"{hashlib.md5(THERE).hexdigest()}"'
SENT_ETAG = f'"{hashlib.md5(SENT).hexdigest()}"'


def rule(*methods, origins=(SITE,), headers=(), expose=(), **more):
    row = {"AllowedMethods": methods, "AllowedOrigins": origins, **more}
    return row | ({"AllowedHeaders": headers} if headers else {}) | ({"ExposeHeaders": expose} if expose else {})


@dataclass(frozen=True)
class Call:
    """A request that a user has presigned, and how the page sends it."""

    operation: str
    method: str
    headers: dict = field(default_factory=dict)
    params: dict = field(default_factory=dict)
    body: str | None = None
    user: str = "alice"
    way: str = "http"
    fetch: dict = field(default_factory=dict)


def get(headers=None, params=None, **more):
    return Call("get_object", "GET", headers or {}, {"Key": KEY, **(params or {})}, **more)


def head(headers=None, **more):
    return Call("head_object", "HEAD", headers or {}, {"Key": KEY}, **more)


def delete(**more):
    return Call("delete_object", "DELETE", params={"Key": KEY}, **more)


def put(headers=None, params=None, method="PUT", **more):
    return Call("put_object", method, headers or {}, {"Key": KEY, **(params or {})}, SENT.decode(), **more)


def post(**more):
    return Call("post", "POST", body=SENT.decode(), **more)


def listing(**more):
    return Call("list_objects_v2", "GET", **more)


@dataclass(frozen=True)
class Reads:
    """What the page sees of an answer: `hidden` names headers that are there but not for it, `body` is part of its own."""

    status: int
    headers: dict = field(default_factory=dict)
    hidden: tuple = ()
    body: str = ""
    type: str = "cors"

    def check(self, seen, _browser):
        assert (seen.get("type"), seen.get("status")) == (self.type, self.status), seen
        assert {name: seen["headers"].get(name) for name in self.headers} == self.headers
        assert not {name for name in self.hidden if name in seen["headers"]}, seen
        assert self.body in seen["body"]


@dataclass(frozen=True)
class Blocked:
    """The page learns nothing, and the console says why."""

    why: str

    def check(self, seen, browser):
        assert seen == {"error": "TypeError"}
        browser.console_until(f"has been blocked by CORS policy: {self.why}")


UNNAMED = "No 'Access-Control-Allow-Origin' header is present on the requested resource."
REFUSED = Blocked(f"Response to preflight request doesn't pass access control check: {UNNAMED}")
UNREADABLE = Blocked(UNNAMED)
ANYONE = "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when"
OPAQUE = Reads(0, type="opaque")

COLOUR = {"content-type": "text/x-of-ours", "x-amz-meta-colour": "deep blue"}
COLOURED = put(COLOUR, {"ContentType": "text/x-of-ours", "Metadata": {"colour": "deep blue"}})
# Neither is a header that every page may send or read.
UNCHANGED = {"if-none-match": ETAG}
COOKIES = {"credentials": "include"}
DENIED = "<Code>AccessDenied</Code>"
# A name, the rules, what the page does, what it sees, what is under the key then, and what came to the gateway.
LISTED = [
    ("get", [rule("GET")], get(),
     Reads(200, {"content-length": "5"}, ("etag", "x-amz-request-id"), body="there"), THERE, ["GET 200"]),
    ("get, ETag exposed", [rule("GET", expose=["ETag", "x-amz-request-id"])], get(),
     Reads(200, {"etag": ETAG}), THERE, ["GET 200"]),
    ("get, a range", [rule("GET")], get({"range": "bytes=1-2"}),
     Reads(206, {"content-length": "2"}, ("content-range",), body="he"), THERE, ["GET 206"]),
    ("get, a range exposed", [rule("GET", expose=["Content-Range"])], get({"range": "bytes=1-2"}),
     Reads(206, {"content-range": "bytes 1-2/5"}), THERE, ["GET 206"]),
    ("head", [rule("HEAD")], head(), Reads(200, {"content-length": "5"}, ("etag",)), THERE, ["HEAD 200"]),
    ("put", [rule("PUT", headers=["content-type"])], put({"content-type": "a/b"}, {"ContentType": "a/b"}),
     Reads(200, {}, ("etag",)), SENT, ["OPTIONS 200", "PUT 200"]),
    ("put, headers of its own", [rule("PUT", headers=["Content-*", "X-AMZ-META-*"], expose=["ETag"])], COLOURED,
     Reads(200, {"etag": SENT_ETAG}), SENT, ["OPTIONS 200", "PUT 200"]),
    ("put, every header", [rule("PUT", headers=["*"])], COLOURED, Reads(200), SENT, ["OPTIONS 200", "PUT 200"]),
    ("delete", [rule("DELETE")], delete(), Reads(204), None, ["OPTIONS 200", "DELETE 204"]),
    ("post", [rule("POST")], post(), Reads(204, {}, ("etag", "location")), SENT, ["POST 204"]),
    ("post, exposed", [rule("POST", expose=["ETag", "Location"])], post(), Reads(204, {"etag": SENT_ETAG}), SENT, ["POST 204"]),
    ("list", [rule("GET")], listing(), Reads(200, body="<ListBucketResult"), THERE, ["GET 200"]),
    ("get, not changed", [rule("GET", headers=["if-none-match"], expose=["ETag"])], get(UNCHANGED),
     Reads(304, {"etag": ETAG}), THERE, ["OPTIONS 200", "GET 304"]),
    ("get, bucket in the host", [rule("GET", expose=["ETag"])], get(way="virtual"),
     Reads(200, {"etag": ETAG}), THERE, ["GET 200"]),
    ("put, bucket in the host", [rule("PUT", headers=["*"])], put(COLOUR, COLOURED.params, way="virtual"),
     Reads(200), SENT, ["OPTIONS 200", "PUT 200"]),
    ("list, bucket in the host", [rule("GET")], listing(way="virtual"),
     Reads(200, body="<ListBucketResult"), THERE, ["GET 200"]),
]  # fmt: skip
ERRORS = [
    ("get, not there", [rule("GET")], get(params={"Key": "not/there"}),
     Reads(404, body="<Code>NoSuchKey</Code>"), THERE, ["GET 404"]),
    ("head, not there", [rule("HEAD")], Call("head_object", "HEAD", params={"Key": "not/there"}),
     Reads(404), THERE, ["HEAD 404"]),
    ("get, not allowed", [rule("GET")], get(user="bob"), Reads(403, body=DENIED), THERE, ["GET 403"]),
    ("put, not allowed", [rule("PUT")], put(user="bob"), Reads(403, body=DENIED), None, ["OPTIONS 200", "PUT 403"]),
    ("delete, not allowed", [rule("DELETE")], delete(user="bob"),
     Reads(403, body=DENIED), THERE, ["OPTIONS 200", "DELETE 403"]),
    ("post, not allowed", [rule("POST")], post(user="bob"), Reads(403, body=DENIED), None, ["POST 403"]),
    ("t07 put, a header not signed", [rule("PUT", headers=["*"])], put({"x-amz-meta-colour": "red"}),
     Reads(403, body=DENIED), None, ["OPTIONS 200", "PUT 403"]),
    ("put, another type than signed", [rule("PUT", headers=["*"])], put({"content-type": "a/b"}, {"ContentType": "a/c"}),
     Reads(403, body="<Code>SignatureDoesNotMatch</Code>"), None, ["OPTIONS 200", "PUT 403"]),
]  # fmt: skip
ALL = [rule("GET", "PUT", "POST", "DELETE", "HEAD", headers=["*"], expose=["ETag"])]
BUT_PUT = [rule("GET", "POST", "DELETE", "HEAD", headers=["*"])]
BUT_GET = [rule("PUT", "POST", "DELETE", "HEAD", headers=["*"])]
# What needs a preflight is not sent. The rest is sent and done, as a policy decides: only the answer is kept from the page.
UNLISTED = [
    ("method, put", BUT_PUT, put(), REFUSED, None, ["OPTIONS 403"]),
    ("method, get", BUT_GET, get(), UNREADABLE, THERE, ["GET 200"]),
    ("method, get with a header", BUT_GET, get(UNCHANGED), REFUSED, THERE, ["OPTIONS 403"]),
    ("method, head", [rule("GET")], head(), UNREADABLE, THERE, ["HEAD 200"]),
    ("method, delete", [rule("PUT", "GET")], delete(), REFUSED, THERE, ["OPTIONS 403"]),
    ("method, post", [rule("PUT", "GET")], post(), UNREADABLE, SENT, ["POST 204"]),
    ("method that no rule can list", ALL, put(method="PATCH"), REFUSED, None, ["OPTIONS 400"]),
    ("header", [rule("PUT", headers=["content-type"])], COLOURED, REFUSED, None, ["OPTIONS 403"]),
    ("header, none is", [rule("PUT")], COLOURED, REFUSED, None, ["OPTIONS 403"]),
    ("header, almost", [rule("PUT", headers=["content-type", "x-amz-meta"])], COLOURED, REFUSED, None, ["OPTIONS 403"]),
    ("header, in two rules", [rule("PUT", headers=["content-type"]), rule("PUT", headers=["x-amz-*"])], COLOURED,
     REFUSED, None, ["OPTIONS 403"]),
    ("header, not changed", [rule("GET")], get(UNCHANGED), REFUSED, THERE, ["OPTIONS 403"]),
    ("scheme", [rule("GET", "PUT", origins=["https://127.0.0.1:*"])], put(), REFUSED, None, ["OPTIONS 403"]),
    ("port", [rule("GET", "PUT", origins=["http://127.0.0.1"])], get(), UNREADABLE, THERE, ["GET 200"]),
    ("host", [rule("GET", "PUT", origins=["http://localhost:*"])], get(), UNREADABLE, THERE, ["GET 200"]),
    ("no rules, get", None, get(), UNREADABLE, THERE, ["GET 200"]),
    ("no rules, get, not allowed", None, get(user="bob"), UNREADABLE, THERE, ["GET 403"]),
    ("no rules, get, not there", None, get(params={"Key": "not/there"}), UNREADABLE, THERE, ["GET 404"]),
    ("no rules, head", None, head(), UNREADABLE, THERE, ["HEAD 200"]),
    ("no rules, put", None, put(), REFUSED, None, ["OPTIONS 403"]),
    ("no rules, delete", None, delete(), REFUSED, THERE, ["OPTIONS 403"]),
    ("no rules, post", None, post(), UNREADABLE, SENT, ["POST 204"]),
    ("no rules, post, not allowed", None, post(user="bob"), UNREADABLE, None, ["POST 403"]),
    ("no rules, get, bucket in the host", None, get(way="virtual"), UNREADABLE, THERE, ["GET 200"]),
    ("no rules, put, bucket in the host", None, put(way="virtual"), REFUSED, None, ["OPTIONS 403"]),
]  # fmt: skip
# The same from a page whose origin no rule lists.
STRANGER = [
    ("get", ALL, get(), UNREADABLE, THERE, ["GET 200"]),
    ("get, not allowed", ALL, get(user="bob"), UNREADABLE, THERE, ["GET 403"]),
    ("get, cookies", ALL, get(fetch=COOKIES), UNREADABLE, THERE, ["GET 200"]),
    ("get, nothing read", ALL, get(fetch={"mode": "no-cors"}), OPAQUE, THERE, ["GET 200"]),
    ("head", ALL, head(), UNREADABLE, THERE, ["HEAD 200"]),
    ("put", ALL, put(), REFUSED, None, ["OPTIONS 403"]),
    ("put, headers of its own", ALL, COLOURED, REFUSED, None, ["OPTIONS 403"]),
    ("delete", ALL, delete(), REFUSED, THERE, ["OPTIONS 403"]),
    ("post", ALL, post(), UNREADABLE, SENT, ["POST 204"]),
    ("post, nothing read", ALL, post(fetch={"mode": "no-cors"}), OPAQUE, SENT, ["POST 204"]),
    ("post, not allowed", ALL, post(user="bob"), UNREADABLE, None, ["POST 403"]),
    ("get, everyone is", [rule("GET", origins=["*"])], get(), Reads(200, body="there"), THERE, ["GET 200"]),
    ("put, everyone is", [rule("PUT", origins=["*"])], put(), Reads(200), SENT, ["OPTIONS 200", "PUT 200"]),
    ("get, every port is", [rule("GET", origins=["http://127.0.0.1:*"])], get(), Reads(200, body="there"), THERE, ["GET 200"]),
]  # fmt: skip
ANY = [rule("GET", "PUT", origins=["*"], headers=["*"], expose=["ETag"])]
CREDENTIALS = [
    ("get", ALL, get(fetch=COOKIES), Reads(200, {"etag": ETAG}, body="there"), THERE, ["GET 200"]),
    ("put", ALL, put(fetch=COOKIES), Reads(200, {"etag": SENT_ETAG}), SENT, ["OPTIONS 200", "PUT 200"]),
    ("get, not allowed", ALL, get(fetch=COOKIES, user="bob"), Reads(403, body=DENIED), THERE, ["GET 403"]),
    ("t46 get, everyone", ANY, get(fetch=COOKIES), Blocked(ANYONE), THERE, ["GET 200"]),
    ("t46 put, everyone", ANY, put(fetch=COOKIES),
     Blocked(f"Response to preflight request doesn't pass access control check: {ANYONE}"), None, ["OPTIONS 200"]),
    ("get, everyone, none sent", ANY, get(fetch={"credentials": "omit"}), Reads(200, {"etag": ETAG}), THERE, ["GET 200"]),
    # A rule that lists both says `*`.
    ("t46 get, everyone and this", [rule("GET", origins=[SITE, "*"])], get(fetch=COOKIES), Blocked(ANYONE), THERE, ["GET 200"]),
    ("get, this before everyone", [rule("GET"), *ANY], get(fetch=COOKIES), Reads(200, {}, ("etag",)), THERE, ["GET 200"]),
]  # fmt: skip
PLAIN, HEADED = rule("PUT"), rule("PUT", headers=["*"], expose=["ETag"])
ORDER = [
    ("first", [rule("GET"), rule("GET", expose=["ETag"])], get(), Reads(200, {}, ("etag",)), THERE, ["GET 200"]),
    ("first that has the method", [rule("PUT"), rule("GET", expose=["ETag"])], get(),
     Reads(200, {"etag": ETAG}), THERE, ["GET 200"]),
    ("first that has the origin", [rule("GET", origins=["http://other.test"]), rule("GET", expose=["ETag"])], get(),
     Reads(200, {"etag": ETAG}), THERE, ["GET 200"]),
    # The preflight finds the second rule by its headers. What follows names none, so the first one speaks for its answer.
    ("first for the answer, second for its preflight", [PLAIN, HEADED], COLOURED, Reads(200, {}, ("etag",)), SENT,
     ["OPTIONS 200", "PUT 200"]),
    ("second for both", [HEADED, PLAIN], COLOURED, Reads(200, {"etag": SENT_ETAG}), SENT, ["OPTIONS 200", "PUT 200"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def browser(portcullis, tmp_path_factory):
    if programs := browsers.missing():
        missing(", ".join(programs))
    running = browsers.Browser(tmp_path_factory.mktemp("browser"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def origins():
    """A page's, and one that differs by its port alone."""
    pair = [browsers.Origin(), browsers.Origin()]
    yield [origin.name for origin in pair]
    for origin in pair:
        origin.stop()


@pytest.fixture(scope="module")
def gateway(launch, moto):
    users = Users(bob=[allow("s3:GetBucketLocation")])
    return launch({"moto": upstream(moto, profile="moto")}, users=users)


@pytest.fixture(scope="module")
def client(gateway):
    """A boto3 client of a user, made once: `client("alice", "http")`."""
    settings = {"request_checksum_calculation": "when_required"}
    return functools.cache(lambda user, way: through(gateway, way, user).s3(**settings))


@pytest.fixture(scope="module")
def store(moto):
    return direct(moto).s3()


@pytest.fixture
def place(browser, origins, gateway, client, store, new_bucket, tmp_path):
    return Place(browser, *origins, gateway, client, store, new_bucket("browser"), tmp_path)


class Place:
    """A bucket of its own behind the gateway, and the browser before it."""

    def __init__(self, browser, site, stranger, gateway, client, store, bucket, folder):
        self.browser, self.site, self.stranger, self.folder = browser, site, stranger, folder
        self.gateway, self.client, self.store, self.bucket = gateway, client, store, bucket
        self.owner = client("alice", "http")
        self.owner.create_bucket(Bucket=bucket)

    def set_rules(self, rules):
        def filled(row):
            return {**row, "AllowedOrigins": [origin.format(site=self.site) for origin in row["AllowedOrigins"]]}

        self.owner.put_bucket_cors(Bucket=self.bucket, CORSConfiguration={"CORSRules": [filled(row) for row in rules]})

    def put_there(self, key=KEY, body=THERE, **more):
        self.store.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def stored(self, key=KEY):
        """The bytes of an object straight from the upstream, or None."""
        try:
            return self.store.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey"
            return None

    def open(self, origin=None):
        self.browser.open(f"{origin or self.site}/requests.html")

    def send(self, call):
        """What the page sees of a presigned request."""
        s3 = self.client(call.user, call.way)
        if call.operation == "post":
            form = s3.generate_presigned_post(self.bucket, KEY)
            filled = {"fields": form["fields"], "file": call.body}
            return self.call("send", form["url"], {"method": call.method, **call.fetch}, filled)
        url = s3.generate_presigned_url(call.operation, {"Bucket": self.bucket, **call.params}, HttpMethod=call.method)
        return self.call("send", url, {"method": call.method, "headers": call.headers, "body": call.body, **call.fetch})

    def call(self, function, *arguments):
        return self.browser.call(function, *arguments)

    def pictured(self):
        return self.browser.pictured(self.folder)

    def arrived(self, count):
        """Method and status of what the browser has sent to the bucket, once it is so many; records may come late."""
        return wait_until(
            lambda: found if len(found := self._arrived()) >= count else None,
            lambda: f"{count} records of the browser: {self._arrived()}",
            10,
        )

    def _arrived(self):
        mine = [row for row in self.gateway.records() if row["bucket_name"] == self.bucket]
        theirs = [row for row in mine if (row["user_agent"] or "").startswith("Mozilla/")]
        return [f"{row['request_uri'].split()[0]} {row['http_status']}" for row in theirs]


def rows(*tables):
    return [pytest.param(*row, id=row[0]) for table in tables for row in table]


def check(place, origin, rules, call, sees, stored, arrived):
    """Does what a row says, and compares all it says. What writes begins with nothing under the key."""
    if call.body is None:
        place.put_there()
    if rules is not None:
        place.set_rules(rules)
    place.open(origin)
    with place.pictured():
        sees.check(place.send(call), place.browser)
        assert place.arrived(len(arrived)) == arrived
        assert place.stored() == stored


@pytest.mark.parametrize("name, rules, call, sees, stored, arrived", rows(LISTED))
def test_a_page_that_a_rule_lists(place, name, rules, call, sees, stored, arrived):
    check(place, place.site, rules, call, sees, stored, arrived)


@pytest.mark.parametrize("name, rules, call, sees, stored, arrived", rows(ERRORS))
def test_a_page_reads_errors(place, name, rules, call, sees, stored, arrived):
    check(place, place.site, rules, call, sees, stored, arrived)


@pytest.mark.parametrize("name, rules, call, sees, stored, arrived", rows(UNLISTED))
def test_what_no_rule_lists(place, name, rules, call, sees, stored, arrived):
    check(place, place.site, rules, call, sees, stored, arrived)


@pytest.mark.parametrize("name, rules, call, sees, stored, arrived", rows(STRANGER))
def test_a_page_of_another_origin(place, name, rules, call, sees, stored, arrived):
    check(place, place.stranger, rules, call, sees, stored, arrived)


@pytest.mark.parametrize("name, rules, call, sees, stored, arrived", rows(CREDENTIALS))
def test_a_page_that_sends_its_cookies(place, name, rules, call, sees, stored, arrived):
    check(place, place.site, rules, call, sees, stored, arrived)


@pytest.mark.parametrize("name, rules, call, sees, stored, arrived", rows(ORDER))
def test_the_first_rule_that_matches_speaks(place, name, rules, call, sees, stored, arrived):
    check(place, place.site, rules, call, sees, stored, arrived)


# What takes more than one request


def presigned(place, operation, **params):
    return place.client("alice", "http").generate_presigned_url(operation, {"Bucket": place.bucket, **params})


@pytest.mark.parametrize("seconds, preflights", [(600, 1), (0, 2)])
def test_a_preflight_is_good_for_as_long_as_its_rule_says(place, seconds, preflights):
    place.set_rules([rule("PUT", MaxAgeSeconds=seconds)])
    url = presigned(place, "put_object", Key=KEY)
    place.open()
    with place.pictured():
        for body in ["first", "second"]:
            Reads(200).check(place.call("send", url, {"method": "PUT", "body": body}), place.browser)
        arrived = place.arrived(2 + preflights)
        assert sorted(arrived) == ["OPTIONS 200"] * preflights + ["PUT 200"] * 2
        assert place.stored() == b"second"


def test_a_page_uploads_in_parts(place):
    place.set_rules([rule("PUT", "POST", headers=["content-type"], expose=["ETag"])])
    place.open()
    with place.pictured():
        begun = place.call("send", presigned(place, "create_multipart_upload", Key=KEY), {"method": "POST"})
        upload = begun["body"].partition("<UploadId>")[2].partition("</UploadId>")[0]
        etags = []
        for number, size in [(1, 5 * MIB), (2, 3)]:
            url = presigned(place, "upload_part", Key=KEY, UploadId=upload, PartNumber=number)
            sent = place.call("send", url, {"method": "PUT", "body": "a" * size})
            Reads(200).check(sent, place.browser)
            etags.append(sent["headers"]["etag"])
        parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in enumerate(etags, 1))
        url = presigned(place, "complete_multipart_upload", Key=KEY, UploadId=upload)
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        done = place.call("send", url, {"method": "POST", "body": body, "headers": {"content-type": "application/xml"}})
        Reads(200, body="<CompleteMultipartUploadResult").check(done, place.browser)
        assert place.stored() == b"a" * (5 * MIB + 3)


def test_rules_count_from_the_next_request_on(place):
    place.put_there()
    url = presigned(place, "get_object", Key=KEY)
    place.open()
    with place.pictured():
        UNREADABLE.check(place.call("send", url, {"method": "GET"}), place.browser)
        place.set_rules([rule("GET")])
        Reads(200).check(place.call("send", url, {"method": "GET"}), place.browser)
        place.owner.delete_bucket_cors(Bucket=place.bucket)
        UNREADABLE.check(place.call("send", url, {"method": "GET", "cache": "no-store"}), place.browser)


# What is in the browser's cache was said to the page that asked first. Both origins are one site, which has one cache.
FIRST_TO = {
    "itself": ("site", {}, Reads(200, body="<svg"), ["GET 200"]),
    # `Vary` makes the browser ask whether that has changed, and 304 says what this page may read.
    "another": ("stranger", {}, Reads(200, body="<svg"), ["GET 200", "GET 304"]),
    # As S3, the gateway says `Vary` to those alone whom a rule answers; the page can ask anew.
    "a picture": (None, {}, UNREADABLE, ["GET 200"]),
    "a picture, asked anew": (None, {"cache": "reload"}, Reads(200, body="<svg"), ["GET 200"] * 2),
}


@pytest.mark.parametrize("first", FIRST_TO)
def test_what_was_cached_was_said_to_its_page(place, first):
    kind, fetch, sees, arrived = FIRST_TO[first]
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
    place.put_there(body=svg, ContentType="image/svg+xml", CacheControl="max-age=600")
    place.set_rules([rule("GET", origins=["http://127.0.0.1:*"])])
    url = presigned(place, "get_object", Key=KEY)
    place.open(getattr(place, kind) if kind else place.site)
    with place.pictured():
        if kind:
            Reads(200, body="<svg").check(place.call("send", url, {"method": "GET"}), place.browser)
        else:
            assert place.call("picture", url)
        place.open(place.site)
        sees.check(place.call("send", url, {"method": "GET", **fetch}), place.browser)
        assert place.arrived(len(arrived)) == arrived


@pytest.mark.parametrize("origin, reads", [("*", True), ("null", True), (SITE, False), ("http://*", False)])
def test_a_frame_without_an_origin(place, origin, reads):
    place.put_there()
    place.set_rules([rule("GET", origins=[origin])])
    place.open()
    with place.pictured():
        seen = place.call("sendFromSandbox", presigned(place, "get_object", Key=KEY), {"method": "GET"})
        assert seen.get("body") == ("there" if reads else None), seen
        assert place.arrived(1) == ["GET 200"]
