// SeriesIndex: every series by its label bytes and by its labels.
//
// A series gets its reference here once, and keeps it; its label bytes stay where they are for the index's life.
// Postings, the references of the series that have a label, ascend, since references are given in ascending order.
//
// A reference is given before the series is in the log, on the thread that prepares a write, and never taken back:
// where that write is refused after all (the write queue is full, the write waited too long, there is no next segment),
// others under way may hold the reference already. So such a series counts, toward the limit too, until a restart,
// which knows none but those in the log. Mostly the write is sent again and needs the place.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/rw_mutex.h"
#include "model/matcher.h"
#include "storage/wal_entries.h"

namespace ms::storage {

class SeriesIndex {
 public:
  // `series_max`: how many series there may be, 0 for no limit; what a replay restores is kept beyond it.
  explicit SeriesIndex(uint64_t series_max = 0) : series_max_(series_max) {}

  // refs[i] becomes the reference of label_bytes[i], a new one where they are new; kNoSeries where they are new and the
  // limit is reached. The two are equally long. New ones take the writer's lock 64 at a time: with one lock for each,
  // senders of many new series and the commit thread would wake each other for every one of them.
  void find_or_create(std::span<const std::string> label_bytes, std::span<SeriesRef> refs);

  // For a replay: these label bytes have this reference. Answers the one they are known by, which differs where they
  // have one already, or the reference has others. References below `ref` that are not known are never given to another
  // series.
  SeriesRef restore(SeriesRef ref, std::string_view label_bytes);
  // For a replay: `ref` stands in the log, its labels were lost. It is never given to another series.
  void reserve(SeriesRef ref);

  // Whether label bytes are known by this reference.
  bool contains(SeriesRef ref) const;
  // Valid as long as the index; empty for a reference without a series.
  std::string_view label_bytes(SeriesRef ref) const;
  // The same of each, appended to `out`.
  void label_bytes(std::span<const SeriesRef> refs, std::vector<std::string_view>& out) const;

  // The series that all `matchers` match, ascending.
  std::vector<SeriesRef> select(std::span<const model::Matcher> matchers) const;

  uint64_t size() const;
  uint64_t series_max() const { return series_max_.load(std::memory_order_relaxed); }
  void set_series_max(uint64_t series_max) { series_max_.store(series_max, std::memory_order_relaxed); }

 private:
  using Postings = std::vector<SeriesRef>;
  struct StringHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
  };
  template <class Key, class Value>
  using Map = boost::unordered_flat_map<Key, Value, StringHash, std::equal_to<>>;
  using Values = Map<std::string, Postings>;  // of one label name

  bool is_full() const MS_REQUIRES_SHARED(mutex_) {
    const uint64_t most = series_max();
    return most != 0 && by_labels_.size() >= most;
  }
  SeriesRef find(std::string_view label_bytes) const MS_REQUIRES_SHARED(mutex_);  // kNoSeries where it is new
  std::string_view label_bytes_of(SeriesRef ref) const MS_REQUIRES_SHARED(mutex_);
  void add(SeriesRef ref, std::string_view label_bytes) MS_REQUIRES(mutex_);
  const Values* find_values(std::string_view name) const MS_REQUIRES_SHARED(mutex_);
  // The series with a value of that name that the matcher takes; for a matcher that does not match the empty value.
  Postings postings(const model::Matcher& matcher) const MS_REQUIRES_SHARED(mutex_);

  std::atomic<uint64_t> series_max_;
  mutable RwMutex mutex_;
  std::deque<std::string> labels_ MS_GUARDED_BY(mutex_) = std::deque<std::string>(1);  // by reference; empty: none
  Map<std::string_view, SeriesRef> by_labels_ MS_GUARDED_BY(mutex_);
  Map<std::string, Values> by_name_ MS_GUARDED_BY(mutex_);
};

}  // namespace ms::storage
