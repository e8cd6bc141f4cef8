"""The loads, in the order in which they run."""

from __future__ import annotations

from typing import Protocol

from generator import GeneratorLoad
from memory import IdleMemoryLoad, SeriesMemoryLoad
from replay import ReplayLoad
from results import Run
from servers import INFLUXDB, NGINX1, OURS_ALWAYS, OURS_OS, PROMETHEUS, SERVERS, VICTORIA_METRICS, Server

STORES = (VICTORIA_METRICS, PROMETHEUS, INFLUXDB, OURS_OS, OURS_ALWAYS)
HOLDERS = (NGINX1, VICTORIA_METRICS, PROMETHEUS, INFLUXDB, OURS_ALWAYS)


class Load(Protocol):
    @property
    def name(self) -> str:
        ...

    @property
    def group(self) -> str:
        """The word of --only that selects it."""

    @property
    def servers(self) -> tuple[Server, ...]:
        ...

    def command_line(self, server: Server) -> str:
        """What is sent, for the page."""

    def server_flags(self, server: Server) -> tuple[str, ...]:
        """What `server` is started with beside its own command."""

    def measure(self, server: Server) -> Run:
        """One run. Raises one of campaign.Failure where it has no figures."""

    def count_events(self, server: Server) -> dict[str, float] | None:
        """The events of perf per unit, of one more run; None where the load has no unit."""


def storm(is_quick: bool) -> Load:
    flags = ("--concurrency", "256", "--connections", "5000" if is_quick else "50000")
    return GeneratorLoad("storm", "storm", SERVERS, "storm", flags, ("offered", 1))


def burst(is_quick: bool, threads: int) -> Load:
    return GeneratorLoad(
        name="burst-1-thread" if threads == 1 else f"burst-{threads}-threads",
        group="burst",
        servers=SERVERS,
        mode="storm",
        flags=("--burst", "2000" if is_quick else "10000", "--threads", str(threads)),
        unit=("offered", 1),
        flags_of_ours=("--backlog=1024",) if threads == 1 else (),
    )


def open_loop(is_quick: bool) -> Load:
    flags = ("--rate", "4000", "--duration", "1s" if is_quick else "3s")
    return GeneratorLoad("open-loop", "open-loop", SERVERS, "storm", flags, ("offered", 1))


def mixed(is_quick: bool) -> Load:
    # The bulk's samples go back from now by all that a run may take of them: 10 s apart that is half a day, of which
    # Prometheus refuses what is an hour older than the small writes beside it.
    bulk = ("--ingest-connections", "10", "--step", "100ms")
    flags = ("--rate", "1000", "--connections", "1000" if is_quick else "5000", *bulk)
    return GeneratorLoad("mixed", "mixed", STORES, "mixed", flags)


def keep_alive(is_quick: bool) -> Load:
    flags = ("--keep-alive", "--concurrency", "64", "--duration", "1s" if is_quick else "5s")
    return GeneratorLoad("keep-alive", "keep-alive", SERVERS, "storm", flags, ("offered", 1))


def ingest(is_quick: bool, name: str, series: int, steps: int) -> Load:
    samples = series * (steps // 10 if is_quick else steps)
    size = ("--series", str(series), "--samples", str(samples), "--samples-per-request", "1000")
    if name == "ingest-json":
        flags = ("--protocol", "json", *size)
        return GeneratorLoad(name, "ingest-json", (OURS_OS, OURS_ALWAYS), "ingest", flags, ("samples_sent", 1000))
    return GeneratorLoad(name, "ingest", STORES, "ingest", size, ("samples_sent", 1000))


def all_loads(is_quick: bool) -> list[Load]:
    """Quick ones are short: they show that everything works, not how well."""
    return [
        storm(is_quick),
        burst(is_quick, threads=1),
        burst(is_quick, threads=2),
        open_loop(is_quick),
        mixed(is_quick),
        keep_alive(is_quick),
        ingest(is_quick, "ingest-10k", 10_000, 360),
        ingest(is_quick, "ingest-100k", 100_000, 30),
        ingest(is_quick, "ingest-json", 10_000, 360),
        IdleMemoryLoad("idle-memory", "memory", HOLDERS, 1_000 if is_quick else 10_000),
        SeriesMemoryLoad("series-memory", "memory", HOLDERS[1:], 20_000 if is_quick else 200_000),
        ReplayLoad("replay", "replay", (OURS_ALWAYS,), 1_000_000 if is_quick else 10_000_000),
    ]
