"""A certificate authority of our own and one server certificate for every name the suites use."""

from pathlib import Path

import trustme

NAMES = ["127.0.0.1", "localhost", "s3.test", "*.s3.test"]


class Certificates:
    """Paths of `ca`, `certificate` and `key`, all PEM."""

    def __init__(self, folder):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA()
        server = authority.issue_cert(*NAMES)
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        authority.cert_pem.write_to_path(self.ca)
        self.certificate.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
        self.key.touch(mode=0o600)
        server.private_key_pem.write_to_path(self.key)
