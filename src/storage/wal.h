// Wal: the writing end of the write-ahead log, `<data-dir>/wal/`. docs/formats/wal.md has the format, wal_replay.h the
// reading end.
//
// append() and close() are the committer's, sync() the sync thread's; append() and sync() may run at once. kIo from
// either is final: the log takes nothing more until it is opened again, since nobody knows any longer what the disk has
// of that file.
//
// A segment is begun when the one before is durable to its end. So a crash tears the last segment only, and what a
// segment's header says of the one before holds for good.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file_system.h"
#include "base/mutex.h"
#include "storage/segment_preparer.h"
#include "storage/wal_format.h"

namespace ms::storage {

struct WalOptions {
  std::string directory;
  uint32_t segment_bytes = 16u << 20;
};

// Where a new log goes on after an old one; what a replay finds.
struct WalResume {
  uint32_t next_segment = 1;
  uint32_t previous_intact_bytes = 0;  // of segment next_segment - 1
  std::unique_ptr<File> spare;         // segment next_segment, if it is prepared already
  bool is_noted = true;                // the old log itself says that it is durable to its end
};

class Wal {
 public:
  Wal(FileSystem& files, const WalOptions& options, WalResume resume);
  Wal(const Wal&) = delete;
  Wal& operator=(const Wal&) = delete;
  // Gives the unused rest of the last segment back to the disk. All must be synced before.
  ~Wal();

  // The largest sum of entries that fits a commit.
  uint32_t entries_bytes_max() const { return options_.segment_bytes / 2; }

  // Writes one commit. kNoSpace, kUnavailable: it is not in the log, for want of room or of a segment; try again later.
  Result<void> append(std::string_view entries);

  // Makes everything durable that was appended before the call.
  Result<void> sync();

  // The last call. Notes in the log itself that all of it is durable, what was replayed too: without that, the last
  // commits would pass for torn if they rot.
  Result<void> close();

  WalPosition durable() const { return WalPosition::unpack(durable_.load(std::memory_order_acquire)); }
  uint64_t bytes_written() const { return bytes_written_.load(std::memory_order_relaxed); }
  // The last segment of the log; 0: there is none yet.
  uint32_t segment_number() const { return WalPosition::unpack(written_.load(std::memory_order_relaxed)).segment; }

 private:
  Result<void> begin_segment();
  bool fits(uint32_t offset, size_t entries_bytes) const;

  const WalOptions options_;
  SegmentPreparer preparer_;

  std::atomic<uint64_t> written_;
  std::atomic<uint64_t> durable_;
  std::atomic<uint64_t> bytes_written_ = 0;

  // The committer's:
  File* current_ = nullptr;        // file_, for writing
  WalPosition end_;                // before the first segment of this run: where the run before ended
  const bool is_noted_;            // that log says itself that it is durable
  bool is_sealed_ = true;          // nothing more goes into the current segment
  SegmentPreparer::Segment next_;  // taken, and not begun yet
  std::string buffer_;

  // Held during a sync: of two at once, the kernel would tell one that it could not write, and the other that all is
  // well.
  Mutex sync_mutex_;
  std::unique_ptr<File> file_ MS_GUARDED_BY(sync_mutex_);  // the current segment, for syncing
  std::optional<Error> sync_failure_ MS_GUARDED_BY(sync_mutex_);
};

}  // namespace ms::storage
