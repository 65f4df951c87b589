"""A one-node Garage: no policies or versions, but the one store here that checks every checksum and signature."""

import secrets
import subprocess
from pathlib import Path

from .processes import CACHE, Process, free_port

PROGRAM = CACHE / "bin" / "garage"

# SQLite: with LMDB, its default, keys may have 479 bytes.
CONFIGURATION = """\
metadata_dir = "{folder}/meta"
data_dir = "{folder}/data"
db_engine = "sqlite"
metadata_fsync = false
data_fsync = false
replication_factor = 1
rpc_bind_addr = "127.0.0.1:{rpc_port}"
rpc_public_addr = "127.0.0.1:{rpc_port}"
rpc_secret = "{rpc_secret}"
[s3_api]
s3_region = "us-east-1"
api_bind_addr = "127.0.0.1:{port}"
root_domain = ".s3.test"
"""


class Garage:
    """The running node: `endpoint`, and the one key's `access_key` and `secret_key`."""

    region = "us-east-1"

    def __init__(self, folder):
        self.configuration = Path(folder) / "garage.toml"
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        # The only form it takes keys in.
        self.access_key = "GK" + secrets.token_hex(12)
        self.secret_key = secrets.token_hex(32)
        settings = {"folder": folder, "port": self.port, "rpc_port": free_port(), "rpc_secret": secrets.token_hex(32)}
        self.configuration.write_text(CONFIGURATION.format(**settings))
        self.process = Process("garage", self._command("server"), folder, {"RUST_LOG": "garage=warn"})
        try:
            self.process.wait_until(lambda: self._try("status").returncode == 0, "Garage answers")
            self._set_up()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.process.kill()

    def _set_up(self):
        """Gives the node the data to keep, and makes the key."""
        node = self._run("node", "id", "-q").partition("@")[0].strip()
        self._run("layout", "assign", "-z", "here", "-c", "20G", node)
        self._run("layout", "apply", "--version", "1")
        self._run("key", "import", "--yes", "-n", "upstream", self.access_key, self.secret_key)
        self._run("key", "allow", "--create-bucket", self.access_key)

    def _run(self, *words):
        done = self._try(*words)
        if done.returncode != 0:
            raise RuntimeError(f"garage {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def _try(self, *words):
        return subprocess.run(self._command(*words), capture_output=True, text=True, timeout=60)

    def _command(self, *words):
        return [str(PROGRAM), "-c", str(self.configuration), *words]
