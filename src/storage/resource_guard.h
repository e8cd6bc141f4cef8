// ResourceGuard: a thread that looks at the process's memory and the disk's free space ten times a second, and says
// whether there is room for more writes. Reads are never refused.
//
// What is freed is not all given back: the allocator keeps pages for its next user, and after a burst of requests that
// can be more than the limit while nothing is in hand. So memory is short only where it is still short after the
// allocator was asked to give back what it can.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace ms::storage {

struct ResourceLimits {
  std::string directory;             // whose file system is watched
  uint64_t memory_bytes_max = 0;     // 0: no limit
  uint64_t disk_free_bytes_min = 0;  // 0: no limit
};

// Anonymous memory of this process in bytes, as /proc/self/statm has it; file pages that are mapped do not count.
uint64_t anonymous_memory_bytes();

class ResourceGuard {
 public:
  ResourceGuard(const ResourceLimits& limits, const FileSystem& files, const Logger& log);
  ResourceGuard(const ResourceGuard&) = delete;
  ResourceGuard& operator=(const ResourceGuard&) = delete;
  ~ResourceGuard();

  // Looks now, and not only at the next tenth of a second.
  void look();

  // Looks by them at once.
  void set_limits(uint64_t memory_bytes_max, uint64_t disk_free_bytes_min);
  uint64_t memory_bytes_max() const { return memory_bytes_max_.load(std::memory_order_relaxed); }
  uint64_t disk_free_bytes_min() const { return disk_free_bytes_min_.load(std::memory_order_relaxed); }

  // Nothing while there is room; else kUnavailable with the reason.
  std::optional<Error> refusal() const;

  uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }
  uint64_t disk_free_bytes() const { return disk_free_bytes_.load(std::memory_order_relaxed); }

 private:
  enum class Shortage { kNone, kMemory, kDisk };

  void run();
  // The process's memory, once what need not be held is given back where it is beyond the limit.
  uint64_t measure_memory();

  const std::string directory_;
  std::atomic<uint64_t> memory_bytes_max_;
  std::atomic<uint64_t> disk_free_bytes_min_;
  const FileSystem& files_;
  const Logger& log_;
  std::atomic<uint64_t> memory_bytes_ = 0;
  std::atomic<uint64_t> disk_free_bytes_ = 0;
  std::atomic<Shortage> shortage_ = Shortage::kNone;

  Mutex trim_mutex_;
  uint64_t next_trim_ns_ MS_GUARDED_BY(trim_mutex_) = 0;  // monotonic

  Mutex mutex_;
  Condition stopped_;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;

  Thread thread_;
};

}  // namespace ms::storage
