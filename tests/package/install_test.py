"""The life of an installation: the server is run by its unit, takes writes, and is reloaded, restarted, upgraded, removed and
purged. install_test.py FOLDER CACHE: see installed.py."""

import socket
import subprocess
import unittest
from contextlib import closing

from installed import NEXT_VERSION, Debian, connect, make_upgrade, rooms, run_tests, write
from service import Service, listen

UNITS = ["metricstream.socket", "metricstream.service"]
# Of systemd-analyze security, in tenths: "OK" ends there.
EXPOSURE_MAX = 20


class Installation(unittest.TestCase):
    debian: Debian

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
        self.assertEqual(write("before"), 200)
        service.reload()
        self.assertEqual(write("reloaded"), 200)
        self.assertEqual(service.stop(), 0)
        with closing(connect()) as waiting:
            waiting.request("GET", "/ready")  # nobody is there, and nobody refuses it
            service = self.start(listener)
            self.assertIn(waiting.getresponse().status, (200, 503))  # 503: the log is still being read
        self.assertEqual(write("restarted"), 200)
        self.assertEqual(rooms(), {"before", "reloaded", "restarted"})
        self.assertEqual(service.stop(), 0)

    def check_upgrade(self, listener: socket.socket) -> None:
        service = self.start(listener)
        configuration = self.debian.path("/etc/metricstream/metricstream.toml")
        changed = configuration.read_text() + "\nmax-series = 1000\n"
        configuration.write_text(changed)
        self.debian.run("dpkg", "--install", make_upgrade(self.debian))
        self.assertIn(NEXT_VERSION, self.debian.run("dpkg-query", "--show", "metricstream"))
        self.assertEqual(configuration.read_text(), changed)
        self.assertEqual(write("upgraded"), 200)  # by the program of before, which runs until systemd restarts it
        self.assertEqual(service.stop(), 0)
        service = self.start(listener)
        self.assertEqual(rooms(), {"before", "reloaded", "restarted", "upgraded"})
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


if __name__ == "__main__":
    run_tests(Installation)
