"""A small Debian in a folder of its own, for tests that install packages: of the release of this machine, from the mirror that its
apt is configured with.

debian_root.py CACHE makes CACHE/RELEASE.tar where it is missing, in a minute or two. Where that is not permitted it says so, and
ends with status 0: the tests then skip themselves.

All that is mounted is mounted in a namespace of the process's own, so that it is gone with the process, however that ends."""

import os
import platform
import subprocess
import sys
from pathlib import Path

TMPFS_SIZE = "size=1500m"
# Beside what is essential: what a server's machine has.
PACKAGES = ["adduser", "systemd"]
DOWNLOAD_TIMEOUT_S = 900


def cached_tar(cache: Path) -> Path:
    return cache / f"{platform.freedesktop_os_release()['VERSION_CODENAME']}.tar"


def enter_namespaces(*namespaces: str, command: list[str]) -> list[str]:
    """The command line that runs `command` as the first process of its own; when it ends all below it ends."""
    return ["unshare", "--mount", "--propagation=private", "--pid", "--mount-proc", "--fork", "--kill-child",
            *namespaces, *command]


def why_not_permitted(folder: Path) -> str:
    """Empty where it is."""
    if os.geteuid() != 0:
        return "it takes root to make a Debian root folder"
    script = 'mount -t tmpfs none "$1" && mknod "$1/null" c 1 3 && : >"$1/null" && mount -t proc none "$1"'
    folder.mkdir(parents=True, exist_ok=True)
    tried = subprocess.run(enter_namespaces("--net", command=["sh", "-c", script, "sh", str(folder)]),
                           capture_output=True, text=True)
    return f"namespaces, mounts or device files are not permitted here: {tried.stderr.strip()}" if tried.returncode else ""


def mirror(release: str) -> str:
    found = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages",
                            f"Codename: {release}", "Component: main", "Origin: Debian"],
                           check=True, capture_output=True, text=True).stdout.split()
    if not found:
        sys.exit(f"apt of this machine has no source of {release} main")
    return found[0]


def apt_options() -> str:
    """How this machine reaches its mirror."""
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    prefixes = ("Acquire::http::", "Acquire::https::", "Acquire::Check-")
    return "".join(line + "\n" for line in dump.splitlines() if line.startswith(prefixes))


def make(tar: Path) -> None:
    """In namespaces of its own."""
    root = tar.parent / "root"
    root.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", TMPFS_SIZE, "debian-root", root], check=True)
    subprocess.run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", tar.stem, root,
                    mirror(tar.stem)], check=True, stdout=subprocess.DEVNULL)
    (root / "etc/apt/apt.conf.d/80machine").write_text(apt_options())
    # The archives that it was made of have been installed.
    subprocess.run(["chroot", root, "apt-get", "clean"], check=True)
    partial = tar.with_suffix(".partial")
    subprocess.run(["tar", "--create", "--one-file-system", "--numeric-owner", f"--file={partial}",
                    f"--directory={root}", "."], check=True)
    partial.rename(tar)


def main() -> None:
    if sys.argv[1] == "make":
        return make(Path(sys.argv[2]))
    cache = Path(sys.argv[1]).absolute()
    tar = cached_tar(cache)
    if tar.exists():
        return
    if reason := why_not_permitted(cache / "root"):
        print(f"no tests of installed packages: {reason}")
        return
    print(f"making {tar.relative_to(Path.cwd())}, a Debian to install packages in")
    subprocess.run(enter_namespaces(command=[sys.executable, "-B", __file__, "make", str(tar)]), check=True,
                   timeout=DOWNLOAD_TIMEOUT_S)


if __name__ == "__main__":
    main()
