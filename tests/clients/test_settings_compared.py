"""The same calls on settings of buckets, by boto3 and by the aws cli: straight to stores that have them themselves, and
through the gateway, which keeps them. What differs is listed with AWS's word on it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from servers.gateway import OWNER, PARTNER, allow, document
from sides import direct, through

BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": True}
CORS = {
    "CORSRules": [
        {"ID": "one", "AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example"], "AllowedHeaders": ["*"],
         "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 60},
    ]
}  # fmt: skip

# Where a store does otherwise than AWS, and the gateway as AWS does.
DOCUMENTED = {
    "no policy status": "GetBucketPolicyStatus of a bucket without a policy is NoSuchBucketPolicy (S3 error list)",
    "policy again": "PutBucketPolicy answers 204 (observed)",
    "status": "IsPublic says whether the policy is public (S3 API, PolicyStatus)",
    "policy": "PutBucketPolicy answers 204 (observed)",
    "no json": "what is no JSON is MalformedPolicy (S3 error list)",
    "get policy again": "a policy that was refused changes nothing",
    "delete policy": "DeleteBucketPolicy answers 204 (S3 API)",
    "delete no policy": "DeleteBucketPolicy answers 204 (S3 API)",
    "bad policy": "an action that S3 does not have makes a policy malformed (S3 User Guide, add-bucket-policy)",
    "policy of another bucket": "a policy's resources lie in its bucket (S3 User Guide, add-bucket-policy)",
    "no block": "a new bucket has all four flags on (S3 User Guide, create-bucket-faq)",
    "block again": "PutPublicAccessBlock answers 200 (S3 API)",
    "delete block": "DeletePublicAccessBlock answers 204 (S3 API)",
    "unblock": "DeletePublicAccessBlock answers 204 (S3 API)",
    "delete no block": "DeletePublicAccessBlock is idempotent (S3 API)",
    "no cors": "GetBucketCors without rules is NoSuchCORSConfiguration (S3 API)",
    "bad method": "a rule's method is one of five (S3 API, CORSRule); InvalidRequest (observed)",
    "no rules": "a configuration has at least one rule (S3 API); MalformedXML (observed)",
    "delete no cors": "DeleteBucketCors is idempotent (S3 API)",
    "ownership": "new buckets are BucketOwnerEnforced (S3 User Guide, about-object-ownership)",
    "put ownership": "PutBucketOwnershipControls answers 200 (S3 API)",
    "ownership again": "GetBucketOwnershipControls shows what was put (S3 API)",
    "bad ownership": "an unknown setting is no OwnershipControls (S3 API); MalformedXML (observed)",
    "delete ownership": "DeleteBucketOwnershipControls answers 204 (S3 API)",
    "no ownership": "without the setting it is OwnershipControlsNotFoundError (observed)",
    "disabled acl": "under BucketOwnerEnforced other ACLs are refused (S3 User Guide, object-ownership-error-responses)",
    "blocked acl": "BlockPublicAcls refuses public ACLs (S3 User Guide, access-control-block-public-access)",
    "email": "grants by e-mail are 405 since October 2025 (S3 API, PutObjectAcl)",
    "acl of nothing": "GetObjectAcl of a key that is not there is NoSuchKey (S3 API)",
    "canned and grants": "a canned ACL beside grants is refused (S3 API, PutBucketAcl)",
    "cors": "GetBucketCors answers the rules as they were put (S3 API)",
    "unknown group": "a group is one of S3's three (S3 User Guide, acl-overview)",
    "no such canned": "an unknown canned ACL is InvalidArgument (S3 API)",
    "bucket acl": "GetBucketAcl shows the grants in force (S3 API)",
}


def public(bucket):
    return json.dumps(document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*")))


def closed(bucket):
    return json.dumps(document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": PARTNER})))


def rules(ownership):
    return {"Rules": [{"ObjectOwnership": ownership}]}


def script(s3, bucket):
    """Each call by a name of its own: the call and what of its answer counts."""
    of, key = {"Bucket": bucket}, {"Bucket": bucket, "Key": "key"}
    policy_of = lambda answer: json.loads(answer["Policy"])
    rows = lambda member: lambda answer: answer[member]
    who = lambda answer: sorted(
        (grant["Grantee"].get("URI", "account"), grant["Permission"]) for grant in answer["Grants"]
    )
    return [
        ("no policy", s3.get_bucket_policy, of, None),
        ("object", s3.put_object, {**key, "Body": b"x"}, None),
        ("no policy status", s3.get_bucket_policy_status, of, None),
        ("no block", s3.get_public_access_block, of, rows("PublicAccessBlockConfiguration")),
        ("delete block", s3.delete_public_access_block, of, None),
        ("delete no block", s3.delete_public_access_block, of, None),
        ("policy", s3.put_bucket_policy, {**of, "Policy": closed(bucket)}, None),
        ("get policy", s3.get_bucket_policy, of, policy_of),
        ("policy again", s3.put_bucket_policy, {**of, "Policy": public(bucket)}, None),
        ("status", s3.get_bucket_policy_status, of, rows("PolicyStatus")),
        ("bad policy", s3.put_bucket_policy, {**of, "Policy": public(bucket).replace("GetObject", "GetObjct")}, None),
        ("no json", s3.put_bucket_policy, {**of, "Policy": "{"}, None),
        ("policy of another bucket", s3.put_bucket_policy, {**of, "Policy": public("another")}, None),
        ("get policy again", s3.get_bucket_policy, of, policy_of),
        ("delete policy", s3.delete_bucket_policy, of, None),
        ("delete no policy", s3.delete_bucket_policy, of, None),
        ("block", s3.put_public_access_block, {**of, "PublicAccessBlockConfiguration": BLOCK}, None),
        ("block again", s3.get_public_access_block, of, rows("PublicAccessBlockConfiguration")),
        ("no cors", s3.get_bucket_cors, of, None),
        ("put cors", s3.put_bucket_cors, {**of, "CORSConfiguration": CORS}, None),
        ("cors", s3.get_bucket_cors, of, rows("CORSRules")),
        ("bad method", s3.put_bucket_cors,
         {**of, "CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["FETCH"], "AllowedOrigins": ["*"]}]}}, None),
        ("no rules", s3.put_bucket_cors, {**of, "CORSConfiguration": {"CORSRules": []}}, None),
        ("delete cors", s3.delete_bucket_cors, of, None),
        ("delete no cors", s3.delete_bucket_cors, of, None),
        ("ownership", s3.get_bucket_ownership_controls, of, rows("OwnershipControls")),
        ("disabled acl", s3.put_object_acl, {**key, "ACL": "public-read"}, None),
        ("put ownership", s3.put_bucket_ownership_controls, {**of, "OwnershipControls": rules("ObjectWriter")}, None),
        ("ownership again", s3.get_bucket_ownership_controls, of, rows("OwnershipControls")),
        ("blocked acl", s3.put_object_acl, {**key, "ACL": "public-read"}, None),
        ("unblock", s3.delete_public_access_block, of, None),
        ("bucket acl", s3.get_bucket_acl, of, who),
        ("put acl", s3.put_object_acl, {**key, "ACL": "public-read"}, None),
        ("get acl", s3.get_object_acl, key, who),
        ("private acl", s3.put_object_acl, {**key, "ACL": "private"}, None),
        ("get private acl", s3.get_object_acl, key, who),
        ("put bucket acl", s3.put_bucket_acl, {**of, "ACL": "public-read"}, None),
        ("get bucket acl", s3.get_bucket_acl, of, who),
        ("canned and grants", s3.put_bucket_acl, {**of, "ACL": "private", "GrantRead": 'uri="x"'}, None),
        ("unknown group", s3.put_bucket_acl, {**of, "GrantRead": 'uri="http://acs.amazonaws.com/groups/x"'}, None),
        ("email", s3.put_bucket_acl, {**of, "GrantRead": 'emailAddress="a@b.example"'}, None),
        ("private bucket acl", s3.put_bucket_acl, {**of, "ACL": "private"}, None),
        ("acl of nothing", s3.get_object_acl, {**key, "Key": "nothing"}, None),
        ("delete ownership", s3.delete_bucket_ownership_controls, of, None),
        ("no ownership", s3.get_bucket_ownership_controls, of, None),
    ]  # fmt: skip


def play(s3, bucket):
    """What each call came to: the code of its error, or its status and what counts of its answer."""
    s3.create_bucket(Bucket=bucket)
    seen = {}
    for name, call, arguments, shown in script(s3, bucket):
        try:
            answer = call(**arguments)
            seen[name] = (answer["ResponseMetadata"]["HTTPStatusCode"], shown(answer) if shown else None)
        except ClientError as error:
            seen[name] = error.response["Error"]["Code"]
    return seen


# What the gateway answers, whatever the store behind it does.
THROUGH = {
    "no policy": "NoSuchBucketPolicy",
    "no policy status": "NoSuchBucketPolicy",
    "no block": (200, {name: True for name in BLOCK}),
    "delete block": (204, None),
    "delete no block": (204, None),
    "policy": (204, None),
    "policy again": (204, None),
    "status": (200, {"IsPublic": True}),
    "bad policy": "MalformedPolicy",
    "no json": "MalformedPolicy",
    "policy of another bucket": "MalformedPolicy",
    "delete policy": (204, None),
    "delete no policy": (204, None),
    "block": (200, None),
    "block again": (200, BLOCK),
    "no cors": "NoSuchCORSConfiguration",
    "put cors": (200, None),
    "cors": (200, CORS["CORSRules"]),
    "bad method": "InvalidRequest",
    "no rules": "MalformedXML",
    "delete cors": (204, None),
    "delete no cors": (204, None),
    "ownership": (200, rules("BucketOwnerEnforced")),
    "disabled acl": "AccessControlListNotSupported",
    "put ownership": (200, None),
    "ownership again": (200, rules("ObjectWriter")),
    "blocked acl": "AccessDenied",
    "put acl": (200, None),
    "canned and grants": "InvalidRequest",
    "unknown group": "InvalidArgument",
    "email": "MethodNotAllowed",
    "acl of nothing": "NoSuchKey",
    "delete ownership": (204, None),
    "no ownership": "OwnershipControlsNotFoundError",
}


@pytest.mark.parametrize("store", ["moto", "ceph", pytest.param("localstack", marks=pytest.mark.slow)])
def test_the_same_calls_come_to_the_same(store, gateways, new_bucket):
    server, gateway = gateways(store)
    straight = play(direct(server).s3(), new_bucket("straight"))
    kept = play(through(gateway).s3(), new_bucket("through"))
    for name, expected in THROUGH.items():
        assert kept[name] == expected, name
    different = {name: (straight[name], kept[name]) for name in kept if not same(straight[name], kept[name])}
    unexplained = {name: both for name, both in different.items() if name not in DOCUMENTED}
    assert not unexplained, unexplained


def same(straight, kept):
    """Policies name their bucket."""
    text = json.dumps([straight, kept])
    for side in ["straight", "through"]:
        text = text.replace(side, "side")
    straight, kept = json.loads(text)
    return strip(straight) == strip(kept)


def strip(value):
    """Without the numbers that make a bucket's name its own."""
    return re.sub(r"side-[a-z0-9-]+", "side", json.dumps(value, sort_keys=True))


