"""Audit logs, untouched and harmed: the binary and the verifier in tests/audit say the same."""

import json
import random
import shutil
import subprocess
import sys

import pytest
from servers.gateway import BINARY
from servers.processes import ROOT

DATA = ROOT / "tests/data/audit"
SECOND = ROOT / "tests/audit/verify.py"
KEY = (DATA / "audit.pub").read_text().strip()
ANCHORS = DATA / "anchors.txt"
CODES = {"untouched": 0, "tampered": 1, "proven": 3, "not_pinned": 4}


@pytest.fixture
def log(tmp_path):
    return shutil.copytree(DATA / "log", tmp_path / "log")


def run(program, log, key, anchors):
    options = [*(["--key", key] if key else []), *(["--anchor", anchors] if anchors else [])]
    done = subprocess.run([*program, log, *options], capture_output=True, text=True)
    assert done.returncode in CODES.values(), done.stderr
    return done.returncode, json.loads(done.stdout)


def judge(log, key=KEY, anchors=ANCHORS):
    """What both say; fails unless it is the same."""
    code, first = run([BINARY, "audit", "verify", "--format", "json"], log, key, anchors)
    other_code, second = run([sys.executable, SECOND], log, key, anchors)
    if first["finding"]:
        del first["finding"]["detail"]
    else:
        assert (first["proven"], first["unproven"]) == (second["proven"], second["unproven"])
    assert (first["verdict"], first["finding"], code) == (second["verdict"], second["finding"], other_code)
    assert code == CODES[first["verdict"]]
    return first


def plain(log):
    """The files that are not compressed."""
    return sorted(log.glob("*.jsonl"))


def records(log):
    return next(path for path in plain(log) if path.name != "manifest.jsonl")


def test_an_untouched_log(log):
    assert judge(log)["verdict"] == "untouched"
    assert judge(log, anchors=None)["verdict"] == "proven"
    assert judge(log, key=None)["verdict"] == "not_pinned"


def test_any_flipped_bit_is_found_and_named_alike(log):
    chance = random.Random(7)
    for path in plain(log):
        whole = path.read_bytes()
        for _ in range(40):
            harmed = bytearray(whole)
            harmed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            path.write_bytes(harmed)
            assert judge(log)["verdict"] == "tampered"
        path.write_bytes(whole)


def test_deleted_swapped_and_truncated_lines_are_found_and_named_alike(log):
    chance = random.Random(8)
    for path in plain(log):
        lines = path.read_bytes().splitlines(keepends=True)
        for _ in range(6):
            at = chance.randrange(len(lines) - 1)
            for harmed in (
                lines[:at] + lines[at + 1 :],
                lines[:at] + [lines[at + 1], lines[at]] + lines[at + 2 :],
                lines[:at],
                lines[: at + 1] + [lines[at]] + lines[at + 1 :],
            ):
                path.write_bytes(b"".join(harmed))
                assert judge(log)["verdict"] == "tampered"
        path.write_bytes(b"".join(lines))


def test_each_file_that_is_gone_or_another_is_found_and_named_alike(log):
    files = sorted(path for path in log.iterdir() if path.name != "manifest.jsonl")
    for path, other in zip(files, [*files[1:], files[0]], strict=True):
        whole = path.read_bytes()
        path.unlink()
        assert judge(log)["finding"]["what"] == "missing"
        if other.suffix == path.suffix:
            path.write_bytes(other.read_bytes())
            assert judge(log)["verdict"] == "tampered"
        path.write_bytes(whole)
    assert judge(log)["verdict"] == "untouched"


def test_what_is_cut_off_behind_a_checkpoint_is_found_by_an_anchor_alone(log):
    path = records(log)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]))
    found = judge(log)["finding"]
    assert (found["what"], found["file"], found["line"], found["sequence"]) == ("missing", path.name, 6, 6)
    assert judge(log, anchors=None)["verdict"] == "proven"


def test_another_key_is_not_trusted(log):
    other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert judge(log, key=other)["finding"]["what"] == "resigned"


def test_a_key_is_made_once_and_read_again(tmp_path):
    file = tmp_path / "audit.key"
    first = subprocess.run([BINARY, "audit", "key", file], capture_output=True, text=True, check=True)
    again = subprocess.run([BINARY, "audit", "key", file], capture_output=True, text=True, check=True)
    assert first.stdout == again.stdout
    assert "BEGIN PUBLIC KEY" in first.stdout and "PRIVATE" not in first.stdout
    assert file.stat().st_mode & 0o777 == 0o600
