#include "wire/remote_write.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "model/labels.h"
#include "wire/snappy_block.h"

namespace ms::wire {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr uint32_t field(uint32_t number, pbf_wire_type type) { return protozero::tag_and_type(number, type); }
constexpr auto kLength = pbf_wire_type::length_delimited;
constexpr auto kVarint = pbf_wire_type::varint;
constexpr auto kFixed64 = pbf_wire_type::fixed64;

// What is reserved for at the start: a series of a few labels with one sample.
constexpr size_t kSeriesBytesTypical = 128;

constexpr size_t kSeriesNameBytesMax = 256;  // of a series in a rejection

std::string_view to_view(protozero::data_view view) { return {view.data(), view.size()}; }

model::Label read_label(protozero::data_view message) {
  model::Label label;
  pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case field(1, kLength):
        label.name = to_view(reader.get_view());
        break;
      case field(2, kLength):
        label.value = to_view(reader.get_view());
        break;
      default:
        reader.skip();
    }
  }
  return label;
}

// The LabelDecoder of remote write.
Result<std::string> decode_label_fields(std::string_view raw_labels) {
  // Tags and sizes take at most a few bytes a label, so that no acceptable set comes near; it bounds what is read
  // below.
  constexpr size_t kRawBytesMax = 2 * model::kLabelSetBytesMax;
  if (raw_labels.size() > kRawBytesMax) {
    return fail(ErrorCode::kInvalid, "labels have " + std::to_string(raw_labels.size()) + " bytes as sent, at most " +
                                         std::to_string(kRawBytesMax) + " are accepted");
  }
  try {
    std::vector<model::Label> labels;
    labels.reserve(model::kLabelsMax);
    pbf_reader reader(raw_labels.data(), raw_labels.size());
    while (reader.next(1, kLength)) labels.push_back(read_label(reader.get_view()));
    return model::encode_labels(labels);
  } catch (const protozero::exception& e) {
    return fail(ErrorCode::kInvalid, std::string("a label is not a protocol buffer: ") + e.what());
  }
}

model::MetricType to_metric_type(int32_t number) {
  switch (number) {
    case 1:
      return model::MetricType::kCounter;
    case 2:
      return model::MetricType::kGauge;
    case 3:
      return model::MetricType::kHistogram;
    case 4:
      return model::MetricType::kGaugeHistogram;
    case 5:
      return model::MetricType::kSummary;
    case 6:
      return model::MetricType::kInfo;
    case 7:
      return model::MetricType::kStateset;
    default:
      return model::MetricType::kUnknown;
  }
}

model::Metadata read_metadata(protozero::data_view message) {
  model::Metadata metadata;
  pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case field(1, kVarint):
        metadata.type = to_metric_type(reader.get_enum());
        break;
      case field(2, kLength):
        metadata.metric = reader.get_string();
        break;
      case field(4, kLength):
        metadata.help = reader.get_string();
        break;
      case field(5, kLength):
        metadata.unit = reader.get_string();
        break;
      default:
        reader.skip();
    }
  }
  return metadata;
}

struct Sample {
  double value = 0;
  int64_t timestamp_ms = 0;
};

Sample read_sample(protozero::data_view message) {
  Sample sample;
  pbf_reader reader(message);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case field(1, kFixed64):
        sample.value = reader.get_double();
        break;
      case field(2, kVarint):
        sample.timestamp_ms = reader.get_int64();
        break;
      default:
        reader.skip();
    }
  }
  return sample;
}

// The end of the Label fields of less than 128 bytes that a TimeSeries begins with, which is what senders write.
// Stepping from size to size takes a third of the time that the general reader needs, and labels are most of a body's
// fields.
const char* skip_short_labels(protozero::data_view message) {
  constexpr char kLabelTag = 1 << 3 | static_cast<char>(kLength);
  const char* place = message.data();
  const char* const end = place + message.size();
  while (end - place >= 2 && place[0] == kLabelTag) {
    const auto size = static_cast<uint8_t>(place[1]);
    if (size >= 0x80 || size > end - place - 2) break;
    place += 2 + size;
  }
  return place;
}

