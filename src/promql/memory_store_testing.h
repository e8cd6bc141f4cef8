// A store of a few series in memory, for the tests of what reads from a store.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "storage/store.h"

namespace ms::storage {

class MemoryStore : public Store {
 public:
  // Samples are {timestamp in ms, value}, oldest first.
  void add(std::vector<model::Label> labels, const std::vector<std::pair<int64_t, double>>& samples) {
    SeriesSamples series;
    series.label_bytes = *model::encode_labels(labels);
    for (const auto& [timestamp_ms, value] : samples) {
      series.timestamps_ms.push_back(timestamp_ms);
      series.values.push_back(value);
    }
    series_.push_back(std::move(series));
  }

  void set_damaged_places(uint64_t count) { damaged_places_ = count; }

  Result<std::vector<SeriesSamples>> select(std::span<const model::Matcher> matchers, int64_t min_ms, int64_t max_ms,
                                            uint64_t samples_max) const override {
    std::vector<SeriesSamples> selected;
    uint64_t samples = 0;
    for (const SeriesSamples& series : series_) {
      const auto matches = [&series](const model::Matcher& matcher) {
        return matcher.matches(model::find_label(series.label_bytes, matcher.name()));
      };
      if (!std::ranges::all_of(matchers, matches)) continue;
      SeriesSamples within = clip(series, min_ms, max_ms);
      samples += within.values.size();
      if (samples > samples_max) return fail(ErrorCode::kTooLarge, "too many samples");
      if (!within.values.empty()) selected.push_back(std::move(within));
    }
    return selected;
  }

  void write(model::WriteBatch, WriteCallback on_done) override { on_done({}); }
  std::vector<model::Metadata> metadata() const override { return {}; }
  void set_limits(const storage::StoreLimits&) override {}
  void close() override {}
  Health health() const override {
    Health health;
    health.damaged_places = damaged_places_;
    return health;
  }
  Stats stats() const override { return {}; }

 private:
  static SeriesSamples clip(const SeriesSamples& series, int64_t min_ms, int64_t max_ms) {
    SeriesSamples clipped{series.label_bytes, {}, {}};
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (series.timestamps_ms[i] < min_ms || series.timestamps_ms[i] > max_ms) continue;
      clipped.timestamps_ms.push_back(series.timestamps_ms[i]);
      clipped.values.push_back(series.values[i]);
    }
    return clipped;
  }

  std::vector<SeriesSamples> series_;
  uint64_t damaged_places_ = 0;
};

}  // namespace ms::storage
