// The entries of a commit: what it says once its frames are put together. docs/formats/wal.md draws them.
//
//     series   = 1 | varint reference | varint size, label bytes             before the first sample of a series
//     samples  = 2 | varint count | references | timestamps | values         columns, `count` long
//                references: varint zigzag delta to the one before (the first: to 0)
//                timestamps: varint zigzag delta to the one before (the first: to 0), milliseconds
//                values:     the 8 bytes of each double
//     metadata = 3 | varint size, metric | type u8 | varint size, help | varint size, unit
//
// Pure functions over bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/write_batch.h"

namespace ms::storage {

// Names a series within one data directory; dense, from 1. 0: none.
using SeriesRef = uint32_t;
inline constexpr SeriesRef kNoSeries = 0;

// An entry holds at most this many samples: it bounds what one commit is made of.
inline constexpr size_t kSamplesPerEntryMax = 4096;

void append_series_entry(std::string& out, SeriesRef ref, std::string_view label_bytes);
// The three columns are equally long, at most kSamplesPerEntryMax.
void append_samples_entry(std::string& out, std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms,
                          std::span<const double> values);
void append_metadata_entry(std::string& out, const model::Metadata& metadata);

// Told of each entry in order.
class EntryVisitor {
 public:
  virtual ~EntryVisitor() = default;
  virtual void on_series(SeriesRef ref, std::string_view label_bytes) = 0;
  virtual void on_samples(std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms,
                          std::span<const double> values) = 0;
  virtual void on_metadata(const model::Metadata& metadata) = 0;
};

// Fails with kInvalid at the first entry that does not decode, after telling of those before it: the checksum was good,
// so another version wrote it, or we have a bug.
Result<void> decode_entries(std::string_view entries, EntryVisitor& visitor);

}  // namespace ms::storage
