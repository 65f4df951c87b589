"""Every operation on real servers: the answer through the gateway is the server's own, or the gateway's 501.

And none does more than its name says, though many a server runs the bare operation when it does not know a
sub-resource. What came of each is kept in `data/outcomes.json`; UPDATE_OUTCOMES=1 writes it anew.
"""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import calls
import outcomes
import pytest
from botocore.exceptions import ClientError
from servers.processes import ROOT
from servers.gateway import Follower, Users, allow, document, operation_table, upstream
from sides import direct, through
from test_transparency import differences
from transcript import Transcript

# The profile each is reached with; `demo` is the store inside `portcullis demo`.
STORES = {"ceph": "ceph", "moto": "moto", "demo": "demo", "localstack": "localstack", "garage": "garage"}
SLOW = {"localstack", "garage"}
FACTS = json.loads((ROOT / "tests/data/operations/permissions.json").read_text())
OUTCOMES = outcomes.Golden("outcomes.json")

LATER = "gateway: later"
NOT_SENT = "not sent: the store would do something else"
ANSWERED = "answered by gateway"
SAME = "same as upstream"
LACKS = "upstream lacks it"

# Never sent straight: it leaves RGW 16 in a state in which it fails at other requests.
POISON = {("ceph", "SelectObjectContent")}
# Whether what an operation is called is what it may do.
DELETES_THE_BUCKET = {"DeleteBucket"}
WRITES_THE_KEY = {"CompleteMultipartUpload", "CopyObject", "DeleteObject", "DeleteObjects", "PutObject", "RenameObject"}
LOCKED = {"GetObjectLegalHold", "GetObjectRetention", "PutObjectLegalHold", "PutObjectRetention"}
LOCKED |= {"GetObjectLockConfiguration", "PutObjectLockConfiguration"}
ON_UPLOADS = {"AbortMultipartUpload", "CompleteMultipartUpload", "ListParts", "UploadPart", "UploadPartCopy"}
SHOWN_BY = {
    "AbortMultipartUpload": "ListParts",
    "CompleteMultipartUpload": "GetObject",
    "CopyObject": "GetObject",
    "CreateBucket": "HeadBucket",
    "DeleteBucket": "HeadBucket",
    "DeleteObjects": "ListObjectsV2",
    "UploadPart": "ListParts",
    "UploadPartCopy": "ListParts",
}
OBJECTS = {"key": calls.BODY, "another key": b"another", "source": b"the source", "canary": b"the canary"}
# Answers that say what the gateway made of them: its own names of things.
REWRITTEN = {
    "CompleteMultipartUpload": [".Location"],
    "CreateBucket": [".Location", ".BucketArn", ".ResponseMetadata.content-type"],
    "DeleteObjects": [".RequestCharged"],
    "ListBuckets": [".Buckets"],
}


def on(stores):
    return [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in stores]


@dataclass
class Store:
    """A server, the gateway before it, and clients of both."""

    name: str
    gateway: object
    straight: object
    front: object

    def __post_init__(self):
        self.straight_s3 = self.straight.s3(inject_host_prefix=False, retries={"total_max_attempts": 1})
        self.front_s3 = self.front.s3(inject_host_prefix=False)
        self.records = Follower(self.gateway.json_log)


@dataclass
class Seen:
    """What came of one operation: straight, and through the gateway with the harm it did."""

    expected: list | None
    seen: list
    result: object
    harm: str | None


@pytest.fixture(scope="module")
def stores(request, launch):
    """The stores by name, each started once."""
    started = {}

    def store(name):
        if name not in started:
            server = request.getfixturevalue(name)
            server = server.upstream if name == "demo" else server
            users = Users()
            users.policies["alice"] = [document(allow("*"))]
            gateway = launch({name: upstream(server, profile=STORES[name])}, users=users)
            started[name] = Store(name, gateway, direct(server), through(gateway))
        return started[name]

    return store


@pytest.fixture(scope="module")
def seen(stores):
    """What came of an operation on a store. All are run at the first question, many at a time."""
    kept = {}

    def of(name, operation):
        if name not in kept:
            store = stores(name)
            with ThreadPoolExecutor(8) as pool:
                kept[name] = {each: pool.submit(perform, store, each) for each in calls.OPERATIONS}
        return kept[name][operation].result()

    return of


_numbers = itertools.count(1)


def perform(store, operation):
    number = next(_numbers)
    expected = None
    if (store.name, operation) not in POISON:
        expected, _, _ = once(store, operation, f"o-{number}-straight", store.straight_s3)
    steps, result, harm = once(store, operation, f"o-{number}-front", store.front_s3)
    return Seen(expected, steps, result, harm)


