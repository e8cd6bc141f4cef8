#include "storage/series_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <deque>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "storage/store_testing.h"

namespace ms::storage {
namespace {

using model::MatchOp;
using testing::ElementsAre;

std::string labels(std::string_view host) { return labels_of({{model::kMetricName, "cpu"}, {"host", host}}); }

SeriesRef find_or_create(SeriesIndex& index, const std::string& label_bytes) {
  SeriesRef ref = kNoSeries;
  index.find_or_create(std::span(&label_bytes, 1), std::span(&ref, 1));
  return ref;
}

std::vector<SeriesRef> select_host(const SeriesIndex& index, MatchOp op, std::string host) {
  const std::vector<model::Matcher> matchers{matcher("host", op, std::move(host))};
  return index.select(matchers);
}

TEST(SeriesIndexTest, ASeriesKeepsItsReferenceAndReferencesAreDense) {
  SeriesIndex index;
  EXPECT_EQ(find_or_create(index, labels("a")), 1u);
  EXPECT_EQ(find_or_create(index, labels("b")), 2u);
  EXPECT_EQ(find_or_create(index, labels("a")), 1u);
  EXPECT_EQ(index.label_bytes(2), labels("b"));
  EXPECT_EQ(index.label_bytes(3), "");
  EXPECT_TRUE(index.contains(1));
  EXPECT_FALSE(index.contains(0));
  EXPECT_FALSE(index.contains(3));
  EXPECT_EQ(index.size(), 2u);
}

TEST(SeriesIndexTest, LabelBytesStayWhereTheyAre) {
  SeriesIndex index;
  const SeriesRef ref = find_or_create(index, labels("a"));
  const std::string_view before = index.label_bytes(ref);
  for (int i = 0; i < 5000; ++i) find_or_create(index, labels(std::to_string(i)));
  EXPECT_EQ(index.label_bytes(ref).data(), before.data());
}

TEST(SeriesIndexTest, RestoredReferencesAreNotGivenToOthers) {
  SeriesIndex index;
  EXPECT_EQ(index.restore(5, labels("a")), 5u);
  EXPECT_EQ(index.restore(3, labels("b")), 3u) << "out of order, where the log has seen damage";
  index.reserve(8);
  EXPECT_EQ(find_or_create(index, labels("c")), 9u);
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
  EXPECT_EQ(find_or_create(index, labels("a")), 1u);
  EXPECT_THAT(select_host(index, MatchOp::kEqual, "b"), ElementsAre(2));
}

TEST(SeriesIndexTest, AtItsLimitItKnowsItsSeriesAndTakesNoOthers) {
  SeriesIndex index(2);
  EXPECT_EQ(find_or_create(index, labels("a")), 1u);
  EXPECT_EQ(find_or_create(index, labels("b")), 2u);
  EXPECT_EQ(find_or_create(index, labels("c")), kNoSeries);
  EXPECT_EQ(find_or_create(index, labels("a")), 1u);
  EXPECT_EQ(index.restore(3, labels("c")), 3u) << "what the log has is kept";
  EXPECT_EQ(index.size(), 3u);
}

TEST(SeriesIndexTest, ABatchMayNameASeriesTwiceAndMeetTheLimitInItsMiddle) {
  SeriesIndex index(200);
  std::vector<std::string> batch;
  for (int i = 0; i < 150; ++i) batch.insert(batch.end(), 2, labels(std::to_string(i)));
  std::vector<SeriesRef> refs(batch.size());
  index.find_or_create(batch, refs);
  for (size_t i = 0; i < refs.size(); ++i) EXPECT_EQ(refs[i], 1 + i / 2);

  batch.clear();
  for (int i = 149; i < 250; ++i) batch.push_back(labels(std::to_string(i)));
  refs.assign(batch.size(), 0);
  index.find_or_create(batch, refs);
  for (size_t i = 0; i < refs.size(); ++i) EXPECT_EQ(refs[i], i <= 50 ? 150 + i : kNoSeries);
  EXPECT_EQ(index.size(), 200u);
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
        if (find_or_create(index, mine) != kNoSeries) ++given;
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
      if (find_or_create(index, label_bytes) == all.size()) all.push_back(label_bytes);
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
      for (int i = 0; i < 500; ++i) mine.push_back(find_or_create(index, labels(std::to_string(i))));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : refs) EXPECT_EQ(mine, refs[0]);
  EXPECT_EQ(index.size(), 500u);
}

}  // namespace
}  // namespace ms::storage
