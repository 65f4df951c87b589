"""ACLs and Object Ownership, before stores that have none of them, and the same calls straight to stores that have."""

import json
import threading
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from servers.gateway import PARTNER, Users, allow, document, upstream
from sides import direct, through

STORES = ["demo", "moto", "ceph", "garage"]
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
ANONYMOUS = "65a011a29cdf8ec533ec3d1ccaae921c"


class World:
    """A bucket where ACLs count, and who calls."""

    def __init__(self, server, gateway, bucket):
        self.server, self.gateway, self.bucket = server, gateway, bucket
        self.alice, self.bob, self.eve = (through(gateway, user=user).s3() for user in ["alice", "bob", "eve"])

    def create(self, ownership="ObjectWriter", blocked=False):
        self.alice.create_bucket(Bucket=self.bucket, ObjectOwnership=ownership)
        if not blocked:
            self.alice.delete_public_access_block(Bucket=self.bucket)
        return self

    def put(self, key="key", body=b"there", by=None, **more):
        return (by or self.alice).put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def get(self, key="key", by=None, **more):
        return code((by or self.alice).get_object, Bucket=self.bucket, Key=key, **more)

    def anonymous(self, key="key", query="", method="GET", body=None):
        url = f"{self.gateway.endpoint}/{self.bucket}/{key}{query}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, method=method)) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def open_to_partner(self):
        resources = [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]
        policy = document(allow("s3:*", resources, Principal={"AWS": PARTNER}))
        self.alice.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))




@pytest.fixture
def world(gateways, new_bucket, request):
    return World(*gateways(request.param), new_bucket("acls"))


def everywhere(test):
    marked = [pytest.param(store, marks=[pytest.mark.slow] if store == "garage" else []) for store in STORES]
    return pytest.mark.parametrize("world", marked, indirect=True)(test)


def on_one(test):
    return pytest.mark.parametrize("world", ["demo"], indirect=True)(test)


def code(call, **arguments):
    """The code of an error, or the status of a success."""
    try:
        return call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["Error"]["Code"]


def grants(acl):
    """Who has what: `owner` for the owner's id, the last part of a group's URI, `other` for another account."""
    owner = acl["Owner"]["ID"]

    def name(grantee):
        if "URI" in grantee:
            return grantee["URI"].rsplit("/", 1)[1]
        return "owner" if grantee["ID"] == owner else "other"

    return sorted((name(grant["Grantee"]), grant["Permission"]) for grant in acl["Grants"])


FULL = ("owner", "FULL_CONTROL")


@everywhere
def test_a_canned_acl_lets_in_and_is_shown(world):
    world.create()
    for acl, expected, status in [
        ("private", [FULL], 403),
        ("public-read", [("AllUsers", "READ"), FULL], 200),
        ("authenticated-read", [("AuthenticatedUsers", "READ"), FULL], 403),
        (None, [FULL], 403),
    ]:
        world.put(**({"ACL": acl} if acl else {}))
        assert grants(world.alice.get_object_acl(Bucket=world.bucket, Key="key")) == expected
        assert world.anonymous() == status, acl
        assert world.get(by=world.eve) == (200 if acl in ("public-read", "authenticated-read") else "AccessDenied"), acl
        # Bob is of the owner's account: a grant to an account, or to everyone, is none to its users.
        assert world.get(by=world.bob) == "AccessDenied"


@everywhere
def test_an_acl_is_set_read_and_replaced(world):
    world.create()
    world.put()
    mine = world.alice.get_object_acl(Bucket=world.bucket, Key="key")
    assert code(world.alice.put_object_acl, Bucket=world.bucket, Key="key", ACL="public-read") == 200
    assert world.anonymous() == 200
    reader = {"Grantee": {"Type": "Group", "URI": ALL_USERS}, "Permission": "READ_ACP"}
    policy = {"Owner": mine["Owner"], "Grants": [*mine["Grants"], reader]}
    policy["Owner"] = {"ID": mine["Owner"]["ID"]}
    assert code(world.alice.put_object_acl, Bucket=world.bucket, Key="key", AccessControlPolicy=policy) == 200
    assert grants(world.alice.get_object_acl(Bucket=world.bucket, Key="key")) == [("AllUsers", "READ_ACP"), FULL]
    assert (world.anonymous(), world.anonymous(query="?acl")) == (403, 200)
    assert code(world.alice.put_object_acl, Bucket=world.bucket, Key="not there", ACL="private") == "NoSuchKey"
    assert code(world.alice.get_object_acl, Bucket=world.bucket, Key="not there") == "NoSuchKey"
    assert code(world.bob.put_object_acl, Bucket=world.bucket, Key="key", ACL="private") == "AccessDenied"


