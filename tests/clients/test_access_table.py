"""Who gets in: policy, ACL and the sixteen combinations of Block Public Access, over the wire.

Every cell is asked, and held against AWS's rules as they are written down here a second time. The table itself is in
`tests/data/access/table.txt`: a changed rule shows as a changed line; `UPDATE_GOLDEN=1` rewrites it.
"""

import itertools
import json
import os
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from servers.gateway import PARTNER, Key, Users, allow, document, upstream
from sides import direct, through

TABLE = Path(__file__).parents[1] / "data/access/table.txt"
FLAGS = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
STRANGER = "777788889999"
# bob is of the owner's account and has no identity policy; eve's account is the one that the other policy names; both
# strangers' own accounts allow them everything.
CALLERS = ["anonymous", "own account", "named account", "other account"]
OPERATIONS = ["GET", "PUT", "LIST"]

HEADING = """\
Whether a request passes (+) or is refused (-), each cell GET, PUT and LIST. The flags of Block Public Access are
{flags}, in this order; a dot is off.
They are set after policy and ACL, as BlockPublicAcls and BlockPublicPolicy refuse what is public from then on alone.
"""


class World(Users):
    def __init__(self):
        super().__init__()
        self.keys["mallory"] = Key()
        self.policies["mallory"] = [document(allow("s3:*"))]

    def identities(self):
        identities = super().identities()
        identities["accounts"][STRANGER] = {"name": "stranger", "users": {"mallory": self._user("mallory")}}
        return identities


@pytest.fixture(scope="module")
def gateway(demo, launch):
    server = getattr(demo, "upstream", demo)
    gateway = launch({"demo": upstream(server, profile="demo")}, users=World())
    gateway.server = server
    return gateway


def policy(bucket, kind):
    principal = "*" if kind == "public" else {"AWS": PARTNER}
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return json.dumps(document(allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"], resources, Principal=principal)))


def make(gateway, bucket, policy_kind, acl_kind):
    s3 = through(gateway).s3()
    s3.create_bucket(Bucket=bucket, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="key", Body=b"there", ACL="public-read" if acl_kind == "public" else "private")
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write" if acl_kind == "public" else "private")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, policy_kind))
    return s3


def passes(s3, bucket, operation):
    calls = {
        "GET": lambda: s3.get_object(Bucket=bucket, Key="key"),
        "PUT": lambda: s3.put_object(Bucket=bucket, Key="another", Body=b"x"),
        "LIST": lambda: s3.list_objects_v2(Bucket=bucket),
    }
    try:
        return calls[operation]()["ResponseMetadata"]["HTTPStatusCode"] == 200
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        return False


def expected(policy_kind, acl_kind, flags, caller):
    """AWS's rules, of every operation alike.

    RestrictPublicBuckets leaves a bucket with a public policy to its owner's account. A grant of an ACL to everyone
    counts unless IgnorePublicAcls is on, and is nothing to a user of the owner's account, whom only a policy lets in.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
    """
    public_policy = policy_kind == "public"
    if caller == "own account":
        return public_policy
    if public_policy and "RestrictPublicBuckets" in flags:
        return False
    by_acl = acl_kind == "public" and "IgnorePublicAcls" not in flags
    return public_policy or by_acl or caller == "named account"


def test_every_cell_of_policy_acl_flags_and_caller(gateway, new_bucket):
    clients = {
        "anonymous": through(gateway).anonymous(),
        "own account": through(gateway, user="bob").s3(),
        "named account": through(gateway, user="eve").s3(),
        "other account": through(gateway, user="mallory").s3(),
    }
    names = ", ".join(FLAGS)
    lines, wrong = [HEADING.format(flags=names)], []
    for policy_kind, acl_kind in itertools.product(["public", "of one account"], ["public", "private"]):
        bucket = new_bucket("table")
        s3 = make(gateway, bucket, policy_kind, acl_kind)
        lines.append(f"policy {policy_kind}, ACL {acl_kind}\n")
        lines.append("    flags  " + "".join(f"{caller:<15}" for caller in CALLERS).rstrip() + "\n")
        for count in range(len(FLAGS) + 1):
            for flags in itertools.combinations(FLAGS, count):
                block = {name: name in flags for name in FLAGS}
                s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
                cells = []
                for caller in CALLERS:
                    found = [passes(clients[caller], bucket, operation) for operation in OPERATIONS]
                    right = expected(policy_kind, acl_kind, flags, caller)
                    if found != [right] * 3:
                        wrong.append((policy_kind, acl_kind, flags, caller, found))
                    cells.append("".join("+" if passed else "-" for passed in found))
                shown = "".join(name[0] if name in flags else "." for name in FLAGS)
                lines.append(f"    {shown}   " + "".join(f"{cell:<15}" for cell in cells).rstrip() + "\n")
        lines.append("\n")
    assert not wrong, wrong
    text = "".join(lines).rstrip("\n") + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(text)
    assert TABLE.read_text() == text


def test_what_is_public_is_refused_where_it_is_written(gateway, new_bucket):
    bucket = new_bucket("writes")
    s3 = make(gateway, bucket, "of one account", "private")

    def code(call, **arguments):
        try:
            return call(Bucket=bucket, **arguments)["ResponseMetadata"]["HTTPStatusCode"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    for count in range(len(FLAGS) + 1):
        for flags in itertools.combinations(FLAGS, count):
            block = {name: name in flags for name in FLAGS}
            s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
            acl = "AccessDenied" if "BlockPublicAcls" in flags else 200
            assert code(s3.put_object, Key="acl", Body=b"x", ACL="public-read") == acl, flags
            assert code(s3.put_bucket_acl, ACL="public-read") == acl, flags
            assert code(s3.put_object_acl, Key="key", ACL="authenticated-read") == acl, flags
            kept = "AccessDenied" if "BlockPublicPolicy" in flags else 204
            assert code(s3.put_bucket_policy, Policy=policy(bucket, "public")) == kept, flags
            # The nearest neighbours.
            assert code(s3.put_object, Key="acl", Body=b"x", ACL="private") == 200
            assert code(s3.put_bucket_acl, ACL="private") == 200
            assert code(s3.put_object_acl, Key="key", ACL="bucket-owner-read") == 200
            assert code(s3.put_bucket_policy, Policy=policy(bucket, "of one account")) == 204


def test_nothing_of_it_is_the_stores(gateway, new_bucket):
    """The store behind the gateway has none of these features: what is straight there is open to its own key alone."""
    bucket = new_bucket("store")
    make(gateway, bucket, "public", "public")
    straight = direct(gateway.server).s3()
    assert straight.get_object(Bucket=bucket, Key="key")["Body"].read() == b"there"
    with pytest.raises(ClientError):
        straight.get_bucket_policy(Bucket=bucket)
