#include "http/request_target.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ms::http {
namespace {

TEST(RequestTargetTest, TakesApartTheFourForms) {
  struct Case {
    std::string_view method;
    std::string_view target;
    std::string_view path;
    std::string_view query;
  };
  for (const Case& c : {
           Case{"GET", "/", "/", ""},
           Case{"GET", "/api/v1/query?query=up", "/api/v1/query", "query=up"},
           Case{"GET", "/a%20b%2Fc%C3%A9?x=%20", "/a b/c\u00e9", "x=%20"},
           Case{"GET", "/a?", "/a", ""},
           Case{"GET", "/a?b?c=%zz", "/a", "b?c=%zz"},
           Case{"GET", "//double", "//double", ""},
           Case{"GET", "/a/../b", "/a/../b", ""},
           Case{"GET", "/q?query=cpu{host=\"a\"}", "/q", "query=cpu{host=\"a\"}"},
           Case{"GET", "http://host/a?b", "/a", "b"},
           Case{"GET", "HTTPS://host:8080/a", "/a", ""},
           Case{"GET", "http://[::1]:80?b", "/", "b"},
           Case{"GET", "http://host", "/", ""},
           Case{"OPTIONS", "http://host", "*", ""},
           Case{"OPTIONS", "*", "*", ""},
           Case{"OPTIONS", "/a", "/a", ""},
           Case{"CONNECT", "host:443", "", ""},
           Case{"CONNECT", "[2001:db8::1]:443", "", ""},
       }) {
    const auto parsed = parse_target(c.method, c.target);
    ASSERT_TRUE(parsed.has_value()) << c.method << ' ' << c.target;
    EXPECT_EQ(parsed->path, c.path) << c.target;
    EXPECT_EQ(parsed->query, c.query) << c.target;
  }
}

TEST(RequestTargetTest, RefusesWhatHasNoneOfTheForms) {
  struct Case {
    std::string_view method;
    std::string_view target;
  };
  for (const Case& c : {
           Case{"GET", ""},
           Case{"GET", "a"},
           Case{"GET", "?a"},
           Case{"GET", "*"},
           Case{"GET", "*/a"},
           Case{"OPTIONS", "**"},
           Case{"GET", "host:80"},
           Case{"GET", "ftp://host/a"},
           Case{"GET", "http:/a"},
           Case{"GET", "http://"},
           Case{"GET", "http:///a"},
           Case{"GET", "http://:80/a"},
           Case{"GET", "http://user@host/a"},
           Case{"GET", "http://host:port/a"},
           Case{"GET", "/a#b"},
           Case{"GET", "/%"},
           Case{"GET", "/%2"},
           Case{"GET", "/%2g"},
           Case{"GET", "/%-1"},
           Case{"GET", "/a%00b"},
           Case{"CONNECT", "/a"},
           Case{"CONNECT", "*"},
           Case{"CONNECT", "host"},
           Case{"CONNECT", "host:"},
           Case{"CONNECT", ":443"},
           Case{"CONNECT", "http://host/"},
           Case{"CONNECT", "1:2:3"},
       }) {
    EXPECT_FALSE(parse_target(c.method, c.target).has_value()) << c.method << ' ' << c.target;
  }
}

TEST(RequestTargetTest, KnowsAHostWhenItSeesOne) {
  for (const std::string_view host : {"", "localhost", "localhost:8080", "a.b-c_d", "127.0.0.1:1", "[::1]",
                                      "[::ffff:1.2.3.4]:65535", "host:", "%41"}) {
    EXPECT_TRUE(is_valid_host(host)) << host;
  }
  for (const std::string_view host :
       {"a b",  "user@host", "a/b", "a?b",  "a:b",    "a:1:2",   "a:65536", "a:99999999999999999999",
        "[::1", "::1",       "[]",  "[g]",  "[::1]x", "[::1]:x", "%4",      "%zz",
        "a\\b", "caf\u00e9", "<a>", "\"a\""}) {
    EXPECT_FALSE(is_valid_host(host)) << host;
  }
}

}  // namespace
}  // namespace ms::http
