#include "server/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ms::server {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

TEST(ConfigFileTest, TextsNumbersAndListsAreReadWithTheirPlaces) {
  const auto settings = parse_config_file(R"(# a comment
data-dir = "/srv/my data # not a comment"
listen = [
  "127.0.0.1:8080",  # one
  '[::1]:8080',
]
workers = 1_000
)",
                                          "m.toml");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_THAT(*settings, ElementsAre(FileSetting{"data-dir", {"/srv/my data # not a comment"}, false, "m.toml:2"},
                                     FileSetting{"listen", {"127.0.0.1:8080", "[::1]:8080"}, true, "m.toml:3"},
                                     FileSetting{"workers", {"1000"}, false, "m.toml:7"}));
}

TEST(ConfigFileTest, AnEmptyFileSetsNothing) {
  for (const char* text : {"", "\n", "# nothing\n"}) {
    const auto settings = parse_config_file(text, "m.toml");
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_TRUE(settings->empty());
  }
}

TEST(ConfigFileTest, WhatIsWrongIsNamedWithItsLine) {
  struct Case {
    const char* text;
    const char* told;
  };
  for (const Case& c : {
           Case{"\nworkers\n", "m.toml:2: "},
           Case{"queue-target = 50ms\n", "m.toml:1: "},
           Case{"listen = [\"a\"\n", "m.toml:"},
           Case{"workers = 1\nworkers = 2\n", "m.toml:2: "},
           Case{"data-dir = \"\xff\"\n", "m.toml:1: "},
           Case{"workers = true\n", "m.toml:1: workers is a boolean; write a text in quotes, or a whole number"},
           Case{"workers = 1.5\n", "m.toml:1: workers is a fraction; write"},
           Case{"max-future = 2026-01-01\n", "m.toml:1: max-future is a date or time; write"},
           Case{"listen = []\n", "m.toml:1: listen is an empty list"},
           Case{"listen = [\"a\", [\"b\"]]\n", "m.toml:1: listen: an element is a list; write"},
           Case{"\n[serve]\nworkers = 1\n", "m.toml:2: serve is a table; settings stand at the top level of the file"},
           Case{"serve.workers = 1\n", "m.toml:1: serve is a table; settings stand at the top level of the file"},
       }) {
    const auto settings = parse_config_file(c.text, "m.toml");
    ASSERT_FALSE(settings) << c.text;
    EXPECT_THAT(settings.error().message, StartsWith(c.told));
  }
}

TEST(ConfigFileTest, AFileThatCannotBeReadIsNamed) {
  struct Case {
    const char* path;
    const char* told;
  };
  for (const Case& c : {
           Case{"/no/such/file.toml", "/no/such/file.toml: cannot be read: No such file or directory"},
           Case{"/", "/: cannot be read: Is a directory"},
           Case{"/dev/zero", "/dev/zero: it is larger than 1048576 bytes"},
       }) {
    const auto settings = read_config_file(c.path);
    ASSERT_FALSE(settings) << c.path;
    EXPECT_EQ(settings.error().message, c.told);
  }
}

}  // namespace
}  // namespace ms::server
