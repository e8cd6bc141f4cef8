"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
import tempfile
from pathlib import Path

import perf

# Enough for 10,000 connections and what else a server has open, and the same on every machine: some servers size their
# tables by it.
DESCRIPTORS = 20_000


def describe() -> dict[str, str]:
    memory_kib = int(first_match("/proc/meminfo", r"^MemTotal:\s+(\d+) kB$"))
    return {
        "cores": str(os.cpu_count()),
        "processor": first_match("/proc/cpuinfo", r"^model name\s*: (.*)$"),
        "memory": f"{memory_kib / 2**20:.1f} GiB",
        "kernel": f"Linux {platform.release()}",
        "system": first_match("/etc/os-release", r'^PRETTY_NAME="(.*)"$'),
        "file system of the stores": file_system_of(tempfile.gettempdir()),
        "net.core.somaxconn": content("/proc/sys/net/core/somaxconn"),
        "net.ipv4.tcp_max_syn_backlog": content("/proc/sys/net/ipv4/tcp_max_syn_backlog"),
        "descriptors of a process": str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        "perf": perf.why_not() or "counts",
    }


def file_system_of(directory: str) -> str:
    command = ["findmnt", "--noheadings", "--output", "FSTYPE,SOURCE", "--target", directory]
    return " on ".join(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split())


def set_descriptor_limit() -> None:
    """To DESCRIPTORS, or as far as this user may: the usual 1,024 are too few. Servers and generators inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def first_match(path: str, pattern: str) -> str:
    match = re.search(pattern, content(path), re.MULTILINE)
    return match[1].strip() if match else "0"


def content(path: str) -> str:
    return Path(path).read_text(encoding="utf-8").strip()