// The sample that `bytes` are, tag and size included, where they are one alone in the form in which senders write it:
// the rest of most series. The general reader takes four times as long.
std::optional<Sample> read_lone_sample(std::string_view bytes) {
  constexpr char kSampleTag = 2 << 3 | static_cast<char>(kLength);
  constexpr char kValueTag = 1 << 3 | static_cast<char>(kFixed64);
  constexpr char kTimestampTag = 2 << 3 | static_cast<char>(kVarint);
  constexpr size_t kValueAt = 3;
  constexpr size_t kTimestampAt = kValueAt + sizeof(double) + 1;
  if (bytes.size() <= kTimestampAt || bytes.size() > kTimestampAt + kVarintBytesMax) return std::nullopt;
  if (bytes[0] != kSampleTag || bytes[1] != static_cast<char>(bytes.size() - 2) || bytes[2] != kValueTag ||
      bytes[kTimestampAt - 1] != kTimestampTag) {
    return std::nullopt;
  }
  Sample sample;
  std::memcpy(&sample.value, bytes.data() + kValueAt, sizeof sample.value);
  ByteReader timestamp(bytes.substr(kTimestampAt));
  sample.timestamp_ms = static_cast<int64_t>(timestamp.varint());
  if (!timestamp.ok() || !timestamp.empty()) return std::nullopt;
  return sample;
}

// What a series loses.
struct Losses {
  uint64_t late = 0;
  int64_t first_late_ms = 0;
  uint64_t histograms = 0;
};

// Reads one message into a batch that owns its bytes. Throws what protozero throws.
class WriteRequestReader {
 public:
  WriteRequestReader(model::WriteBatch& batch, const model::ParseContext& context)
      : batch_(batch), context_(context), message_(batch.bytes) {
    const size_t series_expected = message_.size() / kSeriesBytesTypical;
    batch_.series.reserve(series_expected);
    batch_.timestamps_ms.reserve(series_expected);
    batch_.values.reserve(series_expected);
  }

  Result<void> read() {
    uint32_t index = 0;
    pbf_reader reader(message_.data(), message_.size());
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case field(1, kLength):
          read_series(reader.get_view(), index++);
          break;
        case field(3, kLength):
          batch_.metadata.push_back(read_metadata(reader.get_view()));
          if (batch_.metadata.back().metric.empty()) batch_.metadata.pop_back();
          break;
        default:
          reader.skip();
      }
      if (batch_.values.size() > kSamplesMax) return fail_too_many(kSamplesMax, "samples");
      if (batch_.metadata.size() > kMetadataMax) return fail_too_many(kMetadataMax, "metadata entries");
    }
    batch_.bytes += gathered_;
    return {};
  }

 private:
  static std::unexpected<Error> fail_too_many(size_t max, const char* what) {
    return fail(ErrorCode::kTooLarge,
                "body has more than the " + std::to_string(max) + " " + what + " accepted at once");
  }

  void read_series(protozero::data_view message, uint32_t index) {
    model::SeriesSlice slice;
    slice.index = index;
    slice.sample_begin = static_cast<uint32_t>(batch_.values.size());
    Losses losses;
    const char* begin = skip_short_labels(message);
    LabelRun run = {message.data(), begin, {}};
    const std::string_view rest(begin, message.data() + message.size());
    const auto lone = read_lone_sample(rest);
    if (lone) keep_sample(*lone, losses);
    pbf_reader reader(rest.data(), lone ? 0 : rest.size());
    while (reader.next()) {
      const uint32_t tag_and_type = reader.tag_and_type();
      if (tag_and_type == field(2, kLength)) {
        keep_sample(read_sample(reader.get_view()), losses);
      } else {
        reader.skip();
        if (tag_and_type == field(1, kLength)) extend(run, begin, reader.data().data());
        if (tag_and_type == field(4, kLength)) ++losses.histograms;
      }
      begin = reader.data().data();
    }
    place(run, slice);
    slice.sample_end = static_cast<uint32_t>(batch_.values.size());
    if (slice.sample_end != slice.sample_begin) batch_.series.push_back(slice);
    if (losses.late + losses.histograms > 0) reject(slice, losses);
  }

  // The label fields of one series: [begin, end) of the message, or, once `gathered_at` is set, of gathered_.
  struct LabelRun {
    const char* begin;
    const char* end;
    std::optional<size_t> gathered_at;
  };

  void extend(LabelRun& run, const char* begin, const char* end) {
    if (run.begin == run.end) run.begin = run.end = begin;
    if (begin != run.end && !run.gathered_at) {
      run.gathered_at = gathered_.size();
      gathered_.append(run.begin, run.end);
    }
    if (run.gathered_at) gathered_.append(begin, end);
    run.end = end;
  }

  void place(const LabelRun& run, model::SeriesSlice& slice) const {
    if (run.gathered_at) {
      slice.labels_offset = static_cast<uint32_t>(message_.size() + *run.gathered_at);
      slice.labels_bytes = static_cast<uint32_t>(gathered_.size() - *run.gathered_at);
    } else {
      slice.labels_offset = static_cast<uint32_t>(run.begin - message_.data());
      slice.labels_bytes = static_cast<uint32_t>(run.end - run.begin);
    }
  }

  void keep_sample(Sample sample, Losses& losses) {
    if (sample.timestamp_ms > context_.timestamp_ms_max) {
      if (losses.late++ == 0) losses.first_late_ms = sample.timestamp_ms;
      return;
    }
    // What is beyond the limit is not stored, so that read() finds it exceeded with little allocated.
    if (batch_.values.size() > kSamplesMax) return;
    batch_.timestamps_ms.push_back(sample.timestamp_ms);
    batch_.values.push_back(sample.value);
  }

  void reject(const model::SeriesSlice& slice, const Losses& losses) {
    std::string reason;
    if (batch_.rejections.is_next_told()) {
      reason = name_of(slice);
      if (losses.late > 0) reason += ": " + model::describe_future_timestamp(losses.first_late_ms, context_);
      if (losses.histograms > 0) reason += ": native histograms are not supported";
    }
    batch_.rejections.add(slice.index, losses.late + losses.histograms, std::move(reason));
  }

  std::string name_of(const model::SeriesSlice& slice) const {
    const bool is_gathered = slice.labels_offset >= message_.size();
    const std::string_view bytes = is_gathered ? std::string_view(gathered_) : message_;
    const size_t offset = is_gathered ? slice.labels_offset - message_.size() : slice.labels_offset;
    const auto label_bytes = decode_label_fields(bytes.substr(offset, slice.labels_bytes));
    if (!label_bytes) return label_bytes.error().message;
    const std::string name = model::format_labels(*label_bytes);
    const std::string_view clipped = model::clip_utf8(name, kSeriesNameBytesMax);
    return std::string(clipped) + (clipped.size() < name.size() ? "..." : "");
  }

  model::WriteBatch& batch_;
  const model::ParseContext& context_;
  const std::string_view message_;
  std::string gathered_;  // copies of scattered label fields; they follow the message in batch_.bytes
};

}  // namespace

