// Head: the samples in memory, a pair of columns for each series.
//
// Samples that come in order are appended. One that is older than the series' newest goes into a list aside, merged
// into the columns when that has grown to a quarter of them, so that a backfill costs a merge now and then and not a
// move for each sample. The second of two samples at one timestamp replaces the first, in the order of append().
//
// Thread-safe: one lock, held for 1,024 samples of a write (and where it is due the merge of one series), or for the
// copy of one series' range. So a query over long ranges delays commits by as long as it takes to copy one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "storage/wal_entries.h"

namespace ms::storage {

class Head {
 public:
  // Samples as columns, oldest first.
  struct Columns {
    std::vector<int64_t> timestamps_ms;
    std::vector<double> values;
  };

  // Takes samples in the order of the log. The three are equally long.
  void append(std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms, std::span<const double> values);

  // The samples of a series in [min_ms, max_ms]; nothing where they are more than `samples_max`.
  std::optional<Columns> copy(SeriesRef ref, int64_t min_ms, int64_t max_ms, uint64_t samples_max) const;

 private:
  struct Late {
    int64_t timestamp_ms;
    double value;
  };
  struct Series {
    Columns columns;
    std::vector<Late> late;  // all older than the columns' newest, in the order in which they came
  };

  static void append_one(Series& series, int64_t timestamp_ms, double value);
  // Where in the columns [min_ms, max_ms] lies: the first index and the one behind the last.
  static std::pair<size_t, size_t> find_range(const Columns& columns, int64_t min_ms, int64_t max_ms);
  // The columns with the late samples merged in, between two timestamps.
  static Columns merge(const Series& series, int64_t min_ms, int64_t max_ms);

  mutable Mutex mutex_;
  std::vector<Series> series_ MS_GUARDED_BY(mutex_);  // by reference
};

}  // namespace ms::storage
