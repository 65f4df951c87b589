"""A one-node Ceph with an RGW, in memory: the strictest S3 server that Debian packages.

Needs root, since the daemons read their own packages' folders, and the packages named in PACKAGES.
"""

import json
import secrets
import shutil
import subprocess
import uuid
from pathlib import Path

from .processes import Process, answers, free_port, wait_until

PACKAGES = ["radosgw", "ceph-mon", "ceph-osd", "ceph-mgr", "ceph-common"]
PROGRAMS = ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph-mgr", "ceph", "monmaptool"]

# Without cephx radosgw insists on a secure connection to the monitor unless the modes say crc.
CONFIGURATION = """\
[global]
fsid = {fsid}
mon_host = {monitor}
public_network = 127.0.0.0/8
cluster_network = 127.0.0.0/8
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
ms_mon_host_mode = crc
ms_bind_ipv4 = true
ms_bind_ipv6 = false
ms_bind_port_min = {first_port}
ms_bind_port_max = {last_port}
run_dir = {folder}/run
admin_socket = {folder}/run/$name.asok
pid_file = {folder}/run/$name.pid
log_file = {folder}/log/$name.log
crash_dir = {folder}/log
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_warn_on_pool_no_redundancy = false
[mon]
mon_data = {folder}/mon
mon_cluster_log_file = {folder}/log/cluster.log
mon_data_avail_crit = 1
mon_data_avail_warn = 2
[mgr]
mgr_data = {folder}/mgr
mgr_initial_modules =
mgr_module_path = {folder}/modules
[osd]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 8589934592
osd_class_load_list = *
osd_class_default_list = *
osd_max_object_name_len = 2048
[client.rgw]
rgw_data = {folder}/rgw
rgw_frontends = beast endpoint=127.0.0.1:{port}
rgw_dns_name = s3.test
rgw_thread_pool_size = 64
rgw_enable_usage_log = false
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 5
debug_rgw = 1
"""


def missing():
    """The programs that are not installed."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


class Ceph:
    """The running cluster: `endpoint`, and the one user's `access_key` and `secret_key`."""

    region = "us-east-1"

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.access_key = "RGW" + secrets.token_hex(8).upper()
        self.secret_key = secrets.token_hex(20)
        self.daemons = []
        try:
            self._start_cluster()
            self._start_gateway()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """Ends every daemon; the data was in memory."""
        for daemon in reversed(self.daemons):
            daemon.kill()
        self.daemons = []

    def _start_cluster(self):
        for name in ["mon", "mgr", "osd", "rgw", "run", "log", "modules"]:
            (self.folder / name).mkdir(parents=True)
        self._write_configuration()
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", self.folder / "monmap")
        self._daemon("ceph-mon", "-i", "a")
        self._daemon("ceph-mgr", "-i", "x")
        osd = self._ceph("osd", "create").strip()
        self._run("ceph-osd", "-i", osd, "--mkfs")
        self._daemon("ceph-osd", "-i", osd)
        self._ceph("osd", "crush", "add", f"osd.{osd}", "1.0", "root=default", "host=localhost")
        wait_until(lambda: json.loads(self._ceph("osd", "stat", "-f", "json"))["num_up_osds"] == 1, "OSD up")

    def _start_gateway(self):
        # One request can end RGW 16, so it starts again by itself.
        loop = 'while :; do "$@"; sleep 0.2; done'
        rgw = ["radosgw", "-c", self.folder / "ceph.conf", "-n", "client.rgw", "-f"]
        process = Process("radosgw", ["sh", "-c", loop, "sh", *rgw], self.folder)
        self.daemons.append(process)
        process.wait_until(lambda: answers(self.port), "RGW answers", 90)
        self._run(
            "radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", "upstream", "--display-name", "upstream",
            "--access-key", self.access_key, "--secret", self.secret_key,
        )  # fmt: skip

    def _write_configuration(self):
        fsid, monitor_v1, monitor_v2 = uuid.uuid4(), free_port(), free_port()
        monitor = f"[v2:127.0.0.1:{monitor_v2},v1:127.0.0.1:{monitor_v1}]"
        first_port = free_port()
        text = CONFIGURATION.format(
            fsid=fsid, monitor=monitor, folder=self.folder, port=self.port,
            first_port=first_port, last_port=min(first_port + 200, 65535),
        )  # fmt: skip
        (self.folder / "ceph.conf").write_text(text)
        monmap = ["--create", "--fsid", fsid, "--addv", "a", monitor, self.folder / "monmap"]
        subprocess.run(["monmaptool", *map(str, monmap)], check=True, capture_output=True)

    def _run(self, program, *arguments):
        command = [program, "-c", self.folder / "ceph.conf", *arguments]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
        return done.stdout

    def _ceph(self, *arguments):
        return self._run("ceph", *arguments)

    def _daemon(self, program, *arguments):
        command = [program, "-c", self.folder / "ceph.conf", *arguments, "-f"]
        self.daemons.append(Process(program, command, self.folder))
