"""Start, watch and end one process."""

import http.client
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Where `./test` puts what it downloads and builds.
CACHE = ROOT / "tests" / ".cache"
_handed_out = set()


def free_port():
    """A loopback port that was free a moment ago and that this process hands out once only."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _handed_out:
            _handed_out.add(port)
            return port


def wait_until(holds, what, seconds=30, pause=0.02):
    """Polls `holds` until it is true and returns its value; raises with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)


def answers(port, path="/", statuses=range(100, 600)):
    """Whether an HTTP server on the port answers with one of these statuses."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status in statuses
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Process:
    """One process in a group of its own, with its output in a file."""

    def __init__(self, name, command, folder, environment=None):
        self.name = name
        self.output = Path(folder) / f"{name}.log"
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=open(self.output, "ab"),
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def text(self):
        """All it has printed so far."""
        return self.output.read_text(errors="replace")

    def wait_until(self, holds, what, seconds=30):
        """Polls `holds`; fails at once, with the process's output, when the process ends."""

        def check():
            if not self.running():
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.text()[-4000:]}")
            return holds()

        return wait_until(check, lambda: f"{self.name}: {what}\n{self.text()[-4000:]}", seconds)

    def stop(self, seconds=10, how=signal.SIGTERM):
        """Asks the process to end, kills its group when it does not, and returns its exit status."""
        if self.running():
            self.process.send_signal(how)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()
            raise TimeoutError(f"{self.name} did not end within {seconds} s:\n{self.text()[-2000:]}") from None

    def kill(self):
        """Ends the process and its group at once."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def memory(pid):
    """Resident bytes of a process: now, and the most since the last `forget_peak`."""
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, peak = (int(rows[field].split()[0]) * 1024 for field in ("VmRSS", "VmHWM"))
    return now, peak


def forget_peak(pid):
    """Sets the peak of a process back to what it holds now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
