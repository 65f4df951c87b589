"""Tags: kept by the gateway before stores that have none, and the same calls straight to stores that have."""

import json
import threading

import pytest
from botocore.exceptions import ClientError
from servers.gateway import allow, document
from sides import direct, through
from test_settings_compared import Cli

# Which keep no tags, and which do.
WITHOUT, WITH = ["demo", "garage"], ["moto", "ceph"]

# Where a store does otherwise than AWS, and the gateway as AWS does.
DOCUMENTED = {
    "long key": "a tag's key has at most 128 characters (S3 User Guide, object-tagging); InvalidTag (S3 error list)",
    "long value": "a tag's value has at most 256 characters (S3 User Guide, object-tagging); InvalidTag (S3 error list)",
    "eleven": "an object has at most 10 tags (S3 User Guide, object-tagging); BadRequest (observed)",
    "fifty-one": "a bucket has at most 50 tags (S3 API, PutBucketTagging); BadRequest (observed)",
    "aws key": "keys that begin with `aws:` are AWS's own (S3 User Guide, object-tagging); InvalidTag (observed)",
    "twice": "a key comes once (S3 API, PutObjectTagging)",
    "header twice": "the header is a query without duplicates (observed)",
    "bad character": "some characters are not allowed in tags (S3 User Guide, object-tagging)",
    "tags of nothing": "GetObjectTagging of a key that is not there is NoSuchKey (S3 API)",
    "tag nothing": "PutObjectTagging of a key that is not there is NoSuchKey (S3 API)",
    "untag nothing": "DeleteObjectTagging of a key that is not there is NoSuchKey (observed)",
    "delete no bucket tags": "DeleteBucketTagging is idempotent (S3 API)",
    "bucket tags": "PutBucketTagging answers 204 (observed)",
    "still ten": "what is refused changes nothing",
    "copied": "a copy keeps the tags of its source unless it replaces them (S3 API, CopyObject)",
    "copied anew": "a copy that replaces tags has those of its header (S3 API, CopyObject)",
    "of header": "the header is encoded as a query, where `+` is a space (S3 API, PutObject)",
    "delete bucket tags": "DeleteBucketTagging answers 204 (S3 API)",
    "count of copy": "as many as there are (S3 API, HeadObject)",
}


@pytest.fixture
def world(gateways, new_bucket, request):
    _, gateway = gateways(request.param)
    bucket = new_bucket("tags")
    alice = through(gateway, user="alice").s3()
    alice.create_bucket(Bucket=bucket)
    return alice, through(gateway, user="bob").s3(), bucket


def everywhere(test):
    marked = [pytest.param(store, marks=[pytest.mark.slow] if store == "garage" else []) for store in WITHOUT]
    return pytest.mark.parametrize("world", marked, indirect=True)(test)


def tag_set(**tags):
    return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}


def numbered(count):
    return tag_set(**{f"key{at}": "v" for at in range(count)})


def tags_of(answer):
    return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}


def count(answer):
    return answer.get("TagCount", 0)


def code(call, **arguments):
    try:
        return call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["Error"]["Code"]


def script(s3, bucket):
    of, key, copy = {"Bucket": bucket}, {"Bucket": bucket, "Key": "key"}, {"Bucket": bucket, "Key": "copy"}
    nothing = {**of, "Key": "nothing"}
    source = {"CopySource": {"Bucket": bucket, "Key": "key"}}
    put, get = s3.put_object_tagging, s3.get_object_tagging
    return [
        ("object", s3.put_object, {**key, "Body": b"x"}, None),
        ("no tags", get, key, tags_of),
        ("no count", s3.head_object, key, count),
        ("put", put, {**key, "Tagging": tag_set(team="data", empty="")}, None),
        ("get", get, key, tags_of),
        ("count", s3.head_object, key, count),
        ("count of get", s3.get_object, key, count),
        ("replace", put, {**key, "Tagging": tag_set(team="lake")}, None),
        ("replaced", get, key, tags_of),
        ("ten", put, {**key, "Tagging": numbered(10)}, None),
        ("eleven", put, {**key, "Tagging": numbered(11)}, None),
        ("long key", put, {**key, "Tagging": tag_set(**{"k" * 129: "v"})}, None),
        ("long value", put, {**key, "Tagging": tag_set(k="v" * 257)}, None),
        ("aws key", put, {**key, "Tagging": tag_set(**{"aws:k": "v"})}, None),
        ("bad character", put, {**key, "Tagging": tag_set(**{"k?": "v"})}, None),
        ("twice", put, {**key, "Tagging": {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}}, None),
        ("still ten", get, key, lambda answer: len(answer["TagSet"])),
        ("copy", s3.copy_object, {**copy, **source}, None),
        ("copied", get, copy, lambda answer: len(answer["TagSet"])),
        ("copy anew", s3.copy_object, {**copy, **source, "TaggingDirective": "REPLACE", "Tagging": "a=1"}, None),
        ("copied anew", get, copy, tags_of),
        ("count of copy", s3.head_object, copy, count),
        ("delete", s3.delete_object_tagging, key, None),
        ("deleted", get, key, tags_of),
        ("delete none", s3.delete_object_tagging, key, None),
        ("with header", s3.put_object, {**key, "Body": b"x", "Tagging": "team=data&b=%C3%BC+x"}, None),
        ("of header", get, key, tags_of),
        ("header twice", s3.put_object, {**key, "Body": b"x", "Tagging": "a=1&a=2"}, None),
        ("overwritten", s3.put_object, {**key, "Body": b"x"}, None),
        ("of overwritten", get, key, tags_of),
        ("tags of nothing", get, nothing, None),
        ("tag nothing", put, {**nothing, "Tagging": tag_set(a="1")}, None),
        ("untag nothing", s3.delete_object_tagging, nothing, None),
        ("no bucket tags", s3.get_bucket_tagging, of, None),
        ("bucket tags", s3.put_bucket_tagging, {**of, "Tagging": tag_set(team="data")}, None),
        ("of bucket", s3.get_bucket_tagging, of, tags_of),
        ("fifty-one", s3.put_bucket_tagging, {**of, "Tagging": numbered(51)}, None),
        ("delete bucket tags", s3.delete_bucket_tagging, of, None),
        ("deleted bucket tags", s3.get_bucket_tagging, of, None),
        ("delete no bucket tags", s3.delete_bucket_tagging, of, None),
    ]


