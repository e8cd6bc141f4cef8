// simdjson's on-demand interface, because a fault in one metric leaves the others readable, and because it reads
// numbers of any length (its DOM refuses a whole body for an integer beyond 64 bits). What it skips, which is the
// unknown fields, it checks for balanced brackets only.
#include "wire/json_metrics.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "wire/json_labels.h"

namespace ms::wire {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr size_t kMetricBytesTypical = 128;    // what is reserved for at the start: a metric of a few tags
constexpr int kRecentBits = 8;                 // of a place among the names seen last
constexpr size_t kTokenBytesMax = 64;          // of a number in a message
constexpr size_t kTrustedNumberBytesMax = 19;  // of a number that simdjson reads right

// The NaN that Go and so Prometheus write where a calculation has no number.
constexpr double kNan = std::bit_cast<double>(uint64_t{0x7ff8000000000001});

std::optional<double> find_special_number(std::string_view text) {
  if (text == "NaN") return kNan;
  if (text == "+Inf" || text == "Inf") return HUGE_VAL;
  if (text == "-Inf") return -HUGE_VAL;
  return std::nullopt;
}

std::optional<model::MetricType> find_type(std::string_view text) {
  if (text == "counter") return model::MetricType::kCounter;
  if (text == "gauge") return model::MetricType::kGauge;
  if (text == "histogram") return model::MetricType::kHistogram;
  if (text == "summary") return model::MetricType::kSummary;
  return std::nullopt;
}

const char* name_of(ondemand::json_type type) {
  switch (type) {
    case ondemand::json_type::array:
      return "an array";
    case ondemand::json_type::object:
      return "an object";
    case ondemand::json_type::number:
      return "a number";
    case ondemand::json_type::string:
      return "a string";
    case ondemand::json_type::boolean:
      return "a boolean";
    case ondemand::json_type::null:
      return "null";
  }
  return "unknown";
}

std::string_view token_of(ondemand::value& value) {
  const std::string_view token = value.raw_json_token();
  return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
}

std::string describe_token(ondemand::value& value) {
  return std::string(model::clip_utf8(token_of(value), kTokenBytesMax));
}

// The number that a value spells; nothing where it spells none, or one beyond the range of a double.
std::optional<double> find_number(ondemand::value& value) {
  const std::string_view token = token_of(value);
  double number = 0;
  if (value.get_double().get(number) != SUCCESS) return std::nullopt;
  // simdjson 3.0 misreads what begins with "0." and has more than 19 digits after it.
  if (token.size() <= kTrustedNumberBytesMax) return number;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return number;
}

// Reads one metric after the other. Every read gives an error code where the body is broken for good; a fault of the
// metric alone goes to `fault_`, and the first one ends the metric. The views that it holds look at the parser's
// buffers.
class MetricReader {
 public:
  MetricReader(model::WriteBatch& batch, const model::ParseContext& context) : batch_(batch), context_(context) {}

  error_code read_metric(ondemand::value value) {
    start_metric();
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    if (type == ondemand::json_type::object) {
      ondemand::object object;
      if (auto error = value.get_object().get(object)) return error;
      if (auto error = read_fields(object)) return error;
    } else {
      fault_ = std::string("metric is ") + name_of(type) + ", an object is expected";
    }
    finish_metric();
    return SUCCESS;
  }

  // A document that is one metric.
  error_code read_metric(ondemand::object object) {
    start_metric();
    if (auto error = read_fields(object)) return error;
    finish_metric();
    return SUCCESS;
  }

 private:
  enum Field : unsigned { kName = 1, kValue = 2, kTimestamp = 4, kType = 8, kTags = 16 };
  struct KnownField {
    std::string_view key;
    Field field;
  };
  // The first two letters tell them apart.
  static constexpr KnownField kKnownFields[] = {{"name", kName}, {"value", kValue}, {"timestamp", kTimestamp},
                                                {"tags", kTags}, {"type", kType},   {"labels", kTags}};

  void start_metric() {
    fault_.clear();
    seen_ = 0;
    tags_ = {};
    timestamp_ms_ = context_.arrival_ms;
    type_.reset();
  }

  error_code read_fields(ondemand::object& object) {
    for (auto field : object) {
      ondemand::raw_json_string raw_key;
      if (auto error = field.key().get(raw_key)) return error;
      const KnownField* known = find_field(raw_key.raw());
      std::string_view key;
      if (known == nullptr) {
        // The key of an unknown field, or one that has escapes.
        if (auto error = read_string(field.unescaped_key(), "a field's name", key)) return error;
        known = find_unescaped_field(key);
      }
      ondemand::value value;
      if (auto error = field.value().get(value)) return error;
      // After a fault the rest is still walked over, for the sake of a body that is broken further on.
      if (!fault_.empty() || known == nullptr) continue;
      if (auto error = read_field(*known, value)) return error;
    }
    return SUCCESS;
  }

