"""The life of an installation under a systemd of its own, first process of the small Debian: the units are enabled and started by
the package, the server is confined, a reload, a restart and an upgrade refuse no one, a server that hangs is started anew, and a
removal stops it. systemd_test.py FOLDER CACHE: see installed.py. Where no systemd can be started the test is skipped."""

import os
import subprocess
import threading
import time
import unittest
from contextlib import closing, contextmanager
from pathlib import Path

from installed import NEXT_VERSION, Debian, connect, make_upgrade, rooms, run_tests, write

DEADLINE_S = 120
SERVICE = "metricstream.service"
# Becomes systemd, with the root folder as its root: a changed root (chroot) has no user namespaces, which the service asks for.
BOOT = """
echo $$ >"$2/cgroup.procs"
exec unshare --mount --propagation=private --pid --fork --kill-child --uts --ipc --cgroup sh -e -c '
  cd "$1"
  mount -t proc proc proc
  mount -t sysfs -o ro sysfs sys
  mount -t tmpfs tmpfs sys/fs/cgroup
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs tmpfs run
  mkdir -p old
  pivot_root . old
  umount -l old
  exec env -i container=test /lib/systemd/systemd --log-target=journal
' sh "$1"
"""


def make_cgroup() -> Path:
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    top = next((Path(mount[4]) for mount in mounts if mount[mount.index("-") + 1] == "cgroup2"), None)
    if top is None:
        raise unittest.SkipTest("there is no cgroup2 file system")
    cgroup = top / f"metricstream-test-{time.time_ns()}"
    try:
        cgroup.mkdir()
    except OSError as error:
        raise unittest.SkipTest(f"no control group can be made: {error}")
    return cgroup


def remove_cgroup(cgroup: Path) -> None:
    """Those that systemd made below it first; a moment after its end they are empty."""
    deadline = time.monotonic() + DEADLINE_S
    while "populated 1" in (cgroup / "cgroup.events").read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    for folder, _, _ in os.walk(cgroup, topdown=False):
        os.rmdir(folder)


class Systemd:
    """A booted Debian."""

    def __init__(self, root: Path, cgroup: Path):
        units = root / "etc/systemd/system"
        for unit in ("getty.target", "console-getty.service", "systemd-resolved.service"):
            (units / unit).symlink_to("/dev/null")  # the terminals are this machine's
        self._process = subprocess.Popen(["sh", "-e", "-c", BOOT, "sh", root, cgroup], stdin=subprocess.DEVNULL)
        self._pid = self._find_first_process()

    def _find_first_process(self) -> int:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        deadline = time.monotonic() + DEADLINE_S
        while self._process.poll() is None and time.monotonic() < deadline:
            pids = children.read_text().split()
            if pids and Path(f"/proc/{pids[0]}/comm").read_text() == "systemd\n":
                return int(pids[0])
            time.sleep(0.01)
        self._process.kill()  # and with it all below
        self._process.wait()
        raise unittest.SkipTest("systemd cannot be started here")

    def run(self, *command: str, may_fail: bool = False) -> str:
        done = subprocess.run(["nsenter", f"--target={self._pid}", "--all", "--root", "--wd", "env", "-i",
                               "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *command],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE_S)
        assert may_fail or done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}"
        return done.stdout

    def show(self, name: str, unit: str = SERVICE) -> str:
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).strip()

    def stop(self) -> None:
        os.kill(self._pid, 9)
        self._process.wait()


@contextmanager
def new_clients():
    """One connection after the other, each with one write. What became of them: statuses, and exceptions by name."""
    outcomes: list[int | str] = []
    is_over = threading.Event()

    def write_on() -> None:
        while not is_over.is_set():
            try:
                outcomes.append(write("clients"))
            except OSError as error:
                outcomes.append(type(error).__name__)

    thread = threading.Thread(target=write_on)
    thread.start()
    try:
        yield outcomes
    finally:
        is_over.set()
        thread.join()


class UnderSystemd(unittest.TestCase):
    debian: Debian

    def setUp(self) -> None:
        cgroup = make_cgroup()
        self.addCleanup(remove_cgroup, cgroup)
        self.systemd = Systemd(self.debian.root, cgroup)
        self.addCleanup(self.systemd.stop)
        self.wait_until(lambda: self.system_state() in ("running", "degraded"))
        self.assertEqual(self.system_state(), "running", self.systemd.run("journalctl", "--no-pager", f"--unit={SERVICE}"))

    def system_state(self) -> str:
        return self.systemd.run("systemctl", "is-system-running", may_fail=True).strip()

    def wait_until(self, condition) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, self.systemd.run("journalctl", "--no-pager", "--lines=50"))
            time.sleep(0.05)

    def test_starts_confined_refuses_no_one_and_stops(self) -> None:
        self.assertEqual(self.systemd.show("ActiveState"), "active")
        self.check_confined()
        self.check_that_no_one_is_refused()
        self.check_hang()
        self.check_removal()

    def check_confined(self) -> None:
        """And that it can do all it does: it says so where it cannot."""
        self.assertEqual(write("confined"), 200)
        self.assertEqual(rooms(), {"confined"})
        status = self.systemd.run("cat", f"/proc/{self.systemd.show('MainPID')}/status")
        self.assertRegex(status, r"NoNewPrivs:\t1\nSeccomp:\t2\n")
        self.assertRegex(status, r"CapBnd:\t0{16}\n")
        self.assertNotRegex(status, r"Uid:\t0\t")
        self.assertNotRegex(self.systemd.run("journalctl", "--no-pager", f"--unit={SERVICE}"), "level=(warn|error)")

    def check_that_no_one_is_refused(self) -> None:
        package = make_upgrade(self.debian)
        changes = [["systemctl", "reload", SERVICE], ["systemctl", "restart", SERVICE], ["dpkg", "--install", package]]
        pids = [self.systemd.show("MainPID")]
        with new_clients() as outcomes:
            for change in changes:
                self.systemd.run(*change)
                pids.append(self.systemd.show("MainPID"))
                answered = outcomes.count(200)
                self.wait_until(lambda: outcomes.count(200) > answered)
        self.assertEqual(set(outcomes) - {200, 503}, set())
        self.assertEqual(len(set(pids)), 3, "a reload keeps the process; a restart and an upgrade do not")
        self.assertIn(NEXT_VERSION, self.systemd.run("dpkg-query", "--show", "metricstream"))
        self.assertEqual(rooms(), {"confined", "clients"})

    def check_hang(self) -> None:
        drop_in = self.debian.path("/etc/systemd/system/metricstream.service.d/test.conf")
        drop_in.parent.mkdir()
        drop_in.write_text("[Service]\nWatchdogSec=5\nTimeoutStopSec=1\n")
        self.systemd.run("systemctl", "daemon-reload")
        self.systemd.run("systemctl", "restart", SERVICE)
        pid = self.systemd.show("MainPID")
        self.systemd.run("kill", "-STOP", pid)
        self.wait_until(lambda: self.systemd.show("MainPID") not in (pid, "0"))
        self.wait_until(lambda: self.systemd.show("ActiveState") == "active")
        self.assertEqual(write("after"), 200)

    def check_removal(self) -> None:
        self.systemd.run("dpkg", "--remove", "metricstream")
        with self.assertRaises(ConnectionRefusedError), closing(connect()) as connection:
            connection.connect()
        self.systemd.run("dpkg", "--purge", "metricstream")
        self.assertEqual(self.systemd.show("LoadState"), "not-found")


if __name__ == "__main__":
    run_tests(UnderSystemd)
