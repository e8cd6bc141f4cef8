// What a client writes into names, values and headers is told back only as JSON tells it: no control character of a
// client's is in any answer or line of the log, and no body is too deep or too wide to be refused.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "support/http_client.h"
#include "support/json_error.h"
#include "support/remote_protocol.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr int64_t kTimestampMs = 1732363200000;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

// What a browser could take for markup.
bool is_markup(char c) { return c == '<' || c == '>'; }

// As JSON writes it: every character as \u00XX.
std::string json_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    char unit[7];
    std::snprintf(unit, sizeof unit, "\\u%04x", static_cast<unsigned char>(c));
    escaped += unit;
  }
  return escaped;
}

class HostileNames : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.start()); }

  HttpReply ask(const std::string& request) {
    const ClientResult<HttpReply> reply = fetch(server_.endpoint(), request);
    if (reply) return *reply;
    ADD_FAILURE() << reply.error().message;
    return {};
  }

  // JSON without a raw control character, and no header that the server would not send by itself.
  static void expect_clean(const HttpReply& reply) {
    static const std::vector<std::string> kKnown = {
        "Date",  "Content-Type", "Content-Length",  "Connection",
        "Allow", "Retry-After",  "Accept-Encoding", "X-Content-Type-Options"};
    for (const auto& [name, value] : reply.headers) {
      EXPECT_NE(std::ranges::find(kKnown, name), kKnown.end()) << name << ": " << value;
      EXPECT_TRUE(std::ranges::none_of(value, is_control)) << name;
    }
    EXPECT_TRUE(std::ranges::none_of(reply.body, is_control)) << reply.body;
    EXPECT_TRUE(std::ranges::none_of(reply.body, is_markup)) << reply.body;
    EXPECT_TRUE(reply.body.empty() || reply.header("Content-Type").starts_with("application/json"));
  }

  // Every line begins as our lines do, and has no control character in it.
  void expect_clean_log() {
    std::istringstream lines(server_.log());
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(line.starts_with("time=")) << line;
      EXPECT_TRUE(std::ranges::none_of(line, is_control)) << line;
    }
  }

  ServerProcess server_{{.flags = {"--log-level", "debug"}}};
};

const std::vector<std::string> kHostileTexts = {
    std::string("nul\0here", 8),
    "line\rfeed",
    "line\nfeed",
    "a\r\nX-Injected: 1\r\n\r\nHTTP/1.1 200 OK",
    "\x1b[2Jterminal",
    "<script>alert(1)</script>",
    R"(quote"and\backslash)",
    "{{braces}}",
    "del\x7f",
    "\xe2\x80\xa8line separator",
};

// A text may be a name, or be refused for it: it is told back as JSON tells it either way.
TEST_F(HostileNames, AreTakenOrRefusedByJsonAndNeverToldBackRaw) {
  for (const std::string& text : kHostileTexts) {
    const std::string escaped = json_escaped(text);
    const std::string future = R"(,"value":1,"timestamp":4102444800000)";  // refused, and so told back
    for (const std::string& metric : {
             R"({"name":")" + escaped + R"(","value":1})",
             R"({"name":"a","value":1,"tags":{")" + escaped + R"(":"1"}})",
             R"({"name":"a","value":1,"tags":{"key":")" + escaped + R"("}})",
             R"({"name":")" + escaped + '"' + future + '}',
             R"({"name":"a")" + future + R"(,"tags":{")" + escaped + R"(":"1"}})",
             R"({"name":")" + escaped + R"(","value":1,"type":")" + escaped + R"("})",
             R"({"name":"a","value":")" + escaped + R"("})",
             R"({"name":"a","value":1,"tags":{")" + escaped + R"(":1}})",
             R"({"name":"a","value":1,"tags":{")" + escaped + R"(":"1",")" + escaped + R"(":"2"}})",
         }) {
      SCOPED_TRACE(metric);
      const HttpReply reply = ask(json_write_text(metric));
      EXPECT_TRUE(reply.status == 200 || reply.status == 400) << reply.status;
      expect_clean(reply);
    }
  }
  expect_clean_log();
}