def run(s3, bucket):
    answers = {}
    for name, call, arguments, counts in script(s3, bucket):
        try:
            answer = call(**arguments)
            status = answer["ResponseMetadata"]["HTTPStatusCode"]
            answers[name] = (status, counts(answer) if counts else None)
        except ClientError as error:
            answers[name] = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
    return answers


@pytest.mark.parametrize("native", WITH)
@pytest.mark.parametrize("world", ["demo"], indirect=True)
def test_the_same_calls_get_the_same_answers_as_from_a_store_with_tags(world, native, request, new_bucket):
    alice, _, bucket = world
    server = request.getfixturevalue(native)
    server = getattr(server, "upstream", server)
    straight = direct(server).s3()
    theirs = new_bucket("tags")
    straight.create_bucket(Bucket=theirs)
    expected, found = run(straight, theirs), run(alice, bucket)
    differing = {name for name in expected if expected[name] != found[name]}
    surprising = {name: (expected[name], found[name]) for name in differing - DOCUMENTED.keys()}
    assert surprising == {}


@everywhere
def test_tags_are_put_and_shown_and_nothing_of_them_goes_to_the_store(world):
    alice, _, bucket = world
    answers = run(alice, bucket)
    assert answers["get"] == (200, {"team": "data", "empty": ""})
    assert answers["count"] == answers["count of get"] == (200, 2)
    assert answers["eleven"] == (400, "BadRequest")
    assert answers["copied"] == (200, 10)
    assert answers["copied anew"] == (200, {"a": "1"})
    assert answers["of header"] == (200, {"team": "data", "b": "ü x"})
    assert answers["of overwritten"] == (200, {})
    assert answers["tags of nothing"] == answers["tag nothing"] == (404, "NoSuchKey")
    assert answers["deleted bucket tags"] == (404, "NoSuchTagSet")


@pytest.mark.parametrize("world", ["demo"], indirect=True)
def test_the_life_of_tags_by_the_aws_cli(world, gateways, tmp_path):
    _, _, bucket = world
    aws, of = Cli(through(gateways("demo")[1]), tmp_path), ["--bucket", bucket]
    aws("put-bucket-tagging", *of, "--tagging", tag_set(team="data"))
    assert tags_of(aws("get-bucket-tagging", *of)) == {"team": "data"}
    aws("delete-bucket-tagging", *of)
    aws("get-bucket-tagging", *of, fails="NoSuchTagSet")
    (tmp_path / "body").write_text("body")
    key = [*of, "--key", "key"]
    aws("put-object", *key, "--body", str(tmp_path / "body"), "--tagging", "team=data&b=1")
    assert tags_of(aws("get-object-tagging", *key)) == {"team": "data", "b": "1"}
    assert aws("head-object", *key)["TagCount"] == 2
    copy = ["copy-object", *of, "--key", "copy", "--copy-source", f"{bucket}/key"]
    aws(*copy)
    assert len(aws("get-object-tagging", *of, "--key", "copy")["TagSet"]) == 2
    aws(*copy, "--tagging-directive", "REPLACE", "--tagging", "a=1")
    assert tags_of(aws("get-object-tagging", *of, "--key", "copy")) == {"a": "1"}
    aws("put-object-tagging", *key, "--tagging", numbered(11), fails="BadRequest")
    aws("delete-object-tagging", *key)
    assert aws("get-object-tagging", *key)["TagSet"] == []


