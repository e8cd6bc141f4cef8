#include "watch/drawing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "watch/sample_view_testing.h"

namespace ms::watch {
namespace {

std::string plain(const terminal::Canvas& canvas) { return canvas.render(terminal::Colour::kOff); }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(DrawingTest, ASmallFrontDoorIn80By24) {
  constexpr std::string_view kExpected = R"(
MetricStream's front door (pool), up 12 s               2024-11-23T12:00:00.123Z
┌─ KERNEL SPACE ───────────────────────────────────────────────────────────────┐
│ Listen queue 127.0.0.1:8080: 1 of 4,096, 0 dropped                           │
│ ┌ ─ ─ ─ ─ ┐ ┌ ─ ─ ─ ─ ┐ ┌─────────┐                                          │
│   C14         C15       │ waits   │ seen waiting: 3, 130 ms ago              │
│ │ 54129   │ │ 54130   │ │ 54131   │ waited ≥ 0 ms, p99 ≥ 1 ms                │
│ └ ─ ─ ─ ─ ┘ └ ─ ─ ─ ─ ┘ └─────────┘ waited ≤ 80 us, p99 ≤ 2.5 ms             │
│ Active sockets 4: queued 2 serving 2 parked 0 sending 0 waiting 0            │
└─────┬────────────────────────────────────────────────────────────────────────┘
┌─────↓─ APPLICATION SPACE ────────────────────────────────────────────────────┐
│ Accept loop: blocked 12 ms, 1,234 accepted, 6.1 us each (p99 18 us)          │
│   drains 0/s (1 s), 12.3/s (10 s), 98.7/s (since start)                      │
│ Connection queue: 2 of 100,000, oldest 60 ms, target 50 ms, deadline 1 s     │
│   [C14] [C15]                                                                │
│ Workers: 2 of 8 serving; each: for how long, how many requests served        │
│   1: [serving C12] 4.9 ms, 200         2: idle 100 ms, 201                   │
│   3: idle 100 ms, 202                  4: idle 100 ms, 203                   │
│   5: idle 100 ms, 204                  6: [serving C13] 20 us, 187           │
│   7: idle 100 ms, 206                  8: idle 100 ms, 207                   │
│ Refused 0: connections 0 queue 0 age 0 descriptors 0 held 0                  │
│ Stages     accept  enqueue    queue  receive   commit    reply    total      │
│   p50      0.6 us   2.4 us   9.6 us    38 us   0.2 ms   0.6 ms   2.5 ms      │
│   p99      4.8 us    19 us    77 us   0.3 ms   1.2 ms   4.9 ms    20 ms      │
└──────────────────────────────────────────────────────────────────────────────┘
)";
  EXPECT_EQ("\n" + plain(draw(sample_view(), 80, 24)), kExpected);
}

TEST(DrawingTest, ALargerTerminalShowsMore) {
  constexpr std::string_view kExpected = R"(
MetricStream's front door (pool), up 12 s                                                       2024-11-23T12:00:00.123Z
┌─ KERNEL SPACE ───────────────────────────────────────────────────────────────────────────────────────────────────────┐
│ Listen queue 127.0.0.1:8080: 1 of 4,096, 0 dropped, mean wait 10 us by Little's law                                  │
│ ┌ ─ ─ ─ ─ ┐ ┌ ─ ─ ─ ─ ┐ ┌─────────┐                                                                                  │
│   C14         C15       │ waits   │   [empty]     [empty]     [empty]     [empty]   seen waiting: 3, 130 ms ago      │
│ │ 54129   │ │ 54130   │ │ 54131   │                                                 waited ≥ 0 ms, p99 ≥ 1 ms        │
│ └ ─ ─ ─ ─ ┘ └ ─ ─ ─ ─ ┘ └─────────┘                                                 waited ≤ 80 us, p99 ≤ 2.5 ms     │
│ Active sockets 4: queued 2 serving 2 parked 0 sending 0 waiting 0, at most 100,000                                   │
│ [C12:fd=7] [C13:fd=8] [C14:fd=9] [C15:fd=10]                                                                         │
│                                                                                                                      │
│                                                                                                                      │
│                                                                                                                      │
│                                                                                                                      │
└─────┬────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
      │ accept() 0/s
┌─────↓─ APPLICATION SPACE ────────────────────────────────────────────────────────────────────────────────────────────┐
│ Accept loop: blocked 12 ms, 1,234 accepted, 6.1 us each (p99 18 us)                                                  │
│   drains 0/s (1 s), 12.3/s (10 s), 98.7/s (since start); finds 0.4 waiting, at most 12                               │
│ Connection queue: 2 of 100,000, oldest 60 ms, target 50 ms, deadline 1 s, overloaded 0 times                         │
│   [C14] [C15]                                                                                                        │
│                                                                                                                      │
│                                                                                                                      │
│                                                                                                                      │
│                                                                                                                      │
│                                                                                                                      │
│ Workers: 2 of 8 serving                                                                                              │
│   Worker 1: [serving C12] 4.9 ms, served 200               Worker 2: idle 100 ms, served 201                         │
│   Worker 3: idle 100 ms, served 202                        Worker 4: idle 100 ms, served 203                         │
│   Worker 5: idle 100 ms, served 204                        Worker 6: [serving C13] 20 us, served 187                 │
│   Worker 7: idle 100 ms, served 206                        Worker 8: idle 100 ms, served 207                         │
│ Refused 0: connections 0 queue 0 age 0 descriptors 0 held 0                                                          │
│ Stages            count         mean          p50          p99                                                       │
│   accept          1,234       0.9 us       0.6 us       4.8 us                                                       │
│   enqueue         1,234       3.6 us       2.4 us        19 us                                                       │
│   queue           1,234        14 us       9.6 us        77 us                                                       │
│   receive         1,234        58 us        38 us       0.3 ms                                                       │
│   commit          1,234       0.2 ms       0.2 ms       1.2 ms                                                       │
│   reply           1,234       0.9 ms       0.6 ms       4.9 ms                                                       │
│   total           1,234       3.7 ms       2.5 ms        20 ms                                                       │
└──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
)";
  EXPECT_EQ("\n" + plain(draw(sample_view(), 120, 40)), kExpected);
}

