"""Calls on the settings that the gateway keeps, before stores that have none of them and stores that have their own."""

import base64
import json
import urllib.error
import urllib.request
import zlib

import pytest
from botocore.exceptions import ClientError
from servers.gateway import OWNER, PARTNER, Users, allow, document, upstream
from sides import direct, through

FLAGS = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://app.example"]}]}
STORES = ["demo", "moto", "ceph", "garage"]

BOB = [allow("s3:GetObject")]


@pytest.fixture
def made(gateways, new_bucket, request):
    """The store, the gateway and a bucket that was made through it, with an object."""
    server, gateway = gateways(request.param)
    s3, bucket = through(gateway).s3(), new_bucket("settings")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"there")
    return server, gateway, s3, bucket


def everywhere(test):
    marked = [pytest.param(store, marks=[pytest.mark.slow] if store == "garage" else []) for store in STORES]
    return pytest.mark.parametrize("made", marked, indirect=True)(test)


def code(call, **arguments):
    """The code of an error, or the status of a success."""
    try:
        return call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["Error"]["Code"]


def public(bucket):
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps(document(statement), indent=1)


def for_partner(bucket):
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return json.dumps(document(allow("s3:*", resources, Principal={"AWS": PARTNER})))


def anonymous(gateway, bucket):
    try:
        with urllib.request.urlopen(f"{gateway.endpoint}/{bucket}/key") as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def flags(*names):
    return {name: name in names for name in FLAGS}


@everywhere
def test_a_policy_is_kept_and_in_force_from_the_next_request_on(made):
    _, gateway, s3, bucket = made
    assert code(s3.get_bucket_policy, Bucket=bucket) == "NoSuchBucketPolicy"
    assert code(s3.get_bucket_policy_status, Bucket=bucket) == "NoSuchBucketPolicy"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=flags())
    assert anonymous(gateway, bucket) == 403
    assert code(s3.put_bucket_policy, Bucket=bucket, Policy=public(bucket)) == 204
    assert anonymous(gateway, bucket) == 200
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == public(bucket)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": True}
    assert code(s3.put_bucket_policy, Bucket=bucket, Policy=for_partner(bucket)) == 204
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": False}
    assert anonymous(gateway, bucket) == 403
    assert [code(s3.delete_bucket_policy, Bucket=bucket) for _ in range(2)] == [204, 204]
    assert code(s3.get_bucket_policy, Bucket=bucket) == "NoSuchBucketPolicy"


@everywhere
def test_t28_a_new_bucket_is_closed_to_the_public(made):
    _, gateway, s3, bucket = made
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == flags(*FLAGS)
    assert code(s3.put_bucket_policy, Bucket=bucket, Policy=public(bucket)) == "AccessDenied"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=flags("RestrictPublicBuckets"))
    assert code(s3.put_bucket_policy, Bucket=bucket, Policy=public(bucket)) == 204
    assert anonymous(gateway, bucket) == 403
    eve, bob = (through(gateway, user=user).s3() for user in ["eve", "bob"])
    assert code(eve.get_object, Bucket=bucket, Key="key") == "AccessDenied"
    assert code(bob.get_object, Bucket=bucket, Key="key") == 200
    assert [code(s3.delete_public_access_block, Bucket=bucket) for _ in range(2)] == [204, 204]
    assert code(s3.get_public_access_block, Bucket=bucket) == "NoSuchPublicAccessBlockConfiguration"
    assert anonymous(gateway, bucket) == 200
    assert code(eve.get_object, Bucket=bucket, Key="key") == 200


@everywhere
def test_what_is_malformed_changes_nothing(made):
    _, _, s3, bucket = made
    s3.put_bucket_policy(Bucket=bucket, Policy=for_partner(bucket))
    for policy in ["{}", public("another"), for_partner(bucket).replace("s3:*", "s3:GetObjct")]:
        assert code(s3.put_bucket_policy, Bucket=bucket, Policy=policy) == "MalformedPolicy"
    rules = {"CORSRules": [{"AllowedMethods": ["FETCH"], "AllowedOrigins": ["*"]}]}
    assert code(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration=rules) == "InvalidRequest"
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == for_partner(bucket)
    assert code(s3.get_bucket_cors, Bucket=bucket) == "NoSuchCORSConfiguration"


