"""Each client sees through the gateway what it sees straight at the upstream."""

import pytest
from conftest import on
from scenarios import MANY_KEYS, SCENARIOS, fill, list_every_way
from sides import direct, through
from transcript import Transcript

# What an upstream does not have: scenarios that need it are left out there.
LACKS = {
    "moto": {"keep-alive", "100-continue"},
    "ceph": set(),
    # It takes slashes at the front away; its profile keeps such keys from it.
    "garage": {"versions", "tagging", "part-copy", "conditional-writes", "empty-segments"},
    # It closes every connection, ends a key at a semicolon and takes the key `/` for the bucket.
    "localstack": {"keep-alive", "raw-targets", "empty-segments"},
    # The demo's store keeps one version of an object, and no tags.
    "demo": {"versions", "tagging"},
}
# Ways that an upstream cannot be reached by when nginx stands in for the gateway: RGW 16 knows no trailers, which
# boto3 sends over TLS, and nginx adds no bucket name.
STAND_IN_CANNOT = {("ceph", "https"), ("moto", "virtual")}

CASES = [
    on(server, scenario, way, id=f"{server}-{scenario.name}-{way}")
    for server in LACKS
    for scenario in SCENARIOS
    for way in scenario.ways
    if not scenario.needs & LACKS[server] and (server, way) not in {("demo", "https"), ("demo", "virtual")}
]


@pytest.fixture(scope="session")
def transcript_of():
    """Runs a scenario on a side; what it saw straight at an upstream is kept for the other ways."""
    kept = {}

    def run(server, scenario, side, bucket):
        if side.name != "direct":
            return perform(server, scenario, side, bucket)
        if (server, scenario.name) not in kept:
            kept[server, scenario.name] = perform(server, scenario, side, f"{bucket}-straight")
        return kept[server, scenario.name]

    return run


def perform(server, scenario, side, bucket):
    s3 = side.s3()
    s3.create_bucket(Bucket=bucket)
    transcript = Transcript(bucket, server)
    scenario.run(side, s3, transcript)
    return transcript


@pytest.mark.parametrize("server, scenario, way", CASES)
def test_sees_the_same(server, scenario, way, request, fronts, transcript_of, new_bucket):
    if request.config.getoption("--proxy") == "nginx" and (server, way) in STAND_IN_CANNOT:
        pytest.skip("not without the gateway")
    upstream = request.getfixturevalue(server)
    front = upstream if server == "demo" else fronts(server)
    bucket = new_bucket(scenario.name)
    straight = direct(upstream.upstream if server == "demo" else upstream)
    seen = transcript_of(server, scenario, through(front, way), bucket)
    compare(transcript_of(server, scenario, straight, bucket), seen)


# Not on LocalStack, which compares encoded keys with a marker that is not: its pages repeat keys with spaces.
@pytest.mark.parametrize("server", [on("moto"), on("ceph"), on("garage")])
def test_listings_of_2500_keys_page_the_same(server, request, fronts, new_bucket):
    upstream = request.getfixturevalue(server)
    front, straight = through(fronts(server)), direct(upstream)
    bucket = new_bucket("many")
    straight.s3().create_bucket(Bucket=bucket)
    fill(straight.s3(), bucket, MANY_KEYS)
    expected, seen = Transcript(bucket), Transcript(bucket)
    list_every_way(straight.s3(), expected)
    list_every_way(front.s3(), seen)
    compare(expected, seen)


def compare(expected, seen):
    """Fails at the first step that differs, showing only what differs in it."""
    for (label, straight), (_, through_gateway) in zip(expected.steps, seen.steps):
        assert differences(straight, through_gateway) == [], f"step `{label}`"
    assert [label for label, _ in seen.steps] == [label for label, _ in expected.steps]


def differences(expected, seen, path=""):
    """Every place where two results differ, as (path, straight, through the gateway)."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        names = sorted(expected.keys() | seen.keys())
        pairs = [(f"{path}.{name}", expected.get(name, "absent"), seen.get(name, "absent")) for name in names]
    elif isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        pairs = [(f"{path}[{i}]", *pair) for i, pair in enumerate(zip(expected, seen))]
    else:
        return [] if expected == seen else [(path, expected, seen)]
    return [found for where, left, right in pairs for found in differences(left, right, where)]
