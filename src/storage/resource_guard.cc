#include "storage/resource_guard.h"

#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "base/clock.h"

namespace ms::storage {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(100);
// A trim locks each of the allocator's arenas in turn while it walks its free pages: not at every look.
constexpr uint64_t kTrimEveryMs = 1000;

std::string mebibytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

uint64_t anonymous_memory_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  uint64_t shared = 0;
  if (!(statm >> size >> resident >> shared)) return 0;
  return (resident - shared) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

ResourceGuard::ResourceGuard(const ResourceLimits& limits, const FileSystem& files, const Logger& log)
    : directory_(limits.directory),
      memory_bytes_max_(limits.memory_bytes_max),
      disk_free_bytes_min_(limits.disk_free_bytes_min),
      files_(files),
      log_(log),
      thread_("store-watch", [this] { run(); }) {}

ResourceGuard::~ResourceGuard() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  stopped_.notify_all();
}

std::optional<Error> ResourceGuard::refusal() const {
  switch (shortage_.load(std::memory_order_relaxed)) {
    case Shortage::kNone:
      return std::nullopt;
    case Shortage::kMemory:
      return Error{ErrorCode::kUnavailable, "memory limit reached: " + mebibytes(memory_bytes()) + " of " +
                                                mebibytes(memory_bytes_max()) + " in use (--memory-limit)"};
    case Shortage::kDisk:
      return Error{ErrorCode::kUnavailable, "disk nearly full: " + mebibytes(disk_free_bytes()) + " free, " +
                                                mebibytes(disk_free_bytes_min()) + " are kept (--min-free-disk)"};
  }
  return std::nullopt;
}

void ResourceGuard::run() {
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    lock.unlock();
    look();
    lock.lock();
    if (!is_stopping_) stopped_.wait_for(lock, kLookEvery);
  }
}

void ResourceGuard::set_limits(uint64_t memory_bytes_max, uint64_t disk_free_bytes_min) {
  memory_bytes_max_.store(memory_bytes_max, std::memory_order_relaxed);
  disk_free_bytes_min_.store(disk_free_bytes_min, std::memory_order_relaxed);
  look();
}

uint64_t ResourceGuard::measure_memory() {
  const uint64_t memory = anonymous_memory_bytes();
  const uint64_t most = memory_bytes_max();
  if (most == 0 || memory <= most) return memory;
  const MutexLock lock(trim_mutex_);  // nobody calls memory short while a trim is under way
  const uint64_t now_ns = monotonic_ns();
  if (now_ns >= next_trim_ns_) {
    malloc_trim(0);
    next_trim_ns_ = now_ns + kTrimEveryMs * kNanosPerMilli;
  }
  return anonymous_memory_bytes();
}

void ResourceGuard::look() {
  const uint64_t memory = measure_memory();
  const auto free_bytes = files_.free_bytes(directory_);
  memory_bytes_.store(memory, std::memory_order_relaxed);
  if (free_bytes) disk_free_bytes_.store(*free_bytes, std::memory_order_relaxed);
  const uint64_t most = memory_bytes_max();
  const bool is_memory_short = most != 0 && memory > most;
  const bool is_disk_short = free_bytes && *free_bytes < disk_free_bytes_min();
  const Shortage shortage = is_memory_short ? Shortage::kMemory : is_disk_short ? Shortage::kDisk : Shortage::kNone;
  if (shortage_.exchange(shortage, std::memory_order_relaxed) == shortage) return;
  if (const auto reason = refusal()) {
    log_.warn("writes are refused", {{"reason", reason->message}});
  } else {
    log_.info("writes are accepted again");
  }
}

}  // namespace ms::storage
