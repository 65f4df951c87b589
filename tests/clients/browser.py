"""A headless Chromium, driven through chromedriver's WebDriver API, and origins that serve it the folder `pages`.

<https://www.w3.org/TR/webdriver2/>
"""

import base64
import functools
import http.server
import json
import os
import re
import shutil
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

from servers.processes import Process, wait_until

PAGES = Path(__file__).with_name("pages")
PROGRAMS = ["chromium", "chromedriver"]
STARTED = re.compile(r"was started successfully on port (\d+)")
# Nothing but what a page asks for leaves the browser, and names under .test are this machine (RFC 6761).
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
    "--host-resolver-rules=MAP *.test 127.0.0.1", "--window-size=1400,900",
]  # fmt: skip


def missing():
    """What is not installed."""
    return [program for program in PROGRAMS if not shutil.which(program)]


class Origin:
    """Serves the pages on a port of its own: `http://HOST:PORT` is an origin."""

    def __init__(self, host="127.0.0.1"):
        handler = functools.partial(_Pages, directory=PAGES)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.name = f"http://{host}:{self._server.server_port}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class _Pages(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Browser:
    """A running Chromium with a profile of its own, and one window."""

    def __init__(self, folder):
        # It takes a port itself and says which: one that was free a moment ago might not be any more.
        self.process = Process("chromedriver", ["chromedriver", "--port=0"], folder, {"HOME": str(folder)})
        try:
            started = self.process.wait_until(lambda: STARTED.search(self.process.text()), "says its port", 60)
            self._url = f"http://127.0.0.1:{started[1]}"
            self._session = self._begin(folder / "profile")
        except BaseException:
            self.process.kill()
            raise

    def _begin(self, profile):
        capabilities = {
            "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": [*FLAGS, f"--user-data-dir={profile}"]},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": 60_000, "pageLoad": 60_000},
        }
        return self._ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]

    def stop(self):
        try:
            self._tell("DELETE", "")
        finally:
            self.process.kill()

    def open(self, url):
        """Loads a page, and forgets what the console said before."""
        self._tell("POST", "/url", {"url": url})
        self.console()

    def call(self, function, *arguments):
        """What a function of the page promises."""
        script = """
            const [name, values, done] = arguments;
            window[name](...values).then(value => done({value}), error => done({error: String(error)}));
        """
        told = self._tell("POST", "/execute/async", {"script": script, "args": [function, arguments]})
        if "error" in told:
            raise RuntimeError(f"{function}: {told['error']}")
        return told["value"]

    def console(self):
        """The messages of the console since the last call."""
        return [entry["message"] for entry in self._tell("POST", "/se/log", {"type": "browser"})]

    def console_until(self, text):
        """The messages of the console up to one that says a text: they may come a moment after what they are about."""
        heard = []

        def said():
            heard.extend(self.console())
            return any(text in message for message in heard)

        wait_until(said, lambda: f"console says `{text}`: {heard}", 5)
        return heard

    @contextmanager
    def pictured(self, folder):
        """Saves a picture of the page when what is done with it fails; with `BROWSER_PICTURES=DIR` also of what does not,
        for people to look at."""
        picture = folder / "page.png"
        try:
            yield
        except BaseException as failure:
            self._picture(picture)
            failure.add_note(f"The page: {picture}")
            raise
        if wanted := os.environ.get("BROWSER_PICTURES"):
            name = os.environ["PYTEST_CURRENT_TEST"].partition("::")[2].partition(" ")[0]
            self._picture(Path(wanted) / (re.sub(r"\W+", "-", name) + ".png"))

    def _picture(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._tell("GET", "/screenshot")))

    def _tell(self, method, command, body=None):
        return self._ask(method, f"/session/{self._session}{command}", body)

    def _ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return json.load(answer)["value"]
        except HTTPError as refused:
            raise RuntimeError(f"{method} {path}: {refused.read().decode(errors='replace')[:2000]}") from None
