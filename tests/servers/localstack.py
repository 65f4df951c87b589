"""LocalStack's S3: the widest of the doubles, without Docker. It checks checksums but no signature."""

from .processes import CACHE, Process, answers, free_port

PYTHON = CACHE / "localstack" / "bin" / "python"


class LocalStack:
    """A running LocalStack: any key is good, state is in a folder of its own."""

    region = "us-east-1"
    # Twelve digits would name an account.
    access_key = "AKIALOCALSTACKLOCALS"
    secret_key = "localstack-checks-no-signature"

    def __init__(self, folder):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        environment = {
            # Of the suites, for their own boto3.
            "BOTO_DISABLE_CRT": "",
            "GATEWAY_LISTEN": f"127.0.0.1:{self.port}",
            "GATEWAY_SERVER": "hypercorn",
            "SERVICES": "s3",
            "STRICT_SERVICE_LOADING": "1",
            # Otherwise the first request waits for the service.
            "EAGER_SERVICE_LOADING": "1",
            # It asks nobody outside this machine, and tells nobody.
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DNS_ADDRESS": "0",
            "FILESYSTEM_ROOT": str(folder / "root"),
            "LOCALSTACK_VOLUME_DIR": str(folder / "root"),
        }
        self.process = Process("localstack", [PYTHON, "-m", "localstack.runtime.main"], folder, environment)
        try:
            ready = lambda: answers(self.port, "/_localstack/health", [200]) and "Ready." in self.process.text()
            self.process.wait_until(ready, "LocalStack is ready", 120)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.process.kill()