TEST(DrawingTest, AnOverfullFrontDoorIn80By24) {
  constexpr std::string_view kExpected = R"(
MetricStream's front door (pool), up 400 d              2024-11-23T12:00:00.123Z
┌─ KERNEL SPACE ───────────────────────────────────────────────────────────────┐
│ Listen queue 127.0.0.1:8080: 4,097 of 4,096, 1,234,567 dropped               │
│ ┌─────────┐ ┌─────────┐ ┌─────────┐ ← 4,094 more wait                        │
│ │ waits   │ │ waits   │ │ waits   │ seen waiting: 4,097, 249 ms ago          │
│ │ 54115   │ │ 54116   │ │ 54117   │ waited ≥ 0 ms, p99 ≥ 1 ms                │
│ └─────────┘ └─────────┘ └─────────┘ waited ≤ 80 us, p99 ≤ 2.5 ms             │
│ Active sockets 100k: queued 100k serving 64 parked 0 sending 0 waiting 0     │
└─────┬────────────────────────────────────────────────────────────────────────┘
┌─────↓─ APPLICATION SPACE ────────────────────────────────────────────────────┐
│ Accept loop: draining 17 min, 1,234,567 accepted, 99 us each (p99 123 ms)    │
│   drains 123,456/s (1 s), 123,456/s (10 s), 123,456/s (since start)          │
│ Connection queue: OVERLOADED 100,000 of 100,000, oldest 999 ms, target 50 ms │
│   [C1000000] [C1000001] [C1000002] [C1000003] [C1000004] … 99,995 more       │
│ Workers: 64 of 64 serving; each: for how long, how many requests served      │
│    1: [serving C1000001] 999 ms, 123M   2: [serving C1000002] 999 ms, 123M   │
│    3: [serving C1000003] 999 ms, 123M   4: [serving C1000004] 999 ms, 123M   │
│    5: [serving C1000005] 999 ms, 123M   6: [serving C1000006] 999 ms, 123M   │
│    7: [serving C1000007] 999 ms, 123M  … 57 more, 57 serving                 │
│ Refused 15M: connections 1.2M queue 1M age 12M descriptors 9,999 held 4,096  │
│ Stages     accept  enqueue    queue  receive   commit    reply    total      │
│   p50      123 ms   123 ms   123 ms   123 ms   123 ms   123 ms   123 ms      │
│   p99       119 s    119 s    119 s    119 s    119 s    119 s    119 s      │
└──────────────────────────────────────────────────────────────────────────────┘
)";
  EXPECT_EQ("\n" + plain(draw(overfull_view(), 80, 24)), kExpected);
}

