"""Several upstreams behind one gateway: each bucket has one, and nothing is sent anywhere else."""

import pytest
from botocore.exceptions import ClientError
from servers import stub as stubs
from servers.gateway import PARTNER, upstream
from servers.stub import settle
from sides import direct, through


@pytest.fixture(scope="module")
def red():
    server = stubs.Stub(access_key="REDUPSTREAMKEY000000", secret_key="red-secret-canary")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(launch, moto, red):
    upstreams = {
        "blue": upstream(moto, ["blue-*"], profile="moto"),
        "red": upstream(red, ["red-*", "crimson"]),
    }
    return launch(upstreams)


@pytest.fixture(autouse=True)
def nothing_recorded(red):
    red.forget()


def test_each_bucket_goes_to_its_upstream(gateway, moto, red):
    s3 = through(gateway).s3()
    s3.create_bucket(Bucket="blue-one")
    s3.put_object(Bucket="blue-one", Key="k", Body=b"blue")
    assert red.requests == []
    assert direct(moto).s3().get_object(Bucket="blue-one", Key="k")["Body"].read() == b"blue"
    for bucket in ["red-one", "crimson"]:
        red.forget()
        s3.put_object(Bucket=bucket, Key="k", Body=b"red")
        request = red.only_request()
        assert request.target.startswith(f"/{bucket}/k") and red.access_key in request.header("authorization")


@pytest.mark.parametrize("bucket", ["green-one", "crimsons", "xred-one", "blue"])
def test_a_bucket_of_no_upstream_is_refused_and_nothing_is_sent(gateway, moto, red, bucket):
    side = through(gateway)
    for method, target in [("GET", f"/{bucket}/k"), ("PUT", f"/{bucket}/k"), ("PUT", f"/{bucket}"), ("GET", f"/{bucket}")]:
        answer = side.raw(method, target)
        assert answer.status in (403, 404) and answer.code in ("AccessDenied", "NoSuchBucket"), answer
    settle()
    assert red.requests == []
    assert bucket not in [each["Name"] for each in direct(moto).s3().list_buckets()["Buckets"]]


def test_copies_across_upstreams_are_not_implemented(gateway, red):
    side = through(gateway)
    side.s3().create_bucket(Bucket="blue-copies")
    side.s3().put_object(Bucket="blue-copies", Key="k", Body=b"x")
    for target, source in [("/red-one/k", "/blue-copies/k"), ("/blue-copies/copy", "/red-one/k")]:
        answer = side.raw("PUT", target, extra=[("x-amz-copy-source", source)])
        assert (answer.status, answer.code) == (501, "NotImplemented"), answer
    settle()
    assert red.requests == []


def test_listed_buckets_are_those_of_all_upstreams(launch, moto, ceph):
    direct(moto).s3().create_bucket(Bucket="blue-listed")
    direct(moto).s3().create_bucket(Bucket="of-no-pattern")
    direct(ceph).s3().create_bucket(Bucket="red-listed")
    both = {"blue": upstream(moto, ["blue-*"], profile="moto"), "red": upstream(ceph, ["red-*"])}
    names = [each["Name"] for each in through(launch(both)).s3().list_buckets()["Buckets"]]
    assert {"blue-listed", "red-listed"} <= set(names) and "of-no-pattern" not in names
    assert names == sorted(names)


def test_another_accounts_upstream_is_not_listed(launch, moto, ceph):
    direct(ceph).s3().create_bucket(Bucket="red-of-partner")
    direct(moto).s3().create_bucket(Bucket="blue-of-owner")
    both = {
        "blue": upstream(moto, ["blue-*"], profile="moto"),
        "red": upstream(ceph, ["red-*"], owner_account=PARTNER),
    }
    gateway = launch(both)
    names = {
        user: [each["Name"] for each in through(gateway, user=user).s3().list_buckets()["Buckets"]]
        for user in ["alice", "eve"]
    }
    assert "blue-of-owner" in names["alice"] and "red-of-partner" not in names["alice"]
    assert "red-of-partner" in names["eve"] and "blue-of-owner" not in names["eve"]


def test_an_upstream_that_is_down_makes_no_shorter_list(launch, moto):
    gone = stubs.Stub()
    gateway = launch({"blue": upstream(moto, ["blue-*"], profile="moto"), "gone": upstream(gone, ["red-*"])})
    gone.stop()
    with pytest.raises(ClientError) as raised:
        through(gateway).s3().list_buckets()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    s3 = through(gateway).s3()
    s3.create_bucket(Bucket="blue-lives")
    s3.head_bucket(Bucket="blue-lives")
