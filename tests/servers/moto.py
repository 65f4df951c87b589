"""The moto server: knows nearly every S3 operation, checks no signature."""

import sys

from .processes import Process, answers, free_port


class Moto:
    """A running moto: any key is good, state is in memory."""

    region = "us-east-1"
    access_key = "AKIAMOTOMOTOMOTOMOTO"
    secret_key = "moto-checks-no-signature"

    def __init__(self, folder):
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", self.port]
        self.process = Process("moto", command, folder)
        self.process.wait_until(lambda: answers(self.port, "/moto-api/"), "moto answers")

    def stop(self):
        self.process.kill()
