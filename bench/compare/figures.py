"""The figures that the page shows, from what was measured: for each its tables, and whether its targets are met.

Pure functions of Results. What was not measured is missing in a table and "not measured" in a verdict, never a reason
to fail.
"""

from __future__ import annotations

from dataclasses import dataclass

from results import Results
from spread import median, times
from tables import (
    ACCEPT_CPU,
    CPU_PER_UNIT,
    DOOR_P50_MS,
    DOOR_P99_BEYOND_LAG_MS,
    DOOR_QUEUE_MEAN,
    DOOR_UNACKED,
    DOOR_UNSERVED,
    REPLAY_RATE,
    SERIES_BYTES,
    SERVED_BYTES,
    SILENT_BYTES,
    UNACKED,
    UNSERVED,
    Table,
    samples_per_cpu_s,
    table,
)
from verdicts import Subject, Verdict

OURS_OS = "metricstream-os"
OURS_ALWAYS = "metricstream-always"
NGINXES = ("nginx1", "nginx2")
VICTORIA_METRICS = "victoria-metrics"


@dataclass(frozen=True)
class Figure:
    title: str
    # What the reader needs to know to read the tables.
    remark: str
    verdicts: list[Verdict]
    tables: list[Table]


def figures(results: Results) -> list[Figure]:
    """In the order of the page; the first nine have targets."""
    return [
        cpu_per_connection(results),
        burst(results),
        door_under_load(results),
        accept_loop(results),
        keep_alive(results),
        remote_write(results),
        json_ingest(results),
        memory(results),
        replay(results),
        open_loop(results),
    ]


def cpu_per_connection(results: Results) -> Figure:
    nginx, cpu_us = better_nginx(results, "storm")
    weak, durable = Subject(results, "storm", OURS_OS), Subject(results, "storm", OURS_ALWAYS)
    return Figure(
        "CPU per connection",
        "A connection is opened, sends one sample with 8 labels, reads its reply and is closed; 256 at a time. nginx "
        "answers 204 and stores nothing. The rate is no figure to compare: generator and server share the cores.",
        [
            weak.at_most(f"1.0x {nginx}", CPU_PER_UNIT, cpu_us, "us"),
            weak.at_most(f"stretch, 0.85x {nginx}", CPU_PER_UNIT, times(0.85, cpu_us), "us"),
            durable.at_most(f"1.25x {nginx}", CPU_PER_UNIT, times(1.25, cpu_us), "us"),
            weak.never_any("connections without 2xx", UNSERVED),
            durable.never_any("connections without 2xx", UNSERVED),
        ],
        [table(results, "storm")],
    )


def burst(results: Results) -> Figure:
    verdicts = []
    for load, how in (("burst-1-thread", "backlog 1024"), ("burst-2-threads", "default backlog")):
        ours = Subject(results, load, OURS_ALWAYS)
        verdicts += [
            ours.never_any(f"{how}, connections without 2xx", UNSERVED),
            ours.seldom_overflows(f"{how}, runs with an overflow"),
            ours.slowest_below(f"{how}, slowest connection of all runs", 500.0),
        ]
    return Figure(
        "Burst of 10,000 simultaneous connects",
        "All connects are issued at once, then the requests: from one generator thread with our backlog at 1024, from "
        "two with the default. Overflows are those of the whole network namespace.",
        verdicts,
        [table(results, "burst-1-thread"), table(results, "burst-2-threads")],
    )


def door_under_load(results: Results) -> Figure:
    ours = Subject(results, "mixed", OURS_ALWAYS)
    return Figure(
        "The door under load",
        "1,000 new connections a second (Poisson), each with one small write, while 10 connections of bulk remote "
        "write fill the cores: 10,000 series, a sample each 100 ms, so that what a run sends lies within the hour in "
        "which Prometheus takes samples older than its newest. A server that refuses the bulk has an easy door. "
        "Latencies count from the intended instant. The generator's lag is its own share of them, on the same cores; "
        "what is beyond it counts, connection by connection, from the instant at which the connection was begun.",
        [
            ours.at_most("p50", DOOR_P50_MS, 1.5, "ms"),
            ours.at_most("p99 beyond the generator's lag", DOOR_P99_BEYOND_LAG_MS, 10.0, "ms"),
            ours.below("mean listen queue", DOOR_QUEUE_MEAN, 1.0),
            ours.never_any("connections without 2xx", DOOR_UNSERVED),
            ours.never_any("samples of the ingest not acknowledged", DOOR_UNACKED),
        ],
        [table(results, "mixed")],
    )


