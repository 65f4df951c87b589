"""A body that was changed on its way leaves nothing upstream: no object, no part, and what was there as it was.

A body is taken apart into its positions, sizes, signatures, data, line breaks and trailers; a byte or a piece of it is
changed. Each time four things are checked: the S3 error; that the upstream has no more than before; that the connection
serves another request, or ends as the answer said; and the record. Numbers are those of the threat model.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass

import pytest
import sigv4
import wire
from scenarios import pattern
from servers.gateway import Follower
from servers.processes import wait_until
from sides import direct, through

KEY, PART = "/bucket/key", "/bucket/key?partNumber=1&uploadId=u"
# Head and body leave the client in one piece, and are there whole when the gateway begins; or the body streams through.
SMALL, LARGE = (1000, 400), (300_000, 65_536)
SIZES = pytest.mark.parametrize("length, chunk", [SMALL, LARGE], ids=["small", "large"])
FORGERY, FRAMING, SUM, HASH = "SignatureDoesNotMatch", "InvalidRequest", "BadDigest", "XAmzContentSHA256Mismatch"
STATUS = {FORGERY: 403}


# Forms of a body: each gives the headers of a request and the positions of its body


def hashed(side, target, data, chunk):
    return plain(side, target, data, hashlib.sha256(data).hexdigest())


def with_md5(side, target, data, chunk):
    digest = base64.b64encode(hashlib.md5(data).digest()).decode()
    return plain(side, target, data, extra=[("content-md5", digest)])


def with_checksum(side, target, data, chunk):
    return plain(side, target, data, extra=[("x-amz-checksum-crc32", sigv4.crc32(data))])


def plain(side, target, data, payload=sigv4.UNSIGNED, extra=()):
    headers = side.signer.headers("PUT", target, side.host, payload, extra)
    return [*headers, ("content-length", str(len(data)))], [("data", data)]


def signed_chunks(side, target, data, chunk):
    headers, body = sigv4.signed_chunks(side.signer, "PUT", target, side.host, data, chunk)
    return headers, list(anatomy(body))


def signed_trailer(side, target, data, chunk):
    trailer = ("x-amz-checksum-crc32", sigv4.crc32(data))
    headers, body = sigv4.signed_chunks(side.signer, "PUT", target, side.host, data, chunk, trailer=trailer)
    return headers, list(anatomy(body))


def unsigned_trailer(side, target, data, chunk):
    headers, body = sigv4.unsigned_trailer(side.signer, "PUT", target, side.host, data, chunk)
    return headers, list(anatomy(body))


HEAD = re.compile(rb"([0-9a-f]+)(?:(;chunk-signature=)([0-9a-f]{64}))?(\r\n)")
TRAILER = re.compile(
    rb"(x-amz-checksum-crc32)(:)([^=]+)(=*)(\r\n)(?:(x-amz-trailer-signature)(:)([0-9a-f]{64})(\r\n))?"
)
IN_HEAD = ["size", "extension", "signature", "line break"]
IN_TRAILER = [
    "trailer name", "trailer colon", "checksum", "padding", "trailer break",
    "signature name", "signature colon", "trailer signature", "signature break",
]  # fmt: skip


def anatomy(framed):
    """The positions of a framed body in their order, as (kind, bytes)."""
    at, last = 0, False
    while not last:
        head = HEAD.match(framed, at)
        last, at = head[1] == b"0", head.end()
        yield from (("last " * last + kind, part) for kind, part in zip(IN_HEAD, head.groups()) if part)
        if not last:
            end = at + int(head[1], 16)
            yield "data", framed[at:end]
            yield "data break", framed[end : end + 2]
            at = end + 2
    if trailer := TRAILER.match(framed, at):
        yield from ((kind, part) for kind, part in zip(IN_TRAILER, trailer.groups()) if part)
        at = trailer.end()
    yield "end", framed[at:]


IN_CHUNKS = [*IN_HEAD, "data", "data break", *(f"last {kind}" for kind in IN_HEAD), "end"]
FORGED = dict.fromkeys(["signature", "data", "last signature", "checksum", "trailer signature"], FORGERY)


@dataclass(frozen=True)
class Form:
    """A form of body: how it is made, the positions it has, and what a changed byte there is refused with."""

    make: object
    kinds: list
    # Where it is not that the framing is wrong.
    codes: dict

    def code(self, kind):
        return self.codes.get(kind, FRAMING)


FORMS = {
    "hash": Form(hashed, ["data"], {"data": HASH}),
    "md5": Form(with_md5, ["data"], {"data": SUM}),
    "checksum": Form(with_checksum, ["data"], {"data": SUM}),
    "signed-chunks": Form(signed_chunks, IN_CHUNKS, FORGED),
    "signed-trailer": Form(signed_trailer, [*IN_CHUNKS, *IN_TRAILER], FORGED),
    "unsigned-trailer": Form(
        unsigned_trailer,
        [*(kind for kind in [*IN_CHUNKS, *IN_TRAILER[:5]] if not re.search("extension|signature", kind))],
        {"data": SUM, "checksum": SUM},
    ),
}
FRAMED = ["signed-chunks", "signed-trailer", "unsigned-trailer"]


# What is checked of each


@pytest.fixture(scope="module")
def logs():
    """One reader for each log, however many records there are."""
    return {}


class Bench:
    """A gateway before an upstream, and what it refused."""

    def __init__(self, front, logs):
        self.side, self.logs, self.front, self.answers = through(front), logs, front, []

    def refused(self, target, headers, body, code, kept=None, outer=None, at=None):
        """Sends a request whose body is refused with `code`. `kept` says whether the connection must survive it, where
        that does not depend on how the body comes in; `outer` puts the body into HTTP chunks of that size."""
        with wire.Connection(at or self.side.endpoint) as connection:
            headers = [(name, value) for name, value in headers if name != "content-length"]
            framing = ("transfer-encoding", "chunked") if outer else ("content-length", str(len(body)))
            try:
                connection.send("PUT", target, [*headers, framing], in_http_chunks(body, outer) if outer else body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # Refused before all of it was sent.
            answer = connection.receive("PUT")
            assert (answer.status, answer.code) == (STATUS.get(code, 400), code), answer
            self.answers.append(answer)
            self.ends_as_said(connection, answer, kept)

    def ends_as_said(self, connection, answer, kept):
        usable = answer.header("connection") != "close"
        assert kept in (None, usable), answer
        if usable:
            connection.send("GET", KEY, self.side.signer.headers("GET", KEY, self.side.host))
            assert connection.receive().status in (200, 404)
        else:
            assert connection.ended()

    def records(self):
        """The record of each refusal, in their order."""
        log = self.logs.setdefault(self.front.json_log, Follower(self.front.json_log))
        for answer in self.answers:
            (line,) = log.lines(answer.request_id)
            record = json.loads(line)
            assert (record["http_status"], record["error_code"]) == (answer.status, answer.code), record
            assert record["ending"] == "body_refused", record
            yield record


@pytest.fixture
def bench(portcullis, fronts, stub, logs):
    """Before the recording upstream, which in the end must have seen no upload whole."""
    bench = Bench(fronts("stub"), logs)
    yield bench
    sent = sum(record.get("upstream", {}).get("attempts", 0) for record in bench.records())
    uploads = lambda: [request for request in stub.requests if request.method == "PUT"]
    wait_until(lambda: len(uploads()) == sent and all(each.over for each in uploads()), "the uploads' end", 5)
    assert not any(request.complete for request in uploads()), uploads()


def in_http_chunks(body, size):
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def joined(pieces):
    return b"".join(part for _, part in pieces)


# One byte


def other(kind, byte):
    """Another byte that can stand there, so that it is the value that is wrong; elsewhere one that differs in a bit."""
    if "signature" in kind and kind not in ("signature name", "signature colon", "signature break"):
        return b"1" if byte == b"0" else b"0"
    if kind == "checksum":
        return b"Q" if byte == b"A" else b"A"
    return bytes([byte[0] ^ 1])


def changed(pieces, kind):
    """The body with one byte changed: the first, one in the middle and the last of this kind, where it first and last
    stands. With each, whether that is in the first chunk."""
    places = [at for at, (found, _) in enumerate(pieces) if found == kind]
    for at in sorted({places[0], places[-1]}):
        part = pieces[at][1]
        for offset in sorted({0, len(part) // 2, len(part) - 1}):
            spoiled = part[:offset] + other(kind, part[offset : offset + 1]) + part[offset + 1 :]
            yield joined([*pieces[:at], (kind, spoiled), *pieces[at + 1 :]]), at < 5


KINDS = [(name, kind) for name, form in FORMS.items() for kind in form.kinds]


@pytest.mark.parametrize("target", [KEY, PART], ids=["object", "part"])
@SIZES
@pytest.mark.parametrize("name, kind", KINDS, ids=[f"{name}-{kind}" for name, kind in KINDS])
def test_t14_t15_t16_one_changed_byte_leaves_nothing(bench, name, kind, length, chunk, target):
    form = FORMS[name]
    headers, pieces = form.make(bench.side, target, pattern(length), chunk)
    for body, early in changed(pieces, kind):
        # A fault at the beginning of a long body is found with most of it unread, unless only its end tells.
        found_early = early and form.code(kind) not in (SUM, HASH)
        kept = True if length < 4096 else False if found_early else None
        bench.refused(target, headers, body, form.code(kind), kept)


@pytest.mark.parametrize("length", [0, 1])
@pytest.mark.parametrize("name", FRAMED)
def test_t14_t15_one_changed_byte_of_next_to_nothing_leaves_nothing(bench, name, length):
    headers, pieces = FORMS[name].make(bench.side, KEY, pattern(length), 1)
    for kind in dict.fromkeys(kind for kind, _ in pieces):
        for body, _ in changed(pieces, kind):
            bench.refused(KEY, headers, body, FORMS[name].code(kind), kept=True)


@SIZES
@pytest.mark.parametrize("name", FRAMED)
def test_t14_t15_one_changed_byte_within_http_chunks_leaves_nothing(bench, name, length, chunk):
    headers, pieces = FORMS[name].make(bench.side, KEY, pattern(length), chunk)
    for kind in FORMS[name].kinds:
        for body, _ in changed(pieces, kind):
            bench.refused(KEY, headers, body, FORMS[name].code(kind), outer=7000)


@SIZES
@pytest.mark.parametrize("name", ["md5", "checksum", "unsigned-trailer"])
def test_t15_t16_presigned_one_changed_byte_leaves_nothing(bench, stub, name, length, chunk):
    side, form = bench.side, FORMS[name]
    headers, pieces = form.make(side, KEY, pattern(length), chunk)
    of_headers = ("host", "x-amz-date", "x-amz-content-sha256", "authorization", "content-length")
    lines = [(name, value) for name, value in headers if name not in of_headers]
    target = side.signer.presign("PUT", KEY, side.host, extra=lines)
    headers = [("host", side.host), *lines]
    assert side.unsigned("PUT", target, headers, joined(pieces)).status == 200
    assert bytes(stub.only_request().body) == pattern(length)
    stub.requests.clear()
    for kind in form.kinds:
        for body, _ in changed(pieces, kind):
            bench.refused(target, headers, body, form.code(kind))


@SIZES
@pytest.mark.parametrize("name", [name for name in FORMS if name != "signed-chunks"])
def test_t15_t16_who_needs_no_signature_needs_a_sound_body(bench, name, length, chunk):
    """Through a listener that names the caller signatures mean nothing; framing, hashes and checksums do."""
    side, form = bench.side, FORMS[name]
    headers, pieces = form.make(side, KEY, pattern(length), chunk)
    codes = {**form.codes, "data": HASH if name == "hash" else SUM, "checksum": SUM}
    of_signatures = [kind for kind, code in codes.items() if code == FORGERY]
    for kind in form.kinds:
        for body, _ in changed(pieces, kind) if kind not in of_signatures else []:
            bench.refused(KEY, headers, body, codes.get(kind, FRAMING), at=bench.front.app_endpoint)


@pytest.mark.parametrize("name", FRAMED)
def test_t14_t15_any_changed_byte_leaves_nothing(bench, name):
    """Every byte of a short body in turn; what it is refused with is told by the byte's neighbours above."""
    headers, pieces = FORMS[name].make(bench.side, KEY, pattern(24), 9)
    at = [(kind, offset) for kind, part in pieces for offset in range(len(part))]
    body = joined(pieces)
    for place, where in enumerate(at):
        spoiled = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        bench.answers.append(wire.exchange(bench.side.endpoint, "PUT", KEY, headers, spoiled))
        assert bench.answers[-1].status in (400, 403), (where, bench.answers[-1])


