// Labels: what names a series.
//
// A label set travels and rests as its *label bytes*, the one canonical encoding, so that two sets are equal exactly
// when their bytes are:
//
//     label bytes = label*            sorted by name, bytewise; no name twice; no empty value
//     label       = varint(name size) name varint(value size) value
//
// The metric's name is the value of the label `__name__`. An empty value is the same as no label, as in Prometheus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace ms::model {

inline constexpr std::string_view kMetricName = "__name__";

// What Prometheus and its relatives accept, with a bound on each part. Sizes are in bytes.
inline constexpr size_t kLabelsMax = 40;
inline constexpr size_t kLabelNameBytesMax = 256;
inline constexpr size_t kLabelValueBytesMax = 4096;
inline constexpr size_t kLabelSetBytesMax = 16 * 1024;  // names and values, without their size fields

// A view of one label; it lives as long as the bytes it was read from.
struct Label {
  std::string_view name;
  std::string_view value;

  bool operator==(const Label&) const = default;
};

// Sorts `labels` by name, drops those with an empty value, checks them against the limits above, and encodes them.
// Refused with kInvalid and the reason: no labels at all, an empty name, a name twice, a name or value that is not
// UTF-8, anything over a limit. A series without a metric name is fine, and so is any UTF-8 in names, as in Prometheus
// since 3.0. The reason names the metric, the label, and what was found beside what is accepted.
Result<std::string> encode_labels(std::vector<Label>& labels);

// The same, appended to `out`, which a refusal leaves as it was.
Result<void> append_label_bytes(std::vector<Label>& labels, std::string& out);

// Reads label bytes one label at a time. Trusts its input, which only encode_labels or a checksummed record makes.
class LabelReader {
 public:
  explicit LabelReader(std::string_view label_bytes) : reader_(label_bytes) {}
  std::optional<Label> next();

 private:
  ByteReader reader_;
};

// The value of a label in label bytes; empty where it is absent.
std::string_view find_label(std::string_view label_bytes, std::string_view name);

// Whether bytes from outside are label bytes in canonical form, within the limits: for records read back from a disk.
bool are_label_bytes(std::string_view bytes);

// `cpu{host="a",zone="b"}`: for messages and logs.
std::string format_labels(std::string_view label_bytes);

// Appends a label's value as it stands between quotes in PromQL and in the text format: \\, \" and \n are escaped.
void append_escaped(std::string& out, std::string_view value);

// The longest part of UTF-8 text, from its front, that has at most `bytes_max` bytes and ends between characters.
std::string_view clip_utf8(std::string_view text, size_t bytes_max);

// Text from outside for a message: in quotes, escaped as above, clipped to 64 bytes; only described where it is not
// UTF-8.
std::string quote(std::string_view text);

// Whether `text` is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

}  // namespace ms::model
