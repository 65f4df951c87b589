"""`portcullis demo`: the gateway in front of its own in-process upstream, with sample accounts and policies."""

import configparser
from pathlib import Path
from types import SimpleNamespace

import yaml

from .gateway import BINARY
from .processes import Process, answers, free_port


class Demo:
    """A running demo. `keys` maps the profiles owner, analyst and partner to (id, secret)."""

    region = "us-east-1"

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        command = [BINARY, "demo", "--dir", self.folder / "demo", "--port", self.port]
        self.process = Process("demo", command, self.folder)
        credentials = self.folder / "demo" / "credentials"
        try:
            self.process.wait_until(lambda: credentials.exists() and answers(self.port), "demo answers")
        except BaseException:
            self.process.kill()
            raise
        self.endpoint = (self.folder / "demo" / "endpoint").read_text().strip()
        profiles = configparser.ConfigParser()
        profiles.read(credentials)
        self.keys = {
            name: (profiles[name]["aws_access_key_id"], profiles[name]["aws_secret_access_key"])
            for name in profiles.sections()
        }
        self.access_key, self.secret_key = self.keys["owner"]
        self.upstream = self._upstream()

    def _upstream(self):
        """The in-process upstream, by what the written configuration says of it."""
        configuration = yaml.safe_load((self.folder / "demo" / "portcullis.yaml").read_text())
        (entry,) = configuration["upstreams"].values()
        credentials = entry["credentials"]
        return SimpleNamespace(
            endpoint=entry["endpoint"],
            region=entry.get("region", self.region),
            access_key=credentials["access_key_id"],
            secret_key=self._secret(credentials["secret_access_key"]),
        )

    def _secret(self, text):
        """A secret as the configuration has it: itself, or the file that holds it, from the demo's folder on."""
        kind, _, path = text.partition(":")
        return (self.folder / "demo" / path).read_text().strip() if kind == "file" else text

    def stop(self):
        self.process.stop()
