#include "wire/json_labels.h"

#include <simdjson.h>

#include <utility>
#include <vector>

#include "model/labels.h"

namespace ms::wire {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using simdjson::SUCCESS;

std::unexpected<Error> fail_broken(error_code error) {
  return fail(ErrorCode::kInvalid, std::string("labels are not JSON: ") + simdjson::error_message(error));
}

Result<std::string_view> read_string(simdjson::simdjson_result<std::string_view> result, const char* what) {
  std::string_view text;
  const error_code error = std::move(result).get(text);
  if (error == SUCCESS) return text;
  if (error != simdjson::STRING_ERROR) return fail_broken(error);
  return fail(ErrorCode::kInvalid, std::string(what) + " has a bad escape sequence");
}

Result<void> read_tags(ondemand::object& tags, std::vector<model::Label>& labels) {
  for (auto tag : tags) {
    const auto name = read_string(tag.unescaped_key(), "a tag's name");
    if (!name) return std::unexpected(name.error());
    if (*name == model::kMetricName) {
      return fail(ErrorCode::kInvalid, "tag \"__name__\" is not accepted: a metric's name is its \"name\"");
    }
    const auto value = read_string(tag.value().get_string(), "a tag's value");
    if (!value) return std::unexpected(value.error());
    labels.push_back({*name, *value});
  }
  return {};
}

Result<void> read_labels(ondemand::document& document, std::vector<model::Label>& labels) {
  ondemand::array parts;
  if (auto error = document.get_array().get(parts)) return fail_broken(error);
  for (auto part : parts) {
    if (labels.empty()) {
      const auto name = read_string(part.get_string(), "\"name\"");
      if (!name) return std::unexpected(name.error());
      labels.push_back({model::kMetricName, *name});
      continue;
    }
    ondemand::object tags;
    if (auto error = part.get_object().get(tags)) return fail_broken(error);
    if (auto read = read_tags(tags, labels); !read) return read;
  }
  return {};
}

}  // namespace

void append_raw_json_labels(std::string& out, std::string_view name, std::string_view tags) {
  const size_t begin = out.size();
  if (tags.empty()) tags = "{}";
  const size_t bytes = name.size() + tags.size() + 3;
  out.resize_and_overwrite(begin + bytes, [&](char* place, size_t) {
    place += begin;
    *place++ = '[';
    place += name.copy(place, name.size());
    *place++ = ',';
    place += tags.copy(place, tags.size());
    *place = ']';
    return begin + bytes;
  });
}

Result<std::string> decode_json_labels(std::string_view raw_labels) {
  std::string padded;
  padded.reserve(raw_labels.size() + simdjson::SIMDJSON_PADDING);
  padded = raw_labels;
  ondemand::parser parser;
  ondemand::document document;
  const simdjson::padded_string_view view(padded.data(), padded.size(), padded.capacity());
  if (auto error = parser.iterate(view).get(document)) return fail_broken(error);
  std::vector<model::Label> labels;
  if (auto read = read_labels(document, labels); !read) return std::unexpected(std::move(read).error());
  return model::encode_labels(labels);
}

}  // namespace ms::wire
