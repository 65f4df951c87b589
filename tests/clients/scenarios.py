"""What clients do. Each scenario runs straight against an upstream and through the gateway; both must see the same.

A scenario takes the side it runs on, a boto3 client of that side and a transcript; its bucket exists and is empty.
What must hold on every upstream is asserted here as well, so that two equal failures do not pass as equal answers.
"""

import datetime
import hashlib
import io
import ssl
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote_plus

import wire
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from sigv4 import UNSIGNED
from transcript import Transcript

MIB = 1 << 20
# Every fourth of these bytes differs from the ones around it, so that a shifted or repeated piece shows.
PATTERN = b"".join(i.to_bytes(4, "big") for i in range(MIB // 4))

SCENARIOS = []


@dataclass(frozen=True)
class Scenario:
    """Steps to run; `ways` in which to reach the gateway, and what an upstream must have for it."""

    run: object
    ways: tuple
    needs: frozenset

    @property
    def name(self):
        return self.run.__name__


def scenario(ways="http", needs=""):
    def register(run):
        SCENARIOS.append(Scenario(run, tuple(ways.split()), frozenset(needs.split())))
        return run

    return register


def pattern(length):
    """Bytes in which no two places look alike."""
    return (PATTERN * (length // MIB + 1))[:length]


def code(result):
    """The error code of a step, or None if it succeeded."""
    return result.response["Error"]["Code"] if isinstance(result, ClientError) else None


def status(result):
    response = result.response if isinstance(result, ClientError) else result
    return response["ResponseMetadata"]["HTTPStatusCode"]


# Buckets


@scenario("http https virtual", needs="bucket-not-empty")
def buckets_come_and_go(side, s3, t):
    second = f"{t.bucket}-2"
    created = s3.create_bucket(Bucket=second)
    if side.name != "direct":  # Not every upstream says it.
        assert created["Location"] == f"/{second}"
    assert status(t.see("head", s3.head_bucket, Bucket=second)) == 200
    names = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    t.note("listed", second in names)
    t.see("location", s3.get_bucket_location, Bucket=second)
    s3.put_object(Bucket=second, Key="k", Body=b"x")
    assert code(t.see("delete while full", s3.delete_bucket, Bucket=second)) == "BucketNotEmpty"
    s3.delete_object(Bucket=second, Key="k")
    assert status(t.see("delete", s3.delete_bucket, Bucket=second)) == 204
    assert status(t.see("head after", s3.head_bucket, Bucket=second)) == 404
    assert code(t.see("delete again", s3.delete_bucket, Bucket=second)) == "NoSuchBucket"


@scenario("http virtual", needs="no-such-bucket")
def a_missing_bucket_is_no_such_bucket(side, s3, t):
    missing = f"{t.bucket}-missing"
    for label, call, more in [
        ("get", s3.get_object, {"Key": "k"}),
        ("put", s3.put_object, {"Key": "k", "Body": b""}),
        ("list", s3.list_objects_v2, {}),
        ("uploads", s3.list_multipart_uploads, {}),
    ]:
        assert code(t.see(label, call, Bucket=missing, **more)) == "NoSuchBucket", label
    assert status(t.see("head", s3.head_bucket, Bucket=missing)) == 404
    assert status(t.see("head object", s3.head_object, Bucket=missing, Key="k")) == 404


# Objects


@scenario("http https virtual")
def an_object_is_put_read_and_deleted(side, s3, t):
    body = b"hello, world\n"
    t.see("put", s3.put_object, Bucket=t.bucket, Key="greeting.txt", Body=body, ContentType="text/plain")
    got = t.see("get", s3.get_object, Bucket=t.bucket, Key="greeting.txt")
    assert got["Body"] == body and got["ContentType"] == "text/plain"
    head = t.see("head", s3.head_object, Bucket=t.bucket, Key="greeting.txt")
    assert head["ContentLength"] == len(body) and head["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert "aws-chunked" not in head.get("ContentEncoding", "")
    assert status(t.see("delete", s3.delete_object, Bucket=t.bucket, Key="greeting.txt")) == 204
    assert code(t.see("get after", s3.get_object, Bucket=t.bucket, Key="greeting.txt")) == "NoSuchKey"
    assert status(t.see("head after", s3.head_object, Bucket=t.bucket, Key="greeting.txt")) == 404
    assert status(t.see("delete again", s3.delete_object, Bucket=t.bucket, Key="greeting.txt")) == 204


@scenario("http https")
def sizes_around_every_buffer_come_back_whole(side, s3, t):
    for size in [0, 1, 2, 4095, 8192, 65535, 65536, 65537, 131072, MIB + 1, 5 * MIB + 3]:
        body = pattern(size)
        t.see(f"put {size}", s3.put_object, Bucket=t.bucket, Key=f"k{size}", Body=body)
        got = t.see(f"get {size}", s3.get_object, Bucket=t.bucket, Key=f"k{size}")
        assert got["Body"] == body, size
        assert got["ContentLength"] == size


@scenario("http https")
def empty_objects(side, s3, t):
    for label, body in [("bytes", b""), ("file", io.BytesIO(b""))]:
        t.see(f"put {label}", s3.put_object, Bucket=t.bucket, Key=label, Body=body)
        got = t.see(f"get {label}", s3.get_object, Bucket=t.bucket, Key=label)
        assert got["Body"] == b"" and got["ContentLength"] == 0
    t.see("put nothing", s3.put_object, Bucket=t.bucket, Key="nothing")
    assert status(t.see("range of nothing", s3.get_object, Bucket=t.bucket, Key="nothing", Range="bytes=0-0")) == 416


@scenario("http https virtual")
def metadata_and_content_headers_come_back(side, s3, t):
    given = {
        "CacheControl": "max-age=60, private",
        "ContentDisposition": 'attachment; filename="a b.txt"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de, en",
        "ContentType": "text/plain; charset=utf-8",
        "Expires": datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        "Metadata": {"simple": "value", "spaces": "a  b", "upper-Case": "MiXed", "long": "x" * 1000, "sign": "+/=%20"},
    }
    t.see("put", s3.put_object, Bucket=t.bucket, Key="k", Body=b"body", **given)
    head = t.see("head", s3.head_object, Bucket=t.bucket, Key="k")
    assert head["Metadata"]["simple"] == "value" and head["Metadata"]["sign"] == "+/=%20"
    assert head["ContentEncoding"] == "gzip" and head["CacheControl"] == "max-age=60, private"
    t.see("get", s3.get_object, Bucket=t.bucket, Key="k")


@scenario("http https")
def response_headers_can_be_overridden(side, s3, t):
    s3.put_object(Bucket=t.bucket, Key="k", Body=b"body")
    got = t.see(
        "get", s3.get_object, Bucket=t.bucket, Key="k", ResponseContentType="x/y", ResponseCacheControl="no-store",
        ResponseContentDisposition='attachment; filename="ü b"', ResponseContentLanguage="fr",
    )  # fmt: skip
    assert got["ContentType"] == "x/y"


@scenario("http https")
def content_md5_is_checked(side, s3, t):
    good = "XUFAKrxLKna5cZ2REBfFkg=="  # of "hello"
    assert code(t.see("right", s3.put_object, Bucket=t.bucket, Key="right", Body=b"hello", ContentMD5=good)) is None


# Keys

AWKWARD_KEYS = [
    "with space", " leading and trailing ", "plus+plus", "per%cent", "%2F", "%252F", "a%20b", "trailing/", "ümläut/ß", "日本語", "🙂", "question?mark=1", "?acl",
    "hash#tag", "amper&sand", "semi;colon", "equals=sign", "colon:colon", "quote'single", 'quote"double', "tilde~",
    "star*", "paren(s)", "brackets[]", "braces{}", "pipe|", "back\\slash", "caret^", "back`tick", "less<greater>",
    "at@dollar$", "comma,", "exclamation!", "dot.", ".hidden", "-dash", "_under", "~", "%", "+", "c" * 1024,
    "é" * 512, "long/" + "d/" * 400 + "end", "uploads", "acl", "list-type=2", "AbC", "abc",
]  # fmt: skip


EMPTY_SEGMENTS = ["double//slash", "///three", "/leading/slash", "leading/slash", "trailing//", "/", "a///b"]


@scenario("http https virtual")
def awkward_keys_stay_what_they_are(side, s3, t):
    keys_stay_what_they_are(s3, t, AWKWARD_KEYS)


@scenario("http https virtual", needs="empty-segments")
def keys_with_empty_segments(side, s3, t):
    keys_stay_what_they_are(s3, t, EMPTY_SEGMENTS)
    source = {"Bucket": t.bucket, "Key": "leading/slash"}
    t.see("copy", s3.copy_object, Bucket=t.bucket, Key="//copy", CopySource=source)
    t.see("copy of it", s3.copy_object, Bucket=t.bucket, Key="copy", CopySource={"Bucket": t.bucket, "Key": "//copy"})
    assert t.see("get", s3.get_object, Bucket=t.bucket, Key="copy")["Body"] == b"leading/slash"


def keys_stay_what_they_are(s3, t, keys):
    def round_trip(key):
        own = Transcript(t.bucket, t.server)
        own.see("put", s3.put_object, Bucket=t.bucket, Key=key, Body=key.encode())
        assert own.see("get", s3.get_object, Bucket=t.bucket, Key=key)["Body"] == key.encode(), key
        own.see("head", s3.head_object, Bucket=t.bucket, Key=key)
        return own.steps

    with ThreadPoolExecutor(8) as pool:
        for key, steps in zip(keys, pool.map(round_trip, keys)):
            t.note(key, steps)
    for encoding in [{}, {"EncodingType": "url"}]:
        listed = t.see(f"list {encoding}", s3.list_objects_v2, Bucket=t.bucket, **encoding)
        assert listed["KeyCount"] == len(keys)
    deleted = keys[::2]
    for key in deleted:
        assert status(t.see(f"delete {key}", s3.delete_object, Bucket=t.bucket, Key=key)) == 204
    left = [each["Key"] for each in s3.list_objects_v2(Bucket=t.bucket)["Contents"]]
    assert sorted(left) == sorted(set(keys) - set(deleted))


# Targets as they stand on the wire: what SDKs would rewrite before sending.
RAW_KEYS = [
    "a/../b", "..", "../x", "a/./b", "./x", ".", "%2e%2e/b", "a%2Fb", "a%2fb", "%252e", "%41", "%c3%a4",
    "a+b", "a%2Bb", "a%20b", "x;y=z", "x%3Facl", "x%23y", "a%7E", "~", "a:b@c", "a'b", "a%22b", "a%5Cb",
    "a=b&c", "a!b*c(d)",
]  # fmt: skip


@scenario("http", needs="raw-targets")
def raw_targets_stay_byte_for_byte(side, s3, t):
    raw_targets_stay(side, s3, t, RAW_KEYS)


@scenario("http", needs="empty-segments")
def raw_targets_with_empty_segments(side, s3, t):
    raw_targets_stay(side, s3, t, ["a//b", "//a", "a/", "a//", "/"])


def raw_targets_stay(side, s3, t, keys):
    for key in keys:
        target = f"/{t.bucket}/{key}"
        put = t.see_raw(f"put {key}", side.raw("PUT", target, key.encode()))
        assert put.status == 200, (key, put)
        got = t.see_raw(f"get {key}", side.raw("GET", target))
        assert got.body == key.encode(), (key, got)
        t.see_raw(f"head {key}", side.raw("HEAD", target))
    t.see("list", s3.list_objects_v2, Bucket=t.bucket, EncodingType="url")


# Reading parts, and on conditions


@scenario("http https")
def ranges(side, s3, t):
    body = pattern(200_000)
    s3.put_object(Bucket=t.bucket, Key="k", Body=body)
    for wanted, expected in [
        ("bytes=0-0", body[:1]), ("bytes=1-2", body[1:3]), ("bytes=100-", body[100:]), ("bytes=-5", body[-5:]),
        ("bytes=0-199999", body), ("bytes=199999-", body[-1:]), ("bytes=199990-300000", body[199990:]),
        ("bytes=65530-65545", body[65530:65546]), ("bytes=-200000", body),
    ]:  # fmt: skip
        got = t.see(wanted, s3.get_object, Bucket=t.bucket, Key="k", Range=wanted)
        assert status(got) == 206 and got["Body"] == expected, wanted
        t.see(f"head {wanted}", s3.head_object, Bucket=t.bucket, Key="k", Range=wanted)
    for wanted in ["bytes=200000-", "bytes=300000-300001"]:
        assert status(t.see(wanted, s3.get_object, Bucket=t.bucket, Key="k", Range=wanted)) == 416
    for wanted in ["bytes=5-1", "rows=1-2", "bytes=x-y"]:
        t.see(wanted, s3.get_object, Bucket=t.bucket, Key="k", Range=wanted)


@scenario("http https", needs="conditional-reads")
def conditions_on_reads(side, s3, t):
    s3.put_object(Bucket=t.bucket, Key="k", Body=b"body")
    head = s3.head_object(Bucket=t.bucket, Key="k")
    etag, written, day = head["ETag"], head["LastModified"], datetime.timedelta(days=1)
    before, after = written - day, written + day
    # A date in the future is none to AWS, so "after" asks for nothing here.
    for expected, condition in [
        (200, {"IfMatch": etag}), (412, {"IfMatch": '"0123"'}), (304, {"IfNoneMatch": etag}),
        (200, {"IfNoneMatch": '"0123"'}), (200, {"IfModifiedSince": before}), (304, {"IfModifiedSince": written}),
        (200, {"IfUnmodifiedSince": after}), (412, {"IfUnmodifiedSince": before}),
    ]:  # fmt: skip
        label = "".join(condition)
        # Garage's 412 has no document; the gateway's has.
        see = t.see_status if expected == 412 else t.see
        got = see(f"get {label} {expected}", s3.get_object, Bucket=t.bucket, Key="k", **condition)
        assert status(got) == expected, condition
        t.see(f"head {label} {expected}", s3.head_object, Bucket=t.bucket, Key="k", **condition)


@scenario("http https", needs="conditional-writes")
def conditions_on_writes(side, s3, t):
    t.see("new", s3.put_object, Bucket=t.bucket, Key="k", Body=b"1", IfNoneMatch="*")
    assert status(t.see("existing", s3.put_object, Bucket=t.bucket, Key="k", Body=b"2", IfNoneMatch="*")) == 412
    t.see("wrong etag", s3.put_object, Bucket=t.bucket, Key="k", Body=b"2", IfMatch='"0123"')
    assert t.see("get", s3.get_object, Bucket=t.bucket, Key="k")["Body"] == b"1"


@scenario("http", needs="keep-alive conditional-reads")
def a_304_keeps_the_connection(side, s3, t):
    s3.put_object(Bucket=t.bucket, Key="k", Body=b"body")
    etag = s3.head_object(Bucket=t.bucket, Key="k")["ETag"]
    target = f"/{t.bucket}/k"
    with wire.Connection(side.endpoint, side.ca) as connection:
        for extra, expected in [([("if-none-match", etag)], 304), ([], 200), ([("range", "bytes=0-1")], 206)]:
            connection.send("GET", target, side.signer.headers("GET", target, side.host, UNSIGNED, extra))
            assert t.see_raw(f"{expected}", connection.receive()).status == expected


# Copies


@scenario("http https virtual", needs="copy")
def copies(side, s3, t):
    other = f"{t.bucket}-other"
    s3.create_bucket(Bucket=other)
    s3.put_object(Bucket=t.bucket, Key="source", Body=b"copied", Metadata={"colour": "red"}, ContentType="text/x-one")
    source = {"Bucket": t.bucket, "Key": "source"}
    t.see("same bucket", s3.copy_object, Bucket=t.bucket, Key="copy", CopySource=source)
    t.see("head copy", s3.head_object, Bucket=t.bucket, Key="copy")
    t.see("other bucket", s3.copy_object, Bucket=other, Key="copy", CopySource=source)
    assert t.see("get other", s3.get_object, Bucket=other, Key="copy")["Body"] == b"copied"
    replaced = {"MetadataDirective": "REPLACE", "Metadata": {"shape": "round"}, "ContentType": "text/x-two"}
    t.see("replace", s3.copy_object, Bucket=t.bucket, Key="replaced", CopySource=source, **replaced)
    head = t.see("head replaced", s3.head_object, Bucket=t.bucket, Key="replaced")
    assert head["Metadata"] == {"shape": "round"} and head["ContentType"] == "text/x-two"
    missing = {"Bucket": t.bucket, "Key": "missing"}
    assert status(t.see("missing source", s3.copy_object, Bucket=t.bucket, Key="x", CopySource=missing)) == 404
    gone = {"Bucket": f"{t.bucket}-gone", "Key": "k"}
    assert status(t.see("missing source bucket", s3.copy_object, Bucket=t.bucket, Key="x", CopySource=gone)) == 404


@scenario("http virtual", needs="copy")
def copies_of_awkward_keys(side, s3, t):
    for key in ["with space", "plus+plus", "per%cent", "%2F", "ümläut", "question?mark", "amper&sand", "a=b"]:
        s3.put_object(Bucket=t.bucket, Key=key, Body=key.encode())
        source = {"Bucket": t.bucket, "Key": key}
        t.see(f"copy {key}", s3.copy_object, Bucket=t.bucket, Key=f"copy of {key}", CopySource=source)
        got = t.see(f"get {key}", s3.get_object, Bucket=t.bucket, Key=f"copy of {key}")
        assert got["Body"] == key.encode(), key


# Deletes


@scenario("http https virtual")
def a_thousand_keys_are_deleted_at_once(side, s3, t):
    keys = [f"k{i:04}" for i in range(1000)]
    fill(s3, t.bucket, keys[:40])
    document = {"Objects": [{"Key": key} for key in keys]}
    answer = t.see("loud", s3.delete_objects, Bucket=t.bucket, Delete=document)
    assert len(answer["Deleted"]) == 1000 and "Errors" not in answer
    fill(s3, t.bucket, ["a", "b & c", "<d>", "ü"])
    quiet = {"Objects": [{"Key": key} for key in ["a", "b & c", "<d>", "ü", "missing"]], "Quiet": True}
    answer = s3.delete_objects(Bucket=t.bucket, Delete=quiet)
    assert not answer.get("Errors"), answer
    if side.name != "direct":  # moto names what it deleted all the same.
        assert "Deleted" not in answer
    assert t.see("list", s3.list_objects_v2, Bucket=t.bucket)["KeyCount"] == 0


# Listings. The 2,500 keys are in a bucket of their own, filled once for each upstream, see `test_transparency`.

MANY_KEYS = [f"{'abcde'[i % 5]}/{i // 50:02}/key {i:04}" for i in range(2500)]


def fill(s3, bucket, keys):
    """Puts small objects."""
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(lambda key: s3.put_object(Bucket=bucket, Key=key, Body=key.encode()), keys):
            pass


def list_every_way(s3, t):
    """Walks a listing in every paging style and notes each page."""
    for label, style in [
        ("plain", {}),
        ("pages of 7", {"Prefix": "a/00", "MaxKeys": 3}),
        ("delimiter", {"Delimiter": "/"}),
        ("prefix and delimiter", {"Prefix": "b/", "Delimiter": "/", "MaxKeys": 4}),
        ("url", {"Prefix": "c/0", "EncodingType": "url"}),
        ("none", {"Prefix": "nothing here"}),
        ("zero", {"MaxKeys": 0}),
    ]:
        walk_v2(s3, t, label, style)
        walk_v1(s3, t, label, style)
    walk_v2(s3, t, "after", {"StartAfter": "d/20/key 1003", "MaxKeys": 500})
    walk_v1(s3, t, "after", {"Marker": "d/20/key 1003", "MaxKeys": 500})
    walk_v2(s3, t, "with owner", {"FetchOwner": True, "Prefix": "e/49"})
    for label, wrong in [("negative", {"MaxKeys": -1}), ("encoding", {"EncodingType": "nonsense"})]:
        t.see(label, s3.list_objects_v2, Bucket=t.bucket, **wrong)


def walk_v2(s3, t, label, style):
    keys, more = [], {}
    for page in range(2000):
        got = t.see(f"v2 {label} {page}", s3.list_objects_v2, Bucket=t.bucket, **{**style, **more})
        keys += [each["Key"] for each in got.get("Contents", [])]
        if not got["IsTruncated"]:
            break
        more = {"ContinuationToken": got["NextContinuationToken"]}
    check_keys(keys, style)


def walk_v1(s3, t, label, style):
    keys, more = [], {}
    for page in range(2000):
        got = t.see(f"v1 {label} {page}", s3.list_objects, Bucket=t.bucket, **{**style, **more})
        keys += [each["Key"] for each in got.get("Contents", [])]
        if not got["IsTruncated"]:
            break
        more = {"Marker": got.get("NextMarker") or got["Contents"][-1]["Key"]}
    check_keys(keys, style)


def check_keys(keys, style):
    if "Delimiter" in style or style.get("MaxKeys") == 0 or "StartAfter" in style or "Marker" in style:
        return
    keys = [unquote_plus(key) for key in keys] if "EncodingType" in style else keys
    assert keys == sorted(key for key in MANY_KEYS if key.startswith(style.get("Prefix", "")))


# Versions


@scenario("http https", needs="versions")
def versions(side, s3, t):
    t.see("enable", s3.put_bucket_versioning, Bucket=t.bucket, VersioningConfiguration={"Status": "Enabled"})
    assert t.see("versioning", s3.get_bucket_versioning, Bucket=t.bucket)["Status"] == "Enabled"
    first = t.see("put 1", s3.put_object, Bucket=t.bucket, Key="k", Body=b"one")["VersionId"]
    second = t.see("put 2", s3.put_object, Bucket=t.bucket, Key="k", Body=b"two")["VersionId"]
    assert t.see("get 1", s3.get_object, Bucket=t.bucket, Key="k", VersionId=first)["Body"] == b"one"
    assert t.see("get", s3.get_object, Bucket=t.bucket, Key="k")["Body"] == b"two"
    assert t.see("delete", s3.delete_object, Bucket=t.bucket, Key="k")["DeleteMarker"]
    assert status(t.see("get deleted", s3.get_object, Bucket=t.bucket, Key="k")) == 404
    assert status(t.see("head deleted", s3.head_object, Bucket=t.bucket, Key="k")) == 404
    t.see("list", s3.list_object_versions, Bucket=t.bucket)
    walk_versions(s3, t)
    t.see("delete 2", s3.delete_object, Bucket=t.bucket, Key="k", VersionId=second)
    t.see("get 2", s3.get_object, Bucket=t.bucket, Key="k", VersionId=second)
    t.see("copy 1", s3.copy_object, Bucket=t.bucket, Key="back", CopySource=f"{t.bucket}/k?versionId={first}")
    assert t.see("get back", s3.get_object, Bucket=t.bucket, Key="back")["Body"] == b"one"
    listed = s3.list_object_versions(Bucket=t.bucket)
    every = [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]
    gone = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in every]
    assert "Errors" not in s3.delete_objects(Bucket=t.bucket, Delete={"Objects": gone})
    t.see("list after", s3.list_object_versions, Bucket=t.bucket)
    t.see("suspend", s3.put_bucket_versioning, Bucket=t.bucket, VersioningConfiguration={"Status": "Suspended"})
    for body in [b"three", b"four"]:
        t.see(f"put {body}", s3.put_object, Bucket=t.bucket, Key="null", Body=body)
    t.see("list suspended", s3.list_object_versions, Bucket=t.bucket)


def walk_versions(s3, t):
    more = {}
    for page in range(10):
        got = t.see(f"versions page {page}", s3.list_object_versions, Bucket=t.bucket, MaxKeys=1, **more)
        if not got["IsTruncated"]:
            return
        more = {"KeyMarker": got["NextKeyMarker"]}
        if got.get("NextVersionIdMarker"):
            more["VersionIdMarker"] = got["NextVersionIdMarker"]
    raise AssertionError("the listing of versions does not end")


# Uploads in parts


@scenario("http https virtual")
def an_upload_in_parts(side, s3, t):
    parts = [pattern(5 * MIB), pattern(5 * MIB)[::-1], b"the end"]
    upload = t.see("create", s3.create_multipart_upload, Bucket=t.bucket, Key="big", ContentType="x/y", Metadata={"a": "b"})
    where = {"Bucket": t.bucket, "Key": "big", "UploadId": upload["UploadId"]}
    done = []
    for number, body in enumerate(parts, 1):
        etag = t.see(f"part {number}", s3.upload_part, **where, PartNumber=number, Body=body)["ETag"]
        done.append({"PartNumber": number, "ETag": etag})
    assert len(t.see("parts", s3.list_parts, **where)["Parts"]) == 3
    t.see("parts page", s3.list_parts, **where, MaxParts=2)
    t.see("parts after", s3.list_parts, **where, PartNumberMarker=2)
    t.see("uploads", s3.list_multipart_uploads, Bucket=t.bucket)
    t.see("complete", s3.complete_multipart_upload, **where, MultipartUpload={"Parts": done})
    got = t.see("get", s3.get_object, Bucket=t.bucket, Key="big")
    assert got["Body"] == b"".join(parts) and got["ETag"].endswith('-3"') and got["ContentType"] == "x/y"
    t.see("head", s3.head_object, Bucket=t.bucket, Key="big")
    t.see("uploads after", s3.list_multipart_uploads, Bucket=t.bucket)


@scenario("http", needs="abort")
def uploads_go_wrong_as_they_do(side, s3, t):
    where = {"Bucket": t.bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    etag = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"small")["ETag"]
    s3.upload_part(**where, UploadId=upload, PartNumber=2, Body=b"small")
    wrong = {"Parts": [{"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}]}
    t.see("wrong etag", s3.complete_multipart_upload, **where, UploadId=upload, MultipartUpload=wrong)
    twice = {"Parts": [{"PartNumber": 2, "ETag": etag}, {"PartNumber": 1, "ETag": etag}]}
    t.see("wrong order", s3.complete_multipart_upload, **where, UploadId=upload, MultipartUpload=twice)
    assert status(t.see("abort", s3.abort_multipart_upload, **where, UploadId=upload)) == 204
    t.see("parts after abort", s3.list_parts, **where, UploadId=upload)
    # moto answers with a page that is not S3's, in whose place the gateway says InternalError.
    t.see_status("part after abort", s3.upload_part, **where, UploadId=upload, PartNumber=1, Body=b"small")
    t.see("abort again", s3.abort_multipart_upload, **where, UploadId=upload)


@scenario("http https", needs="part-copy")
def parts_are_copied(side, s3, t):
    body = pattern(6 * MIB)
    s3.put_object(Bucket=t.bucket, Key="source", Body=body)
    source = {"Bucket": t.bucket, "Key": "source"}
    where = {"Bucket": t.bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=t.bucket, Key="k")["UploadId"]}
    whole = t.see("whole", s3.upload_part_copy, **where, PartNumber=1, CopySource=source)["CopyPartResult"]["ETag"]
    some = t.see("range", s3.upload_part_copy, **where, PartNumber=2, CopySource=source, CopySourceRange="bytes=10-99")
    done = [{"PartNumber": 1, "ETag": whole}, {"PartNumber": 2, "ETag": some["CopyPartResult"]["ETag"]}]
    t.see("complete", s3.complete_multipart_upload, **where, MultipartUpload={"Parts": done})
    assert t.see("get", s3.get_object, Bucket=t.bucket, Key="k")["Body"] == body + body[10:100]


@scenario("http https")
def a_transfer_of_64_mib_in_parts_of_8(side, s3, t):
    body = pattern(64 * MIB)
    transfer = TransferConfig(multipart_chunksize=8 * MIB, multipart_threshold=8 * MIB, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), t.bucket, "big", Config=transfer)
    head = t.see("head", s3.head_object, Bucket=t.bucket, Key="big")
    assert head["ContentLength"] == len(body) and head["ETag"].endswith('-8"')
    received = io.BytesIO()
    s3.download_fileobj(t.bucket, "big", received, Config=transfer)
    assert received.getbuffer() == body


@scenario("https")
def a_transfer_without_checksums(side, s3, t):
    plain, body = side.s3(request_checksum_calculation="when_required"), pattern(16 * MIB)
    transfer = TransferConfig(multipart_chunksize=8 * MIB, multipart_threshold=8 * MIB)
    plain.upload_fileobj(io.BytesIO(body), t.bucket, "big", Config=transfer)
    assert t.see("get", s3.get_object, Bucket=t.bucket, Key="big")["Body"] == body


# Presigned


@scenario("http https virtual")
def presigned_urls_work_without_an_sdk(side, s3, t):
    context = ssl.create_default_context(cafile=side.ca) if side.ca else None

    def call(method, operation, parameters, data=None):
        url = s3.generate_presigned_url(operation, Params={"Bucket": t.bucket, **parameters}, ExpiresIn=300)
        # Without a type urllib says it sends a form.
        request = urllib.request.Request(url, data, {"Content-Type": "text/plain"}, method=method)
        try:
            with urllib.request.urlopen(request, context=context) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    key = "pre signed+ü.txt"
    steps = [
        ("PUT", "put_object", {"Key": key}, b"presigned"),
        ("GET", "get_object", {"Key": key}, None),
        ("HEAD", "head_object", {"Key": key}, None),
        ("GET", "get_object", {"Key": key, "ResponseContentType": "x/y"}, None),
        ("GET", "list_objects_v2", {"Prefix": "nothing"}, None),
        ("DELETE", "delete_object", {"Key": key}, None),
        ("GET", "get_object", {"Key": key}, None),
    ]
    answers = [call(*step) for step in steps]
    t.note("statuses", [status for status, _ in answers])
    assert [status for status, _ in answers] == [200, 200, 200, 200, 200, 204, 404], answers
    assert answers[1][1] == answers[3][1] == b"presigned"


# HTTP


@scenario("http https", needs="100-continue")
def expect_100_continue(side, s3, t):
    target, body = f"/{t.bucket}/expected", b"after the 100"
    extra = [("expect", "100-continue")]
    with wire.Connection(side.endpoint, side.ca) as connection:
        headers = side.signer.headers("PUT", target, side.host, UNSIGNED, extra, ["host", "x-amz-date", "x-amz-content-sha256"])
        connection.send("PUT", target, [*headers, ("content-length", str(len(body)))])
        assert connection.receive().status == 100
        connection.send_bytes(body)
        answer = connection.receive("PUT")
        assert t.see_raw("put", answer).status == 200
    assert t.see("get", s3.get_object, Bucket=t.bucket, Key="expected")["Body"] == body


@scenario("http")
def a_body_that_dribbles_in_arrives_whole(side, s3, t):
    target, body = f"/{t.bucket}/dribbled", pattern(3000)
    with wire.Connection(side.endpoint, side.ca) as connection:
        headers = side.signer.headers("PUT", target, side.host)
        connection.send("PUT", target, [*headers, ("content-length", str(len(body)))])
        for start in range(0, len(body), 7):
            connection.send_bytes(body[start : start + 7])
        assert t.see_raw("put", connection.receive("PUT")).status == 200
    assert t.see("get", s3.get_object, Bucket=t.bucket, Key="dribbled")["Body"] == body


@scenario("http", needs="keep-alive")
def one_connection_serves_many_requests(side, s3, t):
    with wire.Connection(side.endpoint, side.ca) as connection:
        for number in range(20):
            target, body = f"/{t.bucket}/k{number}", b"x" * number * 1000
            headers = side.signer.headers("PUT", target, side.host)
            connection.send("PUT", target, [*headers, ("content-length", str(len(body)))], body)
            assert connection.receive("PUT").status == 200
            connection.send("GET", target, side.signer.headers("GET", target, side.host))
            assert connection.receive("GET").body == body
            connection.send("HEAD", target, side.signer.headers("HEAD", target, side.host))
            assert connection.receive("HEAD").header("content-length") == str(len(body))
    t.note("keys", s3.list_objects_v2(Bucket=t.bucket)["KeyCount"])


@scenario("http https", needs="tagging")
def tagging(side, s3, t):
    t.see("put", s3.put_object, Bucket=t.bucket, Key="k", Body=b"", Tagging="a=1&b=two%20words")
    assert t.see("get", s3.get_object, Bucket=t.bucket, Key="k")["TagCount"] == 2
    where = {"Bucket": t.bucket, "Key": "k"}
    assert len(t.see("tags", s3.get_object_tagging, **where)["TagSet"]) == 2
    t.see("tag", s3.put_object_tagging, **where, Tagging={"TagSet": [{"Key": "c", "Value": "3 four"}]})
    assert t.see("get tagged", s3.get_object, **where)["TagCount"] == 1
    t.see("untag", s3.delete_object_tagging, **where)
    assert "TagCount" not in t.see("get after", s3.get_object, **where)


@scenario("http")
def bad_documents(side, s3, t):
    upload = s3.create_multipart_upload(Bucket=t.bucket, Key="k")["UploadId"]
    for label, target, body in [
        ("delete", f"/{t.bucket}?delete", b"<Delete><Object>"),
        ("complete", f"/{t.bucket}/k?uploadId={upload}", b"not xml"),
    ]:
        answer = side.raw("POST", target, body)
        t.note(label, answer.status >= 400)
        assert answer.status >= 400
