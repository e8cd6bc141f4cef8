"""The load that measures a restart: how fast our server reads its log back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator import generate
from results import Run
from servers import METRICSTREAM, Server, ServerFailure, running, scratch_directory

OPENED = re.compile(r'msg="store is open" .*\bsamples=(\d+) .*\breplay_ms=(\d+)')


@dataclass(frozen=True)
class ReplayLoad:
    name: str
    group: str
    servers: tuple[Server, ...]
    samples: int

    def command_line(self, server: Server) -> str:
        return " ".join(self.command("http://127.0.0.1:$PORT")) + "\n# then SIGTERM, and the same server again"

    def server_flags(self, server: Server) -> tuple[str, ...]:
        return ()

    def measure(self, server: Server) -> Run:
        with scratch_directory() as directory:
            with running(server, directory) as one:
                sent = generate(self.command(one.url))
            with running(server, directory) as one:
                opened = OPENED.search(one.log())
        if not opened:
            raise ServerFailure("it did not log that its store is open")
        samples, replay_ms = map(int, opened.groups())
        if samples != sent["samples_acked"]:
            raise ServerFailure(f"it replayed {samples} of {sent['samples_acked']} samples")
        return {"samples_per_s": samples * 1e3 / max(replay_ms, 1), "samples": samples, "replay_ms": replay_ms}

    def count_events(self, server: Server) -> None:
        return None

    def command(self, url: str) -> list[str]:
        size = ["--series", "10000", "--samples", str(self.samples)]
        return [METRICSTREAM, "bench", "ingest", url, *size, "--json"]
