"""The gateway under test: writes its files, starts `portcullis serve`, reads its logs."""

import functools
import json
import os
import secrets
import string
import subprocess
from pathlib import Path

from .processes import ROOT, Process, answers, free_port, wait_until

BINARY = Path(os.environ.get("PORTCULLIS", ROOT / "target" / "debug" / "portcullis"))
OWNER = "111122223333"
PARTNER = "444455556666"
REGION = "us-east-1"


class Key:
    """An access key of a client: fresh and random for every run, never one from documentation."""

    def __init__(self):
        letters = string.ascii_uppercase + string.digits
        self.id = "AKIA" + "".join(secrets.choice(letters) for _ in range(16))
        self.secret = secrets.token_urlsafe(30)


def allow(actions, resources="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions, resources="*", **more):
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def upstream(server, buckets=("*",), profile="ceph", **more):
    """The `upstreams` entry for a running server."""
    return {
        "profile": profile,
        "endpoint": server.endpoint,
        "region": server.region,
        "owner_account": OWNER,
        "buckets": list(buckets),
        "credentials": {"access_key_id": server.access_key, "secret_access_key": server.secret_key},
        **more,
    }


class Users:
    """The callers of the suites.

    alice may do everything in the owner's account, bob nothing but what a test gives him, eve is the partner
    account's user and may do everything as far as her own account is asked. The role `orders` is the fixed principal.
    """

    def __init__(self, bob=()):
        self.keys = {name: Key() for name in ["alice", "bob", "eve"]}
        self.policies = {
            "alice": [document(allow("s3:*"))],
            "bob": [document(*bob)] if bob else [],
            "eve": [document(allow("s3:*"))],
        }
        self.role = [document(allow("s3:*"))]

    def identities(self):
        owners = {name: self._user(name) for name in ["alice", "bob"]}
        roles = {"orders": {"policies": self.role}}
        return {
            "accounts": {
                OWNER: {"name": "owner", "users": owners, "roles": roles},
                PARTNER: {"name": "partner", "users": {"eve": self._user("eve")}},
            }
        }

    def _user(self, name):
        key = self.keys[name]
        return {"access_keys": [{"id": key.id, "secret": key.secret}], "policies": self.policies[name]}


@functools.cache
def operation_table():
    """The gateway's own table of operations, as it prints it: rows by every name they have."""
    command = [BINARY, "operations", "--format", "json"]
    rows = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["operations"]
    return {name: row for row in rows for name in [row["name"], *row["aliases"]]}


class Follower:
    """Reads the lines of a log as they come, for suites that leave too many to read them anew each time."""

    def __init__(self, path):
        self.path, self._place, self._lines = path, 0, []

    def lines(self, text):
        """The lines that hold a text; they may be written a moment after the answer."""
        return wait_until(lambda: self._found(text), lambda: f"`{text}` in {self.path}", 10, 0.005)

    def _found(self, text):
        if self.path.exists():
            with open(self.path) as file:
                file.seek(self._place)
                new = file.read()
            whole = new.rpartition("\n")[0]
            self._place += len(whole.encode()) + bool(whole)
            self._lines = [*self._lines, *whole.split("\n")][-1000:]
        return [line for line in self._lines if text in line]


class Gateway:
    """A running gateway with three listeners: `endpoint`, `tls_endpoint` and, as the role orders, `app_endpoint`."""

    region = REGION

    def __init__(self, folder, upstreams, certificates, users=None, bucket_policies=None, settings=None, tls=None):
        self.folder = Path(folder)
        self.users, self.certificates = users or Users(), tls or certificates
        self.access_key = self.users.keys["alice"].id
        self.secret_key = self.users.keys["alice"].secret
        self.port, self.tls_port, self.app_port, self.health_port = (free_port() for _ in range(4))
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.tls_endpoint = f"https://127.0.0.1:{self.tls_port}"
        self.app_endpoint = f"http://127.0.0.1:{self.app_port}"
        self.access_log, self.json_log = self.folder / "access.log", self.folder / "access.json"
        self._write_files({**self._configuration(upstreams), **(settings or {})}, bucket_policies or {})
        self.process = self._start()

    def stop(self):
        return self.process.stop()

    @property
    def pid(self):
        return self.process.pid

    def diagnostics(self):
        """What the gateway printed: its own log, not the access log."""
        return self.process.text()

    def access_lines(self):
        return self.access_log.read_text().splitlines() if self.access_log.exists() else []

    def records(self):
        """The JSON records so far."""
        return [json.loads(line) for line in self.json_log.read_text().splitlines()] if self.json_log.exists() else []

    def records_of(self, request_id, count=1):
        """The JSON records of one request id; a record may be written a moment after the answer."""
        found = wait_until(
            lambda: [row for row in self.records() if request_id in json.dumps(row)],
            lambda: f"JSON record of {request_id} in {self.json_log}",
            10,
        )
        assert len(found) == count, f"{len(found)} records of {request_id}: {found}"
        return found

    def lines_of(self, request_id):
        """The access-log lines of one request id."""
        return wait_until(
            lambda: [line for line in self.access_lines() if f" {request_id} " in line],
            lambda: f"access-log line of {request_id} in {self.access_log}",
            10,
        )

    def _start(self):
        command = [BINARY, "serve", "--config", self.folder / "portcullis.yaml"]
        process = Process("portcullis", command, self.folder)
        try:
            process.wait_until(lambda: answers(self.health_port, "/readyz", [200]), "/readyz is 200")
        except BaseException:
            process.kill()
            raise
        return process

    def _write_files(self, configuration, bucket_policies):
        policies = self.folder / "policies"
        for bucket, policy in bucket_policies.items():
            (policies / "buckets" / bucket).mkdir(parents=True)
            (policies / "buckets" / bucket / "policy.json").write_text(json.dumps(policy, indent=2))
        policies.mkdir(parents=True, exist_ok=True)
        self._write_secret("identities.yaml", self.users.identities())
        self._write_secret("portcullis.yaml", configuration)

    def _configuration(self, upstreams):
        tls = {"cert": f"file:{self.certificates.certificate}", "key": f"file:{self.certificates.key}"}
        hosts = ["localhost", "s3.test"]
        role = f"arn:aws:iam::{OWNER}:role/orders"
        return {
            "listeners": {
                "s3": {"bind": f"127.0.0.1:{self.port}", "hosts": hosts},
                "tls": {"bind": f"127.0.0.1:{self.tls_port}", "hosts": hosts, "tls": tls},
                "app": {"bind": f"127.0.0.1:{self.app_port}", "principal": role},
            },
            "health": f"127.0.0.1:{self.health_port}",
            "upstreams": upstreams,
            "identities": str(self.folder / "identities.yaml"),
            "policies": str(self.folder / "policies"),
            "state": {"redb": str(self.folder / "state.redb")},
            "logs": {
                "s3": {"format": "s3", "to": str(self.access_log)},
                "json": {"format": "json", "to": str(self.json_log)},
            },
            "shutdown": {"delay": "0s", "drain": "5s"},
        }

    def _write_secret(self, name, content):
        # JSON is YAML. The gateway refuses secrets that others can read.
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=2))
