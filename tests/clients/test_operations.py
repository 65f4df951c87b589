"""Every operation of the installed S3 model against AWS's facts about it.

Each is called with boto3 through the gateway, bare, with each optional member alone, and with all that go together,
before an upstream that succeeds at everything and remembers what it was sent. What is asked of the engine and what
the logs say is held against `data/operations/permissions.json`, which was written from AWS's documents and not from
the gateway's table; what goes upstream against `data/operations/names.json`. UPDATE_OUTCOMES=1 writes the latter
anew: read the difference.
"""

import base64
import hashlib
import itertools
import json
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import calls
import javascript as javascript_module
import outcomes
import pytest
from botocore.exceptions import ClientError
from conftest import missing
from servers.gateway import Follower, Users, allow, document, operation_table, upstream
from servers.processes import ROOT
from servers.recorder import Recorder
from sides import direct, through
from test_transparency import differences
from transcript import Transcript

FACTS = json.loads((ROOT / "tests/data/operations/permissions.json").read_text())
NAMES = outcomes.Golden("operations/names.json")
# What the gateway says for itself on every request it sends.
OWN = {"host", "authorization", "x-amz-date", "x-amz-content-sha256", "content-length", "accept-encoding"}
# What belongs to the client's connection and not to the request.
CONNECTION = {"host", "user-agent", "accept-encoding", "authorization", "expect", "transfer-encoding", "content-length"}
CONNECTION |= {"amz-sdk-invocation-id", "amz-sdk-request", "x-amz-date", "x-amz-content-sha256"}
# Documents the gateway reads and writes anew.
REWRITTEN = {"CreateBucket", "DeleteObjects", "CompleteMultipartUpload"}
# What may become of a header by its disposition; a changed value may be the one it had.
FATES = {"forward": ["sent"], "consume": ["kept"], "rewrite": ["sent", "changed", "kept"], "undeclared": ["kept"]}
# Members of answers that are the gateway's to say.
OWN_ANSWERS = {
    "CompleteMultipartUpload": [".Location"],
    "CreateBucket": [".Location", ".BucketArn"],
    "ListObjectVersions": [".Name"],
    "ListObjects": [".Name"],
    "ListObjectsV2": [".Name"],
    # One page of all upstreams' buckets, which the gateway cuts itself.
    "ListBuckets": [".Buckets", ".Buckets[0].BucketRegion", ".Prefix", ".ContinuationToken"],
}
METADATA_TABLES = f"arn:aws:s3tables:us-east-1:{calls.ACCOUNT}:bucket/aws-s3"
# Names the wire does not tell from newer ones.
OLD_NAMES = {name for name, facts in FACTS.items() if "as" in facts}
# Services of AWS that answer on other endpoints and are signed for under other names.
ELSEWHERE = {
    "ListDirectoryBuckets": (400, "AuthorizationHeaderMalformed"),
    "WriteGetObjectResponse": (400, "AuthorizationHeaderMalformed"),
}


@dataclass
class Exchange:
    """One call: what boto3 sent, what came of it, and what reached the upstream."""

    call: calls.Call
    sent: object
    status: int
    code: str | None
    request_id: str
    upstream: list
    transcript: list

    @property
    def headers(self):
        return {name.lower(): _text(value) for name, value in self.sent.headers.items() if name.lower() not in CONNECTION}

    @property
    def query(self):
        return dict(parse_qsl(urlsplit(self.sent.url).query, keep_blank_values=True))

    @property
    def body(self):
        body = self.sent.body
        return body.getvalue() if hasattr(body, "getvalue") else body or b""

    @property
    def refusal(self):
        """The refusal, unless the call passed."""
        return None if self.status < 300 else f"{self.status} {self.code}"


@pytest.fixture(scope="module")
def recorder():
    server = Recorder()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(launch, recorder):
    users = Users()
    users.policies["alice"] = [document(allow("*"))]
    # Where the store is told of locks too, what goes upstream depends on the bucket.
    settings = {"object_lock": "gateway"}
    return launch({"aws": upstream(recorder, profile="aws", addressing="path", settings=settings)}, users=users)


