#include "api/front_door_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"

namespace ms::api {
namespace {

using testing::HasSubstr;

constexpr uint64_t kConnectionsMax = 5000;
constexpr FrontDoorSettings kCurrent{.queue_target_ns = 50 * kNanosPerMilli,
                                     .queue_deadline_ns = 1000 * kNanosPerMilli,
                                     .connection_queue = 300,
                                     .max_connections = 4000};

Result<FrontDoorSettings> change(std::string_view body) { return change_settings(kCurrent, body, kConnectionsMax); }

TEST(FrontDoorSettings, WhatIsNotNamedStays) {
  const auto same = change("{}");
  ASSERT_TRUE(same.has_value());
  EXPECT_EQ(*same, kCurrent);
  const auto one = change(R"({"connection_queue":7})");
  ASSERT_TRUE(one.has_value());
  FrontDoorSettings expected = kCurrent;
  expected.connection_queue = 7;
  EXPECT_EQ(*one, expected);
}

TEST(FrontDoorSettings, AllFourMayBeChangedAtOnce) {
  const auto changed = change(
      R"({"queue_target_ms":2.5,"queue_deadline_ms":3600000,"connection_queue":1048576,"max_connections":5000})");
  ASSERT_TRUE(changed.has_value()) << changed.error().message;
  EXPECT_EQ(*changed, (FrontDoorSettings{.queue_target_ns = 2'500'000,
                                         .queue_deadline_ns = 3'600'000 * kNanosPerMilli,
                                         .connection_queue = 1'048'576,
                                         .max_connections = 5000}));
}

TEST(FrontDoorSettings, WhatMakesNoSenseIsRefusedByItsName) {
  struct Case {
    const char* body;
    const char* said;
  };
  for (const Case& c : {
           Case{"", "a JSON object is expected"},
           Case{"{", "a JSON object is expected"},
           Case{"[1]", "a JSON object is expected"},
           Case{R"({"queue_target_ms":0})", "queue_target_ms: a number of milliseconds from 1 to 3600000"},
           Case{R"({"queue_target_ms":0.999})", "queue_target_ms"},
           Case{R"({"queue_target_ms":-1})", "queue_target_ms"},
           Case{R"({"queue_target_ms":1e300})", "queue_target_ms"},
           Case{R"({"queue_target_ms":"50"})", "queue_target_ms"},
           Case{R"({"queue_target_ms":null})", "queue_target_ms"},
           Case{R"({"queue_deadline_ms":3600001})", "queue_deadline_ms"},
           Case{R"({"queue_deadline_ms":49})", "queue_deadline_ms: it is below queue_target_ms"},
           Case{R"({"queue_target_ms":1001})", "queue_deadline_ms: it is below queue_target_ms"},
           Case{R"({"connection_queue":0})", "connection_queue: a whole number from 1 to 1048576"},
           Case{R"({"connection_queue":1.5})", "connection_queue"},
           Case{R"({"connection_queue":-1})", "connection_queue"},
           Case{R"({"connection_queue":true})", "connection_queue"},
           Case{R"({"max_connections":5001})", "max_connections: a whole number from 1 to 5000"},
           Case{R"({"max_connections":18446744073709551616})", ""},
           Case{R"({"queue_target_ms":20,"connection_queue":7,"queue_target_ms":30})",
                "queue_target_ms: it is given twice"},
           Case{R"({"max_connections":7,"max_connections":7})", "max_connections: it is given twice"},
           Case{R"({"queue_taget_ms":50})", "there is no setting \"queue_taget_ms\""},
       }) {
    const auto changed = change(c.body);
    ASSERT_FALSE(changed.has_value()) << c.body;
    EXPECT_EQ(changed.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(changed.error().message, HasSubstr(c.said));
  }
  const auto too_large = change(std::string(FrontDoorSettings::kBodyBytesMax - 1, ' ') + "{}");
  ASSERT_FALSE(too_large.has_value());
  EXPECT_EQ(too_large.error().code, ErrorCode::kTooLarge);
  EXPECT_TRUE(change(std::string(FrontDoorSettings::kBodyBytesMax - 2, ' ') + "{}").has_value());
}

TEST(FrontDoorSettings, AreWrittenAsTheyAreRead) {
  const std::string text = write_settings(kCurrent);
  EXPECT_EQ(text, R"({"queue_target_ms":50,"queue_deadline_ms":1000,"connection_queue":300,"max_connections":4000})");
  const auto read = change_settings({}, text, kConnectionsMax);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, kCurrent);
}

TEST(FrontDoorSettings, AChangeNamesWhatDiffers) {
  EXPECT_EQ(describe_change(kCurrent, kCurrent), "");
  FrontDoorSettings after = kCurrent;
  after.queue_target_ns = 2'500'000;
  after.max_connections = 1;
  EXPECT_EQ(describe_change(kCurrent, after), "queue_target_ms from 50 to 2.5, max_connections from 4000 to 1");
}

}  // namespace
}  // namespace ms::api
