#include "drain/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "drain/comparison.h"
#include "drain/observations_testing.h"

namespace ms::drain {
namespace {

using terminal::Colour;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// The four frames, each with what follows it.
std::vector<std::string> pool_frames(const Observations& seen) {
  std::string text = draw_pool_frames(History(seen), Colour::kOff);
  std::vector<std::string> frames;
  for (size_t begin = text.find("FRAME "); begin != std::string::npos;) {
    const size_t end = text.find("FRAME ", begin + 1);
    frames.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
    begin = end;
  }
  return frames;
}

void expect_narrow(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(terminal::columns_of(line), 80) << line;
}

TEST(Frames, FollowThreeConnectionsFromTheKernelToTheWorkers) {
  const auto frames = pool_frames(three_connections());
  ASSERT_EQ(frames.size(), 4u);
  EXPECT_THAT(frames[0], AllOf(HasSubstr("C1 "), HasSubstr("54127"), HasSubstr("54128"), HasSubstr("54129"),
                               HasSubstr("Worker 1: [idle]"), HasSubstr("C1 waited 92.0 us")));
  EXPECT_THAT(frames[1], AllOf(HasSubstr("MOVED"), HasSubstr("RETURNED 5"), HasSubstr("[C1 fd=5]"),
                               HasSubstr("127.0.0.2:54127 -> 127.0.0.1:8080"), HasSubstr("in 5.00 us"),
                               HasSubstr("accept4 took 2.00 us, the enqueue 3.00 us")));
  EXPECT_THAT(frames[2],
              AllOf(HasSubstr("GOT 6"), HasSubstr("Worker 1: [C1 fd=5]"), HasSubstr("[C2 fd=6]"),
                    HasSubstr("Two drains in 10.0 us"), HasSubstr("C3 fd=7: worker 1 took it after 5.00 ms")));
  EXPECT_THAT(frames[3], AllOf(HasSubstr("Worker 1: [C1 fd=5]"), HasSubstr("Worker 2: [C2 fd=6]"),
                               HasSubstr("Connection queue: [C3 fd=7]"), HasSubstr("3 waiting, seen")));
}

TEST(Frames, DrawNobodyWhoseClientWasNotConnectedYet) {
  Observations seen = three_connections();
  seen.attempts[2].connected_ns = at_us(101);
  const auto frames = pool_frames(seen);
  ASSERT_EQ(frames.size(), 4u);
  EXPECT_THAT(frames[0], AllOf(HasSubstr("54128"), Not(HasSubstr("54129"))));
  EXPECT_THAT(frames[1], HasSubstr("54129"));
}

TEST(Frames, WithoutThreeInARowThereIsOnlyTheLast) {
  Observations seen = three_connections();
  seen.attempts[1].status = 503;
  const auto frames = pool_frames(seen);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_THAT(frames[0], HasSubstr("FRAME 4"));
}

TEST(Frames, InlineShowsTheFullQueueAndTheOneWhoIsServed) {
  Observations seen = three_connections();
  seen.architecture = net::Architecture::kInline;
  seen.records[1].stamps.accepted_ns = seen.records[2].stamps.accepted_ns = at_us(5120);
  seen.records[1].stamps.taken_ns = seen.records[2].stamps.taken_ns = at_us(5121);
  seen.depths = {{at_us(150), 1025}};
  EXPECT_THAT(draw_inline_frame(History(seen), Colour::kOff),
              AllOf(HasSubstr("1,025 waiting: FULL"), HasSubstr("work(fd);  ← C1 fd=5, since 40.0 us"),
                    HasSubstr("C2 is next, and has waited for 130 us")));
}

TEST(Frames, FitInEightyColumns) {
  Observations seen = three_connections();
  seen.workers = 40;
  for (int i = 0; i < 200; ++i) {
    const auto at = static_cast<uint64_t>(200 + i * 10);
    add_served(seen, 3, {.connect_us = at, .accept_us = at + 5, .taken_us = 9'000'000, .replied_us = 90'000'000});
  }
  expect_narrow(draw_pool_frames(History(seen), Colour::kOff));
  expect_narrow(draw_inline_frame(History(seen), Colour::kOff));
  const Settings settings{.rate_per_s = 99'999};
  const std::vector<Measurement> measured = {measure(settings, seen), measure(settings, seen)};
  expect_narrow(draw_comparison(settings, measured, Colour::kOff));
  expect_narrow(write_footnote(settings, measured.front()));
  expect_narrow(describe(settings));
}

TEST(Comparison, StandsOldBesideNewAndMeasuredBesidePredicted) {
  const Settings settings{.rate_per_s = 150, .duration_ns = 10 * kNanosPerMilli, .workers = 2};
  Observations old = three_connections_of_inline();
  old.listen_queue.drops = 12;
  const std::vector<Measurement> measured = {measure(settings, old), measure(settings, three_connections())};
  const std::string text = draw_comparison(settings, measured, Colour::kOff);
  EXPECT_THAT(text, AllOf(HasSubstr("inline (old)"), HasSubstr("pool (new)"), HasSubstr("M/D/1"), HasSubstr("M/D/2")));
  EXPECT_THAT(text, testing::ContainsRegex("served \\(200\\) +200 +150 +200 +150"));
  EXPECT_THAT(text, testing::ContainsRegex("SYNs and ACKs dropped +12 +0"));
  EXPECT_THAT(write_footnote(settings, measured[1]),
              AllOf(HasSubstr("1,000 connections, of 1,256 descriptors"), HasSubstr("1.00 s (--queue-deadline)"),
                    HasSubstr("in overload 50.0 ms"), HasSubstr("net.ipv4.tcp_mem")));
}

TEST(Comparison, IsSilentOfAPredictionBeyondTheClientsPatience) {
  const Settings settings{.rate_per_s = 1000, .duration_ns = 10 * kNanosPerMilli};
  const std::vector<Measurement> measured = {measure(settings, three_connections_of_inline())};
  const std::string text = draw_comparison(settings, measured, Colour::kOff);
  for (const char* row : {"accepted \\(drained\\) +300 +200\n", "served \\(200\\) +200\n", "refused \\(503\\) +0\n",
                          "depth, mean +0.03 +1,025\n", "mean +[0-9.]+ ms\n"}) {
    EXPECT_THAT(text, testing::ContainsRegex(row));
  }
  EXPECT_THAT(text, HasSubstr("Not predicted, inline: served"));
}

}  // namespace
}  // namespace ms::drain
