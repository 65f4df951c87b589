"""A Prometheus that scrapes every second and answers queries, and promtool."""

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from .processes import Process, answers, free_port

PROGRAMS = ["prometheus", "promtool"]


def missing():
    return [name for name in PROGRAMS if not shutil.which(name)]


def promtool(*arguments, text=None):
    """Runs promtool and gives what it printed; raises with that when it fails."""
    done = subprocess.run(["promtool", *map(str, arguments)], input=text, text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Prometheus:
    """A running Prometheus: `targets` are `(address, labels)`, `rules` are files."""

    def __init__(self, folder, job, targets, rules=()):
        self.folder, self.port = Path(folder), free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        static = [{"targets": [address], "labels": labels} for address, labels in targets]
        configuration = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [{"job_name": job, "static_configs": static}],
        }
        # JSON is YAML.
        (self.folder / "prometheus.yml").write_text(json.dumps(configuration))
        self.process = self._start()

    def stop(self):
        return self.process.stop()

    def query(self, expression):
        """The series of an expression now, as `(labels, value)`; raises with Prometheus' own words on an error."""
        body = urllib.parse.urlencode({"query": expression}).encode()
        try:
            data = self._ask("query", body)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expression}: {error.read().decode()}") from None
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(series["metric"], float(series["value"][1])) for series in data["result"]]

    def rules(self):
        """Every rule of every group as it stands: `health`, `lastError`, for alerts `state`."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def alerts(self):
        return self._ask("alerts")["alerts"]

    def series(self, matcher):
        """The labels of every series that a matcher finds."""
        return self._ask("series?" + urllib.parse.urlencode({"match[]": matcher}))

    def _ask(self, what, body=None):
        with urllib.request.urlopen(f"{self.endpoint}/api/v1/{what}", body, timeout=10) as answer:
            return json.load(answer)["data"]

    def _start(self):
        command = [
            *["prometheus", f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={self.folder / 'data'}"],
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        process = Process("prometheus", command, self.folder)
        try:
            process.wait_until(lambda: answers(self.port, "/-/ready", [200]), "/-/ready is 200")
        except BaseException:
            process.kill()
            raise
        return process
