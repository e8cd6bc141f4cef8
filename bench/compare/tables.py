"""What the page shows of each load: a row for each server, CPU per unit of work first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perf import EVENTS
from results import Part, Results, Run
from spread import MISSING, Reading, at, less, number, spread

# The servers, from top to bottom.
ORDER = ("nginx1", "nginx2", "victoria-metrics", "prometheus", "influxdb", "metricstream-os", "metricstream-always")


@dataclass(frozen=True)
class Column:
    title: str
    read: Reading


def samples_per_cpu_s(run: Run) -> float | None:
    cpu_s = at("server_cpu_s_per_million")(run)
    return 1e6 / cpu_s if cpu_s else None


UNSERVED = less(at("offered"), at("served"))
UNACKED = less(at("samples_sent"), at("samples_acked"))
DOOR_UNSERVED = less(at("storm.offered"), at("storm.served"))
DOOR_UNACKED = less(at("ingest.samples_sent"), at("ingest.samples_acked"))
CPU_PER_UNIT = at("server_cpu_us_per_unit")
OVERFLOWS = at("listen_queue.overflows")
ACCEPT_CPU = at("accept_loop_cpu_us")
DOOR_QUEUE_MEAN = at("storm.listen_queue.mean")
DOOR_P50_MS = at("storm.latency_us.p50", 1e-3)
DOOR_P99_BEYOND_LAG_MS = at("storm.beyond_lag_us.p99", 1e-3)
SILENT_BYTES = at("silent_bytes_per_connection")
SERVED_BYTES = at("served_bytes_per_connection")
SERIES_BYTES = at("bytes_per_series")
REPLAY_RATE = at("samples_per_s")

CONNECTION_COLUMNS = (
    Column("CPU us/connection", CPU_PER_UNIT),
    Column("connections/s", at("per_s")),
    Column("p50 ms", at("latency_us.p50", 1e-3)),
    Column("p99 ms", at("latency_us.p99", 1e-3)),
    Column("max ms", at("latency_us.max", 1e-3)),
    Column("not 2xx", UNSERVED),
    Column("listen queue mean", at("listen_queue.mean")),
    Column("listen queue max", at("listen_queue.max")),
    Column("overflows", OVERFLOWS),
    Column("generator CPU us", at("generator_cpu_us_per_unit")),
)
STORM_COLUMNS = (*CONNECTION_COLUMNS, Column("accept loop CPU us/accept", ACCEPT_CPU))
OPEN_LOOP_COLUMNS = (
    Column("CPU us/connection", CPU_PER_UNIT),
    Column("p50 us", at("latency_us.p50")),
    Column("p90 us", at("latency_us.p90")),
    Column("p99 us", at("latency_us.p99")),
    Column("p99.9 us", at("latency_us.p999")),
    Column("max us", at("latency_us.max")),
    Column("generator lag p99 us", at("lag_us.p99")),
    Column("not 2xx", UNSERVED),
    Column("listen queue mean", at("listen_queue.mean")),
    Column("listen queue max", at("listen_queue.max")),
)
KEEP_ALIVE_COLUMNS = (
    Column("CPU us/request", CPU_PER_UNIT),
    Column("requests/s", at("per_s")),
    Column("p50 us", at("latency_us.p50")),
    Column("p99 us", at("latency_us.p99")),
    Column("not 2xx", UNSERVED),
    Column("generator CPU us", at("generator_cpu_us_per_unit")),
)
MIXED_COLUMNS = (
    Column("CPU s/million samples, connections included", at("ingest.server_cpu_s_per_million")),
    Column("p50 ms", DOOR_P50_MS),
    Column("p99 ms", at("storm.latency_us.p99", 1e-3)),
    Column("p99 ms beyond the generator's lag", DOOR_P99_BEYOND_LAG_MS),
    Column("max ms", at("storm.latency_us.max", 1e-3)),
    Column("generator lag p99 ms", at("storm.lag_us.p99", 1e-3)),
    Column("listen queue mean", DOOR_QUEUE_MEAN),
    Column("listen queue max", at("storm.listen_queue.max")),
    Column("not 2xx", DOOR_UNSERVED),
    Column("ingest beside it, samples/s", at("ingest.samples_per_s")),
    Column("ingest not acknowledged", DOOR_UNACKED),
)
INGEST_COLUMNS = (
    Column("CPU s/million samples", at("server_cpu_s_per_million")),
    Column("samples per CPU second", samples_per_cpu_s),
    Column("samples/s", at("samples_per_s")),
    Column("request p50 ms", at("request_us.p50", 1e-3)),
    Column("p99 ms", at("request_us.p99", 1e-3)),
    Column("not acknowledged", UNACKED),
    Column("most resident MB", at("server_rss_bytes_max", 1e-6)),
    Column("generator CPU s/million", at("generator_cpu_s_per_million")),
)
IDLE_COLUMNS = (
    Column("bytes per connection, no request yet", SILENT_BYTES),
    Column("bytes per connection, one request served", SERVED_BYTES),
)
SERIES_COLUMNS = (Column("bytes per series", SERIES_BYTES), Column("series", at("series")))
REPLAY_COLUMNS = (
    Column("samples/s", REPLAY_RATE),
    Column("samples", at("samples")),
    Column("replay ms", at("replay_ms")),
)

# By load; each begins with what the progress of a run shows.
COLUMNS: dict[str, tuple[Column, ...]] = {
    "storm": STORM_COLUMNS,
    "burst-1-thread": CONNECTION_COLUMNS,
    "burst-2-threads": CONNECTION_COLUMNS,
    "open-loop": OPEN_LOOP_COLUMNS,
    "mixed": MIXED_COLUMNS,
    "keep-alive": KEEP_ALIVE_COLUMNS,
    "ingest-10k": INGEST_COLUMNS,
    "ingest-100k": INGEST_COLUMNS,
    "ingest-json": INGEST_COLUMNS,
    "idle-memory": IDLE_COLUMNS,
    "series-memory": SERIES_COLUMNS,
    "replay": REPLAY_COLUMNS,
}


@dataclass(frozen=True)
class Table:
    load: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


def table(results: Results, load: str) -> Table:
    """What perf counted in one more run stands beside the first column, where it counted anything."""
    first, *others = COLUMNS[load]
    parts = in_order([part for part in results.parts if part.load == load])
    events = EVENTS if any(part.events_per_unit for part in parts) else ()
    return Table(
        load=load,
        head=("server", first.title, *events, *(column.title for column in others), "runs"),
        rows=[
            (
                part.server,
                cell(part, first),
                *(event_cell(part, event) for event in events),
                *(cell(part, column) for column in others),
                f"{len(part.runs)}, {len(part.failures)} failed" if part.failures else f"{len(part.runs)}",
            )
            for part in parts
        ],
    )


def cell(part: Part, column: Column) -> str:
    return str(spread(part.runs, column.read) or MISSING)


def event_cell(part: Part, event: str) -> str:
    per_unit = part.events_per_unit or {}
    return number(per_unit[event]) if event in per_unit else MISSING


def in_order(parts: Sequence[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: ORDER.index(part.server))
