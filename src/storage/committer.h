// Committer: brings prepared writes into the log and the head, in one order for both, and tells each when it is
// durable.
//
//     submit() --> queue --> commit thread: label entries, log, head --> sync thread: fdatasync --> on_done
//
// Group commit: what is queued when a commit begins goes into it together. The first write after a pause is committed
// at once; under load a commit begins kPaceUs after the one before, or when 256 KiB are queued, whichever is first,
// since each fdatasync costs some 100 us of CPU. The next commit is written while the last one is being synced.
//
// A write that has waited too long when the commit thread takes it is refused before anything of it is in the log: its
// client has likely given up, and those behind it are then served fresh. What counts is the time until it is taken into
// a commit, and not that of the sync behind it: all that waits goes into one commit and shares one sync, so a slow disk
// makes replies late without making a queue.
//
// In SyncMode::kOs a write is done when it is in the log; the sync thread then syncs once a second.
//
// After a failed write or sync nothing is acknowledged any more: failure() tells why, and submit() refuses. Where only
// the next segment cannot be had, the writes at hand are refused, and the next ones are tried again.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/overload.h"
#include "base/thread.h"
#include "model/write_batch.h"
#include "storage/head.h"
#include "storage/metadata_store.h"
#include "storage/series_index.h"
#include "storage/store.h"
#include "storage/wal.h"

namespace ms::storage {

// A write whose series are known by reference and whose log entries are encoded: all that can be done on the caller's
// thread.
struct PreparedWrite {
  // A run of entries, indivisible, and the samples in it.
  struct Piece {
    uint32_t entries_begin = 0;
    uint32_t entries_end = 0;
    uint32_t sample_begin = 0;
    uint32_t sample_end = 0;
  };

  std::vector<SeriesRef> refs;  // of each sample
  std::vector<int64_t> timestamps_ms;
  std::vector<double> values;
  std::vector<model::Metadata> metadata;
  std::string entries;
  std::vector<Piece> pieces;
  WriteOutcome outcome;
  WriteCallback on_done;
  uint64_t queued_ns = 0;  // when it was submitted

  size_t bytes() const { return entries.size() + refs.size() * (sizeof(SeriesRef) + 16); }
};

class Committer {
 public:
  static constexpr uint64_t kPaceUs = 500;
  static constexpr size_t kCommitEarlyBytes = 256 * 1024;
  static constexpr size_t kQueueBytesMax = 256u << 20;

  struct Stats {
    std::atomic<uint64_t> samples = 0;
    std::atomic<uint64_t> commits = 0;
    std::atomic<uint64_t> syncs = 0;
    std::atomic<uint64_t> sync_ns = 0;
    std::atomic<uint64_t> refused_age = 0;
  };

  Committer(Wal& wal, Head& head, MetadataStore& metadata, const SeriesIndex& index, const QueuePolicy& write_queue,
            SyncMode mode, const Logger& log);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;
  ~Committer();

  // Commits what is queued and has not waited too long, syncs it, closes the log, and refuses what comes after. Called
  // by one thread; again: no effect.
  void stop();

  // For a start: these references have their label entries in the log.
  void mark_logged(SeriesRef ref);

  // Nothing, once the write is queued; else it is left as it was, and the error (kUnavailable) is the answer to it.
  std::optional<Error> submit(PreparedWrite& write);

  // Why writes fail now: for good, or the last one for want of a segment.
  std::optional<Error> failure() const;
  // Why they fail until a restart.
  std::optional<Error> failure_for_good() const;
  uint64_t queue_bytes() const;
  // How often writes began to wait too long.
  uint64_t overloads() const { return judge_.overloads(); }
  const Stats& stats() const { return stats_; }

 private:
  using Group = std::vector<PreparedWrite>;
  // What a commit under construction holds of a write.
  struct Part {
    PreparedWrite* write;
    PreparedWrite::Piece piece;
  };

  void run_commits();
  // Waits for writes and for the pace, and swaps them for the empty `group`; it is still empty at the end.
  void take_group(uint64_t last_commit_ns, Group& group);
  void refuse_overdue(Group& group, uint64_t now_ns);
  void commit(Group& group);
  void add_piece(PreparedWrite& write, const PreparedWrite::Piece& piece);
  bool is_logged(SeriesRef ref) const { return ref < is_logged_.size() && is_logged_[ref]; }
  // Those of these that are not logged; a reference may stand here more than once.
  void add_series_entries(std::span<const SeriesRef> refs);
  void make_room(size_t bytes);
  // Writes the commit under construction and applies it.
  void flush();
  // Appends the commit under construction to the log, or tells why it is not in it.
  std::optional<Error> append();
  // Takes the writes that have an error out of the group, and ends them.
  void end_failed(Group& group);
  // Ends writes that failed, and hands the others on.
  void conclude(Group& group);

  void run_syncs();
  void sync(Group& group);
  void fail_for_good(Error error);
  void finish(Group& group, uint64_t done_ns, const std::optional<Error>& error);

  Wal& wal_;
  Head& head_;
  MetadataStore& metadata_;
  const SeriesIndex& index_;
  const SyncMode mode_;
  const Logger& log_;
  const size_t commit_bytes_max_;
  OverloadJudge judge_;
  Stats stats_;

  // The commit thread's:
  std::vector<bool> is_logged_;          // by reference: its label entry is in the log
  std::string entries_;                  // the commit under construction,
  std::vector<Part> parts_;              // the pieces in it,
  std::vector<SeriesRef> newly_logged_;  // and the label entries in it
  std::vector<SeriesRef> unlogged_;      // of the piece at hand,
  std::vector<std::string_view> unlogged_label_bytes_;
  std::optional<Error> flush_error_;  // of this group's flushes

  mutable Mutex mutex_;
  Condition queued_;     // for the commit thread
  Condition committed_;  // for the sync thread
  Group queue_ MS_GUARDED_BY(mutex_);
  size_t queue_bytes_ MS_GUARDED_BY(mutex_) = 0;  // queued or committed, and not done
  size_t uncommitted_bytes_ MS_GUARDED_BY(mutex_) = 0;
  bool is_idle_ MS_GUARDED_BY(mutex_) = false;           // the commit thread waits for a write, however long that takes
  Group unsynced_ MS_GUARDED_BY(mutex_);                 // committed, waits for a sync
  std::optional<Error> failure_ MS_GUARDED_BY(mutex_);   // for good
  std::optional<Error> shortage_ MS_GUARDED_BY(mutex_);  // of the last group: no segment to be had
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;       // for the commit thread
  bool are_commits_over_ MS_GUARDED_BY(mutex_) = false;  // for the sync thread

  Thread sync_thread_;
  Thread commit_thread_;
};

}  // namespace ms::storage
