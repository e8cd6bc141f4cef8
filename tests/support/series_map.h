// SeriesMap: samples as a test compares them, whatever they were read from: by label text and timestamp, values by
// their bits, so that a staleness marker, another NaN and -0 are each themselves.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ms::test {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;
using SampleMap = std::map<int64_t, uint64_t>;       // timestamp in ms -> bits of the value
using SeriesMap = std::map<std::string, SampleMap>;  // label_text -> samples

// What Prometheus stores to say that a series has ended: a NaN of these bits (its model/value/value.go).
inline constexpr uint64_t kStaleBits = 0x7ff0000000000002;

inline uint64_t bits_of(double value) { return std::bit_cast<uint64_t>(value); }

// `{__name__="up",job="node"}`, sorted by name: one text for one label set.
std::string label_text(LabelPairs labels);

size_t count_samples(const SeriesMap& series);
size_t count_stale(const SeriesMap& series);

// Success where both hold the same series, timestamps and bits; otherwise the first differences in words.
testing::AssertionResult same_samples(const SeriesMap& expected, const SeriesMap& found);

}  // namespace ms::test
