#include "api/self_recorder.h"

#include <string>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "model/write_batch.h"

namespace ms::api {
namespace {

constexpr std::string_view kJob = "metricstream";
constexpr std::string_view kInstance = "self";

// Whether there is room for what nobody has sent. A limit of 0 is none.
bool has_room_to_spare(const storage::Store::Stats& stats) {
  return stats.memory_bytes_max == 0 || stats.memory_bytes <= stats.memory_bytes_max / 10 * 9;
}

// Their raw form is the canonical one.
Result<std::string> decode_label_bytes(std::string_view label_bytes) { return std::string(label_bytes); }

// Metrics as one write, all samples at one time.
class BatchExposition final : public wire::Exposition {
 public:
  explicit BatchExposition(int64_t timestamp_ms) : timestamp_ms_(timestamp_ms) {
    batch_.decode_labels = decode_label_bytes;
  }

  model::WriteBatch take() && { return std::move(batch_); }

 private:
  void begin_metric(std::string_view name, model::MetricType type, std::string_view help) override {
    batch_.metadata.push_back({.metric = std::string(name), .type = type, .help = std::string(help), .unit = {}});
  }

  // A series whose labels are refused is left out; an address and the names of ours are within all limits.
  void add_sample(std::string_view name, Labels labels, double value) override {
    std::vector<model::Label> all(labels.begin(), labels.end());
    all.insert(all.end(), {{model::kMetricName, name}, {"job", kJob}, {"instance", kInstance}});
    const size_t begin = batch_.bytes.size();
    if (!model::append_label_bytes(all, batch_.bytes)) return;
    const auto index = static_cast<uint32_t>(batch_.series.size());
    batch_.series.push_back({.labels_offset = static_cast<uint32_t>(begin),
                             .labels_bytes = static_cast<uint32_t>(batch_.bytes.size() - begin),
                             .sample_begin = index,
                             .sample_end = index + 1,
                             .index = index});
    batch_.timestamps_ms.push_back(timestamp_ms_);
    batch_.values.push_back(value);
  }

  const int64_t timestamp_ms_;
  model::WriteBatch batch_;
};

}  // namespace

SelfRecorder::SelfRecorder(const SelfMetrics& metrics, storage::Store& store, SelfRecordCounters& counters,
                           std::function<int64_t()> now_ms, int64_t interval_ms)
    : metrics_(metrics),
      store_(store),
      counters_(counters),
      now_ms_(std::move(now_ms)),
      interval_ms_(interval_ms),
      last_(Clock::now() - std::chrono::milliseconds(interval_ms)),
      thread_("self-record", [this] { run(); }) {}

SelfRecorder::~SelfRecorder() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
  MutexLock lock(mutex_);
  while (is_writing_) changed_.wait(lock);
}

void SelfRecorder::set_interval_ms(int64_t interval_ms) {
  const MutexLock lock(mutex_);
  interval_ms_ = interval_ms;
  changed_.notify_all();
}

void SelfRecorder::run() {
  while (wait()) record();
}

bool SelfRecorder::wait() {
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    const auto due = last_ + std::chrono::milliseconds(interval_ms_);
    if (interval_ms_ == 0) {
      changed_.wait(lock);
    } else if (const auto now = Clock::now(); now < due) {
      changed_.wait_until(lock, due);
    } else {
      last_ = now;
      return true;
    }
  }
  return false;
}

void SelfRecorder::record() {
  bool is_free = store_.health().accepts_writes && has_room_to_spare(store_.stats());
  {
    const MutexLock lock(mutex_);
    is_free = is_free && !is_writing_;
    if (is_free) is_writing_ = true;
  }
  if (!is_free) {
    counters_.failed.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  BatchExposition exposition(now_ms_());
  metrics_.tell_recorded(exposition);
  store_.write(std::move(exposition).take(), [this](const storage::WriteOutcome& outcome) {
    finish(!outcome.error && outcome.rejections.count == 0);
  });
}

void SelfRecorder::finish(bool is_written) {
  (is_written ? counters_.written : counters_.failed).fetch_add(1, std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  is_writing_ = false;
  changed_.notify_all();
}

}  // namespace ms::api
