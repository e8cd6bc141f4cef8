"""The page docs/benchmarks.md, written from what was measured. Pure functions, Results in and text out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import TypeVar

from figures import Figure, figures
from results import Campaign, Part, Results
from spread import MISSING
from tables import Table, in_order
from verdicts import Verdict

Key = TypeVar("Key")

HEAD = """\
# Benchmarks

`./dev bench compare` measures all of this and writes this page; `./dev bench compare --report-only` writes it again
from what was measured last, which lies in `build/bench-compare/`. The load is that of `metricstream bench`, against
each server in turn: run by run, so that whatever else the machine does meets all of them alike. Where servers of one
table were measured apart from each other, a line below it says so. Every run has a server started anew in an empty
directory.

A cell is the median of the runs, with the smallest and the largest in brackets where they differ. Compare CPU per unit
of work first: generator and servers share the cores, so a rate says as much of the generator as of the server. The
ratio is what was measured divided by the target: up to 1 where the target is at most (≤), from 1 where it is at least
(≥). A run that failed makes the targets of its server and load missed, whatever the others measured. System calls,
context switches and migrations are those of one more run, counted by `perf stat` per connection, per request
(keep-alive) or per 1,000 samples (ingest).

The peers are Debian 12's. Their versions are of 2022 and 2023, InfluxDB's is older: nothing is claimed about newer
ones.
"""

QUICK = """\
**This is a quick run**: each load once, and smaller than the texts below say. It shows that everything works, not how
well: what it says of the targets means nothing.
"""

NOT_MEASURED = """\
## What is not measured

More than one machine, or a network: all is loopback, and the generator takes its share of the same cores. TLS, slow
clients, queries, disk use, data larger than memory, and what a server does after the last reply. Nothing is pinned to a
core, no sysctl is changed, and the peers have their defaults but for what their commands and configurations say.
"""


def page(results: Results, notes: dict[int, str], is_quick: bool) -> str:
    """`notes` say, by a figure's number, what it would take where it is missed."""
    found = figures(results)
    sections = [
        HEAD,
        QUICK if is_quick else "",
        machines(results),
        summary(found),
        *(section(number, figure, results, notes.get(number, "")) for number, figure in enumerate(found, 1)),
        NOT_MEASURED,
        commands(results),
    ]
    return "\n".join(filter(None, sections))


def missed(results: Results) -> list[int]:
    """The numbers of the figures that miss a target."""
    found = enumerate(figures(results), 1)
    return [number for number, figure in found if any(verdict.state == "missed" for verdict in figure.verdicts)]


def read_notes(text: str) -> dict[int, str]:
    """The passages of a file that has a heading "## N" for each figure that it speaks of."""
    parts = re.split(r"^## (\d+)$", text, flags=re.MULTILINE)
    return {int(number): passage.strip() for number, passage in zip(parts[1::2], parts[2::2], strict=True)}


def machines(results: Results) -> str:
    """A column for each machine: usually one."""
    found = distinct_machines(results)
    days = sorted({part.campaign.began.partition(" ")[0] for part in results.parts})
    when = (
        f"Measured on {' to '.join(dict.fromkeys((days[0], days[-1])))}.\n" if days else "Nothing has been measured.\n"
    )
    names = unique(name for one in found for name in one)
    rows = [(name, *(one.get(name, MISSING) for one in found)) for name in names]
    head = ("", "") if len(found) == 1 else ("", *(f"machine {number}" for number in range(1, len(found) + 1)))
    return f"## The machine\n\n{when}\n{markdown(head, rows) if found else ''}"


def distinct_machines(results: Results) -> list[dict[str, str]]:
    """In the order of the campaigns."""
    found: list[dict[str, str]] = []
    for part in sorted(results.parts, key=lambda part: part.campaign.began):
        if part.campaign.machine not in found:
            found.append(part.campaign.machine)
    return found


def summary(found: list[Figure]) -> str:
    rows = [
        (str(number), verdict.what, *judgement(verdict))
        for number, figure in enumerate(found, 1)
        for verdict in figure.verdicts
    ]
    return "## The targets\n\n" + markdown(("figure", "what", "target", "measured", "ratio", ""), rows)


def judgement(verdict: Verdict) -> tuple[str, str, str, str]:
    state = verdict.state if verdict.state == "met" else f"**{verdict.state}**"
    return verdict.target, verdict.measured, MISSING if verdict.ratio is None else f"{verdict.ratio:.2f}", state


def section(number: int, figure: Figure, results: Results, note: str) -> str:
    parts = [f"## {number}. {figure.title}\n\n{textwrap.fill(figure.remark, 120)}\n"]
    if figure.verdicts:
        rows = [(verdict.what, *judgement(verdict)) for verdict in figure.verdicts]
        parts.append(markdown(("what", "target", "measured", "ratio", ""), rows))
    if note:
        parts.append(f"What it would take: {note}\n")
    parts += [measured(table, results) for table in figure.tables]
    return "\n".join(parts)


def measured(table: Table, results: Results) -> str:
    """A table, below the versions and the commands, and above the reasons for what it lacks."""
    parts = in_order([part for part in results.parts if part.load == table.load])
    if not parts:
        return f"`{table.load}`: not measured.\n"
    by_version = together((part.version, part.server) for part in parts)
    by_command = together((part.load_command, part.server) for part in parts)
    versions = "; ".join(f"{servers} {version}" for version, servers in by_version.items())
    commands = fenced(f"# {servers}\n{command}" for command, servers in by_command.items())
    text = f"`{table.load}`: {versions}.\n\n{commands}\n{markdown(table.head, table.rows)}"
    failures = "".join(f"- {part.server}: {reason}\n" for part in parts for reason in unique(part.failures))
    return "\n".join(filter(None, [text, apart(parts, results), failures and f"Runs without figures:\n\n{failures}"]))


def apart(parts: list[Part], results: Results) -> str:
    """A line that says which of `parts` were measured together, where not all were."""
    found = distinct_machines(results)
    campaigns = together((campaign_name(part.campaign, found), part.server) for part in parts)
    if len(campaigns) == 1:
        return ""
    listed = "; ".join(f"{servers} in that of {campaign}" for campaign, servers in sorted(campaigns.items()))
    return f"**Not interleaved**, because measured in different campaigns: {listed}.\n"


def campaign_name(campaign: Campaign, found: list[dict[str, str]]) -> str:
    return campaign.began + (f" on machine {found.index(campaign.machine) + 1}" if len(found) > 1 else "")


def together(pairs: Iterable[tuple[Key, str]]) -> dict[Key, str]:
    """The names of each key, in their order."""
    names: dict[Key, list[str]] = {}
    for key, name in pairs:
        names.setdefault(key, []).append(name)
    return {key: ", ".join(unique(found)) for key, found in names.items()}


def commands(results: Results) -> str:
    parts = in_order(results.parts)
    loads = together(((part.server, part.server_command), part.load) for part in parts)
    configurations = together((part.configuration, part.server) for part in parts if part.configuration)
    return "\n".join(
        [
            "## The servers' commands\n",
            "$PORT is a free port of loopback, $DIR an empty directory.\n",
            fenced(f"# {server}: {under}\n{command}" for (server, command), under in loads.items()),
            "The files $DIR/configuration:\n",
            fenced(f"# {servers}\n{configuration}" for configuration, servers in configurations.items()),
        ]
    )


def fenced(blocks: Iterable[str]) -> str:
    return "```sh\n" + "\n".join(block.strip() for block in blocks) + "\n```\n"


def markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n" for cells in lines)


def unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
