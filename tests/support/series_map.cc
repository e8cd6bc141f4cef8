#include "support/series_map.h"

#include <algorithm>
#include <cstdio>

namespace ms::test {
namespace {

constexpr size_t kToldMax = 10;

std::string hex(uint64_t bits) {
  char text[32];
  std::snprintf(text, sizeof text, "%016llx (%g)", static_cast<unsigned long long>(bits), std::bit_cast<double>(bits));
  return text;
}

// All differences are counted, the first ones told.
class Differences {
 public:
  void add(const std::string& text) {
    if (count_++ < kToldMax) told_ += text + "\n";
  }
  testing::AssertionResult result() const {
    if (count_ == 0) return testing::AssertionSuccess();
    return testing::AssertionFailure() << count_ << " differences, the first:\n" << told_;
  }

 private:
  size_t count_ = 0;
  std::string told_;
};

void compare_samples(const std::string& labels, const SampleMap& expected, const SampleMap& found, Differences& out) {
  for (const auto& [timestamp, bits] : expected) {
    const auto other = found.find(timestamp);
    const std::string place = labels + " at " + std::to_string(timestamp);
    if (other == found.end()) {
      out.add(place + ": missing, expected " + hex(bits));
    } else if (other->second != bits) {
      out.add(place + ": found " + hex(other->second) + ", expected " + hex(bits));
    }
  }
  for (const auto& [timestamp, bits] : found) {
    if (!expected.contains(timestamp))
      out.add(labels + " at " + std::to_string(timestamp) + ": unexpected " + hex(bits));
  }
}

}  // namespace

std::string label_text(LabelPairs labels) {
  std::ranges::sort(labels);
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > 1) text += ',';
    text += name + "=\"";
    for (const char c : value) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

size_t count_samples(const SeriesMap& series) {
  size_t count = 0;
  for (const auto& [labels, samples] : series) count += samples.size();
  return count;
}

size_t count_stale(const SeriesMap& series) {
  size_t count = 0;
  for (const auto& [labels, samples] : series) {
    count += static_cast<size_t>(std::ranges::count(samples, kStaleBits, &SampleMap::value_type::second));
  }
  return count;
}

testing::AssertionResult same_samples(const SeriesMap& expected, const SeriesMap& found) {
  Differences differences;
  for (const auto& [labels, samples] : expected) {
    const auto other = found.find(labels);
    if (other == found.end()) {
      differences.add(labels + ": the series is missing, with " + std::to_string(samples.size()) + " samples");
    } else {
      compare_samples(labels, samples, other->second, differences);
    }
  }
  for (const auto& [labels, samples] : found) {
    if (!expected.contains(labels)) {
      differences.add(labels + ": an unexpected series, with " + std::to_string(samples.size()) + " samples");
    }
  }
  return differences.result();
}

}  // namespace ms::test