TEST(DrawingTest, AnOverfullFrontDoorOf64WorkersIn120By40) {
  constexpr std::string_view kExpected = R"(
MetricStream's front door (pool), up 400 d                                                      2024-11-23T12:00:00.123Z
┌─ KERNEL SPACE ───────────────────────────────────────────────────────────────────────────────────────────────────────┐
│ Listen queue 127.0.0.1:8080: 4,097 of 4,096, 1,234,567 dropped, mean wait 10 us by Little's law                      │
│ ┌─────────┐ ┌─────────┐ ┌─────────┐ ┌─────────┐ ┌─────────┐ ┌─────────┐ ┌─────────┐ ← 4,090 more wait                │
│ │ waits   │ │ waits   │ │ waits   │ │ waits   │ │ waits   │ │ waits   │ │ waits   │ seen waiting: 4,097, 249 ms ago  │
│ │ 54115   │ │ 54116   │ │ 54117   │ │ 54118   │ │ 54119   │ │ 54120   │ │ 54121   │ waited ≥ 0 ms, p99 ≥ 1 ms        │
│ └─────────┘ └─────────┘ └─────────┘ └─────────┘ └─────────┘ └─────────┘ └─────────┘ waited ≤ 80 us, p99 ≤ 2.5 ms     │
│ Active sockets 100k: queued 100k serving 64 parked 0 sending 0 waiting 0, at most 100,064                            │
│ [C1000000:fd=100000] [C1000001:fd=100000] [C1000002:fd=100000] [C1000003:fd=100000] [C1000004:fd=100000]             │
│ [C1000005:fd=100000] [C1000006:fd=100000] [C1000007:fd=100000] [C1000008:fd=100000] … 100,055 more                   │
└─────┬────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
      │ accept() 123,456/s
┌─────↓─ APPLICATION SPACE ────────────────────────────────────────────────────────────────────────────────────────────┐
│ Accept loop: draining 17 min, 1,234,567 accepted, 99 us each (p99 123 ms)                                            │
│   drains 123,456/s (1 s), 123,456/s (10 s), 123,456/s (since start); finds 4,096 waiting, at most 4,097              │
│ Connection queue: OVERLOADED 100,000 of 100,000, oldest 999 ms, target 50 ms, deadline 1 s, overloaded 123,456 times │
│   [C1000000] [C1000001] [C1000002] [C1000003] [C1000004] [C1000005] [C1000006] [C1000007] [C1000008] [C1000009]      │
│   [C1000010] [C1000011] [C1000012] [C1000013] [C1000014] [C1000015] [C1000016] [C1000017] [C1000018] [C1000019]      │
│   [C1000020] [C1000021] [C1000022] [C1000023] [C1000024] [C1000025] [C1000026] [C1000027] [C1000028] … 99,971 more   │
│ Workers: 64 of 64 serving; each: for how long, how many requests served                                              │
│    1: [serving C1000001] 999 ms, 123M    2: [serving C1000002] 999 ms, 123M    3: [serving C1000003] 999 ms, 123M    │
│    4: [serving C1000004] 999 ms, 123M    5: [serving C1000005] 999 ms, 123M    6: [serving C1000006] 999 ms, 123M    │
│    7: [serving C1000007] 999 ms, 123M    8: [serving C1000008] 999 ms, 123M    9: [serving C1000009] 999 ms, 123M    │
│   10: [serving C1000010] 999 ms, 123M   11: [serving C1000011] 999 ms, 123M   12: [serving C1000012] 999 ms, 123M    │
│   13: [serving C1000013] 999 ms, 123M   14: [serving C1000014] 999 ms, 123M   15: [serving C1000015] 999 ms, 123M    │
│   16: [serving C1000016] 999 ms, 123M   17: [serving C1000017] 999 ms, 123M   18: [serving C1000018] 999 ms, 123M    │
│   19: [serving C1000019] 999 ms, 123M   20: [serving C1000020] 999 ms, 123M   21: [serving C1000021] 999 ms, 123M    │
│   22: [serving C1000022] 999 ms, 123M   23: [serving C1000023] 999 ms, 123M   24: [serving C1000024] 999 ms, 123M    │
│   25: [serving C1000025] 999 ms, 123M   26: [serving C1000026] 999 ms, 123M   27: [serving C1000027] 999 ms, 123M    │
│   28: [serving C1000028] 999 ms, 123M   29: [serving C1000029] 999 ms, 123M   … 35 more, 35 serving                  │
│ Refused 15M: connections 1.2M queue 1M age 12M descriptors 9,999 held 4,096                                          │
│ Stages            count         mean          p50          p99                                                       │
│   accept    123,456,789         10 s       123 ms        119 s                                                       │
│   enqueue   123,456,789         10 s       123 ms        119 s                                                       │
│   queue     123,456,789         10 s       123 ms        119 s                                                       │
│   receive   123,456,789         10 s       123 ms        119 s                                                       │
│   commit    123,456,789         10 s       123 ms        119 s                                                       │
│   reply     123,456,789         10 s       123 ms        119 s                                                       │
│   total     123,456,789         10 s       123 ms        119 s                                                       │
└──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
)";
  EXPECT_EQ("\n" + plain(draw(overfull_view(), 120, 40)), kExpected);
}

