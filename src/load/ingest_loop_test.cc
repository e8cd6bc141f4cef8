#include "load/ingest_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "load/keep_alive_server_testing.h"
#include "load/loopback_server_testing.h"
#include "wire/json_metrics.h"

namespace ms::load {
namespace {

constexpr uint64_t kLong = 30 * kNanosPerSecond;
constexpr uint64_t kShort = 200 * kNanosPerMilli;

// On the port of `target`; port 0: any that is free.
net::Listener open_listener(int backlog = 128, const Target& target = {}) {
  sockaddr_in address{};
  std::memcpy(&address, &target.address, sizeof address);
  auto listener = net::Listener::open("127.0.0.1:" + std::to_string(ntohs(address.sin_port)), backlog);
  if (!listener) throw std::runtime_error(listener.error().message);
  return std::move(*listener);
}

struct Run {
  size_t connections = 1;
  size_t series = 20;
  size_t samples_per_request = 20;
  std::optional<uint64_t> samples;
  uint64_t timeout_ns = kLong;
};

// A supply and its loop.
struct Ingest {
  Ingest(const Target& target, const Run& run)
      : requests({.target = {.host = "localhost"},
                  .protocol = Protocol::kJson,
                  .series = run.series,
                  .start_ms = 1732363200000,
                  .step_ms = 1000}),
        supply(requests, {.lanes = run.connections,
                          .series = run.series,
                          .samples_per_request = run.samples_per_request,
                          .samples = run.samples,
                          .samples_ahead = run.samples.value_or(1000)}),
        loop(
            {
                .target = target,
                .connections = run.connections,
                .timeout_ns = run.timeout_ns,
            },
            supply) {}

