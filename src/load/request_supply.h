// RequestSupply: write requests for the connections of a load generator, built before they are needed, by threads of
// its own.
//
//     builders:    bench-build-1, bench-build-2  -->  lane 0: [request][request]...  -->  connection 0
//                                                     lane 1: [request][request]...  -->  connection 1
//
// Each connection has a lane, and each lane a share of the series: so the samples of a series are sent in order of
// time, one request after the other, however many connections there are.
//
// A lane is filled up to its quota, and again when no more than an eighth of that is left: a run that needs less than
// seven eighths of what is built ahead shares its cores with no builder. Where a connection is faster than they are,
// take() waits, and tells how long.
//
// Lanes are taken from by one thread; the rest is thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "load/write_requests.h"

namespace ms::load {

class RequestSupply {
 public:
  struct Settings {
    size_t lanes = 1;   // at most one for each series
    size_t series = 1;  // as many as the requests were made for
    size_t samples_per_request = 1;
    std::optional<uint64_t> samples;  // of all lanes; nothing: without end
    uint64_t samples_ahead = 1;       // of all lanes: the quotas
    size_t builders = 1;
  };

  // `requests` outlives it.
  RequestSupply(const WriteRequests& requests, const Settings& settings);
  RequestSupply(const RequestSupply&) = delete;
  RequestSupply& operator=(const RequestSupply&) = delete;
  ~RequestSupply();

  // Waits until each lane has its quota, or all there is. Tells `on_progress` how many samples are built, ten times a
  // second at most, and at the end.
  void wait_filled(const std::function<void(uint64_t samples)>& on_progress);

  bool has_more(size_t lane) const;

  // The next request of a lane; nothing where it has had all.
  std::optional<WriteRequest> take(size_t lane);

  // How long take() has waited for builders.
  uint64_t waited_ns() const { return waited_ns_.load(std::memory_order_relaxed); }
  // CPU time of the builders.
  uint64_t cpu_ns() const;

  static SeriesRange range_of(const Settings& settings, size_t lane);

 private:
  struct Lane {
    SeriesRange range;
    uint64_t next = 0;  // sample of the range to be built
    uint64_t end = 0;
    std::deque<WriteRequest> ready;
    bool is_filling = false;  // then there is more to build
  };

  void build(size_t builder);
  Lane* find_filling(size_t builder) MS_REQUIRES(mutex_);
  bool is_filled() const MS_REQUIRES(mutex_);

  const WriteRequests& requests_;
  const size_t samples_per_request_;
  const size_t builders_;
  const size_t quota_;  // requests of a lane
  std::atomic<uint64_t> waited_ns_ = 0;

  mutable Mutex mutex_;
  Condition built_;   // for who takes
  Condition wanted_;  // for the builders
  std::vector<Lane> lanes_ MS_GUARDED_BY(mutex_);
  uint64_t samples_built_ MS_GUARDED_BY(mutex_) = 0;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;

  std::vector<Thread> threads_;
};

}  // namespace ms::load
