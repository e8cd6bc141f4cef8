"""What `metricstream --help` says, as values: the manual pages and the completions are made from it, so that none of them can
lack a command or an option that the program has."""

import re
import subprocess
from dataclasses import dataclass, field

# Where an entry's text begins; below the entry where that is longer.
TEXT_COLUMN = 36


@dataclass
class Option:
    names: list[str]
    value: str  # what it takes (DIR, N:INT), empty for a flag
    help: str
    may_repeat: bool

    @property
    def choices(self) -> list[str]:
        """The words that it takes, where it takes nothing else."""
        found = re.search(r"One of: ([^.]+)\.$", self.help)
        return found[1].split(", ") if found else []


@dataclass
class Command:
    words: list[str]  # ["bench", "storm"]; empty for the program itself
    description: str
    options: list[Option] = field(default_factory=list)
    has_positional: bool = False
    subcommands: list["Command"] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """Its description's first sentence or its beginning."""
        return re.split(r"[.:;](?:\s|$)", self.description)[0]

    def all(self) -> list["Command"]:
        return [self] + [each for command in self.subcommands for each in command.all()]


def read_command(program: str, words: list[str] | None = None) -> Command:
    """The command and, below it, its subcommands."""
    words = words or []
    text = subprocess.run([program, *words, "--help"], check=True, capture_output=True, text=True).stdout
    description, rest = text.split("Usage: ", 1)
    command = Command(words, " ".join(description.split()), has_positional="\nPositionals:\n" in rest)
    command.options = [read_option(entry) for entry in read_entries(rest, "Options")]
    for entry in read_entries(rest, "Subcommands"):
        command.subcommands.append(read_command(program, [*words, entry.split()[0]]))
    assert command.options, f"no options in the help of {words}"
    return command


def read_entries(text: str, section: str) -> list[str]:
    """Each entry of the section: its line, and the lines of text below it that are indented further."""
    found = re.search(rf"^{section}:\n((?:  .*\n)*)", text, re.MULTILINE)
    return re.findall(r"^  \S.*\n(?:   .*\n)*", found[1], re.MULTILINE) if found else []


def read_option(entry: str) -> Option:
    """Of `--backlog N:INT in [1 - 9]=5 (Env:X)` or `--once`, with its text behind or below it."""
    names, rest = re.match(r"  (\S+)(.*)", entry, re.DOTALL).groups()
    value = re.match(r" ([A-Z][A-Z:]*)(?=[ =\n])", rest)
    first, _, below = rest.partition("\n")
    help_text = below if below.strip() else f"  {names}{first}"[TEXT_COLUMN:]
    return Option(names.split(","), value[1] if value else "", " ".join(help_text.split()),
                  may_repeat=bool(re.search(r" \.\.\.(?: |$)", first)))
