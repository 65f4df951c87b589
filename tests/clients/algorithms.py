"""Values of every checksum of S3, made by the AWS Common Runtime and hashlib, not by what the gateway computes with."""

import base64
import hashlib

from awscrt import checksums
from awscrt.checksums import XXHash

ALGORITHMS = {
    "crc32": lambda data: checksums.crc32(data).to_bytes(4, "big"),
    "crc32c": lambda data: checksums.crc32c(data).to_bytes(4, "big"),
    "crc64nvme": lambda data: checksums.crc64nvme(data).to_bytes(8, "big"),
    "sha1": lambda data: hashlib.sha1(data).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "sha512": lambda data: hashlib.sha512(data).digest(),
    "md5": lambda data: hashlib.md5(data).digest(),
    "xxhash64": XXHash.compute_xxhash64,
    "xxhash3": XXHash.compute_xxhash3_64,
    "xxhash128": XXHash.compute_xxhash3_128,
}
# Those that stores know beside AWS.
OLDER = {"crc32", "crc32c", "crc64nvme", "sha1", "sha256"}


def value_of(algorithm, data):
    """As a header or trailer has it."""
    return base64.b64encode(ALGORITHMS[algorithm](data)).decode()
