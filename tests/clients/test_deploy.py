"""What is under deploy/ is what its readers take: Kubernetes, systemd and the builders of images."""

import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from conftest import missing
from servers.gateway import BINARY
from servers.processes import ROOT

DEPLOY = ROOT / "deploy"
# The sidecar says that it needs 1.29.
KUBERNETES = ["1.29", "1.37"]


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("path", sorted((DEPLOY / "kubernetes").glob("*.yaml")), ids=lambda path: path.name)
def test_manifests_are_what_kubernetes_takes(path, version):
    for resource in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(resource, version, strict=True)


def test_a_manifest_with_an_unknown_field_is_found():
    (resource, *_) = yaml.safe_load_all((DEPLOY / "kubernetes" / "sidecar.yaml").read_text())
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**resource, "metadate": {}}, KUBERNETES[0], strict=True)


def test_systemd_has_no_remark_on_the_unit(portcullis, tmp_path):
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze")
    unit = tmp_path / "portcullis.service"
    # It looks whether the program is there; the man page is written by `portcullis man`.
    unit.write_text((DEPLOY / "portcullis.service").read_text().replace("/usr/local/bin/portcullis", str(BINARY)))
    done = run("systemd-analyze", "verify", "--man=no", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_dockerfile_has_no_lint():
    done = run(Path(sys.executable).with_name("hadolint"), "--no-color", DEPLOY / "Dockerfile")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
