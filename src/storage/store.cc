#include "storage/store.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "storage/committer.h"
#include "storage/head.h"
#include "storage/metadata_store.h"
#include "storage/resource_guard.h"
#include "storage/series_cache.h"
#include "storage/series_index.h"
#include "storage/wal.h"
#include "storage/wal_replay.h"

namespace ms::storage {
namespace {

constexpr auto kLockRetry = std::chrono::milliseconds(10);
// The series cache may take this share of the memory limit.
constexpr uint64_t kCacheShare = 16;
constexpr uint64_t kCacheBytesMin = 16u << 20;
constexpr uint64_t kCacheBytesDefault = 256u << 20;
// Before a write of this size the memory is looked at, however short ago it was.
constexpr size_t kLargeWriteBytes = 256 * 1024;
constexpr int64_t kClockSlackMs = 60'000;  // what the clocks of machines may differ by without a word

Result<std::unique_ptr<FileLock>> lock_directory(const StoreOptions& options, FileSystem& files) {
  const uint64_t deadline_ns = monotonic_ns() + static_cast<uint64_t>(options.lock_timeout_ms) * kNanosPerMilli;
  while (true) {
    auto lock = files.lock(options.directory + "/lock");
    if (lock || lock.error().code != ErrorCode::kLocked || monotonic_ns() >= deadline_ns) return lock;
    std::this_thread::sleep_for(kLockRetry);
  }
}

uint64_t cache_bytes_max(const StoreOptions& options) {
  if (options.limits.memory_bytes_max == 0) return kCacheBytesDefault;
  return std::max(kCacheBytesMin, options.limits.memory_bytes_max / kCacheShare);
}

// What a replay puts the log's entries into.
class ReplayTarget final : public EntryVisitor {
 public:
  ReplayTarget(SeriesIndex& index, Head& head, MetadataStore& metadata)
      : index_(index), head_(head), metadata_(metadata) {}

  void on_series(SeriesRef ref, std::string_view label_bytes) override {
    const SeriesRef known = index_.restore(ref, label_bytes);
    if (ref >= known_.size()) known_.resize(std::max<size_t>(size_t{ref} + 1, known_.size() * 2), kNoSeries);
    known_[ref] = known;
  }

  void on_samples(std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms,
                  std::span<const double> values) override {
    refs_.clear();
    for (const SeriesRef ref : refs) refs_.push_back(ref < known_.size() ? known_[ref] : kNoSeries);
    samples += refs.size();
    for (const int64_t timestamp_ms : timestamps_ms) newest_ms = std::max(newest_ms, timestamp_ms);
    if (std::ranges::find(refs_, kNoSeries) == refs_.end()) {
      head_.append(refs_, timestamps_ms, values);
      return;
    }
    for (size_t i = 0; i < refs_.size(); ++i) {
      if (refs_[i] != kNoSeries) {
        head_.append(std::span(&refs_[i], 1), timestamps_ms.subspan(i, 1), values.subspan(i, 1));
      } else {
        ++orphans;
        index_.reserve(refs[i]);
      }
    }
  }

  void on_metadata(const model::Metadata& metadata) override { metadata_.put(metadata); }

  // The references whose labels the log has.
  template <class Function>
  void for_each_logged(Function function) const {
    for (size_t ref = 1; ref < known_.size(); ++ref) {
      if (known_[ref] == ref) function(static_cast<SeriesRef>(ref));
    }
  }

  uint64_t samples = 0;
  uint64_t orphans = 0;  // samples whose series' labels are lost
  int64_t newest_ms = std::numeric_limits<int64_t>::min();

 private:
  SeriesIndex& index_;
  Head& head_;
  MetadataStore& metadata_;
  std::vector<SeriesRef> known_;  // by the log's reference
  std::vector<SeriesRef> refs_;
};

class EmbeddedStore final : public Store {
 public:
  EmbeddedStore(const StoreOptions& options, const QueuePolicy& write_queue, FileSystem& files, const Logger& log,
                std::unique_ptr<FileLock> lock)
      : options_(options),
        write_queue_(write_queue),
        files_(files),
        log_(log),
        lock_(std::move(lock)),
        index_(options.limits.series_max),
        cache_(cache_bytes_max(options)),
        guard_({.directory = options.directory,
                .memory_bytes_max = options.limits.memory_bytes_max,
                .disk_free_bytes_min = options.limits.disk_free_bytes_min},
               files, log) {}