@everywhere
def test_rules_for_browsers_are_kept(made):
    _, gateway, s3, bucket = made
    assert code(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration=CORS) == 200
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == CORS["CORSRules"]
    asks = [("origin", "https://app.example"), ("access-control-request-method", "GET")]
    preflight = through(gateway).unsigned("OPTIONS", f"/{bucket}/key", asks)
    assert (preflight.status, preflight.header("access-control-allow-origin")) == (200, "https://app.example")
    assert [code(s3.delete_bucket_cors, Bucket=bucket) for _ in range(2)] == [204, 204]
    refused = through(gateway).unsigned("OPTIONS", f"/{bucket}/key", asks)
    assert (refused.status, refused.code) == (403, "AccessForbidden")


@everywhere
def test_acls_are_disabled(made):
    _, _, s3, bucket = made
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    for get, put, more in [(s3.get_bucket_acl, s3.put_bucket_acl, {}), (s3.get_object_acl, s3.put_object_acl, {"Key": "key"})]:
        acl = get(Bucket=bucket, **more)
        (grant,) = acl["Grants"]
        assert (grant["Permission"], grant["Grantee"]["ID"]) == ("FULL_CONTROL", acl["Owner"]["ID"])
        assert code(put, Bucket=bucket, ACL="public-read", **more) == "AccessControlListNotSupported"
        assert code(put, Bucket=bucket, ACL="bucket-owner-full-control", **more) == 200
    assert code(s3.get_object_acl, Bucket=bucket, Key="not there") == "NoSuchKey"


@everywhere
def test_t05_a_bucket_that_is_made_anew_inherits_nothing(made):
    _, _, s3, bucket = made
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=flags())
    s3.put_bucket_policy(Bucket=bucket, Policy=public(bucket))
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)
    s3.delete_object(Bucket=bucket, Key="key")
    s3.delete_bucket(Bucket=bucket)
    assert code(s3.get_bucket_policy, Bucket=bucket) == "NoSuchBucket"
    s3.create_bucket(Bucket=bucket)
    assert code(s3.get_bucket_policy, Bucket=bucket) == "NoSuchBucketPolicy"
    assert code(s3.get_bucket_cors, Bucket=bucket) == "NoSuchCORSConfiguration"
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == flags(*FLAGS)


@pytest.mark.parametrize("store", ["demo", "ceph"])
def test_a_bucket_that_was_made_elsewhere_is_taken_up_by_its_first_setting(store, gateways, new_bucket):
    server, gateway = gateways(store)
    s3, bucket = through(gateway).s3(), new_bucket("elsewhere")
    for call in [s3.get_bucket_policy, s3.delete_bucket_cors, s3.get_public_access_block]:
        assert code(call, Bucket=bucket) == "NoSuchBucket"
    assert code(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration=CORS) == "NoSuchBucket"
    direct(server).s3().create_bucket(Bucket=bucket)
    assert code(s3.get_public_access_block, Bucket=bucket) == "NoSuchPublicAccessBlockConfiguration"
    assert code(s3.put_bucket_policy, Bucket=bucket, Policy=public(bucket)) == 204
    direct(server).s3().put_object(Bucket=bucket, Key="key", Body=b"there")
    assert anonymous(gateway, bucket) == 200


def test_who_has_no_permission_changes_nothing_and_other_accounts_handle_no_policy(gateways, new_bucket):
    _, gateway = gateways("demo")
    s3, bucket = through(gateway).s3(), new_bucket("others")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=for_partner(bucket))
    bob, eve = (through(gateway, user=user).s3() for user in ["bob", "eve"])
    assert code(bob.put_bucket_policy, Bucket=bucket, Policy=for_partner(bucket)) == "AccessDenied"
    assert code(bob.delete_public_access_block, Bucket=bucket) == "AccessDenied"
    # They have the permission, and are told that the method is not allowed.
    assert code(eve.get_bucket_policy, Bucket=bucket) == "MethodNotAllowed"
    assert code(eve.delete_bucket_policy, Bucket=bucket) == "MethodNotAllowed"
    assert code(eve.get_bucket_policy_status, Bucket=bucket) == 200
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == for_partner(bucket)


