#!/usr/bin/env python3
"""The include rule finds each kind of offence, and nothing in a house that is in order."""

import tempfile
import unittest
from pathlib import Path

import include_rule

# A house of two floors, in order; each case below changes some of its files.
HOUSE = {
    "src/base/CMakeLists.txt": "ms_library(base SOURCES error.cc)",
    "src/base/error.h": "#pragma once\n#include <string>\n",
    "src/base/error.cc": '#include "base/error.h"\n',
    "src/net/CMakeLists.txt": "ms_library(net # the door\n  MAY_INCLUDE base\n  SOURCES door.cc LIBRARIES fmt)",
    "src/net/door.h": "// A door.\n#pragma once\n",
    "src/net/door.cc": '#include "net/door.h"\n\n#include "base/error.h"\n#include <net/if.h>\n',
    "src/CMakeLists.txt": "",
    "tests/crash_test.cc": '#include "net/door.h"\n#include "support/socket.h"\n',
    "tests/support/socket.h": "#pragma once\n",
}

CASES = {
    "a house in order": ({}, []),
    "a folder that is not allowed": (
        {"src/base/error.cc": '#include "base/error.h"\n\n#include "net/door.h"\n'},
        ["src/base/error.cc:3: base may not include net (net/door.h)"],
    ),
    "a folder that is not allowed, in angle brackets": (
        {"src/base/error.h": "#pragma once\n#include <net/door.h>\n"},
        ["src/base/error.h:2: base may not include net (net/door.h)"],
    ),
    "a test beyond its libraries": (
        {"src/base/error_test.cc": '#include "net/door.h"\n'},
        ["src/base/error_test.cc:1: base may not include net (net/door.h)"],
    ),
    "a test within its libraries": (
        {
            "src/base/CMakeLists.txt": "ms_library(base SOURCES error.cc)\nms_test(base LIBRARIES ms_base ms_net)",
            "src/base/error_test.cc": '#include "net/door.h"\n',
        },
        [],
    ),
    "a file that does not exist": (
        {"tests/crash_test.cc": '#include "net/window.h"\n'},
        ['tests/crash_test.cc:1: "net/window.h" does not exist'],
    ),
    "a header without a guard": (
        {"src/net/door.h": "// A door.\n"},
        ["src/net/door.h:1: a header without #pragma once"],
    ),
    "a folder without a library": (
        {"src/net/CMakeLists.txt": ""},
        [
            "src/net/CMakeLists.txt:1: no ms_library(net ...)",
            "src/net/door.cc:3: net may not include base (base/error.h)",
        ],
    ),
    "a floor that does not exist": (
        {"src/base/CMakeLists.txt": "ms_library(base MAY_INCLUDE cellar SOURCES error.cc)"},
        ["src/base/CMakeLists.txt:1: MAY_INCLUDE names cellar, which is no folder of src"],
    ),
    "two folders that include each other": (
        {"src/base/CMakeLists.txt": "ms_library(base MAY_INCLUDE net SOURCES error.cc)"},
        ["src/CMakeLists.txt:1: folders in a ring: base -> net -> base"],
    ),
}


class IncludeRule(unittest.TestCase):
    def test_offences(self):
        for name, (changes, offences) in CASES.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as directory:
                root = Path(directory)
                for path, text in (HOUSE | changes).items():
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).write_text(text)
                self.assertEqual(include_rule.check(root), offences)


if __name__ == "__main__":
    unittest.main()