  Result<void> recover() {
    const uint64_t begin_ns = monotonic_ns();
    const std::string directory = options_.directory + "/wal";
    if (auto made = files_.make_directory(directory); !made) return made;
    ReplayTarget target(index_, head_, metadata_);
    auto replay = replay_wal(files_, directory, target, log_);
    if (!replay) return std::unexpected(std::move(replay).error());
    if (target.orphans > 0) {
      log_.error("samples without labels: their series' labels are in a damaged part of the log",
                 {{"samples", target.orphans}});
    }
    warn_of_samples_ahead(target.newest_ms);
    samples_replayed_ = target.samples - target.orphans;
    damaged_places_ = replay->damaged_places;
    first_segment_ = replay->resume.next_segment - static_cast<uint32_t>(replay->segments);
    wal_.emplace(files_, WalOptions{.directory = directory, .segment_bytes = options_.segment_bytes},
                 std::move(replay->resume));
    committer_.emplace(*wal_, head_, metadata_, index_, write_queue_, options_.sync, log_);
    target.for_each_logged([this](SeriesRef ref) { committer_->mark_logged(ref); });
    log_.info("store is open", {{"directory", options_.directory},
                                {"series", index_.size()},
                                {"samples", samples_replayed_},
                                {"damaged_places", damaged_places_},
                                {"replay_ms", (monotonic_ns() - begin_ns) / kNanosPerMilli}});
    return {};
  }

  void write(model::WriteBatch batch, WriteCallback on_done) override {
    if (batch.bytes.size() > kLargeWriteBytes) guard_.look();
    auto refusal = guard_.refusal();
    if (!refusal) refusal = committer_->failure_for_good();
    if (refusal) return refuse(std::move(*refusal), on_done);
    PreparedWrite write = prepare(std::move(batch));
    write.on_done = std::move(on_done);
    if (write.pieces.empty()) {
      if (auto failure = committer_->failure()) return refuse(std::move(*failure), write.on_done);
      write.outcome.done_ns = monotonic_ns();
      write.on_done(std::move(write.outcome));
      return;
    }
    refusal = committer_->submit(write);
    if (refusal) refuse(std::move(*refusal), write.on_done);
  }

  void close() override { committer_->stop(); }

  Result<std::vector<SeriesSamples>> select(std::span<const model::Matcher> matchers, int64_t min_ms, int64_t max_ms,
                                            uint64_t samples_max) const override {
    std::vector<SeriesSamples> selected;
    uint64_t samples = 0;
    for (const SeriesRef ref : index_.select(matchers)) {
      auto columns = head_.copy(ref, min_ms, max_ms, samples_max - samples);
      if (!columns) {
        return fail(ErrorCode::kTooLarge, "the selection holds more than " + std::to_string(samples_max) + " samples");
      }
      if (columns->values.empty()) continue;
      samples += columns->values.size();
      selected.push_back(
          {std::string(index_.label_bytes(ref)), std::move(columns->timestamps_ms), std::move(columns->values)});
    }
    return selected;
  }

  std::vector<model::Metadata> metadata() const override { return metadata_.list(); }

  void set_limits(const StoreLimits& limits) override {
    index_.set_series_max(limits.series_max);
    guard_.set_limits(limits.memory_bytes_max, limits.disk_free_bytes_min);
  }

  Health health() const override {
    Health health{.damaged_places = damaged_places_};
    auto refusal = committer_->failure();
    if (!refusal) refusal = guard_.refusal();
    if (refusal) {
      health.accepts_writes = false;
      health.reason = refusal->message;
    }
    return health;
  }

  Stats stats() const override {
    const Committer::Stats& commits = committer_->stats();
    return {.series = index_.size(),
            .series_max = index_.series_max(),
            .series_rejected = series_rejected_,
            .samples_rejected = samples_rejected_,
            .samples_appended = commits.samples,
            .samples_replayed = samples_replayed_,
            .commits = commits.commits,
            .syncs = commits.syncs,
            .sync_ns = commits.sync_ns,
            .log_bytes = wal_->bytes_written(),
            .log_segments = wal_->segment_number() + 1 - first_segment_,
            .write_queue_bytes = committer_->queue_bytes(),
            .write_queue_bytes_max = Committer::kQueueBytesMax,
            .writes_refused = writes_refused_,
            .writes_refused_age = commits.refused_age,
            .write_overloads = committer_->overloads(),
            .series_cache_hits = cache_hits_,
            .series_cache_misses = cache_misses_,
            .memory_bytes = guard_.memory_bytes(),
            .memory_bytes_max = guard_.memory_bytes_max(),
            .disk_free_bytes = guard_.disk_free_bytes(),
            .disk_free_bytes_min = guard_.disk_free_bytes_min()};
  }

