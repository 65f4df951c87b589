"""An upstream that succeeds at every operation of botocore's S3 model, and remembers what it was sent.

    recorder.plays("GetBucketCors")      from now on each request is answered as this operation's success

It does not route: which operation a request is, the test says. The answers are made from the model, with every
member that an answer may have, so a member that gets lost on its way back shows.
"""

from xml.sax.saxutils import escape

import botocore.session

from .stub import Stub, reply

MODEL = botocore.session.get_session().get_service_model("s3")
DATE = "Wed, 12 Oct 2022 17:50:00 GMT"
BODY = b"what the recorder has"
# Names of documents that AWS gives other names than the model; of those the gateway reads itself.
ROOTS = {
    "CompleteMultipartUploadOutput": "CompleteMultipartUploadResult",
    "DeleteObjectsOutput": "DeleteResult",
    "ListBucketsOutput": "ListAllMyBucketsResult",
}
# Members that contradict the rest of an answer, or that the framing says.
LEFT_OUT = {"ContentLength", "ContentRange", "DeleteMarker", "MissingMeta"}
# Documents that answer what was asked.
DOCUMENTS = {
    "GetBucketLocation": "<LocationConstraint>eu-west-1</LocationConstraint>",
    # The model's element has two names at once.
    "GetBucketNotification": "<NotificationConfiguration/>",
    "DeleteObjects": "<DeleteResult><Deleted><Key>key</Key></Deleted><Deleted><Key>another key</Key></Deleted></DeleteResult>",
    "ListBuckets": "<ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets><Bucket><Name>bucket</Name>"
    "<CreationDate>2022-10-12T17:50:00.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>",
}


class Recorder(Stub):
    """A stub whose answers are successes."""

    def plays(self, operation):
        """Forgets what was sent, and answers as this operation from now on."""
        self.forget()
        success = answer(operation)
        # CreateBucket is preceded by the question whether the bucket is there.
        missing = reply(404)
        self.answer = lambda request: missing if operation == "CreateBucket" and request.method == "HEAD" else success


def answer(operation):
    """A success of an operation, with all its members."""
    model = MODEL.operation_model(operation)
    status = model.http.get("responseCode", 200)
    headers, body = [("x-amz-request-id", "RECORDER"), ("x-amz-id-2", "recorder")], b""
    shape = model.output_shape
    if shape is not None:
        headers += _headers(shape)
        content_type, body = _body(operation, shape)
        headers += [("content-type", content_type)] if content_type else []
    if status == 204:
        return reply(status, headers=headers)
    return reply(status, body, headers)


def _headers(shape):
    payload = shape.members.get(shape.serialization.get("payload"))
    left_out = set(LEFT_OUT)
    if payload is not None and payload.type_name == "blob":
        # These would have to be right.
        left_out |= {name for name in shape.members if name.startswith("Checksum")}
    for name, member in shape.members.items():
        location, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "header" and name not in left_out and wire_name.lower() != "content-type":
            http_date = member.type_name == "timestamp" and member.serialization.get("timestampFormat") != "iso8601"
            yield wire_name.lower(), DATE if http_date else _text(member, name)
        if location == "headers":
            yield f"{wire_name.lower()}colour", "red"


def _body(operation, shape):
    if operation in DOCUMENTS:
        return "application/xml", DOCUMENTS[operation].encode()
    payload = shape.serialization.get("payload")
    if payload is not None:
        member = shape.members[payload]
        if member.type_name == "structure" and not member.serialization.get("eventstream"):
            return "application/xml", _element(member.serialization.get("name", member.name), member).encode()
        return ("text/plain", BODY) if member.type_name in ("blob", "string") else (None, b"")
    members = [each for each in shape.members.values() if "location" not in each.serialization]
    if not members:
        return ("text/plain", BODY) if operation == "HeadObject" else (None, b"")
    root = ROOTS.get(shape.name, shape.name)
    return "application/xml", _element(root, shape).encode()


def _element(name, shape, above=()):
    # Only a grantee has an attribute.
    members = shape.members.values() if shape.type_name == "structure" else []
    typed = any(member.serialization.get("xmlAttribute") for member in members)
    attribute = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"' if typed else ""
    return f"<{name}{attribute}>{_content(name, shape, above)}</{name}>"


def _content(name, shape, above):
    match shape.type_name:
        case "structure":
            members = [(each, member) for each, member in shape.members.items() if member.name not in above]
            members = [(each, member) for each, member in members if not {"location", "xmlAttribute"} & member.serialization.keys()]
            below = (*above, shape.name)
            return "".join(_member(each, member, below) for each, member in members[: 1 if shape.is_tagged_union else None])
        case "list":
            return _element(shape.member.serialization.get("name", "member"), shape.member, above)
        case _:
            return escape(_text(shape, name))


def _member(name, shape, above):
    wire_name = shape.serialization.get("name", name)
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        return _element(shape.member.serialization.get("name", wire_name), shape.member, above)
    return _element(wire_name, shape, above)


def _text(shape, name):
    match shape.type_name:
        case "timestamp":
            return "2022-10-12T17:50:00.000Z"
        case "integer" | "long":
            return "1"
        case "boolean":
            return "false"
        case "string":
            return '"5d41402abc4b2a76b9719d911017c592"' if name == "ETag" else (shape.enum or [name.lower()])[0]
    return ""
