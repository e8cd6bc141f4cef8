"""./dev bench compare: the same load against metricstream and its peers, run by run, and docs/benchmarks.md from it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import campaign
import machine
import report
from interruption import interrupt_at_signals
from loads import all_loads
from results import load_results
from servers import SERVERS

PAGE = Path("docs/benchmarks.md")
RESULTS = Path("build/bench-compare")
QUICK_RESULTS = Path("build/bench-compare-quick")
QUICK_PAGE = QUICK_RESULTS / PAGE.name
NOTES = Path(__file__).parent / "missed.md"


def main() -> int:
    arguments = parse_arguments()
    directory = QUICK_RESULTS if arguments.quick else RESULTS
    if not arguments.report_only:
        interrupt_at_signals()
        machine.set_descriptor_limit()
        measure_all(arguments, directory)
    return write_page(directory, arguments.quick)


def parse_arguments() -> argparse.Namespace:
    groups = list(dict.fromkeys(load.group for load in all_loads(is_quick=False)))
    names = [server.name for server in SERVERS]
    parser = argparse.ArgumentParser(prog="./dev bench compare", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=10, metavar="N", help="of each load and server (default: %(default)s)"
    )
    parser.add_argument("--only", type=words(groups), default=groups, metavar="LOADS", help=f"of {','.join(groups)}")
    parser.add_argument("--servers", type=words(names), default=names, metavar="SERVERS", help=f"of {','.join(names)}")
    parser.add_argument(
        "--quick", action="store_true", help=f"one short run of each; results and page in {QUICK_RESULTS}"
    )
    parser.add_argument("--report-only", action="store_true", help="write the page from what was measured last")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs: at least 1")
    return arguments


def words(allowed: list[str]) -> Callable[[str], list[str]]:
    """The type of a flag that takes some of `allowed`, joined by commas."""

    def parse(text: str) -> list[str]:
        if unknown := set(text.split(",")) - set(allowed):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: choose of {', '.join(allowed)}")
        return text.split(",")

    return parse


def measure_all(arguments: argparse.Namespace, directory: Path) -> None:
    this_one = campaign.begin()
    for load in all_loads(arguments.quick):
        servers = [server for server in load.servers if server.name in arguments.servers]
        if load.group in arguments.only and servers:
            campaign.measure(this_one, load, servers, 1 if arguments.quick else arguments.runs, directory)


def write_page(directory: Path, is_quick: bool) -> int:
    results = load_results(directory)
    if not results.parts:
        print(f"nothing has been measured: {directory} is empty", file=sys.stderr)
        return 1
    notes = report.read_notes(NOTES.read_text(encoding="utf-8"))
    path = QUICK_PAGE if is_quick else PAGE
    path.write_text(report.page(results, notes, is_quick), encoding="utf-8")
    print(f"wrote {path}")
    if silent := [str(figure) for figure in report.missed(results) if figure not in notes]:
        print(f"missed, and {NOTES.name} does not say what it would take: figures {', '.join(silent)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted: the page is as it was; --report-only writes it from the rounds that were completed")
