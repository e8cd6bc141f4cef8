#include "support/remote_protocol.h"

#include <snappy.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "wire/remote_write_encoder.h"

namespace ms::test {
namespace {

namespace query_result {
constexpr protozero::pbf_tag_type kTimeseries = 1;
}  // namespace query_result

namespace time_series {
constexpr protozero::pbf_tag_type kLabels = 1;
constexpr protozero::pbf_tag_type kSamples = 2;
}  // namespace time_series

namespace label {
constexpr protozero::pbf_tag_type kName = 1;
constexpr protozero::pbf_tag_type kValue = 2;
}  // namespace label

namespace sample {
constexpr protozero::pbf_tag_type kValue = 1;
constexpr protozero::pbf_tag_type kTimestamp = 2;
}  // namespace sample

namespace read_request {
constexpr protozero::pbf_tag_type kQueries = 1;
}  // namespace read_request

namespace query {
constexpr protozero::pbf_tag_type kStart = 1;
constexpr protozero::pbf_tag_type kEnd = 2;
constexpr protozero::pbf_tag_type kMatchers = 3;
}  // namespace query

namespace matcher {
constexpr protozero::pbf_tag_type kType = 1;
constexpr protozero::pbf_tag_type kName = 2;
constexpr protozero::pbf_tag_type kValue = 3;
constexpr int32_t kNotEqual = 1;
}  // namespace matcher

namespace read_response {
constexpr protozero::pbf_tag_type kResults = 1;
}  // namespace read_response

std::pair<std::string, std::string> decode_label(protozero::pbf_reader reader) {
  std::pair<std::string, std::string> decoded;
  while (reader.next()) {
    switch (reader.tag()) {
      case label::kName:
        decoded.first = reader.get_string();
        break;
      case label::kValue:
        decoded.second = reader.get_string();
        break;
      default:
        reader.skip();
    }
  }
  return decoded;
}

std::pair<int64_t, uint64_t> decode_sample(protozero::pbf_reader reader) {
  std::pair<int64_t, uint64_t> decoded{0, bits_of(0.0)};
  while (reader.next()) {
    switch (reader.tag()) {
      case sample::kValue:
        decoded.second = bits_of(reader.get_double());
        break;
      case sample::kTimestamp:
        decoded.first = reader.get_int64();
        break;
      default:
        reader.skip();
    }
  }
  return decoded;
}

// Empty, or what is wrong.
std::string decode_series(protozero::pbf_reader reader, SeriesMap& out) {
  LabelPairs labels;
  SampleMap samples;
  while (reader.next()) {
    if (reader.tag() == time_series::kLabels) {
      labels.push_back(decode_label(reader.get_message()));
    } else if (reader.tag() == time_series::kSamples) {
      if (!samples.insert(decode_sample(reader.get_message())).second) return "a timestamp twice";
    } else {
      reader.skip();
    }
  }
  const std::string text = label_text(std::move(labels));
  return out.emplace(text, std::move(samples)).second ? "" : "a series twice: " + text;
}

std::expected<SeriesMap, std::string> decode_message(const std::string& message) {
  SeriesMap series;
  protozero::pbf_reader response(message);
  while (response.next(read_response::kResults)) {
    protozero::pbf_reader result = response.get_message();
    while (result.next(query_result::kTimeseries)) {
      if (const std::string fault = decode_series(result.get_message(), series); !fault.empty()) {
        return std::unexpected(fault);
      }
    }
  }
  return series;
}

}  // namespace

std::string encode_remote_write(const std::vector<WrittenSeries>& series) {
  std::string message;
  for (const WrittenSeries& one : series) {
    std::vector<model::Label> labels;
    for (const auto& [name, value] : one.labels) labels.push_back({name, value});
    std::vector<wire::TimedValue> samples;
    for (const auto& [timestamp_ms, value] : one.samples) samples.push_back({timestamp_ms, value});
    wire::append_time_series(message, wire::encode_label_fields(labels), samples);
  }
  return wire::compress_snappy(message);
}

std::string encode_read_everything(int64_t min_ms, int64_t max_ms) {
  std::string message;
  protozero::pbf_writer request(message);
  {
    protozero::pbf_writer asked(request, read_request::kQueries);
    asked.add_int64(query::kStart, min_ms);
    asked.add_int64(query::kEnd, max_ms);
    protozero::pbf_writer any_name(asked, query::kMatchers);
    any_name.add_enum(matcher::kType, matcher::kNotEqual);
    any_name.add_string(matcher::kName, "__name__");
    any_name.add_string(matcher::kValue, "");
  }
  return wire::compress_snappy(message);
}

std::expected<SeriesMap, std::string> decode_read_reply(std::string_view body) {
  std::string message;
  if (!snappy::Uncompress(body.data(), body.size(), &message)) return std::unexpected("no snappy block");
  try {
    return decode_message(message);
  } catch (const protozero::exception& fault) {
    return std::unexpected(std::string("no protobuf: ") + fault.what());
  }
}

}  // namespace ms::test
