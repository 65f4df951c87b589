"""Every operation of botocore's S3 model as a call: the members it must have, and each member it may have.

Nothing is listed here that the model says; the tables below hold the values that follow rules of their own. So a
new release of botocore brings its new operations and members into the suites by itself.
"""

import base64
import datetime
import hashlib
import zlib
from dataclasses import dataclass, field

import botocore.session

MODEL = botocore.session.get_session().get_service_model("s3")
OPERATIONS = sorted(MODEL.operation_names)
BODY = b"the body of an object, " * 40
ANNOTATION = b"an annotation"
# The finished object that the checksums of a CompleteMultipartUpload speak of; nobody has it.
COMPLETED = b"never sent"
ACCOUNT = "111122223333"
SOON = datetime.datetime(2031, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
LONG_AGO = datetime.datetime(2001, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
ETAG = '"5d41402abc4b2a76b9719d911017c592"'


@dataclass(frozen=True)
class Call:
    """One call: an operation, its arguments, and what of the optional members it has: a name, `all` or nothing."""

    operation: str
    arguments: dict = field(hash=False)
    member: str = ""

    @property
    def label(self):
        return f"{self.operation} with {self.member}" if self.member else self.operation

    def perform(self, s3):
        """Calls it with a boto3 client."""
        return getattr(s3, botocore.xform_name(self.operation))(**self.arguments)

    def at(self, bucket):
        """The same call on another bucket."""
        moved = {**self.arguments}
        if "Bucket" in moved:
            moved["Bucket"] = bucket
        if "CopySource" in moved:
            moved["CopySource"] = {**moved["CopySource"], "Bucket": bucket}
        if "Policy" in moved:
            moved["Policy"] = moved["Policy"].replace(":::bucket", f":::{bucket}")
        if "RenameSource" in moved:
            moved["RenameSource"] = f"/{bucket}/source"
        return Call(self.operation, moved, self.member)


def set_digest(params, **_):
    """Makes a Content-MD5 that of the document as it is sent; for the event before-call of a client."""
    if "Content-MD5" in params["headers"]:
        body = params["body"]
        body = body.getvalue() if hasattr(body, "getvalue") else body
        params["headers"]["Content-MD5"] = _encoded(hashlib.md5(body).digest())


def bare(operation):
    """The call with the members it must have, and those of which it needs one to mean anything."""
    wanted = [*shape(operation).required_members, *NEEDED.get(operation, [])] if shape(operation) else []
    return Call(operation, {name: value(operation, name) for name in wanted})


def with_each(operation):
    """The bare call with each optional member alone."""
    for name in optional(operation):
        yield Call(operation, bare(operation).arguments | _together(operation, name), name)


def with_all(operation, among):
    """The call with every optional member, `among` these, that goes with the others."""
    members = [name for name in optional(operation) if name not in ALONE and (operation, name) not in ALONE]
    members = [name for name in members if name in among]
    arguments = dict(bare(operation).arguments)
    for name in members:
        arguments |= _together(operation, name)
    return Call(operation, arguments, "all")


def further(operation):
    """The bare call with arguments whose values bring something in."""
    for name, arguments in FURTHER.get(operation, {}).items():
        yield Call(operation, bare(operation).arguments | arguments, name)


def optional(operation):
    if not shape(operation):
        return []
    wanted = bare(operation).arguments
    return [name for name in shape(operation).members if name not in wanted and name not in LEFT_OUT]


def shape(operation):
    return MODEL.operation_model(operation).input_shape


def value(operation, name):
    """The value of a member: from the tables, or else any its shape allows."""
    for key in [(operation, name), name]:
        if key in VALUES:
            return VALUES[key]
    if name.startswith("Checksum") and name[8:] in CHECKSUMS:
        return CHECKSUMS[name[8:]](COMPLETED if operation == "CompleteMultipartUpload" else _body(operation))
    return _any(shape(operation).members[name])


def _together(operation, name):
    """A member, with those it means nothing without."""
    return {each: value(operation, each) for each in [name, *WITH.get((operation, name), WITH.get(name, []))]}


def _body(operation):
    return ANNOTATION if operation == "PutObjectAnnotation" else BODY


def _any(shape, name="value"):
    match shape.type_name:
        case "structure":
            members = [next(iter(shape.members))] if shape.is_tagged_union else shape.required_members or shape.members
            return {each: _any(shape.members[each], each) for each in members}
        case "list":
            return [_any(shape.member)]
        case "map":
            return {"name": "value"}
        case "string":
            return shape.enum[0] if shape.enum else name.lower()
        case "integer" | "long":
            return 1
        case "boolean":
            return True
        case "timestamp":
            return LONG_AGO
        case "blob":
            return BODY
    raise ValueError(shape.type_name)


def _encoded(digest):
    return base64.b64encode(digest).decode()


def _reflected(polynomial, bits, data):
    """A CRC that reads its bits from the right, as CRC32C and CRC64NVME do."""
    mask = (1 << bits) - 1
    state = mask
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (polynomial if state & 1 else 0)
    return (state ^ mask).to_bytes(bits // 8, "big")


# The xxHash of each body, by xxhash 3.5: not in the standard library.
_XXHASH = {
    BODY: ("hm6tgxWb0A4=", "Afey3FiGPPg=", "yMUuUXMfbVUB97LcWIY8+A=="),
    ANNOTATION: ("Ug64s5JLK3M=", "NMH6waqurBo=", "BTMvIdQv/yb+xuI3qPu1Tg=="),
}
_UNKNOWN = ("AAAAAAAAAAA=", "AAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAA==")
CHECKSUMS = {
    "CRC32": lambda data: _encoded(zlib.crc32(data).to_bytes(4, "big")),
    "CRC32C": lambda data: _encoded(_reflected(0x82F63B78, 32, data)),
    "CRC64NVME": lambda data: _encoded(_reflected(0x9A6C9329AC4BC9B5, 64, data)),
    "SHA1": lambda data: _encoded(hashlib.sha1(data).digest()),
    "SHA256": lambda data: _encoded(hashlib.sha256(data).digest()),
    "SHA512": lambda data: _encoded(hashlib.sha512(data).digest()),
    "MD5": lambda data: _encoded(hashlib.md5(data).digest()),
    "XXHASH64": lambda data: _XXHASH.get(data, _UNKNOWN)[0],
    "XXHASH3": lambda data: _XXHASH.get(data, _UNKNOWN)[1],
    "XXHASH128": lambda data: _XXHASH.get(data, _UNKNOWN)[2],
}

# A second account's canonical user, as grants name one.
GRANTEE = 'id="79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"'
DESTINATION = "arn:aws:s3:::destination"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/replication"
TABLES = f"arn:aws:s3tables:us-east-1:{ACCOUNT}:bucket/tables"

# Members of which an operation needs one to mean anything, though the model calls them all optional.
NEEDED = {
    "CompleteMultipartUpload": ["MultipartUpload"],
    "PutBucketAcl": ["ACL"],
    "PutBucketLifecycle": ["LifecycleConfiguration"],
    "PutBucketLifecycleConfiguration": ["LifecycleConfiguration"],
    "PutObject": ["Body"],
    "PutObjectAcl": ["ACL"],
    "PutObjectLegalHold": ["LegalHold"],
    "PutObjectLockConfiguration": ["ObjectLockConfiguration"],
    "PutObjectRetention": ["Retention"],
    "RestoreObject": ["RestoreRequest"],
    "UploadPart": ["Body"],
    "WriteGetObjectResponse": ["Body"],
}
# Set by botocore from the body; tried by the suites of bodies.
LEFT_OUT = {"ContentLength"}
# What cannot stand beside the other members.
ALONE = {
    # One checksum at a time; botocore adds its own.
    *(f"Checksum{name}" for name in CHECKSUMS),
    # A grant beside a canned ACL is a contradiction.
    *(f"Grant{name}" for name in ["FullControl", "Read", "ReadACP", "Write", "WriteACP"]),
    ("PutBucketAcl", "AccessControlPolicy"),
    ("PutObjectAcl", "AccessControlPolicy"),
    # Two conditions that exclude each other.
    "IfNoneMatch",
    "IfModifiedSince",
    "CopySourceIfNoneMatch",
    "CopySourceIfModifiedSince",
    # KMS and a client's own key.
    "SSECustomerAlgorithm",
    "SSECustomerKey",
    "SSECustomerKeyMD5",
    # One part, or one range.
    "PartNumber",
}
# Members that come together.
_SSE_C = ["SSECustomerAlgorithm", "SSECustomerKey"]
_SOURCE_SSE_C = ["CopySourceSSECustomerAlgorithm", "CopySourceSSECustomerKey"]
WITH = {
    **{name: _SSE_C for name in [*_SSE_C, "SSECustomerKeyMD5"]},
    **{name: _SOURCE_SSE_C for name in [*_SOURCE_SSE_C, "CopySourceSSECustomerKeyMD5"]},
    ("WriteGetObjectResponse", "SSECustomerAlgorithm"): [],
    ("WriteGetObjectResponse", "SSECustomerKeyMD5"): [],
    "ObjectLockMode": ["ObjectLockRetainUntilDate"],
    "ObjectLockRetainUntilDate": ["ObjectLockMode"],
    "SSEKMSKeyId": ["ServerSideEncryption"],
    "SSEKMSEncryptionContext": ["ServerSideEncryption"],
    "BucketKeyEnabled": ["ServerSideEncryption"],
    "ChecksumType": ["ChecksumAlgorithm"],
    ("CompleteMultipartUpload", "ChecksumType"): [],
    ("CopyObject", "Metadata"): ["MetadataDirective"],
    ("CopyObject", "Tagging"): ["TaggingDirective"],
    "ErrorMessage": ["ErrorCode"],
}

VALUES = {
    "Bucket": "bucket",
    "Key": "key",
    "CopySource": {"Bucket": "bucket", "Key": "source"},
    "RenameSource": "/bucket/source",
    "ExpectedBucketOwner": ACCOUNT,
    "ExpectedSourceBucketOwner": ACCOUNT,
    "UploadId": "upload-1",
    "UploadIdMarker": "upload-0",
    "PartNumber": 1,
    "PartNumberMarker": 1,
    "VersionId": "version-1",
    "VersionIdMarker": "version-0",
    "Id": "settings",
    "Body": BODY,
    "ContentMD5": "set when it is sent",
    "ContentType": "text/plain; charset=utf-8",
    "ContentEncoding": "gzip",
    "ContentLanguage": "de, en",
    "ContentDisposition": 'attachment; filename="a b.txt"',
    "CacheControl": "max-age=60, private",
    "Expires": SOON,
    "Metadata": {"colour": "red", "shape": "round"},
    "Tagging": "colour=red&shape=round",
    "ACL": "bucket-owner-full-control",
    ("CreateBucket", "ACL"): "private",
    ("PutBucketAcl", "ACL"): "private",
    **{f"Grant{name}": GRANTEE for name in ["FullControl", "Read", "ReadACP", "Write", "WriteACP"]},
    "IfMatch": ETAG,
    "IfNoneMatch": "*",
    ("GetObject", "IfNoneMatch"): ETAG,
    ("HeadObject", "IfNoneMatch"): ETAG,
    "IfModifiedSince": LONG_AGO,
    "IfUnmodifiedSince": SOON,
    "CopySourceIfMatch": ETAG,
    "CopySourceIfNoneMatch": ETAG,
    "CopySourceIfUnmodifiedSince": SOON,
    "DestinationIfUnmodifiedSince": SOON,
    "SourceIfUnmodifiedSince": SOON,
    "CopySourceRange": "bytes=0-99",
    "Range": "bytes=0-9",
    "ResponseExpires": SOON,
    "ResponseContentType": "text/x-other",
    "MetadataDirective": "REPLACE",
    "TaggingDirective": "REPLACE",
    "ChecksumAlgorithm": "CRC32",
    "ChecksumType": "FULL_OBJECT",
    "ServerSideEncryption": "aws:kms",
    "SSEKMSKeyId": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "SSEKMSEncryptionContext": _encoded(b'{"purpose":"test"}'),
    "SSECustomerAlgorithm": "AES256",
    "SSECustomerKey": "0123456789abcdef0123456789abcdef",
    "CopySourceSSECustomerAlgorithm": "AES256",
    "CopySourceSSECustomerKey": "0123456789abcdef0123456789abcdef",
    "StorageClass": "STANDARD",
    "WebsiteRedirectLocation": "/elsewhere",
    "ObjectLockMode": "GOVERNANCE",
    "ObjectLockRetainUntilDate": SOON,
    "ObjectLockLegalHoldStatus": "ON",
    "ObjectOwnership": "BucketOwnerEnforced",
    "MFA": "arn:aws:iam::111122223333:mfa/root 123456",
    "EncodingType": "url",
    "Delimiter": "/",
    "MpuObjectSize": len(BODY),
    "OptionalObjectAttributes": ["RestoreStatus"],
    "ObjectAttributes": ["ETag", "ObjectSize"],
    "AnnotationName": "note",
    "AnnotationPayload": ANNOTATION,
    "RequestRoute": "route",
    "RequestToken": "token",
    "StatusCode": 200,
    "LastModified": LONG_AGO,
    "BucketRegion": "us-east-1",
    "BucketNamespace": "global",
    # Documents that mean something to every store.
    "CreateBucketConfiguration": {"LocationConstraint": "us-east-1"},
    "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": ETAG}]},
    "Delete": {"Objects": [{"Key": "key"}, {"Key": "another key"}]},
    "AccessControlPolicy": {"Owner": {"ID": ACCOUNT}, "Grants": []},
    ("PutObjectTagging", "Tagging"): {"TagSet": [{"Key": "colour", "Value": "red"}]},
    ("PutBucketTagging", "Tagging"): {"TagSet": [{"Key": "colour", "Value": "red"}]},
    "CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"]}]},
    "ServerSideEncryptionConfiguration": {
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    },
    "LifecycleConfiguration": {
        "Rules": [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "old/"}, "Expiration": {"Days": 30}}]
    },
    ("PutBucketLifecycle", "LifecycleConfiguration"): {
        "Rules": [{"ID": "old", "Status": "Enabled", "Prefix": "old/", "Expiration": {"Days": 30}}]
    },
    "BucketLoggingStatus": {},
    "NotificationConfiguration": {},
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "Policy": '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutBucketWebsite",'
    '"Resource":"arn:aws:s3:::bucket"}]}',
    "ReplicationConfiguration": {
        "Role": ROLE,
        "Rules": [
            {
                "ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""},
                "DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": DESTINATION},
            }
        ],
    },
    "RequestPaymentConfiguration": {"Payer": "BucketOwner"},
    "VersioningConfiguration": {"Status": "Enabled"},
    "WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}},
    "AccelerateConfiguration": {"Status": "Suspended"},
    "AbacStatus": {"Status": "Disabled"},
    "AnalyticsConfiguration": {"Id": "settings", "StorageClassAnalysis": {}},
    "IntelligentTieringConfiguration": {
        "Id": "settings", "Status": "Enabled", "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]
    },
    "InventoryConfiguration": {
        "Destination": {"S3BucketDestination": {"Bucket": DESTINATION, "Format": "CSV"}},
        "IsEnabled": True, "Id": "settings", "IncludedObjectVersions": "Current", "Schedule": {"Frequency": "Daily"},
    },
    "MetricsConfiguration": {"Id": "settings"},
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True
    },
    "LegalHold": {"Status": "OFF"},
    "Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": LONG_AGO},
    "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"},
    "MetadataTableConfiguration": {"S3TablesDestination": {"TableBucketArn": TABLES, "TableName": "metadata"}},
    "MetadataConfiguration": {"JournalTableConfiguration": {"RecordExpiration": {"Expiration": "DISABLED"}}},
    "InventoryTableConfiguration": {"ConfigurationState": "DISABLED"},
    "JournalTableConfiguration": {"RecordExpiration": {"Expiration": "DISABLED"}},
    "AnnotationTableConfiguration": {"ConfigurationState": "DISABLED"},
    "RestoreRequest": {"Days": 1, "GlacierJobParameters": {"Tier": "Standard"}},
    "ObjectEncryption": {"SSEKMS": {"KMSKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd"}},
    "Expression": "SELECT * FROM s3object",
    "ExpressionType": "SQL",
    "InputSerialization": {"CSV": {}},
    "OutputSerialization": {"CSV": {}},
}  # fmt: skip