def once(store, operation, bucket, s3):
    """Makes a bucket ready straight at the store, calls the operation, and looks what is left."""
    call = prepare(store, operation, bucket)
    transcript = Transcript(bucket, store.name)
    result = transcript.see("call", lambda: call.perform(s3))
    if shown_by(operation):
        asked = calls.bare(shown_by(operation)).at(bucket)
        asked.arguments.update({name: call.arguments[name] for name in ["UploadId"] if name in asked.arguments})
        transcript.see("after", lambda: asked.perform(store.straight_s3))
    return transcript.steps, result, harm(store, operation, bucket)


def prepare(store, operation, bucket):
    """A bucket with objects, the setting that is asked for or deleted, and an upload; the call on them."""
    call, s3 = calls.bare(operation).at(bucket), store.straight_s3
    if operation == "CreateBucket":
        return call
    s3.create_bucket(Bucket=bucket, **({"ObjectLockEnabledForBucket": True} if operation in LOCKED else {}))
    # An empty bucket is one that can be deleted.
    if not empties(operation):
        for key, body in OBJECTS.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body)
    settings = [calls.bare(setter(operation)).at(bucket)] if setter(operation) else []
    if "Replication" in operation:
        versions = calls.bare("PutBucketVersioning")
        settings = [calls.bare("CreateBucket").at("destination"), versions.at("destination"), versions.at(bucket), *settings]
    for each in settings:
        try:
            each.perform(s3)
        except ClientError:
            pass  # The store lacks it, or has it.
    if operation in ON_UPLOADS:
        call.arguments.update(upload(s3, bucket, operation))
    return call


def empties(operation):
    """Whether a store that does not know the operation may delete the bucket."""
    http = calls.MODEL.operation_model(operation).http
    return http["method"] == "DELETE" and "{Key+}" not in http["requestUri"]


def setter(operation):
    """The operation that sets what this one asks for or deletes."""
    for verb in ["Get", "Delete"]:
        subject = operation.removeprefix(verb)
        candidates = [f"Put{subject}", f"Put{subject}Configuration", f"Put{subject.removesuffix('Status')}"]
        # The annotation would be the object on most servers.
        if subject not in (operation, "Object", "ObjectAnnotation"):
            return next((each for each in candidates if each in calls.OPERATIONS), None)
    return None


def shown_by(operation):
    """The operation that shows what this one did."""
    if operation in SHOWN_BY:
        return SHOWN_BY[operation]
    for verb in ["Put", "Delete"]:
        subject = operation.removeprefix(verb)
        if subject != operation:
            candidates = [f"Get{subject}", f"Get{subject}Configuration"]
            return next((each for each in candidates if each in calls.OPERATIONS), None)
    return None


def upload(s3, bucket, operation):
    started = s3.create_multipart_upload(Bucket=bucket, Key="key")
    if operation != "CompleteMultipartUpload":
        return {"UploadId": started["UploadId"]}
    part = s3.upload_part(Bucket=bucket, Key="key", UploadId=started["UploadId"], PartNumber=1, Body=b"part")
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    return {"UploadId": started["UploadId"], "MultipartUpload": {"Parts": parts}}


def harm(store, operation, bucket):
    """What is gone or changed that the operation's name does not speak of."""
    s3 = store.straight_s3
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        return None if operation in DELETES_THE_BUCKET else "the bucket is gone"
    if empties(operation) or operation == "CreateBucket":
        return None
    for key, body in OBJECTS.items():
        if operation in WRITES_THE_KEY and key not in ("source", "canary"):
            continue
        try:
            if s3.get_object(Bucket=bucket, Key=key)["Body"].read() != body:
                return f"`{key}` is another"
        except ClientError as error:
            return f"`{key}` is gone: {error}"
    return None


@pytest.mark.parametrize("operation", calls.OPERATIONS)
@pytest.mark.parametrize("name", on(STORES))
def test_operation(name, operation, stores, seen):
    found = seen(name, operation)
    assert found.harm is None
    word = outcome(stores(name), operation, found)
    # An older name of an operation has no row of its own.
    if "as" not in FACTS[operation]:
        OUTCOMES.check_cell(operation, name, word)


def outcome(store, operation, found):
    """In a word; what is no documented outcome fails."""
    response = found.result.response if isinstance(found.result, ClientError) else found.result
    metadata = response["ResponseMetadata"]
    status, code = metadata["HTTPStatusCode"], response.get("Error", {}).get("Code")
    (record,) = store.records.lines(metadata["HTTPHeaders"]["x-amz-request-id"])
    row = operation_table()[operation]
    kept = "gateway" in row["answered_by"] and STORES[store.name] not in row["profiles"]
    # Of a bucket that it does not know, it asks the store whether it is there.
    if "upstream" not in json.loads(record) or kept:
        if status == 501:
            return LATER if row["answered_by"] in ("gateway: later", "nobody: 501") else NOT_SENT
        return ANSWERED
    assert found.expected is not None, "was sent to a store that it harms"
    for (step, expected), (_, seen) in zip(found.expected, found.seen, strict=True):
        unlike = [each for each in differences(expected, seen) if each[0] not in REWRITTEN.get(operation, [])]
        assert unlike == [], step
    return SAME if code is None else LACKS