TEST_F(HostileNames, AreTakenOrRefusedByRemoteWriteAndNeverToldBackRaw) {
  constexpr int64_t kFutureMs = 4102444800000;
  for (const std::string& text : kHostileTexts) {
    for (const LabelPairs& labels :
         {LabelPairs{{"__name__", text}}, LabelPairs{{"__name__", "a"}, {text, "1"}},
          LabelPairs{{"__name__", "a"}, {"key", text}}, LabelPairs{{"__name__", text}, {text, "1"}, {text, "2"}}}) {
      for (const int64_t timestamp_ms : {kTimestampMs, kFutureMs}) {
        SCOPED_TRACE(label_text(labels));
        const HttpReply reply = ask(remote_write_text(encode_remote_write({{labels, {{timestamp_ms, 1}}}})));
        EXPECT_TRUE(reply.status == 204 || reply.status == 400) << reply.status;
        expect_clean(reply);
      }
    }
  }
  // What was taken is told back by queries, and by nothing else.
  const HttpReply stored =
      ask(request_text("GET", "/api/v1/query?time=1732363200&query=" + percent_encode(R"({__name__=~".+"})")));
  EXPECT_EQ(stored.status, 200) << stored.body;
  expect_clean(stored);
  const HttpReply page = ask(request_text("GET", "/metrics"));
  EXPECT_EQ(page.body.find("X-Injected"), std::string::npos);
  EXPECT_TRUE(std::ranges::none_of(page.body, [](char c) { return is_control(c) && c != '\n'; }));
  expect_clean_log();
}

TEST_F(HostileNames, InTargetsAndHeadersPutNoHeaderIntoTheAnswer) {
  for (const std::string& text : kHostileTexts) {
    const std::string encoded = percent_encode(text);
    for (const std::string& request : {
             request_text("GET", "/" + encoded),
             request_text("GET", "/api/v1/query?query=" + encoded),
             request_text("GET", "/api/v1/query?query=up&time=" + encoded),
             request_text("GET", "/api/v1/query_range?query=up&start=1&end=2&step=" + encoded),
             json_write_text("{}", {{"Content-Type", text}}),
             json_write_text("{}", {{"Content-Encoding", text}}),
             json_write_text("{}", {{"Expect", text}}),
             json_write_text("{}", {{text, "1"}}),
             request_text(text, "/health"),
         }) {
      SCOPED_TRACE(request);
      const HttpReply reply = ask(request);
      EXPECT_GE(reply.status, 200);
      EXPECT_LT(reply.status, 600);
      expect_clean(reply);
    }
  }
  expect_clean_log();
}

TEST_F(HostileNames, AMillionBracketsAreRefused) {
  constexpr size_t kDepth = 1'000'000;
  for (const std::string& body : {std::string(kDepth, '['), std::string(kDepth, '[') + std::string(kDepth, ']'),
                                  R"({"metrics":)" + std::string(kDepth, '['),
                                  R"({"name":"deep","value":1,"ignored":)" + std::string(kDepth, '['),
                                  R"({"name":"deep","value":1,"tags":)" + std::string(kDepth, '[')}) {
    SCOPED_TRACE(body.substr(0, 60));
    const HttpReply reply = ask(json_write_text(body));
    EXPECT_EQ(reply.status, 400) << reply.body.substr(0, 200);
    expect_clean(reply);
  }
  // Whole, and in a field that nobody reads.
  const HttpReply ignored = ask(json_write_text(R"({"name":"deep","value":1,"ignored":)" + std::string(kDepth, '[') +
                                                std::string(kDepth, ']') + "}"));
  EXPECT_EQ(ignored.body, R"({"accepted":1})");
  std::string objects;
  for (size_t i = 0; i < kDepth; ++i) objects += R"({"a":)";
  EXPECT_EQ(ask(json_write_text(objects)).status, 400);
}

TEST_F(HostileNames, TenThousandLabelsOfASeriesAreRefusedAndItsNeighboursKept) {
  constexpr int kLabels = 10'000;
  std::string tags;
  WrittenSeries wide{.labels = {{"__name__", "wide"}}, .samples = {{kTimestampMs, 1}}};
  for (int i = 0; i < kLabels; ++i) {
    const std::string name = "label_" + std::to_string(i);
    tags += (i == 0 ? "\"" : ",\"") + name + R"(":"1")";
    wide.labels.emplace_back(name, "1");
  }
  const HttpReply by_json =
      ask(json_write_text(R"([{"name":"wide","value":1,"tags":{)" + tags + R"(}},{"name":"beside","value":1}])"));
  EXPECT_EQ(by_json.status, 400);
  EXPECT_TRUE(by_json.body.starts_with(R"({"accepted":1,"rejected":1,)")) << by_json.body.substr(0, 300);
  EXPECT_LT(by_json.body.size(), 1000u);

  const WrittenSeries beside{.labels = {{"__name__", "beside"}}, .samples = {{kTimestampMs, 1}}};
  const HttpReply by_remote_write = ask(remote_write_text(encode_remote_write({wide, beside})));
  EXPECT_EQ(by_remote_write.status, 400);
  EXPECT_NE(by_remote_write.body.find("all other samples are stored (1)"), std::string::npos) << by_remote_write.body;
  EXPECT_TRUE(is_json_error(by_remote_write));
  EXPECT_LT(by_remote_write.body.size(), 1000u);
}

}  // namespace
}  // namespace ms::test
