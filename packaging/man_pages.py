#!/usr/bin/env python3
"""Writes the manual pages, one for the program and one for each command, from what its --help says, by help2man:
man_pages.py PROGRAM FOLDER makes FOLDER/metricstream.1.gz, FOLDER/metricstream-serve.1.gz and so on. What a page says beyond
that stands in man/PAGE.h2m."""

import subprocess
import sys
import tempfile
from pathlib import Path

from help_text import Command, read_command

SOURCES = Path(__file__).parent / "man"


def page_name(command: Command) -> str:
    return "-".join(["metricstream", *command.words])


def see_also(command: Command, pages: list[str]) -> str:
    others = [f".BR {page} (1)" for page in pages if page != page_name(command)]
    return "[SEE ALSO]\n" + ",\n".join(others) + "\n"


def write_page(program: str, command: Command, pages: list[str], folder: Path) -> None:
    page = page_name(command)
    summary = command.summary[0].lower() + command.summary[1:] if command.words else "a metrics server"
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[-1]
    with tempfile.NamedTemporaryFile("w", suffix=".h2m") as links:
        links.write(see_also(command, pages))
        links.flush()
        text = subprocess.run(
            ["help2man", "--no-info", "--section=1", f"--version-string={version}", f"--name={summary}",
             "--source=MetricStream " + version, f"--opt-include={SOURCES / page}.h2m", f"--include={links.name}",
             " ".join([program, *command.words])],
            check=True, capture_output=True, text=True).stdout
    # help2man titles the page by the program alone, and joins a command to it by a blank.
    text = text.replace(".TH METRICSTREAM ", f".TH {page.upper()} ", 1)
    text = text.replace("\n" + " ".join(["metricstream", *command.words]) + " \\- ", f"\n{page} \\- ", 1)
    (folder / f"{page}.1").write_text(text)
    subprocess.run(["gzip", "-9nf", folder / f"{page}.1"], check=True)


def main() -> None:
    program, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    commands = read_command(program).all()
    pages = [page_name(command) for command in commands]
    for command in commands:
        write_page(program, command, pages, folder)


if __name__ == "__main__":
    main()