TEST(DrawingTest, TheInlineArchitectureHasNoConnectionQueue) {
  constexpr std::string_view kExpected = R"(
MetricStream's front door (inline), up 12 s             2024-11-23T12:00:00.123Z
┌─ KERNEL SPACE ───────────────────────────────────────────────────────────────┐
│ Listen queue 127.0.0.1:8080: 0 of 4,096, 0 dropped                           │
│ ┌ ─ ─ ─ ─ ┐ ┌ ─ ─ ─ ─ ┐ ┌ ─ ─ ─ ─ ┐ ← nobody waits                           │
│   moved       moved       moved     seen waiting: 3, 130 ms ago              │
│ │ 54129   │ │ 54130   │ │ 54131   │ waited ≥ 0 ms, p99 ≥ 1 ms                │
│ └ ─ ─ ─ ─ ┘ └ ─ ─ ─ ─ ┘ └ ─ ─ ─ ─ ┘ waited ≤ 80 us, p99 ≤ 2.5 ms             │
│ Active sockets 0: queued 0 serving 0 parked 0 sending 0 waiting 0            │
│                                                                              │
└─────┬────────────────────────────────────────────────────────────────────────┘
      │ accept() 0/s
┌─────↓─ APPLICATION SPACE ────────────────────────────────────────────────────┐
│ Accept loop: blocked 12 ms, 1,234 accepted, 6.1 us each (p99 18 us)          │
│   drains 0/s (1 s), 12.3/s (10 s), 98.7/s (since start)                      │
│ Connection queue: none, one thread accepts, serves, and accepts again        │
│                                                                              │
│                                                                              │
│ Workers: 0 of 1 serving                                                      │
│   Worker 1: idle 12 ms, served 1,234                                         │
│ Refused 0: connections 0 queue 0 age 0 descriptors 0 held 0                  │
│ Stages     accept  enqueue    queue  receive   commit    reply    total      │
│   p50      0.6 us   2.4 us   9.6 us    38 us   0.2 ms   0.6 ms   2.5 ms      │
│   p99      4.8 us    19 us    77 us   0.3 ms   1.2 ms   4.9 ms    20 ms      │
└──────────────────────────────────────────────────────────────────────────────┘
)";
  EXPECT_EQ("\n" + plain(draw(inline_view(), 80, 24)), kExpected);
}

