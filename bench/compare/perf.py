"""Counts system calls, context switches and migrations of running processes, where perf is installed and permitted."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

# By the name that the page uses.
EVENTS = {
    "system calls": "raw_syscalls:sys_enter",
    "context switches": "context-switches",
    "migrations": "cpu-migrations",
}


def why_not() -> str | None:
    """Why perf cannot count here; None where it can."""
    try:
        tried = subprocess.run(
            ["perf", "stat", "-e", ",".join(EVENTS.values()), "true"], capture_output=True, text=True
        )
    except FileNotFoundError:
        return "perf is not installed"
    return None if tried.returncode == 0 else "perf is not permitted"


@contextmanager
def counting(pids: Sequence[int]) -> Iterator[dict[str, float]]:
    """Counts the events of `pids` while the block runs; the dictionary has them by name once it is left."""
    counts: dict[str, float] = {}
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as output, start(pids, output.name) as process:
        try:
            yield counts
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
        counts.update(parse_counts(output.read()))


def start(pids: Sequence[int], output: str) -> subprocess.Popen[bytes]:
    """perf, once it has found the processes' threads and counts: it says so when it is told to begin."""
    command_reader, command_writer = os.pipe()
    answer_reader, answer_writer = os.pipe()
    process = subprocess.Popen(
        ["perf", "stat", "-x,", "-o", output, "-e", ",".join(EVENTS.values()), "-p", ",".join(map(str, pids))]
        + ["--delay=-1", f"--control=fd:{command_reader},{answer_writer}"],
        pass_fds=(command_reader, answer_writer),
        stderr=subprocess.DEVNULL,
    )
    os.close(command_reader)
    os.close(answer_writer)
    with open(command_writer, "wb") as command, open(answer_reader, "rb") as answer:
        command.write(b"enable\n")
        command.flush()
        answer.readline()
    return process


def parse_counts(text: str) -> dict[str, float]:
    """Of lines such as "1234,,context-switches,99,100.00,,"; what perf did not count is left out."""
    fields = [line.split(",") for line in text.splitlines()]
    counts = {line[2]: line[0] for line in fields if len(line) > 2}
    return {name: float(counts[event]) for name, event in EVENTS.items() if counts.get(event, "").isdigit()}