class Cli:
    def __init__(self, side, folder):
        self.side, self.folder = side, Path(folder)

    def __call__(self, *words, fails=None):
        aws = Path(sys.executable).with_name("aws")
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.side.access_key,
            "AWS_SECRET_ACCESS_KEY": self.side.secret_key,
            "AWS_DEFAULT_REGION": self.side.region,
            "AWS_CONFIG_FILE": str(self.folder / "none"),
        }
        words = [word if isinstance(word, str) else json.dumps(word) for word in words]
        command = [aws, "--endpoint-url", self.side.endpoint, "--output", "json", "s3api", *words]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
        if fails:
            assert done.returncode != 0 and f"({fails})" in done.stderr, f"{words}: {done.stdout}{done.stderr}"
            return None
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None


def test_the_life_of_every_setting_by_the_aws_cli(gateways, new_bucket, tmp_path):
    _, gateway = gateways("moto")
    aws, bucket = Cli(through(gateway), tmp_path), new_bucket("cli")
    of = ["--bucket", bucket]
    aws("create-bucket", *of, "--object-ownership", "BucketOwnerPreferred")
    assert aws("get-bucket-ownership-controls", *of) == {"OwnershipControls": rules("BucketOwnerPreferred")}
    assert aws("get-public-access-block", *of)["PublicAccessBlockConfiguration"] == {name: True for name in BLOCK}

    aws("put-bucket-policy", *of, "--policy", public(bucket), fails="AccessDenied")
    flags = ",".join(f"{name}={str(on).lower()}" for name, on in BLOCK.items())
    aws("put-public-access-block", *of, "--public-access-block-configuration", flags)
    assert aws("get-public-access-block", *of)["PublicAccessBlockConfiguration"] == BLOCK
    aws("put-bucket-policy", *of, "--policy", public(bucket))
    assert json.loads(aws("get-bucket-policy", *of)["Policy"]) == json.loads(public(bucket))
    assert aws("get-bucket-policy-status", *of) == {"PolicyStatus": {"IsPublic": True}}
    aws("delete-bucket-policy", *of)
    aws("get-bucket-policy", *of, fails="NoSuchBucketPolicy")

    aws("put-bucket-cors", *of, "--cors-configuration", CORS)
    assert aws("get-bucket-cors", *of) == CORS
    aws("delete-bucket-cors", *of)
    aws("get-bucket-cors", *of, fails="NoSuchCORSConfiguration")

    (tmp_path / "body").write_text("body")
    put = ["put-object", *of, "--key", "key", "--body", str(tmp_path / "body")]
    aws(*put, "--acl", "public-read", fails="AccessDenied")
    aws("delete-public-access-block", *of)
    aws(*put, "--acl", "public-read")
    acl = aws("get-object-acl", *of, "--key", "key")
    assert {grant["Permission"] for grant in acl["Grants"]} == {"READ", "FULL_CONTROL"}
    only = {"Owner": {"ID": acl["Owner"]["ID"]}, "Grants": [grant for grant in acl["Grants"] if "ID" in grant["Grantee"]]}
    aws("put-object-acl", *of, "--key", "key", "--access-control-policy", only)
    assert len(aws("get-object-acl", *of, "--key", "key")["Grants"]) == 1
    aws("put-bucket-acl", *of, "--acl", "authenticated-read")
    assert len(aws("get-bucket-acl", *of)["Grants"]) == 2
    aws("put-bucket-ownership-controls", *of, "--ownership-controls", rules("BucketOwnerEnforced"),
        fails="InvalidBucketAclWithObjectOwnership")  # fmt: skip
    aws("put-bucket-acl", *of, "--acl", "private")
    aws("put-bucket-ownership-controls", *of, "--ownership-controls", rules("BucketOwnerEnforced"))
    aws(*put, "--acl", "public-read", fails="AccessControlListNotSupported")
    aws("delete-bucket-ownership-controls", *of)
    aws("get-bucket-ownership-controls", *of, fails="OwnershipControlsNotFoundError")


def test_the_flags_of_an_account_by_s3_control(gateways):
    """The SDK puts the account into a header, and before the host's name too."""
    _, gateway = gateways("moto")
    side = through(gateway, "virtual")
    control = boto3.client(
        "s3control", endpoint_url=side.endpoint, region_name=side.region, aws_access_key_id=side.access_key,
        aws_secret_access_key=side.secret_key, config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    of = {"AccountId": OWNER}
    with pytest.raises(ClientError) as none:
        control.get_public_access_block(**of)
    assert none.value.response["Error"]["Code"] == "NoSuchPublicAccessBlockConfiguration"
    control.put_public_access_block(PublicAccessBlockConfiguration=BLOCK, **of)
    assert control.get_public_access_block(**of)["PublicAccessBlockConfiguration"] == BLOCK
    for _ in range(2):
        control.delete_public_access_block(**of)
    with pytest.raises(ClientError):
        control.get_public_access_block(**of)
    with pytest.raises(ClientError) as foreign:
        control.get_public_access_block(AccountId=PARTNER)
    assert foreign.value.response["Error"]["Code"] == "AccessDenied"
