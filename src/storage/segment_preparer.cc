#include "storage/segment_preparer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace ms::storage {
namespace {

constexpr size_t kStepBytes = 1u << 20;
constexpr auto kRetryEvery = std::chrono::seconds(1);

}  // namespace

std::string segment_path(const std::string& directory, uint32_t number) {
  char name[16];
  std::snprintf(name, sizeof name, "/%08x.wal", number);
  return directory + name;
}

SegmentPreparer::SegmentPreparer(FileSystem& files, std::string directory, uint32_t segment_bytes,
                                 uint32_t first_number, std::unique_ptr<File> spare)
    : files_(files),
      directory_(std::move(directory)),
      segment_bytes_(segment_bytes),
      number_(first_number),
      spare_(std::move(spare)),
      thread_("wal-prepare", [this] { run(); }) {}

SegmentPreparer::~SegmentPreparer() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
}

Result<SegmentPreparer::Segment> SegmentPreparer::take() {
  MutexLock lock(mutex_);
  while (spare_ == nullptr && !failure_ && !is_stopping_) changed_.wait(lock);
  if (spare_ == nullptr) return std::unexpected(failure_.value_or(Error{ErrorCode::kUnavailable, "stopping"}));
  Segment segment{.number = number_++, .file = std::move(spare_)};
  lock.unlock();
  changed_.notify_all();
  return segment;
}

void SegmentPreparer::run() {
  MutexLock lock(mutex_);
  while (true) {
    while (spare_ != nullptr && !is_stopping_) changed_.wait(lock);
    if (is_stopping_) return;
    const uint32_t number = number_;
    lock.unlock();
    auto prepared = prepare(number);
    lock.lock();
    if (prepared) {
      spare_ = std::move(*prepared);
      failure_.reset();
      changed_.notify_all();
    } else {
      failure_ = std::move(prepared).error().with_context("prepare the next log segment");
      changed_.notify_all();
      const auto retry_at = std::chrono::steady_clock::now() + kRetryEvery;
      while (!is_stopping_ && changed_.wait_until(lock, retry_at)) {
      }
    }
  }
}

Result<std::unique_ptr<File>> SegmentPreparer::prepare(uint32_t number) {
  const std::string temporary = directory_ + "/prepare.tmp";
  const std::string path = segment_path(directory_, number);
  auto file = files_.create(temporary);
  if (!file) return file;
  const std::string zeroes(std::min<size_t>(kStepBytes, segment_bytes_), '\0');
  Result<void> done;
  for (uint64_t offset = 0; done && offset < segment_bytes_; offset += zeroes.size()) {
    done = (*file)->write_at(offset, std::string_view(zeroes).substr(0, segment_bytes_ - offset));
    if (done) done = (*file)->sync();
  }
  if (done) done = files_.rename(temporary, path);
  if (done) done = files_.sync_directory(directory_);
  if (!done) {
    // What could not be written is given back; if that fails too, the next attempt truncates it.
    static_cast<void>(files_.remove(temporary));
    return std::unexpected(std::move(done).error());
  }
  return files_.open(path);  // under the name that its errors shall tell
}

}  // namespace ms::storage
