"""Everything that is rotated is rotated under load, and no request fails.

The upstream is a second gateway before moto: it verifies what the first one signs, and its certificate too.
"""

import itertools
import json
import os
import socket
import ssl
import threading
import time
import urllib.request
from types import SimpleNamespace

import pytest
import trustme
from servers.certificates import NAMES
from servers.gateway import OWNER, REGION, Key, allow, document, upstream
from servers.processes import wait_until
from sides import Side, through

BODY = b"x" * 20_000
# Fast, so that the test is.
WATCH = {"watch": "150ms"}


def replace(path, text):
    """Puts a file in its place at once."""
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o600)
    new.write_text(text)
    os.replace(new, path)


class Mount:
    """A folder as Kubernetes mounts a Secret or ConfigMap: links through `..data`, which a rename points elsewhere."""

    def __init__(self, folder, files):
        self.folder, self._numbers = folder, itertools.count(1)
        folder.mkdir(parents=True)
        self.swap(files)

    def swap(self, files):
        name = f"..{next(self._numbers)}"
        for path, text in files.items():
            file = self.folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(text)
        (self.folder / "..data_tmp").symlink_to(name)
        os.replace(self.folder / "..data_tmp", self.folder / "..data")
        for shown in {path.split("/")[0] for path in files}:
            if not (self.folder / shown).is_symlink():
                (self.folder / shown).symlink_to(f"..data/{shown}")


class Authority:
    def __init__(self):
        self._authority = trustme.CA()
        self.pem = self._authority.cert_pem.bytes().decode()

    def issue(self):
        """The files of a new certificate."""
        leaf = self._authority.issue_cert(*NAMES)
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        return {"tls.crt": chain.decode(), "tls.key": leaf.private_key_pem.bytes().decode()}


def secured(folder, authority):
    """The certificate of a gateway's listener, in a mount."""
    mount = Mount(folder, authority.issue())
    ca = folder / "ca.pem"
    ca.write_text(authority.pem)
    return SimpleNamespace(mount=mount, ca=ca, certificate=folder / "tls.crt", key=folder / "tls.key")


class Load:
    """Callers who never stop: some on connections that they keep, one on a new connection each time."""

    def __init__(self, gateway, bucket):
        self.gateway, self.bucket = gateway, bucket
        self.key = gateway.users.keys["alice"]
        self.failures, self.done, self._ending = [], [0, 0, 0], threading.Event()
        self._threads = [threading.Thread(target=self._run, args=[place]) for place in range(len(self.done))]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def turn(self):
        """Waits until every caller has begun and ended two requests."""
        before = list(self.done)
        enough = lambda: all(now >= then + 2 for now, then in zip(self.done, before)) or self.failures
        wait_until(enough, "every caller has gone on", 20)
        assert self.failures == []

    def side(self, key=None):
        key, gateway = key or self.key, self.gateway
        return Side("https", gateway.tls_endpoint, key.id, key.secret, REGION, str(gateway.certificates.ca))

    def _run(self, place):
        name, client = f"key-{place}", {}
        while not self._ending.is_set():
            key = self.key
            try:
                if place == 0:
                    answer = self.side(key).raw("GET", f"/{self.bucket}/there")
                    assert answer.status == 200, answer
                else:
                    client = client if key.id in client else {key.id: self.side(key).s3()}
                    client[key.id].put_object(Bucket=self.bucket, Key=name, Body=BODY)
                    assert client[key.id].get_object(Bucket=self.bucket, Key=name)["Body"].read() == BODY
            except Exception as error:  # Whatever it is, it is a failure.
                self.failures.append(f"{time.strftime('%X')} caller {place} with {key.id}: {error!r}")
                return
            self.done[place] += 1


def reloads(gateway, outcome="config_reloads_total"):
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.health_port}/metrics") as answer:
        rows = [line.split() for line in answer.read().decode().splitlines()]
    return int(next(row[1] for row in rows if row[0] == f"portcullis_{outcome}"))


def taken(gateway, change, load):
    """Makes a change, waits until the gateway serves from it, and a little longer."""
    before = reloads(gateway)
    change()
    wait_until(lambda: reloads(gateway) > before, lambda: f"a reload\n{gateway.diagnostics()[-3000:]}", 15)
    load.turn()


