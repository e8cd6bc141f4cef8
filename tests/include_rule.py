#!/usr/bin/env python3
"""Checks that the house of src/ is built as its CMakeLists.txt files say.

    include_rule.py [ROOT]      ROOT: the repository; default: the one of this file

Each folder of src/ is a library, and the folders after MAY_INCLUDE of its ms_library(...) are the only others whose headers
its sources may include. Its tests, benchmarks and fuzz targets may also include the folders that their LIBRARIES name. Besides,
no two folders may include each other, however indirectly; every #include "..." names a file that exists; and every header
begins with #pragma once. Prints each offence as path:line: message, and exits 1 where there is one.
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
COMMAND = re.compile(r"\b(ms_library|ms_test|ms_fuzz|ms_benchmark)\s*\(([^)]*)\)")
COMMENT = re.compile(r"#[^\n]*")
KEYWORDS = {"MAY_INCLUDE", "SOURCES", "LIBRARIES", "TIMEOUT", "LABELS"}
NOT_IN_THE_LIBRARY = re.compile(r"_(test|fuzz|benchmark)\.cc$")


class Folder:
    """What the CMakeLists.txt of one folder of src/ allows."""

    def __init__(self, path):
        self.path = path
        self.name = path.name
        self.cmake = path / "CMakeLists.txt"
        self.library = False
        self.may_include = []
        self.tests_may_include = set()
        text = COMMENT.sub("", self.cmake.read_text()) if self.cmake.exists() else ""
        for command, arguments in COMMAND.findall(text):
            words = arguments.split()
            libraries = {word.removeprefix("ms_") for word in after("LIBRARIES", words) if word.startswith("ms_")}
            if command == "ms_library":
                self.library = True
                self.may_include = after("MAY_INCLUDE", words)
            else:
                self.tests_may_include |= libraries

    def allows(self, other, source):
        if other in (self.name, *self.may_include):
            return True
        return bool(NOT_IN_THE_LIBRARY.search(source.name)) and other in self.tests_may_include


def after(keyword, words):
    """The words between `keyword` and the next keyword."""
    if keyword not in words:
        return []
    found = []
    for word in words[words.index(keyword) + 1 :]:
        if word in KEYWORDS:
            break
        found.append(word)
    return found


def includes_of(source):
    """(line number, quote, path) of each #include."""
    for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1], match[2]


def sources_below(path):
    return sorted(file for file in path.rglob("*") if file.suffix in (".h", ".cc"))


def check_source(source, src, top, folder):
    """Offences of one file as (line, message).

    `top` is what it may include from besides `src`; `folder` is None outside of src/, where any room may be visited.
    """
    for line, quote, path in includes_of(source):
        in_src = (src / path).is_file()
        if quote == '"' and not in_src and not (top / path).is_file():
            yield line, f'"{path}" does not exist'
        other = path.split("/")[0]
        if in_src and folder and not folder.allows(other, source):
            yield line, f"{folder.name} may not include {other} ({path})"
    if source.suffix == ".h" and not re.search(r"^#pragma once$", source.read_text(encoding="utf-8"), re.MULTILINE):
        yield 1, "a header without #pragma once"


def find_cycle(folders):
    """The names of folders that may include each other in a ring, or None."""
    done = set()

    def visit(name, way):
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done or name not in folders:
            return None
        for other in folders[name].may_include:
            if cycle := visit(other, [*way, name]):
                return cycle
        done.add(name)
        return None

    return next((cycle for name in folders if (cycle := visit(name, []))), None)


def check(root):
    """Every offence below `root`, as "path:line: message"."""
    src = root / "src"
    offences = []

    def report(path, line, message):
        offences.append(f"{path.relative_to(root)}:{line}: {message}")

    folders = {path.name: Folder(path) for path in sorted(src.iterdir()) if path.is_dir()}
    for folder in folders.values():
        sources = sources_below(folder.path)
        if sources and not folder.library:
            report(folder.cmake, 1, f"no ms_library({folder.name} ...)")
        for other in folder.may_include:
            if other not in folders:
                report(folder.cmake, 1, f"MAY_INCLUDE names {other}, which is no folder of src")
        for source in sources:
            for line, message in check_source(source, src, src, folder):
                report(source, line, message)
    for top in (root / "tests", root / "bench"):
        for source in sources_below(top):
            for line, message in check_source(source, src, top, None):
                report(source, line, message)
    if cycle := find_cycle(folders):
        report(src / "CMakeLists.txt", 1, "folders in a ring: " + " -> ".join(cycle))
    return offences


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    offences = check(root)
    print("\n".join(offences) or "the include rule holds")
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
