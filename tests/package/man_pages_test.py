"""There is a manual page for each command, man shows it without a warning, and it has each option of the command's --help.
man_pages_test.py PROGRAM MAN1_FOLDER"""

import os
import subprocess
import sys
import unittest
from pathlib import Path

from help_of import commands, options_of

PROGRAM, FOLDER = sys.argv.pop(1), Path(sys.argv.pop(1))


def show(page: Path) -> tuple[str, str]:
    """What it looks like, and what man has to say about it."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "1000"}
    man = subprocess.run(["man", "--warnings", "--local-file", page], check=True, capture_output=True, text=True,
                         env=environment, timeout=60)
    return man.stdout, man.stderr


class ManPages(unittest.TestCase):
    def test_there_is_one_for_each_command_with_each_of_its_options(self) -> None:
        pages = {"-".join(["metricstream", *words]): words for words in commands(PROGRAM)}
        self.assertEqual({path.name for path in FOLDER.iterdir()}, {f"{page}.1.gz" for page in pages})
        for page, words in pages.items():
            with self.subTest(page=page):
                text, warnings = show(FOLDER / f"{page}.1.gz")
                self.assertEqual(warnings, "")
                self.assertIn(f"{page} - ", text)
                self.assertIn(f"{page.upper()}(1)", text)
                self.assertEqual({name for name in options_of(PROGRAM, words) if name not in text}, set())


if __name__ == "__main__":
    unittest.main()
