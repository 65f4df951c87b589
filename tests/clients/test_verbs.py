"""The verbs that carry settings and state: between gateways, files, backups and stores."""

import http.server
import json
import threading

import pytest
from botocore.exceptions import ClientError
from servers.gateway import OWNER, PARTNER, allow, document, upstream
from sides import direct, through

ADMIN = {"admin": "unix:admin.sock"}
CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://app.example"]}]}
FLAGS = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": False}


def for_partner(bucket):
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return json.dumps(document(allow("s3:*", resources, Principal={"AWS": PARTNER})), indent=1)


@pytest.fixture
def start(launch, moto):
    def started(**settings):
        return launch({"moto": upstream(moto, profile="moto")}, settings={**ADMIN, **settings})

    return started


def config(gateway):
    return ["--config", gateway.folder / "portcullis.yaml"]


def answers(gateway, bucket):
    """What a gateway says of a bucket; a policy by what it means."""
    s3 = through(gateway).s3()

    def ask(call, field):
        try:
            return call(Bucket=bucket)[field]
        except ClientError as error:
            return error.response["Error"]["Code"]

    policy = ask(s3.get_bucket_policy, "Policy")
    return {
        "policy": json.loads(policy) if policy.startswith("{") else policy,
        "block": ask(s3.get_public_access_block, "PublicAccessBlockConfiguration"),
        "cors": ask(s3.get_bucket_cors, "CORSRules"),
        "ownership": ask(s3.get_bucket_ownership_controls, "OwnershipControls"),
        "acl": ask(s3.get_bucket_acl, "Grants"),
    }


def set_all(gateway, bucket):
    s3 = through(gateway).s3()
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=for_partner(bucket))
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=CORS)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=FLAGS)
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    grant = f'id="{s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]}"'
    s3.put_bucket_acl(Bucket=bucket, GrantFullControl=grant, GrantRead=f'id="{"ab" * 32}"')


def test_what_calls_put_becomes_files_and_goes_from_them_into_another_store(start, verb, new_bucket, tmp_path):
    first, bucket, other = start(), new_bucket("verbs"), new_bucket("verbs")
    set_all(first, bucket)
    through(first).s3().create_bucket(Bucket=other)
    folder = tmp_path / "out"
    said = verb("settings", "export", folder, *config(first))
    assert said.count("written") == 7, said
    files = folder / "buckets" / bucket
    assert sorted(file.name for file in files.iterdir()) == [
        "acl.json", "cors.json", "ownership.json", "policy.json", "public-access-block.json",
    ]  # fmt: skip
    assert (files / "policy.json").read_text() == for_partner(bucket)
    assert verb("settings", "export", folder, *config(first)).count("unchanged") == 7

    by_files = start(policies=str(folder))
    assert answers(by_files, bucket) == answers(first, bucket)
    assert answers(by_files, other) == answers(first, other)

    third = start()
    assert answers(third, bucket)["policy"] == "NoSuchBucketPolicy"
    assert verb("settings", "import", folder, "--dry-run", *config(third)).count("would put") == 7
    assert answers(third, bucket)["policy"] == "NoSuchBucketPolicy"
    assert verb("settings", "import", folder, *config(third)).count("\nput ") == 6
    assert answers(third, bucket) == answers(first, bucket)
    assert verb("settings", "import", folder, *config(third)).count("unchanged") == 7
    again = tmp_path / "again"
    verb("settings", "export", again, *config(third))
    texts = {file.relative_to(folder): file.read_text() for file in folder.rglob("*.json")}
    assert texts == {file.relative_to(again): file.read_text() for file in again.rglob("*.json")}
    assert "set through the admin listener" in third.diagnostics()

    said = verb("settings", "import", folder, *config(by_files), code=1)
    assert f"{bucket}/policy: managed by configuration" in said


def test_flags_of_accounts_are_carried_in_the_form_of_identities(start, verb, tmp_path):
    folder = tmp_path / "in"
    (folder / "identities").mkdir(parents=True)
    accounts = {"accounts": {OWNER: {"public_access_block": {"BlockPublicPolicy": True}}}}
    (folder / "identities" / "accounts.json").write_text(json.dumps(accounts))
    first, out = start(), tmp_path / "out"
    assert f"account {OWNER}/public-access-block" in verb("settings", "import", folder, *config(first))
    verb("settings", "export", out, *config(first))
    written = json.loads((out / "identities" / "accounts.json").read_text())
    assert written["accounts"][OWNER]["public_access_block"]["BlockPublicPolicy"] is True
    verb("validate", out / "identities" / "accounts.json")