@pytest.fixture(scope="module")
def logs(gateway):
    """What the logs say of a request: its JSON record and its access-log lines."""
    records, lines = Follower(gateway.json_log), Follower(gateway.access_log)

    def both(request_id):
        (record,) = records.lines(request_id)
        return json.loads(record), lines.lines(f" {request_id} ")

    return both


@pytest.fixture(scope="module")
def perform(gateway, recorder):
    """Performs calls: through the gateway, and for its answer alone straight at the recorder."""
    front, straight = (side.s3(inject_host_prefix=False) for side in [through(gateway), direct(recorder)])
    sent, numbers = [], itertools.count(1)
    for client in [front, straight]:
        client.meta.events.register("before-call.s3", calls.set_digest)
    front.meta.events.register("before-send.s3", lambda request, **_: sent.append(request))

    def run(call):
        # A bucket is created once.
        call = call.at(f"bucket-{next(numbers)}") if call.operation == "CreateBucket" else call
        recorder.plays(call.operation)
        transcript = Transcript("bucket")
        result = transcript.see(call.label, lambda: call.perform(front))
        response = result.response if isinstance(result, ClientError) else result
        metadata = response["ResponseMetadata"]
        reached = list(recorder.requests)
        expected = Transcript("bucket")
        expected.see(call.label, lambda: call.perform(straight))
        exchange = Exchange(
            call, sent[-1], metadata["HTTPStatusCode"], response.get("Error", {}).get("Code"),
            metadata["HTTPHeaders"].get("x-amz-request-id"), reached, transcript.steps,
        )  # fmt: skip
        if exchange.status < 300 and not is_kept(call.operation):
            found = differences(expected.steps[0][1], transcript.steps[0][1])
            found = [each for each in found if each[0] not in own_answers(call.operation)]
            assert found == [], f"{call.label}: the answer is not the upstream's"
        return exchange

    return run


def test_every_operation_has_its_facts():
    """A new release of botocore shows here first."""
    missing = set(calls.OPERATIONS) - FACTS.keys()
    assert not missing, f"botocore has operations that tests/data/operations/permissions.json does not: {sorted(missing)}"


def is_kept(operation):
    """Whether the gateway answers it from settings of its own."""
    return operation_table()[FACTS[operation].get("as", operation)]["answered_by"] == "gateway"


def asked(operation):
    """How the upstream is asked before a setting is kept; of Object Lock also for versioning, lifecycle and its own locks."""
    return {"HEAD", "GET", "PUT"} if operation == "PutObjectLockConfiguration" else {"HEAD"}


@pytest.fixture
def nothing_kept(gateway, recorder):
    """What a test sets on the bucket goes with it."""
    yield
    recorder.plays("HeadBucket")
    s3 = through(gateway).s3()
    s3.delete_bucket_policy(Bucket="bucket")
    s3.delete_public_access_block(Bucket="bucket")
    s3.delete_bucket_cors(Bucket="bucket")
    s3.delete_bucket_ownership_controls(Bucket="bucket")


@pytest.mark.parametrize("operation", [name for name in calls.OPERATIONS if is_kept(name)])
def test_operation_on_what_the_gateway_keeps(operation, perform, logs, nothing_kept):
    """Permissions and records are as of any other; the upstream is asked for the bucket or the object at most."""
    for call in [calls.bare(operation), *calls.with_each(operation), *calls.further(operation)]:
        exchange = perform(call)
        check_logs(exchange, *logs(exchange.request_id))
        assert {request.method for request in exchange.upstream} <= asked(operation)


@pytest.mark.parametrize("operation", [name for name in calls.OPERATIONS if not is_kept(name)])
def test_operation(operation, perform, logs):
    bare = perform(calls.bare(operation))
    each = [perform(call) for call in calls.with_each(operation)]
    passing = {exchange.call.member for exchange in each if exchange.refusal == bare.refusal}
    further = [perform(call) for call in calls.further(operation)]
    exchanges = [bare, *each, *further, perform(calls.with_all(operation, passing))]
    for exchange in exchanges:
        check_logs(exchange, *logs(exchange.request_id))
        check_sent(exchange)
        check_declared(exchange)
    assert exchanges[-1].refusal == bare.refusal
    NAMES.check(operation, fates(bare, exchanges))


