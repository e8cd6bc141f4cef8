#include "wire/json_plain_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "wire/check_batch_testing.h"
#include "wire/json_general_reader.h"
#include "wire/json_metric.h"

namespace ms::wire {
namespace {

constexpr model::ParseContext kContext{.arrival_ms = 1732363200500, .timestamp_ms_max = 1732536000500};

// Whether a body is plain. If it is, it says the same to the general reader.
bool is_plain(const std::string& body) {
  const std::string padded = body + std::string(kJsonPaddingBytes, ' ');
  const std::string_view view = std::string_view(padded).substr(0, body.size());
  const auto plain = read_plain_json_metrics(view, kContext);
  if (!plain) return false;
  const auto general = read_general_json_metrics(view, kContext);
  EXPECT_TRUE(general && are_equal(*plain, *general)) << body;
  return true;
}

TEST(JsonPlainReader, WhatSendersWriteIsPlain) {
  for (const char* body : {
           R"([])",
           R"({"metrics":[]})",
           R"({"name":"a","value":1})",
           R"([{"name":"a","value":1},{"value":-2.5,"name":"b"}])",
           R"({"metrics":[{"name":"a","value":1,"type":"gauge","timestamp":1732363200000,"tags":{"host":"a"}}]})",
           "\r\n{ \"metrics\" : [ { \"name\" : \"a\" ,\t\"value\" : 1 , \"labels\" : { } } ] } \n",
           R"([{"name":"a","value":"NaN"},{"name":"a","value":"+Inf"},{"name":"a","value":"-Inf"}])",
           R"([{"name":"a","value":1,"tags":{"x":"1"}},{"name":"b","value":1,"tags":{"x":"1"}}])",
           R"([{"name":"a","value":1,"tags":{"x":"1"}},{"name":"b","value":1,"tags":{"x":"1","y":"2"}}])",
       }) {
    EXPECT_TRUE(is_plain(body)) << body;
  }
}

TEST(JsonPlainReader, NumbersOfAllFormsArePlain) {
  for (const char* number : {"0", "-0", "0.0", "-0.25", "123456789012345", "0.30000000000000004", "1234567890123456789",
                             "27.86", "1e5", "1E+05", "2.5e-3", "1.7976931348623157e308", "5e-324", "99999999999999.9",
                             "9007199254740993", "0.000000000000001"}) {
    EXPECT_TRUE(is_plain(R"({"name":"a","value":)" + std::string(number) + "}")) << number;
  }
}

TEST(JsonPlainReader, WhatIsUnusualOrAtFaultIsLeftToTheGeneralReader) {
  for (const char* body : {
           "",
           " ",
           "[",
           "{",
           "{}",
           "[{}]",
           "1",
           R"({"name":"a","value":1}])",
           R"({"name":"a","value":1},)",
           R"([{"name":"a","value":1},])",
           R"([{"name":"a","value":1,}])",
           R"({"name":"a","value":1)",
           R"({"name":"a","value":1,"more":2})",
           R"({"metrics":[],"more":2})",
           R"({"name":"a"})",
           R"({"value":1})",
           R"({"name":"","value":1})",
           R"({"name":"a","name":"a","value":1})",
           R"({"name":"a","value":1,"tags":{},"labels":{}})",
           R"({"name":"a\u0062","value":1})",
           "{\"name\":\"a\tb\",\"value\":1}",
           "{\"name\":\"gr\xc3\xb6\xc3\x9f"
           "e\",\"value\":1}",
           R"({"name":"a","value":01})",
           R"({"name":"a","value":.5})",
           R"({"name":"a","value":5.})",
           R"({"name":"a","value":+5})",
           R"({"name":"a","value":-})",
           R"({"name":"a","value":1e})",
           R"({"name":"a","value":1e400})",
           R"({"name":"a","value":1 2})",
           R"({"name":"a","value":null})",
           R"({"name":"a","value":"1"})",
           R"({"name":"a","value":nan})",
           R"({"name":"a","value":1,"type":"rate"})",
           R"({"name":"a","value":1,"timestamp":1732363200})",
           R"({"name":"a","value":1,"timestamp":1732363200000.0})",
           R"({"name":"a","value":1,"timestamp":9732363200000})",
           R"({"name":"a","value":1,"timestamp":99999999999999999999})",
           R"({"name":"a","value":1,"tags":{"x":1}})",
           R"({"name":"a","value":1,"tags":{"x":"1",}})",
           R"({"name":"a","value":1,"tags":null})",
       }) {
    EXPECT_FALSE(is_plain(body)) << body;
  }
}

// A body that is plain, in every order and spacing.
std::string random_body(std::mt19937& random) {
  const auto space = [&random] { return std::string(random() % 8 == 0 ? random() % 3 : 0, ' '); };
  const auto text = [&random] {
    return "\"" + std::string(random() % 20, static_cast<char>('a' + random() % 26)) + "\"";
  };
  std::string body = "[";
  for (size_t metrics = random() % 6; metrics > 0; --metrics) {
    std::vector<std::string> fields = {
        R"("name":"m)" + text().substr(1),
        "\"value\":" + std::to_string(static_cast<int>(random())) + "." + std::to_string(random() % 1000)};
    if (random() % 2 == 0) fields.push_back("\"timestamp\":" + space() + std::to_string(random() % 1'000'000));
    if (random() % 2 == 0) fields.push_back(R"("type" :"counter")");
    if (random() % 2 == 0) {
      std::string tags;
      for (size_t count = random() % 3; count > 0; --count) tags += (tags.empty() ? "" : ",") + text() + ":" + text();
      fields.push_back("\"tags\":{" + space() + tags + "}");
    }
    std::ranges::shuffle(fields, random);
    std::string metric;
    for (const std::string& field : fields) metric += (metric.empty() ? "" : ",") + space() + field;
    body += (body.size() == 1 ? "{" : ",{") + metric + space() + "}";
  }
  return body + "]";
}

TEST(JsonPlainReader, RandomBodiesSayTheSameToBothReadersWholeAndDamaged) {
  const int seed = testing::UnitTest::GetInstance()->random_seed();
  std::mt19937 random(static_cast<uint32_t>(seed));
  for (int i = 0; i < 2000; ++i) {
    std::string body = random_body(random);
    ASSERT_TRUE(is_plain(body)) << body << ", seed " << seed;
    for (int damages = 0; damages < 10; ++damages) {
      constexpr std::string_view kBytes =
          "{}[]\",:\\ 0123456789-+.eE\xc3\x01"
          "ant";
      body[random() % body.size()] = kBytes[random() % kBytes.size()];
      is_plain(body);
    }
  }
}

}  // namespace
}  // namespace ms::wire
