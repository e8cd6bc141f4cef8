#include "storage/head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <map>
#include <random>
#include <vector>

namespace ms::storage {
namespace {

Head::Columns copy(const Head& head, SeriesRef ref, int64_t min_ms, int64_t max_ms) {
  return head.copy(ref, min_ms, max_ms, std::numeric_limits<uint64_t>::max()).value();
}

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

using Model = std::map<int64_t, uint64_t>;  // values as bits

Model as_model(const Head::Columns& columns) {
  Model samples;
  for (size_t i = 0; i < columns.values.size(); ++i) {
    EXPECT_TRUE(i == 0 || columns.timestamps_ms[i - 1] < columns.timestamps_ms[i]);
    samples[columns.timestamps_ms[i]] = std::bit_cast<uint64_t>(columns.values[i]);
  }
  return samples;
}

void append(Head& head, SeriesRef ref, int64_t timestamp_ms, double value) {
  head.append(std::vector{ref}, std::vector{timestamp_ms}, std::vector{value});
}

TEST(HeadTest, ASeriesThatIsNotThereHasNoSamples) {
  Head head;
  EXPECT_TRUE(copy(head, 1, kMin, kMax).values.empty());
  append(head, 5, 1, 1);
  EXPECT_TRUE(copy(head, 4, kMin, kMax).values.empty());
  EXPECT_TRUE(copy(head, 6, kMin, kMax).values.empty());
}

TEST(HeadTest, TheSecondSampleAtATimestampReplacesTheFirst) {
  Head head;
  for (const double value : {1.0, 2.0}) {
    for (const int64_t timestamp_ms : {30, 10, 20}) append(head, 1, timestamp_ms, value);
  }
  EXPECT_THAT(copy(head, 1, kMin, kMax).timestamps_ms, testing::ElementsAre(10, 20, 30));
  EXPECT_THAT(copy(head, 1, kMin, kMax).values, testing::Each(2.0));
}

TEST(HeadTest, ARangeHasBothItsEnds) {
  Head head;
  for (const int64_t timestamp_ms : {10, 20, 40, 30}) append(head, 1, timestamp_ms, 1);
  EXPECT_THAT(copy(head, 1, 20, 30).timestamps_ms, testing::ElementsAre(20, 30));
  EXPECT_THAT(copy(head, 1, 30, 20).timestamps_ms, testing::IsEmpty());
  EXPECT_THAT(copy(head, 1, 41, kMax).timestamps_ms, testing::IsEmpty());
}

class HeadModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(HeadModelTest, RandomSamplesAgreeWithAMap) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  std::mt19937_64 random(GetParam());
  Head head;
  std::map<SeriesRef, Model> model;
  int64_t now_ms = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<SeriesRef> refs;
    std::vector<int64_t> timestamps_ms;
    std::vector<double> values;
    for (size_t count = random() % 60; count > 0; --count) {
      refs.push_back(static_cast<SeriesRef>(1 + random() % 4));
      now_ms += static_cast<int64_t>(random() % 3);
      // Mostly in order; each fourth anywhere before.
      timestamps_ms.push_back(random() % 4 != 0 ? now_ms : static_cast<int64_t>(random() % (now_ms + 1)) - 50);
      values.push_back(std::bit_cast<double>(random()));
      model[refs.back()][timestamps_ms.back()] = std::bit_cast<uint64_t>(values.back());
    }
    head.append(refs, timestamps_ms, values);
    const auto ref = static_cast<SeriesRef>(1 + random() % 4);
    const int64_t min_ms = static_cast<int64_t>(random() % (now_ms + 1)) - 20;
    const int64_t max_ms = min_ms + static_cast<int64_t>(random() % 300);
    const Model expected(model[ref].lower_bound(min_ms), model[ref].upper_bound(max_ms));
    ASSERT_EQ(as_model(copy(head, ref, min_ms, max_ms)), expected);
  }
  for (const auto& [ref, samples] : model) EXPECT_EQ(as_model(copy(head, ref, kMin, kMax)), samples);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HeadModelTest, testing::Range<uint64_t>(1, 9));

TEST(HeadTest, MoreSamplesThanAskedForAreNotCopied) {
  Head head;
  const std::vector<SeriesRef> refs = {1, 1, 1};
  head.append(refs, std::vector<int64_t>{10, 20, 15}, std::vector<double>{1, 2, 3});
  EXPECT_EQ(head.copy(1, 0, 30, 3)->timestamps_ms, (std::vector<int64_t>{10, 15, 20}));
  EXPECT_FALSE(head.copy(1, 0, 30, 2));
  EXPECT_TRUE(head.copy(1, 16, 30, 2));
}

}  // namespace
}  // namespace ms::storage