@pytest.fixture(scope="module")
def javascript(gateway, recorder):
    """The AWS SDK for JavaScript, through the gateway and straight at the recorder."""
    if programs := javascript_module.missing():
        missing(", ".join(programs))
    clients = [javascript_module.JavaScript(side) for side in [through(gateway), direct(recorder)]]
    yield clients
    for client in clients:
        client.stop()


def test_every_command_has_its_operation(javascript):
    commands, operations = set(javascript[0].commands()), set(calls.OPERATIONS)
    assert commands <= operations, "the JavaScript SDK has commands that botocore's model does not"
    assert operations - commands == OLD_NAMES


@pytest.mark.parametrize("operation", sorted(set(calls.OPERATIONS) - OLD_NAMES))
def test_command_of_the_javascript_sdk(operation, javascript, recorder, perform, logs, nothing_kept):
    """The SDK names its operation in `x-id`, which is never what routes a request."""
    boto = perform(calls.bare(operation))
    call = calls.bare(operation).at("javascript") if operation == "CreateBucket" else calls.bare(operation)
    front, straight = javascript
    recorder.plays(operation)
    seen = front.call(call)
    reached = list(recorder.requests)
    assert (seen["status"], seen.get("code")) == (boto.status, boto.code), seen
    record, _ = logs(seen["requestId"])
    assert operation in ELSEWHERE or record["operation_name"] == facts_of(operation)[0]
    if is_kept(operation):
        assert {request.method for request in reached} <= asked(operation)
        return
    if seen["status"] >= 300:
        assert reached == []
        return
    expected = straight.call(call)["output"]
    found = [each for each in differences(expected, seen["output"]) if each[0] not in own_answers(operation)]
    # Who owns a thing is the gateway's to say.
    assert [each for each in found if ".Owner" not in each[0] and ".Initiator" not in each[0]] == []


# What is asked for each key of DeleteObjects, which stands in no list of permissions: by what suffices and what not.
KEYS = [
    ("plain", ["DeleteObject"], {}, True),
    ("plain-by-version", ["DeleteObjectVersion", "GetObject"], {}, False),
    ("version", ["DeleteObjectVersion"], {"VersionId": "v"}, True),
    ("version-by-plain", ["DeleteObject", "GetObject"], {"VersionId": "v"}, False),
    ("etag", ["DeleteObject", "GetObject"], {"ETag": calls.ETAG}, True),
    ("etag-unread", ["DeleteObject"], {"ETag": calls.ETAG}, False),
    ("version-and-etag", ["DeleteObjectVersion", "GetObject"], {"VersionId": "v", "ETag": calls.ETAG}, True),
    ("version-and-etag-unread", ["DeleteObjectVersion"], {"VersionId": "v", "ETag": calls.ETAG}, False),
]


def test_the_keys_of_delete_objects_are_asked_for_one_by_one(launch, recorder):
    bob = [allow([f"s3:{action}" for action in actions], f"arn:aws:s3:::bucket/{key}") for key, actions, _, _ in KEYS]
    gateway = launch({"aws": upstream(recorder, profile="aws", addressing="path")}, users=Users(bob))
    recorder.plays("DeleteObjects")
    objects = [{"Key": key, **item} for key, _, item, _ in KEYS]
    result = through(gateway, user="bob").s3().delete_objects(Bucket="bucket", Delete={"Objects": objects})
    denied = {each["Key"] for each in result.get("Errors", []) if each["Code"] == "AccessDenied"}
    assert denied == {key for key, _, _, allowed in KEYS if not allowed}
    (request,) = recorder.requests
    sent = [value for name, value in elements(bytes(request.body)) if name == "Key"]
    assert sent == [key for key, _, _, allowed in KEYS if allowed]


