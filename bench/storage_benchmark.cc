// What a write costs in the store, step by step, and a replay; 1,000 samples a write, one of each series. Items per
// second count samples.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/head.h"
#include "storage/series_cache.h"
#include "storage/wal.h"
#include "storage/wal_entries.h"
#include "storage/wal_format.h"

namespace ms::storage {
namespace {

constexpr uint32_t kSamplesPerWrite = 1000;
constexpr int64_t kBegin = 1732363200000;

// The writes of one step: each series once.
struct Step {
  explicit Step(uint32_t series) {
    for (uint32_t begin = 0; begin < series; begin += kSamplesPerWrite) {
      std::vector<SeriesRef>& write = refs.emplace_back();
      for (uint32_t i = 0; i < kSamplesPerWrite; ++i) write.push_back(1 + begin + i);
    }
    for (uint32_t i = 0; i < kSamplesPerWrite; ++i) values.push_back(1234.5 + i);
  }

  std::vector<std::vector<SeriesRef>> refs;  // of each write
  std::vector<double> values;
};

void set_counts(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * kSamplesPerWrite); }

Result<std::string> decode_nothing(std::string_view raw_labels) { return std::string(raw_labels); }

// Labels of 196 bytes, of which the last few tell the series apart.
model::WriteBatch batch_of(const std::vector<SeriesRef>& refs) {
  model::WriteBatch batch;
  batch.decode_labels = decode_nothing;
  for (const SeriesRef ref : refs) {
    std::string labels(188, 'x');
    labels += std::to_string(10'000'000 + ref);
    batch.series.push_back({.labels_offset = static_cast<uint32_t>(batch.bytes.size()),
                            .labels_bytes = static_cast<uint32_t>(labels.size())});
    batch.bytes += labels;
  }
  return batch;
}

void FindSeries(benchmark::State& state) {
  const Step step(static_cast<uint32_t>(state.range(0)));
  SeriesCache cache(256u << 20);
  std::vector<model::WriteBatch> batches;
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < kSamplesPerWrite; ++i) all.push_back(i);
  for (const auto& refs : step.refs) {
    batches.push_back(batch_of(refs));
    cache.insert(batches.back(), refs, all);
  }
  std::vector<SeriesRef> found(kSamplesPerWrite);
  size_t next = 0;
  for (auto _ : state) {
    cache.find(batches[next++ % batches.size()], found);
    benchmark::DoNotOptimize(found.data());
  }
  set_counts(state);
}
BENCHMARK(FindSeries)->Arg(10'000)->Arg(100'000);

