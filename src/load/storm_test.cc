// The storm against servers that misbehave: each unit is counted once, for what became of it.
#include "load/storm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "load/loopback_server_testing.h"
#include "load/storm_report.h"
#include "wire/json_metrics.h"
#include "wire/remote_write.h"

namespace ms::load {
namespace {

constexpr uint64_t kUnits = 20;
constexpr uint64_t kForever = 3600 * kNanosPerSecond;
constexpr uint64_t kLong = 30 * kNanosPerSecond;
constexpr uint64_t kShort = 100 * kNanosPerMilli;

net::Listener open_listener(int backlog) {
  auto listener = net::Listener::open("127.0.0.1:0", backlog);
  if (!listener) throw std::runtime_error(listener.error().message);
  return std::move(*listener);
}

Result<StormFigures> try_storm(const StormSettings& settings, const net::Listener& listener) {
  const HttpTarget target{.address = target_of(listener), .host = "127.0.0.1"};
  const auto requests = small_requests(target, Protocol::kGet, settings.is_keep_alive, 0);
  return run_storm(settings, target.address, requests, [](uint64_t /*ended*/) {});
}

StormFigures storm(const StormSettings& settings, const net::Listener& listener) {
  auto figures = try_storm(settings, listener);
  if (!figures) throw std::runtime_error(figures.error().message);
  return std::move(*figures);
}

struct AnswerCase {
  const char* name;
  Answer answer;
  Tally counts;  // of kUnits; `offered` is left out
  std::map<uint16_t, uint64_t> other_status = {};
  bool is_waited_for = false;  // until the client gives up
};

const AnswerCase kCases[] = {
    {"Ok", Answer::kOk, {.served = kUnits}},
    {"Unavailable", Answer::kUnavailable, {.refused = kUnits}},
    {"BadRequest", Answer::kBadRequest, {.other_status = kUnits}, {{400, kUnits}}},
    {"ServerError", Answer::kServerError, {.other_status = kUnits}, {{500, kUnits}}},
    {"Chunked", Answer::kChunked, {.served = kUnits}},
    {"UntilFin", Answer::kUntilFin, {.served = kUnits}},
    {"ByteByByte", Answer::kByteByByte, {.served = kUnits}},
    {"LengthTooShort", Answer::kLengthTooShort, {.served = kUnits}},
    {"LengthTooLong", Answer::kLengthTooLong, {.cut_short = kUnits}},
    {"ChunksCut", Answer::kChunksCut, {.cut_short = kUnits}},
    {"HalfAStatusLine", Answer::kHalfAStatusLine, {.cut_short = kUnits}},
    {"NoStatusLine", Answer::kNoStatusLine, {.broken = kUnits}},
    {"Fin", Answer::kFin, {.cut_short = kUnits}},
    {"Reset", Answer::kReset, {.reset = kUnits}},
    {"ResetUnread", Answer::kResetUnread, {.reset = kUnits}},
    {"ResetInMidReply", Answer::kResetInMidReply, {.reset = kUnits}},
    {"ResetBehindTheReply", Answer::kResetBehindTheReply, {.served = kUnits}},
    {"Silence", Answer::kSilence, {.timed_out = kUnits}, {}, true},
    {"SilenceInMidReply", Answer::kSilenceInMidReply, {.timed_out = kUnits}, {}, true},
    {"OkAndNoFin", Answer::kOkAndNoFin, {.served = kUnits}, {}, true},
    {"OkAndStaysOpen", Answer::kOkAndStaysOpen, {.served = kUnits}},
};

class StormTest : public testing::TestWithParam<AnswerCase> {
 protected:
  void check(StormSettings settings) const {
    settings.timeout_ns = GetParam().is_waited_for ? kShort : kLong;
    settings.units_max = kUnits;
    auto listener = open_listener(1024);
    LoopbackServer server(listener, GetParam().answer);
    const StormFigures figures = storm(settings, listener);
    Tally expected = GetParam().counts;
    expected.offered = kUnits;
    EXPECT_EQ(figures.tally, expected);
    EXPECT_EQ(figures.other_status, GetParam().other_status);
    EXPECT_EQ(figures.connects, kUnits);
    EXPECT_EQ(figures.connect.count(), kUnits);
    EXPECT_EQ(figures.lag.count(), kUnits);
    EXPECT_EQ(figures.latency.count(), expected.served);
    EXPECT_EQ(figures.beyond_lag.count(), expected.served);
    EXPECT_LE(figures.beyond_lag.summary().max_ns, figures.latency.summary().max_ns);
    EXPECT_GT(figures.cpu_ns, 0u);
    EXPECT_EQ(server.stop().size(), kUnits);
  }
};

TEST_P(StormTest, AClosedLoopCountsEachConnection) { check({.concurrency = 5}); }

TEST_P(StormTest, AnOpenLoopCountsEachConnection) { check({.mode = StormMode::kOpen, .rate_per_s = 2000}); }

TEST_P(StormTest, ABurstFromTwoThreadsCountsEachConnection) { check({.mode = StormMode::kBurst, .threads = 2}); }

INSTANTIATE_TEST_SUITE_P(Answers, StormTest, testing::ValuesIn(kCases),
                         [](const auto& each) { return each.param.name; });

class KeepAliveTest : public testing::TestWithParam<Answer> {};

TEST_P(KeepAliveTest, AServerThatClosesAfterTwoRequestsIsComeBackTo) {
  auto listener = open_listener(1024);
  LoopbackServer server(listener, GetParam());
  const StormFigures figures = storm({.concurrency = 1, .units_max = kUnits, .is_keep_alive = true}, listener);
  EXPECT_EQ(figures.tally.offered, kUnits);
  EXPECT_EQ(server.stop().size(), figures.connects);
  if (GetParam() == Answer::kOkTwiceAndSaysSo) {
    EXPECT_EQ(figures.tally.served, kUnits);
    EXPECT_EQ(figures.connects, kUnits / 2);
  } else {
    // A third request may be under way when the FIN comes, which nobody has announced.
    EXPECT_EQ(figures.tally.served + figures.tally.cut_short + figures.tally.reset, kUnits);
    EXPECT_LE(figures.tally.cut_short + figures.tally.reset, figures.connects);
    EXPECT_GE(figures.tally.served, 2 * (figures.connects - 1));
  }
}

INSTANTIATE_TEST_SUITE_P(Answers, KeepAliveTest, testing::Values(Answer::kOkTwiceAndSaysSo, Answer::kOkTwice));

TEST(Storm, WhereNobodyListensItIsAnErrorAndAClosedLoopDoesNotGoOn) {
  auto listener = open_listener(1024);
  listener.stop_listening();
  const std::vector<StormSettings> loads = {{.concurrency = 5, .units_max = kUnits},
                                            {.concurrency = 5, .duration_ns = kForever, .threads = 2},
                                            {.mode = StormMode::kOpen, .rate_per_s = 2000, .units_max = kUnits},
                                            {.mode = StormMode::kBurst, .units_max = kUnits}};
  for (const StormSettings& settings : loads) {
    const auto figures = try_storm(settings, listener);
    ASSERT_FALSE(figures);
    EXPECT_EQ(figures.error().message, "connect: Connection refused");
  }
}

TEST(Storm, WhereEveryConnectTimesOutItIsAnError) {
  const auto listener = open_listener(1);
  const std::vector<Descriptor> waiting = fill_queue(target_of(listener));
  const auto figures = try_storm({.concurrency = 2, .units_max = 2, .timeout_ns = kShort}, listener);
  ASSERT_FALSE(figures);
  EXPECT_EQ(figures.error().message, "connect: Connection timed out");
}

TEST(Storm, WhoFindsTheListenQueueFullNeverConnects) {
  const auto listener = open_listener(1);  // takes nobody; two find room
  const StormFigures figures = storm({.mode = StormMode::kBurst, .units_max = kUnits, .timeout_ns = kShort}, listener);
  EXPECT_EQ(figures.tally, (Tally{.offered = kUnits, .timed_out = kUnits}));
  EXPECT_GE(figures.connects, 1u);
  EXPECT_LE(figures.connects, 3u);
}

TEST(Storm, ThreadsShareTheClientsAndTheUnits) {
  auto listener = open_listener(1024);
  LoopbackServer server(listener, Answer::kOk);
  const StormFigures figures = storm({.concurrency = 7, .units_max = 101, .threads = 3}, listener);
  EXPECT_EQ(figures.tally, (Tally{.offered = 101, .served = 101}));
  EXPECT_EQ(server.stop().size(), 101u);
}

TEST(Storm, ANetworkNamespaceThatIsNotThereIsAnError) {
  const auto listener = open_listener(1024);
  const std::vector<std::string> requests = {"GET / HTTP/1.1\r\n\r\n"};
  const auto figures = run_storm({.units_max = 1, .network_namespace = "no-such-namespace"}, target_of(listener),
                                 requests, [](uint64_t /*ended*/) {});
  ASSERT_FALSE(figures);
  EXPECT_THAT(figures.error().message, testing::HasSubstr("/run/netns/no-such-namespace"));
}

TEST(Storm, WhatIsBeyondTheLagIsOfEachUnitItsLatencyWithoutItsLag) {
  auto listener = open_listener(1024);
  LoopbackServer server(listener, Answer::kOk);
  const StormFigures figures = storm({.mode = StormMode::kBurst, .units_max = 200}, listener);
  const double sum_ns = figures.beyond_lag.summary().mean_ns + figures.lag.summary().mean_ns;
  EXPECT_NEAR(figures.latency.summary().mean_ns, sum_ns, sum_ns * 1e-9);
}

TEST(StormReport, WhatWasNotMeasuredIsNullInJsonAndADashInTheTable) {
  StormRun run{.server = {.server = {.pids = {17}}}};
  run.figures.tally = {.offered = 3, .timed_out = 3};
  JsonBuilder json;
  write_storm(json, run);
  const std::string text = std::move(json).take();
  for (const char* key : {"latency_us", "connect_us", "lag_us", "beyond_lag_us"}) {
    EXPECT_THAT(text, testing::HasSubstr("\"" + std::string(key) + "\":null,"));
  }
  EXPECT_THAT(draw_storm(run), testing::HasSubstr("latency         -\nof it, connect  -\n"));

  run.figures.tally = {};
  JsonBuilder of_none;
  write_storm(of_none, run);
  const std::string nothing = std::move(of_none).take();
  for (const char* key :
       {"per_s", "generator_cpu_us_per_unit", "server_cpu_us_per_unit", "context_switches_per_unit"}) {
    EXPECT_THAT(nothing, testing::HasSubstr("\"" + std::string(key) + "\":null,"));
  }
}

std::string body_of(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }

std::string only_labels(const model::WriteBatch& batch) {
  const auto labels = batch.decode_labels(batch.raw_labels(batch.series.at(0)));
  return labels ? *labels : labels.error().message;
}

TEST(SmallRequests, CarryOneSampleOfEightLabelsOfTheSame100SeriesInEachProtocol) {
  constexpr int64_t kNowMs = 1'732'363'200'000;
  constexpr model::ParseContext kContext{.arrival_ms = kNowMs, .timestamp_ms_max = kNowMs};
  const HttpTarget target{.host = "127.0.0.1:8080"};
  const auto json = small_requests(target, Protocol::kJson, false, kNowMs);
  const auto remote_write = small_requests(target, Protocol::kRemoteWrite, false, kNowMs);
  ASSERT_EQ(json.size(), 100u);
  ASSERT_EQ(remote_write.size(), 100u);
  std::set<std::string> series;
  for (size_t i = 0; i < json.size(); ++i) {
    const auto from_json = wire::parse_json_metrics(body_of(json[i]), kContext);
    const auto from_remote_write = wire::parse_remote_write(body_of(remote_write[i]), kContext);
    ASSERT_TRUE(from_json && from_remote_write);
    EXPECT_EQ(from_json->sample_count(), 1u);
    EXPECT_EQ(from_remote_write->sample_count(), 1u);
    series.insert(only_labels(*from_json));
    EXPECT_EQ(only_labels(*from_json), only_labels(*from_remote_write));
  }
  EXPECT_EQ(series.size(), 100u);
  EXPECT_EQ(small_requests(target, Protocol::kGet, false, kNowMs).size(), 1u);
}

}  // namespace
}  // namespace ms::load