@SIZES
@pytest.mark.parametrize("target", [KEY, PART], ids=["object", "part"])
@pytest.mark.parametrize("name", FORMS)
def test_the_same_bodies_unchanged_arrive(fronts, stub, name, target, length, chunk):
    side, form = through(fronts("stub")), FORMS[name]
    headers, pieces = form.make(side, target, pattern(length), chunk)
    assert {kind for kind, _ in pieces} == set(form.kinds)
    assert side.unsigned("PUT", target, headers[:-1], joined(pieces)).status == 200
    request = stub.only_request()
    assert request.complete and bytes(request.body) == pattern(length)


# Whole pieces


def chunks(pieces):
    """The chunks of a framed body, and what comes behind the last."""
    groups, last = [[]], False
    for kind, part in pieces:
        last = last or kind.startswith("last ")
        groups[-1].append((kind, part))
        if kind == "data break":
            groups.append([])
    return [joined(group) for group in groups]


# Name: what becomes of the chunks and the end; what that is refused with when chunks are signed, and when they are not.
PIECES = {
    "the first chunk left out": (lambda c: c[1:], FORGERY, FRAMING),
    "two chunks in another order": (lambda c: [c[1], c[0], *c[2:]], FORGERY, SUM),
    "a chunk twice": (lambda c: [c[0], *c], FORGERY, FRAMING),
    "no end": (lambda c: c[:-1], FRAMING, FRAMING),
    "the end too early": (lambda c: [*c[:-2], c[-1]], FRAMING, FRAMING),
    "the end in the middle": (lambda c: [c[0], c[-1], *c[1:]], FRAMING, FRAMING),
    "the end twice": (lambda c: [*c, c[-1]], FRAMING, FRAMING),
    "bytes behind the end": (lambda c: [*c, b"more"], FRAMING, FRAMING),
    "an end that is cut": (lambda c: [*c[:-1], c[-1][:-2]], FRAMING, FRAMING),
    "a size with 0x": (lambda c: [b"0x", *c], FRAMING, FRAMING),
    "a size with a sign": (lambda c: [b"+", *c], FRAMING, FRAMING),
    "a size with an underscore": (lambda c: [b"1_", *c], FRAMING, FRAMING),
    "a size with a leading zero": (lambda c: [b"0", *c], FRAMING, FRAMING),
    "a size with a space": (lambda c: [b" ", *c], FRAMING, FRAMING),
    "a size beyond 64 bits": (lambda c: [b"f" * 17, *c], FRAMING, FRAMING),
    "a size of 64 bits": (lambda c: [re.sub(rb"^[0-9a-f]+", b"f" * 16, c[0]), *c[1:]], FRAMING, FRAMING),
    "a long extension": (lambda c: [c[0].replace(b"\r\n", b";x=" + b"y" * 500 + b"\r\n", 1), *c[1:]], FRAMING, FRAMING),
    "another extension": (lambda c: [c[0].replace(b"\r\n", b";x=y\r\n", 1), *c[1:]], FRAMING, FRAMING),
    "a line without CR": (lambda c: [c[0].replace(b"\r\n", b"\n", 1), *c[1:]], FRAMING, FRAMING),
    "data without CRLF": (lambda c: [c[0][:-2], *c[1:]], FRAMING, FRAMING),
    "no frames": (lambda c: [b"hello, world" * 40], FRAMING, FRAMING),
}
SIGNATURE_LINE = re.compile(rb"x-amz-trailer-signature:.*\r\n")
TRAILERS = {
    "no trailer": (lambda end: re.sub(rb"x-amz-checksum.*\r\n", b"", end), FORGERY, FRAMING),
    "another trailer": (lambda end: end.replace(b"checksum-crc32", b"checksum-sha1"), FRAMING, FRAMING),
    "a trailer too many": (lambda end: end.replace(b"x-amz-ch", b"x-amz-meta-a:b\r\nx-amz-ch", 1), FRAMING, FRAMING),
    "a trailer twice": (lambda end: re.sub(rb"(x-amz-checksum.*\r\n)", rb"\1\1", end), FRAMING, FRAMING),
    "a checksum of nothing": (lambda end: re.sub(rb"(crc32:).*", rb"\1AAAAAA==\r", end), FORGERY, SUM),
}
SIGNED_TRAILERS = {
    "no signature of the trailer": (lambda end: SIGNATURE_LINE.sub(b"", end), FRAMING),
    "two signatures of the trailer": (lambda end: SIGNATURE_LINE.sub(lambda line: line[0] * 2, end), FRAMING),
    "a short signature of the trailer": (lambda end: re.sub(rb"(signature:.*).\r\n", rb"\1\r\n", end[1:]), FRAMING),
}


