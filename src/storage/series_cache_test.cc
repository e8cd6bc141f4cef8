#include "storage/series_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

namespace ms::storage {
namespace {

Result<std::string> decode_one_way(std::string_view raw) { return std::string(raw); }
Result<std::string> decode_another_way(std::string_view raw) { return "other " + std::string(raw); }

model::WriteBatch batch_of(const std::vector<std::string>& keys, model::LabelDecoder decoder = decode_one_way) {
  model::WriteBatch batch{.decode_labels = decoder};
  for (const std::string& key : keys) {
    batch.series.push_back({.labels_offset = static_cast<uint32_t>(batch.bytes.size()),
                            .labels_bytes = static_cast<uint32_t>(key.size())});
    batch.bytes += key;
  }
  return batch;
}

std::vector<SeriesRef> find(const SeriesCache& cache, const model::WriteBatch& batch) {
  std::vector<SeriesRef> refs(batch.series.size(), 77);
  cache.find(batch, refs);
  return refs;
}

void insert(SeriesCache& cache, const model::WriteBatch& batch, const std::vector<SeriesRef>& refs) {
  std::vector<uint32_t> all(refs.size());
  std::iota(all.begin(), all.end(), 0);
  cache.insert(batch, refs, all);
}

TEST(SeriesCacheTest, FindsWhatWasInsertedAndNothingElse) {
  SeriesCache cache(16u << 20);
  EXPECT_THAT(find(cache, batch_of({"a"})), testing::ElementsAre(kNoSeries));
  const model::WriteBatch batch = batch_of({"a", "b", "", "c"});
  cache.insert(batch, std::vector<SeriesRef>{1, 2, 3, 4}, std::vector<uint32_t>{0, 2, 3});
  EXPECT_THAT(find(cache, batch), testing::ElementsAre(1, kNoSeries, 3, 4));
}

TEST(SeriesCacheTest, TheSameBytesUnderAnotherDecoderAreAnotherKey) {
  SeriesCache cache(16u << 20);
  insert(cache, batch_of({"a"}, decode_one_way), {1});
  EXPECT_THAT(find(cache, batch_of({"a"}, decode_another_way)), testing::ElementsAre(kNoSeries));
  insert(cache, batch_of({"a"}, decode_another_way), {2});
  EXPECT_THAT(find(cache, batch_of({"a"}, decode_one_way)), testing::ElementsAre(1));
  EXPECT_THAT(find(cache, batch_of({"a"}, decode_another_way)), testing::ElementsAre(2));
}

TEST(SeriesCacheTest, ManyKeysAreFoundInOneBatch) {
  SeriesCache cache(64u << 20);
  std::vector<std::string> keys;
  std::vector<SeriesRef> refs;
  for (SeriesRef i = 1; i <= 20'000; ++i) {
    keys.push_back("key " + std::to_string(i) + std::string(i % 200, 'x'));
    refs.push_back(i);
  }
  const model::WriteBatch batch = batch_of(keys);
  insert(cache, batch, refs);
  EXPECT_EQ(find(cache, batch), refs);
}

TEST(SeriesCacheTest, StaysWithinItsBytesAndForgetsTheOldestFirst) {
  constexpr size_t kBytesMax = 2u << 20;
  SeriesCache cache(kBytesMax);
  const auto key = [](SeriesRef ref) { return "key " + std::to_string(ref) + std::string(100, 'x'); };
  constexpr SeriesRef kKeys = 50'000;
  for (SeriesRef ref = 1; ref <= kKeys; ++ref) {
    insert(cache, batch_of({key(ref)}), {ref});
    ASSERT_LE(cache.bytes(), kBytesMax) << "after " << ref << " keys";
    ASSERT_THAT(find(cache, batch_of({key(ref)})), testing::ElementsAre(ref));
  }
  EXPECT_THAT(find(cache, batch_of({key(1)})), testing::ElementsAre(kNoSeries));
  SeriesRef oldest = kKeys;
  while (find(cache, batch_of({key(oldest - 1)}))[0] == oldest - 1) --oldest;
  EXPECT_GT(kKeys - oldest, 3000u) << "the generation before the last is still known";
  for (SeriesRef ref = 1; ref < oldest; ++ref) ASSERT_EQ(find(cache, batch_of({key(ref)}))[0], kNoSeries);
}

TEST(SeriesCacheTest, AKeyLargerThanTheCacheIsFineToo) {
  SeriesCache cache(1u << 20);
  const std::string large(2u << 20, 'x');
  insert(cache, batch_of({"a", large, "b"}), {1, 2, 3});
  EXPECT_THAT(find(cache, batch_of({"b"})), testing::ElementsAre(3));
}

}  // namespace
}  // namespace ms::storage
