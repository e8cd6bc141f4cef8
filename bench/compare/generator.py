"""Loads that `metricstream bench` makes, against a server started anew for each run in an empty directory."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import perf
from results import Run
from servers import METRICSTREAM, BenchMode, RunningServer, Server, ServerFailure, running, scratch_directory

RUN_S_MAX = 600.0


@dataclass(frozen=True)
class GeneratorLoad:
    name: str
    group: str
    servers: tuple[Server, ...]
    mode: BenchMode
    flags: tuple[str, ...]
    # What perf's events are counted per: a number of the generator's JSON, and how many of that are one unit.
    unit: tuple[str, int] | None = None
    flags_of_ours: tuple[str, ...] = ()

    def command_line(self, server: Server) -> str:
        return " ".join(self.command(server, "http://127.0.0.1:$PORT"))

    def server_flags(self, server: Server) -> tuple[str, ...]:
        return self.flags_of_ours if server.is_ours else ()

    def measure(self, server: Server) -> Run:
        run, _ = self.run(server, counts_events=False)
        return run

    def count_events(self, server: Server) -> dict[str, float] | None:
        if self.unit is None:
            return None
        path, size = self.unit
        run, events = self.run(server, counts_events=True)
        return {name: count * size / run[path] for name, count in events.items()} if run.get(path) else None

    def command(self, server: Server, url: str) -> list[str]:
        return [METRICSTREAM, "bench", self.mode, url, *server.write_flags(self.mode), *self.flags, "--json"]

    def run(self, server: Server, counts_events: bool) -> tuple[Run, Mapping[str, float]]:
        with scratch_directory() as directory, running(server, directory, self.server_flags(server)) as one:
            before = AcceptLoop.of(one)
            none: dict[str, float] = {}
            with perf.counting(one.pids()) if counts_events else nullcontext(none) as events:
                run = generate([*self.command(server, one.url), "--server-pid", str(one.pid)])
            after = AcceptLoop.of(one)
        if before and after and after.accepted > before.accepted:
            run["accept_loop_cpu_us"] = (after.cpu_s - before.cpu_s) * 1e6 / (after.accepted - before.accepted)
        return run, events


@dataclass(frozen=True)
class AcceptLoop:
    """What our accept loop has done since the start."""

    cpu_s: float
    accepted: float

    @classmethod
    def of(cls, one: RunningServer) -> AcceptLoop | None:
        """None of a peer."""
        if not one.server.is_ours:
            return None
        page = one.get("/metrics")
        return cls(metric(page, "accept_loop_cpu_seconds_total"), metric(page, "accepted_connections_total"))


def metric(page: str, name: str) -> float:
    match = re.search(rf"^metricstream_{name} (\S+)$", page, re.MULTILINE)
    if not match:
        raise ServerFailure(f"/metrics has no {name}")
    return float(match[1])


def generate(command: list[str]) -> Run:
    """The JSON that a generator prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_S_MAX, check=False)
    except subprocess.TimeoutExpired as late:
        raise ServerFailure(f"the generator took more than {RUN_S_MAX:.0f} s") from late
    if done.returncode != 0:
        reason = done.stderr.strip().partition("\n")[0]
        raise ServerFailure(f"the generator ended with status {done.returncode}: {reason}")
    run: Run = json.loads(done.stdout)
    return run
