"""nginx as a proxy that changes nothing: stands in for the gateway to try the suites themselves."""

from pathlib import Path
from urllib.parse import urlsplit

from .processes import Process, answers, free_port

CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_max_body_size 0;
  merge_slashes off;
  large_client_header_buffers 4 64k;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {{
      proxy_pass http://{upstream};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection "";
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
    }}
  }}
}}
"""


class Nginx:
    """A running nginx in front of `upstream`; clients sign with the upstream's own key."""

    def __init__(self, folder, upstream, certificates):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.upstream, self.region, self.certificates = upstream, upstream.region, certificates
        self.access_key, self.secret_key = upstream.access_key, upstream.secret_key
        self.port, self.tls_port = free_port(), free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.tls_endpoint = f"https://127.0.0.1:{self.tls_port}"
        configuration = folder / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=folder, port=self.port, tls_port=self.tls_port, upstream=urlsplit(upstream.endpoint).netloc,
                certificate=certificates.certificate, key=certificates.key,
            )
        )  # fmt: skip
        self.process = Process("nginx", ["nginx", "-p", folder, "-c", configuration], folder)
        self.process.wait_until(lambda: answers(self.port), "nginx answers")

    def stop(self):
        self.process.stop()
