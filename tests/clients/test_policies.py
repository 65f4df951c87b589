"""Who may do what: real clients against bucket and identity policies, and what refusals look like."""

import re
from datetime import timedelta

import calls
import pytest
from botocore.exceptions import ClientError
from servers.gateway import OWNER, PARTNER, Users, allow, deny, document, operation_table, upstream
from sides import Side, direct, through
from sigv4 import Signer, now

DATA, PUBLIC, PRIVATE, HIDDEN = "acme-data", "acme-public", "acme-private", "acme-hidden"
BOB = f"arn:aws:iam::{OWNER}:user/bob"
EVE = f"arn:aws:iam::{PARTNER}:user/eve"


def bucket(name):
    return f"arn:aws:s3:::{name}"


def objects(name, pattern="*"):
    return f"arn:aws:s3:::{name}/{pattern}"


BOB_MAY = [
    allow("s3:ListBucket", bucket(DATA)),
    allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], objects(DATA)),
    allow("s3:GetObject", objects(HIDDEN)),
    deny("s3:GetObject", objects(DATA, "secret/*")),
]
BUCKET_POLICIES = {
    DATA: document(
        deny("s3:DeleteObject", objects(DATA, "keep/*"), Principal="*", Sid="KeepsWhatIsKept"),
        allow("s3:GetObject", objects(DATA, "shared/*"), Principal={"AWS": EVE}),
    ),
    PUBLIC: document(allow("s3:GetObject", objects(PUBLIC), Principal="*")),
}
KEYS = ["one", "secret/plan", "keep/me", "shared/report", "private/report"]


@pytest.fixture(scope="module")
def gateway(launch, moto):
    owner = direct(moto).s3()
    for name in [DATA, PUBLIC, PRIVATE, HIDDEN]:
        owner.create_bucket(Bucket=name)
        for key in KEYS:
            owner.put_object(Bucket=name, Key=key, Body=key.encode())
    return launch({"moto": upstream(moto, profile="moto")}, users=Users(bob=BOB_MAY), bucket_policies=BUCKET_POLICIES)


@pytest.fixture(scope="module")
def alice(gateway):
    return through(gateway, user="alice")


@pytest.fixture(scope="module")
def bob(gateway):
    return through(gateway, user="bob")


@pytest.fixture(scope="module")
def eve(gateway):
    return through(gateway, user="eve")