@everywhere
def test_an_acl_of_a_bucket_lists_and_writes(world):
    world.create()
    assert grants(world.alice.get_bucket_acl(Bucket=world.bucket)) == [FULL]
    assert code(world.eve.list_objects_v2, Bucket=world.bucket) == "AccessDenied"
    assert code(world.alice.put_bucket_acl, Bucket=world.bucket, ACL="public-read-write") == 200
    assert grants(world.alice.get_bucket_acl(Bucket=world.bucket)) == [("AllUsers", "READ"), ("AllUsers", "WRITE"), FULL]
    assert code(world.eve.list_objects_v2, Bucket=world.bucket) == 200
    assert world.anonymous("from-nobody", method="PUT", body=b"x") == 200
    shown = world.alice.get_bucket_acl(Bucket=world.bucket)
    # What nobody signed for is nobody's: its ACL is not for the bucket's owner to read.
    assert code(world.alice.get_object_acl, Bucket=world.bucket, Key="from-nobody") == "AccessDenied"
    assert world.get("from-nobody") == "AccessDenied"
    assert world.anonymous("from-nobody") == 403
    assert code(world.alice.delete_object, Bucket=world.bucket, Key="from-nobody") == 204
    assert code(world.alice.put_bucket_ownership_controls, Bucket=world.bucket, OwnershipControls=rules("BucketOwnerEnforced")) == (
        "InvalidBucketAclWithObjectOwnership"
    )
    assert code(world.alice.put_bucket_acl, Bucket=world.bucket, ACL="private") == 200
    assert code(world.eve.list_objects_v2, Bucket=world.bucket) == "AccessDenied"
    assert shown["Owner"] == world.alice.get_bucket_acl(Bucket=world.bucket)["Owner"]


def rules(ownership):
    return {"Rules": [{"ObjectOwnership": ownership}]}


@everywhere
def test_an_object_is_its_writers(world):
    world.create()
    world.open_to_partner()
    world.put(by=world.eve)
    assert (world.get(by=world.eve), world.get()) == (200, "AccessDenied")
    assert code(world.alice.head_object, Bucket=world.bucket, Key="key") == "403"
    assert grants(world.eve.get_object_acl(Bucket=world.bucket, Key="key")) == [FULL]
    source = {"Bucket": world.bucket, "Key": "key"}
    assert code(world.alice.copy_object, Bucket=world.bucket, Key="copy", CopySource=source) == "AccessDenied"
    world.put(by=world.eve, ACL="bucket-owner-full-control")
    assert (world.get(by=world.eve), world.get()) == (200, 200)
    assert world.get(by=world.bob) == "AccessDenied"
    assert code(world.alice.copy_object, Bucket=world.bucket, Key="copy", CopySource=source) == 200
    # A copy has no ACL of its source.
    assert grants(world.alice.get_object_acl(Bucket=world.bucket, Key="copy")) == [FULL]
    # The bucket's owner may delete and replace what it may not read.
    world.put(by=world.eve)
    assert code(world.alice.delete_object, Bucket=world.bucket, Key="key") == 204
    world.put()
    assert (world.get(), world.get(by=world.eve)) == (200, 200)


@everywhere
def test_an_object_may_be_given_to_the_buckets_owner(world):
    world.create("BucketOwnerPreferred")
    world.open_to_partner()
    owner = world.alice.get_bucket_acl(Bucket=world.bucket)["Owner"]["ID"]
    world.put(by=world.eve, ACL="bucket-owner-full-control")
    assert world.alice.get_object_acl(Bucket=world.bucket, Key="key")["Owner"]["ID"] == owner
    world.put(by=world.eve)
    assert world.eve.get_object_acl(Bucket=world.bucket, Key="key")["Owner"]["ID"] != owner
    assert world.get() == "AccessDenied"


