// What holds for every batch that a parser hands on, whatever the bytes: the fuzz targets of all parsers check it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "model/labels.h"
#include "model/write_batch.h"

namespace ms::wire {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

inline void check_batch(const model::WriteBatch& batch, const model::ParseContext& context) {
  require(batch.decode_labels != nullptr, "a batch has a label decoder");
  require(batch.timestamps_ms.size() == batch.values.size(), "the columns are as long as each other");
  require(batch.rejections.told.size() <= model::Rejections::kToldMax, "few rejections are told");
  require(batch.rejections.told.size() <= batch.rejections.count, "each rejection told is counted");
  for (const model::Rejection& rejection : batch.rejections.told) {
    require(!rejection.reason.empty() && model::is_utf8(rejection.reason), "a rejection has a reason, in UTF-8");
  }
  for (const int64_t timestamp_ms : batch.timestamps_ms) {
    require(timestamp_ms <= context.timestamp_ms_max, "no sample is later than the limit");
  }
  uint32_t sample = 0;
  int64_t index = -1;
  for (const model::SeriesSlice& slice : batch.series) {
    require(slice.labels_offset <= batch.bytes.size() && slice.labels_bytes <= batch.bytes.size() - slice.labels_offset,
            "labels lie within the bytes");
    require(slice.sample_begin == sample && slice.sample_end > sample,
            "series own the samples in turn, each at least one");
    require(slice.index > index, "series come in the order of the request");
    sample = slice.sample_end;
    index = slice.index;
    if (const auto label_bytes = batch.decode_labels(batch.raw_labels(slice))) {
      require(model::are_label_bytes(*label_bytes), "decoded labels are label bytes");
    } else {
      require(model::is_utf8(label_bytes.error().message), "a reason is UTF-8");
    }
  }
  require(sample == batch.values.size(), "each sample belongs to a series");
}

// Whether two batches say the same, in the same bytes.
inline bool are_equal(const model::WriteBatch& a, const model::WriteBatch& b) {
  const auto is_same_series = [&](const model::SeriesSlice& x, const model::SeriesSlice& y) {
    return a.raw_labels(x) == b.raw_labels(y) && x.sample_begin == y.sample_begin && x.sample_end == y.sample_end &&
           x.index == y.index;
  };
  const auto is_same_value = [](double x, double y) {
    return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
  };
  return a.decode_labels == b.decode_labels && std::ranges::equal(a.series, b.series, is_same_series) &&
         a.timestamps_ms == b.timestamps_ms && std::ranges::equal(a.values, b.values, is_same_value) &&
         a.metadata == b.metadata && a.rejections.count == b.rejections.count;
}

}  // namespace ms::wire
