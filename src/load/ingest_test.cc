#include "load/ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

#include "load/ingest_report.h"
#include "load/keep_alive_server_testing.h"
#include "load/loopback_server_testing.h"
#include "wire/json_metrics.h"

namespace ms::load {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr int64_t kNowMs = 1732363200000;

net::Listener open_listener() {
  auto listener = net::Listener::open("127.0.0.1:0", 128);
  if (!listener) throw std::runtime_error(listener.error().message);
  return std::move(*listener);
}

HttpTarget http_target_of(const net::Listener& listener) {
  return {.address = target_of(listener), .host = "localhost", .path = "/metrics"};
}

void wait_end(Ingest& ingest) {
  while (!ingest.wait_for(milliseconds(100))) {
  }
}

TEST(IngestTest, TheLastSamplesAreOfNowAndTheFirstAreTheStepsBefore) {
  auto listener = open_listener();
  KeepAliveServer server(listener, [](uint64_t) { return Deed::kAnswer204; });
  const IngestSettings settings{.protocol = Protocol::kJson,
                                .series = 100,
                                .samples_per_request = 30,
                                .connections = 4,
                                .samples = 1000,
                                .step_ms = 15'000};
  Ingest ingest(settings, http_target_of(listener), kNowMs);
  uint64_t built = 0;
  ingest.prepare([&](uint64_t samples) { built = samples; });
  EXPECT_EQ(built, 1000u);
  ingest.start();
  wait_end(ingest);
  const auto figures = ingest.take_figures();
  ASSERT_TRUE(figures) << figures.error().message;
  server.stop();
  EXPECT_EQ(figures->tally.samples_acked, 1000u);
  EXPECT_EQ(figures->start_ms, kNowMs - 150'000);
  EXPECT_GT(figures->cpu_ns, 0u);
  EXPECT_GT(figures->build_cpu_ns, 0u);
  EXPECT_EQ(figures->waited_ns, 0u);
  std::set<int64_t> timestamps_ms;
  for (const std::string& body : server.bodies()) {
    const auto batch = wire::parse_json_metrics(body, {.timestamp_ms_max = kNowMs});
    ASSERT_TRUE(batch) << batch.error().message;
    timestamps_ms.insert(batch->timestamps_ms.begin(), batch->timestamps_ms.end());
  }
  EXPECT_EQ(timestamps_ms.size(), 10u);
  EXPECT_EQ(*timestamps_ms.begin(), figures->start_ms);
  EXPECT_EQ(*timestamps_ms.rbegin(), kNowMs - 15'000);
}

TEST(IngestTest, WithoutAnEndItGoesOnUntilItIsStopped) {
  auto listener = open_listener();
  KeepAliveServer server(listener, [](uint64_t) { return Deed::kAnswer204; });
  const IngestSettings settings{.series = 100,
                                .samples_per_request = 100,
                                .connections = 2,
                                .samples = 0,
                                .duration_ns = kNanosPerMilli,
                                .start_ms = kNowMs};
  Ingest ingest(settings, http_target_of(listener), 0);
  ingest.prepare([](uint64_t) {});
  ingest.start();
  while (ingest.samples_acked() < 20'000) EXPECT_FALSE(ingest.wait_for(milliseconds(1)));
  ingest.stop();
  wait_end(ingest);
  const auto figures = ingest.take_figures();
  ASSERT_TRUE(figures) << figures.error().message;
  EXPECT_EQ(figures->start_ms, kNowMs);
  EXPECT_EQ(figures->tally.samples_acked, figures->tally.samples_sent);
  EXPECT_EQ(figures->tally.samples_acked, 100 * server.requests());
}

TEST(IngestTest, ANamespaceThatIsNotThereIsAnError) {
  auto listener = open_listener();
  Ingest ingest({.series = 10, .connections = 1, .samples = 10, .network_namespace = "no-such-namespace"},
                http_target_of(listener), kNowMs);
  ingest.start();
  wait_end(ingest);
  const auto figures = ingest.take_figures();
  ASSERT_FALSE(figures);
  EXPECT_THAT(figures.error().message, HasSubstr("no-such-namespace"));
}

IngestRun make_run() {
  IngestRun run{.url = "http://127.0.0.1:1", .path = "/api/v1/write", .settings = {.samples = 4000}};
  IngestTally& tally = run.figures.tally;
  tally.requests = 8;
  tally.statuses = {{204, 3}, {503, 1}};
  tally.reset = 2;
  tally.timed_out = 1;
  tally.cut_short = 1;
  tally.samples_sent = 8000;
  tally.samples_acked = 3000;
  tally.body_bytes = 208'000;
  tally.connects = 9;
  tally.connect_refused = 3;
  tally.begun_ns = kNanosPerSecond;
  tally.ended_ns = 3 * kNanosPerSecond;
  tally.replies.record(1'000'000);
  run.figures.start_ms = kNowMs;
  run.figures.cpu_ns = 3'000'000;
  run.figures.build_cpu_ns = 6'000'000;
  return run;
}

TEST(IngestReport, JsonHasEveryCountAndNullWhereTheServerIsNotSeen) {
  JsonBuilder json;
  write_ingest(json, make_run());
  const std::string text = std::move(json).take();
  EXPECT_THAT(text, testing::StartsWith(
                        R"({"protocol":"remote-write","requests":8,"samples_sent":8000,"samples_acked":3000,)"
                        R"("statuses":{"204":3,"503":1},"connects":9,"reset":2,"timed_out":1,"cut_short":1,)"
                        R"("broken_reply":0,"connect_refused":3,"connect_failed":0,"samples_not_sent":0,"elapsed_s":2,)"
                        R"("samples_per_s":1500,"request_us":{"p50":)"));
  EXPECT_THAT(text, HasSubstr(R"("generator_cpu_s_per_million":1,"build_cpu_s_per_million":2,)"
                              R"("waited_for_requests_s":0,"server_cpu_s_per_million":null,)"
                              R"("server_rss_bytes_max":null,"server_pids":[],"body_bytes_per_sample":26,)"));
  EXPECT_THAT(text, HasSubstr(R"("samples":4000,"start_time":"2024-11-23T12:00:00.000Z","step_s":10,)"));
}

TEST(IngestReport, WhatWasNotMeasuredIsNullInJsonAndADashInTheTable) {
  IngestRun run{.settings = {.samples = 4000}, .server = {.pids = {17}, .cpu_ns = 30'000'000}};
  run.figures.cpu_ns = 3'000'000;
  run.figures.build_cpu_ns = 6'000'000;
  JsonBuilder json;
  write_ingest(json, run);
  const std::string text = std::move(json).take();
  for (const char* key : {"request_us", "samples_per_s", "generator_cpu_s_per_million", "build_cpu_s_per_million",
                          "server_cpu_s_per_million", "body_bytes_per_sample"}) {
    EXPECT_THAT(text, HasSubstr("\"" + std::string(key) + "\":null,"));
  }
  const std::string table = draw_ingest(run);
  EXPECT_THAT(table, HasSubstr("rate            - samples a second, of - bytes each\n"));
  EXPECT_THAT(table, HasSubstr("latency         -\n"));
  EXPECT_THAT(table, HasSubstr("server -, generator - a million samples, besides - to build them\n"));
}

TEST(IngestReport, TableHasWhatThereWas) {
  IngestRun run = make_run();
  run.server = {.pids = {17}, .cpu_ns = 30'000'000, .rss_bytes_max = 50'000'000};
  const std::string text = draw_ingest(run);
  EXPECT_THAT(text, HasSubstr("8: 204 3, 503 1, reset 2, timed out 1, cut short 1, connect refused 3\n"));
  EXPECT_THAT(text, HasSubstr("1,500 samples a second, of 26 bytes each"));
  EXPECT_THAT(text, HasSubstr("50 MB at most"));
  EXPECT_THAT(text, testing::Not(HasSubstr("stood still")));
}

TEST(IngestReport, TellsHowManySamplesAServerThatWentAwayWasNotSent) {
  IngestRun run = make_run();
  EXPECT_EQ(samples_not_sent(run), 0u);
  EXPECT_THAT(draw_ingest(run), testing::Not(HasSubstr("not sent")));
  run.settings.samples = 11'000;
  EXPECT_EQ(samples_not_sent(run), 3000u);
  EXPECT_THAT(draw_ingest(run), HasSubstr("not sent        3,000: the server took no connection any more\n"));
  run.settings.samples = 0;  // for a time
  EXPECT_EQ(samples_not_sent(run), 0u);
}

}  // namespace
}  // namespace ms::load