TEST(DrawingTest, WhatIsNotKnownYetIsADash) {
  constexpr std::string_view kExpected = R"(
MetricStream's front door (pool), up 0 ms               2024-11-23T12:00:00.123Z
┌─ KERNEL SPACE ───────────────────────────────────────────────────────────────┐
│ Listen queue [::]:8080: 2 of 4,096, 0 dropped, mean wait - by Little's law   │
│ ┌─────────┐ ┌─────────┐                                                      │
│ │ waits   │ │ waits   │   [empty]   nobody was seen waiting yet              │
│ │ ?       │ │ ?       │                                                      │
│ └─────────┘ └─────────┘                                                      │
│ Active sockets 0: queued 0 serving 0 parked 0 sending 0 waiting 0, at most 0 │
│                                                                              │
└─────┬────────────────────────────────────────────────────────────────────────┘
      │ accept() -/s
┌─────↓─ APPLICATION SPACE ────────────────────────────────────────────────────┐
│ Accept loop: blocked -, 0 accepted, - each (p99 -)                           │
│   drains -/s (1 s), -/s (10 s), -/s (since start)                            │
│ Connection queue: 0 of 1,000, oldest -, target -, deadline -                 │
│                                                                              │
│                                                                              │
│ Workers: 0 of 2 serving; each: for how long, how many requests served        │
│   1: idle -, 0                         2: idle -, 0                          │
│ Refused 0: connections 0 queue 0 age 0 descriptors 0 held 0                  │
│ Stages     accept  enqueue    queue  receive   commit    reply    total      │
│   p50           -        -        -        -        -        -        -      │
│   p99           -        -        -        -        -        -        -      │
└──────────────────────────────────────────────────────────────────────────────┘
)";
  EXPECT_EQ("\n" + plain(draw(unknown_view(), 80, 24)), kExpected);
}

TEST(DrawingTest, EverySizeIsKeptAndEveryLineEndsAtTheBorder) {
  const auto is_border = [](std::string_view text) {
    constexpr std::string_view kBorders = "│┌┐└┘";
    return contains(std::string(kBorders), text);
  };
  constexpr size_t kBorderBytes = 3;
  for (const FrontDoorView& view : {sample_view(), overfull_view(), inline_view(), unknown_view(), FrontDoorView()}) {
    for (const int width : {0, 1, 79, 80, 81, 100, 137, 250}) {
      for (const int height : {0, 1, 23, 24, 25, 26, 30, 37, 70}) {
        const std::vector<std::string> lines = lines_of(plain(draw(view, width, height)));
        ASSERT_EQ(lines.size(), static_cast<size_t>(height));
        const bool is_whole = width >= kDrawingWidthMin && height >= kDrawingHeightMin;
        for (size_t i = 0; i < lines.size(); ++i) {
          ASSERT_LE(terminal::columns_of(lines[i]), width) << lines[i];
          // Line 0 is the title, and an arrow may stand alone between the boxes.
          if (!is_whole || i == 0 || contains(lines[i], "accept() ")) continue;
          ASSERT_EQ(terminal::columns_of(lines[i]), width) << lines[i];
          ASSERT_TRUE(is_border(lines[i].substr(lines[i].size() - kBorderBytes))) << lines[i];
        }
      }
    }
  }
}

TEST(DrawingTest, NothingJumpsWhenTheFrontDoorFills) {
  FrontDoorView full = overfull_view();
  full.workers.resize(8);
  const auto places = [](const FrontDoorView& view) {
    std::vector<size_t> found;
    const std::vector<std::string> lines = lines_of(plain(draw(view, 100, 36)));
    for (const std::string_view part :
         {"Listen queue", "Active sockets", "Accept loop", "Connection queue", "Workers", "Refused", "Stages"}) {
      const auto has_part = [&](const std::string& line) { return contains(line, part); };
      found.push_back(static_cast<size_t>(std::ranges::find_if(lines, has_part) - lines.begin()));
    }
    return found;
  };
  EXPECT_EQ(places(full), places(sample_view()));
}

