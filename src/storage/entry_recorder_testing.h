// EntryRecorder: remembers the entries that it is told of. For tests.
#pragma once

#include <bit>
#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "storage/wal_entries.h"

namespace ms::storage {

class EntryRecorder final : public EntryVisitor {
 public:
  struct Sample {
    SeriesRef ref = kNoSeries;
    int64_t timestamp_ms = 0;
    uint64_t value_bits = 0;

    bool operator==(const Sample&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const Sample& sample) {
      return out << sample.ref << '@' << sample.timestamp_ms << '=' << std::bit_cast<double>(sample.value_bits);
    }
  };

  void on_series(SeriesRef ref, std::string_view label_bytes) override { series.emplace_back(ref, label_bytes); }
  void on_samples(std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms,
                  std::span<const double> values) override {
    for (size_t i = 0; i < refs.size(); ++i) {
      samples.push_back({refs[i], timestamps_ms[i], std::bit_cast<uint64_t>(values[i])});
    }
  }
  void on_metadata(const model::Metadata& said) override { metadata.push_back(said); }

  std::vector<std::pair<SeriesRef, std::string>> series;
  std::vector<Sample> samples;
  std::vector<model::Metadata> metadata;
};

}  // namespace ms::storage
