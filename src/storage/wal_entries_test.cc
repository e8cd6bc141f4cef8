#include "storage/wal_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "storage/entry_recorder_testing.h"

namespace ms::storage {
namespace {

using Sample = EntryRecorder::Sample;

const std::string kLabels = [] {
  std::vector<model::Label> labels{{"__name__", "cpu"}, {"host", "a"}};
  return model::encode_labels(labels).value();
}();

TEST(WalEntriesTest, EveryKindComesBackInOrder) {
  const model::Metadata metadata{"cpu", model::MetricType::kCounter, "Time.", "seconds"};
  std::string entries;
  append_series_entry(entries, 3, kLabels);
  append_samples_entry(entries, std::vector<SeriesRef>{3, 1}, std::vector<int64_t>{10, -5}, std::vector<double>{1, 2});
  append_metadata_entry(entries, metadata);
  EntryRecorder recorder;
  ASSERT_TRUE(decode_entries(entries, recorder));
  EXPECT_THAT(recorder.series, testing::ElementsAre(std::pair(SeriesRef{3}, kLabels)));
  EXPECT_THAT(recorder.samples,
              testing::ElementsAre(Sample{3, 10, 0x3ff0000000000000}, Sample{1, -5, 0x4000000000000000}));
  EXPECT_THAT(recorder.metadata, testing::ElementsAre(metadata));
}

TEST(WalEntriesTest, RandomColumnsComeBackBitForBit) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    std::vector<SeriesRef> refs;
    std::vector<int64_t> timestamps_ms{std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
    std::vector<double> values;
    std::vector<Sample> expected;
    const size_t count = seed == 1 ? kSamplesPerEntryMax : 2 + random() % 500;
    for (size_t i = 0; i < count; ++i) {
      if (i >= 2) timestamps_ms.push_back(static_cast<int64_t>(random()));
      refs.push_back(i == 0 ? std::numeric_limits<SeriesRef>::max() - 1
                            : static_cast<SeriesRef>(1 + random() % 0xfffffffe));
      values.push_back(std::bit_cast<double>(random()));
      expected.push_back({refs[i], timestamps_ms[i], std::bit_cast<uint64_t>(values[i])});
    }
    std::string entries;
    append_samples_entry(entries, refs, timestamps_ms, values);
    EntryRecorder recorder;
    ASSERT_TRUE(decode_entries(entries, recorder));
    EXPECT_EQ(recorder.samples, expected);
  }
}

TEST(WalEntriesTest, WhatIsCutOffDoesNotDecodeAndWhatIsBeforeIsTold) {
  std::string entries;
  append_series_entry(entries, 1, kLabels);
  const size_t first = entries.size();
  append_samples_entry(entries, std::vector<SeriesRef>{1, 1}, std::vector<int64_t>{10, 20}, std::vector<double>{1, 2});
  const size_t second = entries.size();
  append_metadata_entry(entries, {"cpu", model::MetricType::kGauge, "help", "unit"});
  for (size_t size = 0; size < entries.size(); ++size) {
    EntryRecorder recorder;
    const auto decoded = decode_entries(std::string_view(entries).substr(0, size), recorder);
    EXPECT_EQ(decoded.has_value(), size == 0 || size == first || size == second) << size;
    EXPECT_EQ(recorder.series.size(), size >= first ? 1u : 0u) << size;
    EXPECT_EQ(recorder.samples.size(), size >= second ? 2u : 0u) << size;
  }
}

TEST(WalEntriesTest, WhatIsNotAnEntryIsRefusedWithItsPlace) {
  const auto varints = [](std::initializer_list<uint64_t> values) {
    std::string bytes;
    for (const uint64_t value : values) put_varint(bytes, value);
    return bytes;
  };
  const struct {
    const char* name;
    std::string bytes;
  } cases[] = {
      {"kind 0", std::string(1, '\0')},
      {"an unknown kind", "\x04"},
      {"series 0", "\x01" + varints({0, kLabels.size()}) + kLabels},
      {"a series beyond 32 bits", "\x01" + varints({uint64_t{1} << 32, kLabels.size()}) + kLabels},
      {"labels that are none", "\x01" + varints({1, 3}) + "abc"},
      {"labels shorter than they say", "\x01" + varints({1, 1000}) + kLabels},
      {"no samples", "\x02" + varints({0})},
      {"more samples than an entry holds", "\x02" + varints({kSamplesPerEntryMax + 1}) + std::string(200'000, '\2')},
      {"more samples than there are bytes", "\x02" + varints({1000, 2, 2})},
      {"a sample of series 0", "\x02" + varints({1, 0, 2}) + std::string(8, '\0')},
      {"a sample of series -1", "\x02" + varints({1, 1, 2}) + std::string(8, '\0')},
      {"a varint that does not end", "\x02" + std::string(11, '\xff')},
      {"metadata larger than it says", "\x03" + varints({uint64_t{1} << 60}) + "cpu"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    std::string entries;
    append_series_entry(entries, 1, kLabels);
    const size_t begin = entries.size();
    EntryRecorder recorder;
    const auto decoded = decode_entries(entries + c.bytes, recorder);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(decoded.error().message, "entry at byte " + std::to_string(begin) + " of the commit does not decode");
    EXPECT_EQ(recorder.series.size(), 1u);
    EXPECT_THAT(recorder.samples, testing::IsEmpty());
  }
}

}  // namespace
}  // namespace ms::storage
