"""A second verifier of audit logs, written from docs/audit-format.md alone.

    verify.py DIR [--key BASE64]... [--anchor FILE]...

Prints one JSON object and exits as `portcullis audit verify` does.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import zlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MANIFEST = "manifest.jsonl"
CODES = {"untouched": 0, "tampered": 1, "proven": 3, "not_pinned": 4}


class Finding(Exception):
    def __init__(self, what, file, line, sequence):
        super().__init__(what)
        self.fields = {"what": what, "file": file, "line": line, "sequence": sequence}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def once(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member twice")
    return members


def parse(line):
    """The line's members, or None if it is no line of this format."""
    try:
        members = json.loads(line.decode(), object_pairs_hook=once)
    except ValueError:
        return None
    wanted = {"seq": int, "prev": str, "kind": str, "time": str}
    if not isinstance(members, dict) or "body" not in members or set(members) - {*wanted, "body", "sig"}:
        return None
    right = all(type(members.get(name)) is kind for name, kind in wanted.items())
    return members if right and members["seq"] >= 0 and isinstance(members.get("sig", ""), str) else None


def signed(line, key):
    members, end = parse(line), b',"sig":"' + line[-90:]
    if not members or "sig" not in members or not line.endswith(end) or members["sig"].encode() != line[-90:-2]:
        return False
    try:
        signature = base64.b64decode(members["sig"], validate=True)
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
        public.verify(signature, b"portcullis-audit-v1\n" + line[: -len(end)] + b"}")
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(key):
    return "SHA256:" + sha256(base64.b64decode(key))


def split(content):
    *lines, tail = content.split(b"\n")
    return lines, tail


def follow(file, number, head, lines, key):
    """Checks that a file's line `number` (from 1) is the next of the chain; says what it holds."""
    line, rest, expected = lines[number - 1], lines[number:], head[0] + 1
    members = parse(line)
    if members is None:
        raise Finding("altered", file, number, expected)
    if members["seq"] == expected and members["prev"] == head[1]:
        return members
    if members["seq"] == expected:
        behind = parse(rest[0]) if rest else None
        vouched = signed(line, key) if key else False
        if number > 1 and (vouched or (behind and behind["prev"] == sha256(line))):
            raise Finding("altered", file, number - 1, expected - 1)
        raise Finding("altered", file, number, expected)
    later = any(other["seq"] == expected for other in map(parse, rest) if other)
    raise Finding("reordered" if members["seq"] < expected or later else "missing", file, number, expected)


class Log:
    def __init__(self, folder, trusted, anchors):
        self.folder, self.trusted = Path(folder), trusted
        self.anchors = anchors
        self.streams, self.hashes, self.archived = [], [], {}
        self.keys, self.retired = [], []
        self.held, self.unproven, self.proven = 0, 0, None
        pattern = re.compile(r"(\d{8,})-(\d{6,})\.jsonl(\.gz)?")
        names = (pattern.fullmatch(path.name) for path in self.folder.iterdir())
        self.files = {(int(name[1]), int(name[2])) for name in names if name}

    def verify(self):
        self.read_manifest()
        if not self.streams:
            raise Finding("missing", MANIFEST, 1, 1)
        for line, members in self.anchors:
            number = members["body"]["stream"]
            if not 1 <= number <= len(self.streams):
                self.manifest_ends()
            stream = self.streams[number - 1]
            if not signed(line, stream["public"]):
                raise Finding("resigned", MANIFEST, stream["line"], stream["line"])
            self.check_place(members["body"])
        if any(number > len(self.streams) for number, _ in self.files):
            self.manifest_ends()
        for stream, following in zip(self.streams, [*self.streams[1:], None]):
            Stream(self, stream, following and following["previous"]).verify()

    def manifest_ends(self):
        raise Finding("missing", MANIFEST, len(self.hashes) + 1, len(self.hashes) + 1)

    def check_place(self, body):
        seq, known = body["manifest"]["seq"], body["manifest"]["hash"]
        if not 1 <= seq <= len(self.hashes):
            self.manifest_ends()
        if self.hashes[seq - 1] != known:
            raise Finding("altered", MANIFEST, seq, seq)

    def read_manifest(self):
        lines, _ = split((self.folder / MANIFEST).read_bytes())
        head = (0, "0" * 64)
        for number, line in enumerate(lines, 1):
            members = follow(MANIFEST, number, head, lines, self.keys[0] if self.keys else None)
            what = self.judge(line, members)
            if what:
                raise Finding(what, MANIFEST, number, number)
            head = (number, sha256(line))
            self.hashes.append(head[1])

    def judge(self, line, members):
        kind, body = members["kind"], members["body"]
        if kind == "stream":
            return self.open(line, members["seq"], body)
        if kind not in ("key", "archived") or not self.keys or not signed(line, self.keys[0]):
            return "altered"
        if kind == "key":
            self.keys.append(body["public"])
        else:
            self.archived[body["file"]] = body
        return None

    def open(self, line, number, body):
        key, first = body["public"], not self.streams
        known = key in self.trusted or key in self.keys or (first and not self.trusted)
        if not known or key in self.retired or (first and self.trusted and key not in self.trusted):
            return "resigned"
        if not signed(line, key) or body["format"] != 1 or body["stream"] != len(self.streams) + 1:
            return "altered"
        if (body["previous"] is None) != first:
            return "altered"
        passed = self.keys.index(key) if key in self.keys else len(self.keys)
        self.retired += self.keys[:passed]
        self.keys = self.keys[passed:] or [key]
        self.streams.append({**body, "line": number, "hash": sha256(line)})
        return None


