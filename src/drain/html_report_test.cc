#include "drain/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "drain/curves.h"
#include "drain/drawn.h"
#include "drain/observations_testing.h"

namespace ms::drain {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr uint64_t kMs = kNanosPerMilli;

// A client that is connected, and gives up before it is accepted.
void add_stranger(Observations& seen, uint16_t port) {
  seen.attempts.push_back({.scheduled_ns = at_us(40),
                           .begun_ns = at_us(40),
                           .connected_ns = at_us(45),
                           .ended_ns = at_us(9000),
                           .local_port = port,
                           .outcome = load::Outcome::kTimedOut});
}

// Waits in our queue until it is refused.
void add_refused(Observations& seen, uint64_t at) {
  add_served(seen, 0, {.connect_us = at, .accept_us = at + 10, .taken_us = at, .replied_us = at + 100});
  seen.records.back().outcome = net::Outcome::kRefusedAge;
  seen.records.back().stamps.taken_ns = 0;
  seen.attempts.back().status = 503;
}

std::vector<uint64_t> numbers(const Drawn& drawn) {
  std::vector<uint64_t> numbers;
  for (const Passage& passage : drawn.passages) numbers.push_back(passage.record->connection);
  return numbers;
}

TEST(Drawn, AllAreWhereThereIsRoom) {
  Observations seen = three_connections();
  add_stranger(seen, 60000);
  const Drawn drawn = choose_drawn(seen);
  EXPECT_THAT(numbers(drawn), ElementsAre(1, 2, 3));
  ASSERT_THAT(drawn.strangers, SizeIs(1));
  EXPECT_EQ(drawn.strangers[0]->local_port, 60000);
  EXPECT_EQ(drawn.all, 4u);
  EXPECT_EQ(drawn.until_ns, 0u);
}

TEST(Drawn, WhoHadAWorkerGoesFirstAndTheRestShareTheRoomEvenly) {
  Observations seen = three_connections();
  for (uint64_t i = 0; i < 4; ++i) add_refused(seen, 200 + i * 10);
  for (uint16_t port = 60000; port < 60004; ++port) add_stranger(seen, port);
  const Drawn drawn = choose_drawn(seen, 7);
  EXPECT_THAT(numbers(drawn), ElementsAre(1, 2, 3, 5, 7));
  EXPECT_THAT(drawn.strangers, SizeIs(2));
  EXPECT_EQ(drawn.all, 11u);
  EXPECT_EQ(drawn.until_ns, 0u);
}

TEST(Drawn, WhereEvenThoseAreTooManyItEndsEarly) {
  Observations seen = three_connections();
  add_refused(seen, 200);
  const Drawn drawn = choose_drawn(seen, 2);
  EXPECT_THAT(numbers(drawn), ElementsAre(1, 2));
  EXPECT_EQ(drawn.until_ns, at_us(112));
}

TEST(Curves, CountWhatHappensInEachStretch) {
  Observations seen = three_connections();
  add_stranger(seen, 60000);
  const Curves curves = trace_curves(seen);
  EXPECT_EQ(curves.stretch_ns, 10 * kMs);
  EXPECT_THAT(curves.offered, ElementsAre(4, 0));
  EXPECT_THAT(curves.accepted, ElementsAre(3, 0));
  EXPECT_THAT(curves.served, ElementsAre(2, 1));
  EXPECT_THAT(curves.refused, ElementsAre(0, 0));
  EXPECT_THAT(curves.timed_out, ElementsAre(1, 0));
  EXPECT_THAT(curves.listen_depth, ElementsAre(3, 0));
  EXPECT_THAT(curves.queue_length, ElementsAre(2, 0));
}

TEST(Curves, AreBoundedHoweverLongTheExperiment) {
  Observations seen = three_connections();
  seen.end_ns = seen.begin_ns + 3600 * kNanosPerSecond;
  seen.depths.push_back({at_us(3'000'000), 7});
  const Curves curves = trace_curves(seen);
  EXPECT_LE(curves.offered.size(), kStretchesMax);
  EXPECT_EQ(curves.stretch_ns % (10 * kMs), 0u);
  EXPECT_EQ(curves.listen_depth.back(), 7u) << "what was last seen lasts";
}

class HtmlReportTest : public testing::Test {
 protected:
  HtmlReportTest() : seen_{three_connections_of_inline(), three_connections()} {
    for (const Observations& run : seen_) measurements_.push_back(measure(settings_, run));
  }

  const Settings settings_{.rate_per_s = 150, .duration_ns = 10 * kMs, .workers = 2};
  std::vector<Observations> seen_;
  std::vector<Measurement> measurements_;
};

TEST_F(HtmlReportTest, HasARowForEachConnectionOfEachArchitecture) {
  simdjson::dom::parser parser;
  const std::string text = write_experiment(settings_, measurements_, seen_);
  const simdjson::dom::element all = parser.parse(text);
  EXPECT_EQ(uint64_t(all.at_pointer("/figures/pool/counts/served")), 3u);
  EXPECT_EQ(std::string_view(all.at_pointer("/runs/0/architecture")), "inline");
  EXPECT_EQ(std::string_view(all.at_pointer("/runs/1/architecture")), "pool");
  EXPECT_EQ(uint64_t(all.at_pointer("/runs/0/workers")), 1u);
  EXPECT_EQ(uint64_t(all.at_pointer("/runs/1/workers")), 2u);
  EXPECT_EQ(uint64_t(all.at_pointer("/runs/1/drawn")), 3u);
  EXPECT_TRUE(all.at_pointer("/runs/1/drawn_until").is_null());
  EXPECT_EQ(simdjson::minify(all.at_pointer("/runs/1/rows/2")),
            "[3,7,\"127.0.0.2:54129\",30000,110000,112000,115000,5120000,null,10120000,1,200]");
  EXPECT_EQ(simdjson::minify(all.at_pointer("/runs/0/rows/0")),
            "[1,5,\"127.0.0.2:54127\",10000,100000,102000,null,110000,null,5110000,1,200]");
  EXPECT_EQ(simdjson::dom::array(all.at_pointer("/runs/1/columns")).size(),
            simdjson::dom::array(all.at_pointer("/runs/1/rows/0")).size());
}

TEST_F(HtmlReportTest, IsOneFileThatLoadsNothing) {
  const std::string html = write_html(settings_, measurements_, seen_);
  for (const char* part : {"<!doctype html>", "Content-Security-Policy\" content=\"default-src 'none'",
                           R"({"description":"150 connections a second)", "127.0.0.2:54127", "</html>\n"}) {
    EXPECT_TRUE(html.contains(part)) << part;
  }
  for (const char* loading : {"src=\"", "href=\"", "@import", "url("}) EXPECT_FALSE(html.contains(loading)) << loading;
}

TEST_F(HtmlReportTest, NothingInItEndsTheElementThatItsDataStandsIn) {
  measurements_[0].predicted->formula = "</script><script>";
  const std::string html = write_html(settings_, measurements_, seen_);
  EXPECT_TRUE(html.contains(R"(\u003c/script\u003e\u003cscript\u003e)"));
  EXPECT_FALSE(html.contains("</script><script>"));
}

}  // namespace
}  // namespace ms::drain