  // `quoted` is a key behind its opening quote; simdjson's padding lies behind the body, if nothing else.
  static const KnownField* find_field(const char* quoted) {
    for (const KnownField& known : kKnownFields) {
      if (quoted[0] != known.key[0] || quoted[1] != known.key[1]) continue;
      return std::string_view(quoted, known.key.size()) == known.key && quoted[known.key.size()] == '"' ? &known
                                                                                                        : nullptr;
    }
    return nullptr;
  }

  static const KnownField* find_unescaped_field(std::string_view key) {
    const auto known = std::ranges::find(kKnownFields, key, &KnownField::key);
    return known == std::end(kKnownFields) ? nullptr : known;
  }

  error_code read_field(const KnownField& known, ondemand::value& value) {
    if (!is_first(known.field, known.key)) return SUCCESS;
    switch (known.field) {
      case kName:
        return read_name(value);
      case kValue:
        return read_value(value);
      case kTimestamp:
        return read_timestamp(value);
      case kType:
        return read_type(value);
      case kTags:
        return read_tags(value);
    }
    std::unreachable();
  }

  bool is_first(Field field, std::string_view key) {
    if ((seen_ & field) != 0) {
      fault_ = "\"" + std::string(key) + "\" is given twice";
      if (field == kTags) fault_ += " (\"tags\" and \"labels\" are the same)";
    }
    seen_ |= field;
    return fault_.empty();
  }

  // Sets `type`; what is not of the wanted type is a fault, save null where that is the same as absent.
  error_code expect(ondemand::value& value, ondemand::json_type wanted, std::string_view what,
                    ondemand::json_type& type) {
    if (auto error = value.type().get(type)) return error;
    if (type != wanted && type != ondemand::json_type::null) {
      fault_ = std::string(what) + " is " + name_of(type) + ", " + name_of(wanted) + " is expected";
    }
    return SUCCESS;
  }

  error_code read_string(simdjson::simdjson_result<std::string_view> result, std::string_view what,
                         std::string_view& text) {
    const error_code error = std::move(result).get(text);
    if (error != simdjson::STRING_ERROR) return error;
    fault_ = std::string(what) + " has a bad escape sequence";
    return SUCCESS;
  }

  // A string that is as it was written needs no copy.
  error_code read_text(ondemand::value& value, std::string_view what, std::string_view& text) {
    const std::string_view token = token_of(value);
    if (token.find('\\') != std::string_view::npos) return read_string(value.get_string(), what, text);
    text = token.substr(1, token.size() - 2);
    return SUCCESS;
  }

  error_code read_name(ondemand::value& value) {
    ondemand::json_type type;
    if (auto error = expect(value, ondemand::json_type::string, "\"name\"", type)) return error;
    if (type == ondemand::json_type::null) fault_ = "\"name\" is null";
    if (!fault_.empty()) return SUCCESS;
    name_token_ = token_of(value);
    if (auto error = read_text(value, "\"name\"", name_)) return error;
    if (fault_.empty() && name_.empty()) fault_ = "\"name\" is empty";
    return SUCCESS;
  }

  error_code read_value(ondemand::value& value) {
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    if (type == ondemand::json_type::number) {
      const auto number = find_number(value);
      if (!number) fault_ = "\"value\" is not a 64-bit number: " + describe_token(value);
      value_ = number.value_or(0);
      return SUCCESS;
    }
    if (type != ondemand::json_type::string) {
      fault_ = std::string("\"value\" is ") + name_of(type) + ", a number is expected";
      return SUCCESS;
    }
    std::string_view text;
    if (auto error = read_string(value.get_string(), "\"value\"", text)) return error;
    if (const auto number = find_special_number(text)) {
      value_ = *number;
    } else if (fault_.empty()) {
      fault_ = "\"value\" is the string " + model::quote(text) + R"(, a number, "NaN", "+Inf" or "-Inf" is expected)";
    }
    return SUCCESS;
  }

  error_code read_timestamp(ondemand::value& value) {
    ondemand::json_type type;
    if (auto error = expect(value, ondemand::json_type::number, "\"timestamp\"", type)) return error;
    if (type != ondemand::json_type::number) return SUCCESS;
    if (value.get_int64().get(timestamp_ms_) != SUCCESS && !read_whole_double(value)) {
      fault_ = "\"timestamp\" is not a whole number of milliseconds: " + describe_token(value);
    } else if (timestamp_ms_ > context_.timestamp_ms_max) {
      fault_ = model::describe_future_timestamp(timestamp_ms_, context_);
    } else if (model::looks_like_seconds(timestamp_ms_, context_)) {
      fault_ = "timestamp " + std::to_string(timestamp_ms_) + " looks like seconds, milliseconds are expected";
    }
    return SUCCESS;
  }

