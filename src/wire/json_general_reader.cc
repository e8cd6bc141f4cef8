// simdjson's on-demand interface, because a fault in one metric leaves the others readable, and because it reads
// numbers of any length (its DOM refuses a whole body for an integer beyond 64 bits). What it skips, which is the
// unknown fields, it checks for balanced brackets only.
#include "wire/json_general_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "model/labels.h"
#include "wire/json_metric.h"

namespace ms::wire {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

constexpr size_t kTokenBytesMax = 64;          // of a number in a message
constexpr size_t kTrustedNumberBytesMax = 19;  // of a number that simdjson reads right

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
  MetricReader(JsonMetricBatch& batch, const model::ParseContext& context) : batch_(batch), context_(context) {}

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
  void start_metric() {
    fault_.clear();
    seen_ = 0;
    metric_ = {.timestamp_ms = context_.arrival_ms};
  }

  error_code read_fields(ondemand::object& object) {
    for (auto field : object) {
      ondemand::raw_json_string raw_key;
      if (auto error = field.key().get(raw_key)) return error;
      const JsonFieldName* known = find_json_field(raw_key.raw());
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

  static const JsonFieldName* find_unescaped_field(std::string_view key) {
    const auto known = std::ranges::find(kJsonFieldNames, key, &JsonFieldName::key);
    return known == kJsonFieldNames.end() ? nullptr : known;
  }

  error_code read_field(const JsonFieldName& known, ondemand::value& value) {
    if (!is_first(known.field, known.key)) return SUCCESS;
    switch (known.field) {
      case JsonField::kName:
        return read_name(value);
      case JsonField::kValue:
        return read_value(value);
      case JsonField::kTimestamp:
        return read_timestamp(value);
      case JsonField::kType:
        return read_type(value);
      case JsonField::kTags:
        return read_tags(value);
    }
    std::unreachable();
  }

  bool is_first(JsonField field, std::string_view key) {
    const auto bit = static_cast<unsigned>(field);
    if ((seen_ & bit) != 0) {
      fault_ = "\"" + std::string(key) + "\" is given twice";
      if (field == JsonField::kTags) fault_ += " (\"tags\" and \"labels\" are the same)";
    }
    seen_ |= bit;
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
    metric_.name_token = token_of(value);
    if (auto error = read_text(value, "\"name\"", metric_.name)) return error;
    if (fault_.empty() && metric_.name.empty()) fault_ = "\"name\" is empty";
    return SUCCESS;
  }

  error_code read_value(ondemand::value& value) {
    ondemand::json_type type;
    if (auto error = value.type().get(type)) return error;
    if (type == ondemand::json_type::number) {
      const auto number = find_number(value);
      if (!number) fault_ = "\"value\" is not a 64-bit number: " + describe_token(value);
      metric_.value = number.value_or(0);
      return SUCCESS;
    }
    if (type != ondemand::json_type::string) {
      fault_ = std::string("\"value\" is ") + name_of(type) + ", a number is expected";
      return SUCCESS;
    }
    std::string_view text;
    if (auto error = read_string(value.get_string(), "\"value\"", text)) return error;
    if (const auto number = find_special_number(text)) {
      metric_.value = *number;
    } else if (fault_.empty()) {
      fault_ = "\"value\" is the string " + model::quote(text) + R"(, a number, "NaN", "+Inf" or "-Inf" is expected)";
    }
    return SUCCESS;
  }

  error_code read_timestamp(ondemand::value& value) {
    ondemand::json_type type;
    if (auto error = expect(value, ondemand::json_type::number, "\"timestamp\"", type)) return error;
    if (type != ondemand::json_type::number) return SUCCESS;
    if (value.get_int64().get(metric_.timestamp_ms) != SUCCESS && !read_whole_double(value)) {
      fault_ = "\"timestamp\" is not a whole number of milliseconds: " + describe_token(value);
    } else if (metric_.timestamp_ms > context_.timestamp_ms_max) {
      fault_ = model::describe_future_timestamp(metric_.timestamp_ms, context_);
    } else if (model::looks_like_seconds(metric_.timestamp_ms, context_)) {
      fault_ = "timestamp " + std::to_string(metric_.timestamp_ms) + " looks like seconds, milliseconds are expected";
    }
    return SUCCESS;
  }

  // 1.7e12 and 5.0 are whole numbers too.
  bool read_whole_double(ondemand::value& value) {
    constexpr double kExactMax = 9007199254740992;  // 2^53
    const auto number = find_number(value);
    if (!number || std::trunc(*number) != *number || std::abs(*number) > kExactMax) return false;
    metric_.timestamp_ms = static_cast<int64_t>(*number);
    return true;
  }

  error_code read_type(ondemand::value& value) {
    ondemand::json_type type;
    if (auto error = expect(value, ondemand::json_type::string, "\"type\"", type)) return error;
    if (type != ondemand::json_type::string) return SUCCESS;
    std::string_view text;
    if (auto error = read_text(value, "\"type\"", text)) return error;
    metric_.type = find_json_type(text);
    if (fault_.empty() && !metric_.type) {
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
    metric_.tags = text.substr(0, text.rfind('}') + 1);
    return SUCCESS;
  }

  // Keeps the metric that was read, or says why not.
  void finish_metric() {
    if (fault_.empty() && !is_seen(JsonField::kName)) fault_ = "\"name\" is missing";
    if (fault_.empty() && !is_seen(JsonField::kValue)) fault_ = "\"value\" is missing";
    if (fault_.empty()) {
      batch_.add(metric_);
    } else {
      batch_.reject(std::move(fault_));
    }
  }

  bool is_seen(JsonField field) const { return (seen_ & static_cast<unsigned>(field)) != 0; }

  JsonMetricBatch& batch_;
  const model::ParseContext& context_;

  // Of the metric being read.
  std::string fault_;
  unsigned seen_ = 0;
  JsonMetric metric_;
};

// Reads a whole body, once.
class BodyReader {
 public:
  BodyReader(std::string_view body, const model::ParseContext& context)
      : body_(body), batch_(body.size()), metrics_(batch_, context) {}

  Result<model::WriteBatch> read() {
    ondemand::document document;
    static_assert(kJsonPaddingBytes >= simdjson::SIMDJSON_PADDING);
    const simdjson::padded_string_view body(body_.data(), body_.size(), body_.size() + kJsonPaddingBytes);
    if (auto error = parser_.iterate(body).get(document)) return fail_broken(error, "");
    const error_code error = read_document(document);
    if (!shape_fault_.empty()) return fail(ErrorCode::kInvalid, "body " + shape_fault_);
    if (error != SUCCESS) return fail_broken(error, place_of(document));
    if (const char* rest; document.current_location().get(rest) == SUCCESS) {
      return fail(ErrorCode::kInvalid, "body goes on after its JSON" + place_of(document));
    }
    return batch_.take();
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

  const std::string_view body_;
  ondemand::parser parser_;
  JsonMetricBatch batch_;
  MetricReader metrics_;
  std::string shape_fault_;  // why the body has none of the three shapes
};

}  // namespace

Result<model::WriteBatch> read_general_json_metrics(std::string_view body, const model::ParseContext& context) {
  return BodyReader(body, context).read();
}

}  // namespace ms::wire
