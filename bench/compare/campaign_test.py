#!/usr/bin/env python3
"""A campaign starts real servers, ends them, and keeps what it has where some of them fail."""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import tempfile
import unittest
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import campaign
from results import Campaign, Results, Run, load_results
from servers import Server, ServerFailure, running, scratch_directory

# A version is asked of Debian's packages and of our own program only.
NO_VERSION = "1.2.3"


class StandIn(Server):
    def version(self) -> str:
        return NO_VERSION


def server(name: str, *command: str, configuration: str | None = None) -> Server:
    return StandIn(name=name, command=command, ready_path="/", configuration=configuration)


def file_server(name: str) -> Server:
    command = ("-m", "http.server", "$PORT", "--bind", "127.0.0.1", "--directory", "$DIR")
    return server(name, sys.executable, *command, configuration="port = $PORT\n")


FIRST = Campaign("2026-11-23 21:47:05", {"cores": "2"})
SECOND = Campaign("2026-11-24 09:00:00", {"cores": "4"})

ENDS = server("influxdb", sys.executable, "-c", "raise SystemExit('no such database')")
MISSING = server("prometheus", "/nonexistent/prometheus")


@dataclass
class FakeReplay:
    """A load under a name that has columns. Fails for those in `fails`."""

    servers: tuple[Server, ...] = ()
    fails: tuple[str, ...] = ()
    name: str = "replay"
    group: str = "replay"
    measured: list[str] = field(default_factory=list)

    def command_line(self, server: Server) -> str:
        return "replay"

    def server_flags(self, server: Server) -> tuple[str, ...]:
        return ()

    def measure(self, server: Server) -> Run:
        self.measured.append(server.name)
        if server.name in self.fails:
            raise ServerFailure("it said no")
        with scratch_directory() as directory, running(server, directory):
            return {"samples_per_s": 5e6}

    def count_events(self, server: Server) -> dict[str, float] | None:
        return None


def measured(load: FakeReplay, servers: list[Server], runs: int) -> Results:
    with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()):
        campaign.measure(FIRST, load, servers, runs, Path(directory))
        return load_results(Path(directory))


class Measuring(unittest.TestCase):
    def test_rounds_are_interleaved_and_begin_with_another_server_each(self) -> None:
        load = FakeReplay()
        measured(load, [file_server("nginx1"), file_server("nginx2")], runs=3)
        self.assertEqual(load.measured, ["nginx1", "nginx2", "nginx2", "nginx1", "nginx1", "nginx2"])

    def test_a_server_that_fails_stops_no_other(self) -> None:
        servers = [ENDS, MISSING, file_server("nginx1"), file_server("nginx2")]
        results = measured(FakeReplay(fails=("nginx2",)), servers, runs=2)
        self.assertEqual(results.runs("replay", "nginx1"), [{"samples_per_s": 5e6}] * 2)
        failures = {part.server: part.failures for part in results.parts}
        self.assertEqual(failures["influxdb"], ["ended with status 1: no such database"] * 2)
        self.assertEqual(failures["prometheus"], ["/nonexistent/prometheus is missing"])
        self.assertEqual(failures["nginx2"], ["it said no"] * 2)

    def test_a_rerun_replaces_its_part_and_no_other(self) -> None:
        nginx1, nginx2 = file_server("nginx1"), file_server("nginx2")
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
            directory = Path(name)
            campaign.measure(FIRST, FakeReplay(), [nginx1, nginx2], 2, directory)
            campaign.measure(SECOND, FakeReplay(), [nginx2], 1, directory)
            results = load_results(directory)
        self.assertEqual([len(results.runs("replay", one.name)) for one in (nginx1, nginx2)], [2, 1])
        self.assertEqual([part.campaign for part in results.parts], [FIRST, SECOND])


class Running(unittest.TestCase):
    def test_a_server_is_ready_in_its_block_and_gone_behind_it(self) -> None:
        with scratch_directory() as directory:
            with running(file_server("nginx1"), directory) as one:
                with urllib.request.urlopen(f"{one.url}/configuration") as reply:
                    self.assertEqual(reply.read().decode(), f"port = {one.port}\n")
                self.assertGreater(one.resident_bytes(), 1 << 20)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", one.port), timeout=5)
        self.assertFalse(directory.exists())


if __name__ == "__main__":
    unittest.main()
