#include "base/json_string.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ms {
namespace {

using namespace std::string_view_literals;

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonStringTest, AppendsToWhatIsThere) {
  std::string out = "{";
  append_json_string(out, "a");
  EXPECT_EQ(out, "{\"a\"");
}

TEST(JsonStringTest, EscapesAsGoDoes) {
  struct Case {
    std::string_view text;
    std::string_view json;
  };
  // Each right side is what Go's json.Marshal gives for the left one.
  for (const Case& c : {
           Case{"", R"("")"},
           Case{"plain text 123 /'~\x7f", "\"plain text 123 /'~\x7f\""},
           Case{R"(a"b\c)", R"("a\"b\\c")"},
           Case{"\b\f\n\r\t", R"("\b\f\n\r\t")"},
           Case{"\0\x01\x1f"sv, R"("\u0000\u0001\u001f")"},
           Case{"<a & b>", R"("\u003ca \u0026 b\u003e")"},
           Case{"caf\u00e9 \u20ac \U0001F600", "\"caf\u00e9 \u20ac \U0001F600\""},
           Case{"x\u2028y\u2029z", R"("x\u2028y\u2029z")"},
           Case{"\u2027\u202a", "\"\u2027\u202a\""},
       }) {
    EXPECT_EQ(quoted(c.text), c.json);
  }
}

TEST(JsonStringTest, EachByteThatIsNotUtf8BecomesAReplacementCharacter) {
  struct Case {
    std::string_view text;
    std::string_view json;
  };
  for (const Case& c : {
           Case{"a\x80z", R"("a\ufffdz")"},                                           // a lone continuation
           Case{"\xff\xfe", R"("\ufffd\ufffd")"},                                     // bytes that never occur
           Case{"\xc0\xaf", R"("\ufffd\ufffd")"},                                     // overlong '/'
           Case{"\xe0\x80\x80", R"("\ufffd\ufffd\ufffd")"},                           // overlong, three bytes
           Case{"\xf0\x8f\xbf\xbf", R"("\ufffd\ufffd\ufffd\ufffd")"},                 // overlong, four bytes
           Case{"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},                           // a surrogate
           Case{"\xf4\x90\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")"},                 // above U+10FFFF
           Case{"\xf4\x8f\xbf\xbf\xee\x80\x80", "\"\xf4\x8f\xbf\xbf\xee\x80\x80\""},  // U+10FFFF, U+E000: valid
           Case{"\xe2\x82", R"("\ufffd\ufffd")"},                                     // cut short at the end
           Case{"\xe2\x82<", R"("\ufffd\ufffd\u003c")"},                              // cut short before more
       }) {
    EXPECT_EQ(quoted(c.text), c.json);
  }
}

}  // namespace
}  // namespace ms