@SIZES
@pytest.mark.parametrize("mutation", PIECES)
@pytest.mark.parametrize("name", FRAMED)
def test_t14_pieces_out_of_place_leave_nothing(bench, name, mutation, length, chunk):
    change, signed, unsigned = PIECES[mutation]
    headers, pieces = FORMS[name].make(bench.side, KEY, pattern(length), chunk)
    body = b"".join(change(chunks(pieces)))
    code = signed if name.startswith("signed") else unsigned
    bench.refused(KEY, headers, body, code, True if len(body) < 4096 - 1500 else None)


OF_TRAILERS = [("unsigned-trailer", each) for each in TRAILERS]
OF_TRAILERS += [("signed-trailer", each) for each in [*TRAILERS, *SIGNED_TRAILERS]]


@SIZES
@pytest.mark.parametrize("name, mutation", OF_TRAILERS)
def test_t15_trailers_that_are_not_as_announced_leave_nothing(bench, name, mutation, length, chunk):
    change, *codes = TRAILERS.get(mutation) or SIGNED_TRAILERS[mutation]
    headers, pieces = FORMS[name].make(bench.side, KEY, pattern(length), chunk)
    *data, end = chunks(pieces)
    bench.refused(KEY, headers, b"".join([*data, change(end)]), codes[0 if name == "signed-trailer" else 1])


