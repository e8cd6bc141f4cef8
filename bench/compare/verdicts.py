"""Targets, and whether what was measured meets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from results import Results
from spread import MISSING, Reading, at, median, number, spread
from tables import OVERFLOWS

State = Literal["met", "missed", "not measured"]


@dataclass(frozen=True)
class Verdict:
    what: str
    target: str
    measured: str
    # What was measured divided by the target; None where the target is 0 or something was not measured.
    ratio: float | None
    state: State


class Subject:
    """One server under one load, to be judged."""

    def __init__(self, results: Results, load: str, server: str) -> None:
        self._server = server
        self._runs = results.runs(load, server)
        self._failures = len(results.failures(load, server))

    def at_most(self, what: str, reading: Reading, limit: float | None, unit: str = "") -> Verdict:
        """Of the median."""
        measured = median(self._runs, reading)
        return self._judge(what, "≤", measured, limit, unit, lambda value, most: value <= most)

    def below(self, what: str, reading: Reading, limit: float, unit: str = "") -> Verdict:
        """Of the median."""
        measured = median(self._runs, reading)
        return self._judge(what, "<", measured, limit, unit, lambda value, bound: value < bound)

    def at_least(self, what: str, reading: Reading, limit: float | None, unit: str = "") -> Verdict:
        """Of the median."""
        measured = median(self._runs, reading)
        return self._judge(what, "≥", measured, limit, unit, lambda value, least: value >= least)

    def never_any(self, what: str, reading: Reading) -> Verdict:
        """Of the run that has the most."""
        return self._judge(what, "≤", self._most(reading), 0.0, "", lambda value, most: value <= most)

    def slowest_below(self, what: str, limit_ms: float) -> Verdict:
        """Of the slowest connection of all runs."""
        measured = self._most(at("latency_us.max", 1e-3))
        return self._judge(what, "<", measured, limit_ms, "ms", lambda value, bound: value < bound)

    def seldom_overflows(self, what: str) -> Verdict:
        """At most one run in ten may overflow the listen queue: none of fewer than ten."""
        counts = [count for run in self._runs if (count := OVERFLOWS(run)) is not None]
        measured = float(sum(count > 0 for count in counts)) if counts else None
        limit = float(len(counts) // 10) if counts else None
        return self._judge(what, "≤", measured, limit, "", lambda value, most: value <= most)

    def _most(self, reading: Reading) -> float | None:
        found = spread(self._runs, reading)
        return found.high if found else None

    def _judge(
        self,
        what: str,
        sign: str,
        measured: float | None,
        limit: float | None,
        unit: str,
        meets: Callable[[float, float], bool],
    ) -> Verdict:
        """A target is met by all runs or not at all: what a run that failed would have measured is not known."""
        state: State = "not measured"
        ratio = None
        if measured is not None and limit is not None:
            state = "met" if meets(measured, limit) and not self._failures else "missed"
            ratio = measured / limit if limit else None
        target = f"{sign} {with_unit(limit, unit)}"
        return Verdict(f"{self._server}: {what}", target, with_unit(measured, unit) + self._failed(), ratio, state)

    def _failed(self) -> str:
        """Beside the figure of the other runs, where there are any."""
        runs = len(self._runs) + self._failures
        return f", {self._failures} of {runs} runs failed" if self._runs and self._failures else ""


def with_unit(value: float | None, unit: str) -> str:
    return MISSING if value is None else f"{number(value)} {unit}".rstrip()