@everywhere
def test_uploads_in_parts_have_the_acl_they_were_begun_with(world):
    world.create()
    for acl, status in [("public-read", 200), ("private", 403)]:
        begun = world.alice.create_multipart_upload(Bucket=world.bucket, Key="key", ACL=acl)
        part = {"Bucket": world.bucket, "Key": "key", "UploadId": begun["UploadId"]}
        etag = world.alice.upload_part(PartNumber=1, Body=b"part", **part)["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        assert code(world.alice.complete_multipart_upload, MultipartUpload=parts, **part) == 200
        assert world.anonymous() == status
    begun = world.alice.create_multipart_upload(Bucket=world.bucket, Key="key", ACL="public-read")
    gone = {"Bucket": world.bucket, "Key": "key", "UploadId": begun["UploadId"]}
    assert code(world.alice.abort_multipart_upload, **gone) == 204
    assert world.anonymous() == 403


@pytest.mark.parametrize("world", ["moto", "ceph"], indirect=True)
def test_each_version_has_an_acl_of_its_own(world):
    world.create()
    versioning = {"Status": "Enabled"}
    world.alice.put_bucket_versioning(Bucket=world.bucket, VersioningConfiguration=versioning)
    first = world.put(ACL="public-read")["VersionId"]
    second = world.put(body=b"newer")["VersionId"]
    assert (world.anonymous(), world.anonymous(query=f"?versionId={first}")) == (403, 200)
    assert world.anonymous(query=f"?versionId={second}") == 403
    acl = {"Bucket": world.bucket, "Key": "key", "VersionId": second}
    assert code(world.alice.put_object_acl, ACL="public-read", **acl) == 200
    assert (world.anonymous(), world.anonymous(query=f"?versionId={second}")) == (200, 200)
    assert code(world.alice.put_object_acl, ACL="private", **{**acl, "VersionId": first}) == 200
    assert world.anonymous(query=f"?versionId={first}") == 403
    # A marker comes on top; without it the newer version is the current one, and then the older one.
    marker = world.alice.delete_object(Bucket=world.bucket, Key="key")["VersionId"]
    world.alice.delete_object(Bucket=world.bucket, Key="key", VersionId=marker)
    assert world.anonymous() == 200
    world.alice.delete_object(Bucket=world.bucket, Key="key", VersionId=second)
    assert world.anonymous() == 403
    many = {"Objects": [{"Key": "key", "VersionId": first}, {"Key": "another"}]}
    deleted = world.alice.delete_objects(Bucket=world.bucket, Delete=many)
    assert len(deleted["Deleted"]) == 2


@everywhere
def test_t28_block_public_access_stands_before_acls(world):
    world.create(blocked=True)
    put = {"Bucket": world.bucket, "Key": "key", "Body": b"there"}
    assert code(world.alice.put_object, ACL="public-read", **put) == "AccessDenied"
    assert code(world.alice.put_object, ACL="private", **put) == 200
    assert code(world.alice.put_object_acl, Bucket=world.bucket, Key="key", ACL="public-read") == "AccessDenied"
    assert code(world.alice.put_bucket_acl, Bucket=world.bucket, ACL="public-read") == "AccessDenied"
    begin = {"Bucket": world.bucket, "Key": "key", "ACL": "public-read"}
    assert code(world.alice.create_multipart_upload, **begin) == "AccessDenied"
    source = {"Bucket": world.bucket, "Key": "key"}
    assert code(world.alice.copy_object, CopySource=source, **begin) == "AccessDenied"
    world.alice.delete_public_access_block(Bucket=world.bucket)
    world.alice.put_object(ACL="public-read", **put)
    assert world.anonymous() == 200
    ignoring = {name: name == "IgnorePublicAcls" for name in ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]}
    world.alice.put_public_access_block(Bucket=world.bucket, PublicAccessBlockConfiguration=ignoring)
    assert world.anonymous() == 403
    assert grants(world.alice.get_object_acl(Bucket=world.bucket, Key="key")) == [FULL]


@on_one
def test_what_a_new_bucket_may_have(world):
    create = world.alice.create_bucket
    public = {"Bucket": world.bucket, "ACL": "public-read"}
    assert code(create, **public) == "InvalidBucketAclWithObjectOwnership"
    assert code(create, ObjectOwnership="ObjectWriter", **public) == "InvalidBucketAclWithBlockPublicAccessError"
    assert code(create, Bucket=world.bucket, ACL="authenticated-read", ObjectOwnership="BucketOwnerEnforced") == (
        "InvalidBucketAclWithObjectOwnership"
    )
    assert code(create, Bucket=world.bucket, ACL="private", ObjectOwnership="BucketOwnerPreferred") == 200
    found = world.alice.get_bucket_ownership_controls(Bucket=world.bucket)["OwnershipControls"]
    assert found == rules("BucketOwnerPreferred")