# What each names, in spellings that some reader takes for it and another does not.
SPELLINGS = [
    "{name}", "{name}=", "{name}=1", "{name}=%00", "{name}&x-id={operation}", "x-id={operation}&{name}", "{name}&{name}",
    "&{name}", "{name}&", "a=b&{name}", "{name}&a=b", "{upper}", "{capital}", "{encoded}", "{first}", "{name}%20",
    "%20{name}", "+{name}", "{name}+", "{name}%00", "{name}%0A", "{name};", ";{name}", "{name}[]", "?{name}", "%3F{name}",
    "{name}%3D", "%26{name}", "{name}%26", "{name}/", "/{name}", "{name}#", "{name}%25", "list-type=2&{name}",
]  # fmt: skip
# Names that mean something elsewhere, or nothing.
OTHERS = ["nosuch", "object-lock", "notification", "versioning", "logging", "acl", "requestPayment", "restore", "torrent"]
BODY = b"overwritten"


def sub_resources(method, on_object):
    """Every sub-resource of the model, for requests of one method on buckets or objects, and some that it has not."""
    for operation in calls.OPERATIONS:
        http = calls.MODEL.operation_model(operation).http
        path, _, query = http["requestUri"].partition("?")
        if query and path.endswith("{Key+}") == on_object:
            yield query.partition("&")[0].partition("=")[0], operation
    yield from ((name, "Nothing") for name in OTHERS)


def spelled(name, operation):
    encoded = "".join(f"%{ord(letter):02x}" for letter in name)
    forms = {
        "name": name, "operation": operation, "upper": name.upper(), "capital": name.capitalize(), "encoded": encoded,
        "first": encoded[:3] + name[1:],
    }  # fmt: skip
    return [spelling.format(**forms) for spelling in SPELLINGS]


@pytest.mark.parametrize("method, on_object", [("DELETE", False), ("DELETE", True), ("PUT", True), ("POST", True)])
@pytest.mark.parametrize("name", on(STORES))
def test_no_spelling_of_a_sub_resource_is_the_bare_operation(name, method, on_object, stores):
    store, names = stores(name), dict(sub_resources(method, on_object))
    with ThreadPoolExecutor(8) as pool:
        harmed = pool.map(lambda each: try_spellings(store, method, on_object, *each), names.items())
    assert [harm for harm in harmed if harm] == []


def try_spellings(store, method, on_object, name, operation):
    """Sends every spelling at a bucket, or an object, of their own; says so if anything is gone or another."""
    bucket = f"spelled-{next(_numbers)}"
    store.straight_s3.create_bucket(Bucket=bucket)
    if on_object:
        store.straight_s3.put_object(Bucket=bucket, Key="key", Body=calls.BODY)
    target, answers = f"/{bucket}{'/key' * on_object}", {}
    for query in spelled(name, operation):
        answer = store.front.raw(method, f"{target}?{query}", BODY if method != "DELETE" else b"")
        # Nothing would be shown by a request that is refused for its signature.
        assert answer.code not in ("SignatureDoesNotMatch", "AccessDenied"), (target, query, answer)
        answers[query] = (answer.status, answer.code)
    if not kept(store.straight_s3, bucket, on_object):
        return f"{method} {target}", {query: answer for query, answer in answers.items() if answer[0] < 300}
    return None


def kept(s3, bucket, on_object):
    try:
        s3.head_bucket(Bucket=bucket)
        return not on_object or s3.get_object(Bucket=bucket, Key="key")["Body"].read() == calls.BODY
    except ClientError:
        return False


def test_the_stores_do_what_the_gateway_prevents(stores):
    """That the spellings can do harm at all: straight, they do."""
    store = stores("ceph")
    store.straight_s3.create_bucket(Bucket="straight-inventory")
    assert store.straight.raw("DELETE", "/straight-inventory?inventory").status == 204
    assert not kept(store.straight_s3, "straight-inventory", on_object=False)
    store.straight_s3.create_bucket(Bucket="straight-annotation")
    store.straight_s3.put_object(Bucket="straight-annotation", Key="key", Body=calls.BODY)
    assert store.straight.raw("PUT", "/straight-annotation/key?annotation", BODY).status == 200
    assert not kept(store.straight_s3, "straight-annotation", on_object=True)