@everywhere
def test_an_upload_in_parts_has_the_tags_it_was_begun_with(world):
    alice, _, bucket = world
    of = {"Bucket": bucket, "Key": "large"}
    upload = alice.create_multipart_upload(**of, Tagging="team=data")["UploadId"]
    part = alice.upload_part(**of, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    alice.complete_multipart_upload(**of, UploadId=upload, MultipartUpload=parts)
    assert tags_of(alice.get_object_tagging(**of)) == {"team": "data"}


@everywhere
def test_policies_decide_by_the_tags_that_are_kept(world):
    alice, bob, bucket = world
    everything = f"arn:aws:s3:::{bucket}/*"
    bob_arn = "arn:aws:iam::111122223333:user/bob"
    open_ones = {"StringEquals": {"s3:ExistingObjectTag/class": "open"}}
    statement = allow("s3:GetObject", everything, Principal={"AWS": bob_arn}, Condition=open_ones)
    alice.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document(statement)))
    of = {"Bucket": bucket, "Key": "key"}
    alice.put_object(**of, Body=b"x")
    assert code(bob.get_object, **of) == "AccessDenied"
    alice.put_object_tagging(**of, Tagging=tag_set(**{"class": "open"}))
    assert code(bob.get_object, **of) == 200
    alice.put_object(**of, Body=b"secret")
    assert code(bob.get_object, **of) == "AccessDenied"
    alice.put_object(**of, Body=b"x", Tagging="class=open")
    assert code(bob.get_object, **of) == 200
    # Whoever may read the object may not therefore know how many tags it has.
    assert "TagCount" not in bob.get_object(**of)
    assert alice.get_object(**of)["TagCount"] == 1


@pytest.mark.parametrize("world", ["demo"], indirect=True)
def test_t05_a_key_or_a_bucket_that_is_made_anew_inherits_no_tags(world):
    alice, _, bucket = world
    of = {"Bucket": bucket, "Key": "key"}
    alice.put_object(**of, Body=b"x", Tagging="team=data")
    alice.put_bucket_tagging(Bucket=bucket, Tagging=tag_set(team="data"))
    alice.delete_object(**of)
    alice.put_object(**of, Body=b"y")
    assert tags_of(alice.get_object_tagging(**of)) == {}
    alice.put_object_tagging(**of, Tagging=tag_set(team="data"))
    alice.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key"}]})
    alice.put_object(**of, Body=b"z")
    assert tags_of(alice.get_object_tagging(**of)) == {}
    alice.delete_object(**of)
    alice.delete_bucket(Bucket=bucket)
    alice.create_bucket(Bucket=bucket)
    assert code(alice.get_bucket_tagging, Bucket=bucket) == "NoSuchTagSet"
    alice.put_object(**of, Body=b"x")
    assert tags_of(alice.get_object_tagging(**of)) == {}


@pytest.mark.parametrize("world", ["demo"], indirect=True)
def test_a_bucket_is_created_with_its_tags(world):
    alice, _, bucket = world
    alice.delete_bucket(Bucket=bucket)
    alice.create_bucket(Bucket=bucket, CreateBucketConfiguration={"Tags": [{"Key": "team", "Value": "data"}]})
    assert tags_of(alice.get_bucket_tagging(Bucket=bucket)) == {"team": "data"}


@pytest.mark.parametrize("world", ["demo"], indirect=True)
def test_the_first_tags_of_a_bucket_meet_writers_without_any(world):
    """What is written while records begin to be kept never has the tags of what was there before."""
    alice, _, bucket = world
    of = {"Bucket": bucket, "Key": "key"}
    for _ in range(10):
        alice.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key"}]})
        alice.delete_bucket(Bucket=bucket)
        alice.create_bucket(Bucket=bucket)
        alice.put_object(**of, Body=b"before")
        writer = threading.Thread(target=lambda: alice.put_object(**of, Body=b"after"))
        writer.start()
        alice.put_object_tagging(**of, Tagging=tag_set(team="data"))
        writer.join()
        # Tagged last or written last: one of both, and the tags are gone with the next write anyhow.
        alice.put_object(**of, Body=b"later")
        assert tags_of(alice.get_object_tagging(**of)) == {}


@pytest.mark.parametrize("world", ["demo"], indirect=True)
def test_changes_of_tags_and_acls_at_the_same_time_are_all_kept(world):
    alice, _, bucket = world
    alice.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    alice.delete_public_access_block(Bucket=bucket)
    of = {"Bucket": bucket, "Key": "key"}
    for round in range(10):
        alice.put_object(**of, Body=b"x")
        calls = [
            lambda: alice.put_object_acl(**of, ACL="public-read"),
            lambda: alice.put_object_tagging(**of, Tagging=tag_set(round=str(round))),
        ]
        threads = [threading.Thread(target=call) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert tags_of(alice.get_object_tagging(**of)) == {"round": str(round)}
        assert len(alice.get_object_acl(**of)["Grants"]) == 2
