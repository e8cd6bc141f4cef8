#include "wire/remote_write_encoder.h"

#include <snappy.h>

#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

namespace ms::wire {
namespace {

constexpr protozero::pbf_tag_type kTimeseries = 1;

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

constexpr size_t kTagBytes = 1;

size_t sample_bytes(const TimedValue& timed) {
  return kTagBytes + sizeof(double) + kTagBytes +
         static_cast<size_t>(protozero::length_of_varint(static_cast<uint64_t>(timed.timestamp_ms)));
}

}  // namespace

std::string encode_label_fields(std::span<const model::Label> labels) {
  std::string fields;
  protozero::pbf_writer series(fields);
  for (const model::Label& one : labels) {
    protozero::pbf_writer pair(series, time_series::kLabels);
    pair.add_string(label::kName, one.name.data(), one.name.size());
    pair.add_string(label::kValue, one.value.data(), one.value.size());
  }
  return fields;
}

// Every size is known before its bytes are written: nothing is moved to make room for a length. A writer takes a single
// message of known size (protozero 1.7 does not see that it was closed), so each has a writer of its own.
void append_time_series(std::string& message, std::string_view label_fields, std::span<const TimedValue> samples) {
  size_t bytes = label_fields.size();
  for (const TimedValue& timed : samples) {
    bytes += kTagBytes + static_cast<size_t>(protozero::length_of_varint(sample_bytes(timed))) + sample_bytes(timed);
  }
  protozero::pbf_writer request(message);
  const protozero::pbf_writer series(request, kTimeseries, bytes);
  message.append(label_fields);
  for (const TimedValue& timed : samples) {
    protozero::pbf_writer fields(message);
    protozero::pbf_writer point(fields, time_series::kSamples, sample_bytes(timed));
    point.add_double(sample::kValue, timed.value);
    point.add_int64(sample::kTimestamp, timed.timestamp_ms);
  }
}

std::string compress_snappy(std::string_view message) {
  std::string block;
  snappy::Compress(message.data(), message.size(), &block);
  return block;
}

}  // namespace ms::wire
