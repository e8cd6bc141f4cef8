// What both readers of JSON metrics share: the fields of a metric, and the batch that metrics are put into.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/write_batch.h"

namespace ms::wire {

// As many spaces lie behind a body while it is read.
inline constexpr size_t kJsonPaddingBytes = 64;

// The bits of a set of fields.
enum class JsonField : uint8_t { kName = 1, kValue = 2, kTimestamp = 4, kType = 8, kTags = 16 };

struct JsonFieldName {
  std::string_view key;
  JsonField field;
};
// The first two letters tell them apart.
inline constexpr std::array<JsonFieldName, 6> kJsonFieldNames = {{{"name", JsonField::kName},
                                                                  {"value", JsonField::kValue},
                                                                  {"timestamp", JsonField::kTimestamp},
                                                                  {"tags", JsonField::kTags},
                                                                  {"type", JsonField::kType},
                                                                  {"labels", JsonField::kTags}}};

// `quoted` is a key behind its opening quote, in a body. Null: none of these names, as it is written.
const JsonFieldName* find_json_field(const char* quoted);

std::optional<model::MetricType> find_json_type(std::string_view text);
// The number that "NaN", "+Inf", "Inf" or "-Inf" spells.
std::optional<double> find_special_number(std::string_view text);

// A metric that was read; its views look at the body.
struct JsonMetric {
  std::string_view name;
  std::string_view name_token;  // as it stands in the body,
  std::string_view tags;        // and its tags; empty: none
  double value = 0;
  int64_t timestamp_ms = 0;
  std::optional<model::MetricType> type;
};

// The batch of one body. The views of the metrics live as long as it does.
class JsonMetricBatch {
 public:
  explicit JsonMetricBatch(size_t body_bytes);

  void add(const JsonMetric& metric);
  void reject(std::string reason) { batch_.rejections.add(index_++, 1, std::move(reason)); }

  model::WriteBatch take() { return std::move(batch_); }

 private:
  struct TypesKept {
    std::string_view name;
    unsigned types = 0;  // a bit for each MetricType
  };

  void keep_type(std::string_view name, model::MetricType type);

  model::WriteBatch batch_;
  uint32_t index_ = 0;
  std::unordered_map<std::string_view, unsigned> types_kept_;  // the same bits, by metric name
  std::vector<TypesKept> recent_;                              // by recent_slot(); empty until there is a type
};

}  // namespace ms::wire