def test_an_account_has_flags_of_its_own(gateways, new_bucket):
    _, gateway = gateways("demo")
    s3, bucket = through(gateway).s3(), new_bucket("account")
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"there")
    s3.put_bucket_policy(Bucket=bucket, Policy=public(bucket))
    raw = through(gateway)
    path, mine = "/v20180820/configuration/publicAccessBlock", [("x-amz-account-id", OWNER)]
    assert raw.raw("GET", path, extra=mine).code == "NoSuchPublicAccessBlockConfiguration"
    inside = "".join(f"<{name}>true</{name}>" for name in FLAGS)
    body = f"<PublicAccessBlockConfiguration>{inside}</PublicAccessBlockConfiguration>".encode()
    checksum = ("x-amz-checksum-crc32", crc32(body))
    assert raw.raw("PUT", path, body, extra=[*mine, checksum]).status == 200
    assert anonymous(gateway, bucket) == 403
    assert code(s3.put_bucket_policy, Bucket=bucket, Policy=public(bucket)) == "AccessDenied"
    assert raw.raw("GET", path, extra=[("x-amz-account-id", PARTNER)]).status == 403
    assert [raw.raw("DELETE", path, extra=mine).status for _ in range(2)] == [200, 200]
    assert anonymous(gateway, bucket) == 200


def crc32(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def test_settings_outlive_the_gateway(demo, launch, new_bucket):
    server = getattr(demo, "upstream", demo)
    gateway = launch({"demo": upstream(server, profile="demo")})
    s3, bucket = through(gateway).s3(), new_bucket("outlives")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=for_partner(bucket))
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)
    gateway.stop()
    gateway.process = gateway._start()
    s3 = through(gateway).s3()
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == for_partner(bucket)
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == CORS["CORSRules"]
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == flags(*FLAGS)


def test_what_files_say_goes_first_and_no_call_changes_it(demo, launch, new_bucket):
    server, bucket = getattr(demo, "upstream", demo), new_bucket("files")
    direct(server).s3().create_bucket(Bucket=bucket)
    policy = document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*"))
    gateway = launch({"demo": upstream(server, profile="demo")}, bucket_policies={bucket: policy})
    s3 = through(gateway).s3()
    s3.put_object(Bucket=bucket, Key="key", Body=b"there")
    assert anonymous(gateway, bucket) == 200
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_policy(Bucket=bucket, Policy=for_partner(bucket))
    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("AccessDenied", "This setting is managed by configuration.")
    assert code(s3.delete_bucket_policy, Bucket=bucket) == "AccessDenied"
    assert code(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration=CORS) == 200


@pytest.mark.parametrize("store", ["moto", "ceph"])
def test_settings_may_be_left_to_the_store(store, request, launch, new_bucket):
    server = request.getfixturevalue(store)
    server = getattr(server, "upstream", server)
    left = {name: "upstream" for name in ["policy", "public_access_block", "cors", "acl"]}
    gateway = launch({store: upstream(server, profile=store, settings=left)}, users=Users(bob=[allow("s3:GetObject")]))
    s3, straight, bucket = through(gateway).s3(), direct(server).s3(), new_bucket("left")
    s3.create_bucket(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)
    assert code(s3.put_bucket_policy, Bucket=bucket, Policy=public(bucket)) in (200, 204)
    assert json.loads(straight.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(public(bucket))
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(public(bucket))
    # What the store has of it lets nobody through the gateway, and who may not make the call does not reach the store.
    s3.put_object(Bucket=bucket, Key="key", Body=b"there", ACL="public-read")
    assert anonymous(gateway, bucket) == 403
    bob = through(gateway, user="bob").s3()
    assert code(bob.delete_bucket_policy, Bucket=bucket) == "AccessDenied"
    assert code(bob.put_object_acl, Bucket=bucket, Key="key", ACL="private") == "AccessDenied"
    assert len(straight.get_object_acl(Bucket=bucket, Key="key")["Grants"]) == 2
    assert s3.get_object_acl(Bucket=bucket, Key="key")["Grants"] == straight.get_object_acl(Bucket=bucket, Key="key")["Grants"]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)
    origin = ("origin", "https://app.example")
    preflight = through(gateway).unsigned("OPTIONS", f"/{bucket}/key", [origin, ("access-control-request-method", "GET")])
    assert (preflight.status, preflight.header("access-control-allow-origin")) == (200, "https://app.example")
    read = through(gateway).raw("GET", f"/{bucket}/key", extra=[origin])
    assert (read.status, read.header("access-control-allow-origin")) == (200, "https://app.example")