  WriteRequests requests;
  RequestSupply supply;
  IngestLoop loop;
};

IngestTally must_run(const Target& target, const Run& run) {
  Ingest ingest(target, run);
  auto tally = ingest.loop.run();
  EXPECT_TRUE(tally) << tally.error().message;
  if (!tally) return {};
  EXPECT_EQ(ingest.loop.samples_acked(), tally->samples_acked);
  return std::move(*tally);
}

uint64_t count_ends(const IngestTally& tally) {
  uint64_t ends = tally.reset + tally.cut_short + tally.broken + tally.timed_out;
  for (const auto& [status, count] : tally.statuses) ends += count;
  return ends;
}

TEST(IngestLoopTest, SendsAllThereIsAndEachSeriesInOrderOfTime) {
  auto listener = open_listener();
  KeepAliveServer server(listener, [](uint64_t) { return Deed::kAnswer204; });
  const IngestTally tally =
      must_run(target_of(listener), {.connections = 3, .samples_per_request = 7, .samples = 1000});
  server.stop();
  EXPECT_EQ(server.connections(), 3u);
  EXPECT_EQ(tally.connects, 3u);
  EXPECT_EQ(tally.requests, server.requests());
  EXPECT_EQ(tally.samples_sent, 1000u);
  EXPECT_EQ(tally.samples_acked, 1000u);
  EXPECT_THAT(tally.statuses, testing::ElementsAre(testing::Pair(204, server.requests())));
  EXPECT_EQ(tally.replies.count(), server.requests());
  EXPECT_GT(tally.ended_ns, tally.begun_ns);

  std::map<std::string, int64_t> last_ms;
  uint64_t body_bytes = 0;
  for (const std::string& body : server.bodies()) {
    body_bytes += body.size();
    const auto batch = wire::parse_json_metrics(body, {.timestamp_ms_max = 1732363200000 + 1'000'000});
    ASSERT_TRUE(batch) << batch.error().message;
    for (const auto& slice : batch->series) {
      int64_t& last = last_ms[std::string(batch->raw_labels(slice))];
      EXPECT_GT(batch->timestamps_ms[slice.sample_begin], last);
      last = batch->timestamps_ms[slice.sample_begin];
    }
  }
  EXPECT_EQ(last_ms.size(), 20u);
  EXPECT_EQ(body_bytes, tally.body_bytes);
}

struct DeedCase {
  const char* name;
  Deed deed;
  uint16_t status;              // of the reply; 0: none
  uint64_t IngestTally::* end;  // counted instead
  bool keeps_connection;
};

class IngestLoopDeed : public testing::TestWithParam<DeedCase> {};

// Every third request is treated so, the others are answered.
TEST_P(IngestLoopDeed, IsCountedForWhatItIsAndTheNextRequestIsSent) {
  const DeedCase& expected = GetParam();
  auto listener = open_listener();
  KeepAliveServer server(listener,
                         [&](uint64_t number) { return number % 3 == 1 ? expected.deed : Deed::kAnswer200InChunks; });
  const bool is_never = expected.deed == Deed::kNeverAnswer;
  const IngestTally tally = must_run(target_of(listener), {.samples = 20 * 9, .timeout_ns = is_never ? kShort : kLong});
  server.stop();
  std::map<uint16_t, uint64_t> statuses = {{200, 6}};
  if (expected.status != 0) statuses[expected.status] += 3;
  EXPECT_EQ(tally.statuses, statuses);
  EXPECT_EQ(tally.requests, 9u);
  EXPECT_EQ(count_ends(tally), 9u);
  EXPECT_EQ(expected.end == nullptr ? 3u : tally.*expected.end, 3u);
  EXPECT_EQ(tally.samples_sent, 180u);
  EXPECT_EQ(tally.samples_acked, expected.status / 100 == 2 ? 180u : 120u);
  EXPECT_EQ(tally.connects, expected.keeps_connection ? 1u : 4u);
  EXPECT_EQ(server.connections(), tally.connects);
}

INSTANTIATE_TEST_SUITE_P(
    Deeds, IngestLoopDeed,
    testing::Values(DeedCase{"Status204", Deed::kAnswer204, 204, nullptr, true},
                    DeedCase{"Status400", Deed::kAnswer400, 400, nullptr, true},
                    DeedCase{"Status503", Deed::kAnswer503, 503, nullptr, true},
                    DeedCase{"ReplyInPieces", Deed::kAnswer204InPieces, 204, nullptr, true},
                    DeedCase{"CloseAfterReply", Deed::kAnswer204AndClose, 204, nullptr, false},
                    DeedCase{"EarlyRefusal", Deed::kRefuseEarly, 413, nullptr, false},
                    DeedCase{"ResetInBody", Deed::kResetInBody, 0, &IngestTally::reset, false},
                    DeedCase{"CloseWithoutReply", Deed::kCloseWithoutReply, 0, &IngestTally::cut_short, false},
                    DeedCase{"CloseInReply", Deed::kCloseInReply, 0, &IngestTally::cut_short, false},
                    DeedCase{"Nonsense", Deed::kTalkNonsense, 0, &IngestTally::broken, false},
                    DeedCase{"NeverAnswers", Deed::kNeverAnswer, 0, &IngestTally::timed_out, false}),
    [](const auto& deed) { return deed.param.name; });

// The next request may be on its way already when the close is seen: it is lost, and counted as that.
TEST(IngestLoopTest, AnUnannouncedCloseCostsAtMostTheRequestThatCrossesIt) {
  auto listener = open_listener();
  KeepAliveServer server(listener, [](uint64_t) { return Deed::kAnswer204AndCloseMute; });
  const IngestTally tally = must_run(target_of(listener), {.samples = 20 * 50});
  server.stop();
  EXPECT_EQ(tally.requests, 50u);
  EXPECT_EQ(count_ends(tally), 50u);
  EXPECT_EQ(tally.statuses.at(204), server.requests());
  EXPECT_EQ(tally.statuses.at(204) + tally.reset + tally.cut_short, 50u);
  EXPECT_EQ(tally.samples_acked, 20 * server.requests());
}

// Bodies of some megabytes, which no socket buffer holds.
TEST(IngestLoopTest, AResetOrAnEarlyReplyInTheMiddleOfALargeBodyIsSeen) {
  auto listener = open_listener();
  KeepAliveServer server(listener, [](uint64_t number) {
    return number == 0 ? Deed::kResetInBody : number == 1 ? Deed::kRefuseEarly : Deed::kAnswer204;
  });
  const IngestTally tally =
      must_run(target_of(listener), {.series = 1000, .samples_per_request = 50'000, .samples = 150'000});
  EXPECT_EQ(tally.reset, 1u);
  EXPECT_THAT(tally.statuses, testing::ElementsAre(testing::Pair(204, 1), testing::Pair(413, 1)));
  EXPECT_EQ(tally.samples_acked, 50'000u);
}

TEST(IngestLoopTest, WhateverTheServerDoesEachRequestIsCountedOnce) {
  constexpr std::array kDeeds = {Deed::kAnswer204,    Deed::kAnswer200InChunks, Deed::kAnswer400,
                                 Deed::kAnswer503,    Deed::kAnswer204InPieces, Deed::kAnswer204AndClose,
                                 Deed::kRefuseEarly,  Deed::kResetInBody,       Deed::kCloseWithoutReply,
                                 Deed::kCloseInReply, Deed::kTalkNonsense};
  constexpr uint64_t kRequests = 800;
  std::mt19937 random(3);
  std::vector<Deed> script;
  for (uint64_t i = 0; i < kRequests; ++i) script.push_back(kDeeds[random() % kDeeds.size()]);
  const auto count = [&](std::initializer_list<Deed> deeds) {
    uint64_t sum = 0;
    for (const Deed deed : deeds) sum += static_cast<uint64_t>(std::ranges::count(script, deed));
    return sum;
  };
  auto listener = open_listener();
  KeepAliveServer server(listener, [&](uint64_t number) { return script.at(number); });
  const IngestTally tally =
      must_run(target_of(listener), {.connections = 4, .samples_per_request = 5, .samples = kRequests * 5});
  server.stop();
  EXPECT_EQ(server.requests(), kRequests);
  const uint64_t status_204 = count({Deed::kAnswer204, Deed::kAnswer204InPieces, Deed::kAnswer204AndClose});
  const uint64_t status_200 = count({Deed::kAnswer200InChunks});
  EXPECT_THAT(tally.statuses, testing::ElementsAre(testing::Pair(200, status_200), testing::Pair(204, status_204),
                                                   testing::Pair(400, count({Deed::kAnswer400})),
                                                   testing::Pair(413, count({Deed::kRefuseEarly})),
                                                   testing::Pair(503, count({Deed::kAnswer503}))));
  EXPECT_EQ(tally.reset, count({Deed::kResetInBody}));
  EXPECT_EQ(tally.cut_short, count({Deed::kCloseWithoutReply, Deed::kCloseInReply}));
  EXPECT_EQ(tally.broken, count({Deed::kTalkNonsense}));
  EXPECT_EQ(tally.timed_out, 0u);
  EXPECT_EQ(tally.samples_acked, 5 * (status_200 + status_204));
  EXPECT_EQ(tally.replies.count(), status_200 + status_204);
}

TEST(IngestLoopTest, WhereNobodyListensNothingIsSent) {
  auto listener = open_listener();
  const Target target = target_of(listener);
  listener.stop_listening();
  Ingest ingest(target, {.connections = 2, .samples = 100});
  const auto tally = ingest.loop.run();
  ASSERT_FALSE(tally);
  EXPECT_EQ(tally.error().message, "connect: Connection refused");
}

// The connections without work end at once, those with work while they wait for the next connect.
TEST(IngestLoopTest, WhereNobodyListensItFailsAlsoWithFewerRequestsThanConnections) {
  auto listener = open_listener();
  const Target target = target_of(listener);
  listener.stop_listening();
  Ingest ingest(target, {.connections = 2, .samples = 10, .timeout_ns = kShort});
  const auto tally = ingest.loop.run();
  ASSERT_FALSE(tally);
  EXPECT_EQ(tally.error().message, "connect: Connection refused");
}

TEST(IngestLoopTest, WhoFindsTheListenQueueFullFailsWhenItsTimeIsUp) {
  auto listener = open_listener(1);
  const Target target = target_of(listener);
  const std::vector<Descriptor> waiting = fill_queue(target);
  Ingest ingest(target, {.connections = 2, .samples = 100, .timeout_ns = kShort});
  const auto tally = ingest.loop.run();
  ASSERT_FALSE(tally);
  EXPECT_EQ(tally.error().message, "connect: Connection timed out");
}

TEST(IngestLoopTest, TheLatencyOfAConnectionsFirstRequestHasTheTimeInWhichThereWasNoConnection) {
  std::optional<net::Listener> listener = open_listener();
  const Target target = target_of(*listener);
  std::optional<KeepAliveServer> server;
  server.emplace(*listener, [&](uint64_t) {
    listener->stop_listening();
    return Deed::kAnswer204AndClose;
  });
  Ingest ingest(target, {.samples = 40});
  Result<IngestTally> tally;
  std::thread thread([&] { tally = ingest.loop.run(); });
  while (ingest.loop.samples_acked() < 20) std::this_thread::yield();
  const uint64_t lost_ns = monotonic_ns();
  server.reset();
  listener.reset();
  while (monotonic_ns() < lost_ns + kShort) std::this_thread::yield();
  listener = open_listener(128, target);
  const uint64_t away_ns = monotonic_ns() - lost_ns;
  server.emplace(*listener, [](uint64_t) { return Deed::kAnswer204; });
  thread.join();
  ASSERT_TRUE(tally) << tally.error().message;
  EXPECT_EQ(tally->samples_acked, 40u);
  EXPECT_EQ(tally->connects, 2u);
  EXPECT_GE(tally->replies.summary().max_ns, away_ns);
}

TEST(IngestLoopTest, GivesUpAServerThatHasGoneAndCountsEachTryToFindItAgain) {
  auto listener = open_listener();
  KeepAliveServer server(listener, [&](uint64_t number) {
    if (number == 3) listener.stop_listening();
    return number == 3 ? Deed::kCloseWithoutReply : Deed::kAnswer204;
  });
  const IngestTally tally = must_run(target_of(listener), {.samples = 20 * 9, .timeout_ns = 5 * kShort});
  EXPECT_EQ(tally.requests, 4u);
  EXPECT_EQ(tally.samples_acked, 60u);
  EXPECT_EQ(tally.cut_short, 1u);
  EXPECT_GE(tally.connect_refused, 2u);
  EXPECT_EQ(tally.connects, 1u);
}

TEST(IngestLoopTest, BeginsNoRequestWhenItIsStopped) {
  auto listener = open_listener();
  KeepAliveServer server(listener, [](uint64_t) { return Deed::kAnswer204; });
  Ingest ingest(target_of(listener), {.connections = 2});
  Result<IngestTally> stopped;
  std::thread thread([&] { stopped = ingest.loop.run(); });
  while (ingest.loop.samples_acked() < 100) std::this_thread::yield();
  ingest.loop.stop();
  thread.join();
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->requests, stopped->statuses.at(204));
}

}  // namespace
}  // namespace ms::load
