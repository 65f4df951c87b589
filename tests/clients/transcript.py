"""What a client saw, with everything removed that may differ between two runs of the same steps."""

import datetime
import hashlib
import re

from botocore.eventstream import EventStream
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

# Headers a client acts on. The rest of the HTTP framing is the server's own affair.
HEADERS = [
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-range",
    "content-type",
    "etag",
    "expires",
    "x-amz-delete-marker",
    "x-amz-mp-parts-count",
    "x-amz-storage-class",
]
# Where a thing is, who owns it and how it was checksummed is the gateway's to say; opaque tokens need not be equal.
DROPPED = {"Location", "Owner", "Initiator", "ChecksumType", "ChecksumAlgorithm", "ServerSideEncryption", "HostId", "RequestId"}
OPAQUE = {"UploadId", "NextContinuationToken", "ContinuationToken", "VersionId", "NextVersionIdMarker", "UploadIdMarker"}
OPAQUE |= {"NextUploadIdMarker", "CopySourceVersionId", "VersionIdMarker", "DeleteMarkerVersionId"}


# Garage names versions and keeps none; the gateway does not pass them on.
UNTRUE = {"garage": {"VersionId", "CopySourceVersionId"}}


class Transcript:
    """Performs the steps of a scenario before a server and notes what each gave."""

    def __init__(self, bucket, server=None):
        self.bucket = bucket
        self.server = server
        self.steps = []
        self._tokens = {}

    def see(self, label, call, /, **arguments):
        """Calls an SDK method and notes its result or error; returns the result, or the error."""
        try:
            result = call(**arguments)
        except ClientError as error:
            self.note(label, self._error(error))
            return error
        for name, value in result.items():
            if isinstance(value, StreamingBody):
                result[name] = value.read()
            if isinstance(value, EventStream):
                result[name] = list(value)
        self.note(label, self._plain(result))
        return result

    def see_status(self, label, call, /, **arguments):
        """The same, but notes the status alone, for upstreams whose errors are not S3's."""
        try:
            result = call(**arguments)
            response = result
        except ClientError as error:
            result, response = error, error.response
        self.note(label, response["ResponseMetadata"]["HTTPStatusCode"])
        return result

    def see_raw(self, label, answer, body=True):
        """Notes an answer of `wire`, with its body if that is the object's."""
        seen = {"status": answer.status, "code": answer.code, "whole": answer.whole}
        seen |= {name: answer.header(name) for name in HEADERS if answer.header(name)}
        if answer.code:
            seen.pop("content-type", None)
        elif body:
            seen["body"] = self._bytes(answer.body)
        self.note(label, seen)
        return answer

    def note(self, label, seen):
        self.steps.append((label, seen))

    def _error(self, error):
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"status": status, "error": error.response["Error"]["Code"]}

    def _plain(self, value, name=""):
        match value:
            case dict():
                return self._members(value)
            case list():
                return [self._plain(each) for each in value]
            case datetime.datetime():
                return "DATE"
            case bytes():
                return self._bytes(value)
            case str() if name in OPAQUE:
                return self._tokens.setdefault(value, f"{name} {len(self._tokens)}") if value != "null" else value
            case str():
                return value.replace(self.bucket, "BUCKET")
            case _:
                return value

    def _members(self, value):
        if "HTTPHeaders" in value:
            headers = {name: value["HTTPHeaders"][name] for name in HEADERS if name in value["HTTPHeaders"]}
            if headers.get("content-type", "").startswith(("application/xml", "text/xml")):
                headers.pop("content-type")
            return {"status": value["HTTPStatusCode"], **headers}
        kept = {name: each for name, each in value.items() if name not in DROPPED | UNTRUE.get(self.server, set())}
        kept = {name: each for name, each in kept.items() if not re.match("Checksum[A-Z0-9]+$", name)}
        # DeleteObjects reports its keys in any order.
        kept |= {name: sorted(kept[name], key=lambda each: each["Key"]) for name in ["Deleted", "Errors"] if name in kept}
        return {name: self._plain(each, name) for name, each in kept.items()}

    @staticmethod
    def _bytes(data):
        return data if len(data) <= 100 else f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}"