 private:
  // Such samples are not shown by queries for "now" until the clock is there.
  void warn_of_samples_ahead(int64_t newest_ms) const {
    const int64_t now_ms = wall_ms();
    if (newest_ms <= now_ms + kClockSlackMs) return;
    log_.warn(
        "samples are dated ahead of this machine's clock: it is behind, or a sender's was ahead; compare them with "
        "`timedatectl`",
        {{"newest", format_utc(newest_ms)}, {"clock", format_utc(now_ms)}});
  }

  void refuse(Error error, WriteCallback& on_done) {
    writes_refused_.fetch_add(1, std::memory_order_relaxed);
    on_done({.error = std::move(error), .done_ns = monotonic_ns()});
  }

  PreparedWrite prepare(model::WriteBatch batch) {
    PreparedWrite write;
    fill_columns(batch, resolve(batch), write);
    for (model::Metadata& metadata : batch.metadata) metadata.clip();
    std::erase_if(batch.metadata, [this](const auto& metadata) { return !metadata_.is_news(metadata); });
    write.metadata = std::move(batch.metadata);
    write.outcome.rejections = std::move(batch.rejections);
    write.outcome.samples_accepted = write.values.size();
    encode_pieces(write);
    return write;
  }

  // The reference of each series of the batch, kNoSeries for one that is rejected.
  std::vector<SeriesRef> resolve(model::WriteBatch& batch) {
    std::vector<SeriesRef> refs(batch.series.size());
    cache_.find(batch, refs);
    std::vector<uint32_t> decoded;  // those that the cache does not know, and their labels
    std::vector<std::string> label_bytes;
    uint64_t misses = 0;
    for (uint32_t i = 0; i < refs.size(); ++i) {
      if (refs[i] != kNoSeries) continue;
      ++misses;
      const model::SeriesSlice& slice = batch.series[i];
      auto labels = batch.decode_labels(batch.raw_labels(slice));
      if (!labels) {
        batch.rejections.add(slice.index, slice.sample_end - slice.sample_begin, std::move(labels).error().message);
        continue;
      }
      decoded.push_back(i);
      label_bytes.push_back(std::move(*labels));
    }
    if (!decoded.empty()) resolve_decoded(batch, decoded, label_bytes, refs);
    cache_hits_.fetch_add(refs.size() - misses, std::memory_order_relaxed);
    cache_misses_.fetch_add(misses, std::memory_order_relaxed);
    return refs;
  }

  void resolve_decoded(model::WriteBatch& batch, std::span<const uint32_t> decoded,
                       std::span<const std::string> label_bytes, std::span<SeriesRef> refs) {
    std::vector<SeriesRef> found(decoded.size());
    index_.find_or_create(label_bytes, found);
    std::vector<uint32_t> known;
    for (size_t i = 0; i < decoded.size(); ++i) {
      refs[decoded[i]] = found[i];
      if (found[i] == kNoSeries) {
        reject_new_series(batch.series[decoded[i]], batch.rejections);
      } else {
        known.push_back(decoded[i]);
      }
    }
    if (!known.empty()) cache_.insert(batch, refs, known);
  }

  void reject_new_series(const model::SeriesSlice& slice, model::Rejections& rejections) {
    const uint32_t samples = slice.sample_end - slice.sample_begin;
    std::string reason;
    if (rejections.is_next_told()) {
      reason = "this series is new, and the limit of " + std::to_string(index_.series_max()) +
               " series (--max-series) is reached; raise it, or send fewer series";
    }
    rejections.add(slice.index, samples, std::move(reason));
    samples_rejected_.fetch_add(samples, std::memory_order_relaxed);
    if (series_rejected_.fetch_add(1, std::memory_order_relaxed) > 0) return;
    log_.warn("the limit of series is reached; samples of new ones are rejected (--max-series)",
              {{"series_max", index_.series_max()}});
  }