def test_t15_chunks_signed_for_another_request_leave_nothing(bench):
    for length, chunk in [SMALL, LARGE]:
        headers, _ = signed_chunks(bench.side, KEY, pattern(length), chunk)
        _, pieces = signed_chunks(bench.side, f"{KEY}2", pattern(length), chunk)
        bench.refused(KEY, headers, joined(pieces), FORGERY)


# What the head announces


CHECKSUMS = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32, "sha512": 64, "md5": 16, "xxhash64": 8}
CHECKSUMS |= {"xxhash3": 8, "xxhash128": 16}


@SIZES
@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_a_wrong_checksum_of_each_kind_leaves_nothing(bench, algorithm, length, chunk):
    name, value = f"x-amz-checksum-{algorithm}", base64.b64encode(bytes(CHECKSUMS[algorithm])).decode()
    headers, pieces = plain(bench.side, KEY, pattern(length), extra=[(name, value)])
    bench.refused(KEY, headers, joined(pieces), SUM)
    # And behind the body.
    headers, body = sigv4.unsigned_trailer(bench.side.signer, "PUT", KEY, bench.side.host, pattern(length), chunk)
    headers = announced(bench.side, length, name)
    body = re.sub(rb"x-amz-checksum-crc32:.*\r\n", f"{name}:{value}\r\n".encode(), body)
    bench.refused(KEY, headers, body, SUM)