@pytest.mark.parametrize("operation", [name for name, facts in FACTS.items() if "shown" in facts])
def test_headers_that_need_a_permission_are_shown_with_it_alone(operation, launch, recorder):
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""
    shown = FACTS[operation]["shown"]
    each = [allow([action], f"arn:aws:s3:::bucket/{number}") for number, (action, _) in enumerate(shown)]
    bob = [allow(["s3:GetObject"], "arn:aws:s3:::bucket/*"), *each]
    gateway = launch({"aws": upstream(recorder, profile="aws", addressing="path")}, users=Users(bob))
    recorder.plays(operation)
    method = calls.MODEL.operation_model(operation).http["method"]
    everything = {name for _, names in shown for name in names}
    for number, expected in [*((number, set(names)) for number, (_, names) in enumerate(shown)), ("none", set())]:
        answer = through(gateway, user="bob").raw(method, f"/bucket/{number}")
        assert answer.status == 200
        assert {name for name in everything if answer.header(name)} == expected, number


def own_answers(operation):
    return OWN_ANSWERS.get(operation, [])


def check_logs(exchange, record, lines):
    operation = exchange.call.operation
    if operation in ELSEWHERE:
        assert (exchange.status, exchange.code) == ELSEWHERE[operation] and "permissions" not in record
        return
    name, facts = facts_of(operation)
    assert record.get("operation_name") == name, exchange.call.label
    assert record["operation"] == facts["log"], exchange.call.label
    # CopyObject and DeleteObjects have further lines, with names of their own.
    assert len([line for line in lines if f" {facts['log']} " in line]) == 1, lines
    assert record["http_status"] == exchange.status
    asked = asked_of(record.get("permissions", []))
    # What is not built, and an ACL that no bucket has, are refused before anything is asked.
    if asked or not (exchange.refusal and exchange.call.member) and operation != "DeleteObjects":
        assert sorted(asked) == sorted(expected(exchange)), exchange.call.label


def facts_of(operation):
    """The name an operation is known by, and the facts: some had another name once."""
    facts = FACTS[operation]
    return (facts["as"], FACTS[facts["as"]]) if "as" in facts else (operation, facts)


def asked_of(permissions):
    assert all(each["allowed"] for each in permissions)
    return [(each["action"], each["resource"]) for each in permissions]


def expected(exchange):
    """The permissions the facts demand for what was sent."""
    _, facts = facts_of(exchange.call.operation)
    bucket = exchange.call.arguments.get("Bucket")
    needs = [*facts["needs"], *(each["need"] for each in facts.get("also_asked", []))]
    on = {
        "service": "*",
        "role": calls.ROLE,
        # Where no table bucket is named, S3 has one for metadata.
        "table-bucket": calls.TABLES if b"TableBucketArn" in exchange.body else METADATA_TABLES,
        "bucket": f"arn:aws:s3:::{bucket}",
        "object": f"arn:aws:s3:::{bucket}/key",
        "source": f"arn:aws:s3:::{bucket}/source",
    }
    return [(action, on[resource]) for action, resource, *when in needs if not when or holds(when[0], exchange)]


def holds(when, exchange):
    """Whether a condition of the facts holds for what was sent."""
    ((kind, value),) = when.items()
    match kind:
        case "all":
            return all(holds(each, exchange) for each in value)
        case "any":
            return any(holds(each, exchange) for each in value)
        case "not":
            return not holds(value, exchange)
        case "header":
            return any(name in exchange.headers for name in value)
        case "header_is":
            return exchange.headers.get(value[0], "").lower() == value[1].lower()
        case "query":
            return value in exchange.query
        case "body_has":
            found = elements(exchange.body)
            return tuple(value) in found if len(value) == 2 else value[0] in [name for name, _ in found]
        case "source_version":
            return "?versionId=" in exchange.headers["x-amz-copy-source"]
    raise ValueError(kind)


def check_sent(exchange):
    """Nothing goes upstream but what the client sent and the gateway's own; nothing at all of what is refused."""
    label, operation = exchange.call.label, exchange.call.operation
    if exchange.refusal:
        assert exchange.upstream == [], f"{label}: {exchange.refusal}, and yet something was sent"
        return
    if operation == "CreateBucket":
        assert exchange.upstream.pop(0).method == "HEAD"
        # With Object Lock its versions are kept from the beginning.
        last = exchange.upstream[-1]
        if len(exchange.upstream) == 2 and "versioning" in target_of(last)[1]:
            exchange.upstream.pop()
    (request,) = exchange.upstream
    assert request.method == exchange.sent.method
    path, query = target_of(request)
    assert path == urlsplit(exchange.sent.url).path, label
    assert set(query) <= set(exchange.query), f"{label}: query"
    undeclared = set(request.header_names()) - OWN - exchange.headers.keys() - set(digests(operation))
    assert not undeclared, f"{label}: the client sent no {undeclared}"
    body = bytes(request.body)
    if operation in REWRITTEN:
        assert elements(body) == elements(exchange.body), label
    else:
        assert body == exchange.body, label
    for name, digest in digests(operation).items():
        expected = base64.b64encode(digest(body).digest()).decode()
        assert request.header(name) in (None, expected), f"{label}: {name}"


