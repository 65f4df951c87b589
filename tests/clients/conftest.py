"""Servers for the suites. Every server is started once, on free ports, and ended by its process id."""

import itertools
import os
import shutil
import subprocess

# Clients by the Common Runtime run in processes of their own. Read when botocore is first imported.
os.environ["BOTO_DISABLE_CRT"] = "true"

import pytest

pytest.register_assert_rewrite("scenarios", "sides", "wire")

from servers import ceph as ceph_module
from servers.certificates import Certificates
from servers import garage as garage_module
from servers import localstack as localstack_module
from servers.demo import Demo
from servers.gateway import BINARY, Gateway, Users, upstream
from servers.moto import Moto
from servers.nginx import Nginx
from servers.stub import Stub

# What the machine has set for its own clients is not ours to use.
for name in [name for name in os.environ if name.startswith(("AWS_", "RCLONE_")) or name.lower().endswith("_proxy")]:
    del os.environ[name]

# The stub takes whatever Ceph takes: every operation, plain bodies.
PROFILES = {"moto": "moto", "ceph": "ceph", "garage": "garage", "localstack": "localstack", "stub": "ceph"}
# They take minutes to install, so only `./test --full` has them.
SLOW = {"garage", "localstack"}


def pytest_addoption(parser):
    parser.addoption(
        "--proxy", choices=["portcullis", "nginx"], default="portcullis",
        help="what stands before the upstreams; nginx tries the suites themselves and skips what only a gateway does",
    )  # fmt: skip


def on(server, *values, id=None):
    """The parameters of a test that runs on a server: slow where the server is."""
    return pytest.param(server, *values, id=id, marks=[pytest.mark.slow] if server in SLOW else [])


def missing(what):
    """Skips for want of a program; where everything must be there, fails."""
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"not installed: {what}")
    pytest.skip(f"not installed: {what}")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def ceph(tmp_path_factory):
    if programs := ceph_module.missing():
        missing(", ".join(programs))
    folder = tmp_path_factory.mktemp("ceph")
    server = ceph_module.Ceph(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def garage(tmp_path_factory):
    if not garage_module.PROGRAM.exists():
        missing("garage")
    server = garage_module.Garage(tmp_path_factory.mktemp("garage"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def localstack(tmp_path_factory):
    if not localstack_module.PYTHON.exists():
        missing("localstack")
    server = localstack_module.LocalStack(tmp_path_factory.mktemp("localstack"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def demo(portcullis, tmp_path_factory):
    server = Demo(tmp_path_factory.mktemp("demo"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def stub_server():
    server = Stub()
    yield server
    server.stop()


@pytest.fixture
def stub(stub_server):
    """The recording upstream, with nothing recorded."""
    stub_server.forget()
    return stub_server


@pytest.fixture(scope="session")
def portcullis(request):
    """The gateway's binary; skips where nginx stands in for it."""
    if request.config.getoption("--proxy") != "portcullis":
        pytest.skip("needs the gateway itself")
    if not BINARY.exists():
        pytest.fail(f"{BINARY} is missing: cargo build")
    return BINARY


@pytest.fixture
def verb(portcullis):
    """Runs a verb; gives its exit code and what it printed."""

    def run(*words, code=0):
        environment = {name: value for name, value in os.environ.items() if name != "PORTCULLIS_CONFIG"}
        command = [str(word) for word in [portcullis, *words]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        text = done.stdout + done.stderr
        assert code is None or done.returncode == code, f"{words}: {done.returncode}\n{text}"
        return text

    return run


@pytest.fixture(scope="session")
def launch(portcullis, tmp_path_factory, certificates):
    """Starts gateways: `launch(upstreams, users=…, bucket_policies=…)`."""
    running = []

    def start(upstreams, **more):
        gateway = Gateway(tmp_path_factory.mktemp("gateway"), upstreams, certificates, **more)
        running.append(gateway)
        return gateway

    yield start
    for gateway in running:
        if gateway.process.running():
            gateway.stop()


@pytest.fixture(scope="session")
def fronts(request, tmp_path_factory, certificates):
    """What stands before an upstream, once for each: `fronts("moto")`."""
    started = {}

    def front(name):
        if name not in started:
            server = request.getfixturevalue("stub_server" if name == "stub" else name)
            started[name] = start(name, server)
        return started[name]

    def start(name, server):
        if request.config.getoption("--proxy") == "nginx":
            return Nginx(tmp_path_factory.mktemp("nginx"), server, certificates)
        launch = request.getfixturevalue("launch")
        return launch({name: upstream(server, profile=PROFILES[name])})

    yield front
    for proxy in started.values():
        if isinstance(proxy, Nginx):
            proxy.stop()


@pytest.fixture(scope="module")
def gateways(request, launch):
    """A store's server and a gateway before it, once for a module: `gateways("moto")`. Alice owns, and eve is of another
    account; bob may do what the module's `BOB` says, or nothing."""
    started = {}

    def start(store):
        if store not in started:
            server = request.getfixturevalue(store)
            server = getattr(server, "upstream", server)
            users = Users(bob=getattr(request.module, "BOB", []))
            started[store] = (server, launch({store: upstream(server, profile=store)}, users=users))
        return started[store]

    return start


_numbers = itertools.count(1)


@pytest.fixture
def new_bucket():
    """Makes bucket names that no other test uses: `new_bucket("copy")`."""
    return lambda purpose="bucket": f"t-{purpose.replace('_', '-')[:40]}-{next(_numbers)}"
