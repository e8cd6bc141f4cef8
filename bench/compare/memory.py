"""Loads that measure memory: by how much a server's resident set grows with idle connections, and with series."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from generator import generate
from results import Run
from servers import METRICSTREAM, RunningServer, Server, ServerFailure, running, scratch_directory

SETTLED_S_MAX = 3.0
CONNECTION_S_MAX = 10.0
# What any server takes once, for its first connections or its first series, is no part of what each costs.
WARM_UP_CONNECTIONS = 100
WARM_UP_SERIES = 1_000


@dataclass(frozen=True)
class IdleMemoryLoad:
    """Connections that stay open: first without having sent anything, then after one request each."""

    name: str
    group: str
    servers: tuple[Server, ...]
    connections: int

    def command_line(self, server: Server) -> str:
        return (
            f"# {self.connections:,} connections to 127.0.0.1:$PORT, and later on each of them GET {server.ready_path}"
        )

    def server_flags(self, server: Server) -> tuple[str, ...]:
        # By default it takes 512.
        return (f"--web.max-connections={self.connections * 2}",) if server.name == "prometheus" else ()

    def measure(self, server: Server) -> Run:
        with scratch_directory() as directory, running(server, directory, self.server_flags(server)) as one:
            with connections(one, WARM_UP_CONNECTIONS) as clients:
                request_once(one, clients)
            before = settled_bytes(one)
            with connections(one, self.connections) as clients:
                silent = settled_bytes(one)
                request_once(one, clients)
                served = settled_bytes(one)
        return {
            "silent_bytes_per_connection": (silent - before) / self.connections,
            "served_bytes_per_connection": (served - before) / self.connections,
        }

    def count_events(self, server: Server) -> None:
        return None


@dataclass(frozen=True)
class SeriesMemoryLoad:
    """Series of one sample each."""

    name: str
    group: str
    servers: tuple[Server, ...]
    series: int

    def command_line(self, server: Server) -> str:
        return " ".join(self.command(server, "http://127.0.0.1:$PORT", self.series))

    def server_flags(self, server: Server) -> tuple[str, ...]:
        return ()

    def measure(self, server: Server) -> Run:
        with scratch_directory() as directory, running(server, directory) as one:
            generate(self.command(server, one.url, WARM_UP_SERIES))
            before = settled_bytes(one)
            sent = generate(self.command(server, one.url, self.series))
            after = settled_bytes(one)
        if sent["samples_acked"] != self.series:
            raise ServerFailure(f"of {self.series} series it acknowledged {sent['samples_acked']}")
        # Those of the warm-up are the first of the others.
        added = self.series - WARM_UP_SERIES
        return {"bytes_per_series": (after - before) / added, "series": self.series}

    def count_events(self, server: Server) -> None:
        return None

    def command(self, server: Server, url: str, series: int) -> list[str]:
        size = ["--series", str(series), "--samples", str(series), "--connections", "1"]
        return [METRICSTREAM, "bench", "ingest", url, *server.write_flags("ingest"), *size, "--json"]


@contextmanager
def connections(one: RunningServer, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as all_open:
        address = ("127.0.0.1", one.port)
        yield [all_open.enter_context(socket.create_connection(address, CONNECTION_S_MAX)) for _ in range(count)]


def request_once(one: RunningServer, clients: list[socket.socket]) -> None:
    request = f"GET {one.server.ready_path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    for client in clients:
        client.sendall(request)
        reply = b""
        while b"\r\n\r\n" not in reply:
            if not (received := client.recv(4096)):
                raise ServerFailure("it closed a connection before the reply")
            reply += received
        if not reply.startswith(b"HTTP/1.1 2"):
            raise ServerFailure(f"it answered {reply.splitlines()[0].decode(errors='replace')}")


def settled_bytes(one: RunningServer) -> int:
    """The resident set, once it has kept its size for 0.3 s; at the latest after SETTLED_S_MAX."""
    end = time.monotonic() + SETTLED_S_MAX
    last = [one.resident_bytes()]
    while time.monotonic() < end and not (len(last) > 3 and len(set(last[-4:])) == 1):
        time.sleep(0.1)
        last.append(one.resident_bytes())
    return last[-1]
