// SelfRecorder: a thread that writes the server's front-door figures into the server's own store, under the names that
// GET /metrics has, with the labels job="metricstream" and instance="self": so the last minutes are there for the
// page's graphs after a reload of it, and after a restart of the server.
//
// Each record is a write like any other. One is in hand at a time; where the store takes none, or has not finished the
// one before, the record is dropped and counted, since the next one comes anyway. Likewise where less than a tenth of
// the memory is left, which is the clients': the server's own figures never have it refuse a write.
//
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "api/self_metrics.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "storage/store.h"

namespace ms::api {

class SelfRecorder {
 public:
  // Records now, and each `interval_ms`; 0: never. `now_ms` is the wall clock. All outlive this, `counters` the store.
  SelfRecorder(const SelfMetrics& metrics, storage::Store& store, SelfRecordCounters& counters,
               std::function<int64_t()> now_ms, int64_t interval_ms);
  SelfRecorder(const SelfRecorder&) = delete;
  SelfRecorder& operator=(const SelfRecorder&) = delete;
  // Waits for the record in hand.
  ~SelfRecorder();

  // Takes effect at once.
  void set_interval_ms(int64_t interval_ms);

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  // Waits until a record is due; false at the end.
  bool wait();
  void record();
  void finish(bool is_written);

  const SelfMetrics& metrics_;
  storage::Store& store_;
  SelfRecordCounters& counters_;
  const std::function<int64_t()> now_ms_;

  Mutex mutex_;
  Condition changed_;
  int64_t interval_ms_ MS_GUARDED_BY(mutex_);
  Clock::time_point last_ MS_GUARDED_BY(mutex_);  // when a record was due last
  bool is_writing_ MS_GUARDED_BY(mutex_) = false;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;

  Thread thread_;
};

}  // namespace ms::api
