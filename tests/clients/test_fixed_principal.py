"""The sidecar's listener: whatever a client presents, it is the listener's principal."""

import pytest
import sigv4
import wire
from scenarios import MIB, pattern
from servers.gateway import OWNER, Users, allow, document, upstream
from sides import Side, direct

# A role is used in a session, and the session is who asks.
ORDERS = f"arn:aws:sts::{OWNER}:assumed-role/orders/portcullis"


@pytest.fixture(scope="module")
def gateway(launch, ceph):
    direct(ceph).s3().create_bucket(Bucket="orders")
    direct(ceph).s3().create_bucket(Bucket="others")
    users = Users()
    users.role = [document(allow("s3:*", ["arn:aws:s3:::orders", "arn:aws:s3:::orders/*"]))]
    return launch({"ceph": upstream(ceph)}, users=users)


@pytest.fixture
def app(gateway):
    return Side("app", gateway.app_endpoint, "test", "test")


@pytest.fixture
def stored(ceph):
    """Reads an object straight from the upstream."""
    s3 = direct(ceph).s3()
    return lambda key: s3.get_object(Bucket="orders", Key=key)


def test_an_sdk_with_dummy_keys_works(gateway, app, stored):
    s3 = app.s3()
    s3.put_object(Bucket="orders", Key="sdk", Body=b"from an SDK")
    assert s3.get_object(Bucket="orders", Key="sdk")["Body"].read() == b"from an SDK"
    assert stored("sdk")["Body"].read() == b"from an SDK"
    answer = s3.head_object(Bucket="orders", Key="sdk")
    (record,) = gateway.records_of(answer["ResponseMetadata"]["RequestId"])
    assert (record["auth"], record["principal"], record["listener"]) == ("listener", ORDERS, "app")


def test_any_region_and_no_signature_at_all_work(app):
    assert app.raw("GET", "/orders?list-type=2", signer=sigv4.Signer("x", "y", "mars-north-7")).status == 200
    assert app.unsigned("GET", "/orders?list-type=2").status == 200
    stale = sigv4.Signer("x", "y", date="20150830T123600Z")
    assert app.raw("GET", "/orders?list-type=2", signer=stale).status == 200
    assert app.unsigned("GET", stale.presign("GET", "/orders", app.host)).status == 200
    assert app.raw("GET", "/orders?list-type=2", extra=[("x-amz-security-token", "dummy")]).status == 200


def test_the_policies_still_hold(app):
    for method, target in [("GET", "/others?list-type=2"), ("PUT", "/others/k"), ("DELETE", "/others")]:
        answer = app.unsigned(method, target)
        assert (answer.status, answer.code) == (403, "AccessDenied"), (method, target)
        assert "orders" in answer.message


@pytest.mark.parametrize("size", [0, 1, 8192, 65536, 65537, 200_000, 3 * MIB])
def test_signed_chunks_are_stored_clean(app, stored, size):
    data = pattern(size)
    target = f"/orders/chunks-{size}"
    extra = [("content-type", "text/plain")]
    headers, framed = sigv4.signed_chunks(app.signer, "PUT", target, app.host, data, extra=extra)
    assert wire.exchange(app.endpoint, "PUT", target, headers, framed).status == 200
    got = stored(f"chunks-{size}")
    assert got["Body"].read() == data and got["ContentType"] == "text/plain"
    assert "aws-chunked" not in got.get("ContentEncoding", "")


@pytest.mark.parametrize("size", [0, 1, 200_000])
def test_both_trailer_forms_are_stored_clean_and_verified(app, stored, size):
    data, target = pattern(size), f"/orders/trailer-{size}"
    trailer = ("x-amz-checksum-crc32", sigv4.crc32(data))
    forms = [
        sigv4.signed_chunks(app.signer, "PUT", target, app.host, data, trailer=trailer),
        sigv4.unsigned_trailer(app.signer, "PUT", target, app.host, data),
    ]
    for headers, framed in forms:
        assert wire.exchange(app.endpoint, "PUT", target, headers, framed).status == 200
        assert stored(f"trailer-{size}")["Body"].read() == data
    target = f"/orders/bad-trailer-{size}"
    headers, framed = sigv4.unsigned_trailer(app.signer, "PUT", target, app.host, data, checksum="AAAAAQ==")
    answer = wire.exchange(app.endpoint, "PUT", target, headers, framed)
    assert (answer.status, answer.code) == (400, "BadDigest")
    with pytest.raises(Exception, match="NoSuchKey"):
        stored(f"bad-trailer-{size}")


def test_a_hash_is_verified_although_the_signature_is_not(app, stored):
    answer = app.raw("PUT", "/orders/bad-hash", b"body", payload="0" * 64)
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")
    with pytest.raises(Exception, match="NoSuchKey"):
        stored("bad-hash")
