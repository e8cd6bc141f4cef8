"""Runs a service of an installed package by its unit, as systemd would, in as far as a test needs it: the listening socket held
outside and handed over, the user, the state directory, the limits, and the socket for notifications."""

import os
import resource
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path

DEADLINE_S = 30
FIRST_DESCRIPTOR = 3  # of LISTEN_FDS
NOTIFY_SOCKET = "/run/notify"


def read_unit(path: Path) -> dict[str, list[str]]:
    """Each setting's values, in their order."""
    settings: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            settings.setdefault(name, []).append(value)
    return settings


def listen(unit: Path) -> socket.socket:
    """As the socket unit says."""
    settings = read_unit(unit)
    host, port = settings["ListenStream"][0].rsplit(":", 1)
    listener = socket.create_server((host, int(port)), backlog=int(settings["Backlog"][0]))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, settings["NoDelay"] == ["yes"])
    return listener


class Service:
    """A running server, below `root`."""

    def __init__(self, root: Path, unit: Path, listener: socket.socket):
        self._root = root
        self._settings = read_unit(unit)
        self._notified: list[str] = []
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify_path = root / NOTIFY_SOCKET.lstrip("/")
        notify_path.unlink(missing_ok=True)
        self._notify.bind(str(notify_path))
        notify_path.chmod(0o666)
        self._notify.settimeout(0.1)
        self._make_state_directory()
        self._process = subprocess.Popen(self._command(), preexec_fn=lambda: self._prepare(listener), close_fds=False,
                                         env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": NOTIFY_SOCKET,
                                              "WATCHDOG_USEC": f"{self._setting('WatchdogSec')}000000",
                                              "LISTEN_FDS": "1"})
        self.wait_for_notice("READY=1")

    def _setting(self, name: str) -> str:
        return self._settings[name][-1]

    def _make_state_directory(self) -> None:
        folder = self._root / "var/lib" / self._setting("StateDirectory")
        folder.mkdir(exist_ok=True)
        folder.chmod(int(self._setting("StateDirectoryMode"), 8))
        uid = subprocess.check_output(["chroot", self._root, "id", "-u", self._setting("User")], text=True)
        shutil.chown(folder, int(uid))

    def _command(self) -> list[str]:
        """What ends in ExecStart, each a program that becomes the next, so that all have one process id."""
        as_user = ["setpriv", f"--reuid={self._setting('User')}", f"--regid={self._setting('Group')}", "--clear-groups",
                   "--no-new-privs", "--bounding-set=-all"]
        with_pid = ["sh", "-c", 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$@"', "sh"]
        return ["chroot", str(self._root), *with_pid, *as_user, *shlex.split(self._setting("ExecStart"))]

    def _prepare(self, listener: socket.socket) -> None:
        os.dup2(listener.fileno(), FIRST_DESCRIPTOR)
        os.set_inheritable(FIRST_DESCRIPTOR, True)  # it may have been this one before
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)  # which a container's root may not raise
        files = min(int(self._setting("LimitNOFILE")), most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        os.umask(int(self._setting("UMask"), 8))

    def wait_for_notice(self, notice: str) -> None:
        """Until the server has sent it; what came before it is forgotten."""
        deadline = time.monotonic() + DEADLINE_S
        while notice not in self._notified:
            assert self._process.poll() is None, f"ended with status {self._process.returncode} before {notice}"
            assert time.monotonic() < deadline, f"no {notice} in {DEADLINE_S} s, but {self._notified}"
            try:
                self._notified += self._notify.recv(4096).decode().split("\n")
            except TimeoutError:
                pass
        del self._notified[: self._notified.index(notice) + 1]

    def reload(self) -> None:
        """By ExecReload."""
        command = self._setting("ExecReload").replace("$MAINPID", str(self._process.pid))
        subprocess.run(["chroot", self._root, *shlex.split(command)], check=True)
        self.wait_for_notice("RELOADING=1")
        self.wait_for_notice("READY=1")

    def stop(self) -> int:
        """Its exit status."""
        self._process.terminate()
        return self._process.wait(float(self._setting("TimeoutStopSec")))

    def kill(self) -> None:
        """Where it still runs."""
        self._process.kill()
        self._process.wait()
        self._notify.close()
