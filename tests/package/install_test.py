"""The life of an installation, in a small Debian of its own: the package is installed with its dependencies, the server is run by
its units, takes a write, is reloaded, restarted, upgraded, removed and purged.

install_test.py FOLDER CACHE: the folder has the package, and debian_root.py has made the cache."""

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
from service import DEADLINE_S, Service, listen

SKIPPED = 77
UNITS = ["metricstream.socket", "metricstream.service"]
# Of systemd-analyze security, in tenths: "OK" ends there.
EXPOSURE_MAX = 20
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
    shutil.copy(package, debian.path("/tmp/metricstream.deb"))
    try:
        debian.apt("install", "/tmp/metricstream.deb")
    except AssertionError:  # the lists in the cache may be older than what the mirror has
        debian.run("apt-get", "update")
        debian.apt("install", "/tmp/metricstream.deb")


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        siocsifflags, iff_up = 0x8914, 1
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh14x", b"lo", iff_up))


def make_upgrade(debian: Debian) -> str:
    """The same package with a higher version."""
    folder = debian.path("/tmp/upgrade")
    debian.run("dpkg-deb", "--raw-extract", "/tmp/metricstream.deb", "/tmp/upgrade")
    control = folder / "DEBIAN/control"
    control.write_text("".join(f"Version: {NEXT_VERSION}\n" if line.startswith("Version: ") else line
                               for line in control.read_text().splitlines(keepends=True)))
    debian.run("dpkg-deb", "-Znone", "--build", "/tmp/upgrade", "/tmp/upgrade.deb")
    shutil.rmtree(folder)
    return "/tmp/upgrade.deb"


def connect() -> http.client.HTTPConnection:
    """Where the socket unit listens."""
    return http.client.HTTPConnection("127.0.0.1", 8080, timeout=DEADLINE_S)


class Installation(unittest.TestCase):
    debian: Debian  # the package is installed in it

    def test_serves_and_is_restarted_upgraded_removed_and_purged(self) -> None:
        self.check_installed()
        with listen(self.debian.path("/lib/systemd/system/metricstream.socket")) as listener:
            self.check_restart(listener)
            self.check_upgrade(listener)
        self.debian.run("dpkg", "--remove", "metricstream")
        self.check_removed()
        self.debian.run("dpkg", "--purge", "metricstream")
        self.check_purged()

    def check_installed(self) -> None:
        self.assertRegex(self.debian.run("metricstream", "--version"), r"^metricstream \d")
        self.assertNotIn("not stripped", subprocess.check_output(
            ["file", self.debian.path("/usr/bin/metricstream")], text=True))
        for target, unit in (("sockets", UNITS[0]), ("multi-user", UNITS[1])):
            self.assertTrue(self.debian.path(f"/etc/systemd/system/{target}.target.wants/{unit}").is_symlink(), unit)
        self.assertEqual(self.debian.run("systemd-analyze", "verify", "--man=no", *UNITS), "")
        self.debian.run("systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE_MAX}", UNITS[1])

    def check_restart(self, listener: socket.socket) -> None:
        service = self.start(listener)
        self.write("before")
        service.reload()
        self.write("reloaded")
        self.assertEqual(service.stop(), 0)
        with closing(connect()) as waiting:
            waiting.request("GET", "/ready")  # nobody is there, and nobody refuses it
            service = self.start(listener)
            self.assertIn(waiting.getresponse().status, (200, 503))  # 503: the log is still being read
        self.write("restarted")
        self.assertEqual(self.rooms(), {"before", "reloaded", "restarted"})
        self.assertEqual(service.stop(), 0)

    def check_upgrade(self, listener: socket.socket) -> None:
        service = self.start(listener)
        configuration = self.debian.path("/etc/metricstream/metricstream.toml")
        changed = configuration.read_text() + "\nmax-series = 1000\n"
        configuration.write_text(changed)
        self.debian.run("dpkg", "--install", make_upgrade(self.debian))
        self.assertIn(NEXT_VERSION, self.debian.run("dpkg-query", "--show", "metricstream"))
        self.assertEqual(configuration.read_text(), changed)
        self.write("upgraded")  # by the program of before, which runs until systemd restarts it
        self.assertEqual(service.stop(), 0)
        service = self.start(listener)
        self.assertEqual(self.rooms(), {"before", "reloaded", "restarted", "upgraded"})
        self.assertEqual(service.stop(), 0)

    def check_removed(self) -> None:
        self.assertEqual(self.found_in("/usr", "/lib"), [])
        self.assertIn("max-series", self.debian.path("/etc/metricstream/metricstream.toml").read_text())
        self.assertTrue(list(self.debian.path("/var/lib/metricstream/wal").iterdir()))

    def check_purged(self) -> None:
        self.assertEqual(self.found_in("/usr", "/lib", "/etc", "/var/lib"), [])

    def found_in(self, *folders: str) -> list[str]:
        return self.debian.run("find", *folders, "-name", "*metricstream*").split()

    def start(self, listener: socket.socket) -> Service:
        service = Service(self.debian.root, self.debian.path("/lib/systemd/system/metricstream.service"), listener)
        self.addCleanup(service.kill)
        return service

    def write(self, room: str) -> None:
        sample = json.dumps({"name": "temperature", "value": 21, "tags": {"room": room}})
        with closing(connect()) as connection:
            connection.request("POST", "/metrics", sample, {"Content-Type": "application/json"})
            self.assertEqual(connection.getresponse().status, 200)

    def rooms(self) -> set[str]:
        """Of all samples."""
        with closing(connect()) as connection:
            connection.request("GET", "/api/v1/query?query=temperature")
            reply = json.loads(connection.getresponse().read())
        return {series["metric"]["room"] for series in reply["data"]["result"]}


def main() -> None:
    folder, cache, stage = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:4]
    this = [sys.executable, "-B", __file__, str(folder), str(cache)]
    debian = Debian(cache / "root")
    if not stage:
        reason = why_not_permitted(debian.root)
        if not reason and not cached_tar(cache).exists():
            reason = f"there is no {cached_tar(cache)}; ./dev test makes it"
        if reason:
            print(f"skipped: {reason}")
            sys.exit(SKIPPED)
        os.execvp("unshare", enter_namespaces(command=[*this, "install"]))
    if stage == ["install"]:
        debian.unpack(cached_tar(cache), cache / "archives")
        install(debian, max(folder.glob("metricstream_*.deb"), key=lambda package: package.stat().st_mtime))
        # The port of the socket unit may be in use on this machine, but not in a network of the test's own.
        os.execvp("unshare", ["unshare", "--net", *this, "test"])
    raise_loopback()
    Installation.debian = debian
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
