"""Several runs of one figure, as a median with its spread, and how numbers are written."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from results import Run

# A figure of one run; None where the run has none.
Reading = Callable[[Run], float | None]

MISSING = "-"


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float

    def __str__(self) -> str:
        median, low, high = map(number, (self.median, self.low, self.high))
        return median if low == high else f"{median} [{low}-{high}]"


def spread(runs: Iterable[Run], reading: Reading) -> Spread | None:
    values = [value for value in map(reading, runs) if value is not None]
    return Spread(statistics.median(values), min(values), max(values)) if values else None


def median(runs: Iterable[Run], reading: Reading) -> float | None:
    found = spread(runs, reading)
    return found.median if found else None


def at(path: str, scale: float = 1.0) -> Reading:
    """Reads what stands at `path`, its keys joined by dots, times `scale`."""

    def read(run: Run) -> float | None:
        value: object = run
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value * scale if isinstance(value, (int, float)) else None

    return read


def less(minuend: Reading, subtrahend: Reading) -> Reading:
    def read(run: Run) -> float | None:
        left, right = minuend(run), subtrahend(run)
        return None if left is None or right is None else left - right

    return read


def times(factor: float, base: float | None) -> float | None:
    return None if base is None else factor * base


def number(value: float) -> str:
    """About three significant digits: 0.42, 33.5, 18.2k, 1.34M."""
    for least, one, unit in ((999_500_000, 1e9, "G"), (999_500, 1e6, "M"), (9_995, 1e3, "k")):
        if abs(value) >= least:
            return digits(value / one) + unit
    return digits(value)


def digits(value: float) -> str:
    size = abs(value)
    if size >= 99.95 or size < 0.00005 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.{1 if size >= 9.995 else 2 if size >= 0.0995 else 4}f}"
