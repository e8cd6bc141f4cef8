"""The servers that are compared, and one of them while it runs.

A server gets a free port of loopback and a scratch directory; both are gone when it has ended. In commands and
configurations $PORT and $DIR stand for them, so that the page can print what was run without naming a machine's paths.
"""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal

METRICSTREAM = "build/release/metricstream"
PEERS = "build/peers"

READY_S_MAX = 30.0
STOP_S_MAX = 30.0
# Below the range from which the kernel gives clients their ports, so that no client takes a server's.
PORTS = range(18_000, 32_000)

NGINX_CONFIGURATION = """\
worker_processes {workers};
daemon off;
pid $DIR/pid;
error_log $DIR/error.log;
events {{
  worker_connections 16384;
}}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path $DIR/body;
  proxy_temp_path $DIR/proxy;
  fastcgi_temp_path $DIR/fastcgi;
  uwsgi_temp_path $DIR/uwsgi;
  scgi_temp_path $DIR/scgi;
  server {{
    listen 127.0.0.1:$PORT backlog=4096;
    return 204;
  }}
}}
"""

INFLUXDB_CONFIGURATION = """\
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "$DIR/meta"
[data]
  dir = "$DIR/data"
  wal-dir = "$DIR/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:$PORT"
  log-enabled = false
"""


# The commands of `metricstream bench`.
BenchMode = Literal["storm", "ingest", "mixed"]


class ServerFailure(Exception):
    """A server that does not start, or not in time; says what it logged last."""


@dataclass(frozen=True)
class Server:
    name: str
    command: tuple[str, ...]
    ready_path: str
    # What `metricstream bench` is to send it, and where to; None: as by default.
    write_protocol: str | None = None
    write_path: str | None = None
    # Debian's package, unpacked below PEERS; None: this repository's own.
    package: str | None = None
    # The file $DIR/configuration.
    configuration: str | None = None
    # POSTed to once it is ready.
    prepare_path: str | None = None

    @property
    def is_ours(self) -> bool:
        return self.package is None

    @property
    def is_available(self) -> bool:
        return os.access(self.command[0], os.X_OK)

    def write_flags(self, mode: BenchMode) -> tuple[str, ...]:
        protocol = ("--protocol", self.write_protocol) if self.write_protocol else ()
        path = ("--path", self.write_path) if self.write_path else ()
        ingest_path = ("--ingest-path", self.write_path) if self.write_path and mode == "mixed" else ()
        return (*protocol, *path, *ingest_path)

    def version(self) -> str:
        if self.package is None:
            return own_version()
        documents = Path(PEERS) / "usr/share/doc" / self.package
        # A package that was only built anew says so in a changelog for its architecture.
        changelogs = [*sorted(documents.glob("changelog.Debian.*.gz")), documents / "changelog.Debian.gz"]
        with gzip.open(changelogs[0], "rt", encoding="utf-8") as file:
            match = re.match(r"\S+ \(([^)]+)\)", file.readline())
        return match[1] if match else "unknown"

    def command_line(self, flags: tuple[str, ...] = ()) -> str:
        return " ".join((*self.command, *flags))


def own_version() -> str:
    version = output_of(METRICSTREAM, "--version").removeprefix("metricstream ")
    changes = " and changes" if output_of("git", "status", "--porcelain", "--", "src") else ""
    return f"{version} (commit {output_of('git', 'rev-parse', '--short', 'HEAD')}{changes})"


def output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def nginx(workers: int) -> Server:
    return Server(
        name=f"nginx{workers}",
        package="nginx",
        command=(f"{PEERS}/usr/sbin/nginx", "-p", "$DIR", "-c", "$DIR/configuration"),
        configuration=NGINX_CONFIGURATION.format(workers=workers),
        ready_path="/",
        write_protocol="json",
        write_path="/",
    )


def metricstream(wal_sync: str) -> Server:
    return Server(
        name=f"metricstream-{wal_sync}",
        command=(
            *(METRICSTREAM, "serve", "--listen", "127.0.0.1:$PORT", "--data-dir", "$DIR/data"),
            f"--wal-sync={wal_sync}",
        ),
        ready_path="/ready",
    )