_CONDITIONS = {"an ETag of any": {"IfMatch": "*"}, "another ETag": {"IfNoneMatch": ETAG}}
_SOURCE_VERSION = {"a version of the source": {"CopySource": {**VALUES["CopySource"], "VersionId": "version-1"}}}
_ENCRYPTED = {"SseAlgorithm": "AES256"}
FURTHER = {
    "CompleteMultipartUpload": _CONDITIONS,
    "CopyObject": {**_CONDITIONS, **_SOURCE_VERSION},
    "CreateBucket": {
        "tags": {"CreateBucketConfiguration": {"Tags": [{"Key": "colour", "Value": "red"}]}},
        "a public ACL": {"ACL": "public-read"},
    },
    "CreateBucketMetadataConfiguration": {
        "encryption": {
            "MetadataConfiguration": {
                "JournalTableConfiguration": {
                    "RecordExpiration": {"Expiration": "DISABLED"}, "EncryptionConfiguration": _ENCRYPTED
                }
            }
        }
    },
    "DeleteObject": {"an ETag of any": {"IfMatch": "*"}},
    "PutBucketAcl": {"a public ACL": {"ACL": "public-read"}},
    "PutObject": {**_CONDITIONS, "a public ACL": {"ACL": "public-read"}},
    "PutObjectAcl": {"a public ACL": {"ACL": "public-read"}},
    "UpdateBucketMetadataInventoryTableConfiguration": {
        "encryption": {
            "InventoryTableConfiguration": {"ConfigurationState": "ENABLED", "EncryptionConfiguration": _ENCRYPTED}
        }
    },
    "UploadPartCopy": _SOURCE_VERSION,
}  # fmt: skip