class Stream:
    def __init__(self, log, stream, end):
        self.log, self.stream, self.end = log, stream, end
        self.number, self.key = stream["stream"], stream["public"]
        self.head = (0, stream["hash"])
        mine = (anchor for anchor in log.anchors if anchor[1]["body"]["stream"] == self.number)
        self.anchors = {members["seq"]: sha256(line) for line, members in mine}

    def name(self, file):
        return f"{self.number:08}-{file:06}.jsonl"

    def read(self, file):
        plain = self.log.folder / self.name(file)
        packed = plain.with_name(plain.name + ".gz")
        try:
            contents = {path.read_bytes() for path in [plain] if path.exists()}
            if packed.exists():
                contents.add(unpack(packed.read_bytes()))
        except (OSError, EOFError, ValueError):
            contents = set()
        if len(contents) != 1:
            raise Finding("altered", self.name(file), 1, self.head[0] + 1)
        return contents.pop()

    def verify(self):
        self.log.unproven, file = 0, 1
        while True:
            if (self.number, file) in self.log.files:
                self.file(file)
            elif self.name(file) in self.log.archived:
                self.skip(self.log.archived[self.name(file)])
            else:
                break
            file += 1
        if any(number == self.number and other > file for number, other in self.log.files):
            raise Finding("missing", self.name(file), 1, self.head[0] + 1)
        self.check_end()

    def skip(self, stub):
        if (stub["first"], stub["prev"]) != (self.head[0] + 1, self.head[1]):
            raise Finding("altered", stub["file"], 1, self.head[0] + 1)
        self.head = (stub["last"], stub["hash"])
        for seq in [seq for seq in self.anchors if seq <= stub["last"]]:
            self.log.held += 1
            del self.anchors[seq]

    def at_end(self):
        return self.end is not None and self.end["seq"] == self.head[0]

    def file(self, file):
        content, name = self.read(file), self.name(file)
        lines, number, taken = split(content)[0], 0, 0
        while number < len(lines) and not self.at_end():
            number += 1
            self.record(name, number, lines)
            taken += len(lines[number - 1]) + 1
        rest = content[taken:]
        if not rest or self.end is None:
            return
        torn = {"file": name, "bytes": len(rest), "sha256": sha256(rest)}
        checkpoints = (line for line in rest.split(b"\n") if signed(line, self.key))
        if any(parse(line)["kind"] == "checkpoint" for line in checkpoints) or not self.at_end():
            raise Finding("altered", name, number + 1, self.head[0] + 1)
        if self.end["torn"] != torn:
            raise Finding("added", name, number + 1, self.head[0] + 1)

    def record(self, name, number, lines):
        line, log = lines[number - 1], self.log
        members = follow(name, number, self.head, lines, self.key)
        seq, log.unproven = members["seq"], log.unproven + 1
        if members["kind"] == "checkpoint":
            body = members["body"]
            if body["stream"] != self.number:
                raise Finding("altered", name, number, seq)
            if not signed(line, self.key):
                what = "altered" if body["key"] == fingerprint(self.key) else "resigned"
                raise Finding(what, name, number, seq)
            log.check_place(body)
            log.unproven, log.proven = 0, {"stream": self.number, "sequence": seq, "time": members["time"]}
        elif "sig" in members:
            raise Finding("altered", name, number, seq)
        if seq in self.anchors:
            if self.anchors.pop(seq) != sha256(line):
                raise Finding("altered", name, number, seq)
            log.held += 1
        self.head = (seq, sha256(line))

    def check_end(self):
        wanted = max([self.end["seq"] if self.end else 0, *self.anchors])
        if self.head[0] < wanted or self.anchors:
            self.truncated(self.head[0] + 1)
        if self.end and self.end["hash"] != self.head[1]:
            self.truncated(self.head[0])
        if self.end:
            self.log.unproven = 0

    def truncated(self, sequence):
        mine = [file for number, file in self.log.files if number == self.number]
        last = max(mine, default=1)
        lines = split(self.read(last))[0] if mine else []
        raise Finding("missing", self.name(last), len(lines) + 1, sequence)


def unpack(data):
    """One member of gzip with nothing behind it."""
    decoder = zlib.decompressobj(wbits=31)
    try:
        content = decoder.decompress(data) + decoder.flush()
    except zlib.error as error:
        raise ValueError(error) from error
    if not decoder.eof or decoder.unused_data:
        raise ValueError("not one whole member")
    return content


def anchors(paths):
    for path in paths:
        for text in Path(path).read_text().splitlines():
            if text.strip():
                line = text[text.index('{"seq":') :].rstrip().encode()
                yield line, parse(line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("--anchor", action="append", default=[])
    arguments = parser.parse_args()
    log, finding = Log(arguments.folder, arguments.key, list(anchors(arguments.anchor))), None
    try:
        log.verify()
    except Finding as found:
        finding = found.fields
    if finding:
        verdict = "tampered"
    elif not arguments.key:
        verdict = "not_pinned"
    else:
        verdict = "untouched" if log.held and not log.unproven else "proven"
    print(json.dumps({"verdict": verdict, "finding": finding, "proven": log.proven, "unproven": log.unproven}))
    return CODES[verdict]


if __name__ == "__main__":
    sys.exit(main())