TEST(DrawingTest, TheCellsAreOfTheListenQueueWhereMostWait) {
  FrontDoorView view = sample_view();
  view.listen_queues.push_back({.address = "[::1]:8081", .depth = 2, .limit = 128});
  const std::string small = plain(draw(view, 80, 24));
  EXPECT_TRUE(contains(small, "Listen queue [::1]:8081: 2 of 128, 0 dropped (and 1 more)")) << small;
  EXPECT_FALSE(contains(small, "127.0.0.1:8080")) << small;
  const std::string large = plain(draw(view, 80, 30));
  EXPECT_TRUE(contains(large, "Listen queue 127.0.0.1:8080: 1 of 4,096")) << large;
}

TEST(DrawingTest, WhoWaitsUnseenIsACellWithoutAPort) {
  FrontDoorView view = sample_view();
  view.listen_queues[0].depth = 20;
  const std::string drawn = plain(draw(view, 120, 24));
  EXPECT_TRUE(contains(drawn, "│   C14         C15       │ waits   │ │ waits   │ │ waits   │ │ waits   │")) << drawn;
  EXPECT_TRUE(contains(drawn, "│ │ 54129   │ │ 54130   │ │ 54131   │ │ ?       │ │ ?       │ │ ?       │")) << drawn;
  EXPECT_TRUE(contains(drawn, "← 15 more wait")) << drawn;
}

TEST(DrawingTest, ThoseSeenWaitingLongerAgoHaveMoved) {
  FrontDoorView view = sample_view();
  view.listen_queues[0].seen_age_ms = 400;
  const std::string drawn = plain(draw(view, 80, 24));
  EXPECT_TRUE(contains(drawn, "│   C14         C15         moved     seen waiting: 3, 400 ms ago")) << drawn;
  EXPECT_TRUE(contains(drawn, "← 1 waits")) << drawn;
}

TEST(DrawingTest, WhatNeedsAttentionIsRed) {
  const auto coloured = [](const FrontDoorView& view) { return draw(view, 80, 24).render(terminal::Colour::kOn); };
  constexpr std::string_view kRed = "\033[0;1;31m";
  EXPECT_FALSE(contains(coloured(inline_view()), kRed));
  const std::string overfull = coloured(overfull_view());
  for (const std::string_view part : {"OVERLOADED ", "4,097 of 4,096", "1,234,567 dropped", "15M", "[C1000000]"}) {
    EXPECT_TRUE(contains(overfull, std::string(kRed).append(part))) << part;
  }
}

TEST(DrawingTest, ASilentServerIsDrawnAsItWasLastSeen) {
  const Silence silence{.url = "http://127.0.0.1:8080/api/v1/front-door", .reason = "refused", .silent_ms = 3200};
  const std::vector<std::string> last = lines_of(plain(draw(sample_view(), 80, 24)));
  const std::vector<std::string> lines = lines_of(plain(draw_silence(silence, sample_view(), 80, 24)));
  EXPECT_EQ(lines.front(), "No answer for 3.2 s: refused");
  EXPECT_TRUE(std::equal(lines.begin() + 1, lines.end(), last.begin() + 1, last.end()));
}

TEST(DrawingTest, AServerThatNeverAnsweredIsNamed) {
  const Silence silence{.url = "http://127.0.0.1:8080/api/v1/front-door", .reason = "refused", .silent_ms = 3200};
  EXPECT_EQ(plain(draw_silence(silence, std::nullopt, 80, 3)),
            "No answer for 3.2 s: refused\n"
            "Asking http://127.0.0.1:8080/api/v1/front-door again and again; Ctrl-C ends it.\n\n");
}

}  // namespace
}  // namespace ms::watch
