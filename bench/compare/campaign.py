"""Measures loads against servers, and keeps what was measured.

The runs of different servers are interleaved, so that what the machine does beside them meets all alike. A server that
is missing and a run that fails are kept as the reason why a figure lacks, and stop nothing. What was measured is saved
after each round, so that an interruption costs no more than that one.
"""

from __future__ import annotations

import datetime
import http.client
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import machine
import perf
from loads import Load
from results import Campaign, Part, save_part
from servers import Server, ServerFailure
from spread import MISSING, number
from tables import COLUMNS

# What a run without figures raises: a server or a generator that fails, what the kernel refuses them, a reply that is
# no HTTP, and output that is no JSON.
Failure = (ServerFailure, OSError, http.client.HTTPException, json.JSONDecodeError)


def begin() -> Campaign:
    return Campaign(began=f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}", machine=machine.describe())


def measure(campaign: Campaign, load: Load, servers: Sequence[Server], runs: int, directory: Path) -> None:
    """`runs` of `load` against each of `servers`; replaces what `directory` has of them."""
    parts = {server.name: new_part(campaign, load, server) for server in servers}
    available = [server for server in servers if server.is_available]
    for run in range(runs):
        # Each round begins with another server, so that none is always the first.
        first = run % max(len(available), 1)
        for server in available[first:] + available[:first]:
            measure_run(load, server, f"{load.name} {run + 1}/{runs} {server.name}", parts[server.name])
        save_parts(directory, parts.values())
    if perf.why_not() is None:
        for server in available:
            count_events(load, server, parts[server.name])
        save_parts(directory, parts.values())


def save_parts(directory: Path, parts: Iterable[Part]) -> None:
    for part in parts:
        save_part(directory, part)


def new_part(campaign: Campaign, load: Load, server: Server) -> Part:
    part = Part(
        load=load.name,
        server=server.name,
        version=server.version() if server.is_available else "missing",
        campaign=campaign,
        server_command=server.command_line(load.server_flags(server)),
        load_command=load.command_line(server),
        configuration=server.configuration,
    )
    if not server.is_available:
        part.failures.append(f"{server.command[0]} is missing")
        say(f"{load.name} {server.name}: {server.command[0]} is missing")
    return part


def measure_run(load: Load, server: Server, title: str, part: Part) -> None:
    try:
        run = load.measure(server)
    except Failure as failure:
        reason = str(failure) or type(failure).__name__
        part.failures.append(reason)
        say(f"{title}: {reason}")
        return
    part.runs.append(run)
    readings = [(column.title, column.read(run)) for column in COLUMNS[load.name][:6]]
    shown = ", ".join(f"{name} {MISSING if value is None else number(value)}" for name, value in readings)
    say(f"{title}: {shown}")


def count_events(load: Load, server: Server, part: Part) -> None:
    title = f"{load.name} perf {server.name}"
    try:
        part.events_per_unit = load.count_events(server)
    except Failure as failure:
        say(f"{title}: {failure}")
        return
    if part.events_per_unit:
        counts = ", ".join(f"{name} {number(count)}" for name, count in part.events_per_unit.items())
        say(f"{title}: {counts}")


def say(line: str) -> None:
    print(line, flush=True)
