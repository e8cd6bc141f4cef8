#include "storage/committer.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/clock.h"

namespace ms::storage {
namespace {

constexpr size_t kCommitBytesMax = 1u << 20;
constexpr uint64_t kPaceNs = Committer::kPaceUs * 1000;
constexpr auto kOsSyncEvery = std::chrono::seconds(1);
constexpr size_t kLabelEntryOverhead = 16;
constexpr size_t kKeptWritesMax = 1024;

// Keeps the memory for the next group, unless it is so much that it should not be held for a burst that is over.
void clear(std::vector<PreparedWrite>& group) {
  if (group.capacity() > kKeptWritesMax) {
    std::vector<PreparedWrite>().swap(group);
  } else {
    group.clear();
  }
}

}  // namespace

Committer::Committer(Wal& wal, Head& head, MetadataStore& metadata, const SeriesIndex& index,
                     const QueuePolicy& write_queue, SyncMode mode, const Logger& log)
    : wal_(wal),
      head_(head),
      metadata_(metadata),
      index_(index),
      mode_(mode),
      log_(log),
      commit_bytes_max_(std::min<size_t>(kCommitBytesMax, wal.entries_bytes_max())),
      judge_(write_queue),
      sync_thread_("wal-sync", [this] { run_syncs(); }),
      commit_thread_("wal-commit", [this] { run_commits(); }) {}

Committer::~Committer() { stop(); }

void Committer::stop() {
  {
    const MutexLock lock(mutex_);
    if (is_stopping_) return;
    is_stopping_ = true;
  }
  queued_.notify_all();
  commit_thread_.join();
  {
    const MutexLock lock(mutex_);
    are_commits_over_ = true;
  }
  committed_.notify_all();
  sync_thread_.join();
  if (failure_for_good()) return;
  if (auto closed = wal_.close(); !closed) {
    log_.warn("the log could not be closed cleanly; all that was acknowledged is in it",
              {{"reason", closed.error().message}});
  }
}

void Committer::mark_logged(SeriesRef ref) {
  if (ref >= is_logged_.size()) is_logged_.resize(std::max<size_t>(size_t{ref} + 1, is_logged_.size() * 2));
  is_logged_[ref] = true;
}

std::optional<Error> Committer::submit(PreparedWrite& write) {
  const size_t bytes = write.bytes();
  bool is_wake_due = false;
  {
    const MutexLock lock(mutex_);
    if (failure_) return failure_;
    if (is_stopping_) return Error{ErrorCode::kUnavailable, "the store is being closed"};
    // One write alone is always taken, however large: to be sent again would not make it smaller.
    if (queue_bytes_ != 0 && queue_bytes_ + bytes > kQueueBytesMax) {
      return Error{ErrorCode::kUnavailable, "the write queue is full: the disk is slower than what is sent"};
    }
    const size_t before = uncommitted_bytes_;
    uncommitted_bytes_ += bytes;
    queue_bytes_ += bytes;
    // A commit thread that keeps its pace wakes by itself, and looks at the queue then.
    is_wake_due = is_idle_ || (before < kCommitEarlyBytes && uncommitted_bytes_ >= kCommitEarlyBytes);
    is_idle_ = false;
    write.queued_ns = monotonic_ns();
    queue_.push_back(std::move(write));
  }
  if (is_wake_due) queued_.notify_one();
  return std::nullopt;
}

std::optional<Error> Committer::failure() const {
  const MutexLock lock(mutex_);
  return failure_ ? failure_ : shortage_;
}

std::optional<Error> Committer::failure_for_good() const {
  const MutexLock lock(mutex_);
  return failure_;
}

uint64_t Committer::queue_bytes() const {
  const MutexLock lock(mutex_);
  return queue_bytes_;
}

void Committer::run_commits() {
  uint64_t last_commit_ns = 0;
  Group group;
  while (true) {
    take_group(last_commit_ns, group);
    if (group.empty()) return;
    last_commit_ns = monotonic_ns();
    refuse_overdue(group, last_commit_ns);
    if (!group.empty()) commit(group);
    clear(group);
  }
}

void Committer::take_group(uint64_t last_commit_ns, Group& group) {
  MutexLock lock(mutex_);
  while (uncommitted_bytes_ < kCommitEarlyBytes && !is_stopping_) {
    const uint64_t since_ns = monotonic_ns() - last_commit_ns;
    if (since_ns >= kPaceNs) break;
    queued_.wait_for(lock, std::chrono::nanoseconds(kPaceNs - since_ns));
  }
  while (queue_.empty() && !is_stopping_) {
    is_idle_ = true;
    queued_.wait(lock);
  }
  uncommitted_bytes_ = 0;
  queue_.swap(group);
}

// Series that a refused write brought keep their references and their places under the limit; the log gets their labels
// with the first write that is taken.
void Committer::refuse_overdue(Group& group, uint64_t now_ns) {
  for (PreparedWrite& write : group) {
    if (judge_.admit(now_ns - write.queued_ns, now_ns)) continue;
    write.outcome.error = Error{ErrorCode::kUnavailable, "the write waited too long for its commit; send it again"};
    stats_.refused_age.fetch_add(1, std::memory_order_relaxed);
  }
  end_failed(group);
}

void Committer::commit(Group& group) {
  flush_error_.reset();
  for (PreparedWrite& write : group) {
    for (const PreparedWrite::Piece& piece : write.pieces) add_piece(write, piece);
  }
  flush();
  {
    const MutexLock lock(mutex_);
    shortage_ = flush_error_;
  }
  conclude(group);
}

void Committer::add_piece(PreparedWrite& write, const PreparedWrite::Piece& piece) {
  const std::string_view entries =
      std::string_view(write.entries).substr(piece.entries_begin, piece.entries_end - piece.entries_begin);
  if (!flush_error_) {
    add_series_entries(std::span(write.refs).subspan(piece.sample_begin, piece.sample_end - piece.sample_begin));
    make_room(entries.size());
  }
  // Nothing more of the group is taken after a failure: label entries that these samples need may be in what failed.
  if (flush_error_) {
    write.outcome.error = flush_error_;
    return;
  }
  entries_ += entries;
  parts_.push_back({&write, piece});
}

void Committer::add_series_entries(std::span<const SeriesRef> refs) {
  unlogged_.clear();
  for (const SeriesRef ref : refs) {
    if (!is_logged(ref)) unlogged_.push_back(ref);
  }
  if (unlogged_.empty()) return;
  unlogged_label_bytes_.clear();
  index_.label_bytes(unlogged_, unlogged_label_bytes_);
  for (size_t i = 0; i < unlogged_.size(); ++i) {
    if (is_logged(unlogged_[i])) continue;
    make_room(unlogged_label_bytes_[i].size() + kLabelEntryOverhead);
    append_series_entry(entries_, unlogged_[i], unlogged_label_bytes_[i]);
    mark_logged(unlogged_[i]);
    newly_logged_.push_back(unlogged_[i]);
  }
}

void Committer::make_room(size_t bytes) {
  if (!entries_.empty() && entries_.size() + bytes > commit_bytes_max_) flush();
}

void Committer::flush() {
  if (entries_.empty()) return;
  if (auto error = append()) {
    flush_error_ = std::move(error);
    for (const SeriesRef ref : newly_logged_) is_logged_[ref] = false;
    for (const Part& part : parts_) part.write->outcome.error = flush_error_;
  } else {
    stats_.commits.fetch_add(1, std::memory_order_relaxed);
    for (const auto& [write, piece] : parts_) {
      const size_t count = piece.sample_end - piece.sample_begin;
      head_.append(std::span(write->refs).subspan(piece.sample_begin, count),
                   std::span(write->timestamps_ms).subspan(piece.sample_begin, count),
                   std::span(write->values).subspan(piece.sample_begin, count));
      stats_.samples.fetch_add(count, std::memory_order_relaxed);
    }
  }
  entries_.clear();
  parts_.clear();
  newly_logged_.clear();
}

std::optional<Error> Committer::append() {
  if (auto failed = failure_for_good()) return failed;
  auto appended = wal_.append(entries_);
  if (appended) return std::nullopt;
  Error error = std::move(appended).error();
  if (error.code == ErrorCode::kIo) fail_for_good(error);
  error.code = ErrorCode::kUnavailable;
  return error;
}

void Committer::end_failed(Group& group) {
  const auto failed = std::ranges::stable_partition(group, [](const auto& write) { return !write.outcome.error; });
  Group refused(std::make_move_iterator(failed.begin()), std::make_move_iterator(failed.end()));
  group.erase(failed.begin(), failed.end());
  for (PreparedWrite& write : refused) {
    const std::optional<Error> error = write.outcome.error;
    Group one;
    one.push_back(std::move(write));
    finish(one, monotonic_ns(), error);
  }
}

void Committer::conclude(Group& group) {
  end_failed(group);
  if (mode_ == SyncMode::kOs) {
    finish(group, monotonic_ns(), std::nullopt);
    return;
  }
  {
    const MutexLock lock(mutex_);
    std::ranges::move(group, std::back_inserter(unsynced_));
  }
  committed_.notify_one();
}

void Committer::run_syncs() {
  Group group;
  MutexLock lock(mutex_);
  while (true) {
    if (mode_ == SyncMode::kAlways) {
      while (unsynced_.empty() && !are_commits_over_) committed_.wait(lock);
    } else {
      const auto sync_at = std::chrono::steady_clock::now() + kOsSyncEvery;
      while (!are_commits_over_ && committed_.wait_until(lock, sync_at)) {
      }
    }
    const bool is_last = are_commits_over_;
    unsynced_.swap(group);
    lock.unlock();
    sync(group);
    clear(group);
    if (is_last) return;
    lock.lock();
  }
}

void Committer::sync(Group& group) {
  std::optional<Error> error = failure_for_good();
  if (!error) {
    const uint64_t begin_ns = monotonic_ns();
    if (auto synced = wal_.sync(); !synced) {
      fail_for_good(std::move(synced).error());
      error = failure_for_good();
    }
    stats_.syncs.fetch_add(1, std::memory_order_relaxed);
    stats_.sync_ns.fetch_add(monotonic_ns() - begin_ns, std::memory_order_relaxed);
  }
  finish(group, monotonic_ns(), error);
}

void Committer::fail_for_good(Error error) {
  {
    const MutexLock lock(mutex_);
    if (failure_) return;
    failure_ = Error{ErrorCode::kUnavailable, "the log has failed: " + error.message};
  }
  log_.error("the log has failed; writes are refused until a restart", {{"reason", error.message}});
}

void Committer::finish(Group& group, uint64_t done_ns, const std::optional<Error>& error) {
  size_t bytes = 0;
  for (PreparedWrite& write : group) {
    bytes += write.bytes();
    write.outcome.done_ns = done_ns;
    if (error) {
      write.outcome.error = error;
      write.outcome.samples_accepted = 0;
    }
    if (!error) {
      for (const model::Metadata& metadata : write.metadata) metadata_.put(metadata);
    }
    write.on_done(std::move(write.outcome));
  }
  const MutexLock lock(mutex_);
  queue_bytes_ -= bytes;
}

}  // namespace ms::storage
