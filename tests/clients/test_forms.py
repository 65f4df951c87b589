"""Browser uploads: forms that boto3 signs, sent by requests and curl, and what they leave on the upstreams."""

import base64
import json
import subprocess
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from botocore.exceptions import ClientError
from conftest import PROFILES, on
from scenarios import MIB, pattern
from servers.gateway import OWNER, Users, allow, deny, document, upstream
from sides import direct, through
from sigv4 import now

DATA, PUBLIC, CLOSED = "form-data", "form-public", "form-closed"
STORES = [on("moto"), on("ceph"), on("garage"), on("localstack")]


def objects(name, pattern="*"):
    return f"arn:aws:s3:::{name}/{pattern}"


BUCKET_POLICIES = {
    PUBLIC: document(allow("s3:PutObject", objects(PUBLIC, "in/*"), Principal="*")),
    CLOSED: document(
        deny("s3:PutObject", objects(CLOSED, "forms-only/*"), Principal="*",
             Condition={"StringNotEquals": {"s3:authType": "POST"}}),
        deny("s3:PutObject", objects(CLOSED, "no-forms/*"), Principal="*",
             Condition={"StringEquals": {"s3:authType": "POST"}}),
        deny("s3:PutObject", objects(CLOSED, "fresh/*"), Principal="*",
             Condition={"NumericGreaterThan": {"s3:signatureAge": "600000"}}),
    ),
}  # fmt: skip
BOB_MAY = [allow("s3:PutObject", objects(DATA, "bob/*"))]


@pytest.fixture(scope="module")
def fronted(request, launch):
    """Starts a gateway before a store, once: `fronted("moto")` gives both."""
    started = {}

    def start(name):
        if name not in started:
            server = request.getfixturevalue(name)
            owner = direct(server).s3()
            for bucket in [DATA, PUBLIC, CLOSED]:
                owner.create_bucket(Bucket=bucket)
            routes = {name: upstream(server, profile=PROFILES[name])}
            started[name] = launch(routes, users=Users(bob=BOB_MAY), bucket_policies=BUCKET_POLICIES), owner
        return started[name]

    return start


@pytest.fixture(scope="module")
def moto_pair(fronted):
    return fronted("moto")


@pytest.fixture
def gateway(moto_pair):
    return moto_pair[0]


@pytest.fixture
def stored(moto_pair):
    """The object of a key straight from the upstream, or None."""
    _, owner = moto_pair

    def get(bucket, key):
        try:
            return owner.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey"
            return None

    return get


def presigned(gateway, key, bucket=DATA, user="alice", fields=None, conditions=None, expires=600):
    """URL and fields of a form; each field has a condition that says what it says."""
    fields = fields or {}
    conditions = [*({name: value} for name, value in fields.items()), *(conditions or [])]
    s3 = through(gateway, user=user).s3()
    form = s3.generate_presigned_post(bucket, key, Fields=dict(fields), Conditions=conditions, ExpiresIn=expires)
    return form["url"], form["fields"]


def post(url, fields, body=b"hello", name="f.txt", **more):
    return requests.post(url, data=fields, files={"file": (name, body)}, allow_redirects=False, timeout=30, **more)


def read(owner, key):
    """An object straight from the upstream, with its bytes."""
    found = owner.get_object(Bucket=DATA, Key=key)
    return {**found, "Body": found["Body"].read()}


def code(answer):
    return answer.text.partition("<Code>")[2].partition("</Code>")[0]


def message(answer):
    return answer.text.partition("<Message>")[2].partition("</Message>")[0].replace("&quot;", '"')


# What arrives


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("size", [0, 1, 5000, 3 * MIB + 7])
def test_a_form_leaves_what_a_put_leaves(fronted, store, size):
    gateway, owner = fronted(store)
    body = pattern(size)
    fields = {"Content-Type": "text/x-of-ours", "Cache-Control": "max-age=5", "x-amz-meta-colour": "deep blue"}
    url, signed = presigned(gateway, "posted", fields=fields)
    answer = post(url, signed, body)
    assert answer.status_code == 204, answer.text
    through(gateway).s3().put_object(
        Bucket=DATA, Key="put", Body=body, ContentType="text/x-of-ours", CacheControl="max-age=5",
        Metadata={"colour": "deep blue"},
    )  # fmt: skip
    posted, put = read(owner, "posted"), read(owner, "put")
    assert posted["Body"] == put["Body"] == body
    for name in ["ContentType", "CacheControl", "Metadata", "ContentLength", "ETag"]:
        assert posted[name] == put[name], name
    assert answer.headers["ETag"] == posted["ETag"]
    assert answer.headers["Location"] == f"{gateway.endpoint}/{DATA}/posted"