NGINX1 = nginx(1)
NGINX2 = nginx(2)
VICTORIA_METRICS = Server(
    name="victoria-metrics",
    package="victoria-metrics",
    command=(
        f"{PEERS}/usr/bin/victoria-metrics",
        "-httpListenAddr=127.0.0.1:$PORT",
        "-storageDataPath=$DIR/data",
    ),
    ready_path="/health",
    write_protocol="remote-write",
)
PROMETHEUS = Server(
    name="prometheus",
    package="prometheus",
    command=(
        f"{PEERS}/usr/bin/prometheus",
        "--config.file=$DIR/configuration",
        "--storage.tsdb.path=$DIR/data",
        "--web.listen-address=127.0.0.1:$PORT",
        "--web.enable-remote-write-receiver",
    ),
    configuration="global: {}\n",
    ready_path="/-/ready",
    write_protocol="remote-write",
)
INFLUXDB = Server(
    name="influxdb",
    package="influxdb",
    command=(f"{PEERS}/usr/bin/influxd", "run", "-config", "$DIR/configuration"),
    configuration=INFLUXDB_CONFIGURATION,
    ready_path="/ping",
    prepare_path="/query?q=CREATE+DATABASE+x",
    write_protocol="remote-write",
    write_path="/api/v1/prom/write?db=x",
)
OURS_OS = metricstream("os")
OURS_ALWAYS = metricstream("always")

SERVERS = (NGINX1, NGINX2, VICTORIA_METRICS, PROMETHEUS, INFLUXDB, OURS_OS, OURS_ALWAYS)


class RunningServer:
    """A server that answers. Confined to the thread that started it."""

    def __init__(self, server: Server, process: subprocess.Popen[bytes], port: int, directory: Path) -> None:
        self.server = server
        self.pid = process.pid
        self.port = port
        self._process = process
        self._log = directory / "log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pids(self) -> list[int]:
        """Its process, and the children of that: nginx's workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [self.pid, *map(int, children.split())]

    def resident_bytes(self) -> int:
        return sum(resident_bytes(pid) for pid in self.pids())

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=5) as reply:
            return str(reply.read().decode())

    def await_ready(self) -> None:
        end = time.monotonic() + READY_S_MAX
        while not self._is_ready():
            if self._process.poll() is not None:
                raise ServerFailure(f"ended with status {self._process.returncode}: {self._last_words()}")
            if time.monotonic() > end:
                raise ServerFailure(f"not ready after {READY_S_MAX:.0f} s: {self._last_words()}")
            time.sleep(0.02)
        if self.server.prepare_path:
            urllib.request.urlopen(self.url + self.server.prepare_path, data=b"", timeout=5).close()

    def stop(self) -> None:
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S_MAX)
        finally:
            # Not in time, or the wait was interrupted.
            if self._process.poll() is None:
                self._kill()

    def _kill(self) -> None:
        for pid in reversed(self.pids()):
            os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def _is_ready(self) -> bool:
        try:
            self.get(self.server.ready_path)
        except OSError:
            return False
        return True

    def _last_words(self) -> str:
        lines = self.log().strip().splitlines()
        return lines[-1] if lines else "it logged nothing"


def resident_bytes(pid: int) -> int:
    match = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"), re.MULTILINE)
    if not match:
        raise ServerFailure(f"process {pid} has no memory any more")
    return int(match[1]) * 1024


def free_port() -> int:
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise ServerFailure("no port of loopback is free")


@contextmanager
def scratch_directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="metricstream-compare-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def running(server: Server, directory: Path, flags: tuple[str, ...] = ()) -> Iterator[RunningServer]:
    """`server` with `flags` besides its own; ended when the block is left. It keeps its files in `directory`."""
    port = free_port()
    if server.configuration is not None:
        (directory / "configuration").write_text(fill_in(server.configuration, port, directory), encoding="utf-8")
    command = [fill_in(word, port, directory) for word in (*server.command, *flags)]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    one = RunningServer(server, process, port, directory)
    try:
        one.await_ready()
        yield one
    finally:
        one.stop()


def fill_in(text: str, port: int, directory: Path) -> str:
    return Template(text).substitute(PORT=port, DIR=directory)