@SIZES
def test_t14_a_decoded_length_that_is_not_so_leaves_nothing(bench, length, chunk):
    _, body = sigv4.unsigned_trailer(bench.side.signer, "PUT", KEY, bench.side.host, pattern(length), chunk)
    for said in [1, length - 1, length + 1, 2 * length]:
        headers = announced(bench.side, said, "x-amz-checksum-crc32")
        bench.refused(KEY, headers, body, FRAMING)


def announced(side, length, trailer):
    lines = [("x-amz-decoded-content-length", str(length)), ("x-amz-trailer", trailer), ("content-encoding", "aws-chunked")]
    return side.signer.headers("PUT", KEY, side.host, sigv4.UNSIGNED_TRAILER, lines)


# A store that has something to lose


@pytest.fixture(scope="module")
def kept(portcullis, ceph, fronts):
    """A bucket on Ceph with an object, and an upload of one part; gives what it holds."""
    s3 = direct(ceph).s3()
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="key", Body=b"before")
    upload = s3.create_multipart_upload(Bucket="bucket", Key="key")["UploadId"]
    s3.upload_part(Bucket="bucket", Key="key", UploadId=upload, PartNumber=1, Body=b"part before")

    def contents():
        objects = s3.list_objects_v2(Bucket="bucket")["Contents"]
        uploads = s3.list_multipart_uploads(Bucket="bucket")["Uploads"]
        parts = s3.list_parts(Bucket="bucket", Key="key", UploadId=upload)["Parts"]
        return (
            [(each["Key"], each["ETag"], each["LastModified"]) for each in objects],
            [(each["Key"], each["UploadId"]) for each in uploads],
            [(each["PartNumber"], each["ETag"], each["LastModified"]) for each in parts],
        )

    return upload, contents