def test_a_file_that_differs_is_kept_and_a_broken_one_changes_nothing(start, verb, new_bucket, tmp_path):
    gateway, bucket, folder = start(), new_bucket("verbs"), tmp_path / "out"
    set_all(gateway, bucket)
    verb("settings", "export", folder, "--bucket", "t-verbs-*", *config(gateway))
    policy = folder / "buckets" / bucket / "policy.json"
    policy.write_text(for_partner(bucket).replace("s3:*", "s3:GetObject"))
    assert "refused" in verb("settings", "export", folder, *config(gateway), code=1)
    assert "s3:GetObject" in policy.read_text()
    before = answers(gateway, bucket)
    policy.write_text(for_partner(bucket).replace("s3:*", "s3:GetObjct"))
    (folder / "buckets" / bucket / "cors.json").write_text("{}")
    said = verb("settings", "import", folder, *config(gateway), code=1)
    assert f"{policy}:6:" in said and "cors.json:1:" in said, said
    assert "nothing was changed" in said and answers(gateway, bucket) == before
    verb("settings", "export", folder, "--force", *config(gateway))
    assert policy.read_text() == for_partner(bucket)


def test_a_public_policy_is_refused_as_by_the_call(start, verb, new_bucket, tmp_path):
    gateway, bucket = start(), new_bucket("verbs")
    through(gateway).s3().create_bucket(Bucket=bucket)
    policy = tmp_path / "buckets" / bucket / "policy.json"
    policy.parent.mkdir(parents=True)
    public = {**allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"), "Principal": "*"}
    policy.write_text(json.dumps(document(public)))
    said = verb("settings", "import", tmp_path, *config(gateway), code=1)
    assert "BlockPublicPolicy is in force" in said
    assert answers(gateway, bucket)["policy"] == "NoSuchBucketPolicy"


def test_a_backup_under_load_is_restored_elsewhere(start, verb, new_bucket, tmp_path):
    first, bucket = start(), new_bucket("verbs")
    set_all(first, bucket)
    s3, others, ended = through(first).s3(), [new_bucket("load") for _ in range(40)], threading.Event()

    def load():
        for other in others:
            s3.create_bucket(Bucket=other)
            s3.put_bucket_cors(Bucket=other, CORSConfiguration=CORS)
        ended.set()

    thread = threading.Thread(target=load)
    thread.start()
    copies = []
    while not ended.is_set() or not copies:
        copies.append(tmp_path / f"backup-{len(copies)}.redb")
        assert "backed up to" in verb("state", "backup", copies[-1], *config(first))
    thread.join()
    assert "is there already" in verb("state", "backup", copies[0], *config(first), code=1)
    shown = json.loads(verb("state", "show", "--format", "json", *config(first)))
    assert (shown["origin"], len(shown["buckets"])) == ("new", 41)

    assert "in use" in verb("state", "restore", copies[0], *config(first), code=1)
    for number, copy in enumerate([copies[0], copies[-1]]):
        state = tmp_path / f"state-{number}.redb"
        assert f"restored {state}" in verb("state", "restore", copy, "--state", state)
        second = start(state={"redb": str(state)})
        assert answers(second, bucket) == answers(first, bucket)
        assert "origin: restored" in verb("state", "show", *config(second))
        second.stop()
    state = tmp_path / "state-0.redb"
    assert f"kept as {state}.before-restore" in verb("state", "restore", copies[-1], "--state", state)
    assert "is there already" in verb("state", "restore", copies[-1], "--state", state, code=1)
    assert "cannot be read" in verb("state", "restore", first.folder / "portcullis.yaml", "--state", tmp_path / "new", code=1)
    verb("state", "restore", copies[0], code=2)


def test_the_gateway_must_be_reached(start, verb, tmp_path):
    gateway = start()
    for words in [["state", "show"], ["settings", "export", tmp_path / "out"], ["settings", "import", tmp_path]]:
        assert "which gateway" in verb(*words, code=2)
    (tmp_path / "buckets" / "some-bucket").mkdir(parents=True)
    (tmp_path / "buckets" / "some-bucket" / "cors.json").write_text(json.dumps(CORS))
    assert "no bucket" in verb("settings", "import", tmp_path, *config(gateway), code=1)
    gateway.stop()
    assert "cannot reach" in verb("state", "show", *config(gateway), code=2)


def test_what_a_store_has_set_becomes_files_as_far_as_it_can(start, verb, moto, new_bucket, tmp_path):
    whole, partly, odd = (new_bucket("store") for _ in range(3))
    s3 = direct(moto).s3()
    for bucket in [whole, partly, odd]:
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=whole, Policy=for_partner(whole))
    s3.put_bucket_cors(Bucket=whole, CORSConfiguration=CORS)
    s3.put_public_access_block(Bucket=whole, PublicAccessBlockConfiguration=FLAGS)
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=whole, OwnershipControls=enforced)
    s3.put_bucket_acl(Bucket=partly, ACL="public-read")
    s3.put_bucket_cors(Bucket=partly, CORSConfiguration=CORS)
    s3.put_bucket_ownership_controls(Bucket=partly, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.put_bucket_policy(Bucket=odd, Policy=for_partner(odd).replace("s3:*", "s3:GetObjct"))
    gateway, into = start(), tmp_path / "into"
    carry = ["settings", "import", "--from-upstream", "moto", "--into", into, *config(gateway)]

    said = verb(*carry, "--bucket", whole)
    assert said.count("written") == 4 and "none" in said, said
    by_files = start(policies=str(into))
    found = answers(by_files, whole)
    assert found["policy"] == json.loads(for_partner(whole)) and found["cors"] == CORS["CORSRules"]
    assert (found["block"], found["ownership"]) == (FLAGS, enforced)
    assert verb(*carry, "--bucket", whole).count("unchanged") == 4

    said = verb(*carry, "--bucket", partly, code=1)
    assert "Read to everyone" in said and "ACLs count in this bucket" in said, said
    assert (into / "buckets" / partly / "cors.json").exists()
    assert not (into / "buckets" / partly / "acl.json").exists()
    said = verb(*carry, "--bucket", odd, code=1)
    policy = into / "buckets" / odd / "policy.json"
    assert f"{policy}:6:" in said and "GetObject" in said and not policy.exists(), said

    (into / "buckets" / whole / "cors.json").write_text(json.dumps({"CORSRules": [{**CORS["CORSRules"][0], "ID": "mine"}]}))
    assert "--force" in verb(*carry, "--bucket", whole, code=1)
    assert "mine" in (into / "buckets" / whole / "cors.json").read_text()
    verb(*carry, "--bucket", whole, "--force")
    assert "mine" not in (into / "buckets" / whole / "cors.json").read_text()
    assert "upstreams.none" in verb("settings", "import", "--from-upstream", "none", *config(gateway), code=2)
    verb(*carry, "--bucket", "no-such-bucket", code=1)


class Faulty(http.server.BaseHTTPRequestHandler):
    """Lists three buckets: of one it has a policy, of one it fails, of one it knows nothing but the bucket."""

    def do_GET(self):
        bucket, _, query = self.path.strip("/").partition("?")
        status, text = 404, "<Error><Code>NoSuchBucketPolicy</Code></Error>"
        if not bucket:
            names = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in ["good-one", "ill-one", "old-one"])
            status, text = 200, f"<ListAllMyBucketsResult><Buckets>{names}</Buckets></ListAllMyBucketsResult>"
        elif bucket.startswith("ill-one"):
            status, text = 503, "<Error><Code>SlowDown</Code></Error>"
        elif bucket.startswith("old-one"):
            codes = {"policy": (403, "AccessDenied"), "cors": (501, "NotImplemented")}
            status, code = codes.get(query.partition("=")[0], (404, "NoSuchCORSConfiguration"))
            text = f"<Error><Code>{code}</Code></Error>"
        elif query.startswith("policy"):
            status, text = 200, for_partner("good-one")
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def test_a_bucket_that_fails_stops_no_other(launch, moto, verb, tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Faulty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    faulty = {**upstream(moto, profile="moto"), "endpoint": f"http://127.0.0.1:{server.server_port}"}
    gateway = launch({"faulty": faulty}, settings=ADMIN)
    carry = ["settings", "import", "--from-upstream", "faulty", "--into", tmp_path, *config(gateway)]
    assert "would write" in verb(*carry, "--dry-run", code=1) and not (tmp_path / "buckets").exists()
    said = verb(*carry, code=1)
    assert "failed      ill-one: policy: the store answered 503 SlowDown" in said, said
    assert "unknown     old-one/policy: upstream `faulty` refused the gateway with `AccessDenied`" in said, said
    assert "none        old-one/cors: the store answered 501 NotImplemented" in said, said
    assert (tmp_path / "buckets" / "good-one" / "policy.json").read_text() == for_partner("good-one")
    assert not (tmp_path / "buckets" / "ill-one").exists()
    assert moto.secret_key not in said
    server.shutdown()
    server.server_close()
    assert "cannot list buckets" in verb(*carry, code=2)
