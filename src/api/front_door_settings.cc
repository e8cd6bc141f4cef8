#include "api/front_door_settings.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/clock.h"
#include "base/json_builder.h"

namespace ms::api {
namespace {

enum class Unit { kMilliseconds, kCount };

struct Field {
  std::string_view name;
  uint64_t FrontDoorSettings::* value;
  Unit unit;
};

constexpr std::array kFields = {
    Field{"queue_target_ms", &FrontDoorSettings::queue_target_ns, Unit::kMilliseconds},
    Field{"queue_deadline_ms", &FrontDoorSettings::queue_deadline_ns, Unit::kMilliseconds},
    Field{"connection_queue", &FrontDoorSettings::connection_queue, Unit::kCount},
    Field{"max_connections", &FrontDoorSettings::max_connections, Unit::kCount},
};

void write_value(JsonBuilder& json, const Field& field, const FrontDoorSettings& settings) {
  const uint64_t value = settings.*field.value;
  if (field.unit == Unit::kMilliseconds) {
    json.ms(value);
  } else {
    json.integer(value);
  }
}

std::string value_text(const Field& field, const FrontDoorSettings& settings) {
  JsonBuilder json;
  write_value(json, field, settings);
  return std::move(json).take();
}

Result<uint64_t> read_duration(std::string_view name, const simdjson::dom::element& element) {
  double milliseconds = 0;
  const bool is_number = element.get_double().get(milliseconds) == simdjson::SUCCESS;
  if (!is_number || !(milliseconds >= 1) || milliseconds > double{FrontDoorSettings::kDurationMsMax}) {
    return fail(ErrorCode::kInvalid, std::string(name) + ": a number of milliseconds from 1 to " +
                                         std::to_string(FrontDoorSettings::kDurationMsMax) + " is expected");
  }
  return static_cast<uint64_t>(std::llround(milliseconds * static_cast<double>(kNanosPerMilli)));
}

Result<uint64_t> read_count(std::string_view name, const simdjson::dom::element& element, uint64_t count_max) {
  uint64_t count = 0;
  const bool is_number = element.get_uint64().get(count) == simdjson::SUCCESS;
  if (!is_number || count == 0 || count > count_max) {
    return fail(ErrorCode::kInvalid,
                std::string(name) + ": a whole number from 1 to " + std::to_string(count_max) + " is expected");
  }
  return count;
}

Result<uint64_t> read_value(const Field& field, const simdjson::dom::element& element, uint64_t connections_max) {
  if (field.unit == Unit::kMilliseconds) return read_duration(field.name, element);
  const bool is_connections = field.value == &FrontDoorSettings::max_connections;
  return read_count(field.name, element, is_connections ? connections_max : FrontDoorSettings::kCountMax);
}

}  // namespace

Result<FrontDoorSettings> change_settings(const FrontDoorSettings& current, std::string_view body,
                                          uint64_t connections_max) {
  if (body.size() > FrontDoorSettings::kBodyBytesMax) {
    return fail(ErrorCode::kTooLarge, "more than " + std::to_string(FrontDoorSettings::kBodyBytesMax) + " bytes");
  }
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (const auto error = parser.parse(body.data(), body.size()).get_object().get(object)) {
    return fail(ErrorCode::kInvalid, std::string("a JSON object is expected: ") + simdjson::error_message(error));
  }
  FrontDoorSettings settings = current;
  std::array<bool, kFields.size()> is_given{};
  for (const auto& [key, element] : object) {
    const auto* const field = std::ranges::find(kFields, key, &Field::name);
    if (field == kFields.end()) {
      return fail(ErrorCode::kInvalid, "there is no setting \"" + std::string(key.substr(0, 64)) + "\"");
    }
    if (std::exchange(is_given[static_cast<size_t>(field - kFields.begin())], true)) {
      return fail(ErrorCode::kInvalid, std::string(field->name) + ": it is given twice");
    }
    auto value = read_value(*field, element, connections_max);
    if (!value) return std::unexpected(std::move(value).error());
    settings.*field->value = *value;
  }
  if (settings.queue_deadline_ns < settings.queue_target_ns) {
    return fail(ErrorCode::kInvalid, "queue_deadline_ms: it is below queue_target_ms");
  }
  return settings;
}

std::string write_settings(const FrontDoorSettings& settings) {
  JsonBuilder json;
  json.begin_object();
  for (const Field& field : kFields) {
    json.key(field.name);
    write_value(json, field, settings);
  }
  json.end_object();
  return std::move(json).take();
}

std::string describe_change(const FrontDoorSettings& before, const FrontDoorSettings& after) {
  std::string text;
  for (const Field& field : kFields) {
    if (before.*field.value == after.*field.value) continue;
    text += (text.empty() ? "" : ", ") + std::string(field.name) + " from " + value_text(field, before) + " to " +
            value_text(field, after);
  }
  return text;
}

}  // namespace ms::api
