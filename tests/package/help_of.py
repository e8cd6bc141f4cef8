"""The commands and options of the program, as its --help shows them: read for the tests by other means than those that write the
manual pages and completions."""

import re
import subprocess


def help_of(program: str, words: list[str]) -> str:
    return subprocess.run([program, *words, "--help"], check=True, capture_output=True, text=True).stdout


def options_of(program: str, words: list[str]) -> set[str]:
    found = re.findall(r"^  (-\S+)", help_of(program, words), re.MULTILINE)
    return {name for names in found for name in names.split(",")}


def subcommands_of(program: str, words: list[str]) -> set[str]:
    _, _, section = help_of(program, words).partition("\nSubcommands:\n")
    return set(re.findall(r"^  (\w\S*)", section.split("\n\n")[0], re.MULTILINE))


def commands(program: str, words: tuple[str, ...] = ()) -> list[list[str]]:
    """Each command as its words; the first, without any, is the program itself."""
    below = [each for name in sorted(subcommands_of(program, [*words])) for each in commands(program, (*words, name))]
    return [[*words], *below]
