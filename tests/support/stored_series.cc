#include "support/stored_series.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/file_system.h"
#include "base/log.h"
#include "base/overload.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "storage/store.h"

namespace ms::test {
namespace {

std::string text_of(std::string_view label_bytes) {
  LabelPairs labels;
  model::LabelReader reader(label_bytes);
  while (const auto label = reader.next()) labels.emplace_back(label->name, label->value);
  return label_text(std::move(labels));
}

std::expected<SampleMap, std::string> samples_of(const storage::SeriesSamples& series) {
  SampleMap samples;
  for (size_t i = 0; i < series.timestamps_ms.size(); ++i) {
    if (i > 0 && series.timestamps_ms[i] <= series.timestamps_ms[i - 1]) {
      return std::unexpected("timestamps do not ascend at " + std::to_string(series.timestamps_ms[i]));
    }
    samples.emplace_hint(samples.end(), series.timestamps_ms[i], bits_of(series.values[i]));
  }
  return samples;
}

}  // namespace

std::expected<SeriesMap, std::string> read_store(const std::string& directory) {
  const std::unique_ptr<FileSystem> files = make_posix_file_system();
  Logger log(LogLevel::kWarn, LogFormat::kLogfmt);
  const QueuePolicy write_queue;
  const auto store = storage::Store::open({.directory = directory}, write_queue, *files, log);
  if (!store) return std::unexpected(store.error().message);

  const auto any_name = model::Matcher::make(std::string(model::kMetricName), model::MatchOp::kNotEqual, "");
  if (!any_name) return std::unexpected(any_name.error().message);
  constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  const auto selected = (*store)->select({&*any_name, 1}, kFirst, kLast, std::numeric_limits<uint64_t>::max());
  if (!selected) return std::unexpected(selected.error().message);

  SeriesMap all;
  for (const storage::SeriesSamples& series : *selected) {
    const std::string text = text_of(series.label_bytes);
    std::expected<SampleMap, std::string> samples = samples_of(series);
    if (!samples) return std::unexpected(text + ": " + samples.error());
    if (!all.emplace(text, *std::move(samples)).second) return std::unexpected("a series twice: " + text);
  }
  return all;
}

}  // namespace ms::test
