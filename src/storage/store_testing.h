// What the tests of the store share: batches in, samples out, and a log that nobody reads.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <chrono>
#include <cstdint>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/overload.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "storage/forgetful_file_system_testing.h"
#include "storage/store.h"

namespace ms::storage {

inline constexpr uint32_t kTestSegmentBytes = 256 * 1024;
inline constexpr int64_t kMsMin = std::numeric_limits<int64_t>::min();
inline constexpr int64_t kMsMax = std::numeric_limits<int64_t>::max();

inline const Logger& quiet_log() {
  static const Logger log(LogLevel::kError, LogFormat::kLogfmt, "/dev/null");
  return log;
}

inline std::string labels_of(std::vector<model::Label> labels) { return model::encode_labels(labels).value(); }
inline std::string series_labels(std::string_view name) {
  return labels_of({{model::kMetricName, "test_metric"}, {"series", name}});
}

// A batch whose raw labels are label bytes already.
class BatchBuilder {
 public:
  BatchBuilder() {
    batch_.decode_labels = [](std::string_view raw) -> Result<std::string> { return std::string(raw); };
  }

  BatchBuilder& add(const std::string& label_bytes, int64_t timestamp_ms, double value) {
    const auto sample = static_cast<uint32_t>(batch_.values.size());
    batch_.series.push_back({.labels_offset = static_cast<uint32_t>(batch_.bytes.size()),
                             .labels_bytes = static_cast<uint32_t>(label_bytes.size()),
                             .sample_begin = sample,
                             .sample_end = sample + 1,
                             .index = sample});
    batch_.bytes += label_bytes;
    batch_.timestamps_ms.push_back(timestamp_ms);
    batch_.values.push_back(value);
    return *this;
  }

  BatchBuilder& add(const model::Metadata& metadata) {
    batch_.metadata.push_back(metadata);
    return *this;
  }

  model::WriteBatch build() { return std::move(batch_); }

 private:
  model::WriteBatch batch_;
};

inline WriteOutcome write_and_wait(Store& store, model::WriteBatch batch) {
  std::promise<WriteOutcome> done;
  std::future<WriteOutcome> outcome = done.get_future();
  store.write(std::move(batch), [&done](WriteOutcome result) { done.set_value(std::move(result)); });
  return outcome.get();
}

inline WriteOutcome write_one(Store& store, std::string_view series, int64_t timestamp_ms, double value) {
  return write_and_wait(store, BatchBuilder().add(series_labels(series), timestamp_ms, value).build());
}

// Values as bits, so that every NaN equals itself only.
using Samples = std::map<int64_t, uint64_t>;
using Contents = std::map<std::string, Samples>;  // by label bytes

inline model::Matcher matcher(std::string name, model::MatchOp op, std::string value) {
  return model::Matcher::make(std::move(name), op, std::move(value)).value();
}

inline Contents read_all(const Store& store) {
  const std::vector<model::Matcher> all{matcher("none", model::MatchOp::kEqual, "")};
  auto selected = store.select(all, kMsMin, kMsMax, std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(selected.has_value());
  Contents contents;
  for (const SeriesSamples& series : *selected) {
    Samples& samples = contents[series.label_bytes];
    EXPECT_TRUE(samples.empty()) << "a series is told of twice";
    for (size_t i = 0; i < series.values.size(); ++i) {
      EXPECT_TRUE(i == 0 || series.timestamps_ms[i - 1] < series.timestamps_ms[i]) << "timestamps do not ascend";
      samples[series.timestamps_ms[i]] = std::bit_cast<uint64_t>(series.values[i]);
    }
  }
  return contents;
}

inline std::optional<double> read_one(const Store& store, std::string_view series, int64_t timestamp_ms) {
  const Contents contents = read_all(store);
  const auto found = contents.find(series_labels(series));
  if (found == contents.end() || !found->second.contains(timestamp_ms)) return std::nullopt;
  return std::bit_cast<double>(found->second.at(timestamp_ms));
}

inline StoreOptions test_options() {
  return {.directory = "/data", .lock_timeout_ms = 20, .segment_bytes = kTestSegmentBytes};
}

// Lets writes wait for as long as a slow machine takes.
inline const QueuePolicy& patient() {
  static const QueuePolicy policy{.target_ns = 3600 * kNanosPerSecond, .deadline_ns = 3600 * kNanosPerSecond};
  return policy;
}

inline std::unique_ptr<Store> open_store(FileSystem& files, const StoreOptions& options = test_options(),
                                         const QueuePolicy& write_queue = patient()) {
  auto store = Store::open(options, write_queue, files, quiet_log());
  EXPECT_TRUE(store.has_value()) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

inline std::string test_segment_path(uint32_t number) {
  const std::string digits = std::to_string(number);
  return "/data/wal/" + std::string(8 - digits.size(), '0') + digits + ".wal";
}

// Waits for a condition that another thread brings about; false after ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace ms::storage