  // 1.7e12 and 5.0 are whole numbers too.
  bool read_whole_double(ondemand::value& value) {
    constexpr double kExactMax = 9007199254740992;  // 2^53
    const auto number = find_number(value);
    if (!number || std::trunc(*number) != *number || std::abs(*number) > kExactMax) return false;
    timestamp_ms_ = static_cast<int64_t>(*number);
    return true;
  }

  error_code read_type(ondemand::value& value) {
    ondemand::json_type type;
    if (auto error = expect(value, ondemand::json_type::string, "\"type\"", type)) return error;
    if (type != ondemand::json_type::string) return SUCCESS;
    std::string_view text;
    if (auto error = read_text(value, "\"type\"", text)) return error;
    type_ = find_type(text);
    if (fault_.empty() && !type_) {
      fault_ = "\"type\" is " + model::quote(text) + ", counter, gauge, histogram or summary is expected";
    }
    return SUCCESS;
  }

  error_code read_tags(ondemand::value& value) {
    ondemand::json_type type;
    if (auto error = expect(value, ondemand::json_type::object, "\"tags\"", type)) return error;
    if (type != ondemand::json_type::object) return SUCCESS;
    const char* begin = nullptr;
    if (auto error = value.current_location().get(begin)) return error;
    ondemand::object tags;
    if (auto error = value.get_object().get(tags)) return error;
    for (auto tag : tags) {
      ondemand::value tag_value;
      if (auto error = tag.value().get(tag_value)) return error;
      if (auto error = tag_value.type().get(type)) return error;
      if (type == ondemand::json_type::string || !fault_.empty()) continue;
      std::string_view name;
      if (auto error = read_string(tag.unescaped_key(), "a tag's name", name)) return error;
      if (fault_.empty()) fault_ = "tag " + model::quote(name) + " is " + name_of(type) + ", a string is expected";
    }
    // What follows an object that lies in another one is a comma or a brace.
    const char* end = nullptr;
    if (auto error = value.current_location().get(end)) return error;
    const std::string_view text(begin, static_cast<size_t>(end - begin));
    tags_ = text.substr(0, text.rfind('}') + 1);
    return SUCCESS;
  }

  // Keeps the metric that was read, or says why not.
  void finish_metric() {
    const uint32_t index = index_++;
    if (fault_.empty() && (seen_ & kName) == 0) fault_ = "\"name\" is missing";
    if (fault_.empty() && (seen_ & kValue) == 0) fault_ = "\"value\" is missing";
    if (!fault_.empty()) {
      batch_.rejections.add(index, 1, std::move(fault_));
      fault_.clear();
      return;
    }
    const size_t offset = batch_.bytes.size();
    append_raw_json_labels(batch_.bytes, name_token_, tags_);
    const auto sample = static_cast<uint32_t>(batch_.values.size());
    batch_.series.push_back({.labels_offset = static_cast<uint32_t>(offset),
                             .labels_bytes = static_cast<uint32_t>(batch_.bytes.size() - offset),
                             .sample_begin = sample,
                             .sample_end = sample + 1,
                             .index = index});
    batch_.timestamps_ms.push_back(timestamp_ms_);
    batch_.values.push_back(value_);
    if (type_) keep_type();
  }

  // Mostly a type comes again and again with the few names of a body: those seen last are looked at first.
  void keep_type() {
    const unsigned bit = 1u << static_cast<unsigned>(*type_);
    TypesKept& recent = recent_[recent_slot(name_)];
    if ((recent.types & bit) != 0 && recent.name == name_) return;
    unsigned& kept = types_kept_[name_];
    if ((kept & bit) == 0)
      batch_.metadata.push_back({.metric = std::string(name_), .type = *type_, .help = {}, .unit = {}});
    kept |= bit;
    recent = {name_, kept};
  }

  // By the name's first and last eight bytes.
  static size_t recent_slot(std::string_view name) {
    uint64_t first = 0;
    uint64_t last = 0;
    const size_t bytes = std::min(name.size(), sizeof first);
    std::memcpy(&first, name.data(), bytes);
    std::memcpy(&last, name.data() + name.size() - bytes, bytes);
    return ((first ^ std::rotl(last, 29)) * 0x9e3779b97f4a7c15u) >> (64 - kRecentBits);
  }

  model::WriteBatch& batch_;
  const model::ParseContext& context_;
  struct TypesKept {
    std::string_view name;
    unsigned types = 0;  // a bit for each MetricType
  };
  std::unordered_map<std::string_view, unsigned> types_kept_;  // the same bits, by metric name
  std::array<TypesKept, size_t{1} << kRecentBits> recent_;
  uint32_t index_ = 0;