Result<size_t> find_decoded_bytes(std::string_view body, const model::ParseContext& context) {
  const auto decoded_bytes = find_snappy_size(body);
  if (!decoded_bytes) return fail(ErrorCode::kInvalid, "body is not a snappy block");
  if (*decoded_bytes > kSnappyRatioMax * body.size()) {
    return fail(ErrorCode::kInvalid, "body of " + std::to_string(body.size()) + " bytes claims to hold " +
                                         std::to_string(*decoded_bytes) + ", which snappy cannot do");
  }
  if (*decoded_bytes > context.decoded_bytes_max) {
    return fail(ErrorCode::kTooLarge, "body has " + std::to_string(*decoded_bytes) + " bytes decompressed, at most " +
                                          std::to_string(context.decoded_bytes_max) + " are accepted");
  }
  return *decoded_bytes;
}

Result<model::WriteBatch> parse_remote_write(std::string_view body, const model::ParseContext& context) {
  const auto decoded_bytes = find_decoded_bytes(body, context);
  if (!decoded_bytes) return std::unexpected(decoded_bytes.error());
  bool is_whole = false;
  std::string message;
  message.resize_and_overwrite(*decoded_bytes, [&](char* out, size_t) {
    is_whole = decode_snappy(body, {out, *decoded_bytes});
    return is_whole ? *decoded_bytes : 0;
  });
  if (!is_whole) return fail(ErrorCode::kInvalid, "body is not a snappy block, or is damaged");
  return parse_write_request(std::move(message), context);
}

Result<model::WriteBatch> parse_write_request(std::string message, const model::ParseContext& context) {
  model::WriteBatch batch;
  batch.decode_labels = decode_label_fields;
  batch.bytes = std::move(message);
  try {
    if (auto read = WriteRequestReader(batch, context).read(); !read) return std::unexpected(std::move(read.error()));
  } catch (const protozero::exception& e) {
    return fail(ErrorCode::kInvalid, std::string("body is not a remote write request: ") + e.what());
  }
  return batch;
}

}  // namespace ms::wire
