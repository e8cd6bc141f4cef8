"""The package installed, with what it depends on, in a small Debian of its own: what tests of it have in common."""

import fcntl
import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import unittest
from contextlib import closing
from pathlib import Path

from debian_root import TMPFS_SIZE, cached_tar, enter_namespaces, why_not_permitted

SKIPPED = 77
REPLY_TIMEOUT_S = 30
NEXT_VERSION = "999.0-1"


class Debian:
    """The root folder, a file system in memory."""

    def __init__(self, root: Path):
        self.root = root

    def unpack(self, tar: Path, archives: Path) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", TMPFS_SIZE, "debian-root", self.root], check=True)
        subprocess.run(["tar", "--extract", f"--file={tar}", f"--directory={self.root}"], check=True)
        subprocess.run(["mount", "-t", "proc", "proc", self.root / "proc"], check=True)
        archives.mkdir(exist_ok=True)
        subprocess.run(["mount", "--bind", archives, self.root / "var/cache/apt/archives"], check=True)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")

    def run(self, *command: str) -> str:
        """What it printed; fails where it does."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["chroot", self.root, *command], env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}"
        return done.stdout

    def apt(self, *arguments: str) -> None:
        self.run("apt-get", "--yes", "--no-install-recommends", "-o", "Dpkg::Options::=--force-unsafe-io", *arguments)

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")


def install(debian: Debian, package: Path) -> None:
    """With what it depends on, which is downloaded where it is not in the cache."""
    shutil.copy(package, debian.path("/root/metricstream.deb"))
    try:
        debian.apt("install", "/root/metricstream.deb")
    except AssertionError:  # the lists in the cache may be older than what the mirror has
        debian.run("apt-get", "update")
        debian.apt("install", "/root/metricstream.deb")


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        siocsifflags, iff_up = 0x8914, 1
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh14x", b"lo", iff_up))


def make_upgrade(debian: Debian) -> str:
    """The same package with a higher version."""
    folder = debian.path("/root/upgrade")
    debian.run("dpkg-deb", "--raw-extract", "/root/metricstream.deb", "/root/upgrade")
    control = folder / "DEBIAN/control"
    control.write_text("".join(f"Version: {NEXT_VERSION}\n" if line.startswith("Version: ") else line
                               for line in control.read_text().splitlines(keepends=True)))
    debian.run("dpkg-deb", "-Znone", "--build", "/root/upgrade", "/root/upgrade.deb")
    shutil.rmtree(folder)
    return "/root/upgrade.deb"


def connect() -> http.client.HTTPConnection:
    """Where the socket unit listens."""
    return http.client.HTTPConnection("127.0.0.1", 8080, timeout=REPLY_TIMEOUT_S)


def write(room: str) -> int:
    """A sample with this label; the reply's status."""
    sample = json.dumps({"name": "temperature", "value": 21, "tags": {"room": room}})
    with closing(connect()) as connection:
        connection.request("POST", "/metrics", sample, {"Content-Type": "application/json"})
        return connection.getresponse().status


def read(path: str) -> dict:
    with closing(connect()) as connection:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())


def rooms() -> set[str]:
    """Of all samples."""
    return {series["metric"]["room"] for series in read("/api/v1/query?query=temperature")["data"]["result"]}


def run_tests(test: type) -> None:
    """The main function of a test program, which is called as PROGRAM FOLDER CACHE: the folder has the package, and
    debian_root.py has made the cache. It calls itself again in namespaces, installs the package, calls itself once more in a
    network without anything, where the port of the socket unit is free, and runs the tests with `test.debian`."""
    folder, cache, stage = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:4]
    this = [sys.executable, "-B", sys.argv[0], str(folder), str(cache)]
    debian = Debian(cache / "root")
    if not stage:
        skip_where_not_permitted(cache)
        os.execvp("unshare", enter_namespaces(command=[*this, "install"]))
    if stage == ["install"]:
        debian.unpack(cached_tar(cache), cache / "archives")
        install(debian, max(folder.glob("metricstream_*.deb"), key=lambda package: package.stat().st_mtime))
        os.execvp("unshare", ["unshare", "--net", *this, "test"])
    raise_loopback()
    test.debian = debian
    unittest.main(argv=sys.argv[:1])


def skip_where_not_permitted(cache: Path) -> None:
    reason = why_not_permitted(cache / "root")
    if not reason and not cached_tar(cache).exists():
        reason = f"there is no {cached_tar(cache)}; ./dev test makes it"
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
