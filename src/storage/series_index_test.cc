#include "storage/series_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <deque>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "storage/store_testing.h"

namespace ms::storage {
namespace {

using model::MatchOp;
using testing::ElementsAre;

std::string labels(std::string_view host) { return labels_of({{model::kMetricName, "cpu"}, {"host", host}}); }

std::vector<SeriesRef> select_host(const SeriesIndex& index, MatchOp op, std::string host) {
  const std::vector<model::Matcher> matchers{matcher("host", op, std::move(host))};
  return index.select(matchers);
}

TEST(SeriesIndexTest, ASeriesKeepsItsReferenceAndReferencesAreDense) {
  SeriesIndex index;
  EXPECT_EQ(index.find_or_create(labels("a")), 1u);
  EXPECT_EQ(index.find_or_create(labels("b")), 2u);
  EXPECT_EQ(index.find_or_create(labels("a")), 1u);
  EXPECT_EQ(index.label_bytes(2), labels("b"));
  EXPECT_EQ(index.label_bytes(3), "");
  EXPECT_TRUE(index.contains(1));
  EXPECT_FALSE(index.contains(0));
  EXPECT_FALSE(index.contains(3));
  EXPECT_EQ(index.size(), 2u);
}

TEST(SeriesIndexTest, LabelBytesStayWhereTheyAre) {
  SeriesIndex index;
  const SeriesRef ref = index.find_or_create(labels("a"));
  const std::string_view before = index.label_bytes(ref);
  for (int i = 0; i < 5000; ++i) index.find_or_create(labels(std::to_string(i)));
  EXPECT_EQ(index.label_bytes(ref).data(), before.data());
}

TEST(SeriesIndexTest, RestoredReferencesAreNotGivenToOthers) {
  SeriesIndex index;
  EXPECT_EQ(index.restore(5, labels("a")), 5u);
  EXPECT_EQ(index.restore(3, labels("b")), 3u) << "out of order, where the log has seen damage";
  index.reserve(8);
  EXPECT_EQ(index.find_or_create(labels("c")), 9u);
  EXPECT_THAT(select_host(index, MatchOp::kRegex, ".+"), ElementsAre(3, 5, 9));
}

TEST(SeriesIndexTest, WhatIsRestoredTwiceIsOneSeries) {
  SeriesIndex index;
  EXPECT_EQ(index.restore(1, labels("a")), 1u);
  EXPECT_EQ(index.restore(2, labels("a")), 1u);
  EXPECT_EQ(index.size(), 1u);
}

TEST(SeriesIndexTest, AReferenceThatIsRestoredWithOtherLabelsLeavesTheFirstSeriesAlone) {
  SeriesIndex index;
  EXPECT_EQ(index.restore(1, labels("a")), 1u);
  EXPECT_EQ(index.restore(1, labels("b")), 2u);
  EXPECT_EQ(index.label_bytes(1), labels("a"));
  EXPECT_EQ(index.find_or_create(labels("a")), 1u);
  EXPECT_THAT(select_host(index, MatchOp::kEqual, "b"), ElementsAre(2));
}

TEST(SeriesIndexTest, AtItsLimitItKnowsItsSeriesAndTakesNoOthers) {
  SeriesIndex index(2);
  EXPECT_EQ(index.find_or_create(labels("a")), 1u);
  EXPECT_EQ(index.find_or_create(labels("b")), 2u);
  EXPECT_EQ(index.find_or_create(labels("c")), kNoSeries);
  EXPECT_EQ(index.find_or_create(labels("a")), 1u);
  EXPECT_EQ(index.restore(3, labels("c")), 3u) << "what the log has is kept";
  EXPECT_EQ(index.size(), 3u);
}

// Round after round all threads meet at the last place.
TEST(SeriesIndexTest, TheLimitIsExactWhereThreadsMeet) {
  constexpr int kThreads = 4;
  constexpr size_t kRounds = 2000;
  std::deque<SeriesIndex> indexes;
  for (size_t round = 0; round < kRounds; ++round) indexes.emplace_back(1);
  std::atomic<uint64_t> given = 0;
  std::barrier meeting(kThreads);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, mine = labels(std::to_string(thread))] {
      for (SeriesIndex& index : indexes) {
        meeting.arrive_and_wait();
        if (index.find_or_create(mine) != kNoSeries) ++given;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(given, kRounds);
}

TEST(SeriesIndexTest, SelectionsAgreeWithLookingAtEachSeries) {
  constexpr MatchOp kOps[] = {MatchOp::kEqual, MatchOp::kNotEqual, MatchOp::kRegex, MatchOp::kNotRegex};
  const std::vector<std::string> values{"", "a", "b", "ab"};
  const std::vector<std::string> regexes{"", "a", "a.*", ".*", ".+", "a|b", "|a"};
  const std::vector<std::string> names{"x", "y", "z", "absent"};
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    SeriesIndex index;
    std::vector<std::string> all{""};
    for (int i = 0; i < 60; ++i) {
      std::vector<model::Label> set{{model::kMetricName, "m"}};
      for (size_t n = 0; n < 3; ++n) set.push_back({names[n], values[random() % values.size()]});
      const std::string label_bytes = labels_of(set);
      if (index.find_or_create(label_bytes) == all.size()) all.push_back(label_bytes);
    }
    for (int query = 0; query < 50; ++query) {
      std::vector<model::Matcher> matchers;
      for (size_t count = random() % 4; count > 0; --count) {
        const MatchOp op = kOps[random() % 4];
        const auto& pool = op == MatchOp::kEqual || op == MatchOp::kNotEqual ? values : regexes;
        matchers.push_back(matcher(names[random() % names.size()], op, pool[random() % pool.size()]));
      }
      std::vector<SeriesRef> expected;
      for (SeriesRef ref = 1; ref < all.size(); ++ref) {
        const bool is_match = std::ranges::all_of(
            matchers, [&](const auto& m) { return m.matches(model::find_label(all[ref], m.name())); });
        if (is_match) expected.push_back(ref);
      }
      ASSERT_EQ(index.select(matchers), expected);
    }
  }
}

TEST(SeriesIndexTest, ThreadsThatMeetANewSeriesAgreeOnItsReference) {
  SeriesIndex index;
  std::vector<std::vector<SeriesRef>> refs(4);
  std::vector<std::thread> threads;
  for (auto& mine : refs) {
    threads.emplace_back([&index, &mine] {
      for (int i = 0; i < 500; ++i) mine.push_back(index.find_or_create(labels(std::to_string(i))));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : refs) EXPECT_EQ(mine, refs[0]);
  EXPECT_EQ(index.size(), 500u);
}

}  // namespace
}  // namespace ms::storage