@pytest.fixture
def chain(launch, moto, tmp_path):
    """A gateway before a gateway before moto, and the authorities of both certificates."""
    inner_authority, outer_authority = Authority(), Authority()
    inner_tls = secured(tmp_path / "inner", inner_authority)
    inner = launch({"moto": upstream(moto, profile="moto")}, settings=WATCH, tls=inner_tls)
    key = inner.users.keys["alice"]
    store = Mount(tmp_path / "store", {"id": key.id, "secret": key.secret, "ca.pem": inner_authority.pem})
    policies = Mount(tmp_path / "policies", {"README.md": "none yet"})
    files = {name: f"file:{store.folder / name}" for name in ["id", "secret", "ca.pem"]}
    entry = upstream(inner, profile="moto") | {
        "endpoint": inner.tls_endpoint,
        "tls": {"ca": files["ca.pem"]},
        "credentials": {"access_key_id": files["id"], "secret_access_key": files["secret"]},
    }
    outer_tls = secured(tmp_path / "outer", outer_authority)
    settings = WATCH | {"policies": str(policies.folder)}
    outer = launch({"inner": entry}, settings=settings, tls=outer_tls)
    return SimpleNamespace(**locals())


def with_keys(gateway, *keys):
    """Writes the identities with these keys for alice."""
    identities = gateway.users.identities()
    alice = identities["accounts"][OWNER]["users"]["alice"]
    alice["access_keys"] = [{"id": key.id, "secret": key.secret} for key in keys]
    replace(gateway.folder / "identities.yaml", json.dumps(identities))


def presented(gateway):
    """The certificate of a new handshake."""
    context = ssl.create_default_context(cafile=gateway.certificates.ca)
    with socket.create_connection(("127.0.0.1", gateway.tls_port)) as plain:
        with context.wrap_socket(plain, server_hostname="s3.test") as stream:
            return ssl.DER_cert_to_PEM_cert(stream.getpeercert(binary_form=True))


def test_rotation_under_load_fails_no_request(chain, new_bucket):
    outer, inner, bucket = chain.outer, chain.inner, new_bucket("rotation")
    owner = through(outer).s3()
    owner.create_bucket(Bucket=bucket)
    owner.put_object(Bucket=bucket, Key="there", Body=b"there")
    with Load(outer, bucket) as load:
        load.turn()
        rotate_a_caller_s_key(outer, load)
        give_and_take_a_policy(chain, bucket, load)
        swap_a_certificate(chain, load)
        rotate_the_upstream_s_authority(chain, load)
        rotate_the_upstream_s_key(chain, load)
        load.turn()
    assert load.failures == []
    for gateway in [outer, inner]:
        assert reloads(gateway, 'config_reload_failures_total{reason="broken"}') == 0, gateway.diagnostics()


def rotate_a_caller_s_key(gateway, load):
    old, new = load.key, Key()
    there = f"/{load.bucket}/there"
    assert load.side(new).raw("GET", there).code == "InvalidAccessKeyId"
    taken(gateway, lambda: with_keys(gateway, old, new), load)
    load.key = new
    load.turn()
    taken(gateway, lambda: with_keys(gateway, new), load)
    assert load.side(old).raw("GET", there).code == "InvalidAccessKeyId"
    gateway.users.keys["alice"] = new


def give_and_take_a_policy(chain, bucket, load):
    bob, there = through(chain.outer, user="bob"), f"/{bucket}/there"
    reader = {"AWS": f"arn:aws:iam::{OWNER}:user/bob"}
    policy = document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal=reader))
    assert bob.raw("GET", there).status == 403
    given = {"README.md": "one", f"buckets/{bucket}/policy.json": json.dumps(policy)}
    taken(chain.outer, lambda: chain.policies.swap(given), load)
    assert bob.raw("GET", there).status == 200
    given[f"buckets/{bucket}/policy.json"] = json.dumps(policy).replace("GetObject", "GetObjectAcl")
    taken(chain.outer, lambda: chain.policies.swap(given), load)
    assert bob.raw("GET", there).status == 403


def swap_a_certificate(chain, load):
    before, new = presented(chain.outer), chain.outer_authority.issue()
    taken(chain.outer, lambda: chain.outer_tls.mount.swap(new), load)
    after = presented(chain.outer)
    assert before != after and after in new["tls.crt"]


def rotate_the_upstream_s_authority(chain, load):
    """Both trusted, then the other's certificate, then it alone is trusted."""
    old, new = chain.inner_authority, Authority()
    key = chain.key
    files = lambda ca: {"id": key.id, "secret": key.secret, "ca.pem": ca}
    taken(chain.outer, lambda: chain.store.swap(files(old.pem + new.pem)), load)
    chain.inner.certificates.ca.write_text(new.pem)
    certificate = new.issue()
    taken(chain.inner, lambda: chain.inner_tls.mount.swap(certificate), load)
    assert presented(chain.inner) in certificate["tls.crt"]
    taken(chain.outer, lambda: chain.store.swap(files(new.pem)), load)
    chain.inner_authority = new


def rotate_the_upstream_s_key(chain, load):
    old, new = chain.key, Key()
    taken(chain.inner, lambda: with_keys(chain.inner, old, new), load)
    files = {"id": new.id, "secret": new.secret, "ca.pem": chain.inner_authority.pem}
    taken(chain.outer, lambda: chain.store.swap(files), load)
    taken(chain.inner, lambda: with_keys(chain.inner, new), load)