def digests(operation):
    """The digests the gateway adds to a document: of one it wrote itself, or that older stores insist on."""
    both = {"content-md5": hashlib.md5, "x-amz-checksum-sha256": hashlib.sha256}
    if operation in REWRITTEN:
        # The checksums of a completed upload are the object's.
        return {"content-md5": hashlib.md5} if operation == "CompleteMultipartUpload" else both
    return {"content-md5": hashlib.md5} if operation_table()[operation]["checksum_required"] else {}


def check_declared(exchange):
    """What became of each header and query name is what the table declares."""
    row = operation_table()[exchange.call.operation]
    known = {*row["accepts"], *(mark[1:].partition("=")[0] for mark in row["marks"] if mark.startswith("?"))}
    for name, fate in ({} if exchange.refusal else passed(exchange)).items():
        where = f"{exchange.call.label}: {name} was {fate}"
        if name.startswith("?"):
            assert name[1:] in known, where
            assert fate == ("kept" if row["answered_by"] == "all upstreams together" else "sent"), where
        else:
            assert fate in FATES[declared(row, name)], where
    if exchange.refusal == "501 NotImplemented" and "aws" in row["profiles"]:
        refused = [name for name in exchange.headers if declared(row, name) == "refuse"]
        assert refused, f"{exchange.call.label}: refused, and no header is declared so"


def declared(row, header):
    """The disposition of a header; one that is not declared is not sent on."""
    rules = row["headers"]
    wild = [rules[name] for name in rules if name.endswith("*") and header.startswith(name[:-1])]
    return rules.get(header) or next(iter(wild), "undeclared")


def target_of(request):
    path, _, query = request.target.partition("?")
    return path, dict(parse_qsl(query, keep_blank_values=True))


def elements(document):
    """The elements of a document without their namespace, in order."""
    if not document:
        return []
    return [(each.tag.rpartition("}")[2], (each.text or "").strip()) for each in ElementTree.fromstring(document).iter()]


def fates(bare, exchanges):
    """What became of each header and query name: `sent` as it was, `changed`, `kept` here, or a refusal."""
    found = {}
    for exchange in exchanges:
        if exchange.refusal and exchange.refusal != bare.refusal:
            for name in member_names(exchange.call):
                found.setdefault(exchange.refusal, set()).add(name)
    for exchange in exchanges:
        for name, fate in (passed(exchange) if not exchange.refusal else {}).items():
            found.setdefault(fate, set()).add(name)
    if bare.refusal:
        found = {bare.refusal: {"*"}} | {refusal: names for refusal, names in found.items() if refusal != bare.refusal}
    return {fate: sorted(names) for fate, names in sorted(found.items())}


def passed(exchange):
    (request,) = exchange.upstream
    _, query = target_of(request)
    headers = {name.lower(): value for name, value in request.headers}
    here = exchange.headers | {f"?{name}": value for name, value in exchange.query.items()}
    there = headers | {f"?{name}": value for name, value in query.items()}
    return {
        name: "kept" if name not in there else "sent" if there[name] == value else "changed"
        for name, value in here.items()
    }


def member_names(call):
    """How a member is called on the wire; of further calls, what they are about."""
    if call.member not in calls.shape(call.operation).members:
        return [f"({call.member})"]
    serialization = calls.shape(call.operation).members[call.member].serialization
    match serialization.get("location"):
        case "querystring":
            return [f"?{serialization['name']}"]
        case "header":
            return [serialization["name"].lower()]
        case "headers":
            return [f"{serialization['name'].lower()}*"]
    return [f"body: {call.member}"]


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
