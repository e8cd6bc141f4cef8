"""What was measured, as JSON files: one for each load and server, so that a partial rerun replaces only its part."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# What one run measured. Of a generator: the JSON of `metricstream bench`.
Run = dict[str, Any]


@dataclass(frozen=True)
class Campaign:
    """One call of the comparison: what it measures of one load is interleaved."""

    # Local time, as "2026-11-23 21:47:05"; tells campaigns apart.
    began: str
    machine: dict[str, str]


@dataclass
class Part:
    """The runs of one load against one server."""

    load: str
    server: str
    version: str
    campaign: Campaign
    server_command: str
    load_command: str
    # What stood in the server's configuration file; None where it has none.
    configuration: str | None = None
    runs: list[Run] = field(default_factory=list)
    # Why the other runs have no figures.
    failures: list[str] = field(default_factory=list)
    # Of one more run under perf: how often each event happened per unit of the load.
    events_per_unit: dict[str, float] | None = None


@dataclass
class Results:
    parts: list[Part]

    def find(self, load: str, server: str) -> Part | None:
        return next((part for part in self.parts if (part.load, part.server) == (load, server)), None)

    def runs(self, load: str, server: str) -> list[Run]:
        part = self.find(load, server)
        return part.runs if part else []

    def failures(self, load: str, server: str) -> list[str]:
        part = self.find(load, server)
        return part.failures if part else []


def save_part(directory: Path, part: Part) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{part.load}.{part.server}.json"
    # An interruption leaves the old file or the new one, and no half of either.
    written = path.with_suffix(".written")
    written.write_text(json.dumps(asdict(part), indent=1) + "\n", encoding="utf-8")
    written.replace(path)


def load_results(directory: Path) -> Results:
    return Results([load_part(file) for file in sorted(directory.glob("*.json"))])


def load_part(path: Path) -> Part:
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Part(**fields | {"campaign": Campaign(**fields["campaign"])})
