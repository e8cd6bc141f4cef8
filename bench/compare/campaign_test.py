#!/usr/bin/env python3
"""A campaign starts real servers, ends them, and keeps what it has where some of them fail."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import campaign
from interruption import SIGNALS, interrupt_at_signals
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
    """A load under a name that has columns. Raises `raised` for those in `fails`; interrupted after `runs_max`."""

    servers: tuple[Server, ...] = ()
    fails: tuple[str, ...] = ()
    raised: Exception = ServerFailure("it said no")
    runs_max: int = 100
    name: str = "replay"
    group: str = "replay"
    measured: list[str] = field(default_factory=list)

    def command_line(self, server: Server) -> str:
        return "replay"

    def server_flags(self, server: Server) -> tuple[str, ...]:
        return ()

    def measure(self, server: Server) -> Run:
        if len(self.measured) == self.runs_max:
            raise KeyboardInterrupt
        self.measured.append(server.name)
        if server.name in self.fails:
            raise self.raised
        with scratch_directory() as directory, running(server, directory):
            return {"samples_per_s": 5e6}

    def count_events(self, server: Server) -> dict[str, float] | None:
        return None


class Endless(FakeReplay):
    """A run that lasts until a signal ends it; prints its server's port once it has begun."""

    def measure(self, server: Server) -> Run:
        with scratch_directory() as directory, running(server, directory) as one:
            print(one.port, flush=True)
            while True:
                signal.pause()


def measure_without_end() -> None:
    """The program that a test interrupts. The test's own caller may have ignored a signal: this one takes all."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    interrupt_at_signals()
    campaign.measure(FIRST, Endless(), [file_server("nginx1")], 1, Path(tempfile.gettempdir()))


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

    def test_a_reply_that_is_no_http_and_output_that_is_no_json_fail_a_run_only(self) -> None:
        cases: tuple[tuple[Exception, str], ...] = (
            (http.client.BadStatusLine("SSH-2.0"), "SSH-2.0"),
            (http.client.IncompleteRead(b"12", 8), "IncompleteRead(2 bytes read, 8 more expected)"),
            (http.client.CannotSendRequest(), "CannotSendRequest"),
            (json.JSONDecodeError("Expecting value", "half", 0), "Expecting value: line 1 column 1 (char 0)"),
        )
        for raised, reason in cases:
            with self.subTest(reason):
                results = measured(FakeReplay(fails=("nginx1",), raised=raised), [file_server("nginx1")], runs=1)
                self.assertEqual([part.failures for part in results.parts], [[reason]])

    def test_an_interruption_costs_its_own_round_only(self) -> None:
        load = FakeReplay(runs_max=3)
        servers = [file_server("nginx1"), file_server("nginx2")]
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
            with self.assertRaises(KeyboardInterrupt):
                campaign.measure(FIRST, load, servers, 9, Path(name))
            results = load_results(Path(name))
        self.assertEqual([len(results.runs("replay", one.name)) for one in servers], [1, 1])

    def test_a_rerun_replaces_its_part_and_no_other(self) -> None:
        nginx1, nginx2 = file_server("nginx1"), file_server("nginx2")
        with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
            directory = Path(name)
            campaign.measure(FIRST, FakeReplay(), [nginx1, nginx2], 2, directory)
            campaign.measure(SECOND, FakeReplay(), [nginx2], 1, directory)
            results = load_results(directory)
        self.assertEqual([len(results.runs("replay", one.name)) for one in (nginx1, nginx2)], [2, 1])
        self.assertEqual([part.campaign for part in results.parts], [FIRST, SECOND])


class Interruption(unittest.TestCase):
    def test_each_signal_ends_the_server_and_removes_its_directory(self) -> None:
        for number in SIGNALS:
            with self.subTest(number.name), tempfile.TemporaryDirectory() as directory:
                with subprocess.Popen(
                    [sys.executable, "-B", "-c", "import campaign_test; campaign_test.measure_without_end()"],
                    cwd=Path(__file__).parent,
                    env=os.environ | {"TMPDIR": directory},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                ) as program:
                    assert program.stdout and program.stderr
                    port = int(program.stdout.readline())
                    program.send_signal(number)
                    self.assertIn(b"KeyboardInterrupt", program.stderr.read())
                with self.assertRaises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", port), timeout=5)
                self.assertEqual(os.listdir(directory), [])

    def test_a_signal_that_is_ignored_stays_so(self) -> None:
        before = {number: signal.getsignal(number) for number in SIGNALS}
        try:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            interrupt_at_signals()
            self.assertEqual(signal.getsignal(signal.SIGHUP), signal.SIG_IGN)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


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
