// The store: an embedded time-series database in one directory.
//
// A write walks through it in this order:
//
//     write() on the caller's thread: raw labels -> series references (series cache, series index); samples -> a log
//     entry
//        | queue, bounded in bytes and in age
//     committer thread: position in the log, write, apply to the head
//        | written position
//     sync thread: fdatasync, durable position, on_done of every write below it
//
// Readers see a sample once it is applied to the head, which is up to one sync *before* it is durable and acknowledged.
// After a failed write or sync nothing more is acknowledged, reads go on, and a sample that was applied but never
// became durable stays visible until the restart.
//
// Thread-safe. The threads belong to the store; its destructor commits what is queued, syncs, and joins them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/matcher.h"
#include "model/write_batch.h"

namespace ms {
class FileSystem;
class Logger;
struct QueuePolicy;
}  // namespace ms

namespace ms::storage {

enum class SyncMode {
  kAlways,  // acknowledged after fdatasync: survives a power cut
  kOs,      // acknowledged after write: survives a killed process, not a power cut
};
// "always", "os".
std::string_view sync_mode_name(SyncMode mode);

// What may change while the store is open.
struct StoreLimits {
  uint64_t memory_bytes_max = 0;     // of the whole process, anonymous memory; 0: no limit
  uint64_t disk_free_bytes_min = 0;  // on the directory's file system
  uint64_t series_max = 0;           // further ones are rejected, those there are kept; 0: no limit
};

struct StoreOptions {
  std::string directory;
  SyncMode sync = SyncMode::kAlways;
  StoreLimits limits;  // the cache of series is as large as the memory's limit at the start allows
  int64_t lock_timeout_ms = 1000;
  uint32_t segment_bytes = 16u << 20;  // of a log segment; a multiple of 32 KiB
};

// What became of one write.
struct WriteOutcome {
  std::optional<Error> error;     // kUnavailable: nothing of it is acknowledged, send it again; the message says why
  uint64_t samples_accepted = 0;  // durable (kAlways) or written (kOs)
  model::Rejections rejections;   // the parser's, of series whose labels were refused, of new ones beyond the limit
  uint64_t done_ns = 0;           // when it became so; monotonic
};
using WriteCallback = std::move_only_function<void(WriteOutcome)>;

// The samples of one series, oldest first, no timestamp twice.
struct SeriesSamples {
  std::string label_bytes;
  std::vector<int64_t> timestamps_ms;
  std::vector<double> values;
};

class Store {
 public:
  struct Health {
    bool accepts_writes = true;
    std::string reason;           // why not; empty otherwise
    uint64_t damaged_places = 0;  // bad records below the durable position, found at start and set aside
  };

  // Figures for /metrics, all since the start but the gauges.
  struct Stats {
    uint64_t series = 0;            // gauge; those of refused writes too (storage/series_index.h)
    uint64_t series_max = 0;        // gauge; 0: no limit
    uint64_t series_rejected = 0;   // new beyond the limit; counted each time that they are sent,
    uint64_t samples_rejected = 0;  // and the samples in them
    uint64_t samples_appended = 0;
    uint64_t samples_replayed = 0;
    uint64_t commits = 0;
    uint64_t syncs = 0;
    uint64_t sync_ns = 0;            // time spent in fdatasync
    uint64_t log_bytes = 0;          // written to the log
    uint64_t log_segments = 0;       // gauge
    uint64_t write_queue_bytes = 0;  // gauge
    uint64_t write_queue_bytes_max = 0;
    uint64_t writes_refused = 0;      // for want of memory, disk or room in the queue, or for a failed log
    uint64_t writes_refused_age = 0;  // waited too long for their commit
    uint64_t write_overloads = 0;     // how often writes began to wait too long
    uint64_t series_cache_hits = 0;
    uint64_t series_cache_misses = 0;
    uint64_t memory_bytes = 0;      // gauge: anonymous memory of the process
    uint64_t memory_bytes_max = 0;  // gauge
    uint64_t disk_free_bytes = 0;   // gauge
    uint64_t disk_free_bytes_min = 0;
  };

  virtual ~Store() = default;  // one implementation; virtual keeps its rooms out of this header

  // Locks the directory (created where missing) and replays the log, which it logs with progress. kLocked names the
  // process that holds it. `write_queue` says how long a write may wait for its commit; what is handed in by reference
  // outlives the store.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options, const QueuePolicy& write_queue,
                                             FileSystem& files, const Logger& log);

  // Looks the series up on the calling thread and queues the samples. `on_done` runs exactly once: on a thread of the
  // store, or before `write` returns where the write is refused or there is nothing to commit. It must not block and
  // must not call the store.
  virtual void write(model::WriteBatch batch, WriteCallback on_done) = 0;

  // The series whose labels match all `matchers`, with their samples in [min_ms, max_ms]; series without any are left
  // out. Unordered. kTooLarge: more than `samples_max` samples.
  virtual Result<std::vector<SeriesSamples>> select(std::span<const model::Matcher> matchers, int64_t min_ms,
                                                    int64_t max_ms, uint64_t samples_max) const = 0;

  virtual std::vector<model::Metadata> metadata() const = 0;

  // Counts from the next write on.
  virtual void set_limits(const StoreLimits& limits) = 0;

  // Commits and syncs what is queued and has not waited too long, closes the log, and refuses further writes; reads go
  // on. The destructor does it too. Called by one thread.
  virtual void close() = 0;
  virtual Health health() const = 0;
  virtual Stats stats() const = 0;
};

}  // namespace ms::storage
