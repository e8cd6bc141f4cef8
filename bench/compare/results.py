"""What was measured, as JSON files: one for each load and server, so that a partial rerun replaces only its part."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# What one run measured. Of a generator: the JSON of `metricstream bench`.
Run = dict[str, Any]


@dataclass
class Part:
    """The runs of one load against one server."""

    load: str
    server: str
    version: str
    # The day, as 2026-11-23.
    measured: str
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
    machine: dict[str, str]
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
    save(directory / "parts" / f"{part.load}.{part.server}.json", asdict(part))


def save_machine(directory: Path, machine: dict[str, str]) -> None:
    save(directory / "machine.json", machine)


def save(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def load_results(directory: Path) -> Results:
    files = sorted((directory / "parts").glob("*.json"))
    machine = directory / "machine.json"
    return Results(
        machine=json.loads(machine.read_text(encoding="utf-8")) if machine.exists() else {},
        parts=[Part(**json.loads(file.read_text(encoding="utf-8"))) for file in files],
    )