@pytest.mark.parametrize("store", STORES)
def test_curl_fills_in_a_form(fronted, store, tmp_path):
    gateway, owner = fronted(store)
    file = tmp_path / "report ü.txt"
    file.write_bytes(pattern(100_000))
    url, fields = presigned(gateway, "home/${filename}", fields={"success_action_status": "201"})
    arguments = [part for name, value in fields.items() for part in ("--form-string", f"{name}={value}")]
    told = subprocess.run(
        ["curl", "-sS", *arguments, "-F", f"file=@{file}", url], check=True, capture_output=True, timeout=60
    ).stdout.decode()
    assert f"<Key>home/{file.name}</Key>" in told and f"<Bucket>{DATA}</Bucket>" in told, told
    assert owner.get_object(Bucket=DATA, Key=f"home/{file.name}")["Body"].read() == file.read_bytes()


def test_tags_and_checksums_of_a_form_arrive(gateway, moto_pair, stored):
    _, owner = moto_pair
    tagging = "<Tagging><TagSet><Tag><Key>state</Key><Value>a @ b</Value></Tag></TagSet></Tagging>"
    fields = {"tagging": tagging, "x-amz-checksum-algorithm": "SHA256", "acl": "private"}
    fields["x-amz-checksum-sha256"] = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
    answer = post(*presigned(gateway, "tagged", fields=fields))
    assert answer.status_code == 204, answer.text
    assert owner.get_object_tagging(Bucket=DATA, Key="tagged")["TagSet"] == [{"Key": "state", "Value": "a @ b"}]
    url, signed = presigned(gateway, "corrupt", fields={**fields, "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})
    answer = post(url, signed)
    assert (answer.status_code, code(answer)) == (400, "BadDigest")
    assert stored(DATA, "corrupt") is None


def test_a_bucket_policy_lets_everyone_fill_in_a_form(gateway, stored):
    url = f"{gateway.endpoint}/{PUBLIC}"
    assert post(url, {"key": "in/${filename}", "Content-Type": "a/b"}, name="C:\\home\\x.txt").status_code == 204
    assert stored(PUBLIC, "in/x.txt")["ContentType"] == "a/b"
    answer = post(url, {"key": "elsewhere"})
    assert (answer.status_code, code(answer)) == (403, "AccessDenied")
    assert stored(PUBLIC, "elsewhere") is None


def test_the_sidecar_takes_a_form_unsigned_and_its_policy_at_its_word(gateway, stored):
    url = f"{gateway.app_endpoint}/{DATA}"
    assert post(url, {"key": "app/one"}).status_code == 204
    assert stored(DATA, "app/one")["Body"].read() == b"hello"
    text = json.dumps({"expiration": "2099-01-01T00:00:00Z", "conditions": [["starts-with", "$key", "app/"]]})
    policy = base64.b64encode(text.encode()).decode()
    assert post(url, {"key": "app/two", "policy": policy}).status_code == 204
    answer = post(url, {"key": "other/two", "policy": policy})
    assert (answer.status_code, code(answer)) == (403, "AccessDenied")
    assert stored(DATA, "other/two") is None


# What is answered


@pytest.mark.parametrize("asked, status", [("200", 200), ("201", 201), ("204", 204), ("404", 204), ("", 204)])
def test_the_status_that_is_asked_for(gateway, asked, status):
    answer = post(*presigned(gateway, "status", fields={"success_action_status": asked}))
    assert answer.status_code == status
    assert ("<ETag>" in answer.text) == (status == 201)


def test_a_redirection_says_what_was_stored(gateway, stored):
    fields = {"success_action_redirect": "https://site.test/done?a=b"}
    answer = post(*presigned(gateway, "to/redirect me", fields=fields))
    assert answer.status_code == 303
    there = urlsplit(answer.headers["Location"])
    assert (there.scheme, there.netloc, there.path) == ("https", "site.test", "/done")
    etag = stored(DATA, "to/redirect me")["ETag"]
    assert parse_qs(there.query) == {"a": ["b"], "bucket": [DATA], "key": ["to/redirect me"], "etag": [etag]}
    answer = post(*presigned(gateway, "status", fields={"success_action_redirect": "site.test"}))
    assert (answer.status_code, "site.test" in answer.headers["Location"]) == (204, False)


# What is refused

FAILED = "Invalid according to Policy: Policy Condition failed: "
# A name, the fields, the conditions, what makes them fail, code and message.
CONDITIONS = [
    ("exactly", {"acl": "private"}, [{"acl": "private"}], {"acl": "public-read"}, "AccessDenied",
     FAILED + '["eq", "$acl", "private"]'),
    ("eq", {"x-amz-meta-a": "b"}, [["eq", "$x-amz-meta-a", "b"]], {"x-amz-meta-a": "B"}, "AccessDenied",
     FAILED + '["eq", "$x-amz-meta-a", "b"]'),
    ("starts-with", {"Content-Type": "image/png"}, [["starts-with", "$Content-Type", "image/"]],
     {"Content-Type": "image/png,text/html"}, "AccessDenied", FAILED + '["starts-with", "$content-type", "image/"]'),
    ("any value", {"x-amz-meta-a": ""}, [["starts-with", "$x-amz-meta-a", ""]], {"x-amz-meta-a": None}, "AccessDenied",
     FAILED + '["starts-with", "$x-amz-meta-a", ""]'),
    ("not covered", {}, [], {"x-amz-meta-extra": "1"}, "AccessDenied",
     "Invalid according to Policy: Extra input fields: x-amz-meta-extra"),
    ("ignored", {"x-ignore-me": "1"}, [], {"x-ignored": "1"}, "AccessDenied",
     "Invalid according to Policy: Extra input fields: x-ignored"),
    ("bucket", {"bucket": DATA}, [], {"bucket": PUBLIC}, "AccessDenied", FAILED + f'["eq", "$bucket", "{DATA}"]'),
]  # fmt: skip


@pytest.mark.parametrize("name, fields, conditions, spoilt, expected, why", CONDITIONS, ids=[row[0] for row in CONDITIONS])
def test_t17_a_condition_passes_and_fails(gateway, stored, name, fields, conditions, spoilt, expected, why):
    s3 = through(gateway).s3()
    key = f"condition/{name}"
    form = s3.generate_presigned_post(DATA, key, Fields=dict(fields), Conditions=conditions)
    url, signed = form["url"], form["fields"]
    changed = {field: value for field, value in {**signed, **spoilt}.items() if value is not None}
    answer = post(url, changed)
    assert (answer.status_code, code(answer), message(answer)) == (403, expected, why)
    assert stored(DATA, key) is None
    answer = post(url, signed)
    assert answer.status_code == 204, answer.text
    assert stored(DATA, key) is not None


@pytest.mark.parametrize("size, status, expected", [(4, 400, "EntityTooSmall"), (5, 204, ""), (MIB, 204, ""), (MIB + 1, 400, "EntityTooLarge")])
def test_t17_a_file_has_the_size_that_the_policy_says(gateway, stored, size, status, expected):
    key = f"size/{size}"
    url, signed = presigned(gateway, key, conditions=[["content-length-range", 5, MIB]])
    answer = post(url, signed, pattern(size))
    assert (answer.status_code, code(answer)) == (status, expected)
    assert (stored(DATA, key) is None) == (status != 204)


def test_who_signs_must_be_allowed(gateway, stored):
    assert post(*presigned(gateway, "bob/one", user="bob")).status_code == 204
    for key, fields in [("alice/one", {}), ("bob/two", {"tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"})]:
        answer = post(*presigned(gateway, key, user="bob", fields=fields))
        assert (answer.status_code, code(answer)) == (403, "AccessDenied")
        assert f"arn:aws:iam::{OWNER}:user/bob is not authorized to perform: s3:PutObject" in message(answer)
        assert stored(DATA, key) is None
    answer = post(*presigned(gateway, "eve/one", user="eve"))
    assert (answer.status_code, message(answer)) == (403, "Access Denied")


def test_a_bucket_policy_tells_forms_from_other_uploads(gateway, stored):
    alice = through(gateway).s3()
    assert post(*presigned(gateway, "forms-only/a", CLOSED)).status_code == 204
    with pytest.raises(ClientError, match="AccessDenied"):
        alice.put_object(Bucket=CLOSED, Key="forms-only/b", Body=b"")
    answer = post(*presigned(gateway, "no-forms/a", CLOSED))
    assert (answer.status_code, code(answer)) == (403, "AccessDenied")
    assert "explicit deny" in message(answer) and stored(CLOSED, "no-forms/a") is None
    alice.put_object(Bucket=CLOSED, Key="no-forms/b", Body=b"")
    assert post(*presigned(gateway, "fresh/a", CLOSED)).status_code == 204


def test_a_signature_that_is_wrong_leaves_nothing(gateway, stored):
    url, signed = presigned(gateway, "wrong")
    spoilt = {
        "another signature": {"x-amz-signature": "0" * 64},
        "another policy": {"policy": base64.b64encode(b'{"expiration":"2099-01-01T00:00:00Z","conditions":[]}').decode()},
        "another key": {"x-amz-credential": signed["x-amz-credential"].replace("AKIA", "AKIX")},
        "another day": {"x-amz-date": now(-timedelta(days=1))},
        "no signature": {"x-amz-signature": None},
        "no policy": {"policy": None},
        "no key": {"key": None},
        "version 2": {"AWSAccessKeyId": "AKIAIOSFODNN7EXAMPLE"},
    }
    expected = {
        "another signature": (403, "SignatureDoesNotMatch"),
        "another policy": (403, "SignatureDoesNotMatch"),
        "another key": (403, "InvalidAccessKeyId"),
        "another day": (400, "InvalidArgument"),
        "no signature": (400, "InvalidArgument"),
        "no policy": (400, "InvalidArgument"),
        "no key": (400, "InvalidArgument"),
        "version 2": (400, "InvalidRequest"),
    }
    for name, changes in spoilt.items():
        changed = {field: value for field, value in {**signed, **changes}.items() if value is not None}
        answer = post(url, changed)
        assert (answer.status_code, code(answer)) == expected[name], name
        assert stored(DATA, "wrong") is None, name
    answer = post(url, signed, auth=("user", "password"))
    assert (answer.status_code, code(answer)) == (400, "InvalidArgument")
    assert stored(DATA, "wrong") is None
    assert post(url, signed).status_code == 204


def test_a_form_expires(gateway, stored):
    answer = post(*presigned(gateway, "late", expires=-5))
    assert (answer.status_code, message(answer)) == (403, "Invalid according to Policy: Policy expired.")
    assert stored(DATA, "late") is None


@pytest.mark.parametrize("size", [0, 5, 2 * MIB])
def test_t17_fields_behind_the_file_leave_no_object(gateway, stored, size):
    url, signed = presigned(gateway, f"behind/{size}")
    parts = [(name, (None, value)) for name, value in signed.items()]
    file = ("file", ("f", pattern(size)))
    for late in [("submit", (None, "Send")), ("file", ("g", b"second"))]:
        answer = requests.post(url, files=[*parts, file, late], timeout=30)
        assert (answer.status_code, code(answer)) == (400, "MalformedPOSTRequest")
        assert "the file is not the last field" in message(answer).lower()
        assert stored(DATA, f"behind/{size}") is None
    assert requests.post(url, files=[*parts, file], timeout=30).status_code == 204


def test_what_is_no_upload_is_refused(gateway):
    url, signed = presigned(gateway, "k")
    parts = {name: (None, value) for name, value in signed.items()}
    answer = requests.post(url, files=parts, timeout=30)
    assert (answer.status_code, message(answer)) == (400, "POST requires exactly one file upload per request.")
    answer = post(url, {"key": "k", "x-ignore-large": "a" * 21_000})
    assert (answer.status_code, code(answer)) == (400, "MaxPostPreDataLengthExceededError")
    answer = post(url, {**signed, "x-amz-object-lock-event-hold": "ON"})
    assert answer.status_code == 403
    url, signed = presigned(gateway, "k", fields={"x-amz-object-lock-event-hold": "ON"})
    answer = post(url, signed)
    assert (answer.status_code, code(answer)) == (501, "NotImplemented")


def test_a_record_of_a_form_names_the_object_and_no_secret(gateway):
    url, signed = presigned(gateway, "recorded", fields={"x-amz-meta-a": "b"})
    answer = post(url, signed)
    (record,) = gateway.records_of(answer.headers["x-amz-request-id"])
    assert (record["operation"], record["operation_name"]) == ("REST.POST.OBJECT", "PostObject")
    assert (record["key_name"], record["object_size"], record["auth"]) == ("recorded", 5, "form")
    assert record["principal"] == f"arn:aws:iam::{OWNER}:user/alice"
    written = gateway.json_log.read_text() + gateway.access_log.read_text() + gateway.diagnostics()
    assert signed["policy"] not in written and signed["x-amz-signature"] not in written
