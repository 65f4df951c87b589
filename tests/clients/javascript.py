"""The AWS SDK for JavaScript as a client: `./test` installs it, `every_command.mjs` runs it."""

import base64
import datetime
import json
import os
import shutil
import subprocess
from pathlib import Path

from servers.processes import ROOT

FOLDER = ROOT / "tests" / ".cache" / "node"
SCRIPT = Path(__file__).with_name("every_command.mjs")


def missing():
    """What is not installed."""
    names = [] if shutil.which("node") else ["node"]
    return names + ([] if (FOLDER / "node_modules/@aws-sdk/client-s3").exists() else ["@aws-sdk/client-s3"])


class JavaScript:
    """A running SDK that calls one side."""

    def __init__(self, side):
        environment = {"AWS_ACCESS_KEY_ID": side.access_key, "AWS_SECRET_ACCESS_KEY": side.secret_key}
        if side.ca:
            environment["NODE_EXTRA_CA_CERTS"] = side.ca
        self.process = subprocess.Popen(
            ["node", SCRIPT, FOLDER, side.endpoint, side.region],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **environment},
        )

    def commands(self):
        """The names of all commands it has."""
        return self._ask({})

    def call(self, call, to=None):
        """Sends a call; its status, code, requestId and output, or its status alone and the body in the file `to`."""
        arguments = dict(call.arguments)
        if isinstance(source := arguments.get("CopySource"), dict):
            arguments["CopySource"] = f"{source['Bucket']}/{source['Key']}"
        return self._ask({"operation": call.operation, "arguments": arguments, "to": to})

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)

    def _ask(self, question):
        print(json.dumps(question, default=_plain), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


def _plain(value):
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Path):
        return {"$file": str(value)}
    if isinstance(value, datetime.datetime):
        return {"$date": value.isoformat()}
    raise TypeError(type(value))