def refused(call, code="AccessDenied", status=403, **arguments):
    """Calls and returns the error, which must be this one."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    return raised.value


def not_authorized(user, action, resource, because):
    """AWS's message for callers of the owner's account; AWS quotes the resource on some operations."""
    quoted = f'"?{re.escape(resource)}"?'
    return f"User: {re.escape(user)} is not authorized to perform: {action} on resource: {quoted} {re.escape(because)}"


def test_what_is_allowed_works(bob):
    s3 = bob.s3()
    assert s3.get_object(Bucket=DATA, Key="one")["Body"].read() == b"one"
    s3.put_object(Bucket=DATA, Key="bob", Body=b"bob's")
    assert "bob" in [each["Key"] for each in s3.list_objects_v2(Bucket=DATA)["Contents"]]
    s3.delete_object(Bucket=DATA, Key="bob")
    refused(s3.get_object, "NoSuchKey", 404, Bucket=DATA, Key="bob")


def test_what_nothing_allows_is_refused(gateway, bob):
    for action, resource, method, target in [
        ("s3:GetObject", objects(PRIVATE, "one"), "GET", f"/{PRIVATE}/one"),
        ("s3:PutObject", objects(PRIVATE, "new"), "PUT", f"/{PRIVATE}/new"),
        ("s3:DeleteObject", objects(PRIVATE, "one"), "DELETE", f"/{PRIVATE}/one"),
        ("s3:ListBucket", bucket(PRIVATE), "GET", f"/{PRIVATE}?list-type=2"),
        ("s3:DeleteBucket", bucket(DATA), "DELETE", f"/{DATA}"),
        ("s3:GetObjectVersion", objects(DATA, "one"), "GET", f"/{DATA}/one?versionId=null"),
    ]:
        answer = bob.raw(method, target)
        assert (answer.status, answer.code) == (403, "AccessDenied"), (method, target, answer)
        because = f"because no identity-based policy allows the {action} action"
        assert re.fullmatch(not_authorized(BOB, action, resource, because), answer.message), answer.message
        (record,) = gateway.records_of(answer.request_id)
        assert record["decision"]["verdict"] == "implicit_deny"
        assert (record["decision"]["action"], record["decision"]["resource"]) == (action, resource)


def test_an_explicit_deny_names_the_kind_of_policy(gateway, bob):
    for action, key, method, kind in [
        ("s3:GetObject", "secret/plan", "GET", "an identity-based policy"),
        ("s3:DeleteObject", "keep/me", "DELETE", "a resource-based policy"),
    ]:
        answer = bob.raw(method, f"/{DATA}/{key}")
        assert (answer.status, answer.code) == (403, "AccessDenied")
        because = f"with an explicit deny in {kind}"
        assert re.fullmatch(not_authorized(BOB, action, objects(DATA, key), because), answer.message), answer.message


def test_one_id_stands_in_header_body_and_both_records(gateway, bob):
    answer = bob.raw("DELETE", f"/{DATA}/keep/me")
    request_id = answer.request_id  # Compares header and body.
    assert request_id and answer.header("x-amz-id-2")
    (record,) = gateway.records_of(request_id)
    (line,) = gateway.lines_of(request_id)
    assert record["decision"]["verdict"] == "explicit_deny"
    assert record["decision"]["sid"] == "KeepsWhatIsKept"
    assert record["decision"]["file"].endswith(f"{DATA}/policy.json")
    assert (record["http_status"], record["error_code"], record["ending"]) == (403, "AccessDenied", "refused")
    assert f" {BOB} " in line and " 403 AccessDenied " in line


def test_even_the_owner_is_bound_by_an_explicit_deny(alice):
    refused(alice.s3().delete_object, Bucket=DATA, Key="keep/me")
    assert alice.s3().get_object(Bucket=DATA, Key="keep/me")["Body"].read() == b"keep/me"


def test_a_partner_needs_both_sides(gateway, eve):
    s3 = eve.s3()
    assert s3.get_object(Bucket=DATA, Key="shared/report")["Body"].read() == b"shared/report"
    for key in ["private/report", "one", "missing"]:
        error = refused(s3.get_object, Bucket=DATA, Key=key)
        assert error.response["Error"]["Message"] == "Access Denied"
    refused(s3.put_object, Bucket=DATA, Key="shared/new", Body=b"")
    refused(s3.list_objects_v2, Bucket=DATA)


def test_anyone_reads_the_public_bucket_and_nothing_else(gateway, alice):
    anyone = alice.anonymous()
    assert anyone.get_object(Bucket=PUBLIC, Key="one")["Body"].read() == b"one"
    assert anyone.head_object(Bucket=PUBLIC, Key="one")["ContentLength"] == 3
    for call, more in [
        (anyone.get_object, {"Bucket": DATA, "Key": "one"}),
        (anyone.put_object, {"Bucket": PUBLIC, "Key": "new", "Body": b"x"}),
        (anyone.delete_object, {"Bucket": PUBLIC, "Key": "one"}),
        (anyone.list_objects_v2, {"Bucket": PUBLIC}),
        (anyone.get_object, {"Bucket": PUBLIC, "Key": "missing"}),
        (anyone.get_object, {"Bucket": "acme-does-not-exist", "Key": "one"}),
    ]:
        error = refused(call, **more)
        assert error.response["Error"]["Message"] == "Access Denied"
    (record,) = gateway.records_of(error.response["ResponseMetadata"]["RequestId"])
    assert record["auth"] == "anonymous" and record["requester"] is None


def test_anonymous_listing_of_buckets_is_refused(alice):
    answer = alice.unsigned("GET", "/")
    assert answer.status in (403, 307) and b"<Bucket>" not in answer.body


def test_delete_objects_decides_each_key(gateway, alice, bob):
    owner = alice.s3()
    for key in ["keep/a", "other/a", "other/b"]:
        owner.put_object(Bucket=DATA, Key=key, Body=b"x")
    keys = ["keep/a", "other/a", "keep/missing", "other/b"]
    answer = bob.s3().delete_objects(Bucket=DATA, Delete={"Objects": [{"Key": key} for key in keys]})
    assert sorted(each["Key"] for each in answer["Deleted"]) == ["other/a", "other/b"]
    assert sorted((each["Key"], each["Code"]) for each in answer["Errors"]) == [
        ("keep/a", "AccessDenied"),
        ("keep/missing", "AccessDenied"),
    ]
    assert owner.get_object(Bucket=DATA, Key="keep/a")["Body"].read() == b"x"
    refused(owner.get_object, "NoSuchKey", 404, Bucket=DATA, Key="other/a")
    (record,) = gateway.records_of(answer["ResponseMetadata"]["RequestId"])
    assert {each["key_name"] for each in record["deleted"]} == set(keys)


def test_delete_objects_of_denied_keys_only_deletes_nothing(alice, bob):
    objects_to_keep = {"Objects": [{"Key": "keep/me"}], "Quiet": True}
    answer = bob.s3().delete_objects(Bucket=DATA, Delete=objects_to_keep)
    assert [each["Code"] for each in answer["Errors"]] == ["AccessDenied"] and not answer.get("Deleted")
    assert alice.s3().head_object(Bucket=DATA, Key="keep/me")["ContentLength"] == 7


def test_a_copy_needs_its_source_and_its_destination(alice, bob):
    s3 = bob.s3()
    s3.copy_object(Bucket=DATA, Key="copied", CopySource=f"{DATA}/one")
    refused(s3.copy_object, Bucket=DATA, Key="stolen", CopySource=f"{PRIVATE}/one")
    refused(s3.copy_object, Bucket=DATA, Key="stolen", CopySource=f"{DATA}/secret/plan")
    refused(s3.copy_object, Bucket=PRIVATE, Key="placed", CopySource=f"{DATA}/one")
    upload = s3.create_multipart_upload(Bucket=DATA, Key="parts")["UploadId"]
    part = {"Bucket": DATA, "Key": "parts", "UploadId": upload, "PartNumber": 1}
    refused(s3.upload_part_copy, **part, CopySource=f"{PRIVATE}/one")
    for place in [(DATA, "stolen"), (PRIVATE, "placed")]:
        refused(alice.s3().get_object, "NoSuchKey", 404, Bucket=place[0], Key=place[1])


def test_without_list_bucket_what_is_missing_reads_as_forbidden(alice, bob):
    s3 = bob.s3()
    assert s3.get_object(Bucket=HIDDEN, Key="one")["Body"].read() == b"one"
    refused(s3.get_object, Bucket=HIDDEN, Key="missing")
    refused(s3.head_object, "403", 403, Bucket=HIDDEN, Key="missing")
    refused(s3.get_object, "NoSuchKey", 404, Bucket=DATA, Key="missing")
    refused(s3.head_object, "404", 404, Bucket=DATA, Key="missing")
    missing = bob.raw("GET", f"/{HIDDEN}/missing")
    assert b"NoSuchKey" not in missing.body


def test_a_refused_head_has_no_body(bob):
    answer = bob.raw("HEAD", f"/{PRIVATE}/one")
    assert answer.status == 403 and answer.body == b"" and answer.header("x-amz-request-id")


def test_a_wrong_secret_is_signature_does_not_match(gateway, bob):
    wrong = Signer(bob.access_key, "x" * 40)
    answer = bob.raw("GET", f"/{DATA}/one", signer=wrong)
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    (record,) = gateway.records_of(answer.request_id)
    assert record["requester"] is None


def test_an_unknown_key_is_invalid_access_key_id(bob):
    answer = bob.raw("GET", f"/{DATA}/one", signer=Signer("AKIA0000000000000000", "x" * 40))
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId")


@pytest.mark.parametrize("minutes, expected", [(-16, 403), (-14, 200), (14, 200), (16, 403)])
def test_clocks_may_differ_by_a_quarter_of_an_hour(bob, minutes, expected):
    signer = Signer(bob.access_key, bob.secret_key, date=now(timedelta(minutes=minutes)))
    answer = bob.raw("GET", f"/{DATA}/one", signer=signer)
    assert (answer.status, answer.code) == (expected, None if expected == 200 else "RequestTimeTooSkewed")


@pytest.mark.parametrize("part, value", [("region", "eu-west-9"), ("service", "iam")])
def test_another_scope_is_malformed(bob, part, value):
    signer = Signer(bob.access_key, bob.secret_key, **{part: value})
    answer = bob.raw("GET", f"/{DATA}/one", signer=signer)
    assert (answer.status, answer.code) == (400, "AuthorizationHeaderMalformed")


def test_presigned_urls_end(bob):
    target = f"/{DATA}/one"
    fresh = bob.signer.presign("GET", target, bob.host, expires=60)
    assert bob.unsigned("GET", fresh).body == b"one"
    signer = Signer(bob.access_key, bob.secret_key, date=now(timedelta(seconds=-61)))
    answer = bob.unsigned("GET", signer.presign("GET", target, bob.host, expires=60))
    assert (answer.status, answer.code, answer.message) == (403, "AccessDenied", "Request has expired")


def test_presigned_urls_cannot_be_turned_into_others(bob, alice):
    signed = bob.signer.presign("GET", f"/{DATA}/one", bob.host)
    for method, target in [
        ("GET", signed.replace("/one?", "/keep/me?")),
        ("PUT", signed),
        ("GET", signed + "&versionId=null"),
        ("GET", signed.replace("X-Amz-Expires=600", "X-Amz-Expires=6000")),
        ("GET", signed[:-1] + ("0" if signed[-1] != "0" else "1")),
    ]:
        answer = bob.unsigned(method, target)
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), (method, target, answer)
    refusing = bob.signer.presign("GET", f"/{DATA}/secret/plan", bob.host)
    assert bob.unsigned("GET", refusing).code == "AccessDenied"
    assert bob.unsigned("HEAD", bob.signer.presign("HEAD", f"/{DATA}/one", bob.host)).status == 200


def test_two_authentications_at_once_are_refused(bob):
    target = bob.signer.presign("GET", f"/{DATA}/one", bob.host)
    answer = bob.raw("GET", target)
    assert answer.status == 400 and answer.code in ("InvalidArgument", "InvalidRequest")


def test_the_expected_bucket_owner_is_compared(alice):
    s3 = alice.s3()
    s3.head_object(Bucket=DATA, Key="one", ExpectedBucketOwner=OWNER)
    refused(s3.get_object, Bucket=DATA, Key="one", ExpectedBucketOwner=PARTNER)


def test_buckets_listed_are_the_callers_accounts(alice, eve):
    assert DATA in [each["Name"] for each in alice.s3().list_buckets()["Buckets"]]
    assert eve.s3().list_buckets()["Buckets"] == []


# Anybody may read, and so query, an object of this bucket, and see or make buckets of their own; some are not of this service.
OPEN = {"GetObject", "HeadObject", "SelectObjectContent", "ListBuckets", "CreateBucket", "ListDirectoryBuckets", "WriteGetObjectResponse"}


@pytest.fixture(scope="module")
def strangers(bob, eve, alice):
    return [bob.s3(), eve.s3(), alice.anonymous()]


@pytest.mark.parametrize("operation", sorted(set(calls.OPERATIONS) - OPEN))
def test_no_operation_is_open_to_callers_without_a_permission(moto, strangers, operation):
    row, call = operation_table()[operation], calls.bare(operation).at(PUBLIC)
    built = row["answered_by"] != "nobody: 501" and (row["answered_by"].startswith("gateway") or "moto" in row["profiles"])
    for s3 in strangers:
        if operation == "DeleteObjects":
            assert {each["Code"] for each in call.perform(s3)["Errors"]} == {"AccessDenied"}
            continue
        with pytest.raises(ClientError) as raised:
            call.perform(s3)
        status = raised.value.response["ResponseMetadata"]["HTTPStatusCode"]
        code = raised.value.response["Error"]["Code"]
        expected = ["AccessDenied", "403"] if built else ["NotImplemented"]
        assert (status, code in expected) == (403 if built else 501, True), (status, code)
    assert direct(moto).raw("GET", f"/{PUBLIC}/one").body == b"one"


def test_unknown_operations_are_not_sent_as_others(alice):
    for method, target in [
        ("DELETE", f"/{HIDDEN}?inventory&id=x"),
        ("PUT", f"/{HIDDEN}/one?annotation"),
        ("PUT", f"/{HIDDEN}/one?renameObject"),
        ("GET", f"/{HIDDEN}?nosuch"),
        ("POST", f"/{HIDDEN}/one?nosuch"),
    ]:
        answer = alice.raw(method, target)
        assert answer.status >= 400, (method, target, answer)
    s3 = alice.s3()
    assert s3.get_object(Bucket=HIDDEN, Key="one")["Body"].read() == b"one"


def test_through_tls_it_is_the_same(gateway):
    side = through(gateway, "https", user="bob")
    assert side.s3().get_object(Bucket=DATA, Key="one")["Body"].read() == b"one"
    error = refused(side.s3().get_object, Bucket=DATA, Key="secret/plan")
    (record,) = gateway.records_of(error.response["ResponseMetadata"]["RequestId"])
    assert record["tls_version"] == "TLSv1.3" and record["cipher_suite"]


def test_sides_with_swapped_keys_are_refused(gateway, bob):
    alices = gateway.users.keys["alice"]
    swapped = Side("swapped", gateway.endpoint, bob.access_key, alices.secret)
    refused(swapped.s3().get_object, "SignatureDoesNotMatch", 403, Bucket=DATA, Key="one")