  // One reference for each sample; the samples of rejected series are left out.
  static void fill_columns(model::WriteBatch& batch, std::vector<SeriesRef> refs, PreparedWrite& write) {
    const bool has_one_each = std::ranges::all_of(
        batch.series, [](const model::SeriesSlice& slice) { return slice.sample_end - slice.sample_begin == 1; });
    if (has_one_each) {
      write.refs = std::move(refs);
    } else {
      write.refs.reserve(batch.sample_count());
      for (size_t i = 0; i < refs.size(); ++i) {
        write.refs.insert(write.refs.end(), batch.series[i].sample_end - batch.series[i].sample_begin, refs[i]);
      }
    }
    write.timestamps_ms = std::move(batch.timestamps_ms);
    write.values = std::move(batch.values);
    if (std::ranges::find(write.refs, kNoSeries) == write.refs.end()) return;
    size_t kept = 0;
    for (size_t i = 0; i < write.refs.size(); ++i) {
      if (write.refs[i] == kNoSeries) continue;
      write.refs[kept] = write.refs[i];
      write.timestamps_ms[kept] = write.timestamps_ms[i];
      write.values[kept] = write.values[i];
      ++kept;
    }
    write.refs.resize(kept);
    write.timestamps_ms.resize(kept);
    write.values.resize(kept);
  }

  static void encode_pieces(PreparedWrite& write) {
    const auto add_piece = [&write](size_t entries_begin, size_t sample_begin, size_t sample_end) {
      write.pieces.push_back({.entries_begin = static_cast<uint32_t>(entries_begin),
                              .entries_end = static_cast<uint32_t>(write.entries.size()),
                              .sample_begin = static_cast<uint32_t>(sample_begin),
                              .sample_end = static_cast<uint32_t>(sample_end)});
    };
    for (size_t begin = 0; begin < write.refs.size(); begin += kSamplesPerEntryMax) {
      const size_t count = std::min(kSamplesPerEntryMax, write.refs.size() - begin);
      const size_t entries_begin = write.entries.size();
      append_samples_entry(write.entries, std::span(write.refs).subspan(begin, count),
                           std::span(write.timestamps_ms).subspan(begin, count),
                           std::span(write.values).subspan(begin, count));
      add_piece(entries_begin, begin, begin + count);
    }
    for (const model::Metadata& metadata : write.metadata) {
      const size_t entries_begin = write.entries.size();
      append_metadata_entry(write.entries, metadata);
      add_piece(entries_begin, write.refs.size(), write.refs.size());
    }
  }

  const StoreOptions options_;
  const QueuePolicy& write_queue_;
  FileSystem& files_;
  const Logger& log_;
  const std::unique_ptr<FileLock> lock_;
  SeriesIndex index_;
  SeriesCache cache_;
  Head head_;
  MetadataStore metadata_;
  ResourceGuard guard_;
  uint64_t samples_replayed_ = 0;
  uint64_t damaged_places_ = 0;
  uint32_t first_segment_ = 0;
  std::atomic<uint64_t> cache_hits_ = 0;
  std::atomic<uint64_t> cache_misses_ = 0;
  std::atomic<uint64_t> series_rejected_ = 0;
  std::atomic<uint64_t> samples_rejected_ = 0;
  std::atomic<uint64_t> writes_refused_ = 0;
  std::optional<Wal> wal_;
  std::optional<Committer> committer_;
};

}  // namespace

std::string_view sync_mode_name(SyncMode mode) {
  switch (mode) {
    case SyncMode::kAlways:
      return "always";
    case SyncMode::kOs:
      return "os";
  }
  return "unknown";
}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, const QueuePolicy& write_queue,
                                           FileSystem& files, const Logger& log) {
  if (auto made = files.make_directory(options.directory); !made) return std::unexpected(std::move(made).error());
  auto lock = lock_directory(options, files);
  if (!lock) return std::unexpected(std::move(lock).error().with_context("lock the data directory"));
  auto store = std::make_unique<EmbeddedStore>(options, write_queue, files, log, std::move(*lock));
  if (auto recovered = store->recover(); !recovered) {
    return std::unexpected(std::move(recovered).error().with_context("open the store"));
  }
  return store;
}

}  // namespace ms::storage
