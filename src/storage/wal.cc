#include "storage/wal.h"

#include <utility>

namespace ms::storage {

Wal::Wal(FileSystem& files, const WalOptions& options, WalResume resume)
    : options_(options),
      preparer_(files, options.directory, options.segment_bytes, resume.next_segment, std::move(resume.spare)),
      end_{.segment = resume.next_segment - 1, .offset = resume.previous_intact_bytes},
      is_noted_(resume.is_noted) {
  written_ = end_.packed();
  durable_ = end_.packed();
}

Wal::~Wal() {
  // A failure leaves zero bytes at the end of the file, which every reader knows.
  if (current_ != nullptr) static_cast<void>(current_->truncate(end_.offset));
}

bool Wal::fits(uint32_t offset, size_t entries_bytes) const {
  return offset + commit_bytes(offset, entries_bytes) <= options_.segment_bytes;
}

Result<void> Wal::append(std::string_view entries) {
  if (is_sealed_ || !fits(end_.offset, entries.size())) {
    if (auto begun = begin_segment(); !begun) return std::unexpected(std::move(begun).error());
  }
  buffer_.clear();
  append_commit(buffer_, end_, durable(), entries);
  if (auto done = current_->write_at(end_.offset, buffer_); !done) {
    // Part of it may stand there: under something shorter, its last frames could be taken for that one's.
    is_sealed_ = true;
    return std::unexpected(std::move(done).error());
  }
  end_.offset += static_cast<uint32_t>(buffer_.size());
  bytes_written_.fetch_add(buffer_.size(), std::memory_order_relaxed);
  written_.store(end_.packed(), std::memory_order_release);
  return {};
}

Result<void> Wal::begin_segment() {
  if (next_.file == nullptr) {
    auto segment = preparer_.take();
    if (!segment) {
      // Nothing of the log is in doubt: the preparer tries again.
      return fail(ErrorCode::kUnavailable, std::move(segment).error().message);
    }
    next_ = std::move(*segment);
  }
  if (auto synced = sync(); !synced) return synced;
  const std::string header = encode_segment_header({.number = next_.number, .previous_intact_bytes = end_.offset});
  if (auto done = next_.file->write_at(0, header); !done) return done;
  std::unique_ptr<File> full = std::move(next_.file);
  current_ = full.get();
  {
    const MutexLock lock(sync_mutex_);
    file_.swap(full);
  }
  // Nobody reads it before the next start: its pages become the next segment's, rather than ever more memory the log.
  if (full != nullptr) full->drop_cached();
  end_ = {.segment = next_.number, .offset = static_cast<uint32_t>(header.size())};
  is_sealed_ = false;
  written_.store(end_.packed(), std::memory_order_release);
  return {};
}

Result<void> Wal::sync() {
  const MutexLock lock(sync_mutex_);
  if (sync_failure_) return std::unexpected(*sync_failure_);
  const uint64_t target = written_.load(std::memory_order_acquire);
  if (file_ != nullptr) {
    if (auto done = file_->sync(); !done) {
      // Whatever the reason, want of space too: what it did not write may be lost, and no later sync would tell.
      sync_failure_ = Error{ErrorCode::kIo, std::move(done).error().message};
      return std::unexpected(*sync_failure_);
    }
  }
  durable_.store(target, std::memory_order_release);
  return {};
}

Result<void> Wal::close() {
  if (current_ == nullptr && is_noted_) return {};
  // A reader that meets a bad frame goes on at the next block. An empty commit at the begin of one says how far the log
  // is durable whatever becomes of what is before; where it has no room, the header of another segment says it.
  const uint32_t block = (end_.offset + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
  if (is_sealed_ || !fits(block, 0)) {
    if (auto begun = begin_segment(); !begun) return begun;
  } else {
    end_.offset = block;
    if (auto appended = append({}); !appended) return appended;
  }
  return sync();
}

}  // namespace ms::storage
