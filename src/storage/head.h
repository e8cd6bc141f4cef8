// Head: the samples in memory, a body and a short tail for each series.
//
//     [body][tail: the newest samples][newest]     oldest first; late samples aside
//
// Samples that come in order are appended to the tail, which lies beside the count of its samples in two adjacent cache
// lines, and moved to the body six at a time: a sample of a series that was not touched for long costs one miss and not
// three. One that is older than the series' newest goes into a list aside, merged into the body when that has grown to
// a quarter of it, so that a backfill costs a merge now and then and not a move for each sample. The second of two
// samples at one timestamp replaces the first, in the order of append().
//
// A body grows by blocks of one size and is never moved: series that are scraped together are equally long, and if each
// were one array, all of them would double in the same second, while every write waits.
//
// Thread-safe: one lock, held for 1,024 samples of a write (and where it is due the merge of one series), or for the
// copy of one series' range. So a query over long ranges delays commits by as long as it takes to copy one of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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
  struct Sample {
    int64_t timestamp_ms;
    double value;
  };
  using Ranges = std::vector<std::span<const Sample>>;  // each older than the next
  static constexpr size_t kBlockSamples = 32;
  using Block = std::array<Sample, kBlockSamples>;
  // What does not fit the tail.
  struct Body {
    void append(std::span<const Sample> samples);
    // Those in [min_ms, max_ms], but for what is late.
    Ranges find_ranges(int64_t min_ms, int64_t max_ms) const;
    std::span<const Sample> block(size_t index) const;

    Sample* end = nullptr;  // where the next sample goes, unless its block is full
    size_t count = 0;
    std::vector<std::unique_ptr<Block>> blocks;  // full ones but for the last; all older than the tail
    std::vector<Sample> late;                    // all older than the tail's newest, in the order in which they came
  };
  // A series that has a sample has one in its tail: its newest.
  struct alignas(128) Series {
    static constexpr uint32_t kTailMax = 7;

    const Sample& newest() const { return tail[tail_size - 1]; }
    bool is_full() const { return tail_size == kTailMax; }

    uint32_t tail_size = 0;
    std::unique_ptr<Body> body;
    std::array<Sample, kTailMax> tail;
  };
  static_assert(sizeof(Series) == 128);
  static constexpr size_t kSeriesPerPage = 1024;
  using Page = std::array<Series, kSeriesPerPage>;

  Series& series(SeriesRef ref) MS_REQUIRES(mutex_) { return (*pages_[ref / kSeriesPerPage])[ref % kSeriesPerPage]; }
  void add_pages(SeriesRef highest) MS_REQUIRES(mutex_);
  static void append_one(Series& series, int64_t timestamp_ms, double value);
  static void append_late(Series& series, Sample sample);
  // Fetches what append_one() will touch of series that come later in a write.
  void prefetch(std::span<const SeriesRef> refs, size_t at) MS_REQUIRES(mutex_);
  // Moves the tail into the body, all but the newest.
  static void spill(Series& series);
  // Those in [min_ms, max_ms].
  static std::span<const Sample> find_range(std::span<const Sample> samples, int64_t min_ms, int64_t max_ms);
  static size_t count_samples(const Ranges& ranges);
  static std::vector<Sample> join(const Ranges& ranges);
  std::optional<std::vector<Sample>> copy_samples(SeriesRef ref, int64_t min_ms, int64_t max_ms,
                                                  uint64_t samples_max) const;
  static std::vector<Sample> copy_late(const Series& series, int64_t min_ms, int64_t max_ms);
  static std::vector<Sample> merge(std::span<const Sample> samples, std::vector<Sample> late);

  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Page>> pages_ MS_GUARDED_BY(mutex_);  // series by reference; they stay where they are
};

}  // namespace ms::storage
