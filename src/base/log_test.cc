#include "base/log.h"

#include <gtest/gtest.h>

namespace ms {
namespace {

TEST(LogTest, LogfmtQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(format_log_line(LogFormat::kLogfmt, 1732363200123, LogLevel::kWarn, "port in use",
                            {{"address", "127.0.0.1:8080"}, {"tries", 3}, {"why", "a \"b\"\n"}, {"empty", ""}}),
            "time=2024-11-23T12:00:00.123Z level=warn msg=\"port in use\" address=127.0.0.1:8080 tries=3 "
            "why=\"a \\\"b\\\"\\n\" empty=\"\"");
}

TEST(LogTest, JsonKeepsNumbersAsNumbers) {
  EXPECT_EQ(format_log_line(LogFormat::kJson, 0, LogLevel::kInfo, "ready", {{"series", 12}, {"dir", "/a b"}}),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"msg\":\"ready\",\"series\":12,"
            "\"dir\":\"/a b\"}");
}

}  // namespace
}  // namespace ms