@everywhere
def test_disabled_acls_are_ignored_and_come_back(world):
    world.create()
    world.put(ACL="public-read")
    world.put("other", ACL="public-read")
    controls = {"Bucket": world.bucket}
    world.alice.put_bucket_ownership_controls(OwnershipControls=rules("BucketOwnerEnforced"), **controls)
    assert world.anonymous() == 403
    assert grants(world.alice.get_object_acl(Bucket=world.bucket, Key="key")) == [FULL]
    assert code(world.alice.put_object_acl, Bucket=world.bucket, Key="key", ACL="public-read") == "AccessControlListNotSupported"
    # What is written meanwhile has no ACL, whatever was there before had.
    world.put()
    world.alice.put_bucket_ownership_controls(OwnershipControls=rules("ObjectWriter"), **controls)
    assert (world.anonymous(), world.anonymous("other")) == (403, 200)


@everywhere
def test_t05_an_object_that_is_made_anew_inherits_no_acl(world):
    world.create()
    world.put(ACL="public-read")
    assert code(world.alice.delete_object, Bucket=world.bucket, Key="key") == 204
    world.put()
    assert world.anonymous() == 403
    world.put(ACL="public-read")
    many = {"Objects": [{"Key": "key"}]}
    world.alice.delete_objects(Bucket=world.bucket, Delete=many)
    world.alice.delete_bucket(Bucket=world.bucket)
    world.create()
    direct(world.server).s3().put_object(Bucket=world.bucket, Key="key", Body=b"around")
    assert world.anonymous() == 403


@on_one
def test_records_outlive_the_gateway(world, demo, launch, new_bucket):
    server = getattr(demo, "upstream", demo)
    gateway = launch({"demo": upstream(server, profile="demo")}, users=Users())
    world = World(server, gateway, new_bucket("outlive")).create()
    world.put(ACL="public-read")
    world.put("private")
    begun = world.alice.create_multipart_upload(Bucket=world.bucket, Key="parts", ACL="public-read")
    gateway.stop()
    gateway.process = gateway._start()
    world = World(server, gateway, world.bucket)
    assert (world.anonymous(), world.anonymous("private")) == (200, 403)
    part = {"Bucket": world.bucket, "Key": "parts", "UploadId": begun["UploadId"]}
    etag = world.alice.upload_part(PartNumber=1, Body=b"part", **part)["ETag"]
    world.alice.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}, **part)
    assert world.anonymous("parts") == 200


@on_one
def test_the_access_log_says_whether_an_acl_was_needed(world):
    world.create()
    world.put(ACL="public-read")
    world.put("other", ACL="bucket-owner-full-control")
    world.anonymous()
    world.get()

    def needed(record):
        return record["key_name"], record["operation_name"], record["requester"] is None, record["acl_required"]

    wanted = {
        ("key", "PutObject", False, "Yes"),
        ("other", "PutObject", False, None),
        ("key", "GetObject", True, "Yes"),
        ("key", "GetObject", False, None),
    }
    deadline = time.monotonic() + 10
    while True:
        found = {needed(record) for record in world.gateway.records() if record.get("bucket_name") == world.bucket}
        if wanted <= found or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert wanted <= found


@on_one
def test_overwriting_what_is_public_with_what_is_private_never_shows_it(world):
    """Readers without a signature see public bytes or nothing, however reads and writes fall together."""
    world.create()
    world.put(body=b"public", ACL="public-read")
    stop, seen, lost = threading.Event(), [], []
    url = f"{world.gateway.endpoint}/{world.bucket}/key"

    def read():
        while not stop.is_set():
            try:
                with urllib.request.urlopen(url) as answer:
                    seen.append(answer.read())
            except urllib.error.HTTPError as error:
                lost.append(error.code)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(60):
        world.put(body=b"private")
        world.put(body=b"public", ACL="public-read")
    stop.set()
    for reader in readers:
        reader.join()
    assert set(seen) == {b"public"}
    assert set(lost) == {403}
