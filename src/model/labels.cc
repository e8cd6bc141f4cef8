#include "model/labels.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ms::model {
namespace {

constexpr size_t kQuotedBytesMax = 64;
constexpr size_t kSizeBytesMax = 2;  // the varint of a name's or value's size

std::string too_many(size_t found, size_t max) {
  return std::to_string(found) + " bytes, at most " + std::to_string(max) + " are accepted";
}

// Why a label that is not empty is refused; empty where it is fine.
std::string find_fault(const Label& label) {
  if (label.name.size() > kLabelNameBytesMax) {
    return "label name " + quote(label.name) + " has " + too_many(label.name.size(), kLabelNameBytesMax);
  }
  if (label.name.empty()) return "a label has an empty name";
  if (!is_utf8(label.name)) return "a label name is not UTF-8";
  if (label.value.size() > kLabelValueBytesMax) {
    return "value of label " + quote(label.name) + " has " + too_many(label.value.size(), kLabelValueBytesMax);
  }
  if (!is_utf8(label.value)) return "value of label " + quote(label.name) + " is not UTF-8";
  return {};
}

size_t bytes_of(const std::vector<Label>& labels) {
  size_t bytes = 0;
  for (const Label& label : labels) bytes += label.name.size() + label.value.size();
  return bytes;
}

// Why labels that are sorted and not empty are refused as a set; empty where they are fine.
std::string find_fault(const std::vector<Label>& labels) {
  std::string_view previous;
  for (const Label& label : labels) {
    if (std::string fault = find_fault(label); !fault.empty()) return fault;
    if (label.name == previous) return "label " + quote(label.name) + " occurs twice";
    previous = label.name;
  }
  const size_t bytes = bytes_of(labels);
  if (bytes > kLabelSetBytesMax) return "labels have " + too_many(bytes, kLabelSetBytesMax);
  return {};
}

// Puts the metric's name, where there is a usable one, before the reason, so that the reader knows which series it is.
std::unexpected<Error> refuse(const std::vector<Label>& labels, std::string reason) {
  const auto metric = std::ranges::find(labels, kMetricName, &Label::name);
  if (metric != labels.end() && is_utf8(metric->value)) {
    reason = "metric " + quote(metric->value) + ": " + reason;
  }
  return fail(ErrorCode::kInvalid, std::move(reason));
}

size_t varint_bytes(uint64_t value) { return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7; }

}  // namespace

Result<void> append_label_bytes(std::vector<Label>& labels, std::string& out) {
  std::erase_if(labels, [](const Label& label) { return label.value.empty(); });
  if (labels.empty()) return fail(ErrorCode::kInvalid, "no labels: a series needs a name or another label");
  if (labels.size() > kLabelsMax) {
    return refuse(labels,
                  std::to_string(labels.size()) + " labels, at most " + std::to_string(kLabelsMax) + " are accepted");
  }
  std::ranges::sort(labels, {}, &Label::name);
  if (std::string fault = find_fault(labels); !fault.empty()) return refuse(labels, std::move(fault));
  out.reserve(out.size() + bytes_of(labels) + labels.size() * 2 * kSizeBytesMax);
  for (const Label& label : labels) {
    put_varint(out, label.name.size());
    out += label.name;
    put_varint(out, label.value.size());
    out += label.value;
  }
  return {};
}

Result<std::string> encode_labels(std::vector<Label>& labels) {
  std::string bytes;
  if (auto appended = append_label_bytes(labels, bytes); !appended) return std::unexpected(std::move(appended.error()));
  return bytes;
}

std::optional<Label> LabelReader::next() {
  if (reader_.empty()) return std::nullopt;
  Label label;
  label.name = reader_.sized_bytes();
  label.value = reader_.sized_bytes();
  return label;
}

std::string_view find_label(std::string_view label_bytes, std::string_view name) {
  LabelReader reader(label_bytes);
  while (auto label = reader.next()) {
    if (label->name == name) return label->value;
    if (label->name > name) break;
  }
  return {};
}

bool are_label_bytes(std::string_view bytes) {
  ByteReader reader(bytes);
  std::string_view previous;
  size_t count = 0;
  size_t label_bytes = 0;
  size_t canonical_bytes = 0;
  while (!reader.empty()) {
    Label label;
    label.name = reader.sized_bytes();
    label.value = reader.sized_bytes();
    if (!reader.ok() || ++count > kLabelsMax) return false;
    if (label.name <= previous || label.value.empty() || !find_fault(label).empty()) return false;
    previous = label.name;
    label_bytes += label.name.size() + label.value.size();
    canonical_bytes += varint_bytes(label.name.size()) + varint_bytes(label.value.size());
  }
  // An overlong varint would give one label set a second form; each of them makes the bytes longer than the canonical
  // ones.
  return reader.ok() && count > 0 && label_bytes <= kLabelSetBytesMax && canonical_bytes + label_bytes == bytes.size();
}

std::string format_labels(std::string_view label_bytes) {
  std::string text(find_label(label_bytes, kMetricName));
  std::string_view separator = "{";
  LabelReader reader(label_bytes);
  while (auto label = reader.next()) {
    if (label->name == kMetricName) continue;
    text += separator;
    text += label->name;
    text += "=\"";
    append_escaped(text, label->value);
    text += '"';
    separator = ",";
  }
  if (separator == ",") text += '}';
  return text;
}

void append_escaped(std::string& out, std::string_view value) {
  for (char c : value) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        out += c;
    }
  }
}

std::string_view clip_utf8(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

std::string quote(std::string_view text) {
  if (!is_utf8(text)) return "of " + std::to_string(text.size()) + " bytes that are not UTF-8";
  const std::string_view clipped = clip_utf8(text, kQuotedBytesMax);
  std::string quoted = "\"";
  append_escaped(quoted, clipped);
  quoted += clipped.size() < text.size() ? "...\"" : "\"";
  return quoted;
}

bool is_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  while (p < end) {
    // Eight ASCII bytes at a time: what labels are made of.
    while (end - p >= 8) {
      uint64_t word;
      std::memcpy(&word, p, sizeof word);
      if ((word & 0x8080808080808080u) != 0) break;
      p += 8;
    }
    if (p == end) return true;
    const unsigned char lead = *p;
    if (lead < 0x80) {
      ++p;
      continue;
    }
    // RFC 3629 section 4: the second byte's range excludes overlong forms, surrogates, and what is above U+10FFFF.
    const int continuation = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
    if (continuation == 0 || end - p <= continuation) return false;
    const unsigned char second_min = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char second_max = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < second_min || p[1] > second_max) return false;
    for (int i = 2; i <= continuation; ++i) {
      if ((p[i] & 0xc0) != 0x80) return false;
    }
    p += continuation + 1;
  }
  return true;
}

}  // namespace ms::model
