"""A listener on the way to a gateway that notes what clients say of their bodies: the value of x-amz-content-sha256 in
every PUT that passes. With certificates it speaks TLS, and the gateway behind it hears plain HTTP."""

import re
import socket
import ssl
import threading

HEAD = re.compile(rb"PUT /\S+ HTTP/1\.1\r\n(?:[^\r\n]+\r\n)*?x-amz-content-sha256: *([^\r\n]+)\r\n", re.IGNORECASE)


class Tap:
    """`said` has the values; the endpoint is where clients go."""

    def __init__(self, port, certificates=None):
        self.port, self.said = port, set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._context = None
        if certificates:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(certificates.certificate, certificates.key)
        scheme = "https" if certificates else "http"
        self.endpoint = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            if self._context:
                client = self._context.wrap_socket(client, server_side=True)
            gateway = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            client.close()
            return
        threading.Thread(target=_pass, args=(gateway, client), daemon=True).start()
        _pass(client, gateway, self._note)

    def _note(self, seen):
        """Heads come in one piece or two; what a body holds does not look like one."""
        self.said.update(value.decode().strip() for value in HEAD.findall(seen))


def _pass(source, target, note=None):
    last = b""
    try:
        while piece := source.recv(1 << 16):
            if note:
                note(last[-4096:] + piece)
                last = piece
            target.sendall(piece)
    except OSError:
        pass
    for end in [source, target]:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