def accept_loop(results: Results) -> Figure:
    return Figure(
        "The accept loop's own CPU per accept",
        "CPU time of the accept loop's thread over the storm of figure 1, by the connections that it accepted: from "
        "our /metrics, before and after.",
        [
            Subject(results, "storm", server).at_most("CPU per accept", ACCEPT_CPU, 10.0, "us")
            for server in (OURS_OS, OURS_ALWAYS)
        ],
        [],
    )


def keep_alive(results: Results) -> Figure:
    nginx, cpu_us = better_nginx(results, "keep-alive")
    weak, durable = Subject(results, "keep-alive", OURS_OS), Subject(results, "keep-alive", OURS_ALWAYS)
    return Figure(
        "Keep-alive",
        "64 connections that stay open, one sample a request, the next request after the reply to the last.",
        [
            weak.at_most(f"1.2x {nginx}", CPU_PER_UNIT, times(1.2, cpu_us), "us"),
            durable.at_most(f"1.5x {nginx}", CPU_PER_UNIT, times(1.5, cpu_us), "us"),
            weak.never_any("requests without 2xx", UNSERVED),
            durable.never_any("requests without 2xx", UNSERVED),
        ],
        [table(results, "keep-alive")],
    )


def remote_write(results: Results) -> Figure:
    verdicts = []
    for load, series in (("ingest-10k", "10,000 series"), ("ingest-100k", "100,000 series")):
        ours = Subject(results, load, OURS_ALWAYS)
        peer = median(results.runs(load, VICTORIA_METRICS), samples_per_cpu_s)
        verdicts += [
            ours.at_least(
                f"{series}, samples per CPU second, 5x {VICTORIA_METRICS}", samples_per_cpu_s, times(5.0, peer)
            ),
            ours.never_any(f"{series}, samples not acknowledged", UNACKED),
        ]
    return Figure(
        "Remote write",
        "1,000 samples a request on 10 connections: 10,000 series at 360 instants, 100,000 at 30. CPU is the "
        "server's, from the first request to the last reply; what it does later is not in it.",
        verdicts,
        [table(results, "ingest-10k"), table(results, "ingest-100k")],
    )


def json_ingest(results: Results) -> Figure:
    return Figure(
        "JSON",
        "1,000 samples a request on 10 connections, 10,000 series at 360 instants, as JSON to POST /metrics.",
        [
            Subject(results, "ingest-json", server).at_least("samples per CPU second", samples_per_cpu_s, 2e6)
            for server in (OURS_OS, OURS_ALWAYS)
        ],
        [table(results, "ingest-json")],
    )


def memory(results: Results) -> Figure:
    idle, series = Subject(results, "idle-memory", OURS_ALWAYS), Subject(results, "series-memory", OURS_ALWAYS)
    return Figure(
        "Memory",
        "Growth of the resident set, which has none of the kernel's memory for sockets in it: by 10,000 idle "
        "connections, and by 200,000 series of one sample each, that sample included. What a garbage collector has "
        "not yet given back counts.",
        [
            idle.at_most("idle connection, no request yet", SILENT_BYTES, 4096.0, "bytes"),
            idle.at_most("idle connection, one request served", SERVED_BYTES, 4096.0, "bytes"),
            series.at_most("series", SERIES_BYTES, 1024.0, "bytes"),
        ],
        [table(results, "idle-memory"), table(results, "series-memory")],
    )


def replay(results: Results) -> Figure:
    ours = Subject(results, "replay", OURS_ALWAYS)
    return Figure(
        "Replay",
        "A restart with 10 million samples of 10,000 series in the log: by the line with "
        "which the server says that its store is open.",
        [ours.at_least("samples per second", REPLAY_RATE, 5e6)],
        [table(results, "replay")],
    )


def open_loop(results: Results) -> Figure:
    return Figure(
        "Open loop",
        "4,000 new connections a second (Poisson), each with one small write, on an otherwise idle server: the "
        "latency to compare, since no server is at a limit. It has no target.",
        [],
        [table(results, "open-loop")],
    )


def better_nginx(results: Results, load: str) -> tuple[str, float | None]:
    """The nginx of the smaller CPU per unit, and that; None where one of them lacks."""
    found = [(cpu, name) for name in NGINXES if (cpu := median(results.runs(load, name), CPU_PER_UNIT)) is not None]
    if len(found) < len(NGINXES):
        return "nginx", None
    cpu_us, name = min(found)
    return name, cpu_us
