// The reports that programs read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "drain/json_report.h"
#include "drain/observations_testing.h"
#include "drain/plan_report.h"

namespace ms::drain {
namespace {

using testing::HasSubstr;

TEST(JsonReport, HasEachFigureOfEachArchitecture) {
  const Settings settings{.rate_per_s = 150, .duration_ns = 10 * kNanosPerMilli, .workers = 2};
  const std::string text =
      write_json(settings, std::vector<Measurement>{measure(settings, three_connections_of_inline()),
                                                    measure(settings, three_connections())});
  EXPECT_TRUE(text.ends_with("}\n"));
  simdjson::dom::parser parser;
  const simdjson::dom::element all = parser.parse(text);
  for (const std::string architecture : {"/inline", "/pool"}) {
    for (const char* key : {"/offered_per_s",
                            "/accepted_per_s",
                            "/served_per_s",
                            "/refused_per_s",
                            "/timed_out_per_s",
                            "/accept_us/p50",
                            "/accept_us/p99",
                            "/listen_queue/mean",
                            "/listen_queue/max",
                            "/listen_queue/limit",
                            "/listen_queue/drops",
                            "/connection_queue/max_length",
                            "/connection_queue/max_age_ms",
                            "/wait_ms/p50",
                            "/wait_ms/p99",
                            "/wait_ms/max",
                            "/total_ms/p50",
                            "/total_ms/p99",
                            "/total_ms/max",
                            "/predicted/served_per_s",
                            "/predicted/wait_ms/p99"}) {
      EXPECT_TRUE(all.at_pointer(architecture + key).is_number()) << architecture << key;
    }
  }
  EXPECT_DOUBLE_EQ(all.at_pointer("/pool/wait_ms/max"), 5.09);
  EXPECT_DOUBLE_EQ(all.at_pointer("/pool/accept_us/p50"), 5);
  EXPECT_EQ(std::string_view(all.at_pointer("/settings/work")), "sleep");
  EXPECT_DOUBLE_EQ(all.at_pointer("/settings/rate_per_s").get_double(), 150);
}

TEST(JsonReport, IsSilentOfAPredictionBeyondTheClientsPatience) {
  const Settings settings{.rate_per_s = 1000};
  const std::string text =
      write_json(settings, std::vector<Measurement>{measure(settings, three_connections_of_inline())});
  simdjson::dom::parser parser;
  const simdjson::dom::element all = parser.parse(text);
  for (const std::string key : {"served_per_s", "lost_per_s", "wait_ms/mean", "wait_ms/p50", "wait_ms/p99",
                                "total_ms/mean", "total_ms/p50", "total_ms/p99"}) {
    EXPECT_TRUE(all.at_pointer("/inline/predicted/" + key).is_null()) << key;
  }
  EXPECT_DOUBLE_EQ(all.at_pointer("/inline/predicted/utilisation"), 5);
  EXPECT_NEAR(all.at_pointer("/inline/predicted/mean_queue"), 1025, 3);
}

TEST(JsonReport, ABurstHasNoPrediction) {
  const Settings settings{.burst = 3};
  const std::string text = write_json(settings, std::vector<Measurement>{measure(settings, three_connections())});
  simdjson::dom::parser parser;
  const simdjson::dom::element all = parser.parse(text);
  EXPECT_TRUE(all.at_pointer("/pool/predicted").is_null());
  EXPECT_EQ(uint64_t(all.at_pointer("/settings/burst")), 3u);
}

TEST(PlanReport, SaysHowManyWorkersAndWhatToExpect) {
  const queueing::Demand demand{.rate_per_s = 5000, .service_time_s = 0.005, .total_p99_s = 0.05};
  const auto text = write_plan(demand, false);
  ASSERT_TRUE(text.has_value()) << text.error().message;
  EXPECT_THAT(*text, HasSubstr("workers        26"));
  const auto json = write_plan(demand, true);
  ASSERT_TRUE(json.has_value());
  simdjson::dom::parser parser;
  const simdjson::dom::element plan = parser.parse(*json);
  EXPECT_EQ(uint64_t(plan.at_pointer("/plan/workers")), 26u);
  EXPECT_LE(double(plan.at_pointer("/plan/total_p99_ms")), 50);
}

TEST(PlanReport, RefusesWhatNoNumberOfWorkersDoes) {
  EXPECT_FALSE(write_plan({.rate_per_s = 1, .service_time_s = 0.1, .total_p99_s = 0.05}, false).has_value());
}

}  // namespace
}  // namespace ms::drain