@SIZES
@pytest.mark.parametrize("operation", ["object", "part"])
@pytest.mark.parametrize("name", FORMS)
def test_t14_t15_t16_a_store_keeps_what_it_had(fronts, logs, kept, name, operation, length, chunk):
    upload, contents = kept
    # What is there must not be overwritten, what is not there not be made.
    key, number = ("key", 1) if (length, chunk) == SMALL else ("new", 2)
    target = f"/bucket/{key}" if operation == "object" else f"{KEY}?partNumber={number}&uploadId={upload}"
    bench, before, form = Bench(fronts("ceph"), logs), contents(), FORMS[name]
    headers, pieces = form.make(bench.side, target, pattern(length), chunk)
    for kind in form.kinds:
        *_, (body, _) = changed(pieces, kind)
        bench.refused(target, headers, body, form.code(kind))
    for change, signed, unsigned in PIECES.values() if name in FRAMED else []:
        code = signed if name.startswith("signed") else unsigned
        bench.refused(target, headers, b"".join(change(chunks(pieces))), code)
    assert len(list(bench.records())) == len(bench.answers) > 0
    assert contents() == before


@pytest.mark.parametrize("operation", ["object", "part"])
@pytest.mark.parametrize("name", FORMS)
def test_a_client_that_leaves_in_the_middle_changes_nothing_in_a_store(fronts, logs, kept, name, operation):
    upload, contents = kept
    target = KEY if operation == "object" else f"{KEY}?partNumber=1&uploadId={upload}"
    front, before = fronts("ceph"), contents()
    bench = Bench(front, logs)
    seen = len(front.records())
    headers, pieces = FORMS[name].make(bench.side, target, pattern(LARGE[0]), LARGE[1])
    body = joined(pieces)
    for part in [body[:-1], body[: len(body) // 2], body[:1]]:
        with wire.Connection(bench.side.endpoint) as connection:
            connection.send("PUT", target, headers, part)
    endings = lambda: [row["ending"] for row in front.records()[seen:] if row["operation"].startswith("REST.PUT.")]
    wait_until(lambda: len(endings()) == 3, "three records")
    assert endings() == ["client_aborted"] * 3
    assert contents() == before