  // Of the metric being read.
  std::string fault_;
  unsigned seen_ = 0;
  std::string_view name_;
  std::string_view name_token_;  // as it stands in the body,
  std::string_view tags_;        // and its tags
  double value_ = 0;
  int64_t timestamp_ms_ = 0;
  std::optional<model::MetricType> type_;
};

// Reads a whole body, once.
class BodyReader {
 public:
  BodyReader(std::string body, const model::ParseContext& context)
      : body_bytes_(body.size()), body_(std::move(body)), metrics_(batch_, context) {
    body_.append(simdjson::SIMDJSON_PADDING, ' ');
    batch_.decode_labels = decode_json_labels;
    batch_.bytes.reserve(body_bytes_ + kRawJsonLabelsOverhead);
    const size_t metrics_expected = body_bytes_ / kMetricBytesTypical;
    batch_.series.reserve(metrics_expected);
    batch_.timestamps_ms.reserve(metrics_expected);
    batch_.values.reserve(metrics_expected);
  }

  Result<model::WriteBatch> read() {
    ondemand::document document;
    const simdjson::padded_string_view body(body_.data(), body_bytes_, body_.size());
    if (auto error = parser_.iterate(body).get(document)) return fail_broken(error, "");
    const error_code error = read_document(document);
    if (!shape_fault_.empty()) return fail(ErrorCode::kInvalid, "body " + shape_fault_);
    if (error != SUCCESS) return fail_broken(error, place_of(document));
    if (const char* rest; document.current_location().get(rest) == SUCCESS) {
      return fail(ErrorCode::kInvalid, "body goes on after its JSON" + place_of(document));
    }
    return std::move(batch_);
  }

 private:
  error_code read_document(ondemand::document& document) {
    ondemand::json_type type;
    if (auto error = document.type().get(type)) return error;
    if (type == ondemand::json_type::array) {
      ondemand::array array;
      if (auto error = document.get_array().get(array)) return error;
      return read_array(array);
    }
    if (type != ondemand::json_type::object) {
      shape_fault_ = std::string("is ") + name_of(type) + ", an object or an array is expected";
      return SUCCESS;
    }
    ondemand::object object;
    if (auto error = document.get_object().get(object)) return error;
    bool is_wrapper = false;
    if (auto error = read_wrapper(object, is_wrapper)) return error;
    if (is_wrapper) return SUCCESS;
    document.rewind();
    if (auto error = document.get_object().get(object)) return error;
    return metrics_.read_metric(object);
  }

  // An object without "metrics" is only walked over.
  error_code read_wrapper(ondemand::object& object, bool& is_wrapper) {
    for (auto field : object) {
      std::string_view key;
      if (auto error = field.unescaped_key().get(key)) return error;
      ondemand::value value;
      if (auto error = field.value().get(value)) return error;
      if (key != "metrics") continue;
      if (is_wrapper) shape_fault_ = "has \"metrics\" twice";
      is_wrapper = true;
      ondemand::json_type type;
      if (auto error = value.type().get(type)) return error;
      if (type != ondemand::json_type::array) {
        shape_fault_ = std::string("has \"metrics\" that is ") + name_of(type) + ", an array is expected";
      }
      if (!shape_fault_.empty()) return SUCCESS;
      ondemand::array array;
      if (auto error = value.get_array().get(array)) return error;
      if (auto error = read_array(array)) return error;
    }
    return SUCCESS;
  }

  error_code read_array(ondemand::array& array) {
    for (auto element : array) {
      ondemand::value value;
      if (auto error = element.get(value)) return error;
      if (auto error = metrics_.read_metric(value)) return error;
    }
    return SUCCESS;
  }

  std::string place_of(ondemand::document& document) const {
    const char* place = nullptr;
    if (document.current_location().get(place) != SUCCESS) return " at its end";
    return " at byte " + std::to_string(place - body_.data());
  }

  static std::unexpected<Error> fail_broken(error_code error, const std::string& place) {
    return fail(ErrorCode::kInvalid, "body is not JSON" + place + ": " + simdjson::error_message(error));
  }

  const size_t body_bytes_;
  std::string body_;  // with simdjson's padding behind it
  ondemand::parser parser_;
  model::WriteBatch batch_;
  MetricReader metrics_;
  std::string shape_fault_;  // why the body has none of the three shapes
};

}  // namespace

Result<model::WriteBatch> parse_json_metrics(std::string body, const model::ParseContext& context) {
  if (body.size() > context.decoded_bytes_max) {
    return fail(ErrorCode::kTooLarge, "body has " + std::to_string(body.size()) + " bytes, at most " +
                                          std::to_string(context.decoded_bytes_max) + " are accepted");
  }
  return BodyReader(std::move(body), context).read();
}

}  // namespace ms::wire
