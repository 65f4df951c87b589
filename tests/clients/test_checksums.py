"""Checksums of every algorithm, in the head and behind the body: right ones are taken and stored as the store does it
for a direct upload, wrong ones leave no object."""

import json
import os
import subprocess
import sys

import pytest
import sigv4
import wire
from algorithms import ALGORITHMS, OLDER, value_of
from conftest import on
from scenarios import pattern
from servers.gateway import upstream
from sides import direct, through

# What a store keeps and shows of what the gateway sends it. moto keeps what x-amz-sdk-checksum-algorithm names, which
# is for the gateway and goes no further.
KEEPS = {"demo": OLDER, "ceph": set(), "garage": OLDER, "moto": set()}
# To others nothing is sent behind a body, so what came there is checked and then gone.
TAKES_TRAILERS = {"garage", "moto"}
SIZES = [0, 1, 65537]
STORES = [on("demo"), on("ceph"), on("garage"), pytest.param("moto", marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def ways(request, launch):
    """Straight to a store and through a gateway before it, both for one new bucket: `ways("ceph")`."""
    started = {}

    def start(store):
        if store not in started:
            server = request.getfixturevalue(store)
            server = getattr(server, "upstream", server)
            gateway = launch({store: upstream(server, profile=store)})
            started[store] = direct(server), gateway
            through(gateway).s3().create_bucket(Bucket="checksums")
        return started[store]

    return start


def put_with_header(side, target, data, name, value):
    """A plain body, its checksum in the head."""
    return side.raw("PUT", target, data, extra=[(f"x-amz-checksum-{name}", value), algorithm_of(name)])


def put_with_unsigned_trailer(side, target, data, name, value):
    trailer = (f"x-amz-checksum-{name}", value)
    headers, body = sigv4.unsigned_trailer(
        side.signer, "PUT", target, side.host, data, trailer=trailer, extra=[algorithm_of(name)]
    )
    return wire.exchange(side.endpoint, "PUT", target, headers, body, side.ca)


def put_with_signed_trailer(side, target, data, name, value):
    trailer = (f"x-amz-checksum-{name}", value)
    headers, body = sigv4.signed_chunks(
        side.signer, "PUT", target, side.host, data, trailer=trailer, extra=[algorithm_of(name)]
    )
    return wire.exchange(side.endpoint, "PUT", target, headers, body, side.ca)


def algorithm_of(name):
    """What SDKs say beside every checksum."""
    return ("x-amz-sdk-checksum-algorithm", name.upper())


PLACES = {"header": put_with_header, "trailer": put_with_unsigned_trailer, "signed-trailer": put_with_signed_trailer}


def shown(side, target):
    """The checksums that a HEAD shows to who asks."""
    answer = side.raw("HEAD", target, extra=[("x-amz-checksum-mode", "ENABLED")])
    assert answer.status == 200, answer
    names = {name.lower(): value for name, value in answer.headers}
    return {name: value for name, value in names.items() if name.startswith("x-amz-checksum-") and name != "x-amz-checksum-type"}


def unknown_trailer(store, algorithm, place):
    """Whether the store refuses the name of the trailer."""
    return store == "garage" and place != "header" and algorithm not in OLDER


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("store", STORES)
def test_a_right_checksum_is_taken_and_kept_as_the_store_keeps_it(store, algorithm, place, ways):
    straight, gateway = ways(store)
    side = through(gateway)
    for size in SIZES:
        data, target = pattern(size), f"/checksums/{algorithm}-{place}-{size}"
        value = value_of(algorithm, data)
        answer = PLACES[place](side, target, data, algorithm, value)
        if unknown_trailer(store, algorithm, place) and size:
            # So it does straight.
            assert (answer.status, answer.code) == (400, "InvalidRequest"), answer
            assert put_with_unsigned_trailer(straight, target, data, algorithm, value).status == 400
            continue
        assert answer.status == 200, answer
        assert side.raw("GET", target).body == data and straight.raw("GET", target).body == data
        sent = place == "header" or store in TAKES_TRAILERS
        kept = {f"x-amz-checksum-{algorithm}": value} if sent and algorithm in KEEPS[store] else {}
        assert shown(straight, target) == shown(side, target) == kept
        if place == "header" and store != "moto":
            plain = f"{target}-straight"
            assert put_with_header(straight, plain, data, algorithm, value).status == 200
            assert shown(straight, plain) == kept, "what the store keeps of a direct upload"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("store", STORES)
def test_a_wrong_checksum_is_refused_and_leaves_no_object(store, algorithm, place, ways):
    straight, gateway = ways(store)
    for size in SIZES:
        data, target = pattern(size), f"/checksums/wrong-{algorithm}-{place}-{size}"
        answer = PLACES[place](through(gateway), target, data, algorithm, value_of(algorithm, data + b"other"))
        # The store may refuse the name before the gateway has seen the value.
        codes = ["BadDigest", "InvalidRequest"] if unknown_trailer(store, algorithm, place) else ["BadDigest"]
        assert answer.status == 400 and answer.code in codes, answer
        assert straight.raw("HEAD", target).status == 404


@pytest.mark.parametrize("store", STORES)
def test_content_md5_is_held_against_the_body(store, ways):
    straight, gateway = ways(store)
    side = through(gateway)
    for size in SIZES:
        data, target = pattern(size), f"/checksums/content-md5-{size}"
        wrong = side.raw("PUT", target, data, extra=[("content-md5", value_of("md5", data + b"other"))])
        assert (wrong.status, wrong.code) == (400, "BadDigest"), wrong
        assert straight.raw("HEAD", target).status == 404
        right = side.raw("PUT", target, data, extra=[("content-md5", value_of("md5", data))])
        assert right.status == 200 and straight.raw("GET", target).body == data, right


# In a process of its own, with the Common Runtime that makes most of them; see conftest.py.
EVERY_ALGORITHM = """
import json, sys, boto3
from botocore.exceptions import ClientError
endpoint, region, path, ca = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, region_name=region, verify=ca or None)
shape = s3.meta.service_model.shape_for("ChecksumAlgorithm")
found = {}
for algorithm in shape.enum:
    if algorithm == "MD5":  # botocore makes none; it can be given one.
        continue
    where = {"Bucket": "checksums", "Key": f"boto3-{endpoint[:5]}-{algorithm}"}
    try:
        with open(path, "rb") as body:
            s3.put_object(**where, Body=body, ChecksumAlgorithm=algorithm)
    except ClientError as error:
        found[algorithm] = error.response["Error"]["Code"]
        continue
    got = s3.get_object(**where)
    found[algorithm] = {name: value for name, value in got.items() if name.startswith("Checksum") and name != "ChecksumType"}
    with open(path, "rb") as body:
        assert got["Body"].read() == body.read(), algorithm
print(json.dumps(found))
"""


@pytest.mark.parametrize("way", ["http", "https"])
@pytest.mark.parametrize("store", STORES)
def test_boto3_checks_every_algorithm_that_it_knows(store, way, ways, tmp_path):
    side = through(ways(store)[1], way)
    data, path = pattern(200_000), tmp_path / "body"
    path.write_bytes(data)
    keys = {"AWS_ACCESS_KEY_ID": side.access_key, "AWS_SECRET_ACCESS_KEY": side.secret_key, "BOTO_DISABLE_CRT": ""}
    command = [sys.executable, "-c", EVERY_ALGORITHM, side.endpoint, side.region, str(path), side.ca or ""]
    done = subprocess.run(command, env={**os.environ, **keys}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    found = {name.lower(): seen for name, seen in json.loads(done.stdout).items()}
    assert set(found) == set(ALGORITHMS) - {"md5"}
    # Over HTTP they come in the head, over HTTPS behind the body.
    trailing = way == "https"
    for name, seen in found.items():
        if unknown_trailer(store, name, "trailer" if trailing else "header"):
            assert seen == "InvalidRequest", name
            continue
        sent = not trailing or store in TAKES_TRAILERS
        kept = {f"Checksum{name.upper()}": value_of(name, data)} if sent and name in KEEPS[store] else {}
        assert seen == kept, name