void AppendToHead(benchmark::State& state) {
  constexpr size_t kStepsMax = 240;  // then a new head: memory is finite
  const Step step(static_cast<uint32_t>(state.range(0)));
  auto head = std::make_unique<Head>();
  std::vector<int64_t> timestamps_ms(kSamplesPerWrite);
  size_t writes = 0;
  for (auto _ : state) {
    if (writes == kStepsMax * step.refs.size()) {
      state.PauseTiming();
      head = std::make_unique<Head>();
      writes = 0;
      state.ResumeTiming();
    }
    const size_t steps = writes / step.refs.size();
    std::ranges::fill(timestamps_ms, kBegin + static_cast<int64_t>(steps) * 10'000);
    head->append(step.refs[writes++ % step.refs.size()], timestamps_ms, step.values);
  }
  set_counts(state);
}
BENCHMARK(AppendToHead)->Arg(10'000)->Arg(100'000);

void EncodeSamples(benchmark::State& state) {
  const Step step(kSamplesPerWrite);
  const std::vector<int64_t> timestamps_ms(kSamplesPerWrite, kBegin);
  for (auto _ : state) {
    std::string entries;
    append_samples_entry(entries, step.refs[0], timestamps_ms, step.values);
    benchmark::DoNotOptimize(entries.data());
  }
  set_counts(state);
}
BENCHMARK(EncodeSamples);

// Ten writes in a commit.
void FrameCommit(benchmark::State& state) {
  const Step step(kSamplesPerWrite);
  const std::vector<int64_t> timestamps_ms(kSamplesPerWrite, kBegin);
  std::string entries;
  for (int i = 0; i < 10; ++i) append_samples_entry(entries, step.refs[0], timestamps_ms, step.values);
  std::string frames;
  for (auto _ : state) {
    frames.clear();
    append_commit(frames, {.segment = 1, .offset = 32}, {}, entries);
    benchmark::DoNotOptimize(frames.data());
  }
  state.SetItemsProcessed(state.iterations() * kSamplesPerWrite * 10);
}
BENCHMARK(FrameCommit);

// A log in a directory of its own, which goes with it.
class ScratchLog {
 public:
  ScratchLog() {
    std::string name = (std::filesystem::temp_directory_path() / "metricstream_bench_XXXXXX").string();
    directory_ = mkdtemp(name.data());
    wal_.emplace(*files_, WalOptions{.directory = directory_}, WalResume{});
  }
  ~ScratchLog() {
    wal_.reset();
    std::filesystem::remove_all(directory_);
  }

  Wal& wal() { return *wal_; }

 private:
  const std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  std::string directory_;
  std::optional<Wal> wal_;
};

// Ten writes in a commit, into a file's pages in memory; what fdatasync costs beside it is the disk's, and the
// kernel's.
void AppendToLog(benchmark::State& state) {
  constexpr uint64_t kBytesMax = 256u << 20;  // then a new log: the disk is finite
  const Step step(kSamplesPerWrite);
  const std::vector<int64_t> timestamps_ms(kSamplesPerWrite, kBegin);
  std::string entries;
  for (int i = 0; i < 10; ++i) append_samples_entry(entries, step.refs[0], timestamps_ms, step.values);
  auto log = std::make_unique<ScratchLog>();
  for (auto _ : state) {
    if (log->wal().bytes_written() > kBytesMax) {
      state.PauseTiming();
      log = std::make_unique<ScratchLog>();
      state.ResumeTiming();
    }
    if (!log->wal().append(entries)) {
      state.SkipWithError("the log cannot be written");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations() * kSamplesPerWrite * 10);
}
BENCHMARK(AppendToLog);

// From a segment's bytes to the head.
class HeadFiller final : public EntryVisitor {
 public:
  void on_series(SeriesRef, std::string_view) override {}
  void on_samples(std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms,
                  std::span<const double> values) override {
    head_.append(refs, timestamps_ms, values);
    samples += refs.size();
  }
  void on_metadata(const model::Metadata&) override {}

  uint64_t samples = 0;

 private:
  Head head_;
};

void ReplaySegment(benchmark::State& state) {
  constexpr uint32_t kSegmentBytes = 16u << 20;
  const Step step(static_cast<uint32_t>(state.range(0)));
  std::string segment = encode_segment_header({.number = 1});
  std::string entries;
  size_t writes = 0;
  while (true) {
    entries.clear();
    const size_t steps = writes / step.refs.size();
    const std::vector<int64_t> timestamps_ms(kSamplesPerWrite, kBegin + static_cast<int64_t>(steps) * 10'000);
    append_samples_entry(entries, step.refs[writes++ % step.refs.size()], timestamps_ms, step.values);
    const auto offset = static_cast<uint32_t>(segment.size());
    if (offset + commit_bytes(offset, entries.size()) > kSegmentBytes) break;
    append_commit(segment, {.segment = 1, .offset = offset}, {}, entries);
  }
  uint64_t samples = 0;
  for (auto _ : state) {
    HeadFiller filler;
    const SegmentScan scan = scan_segment(segment, 1);
    for (const ScannedCommit& commit : scan.commits) {
      if (!decode_entries(commit.entries, filler)) state.SkipWithError("a commit does not decode");
    }
    samples += filler.samples;
  }
  state.SetItemsProcessed(static_cast<int64_t>(samples));
}
BENCHMARK(ReplaySegment)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ms::storage
