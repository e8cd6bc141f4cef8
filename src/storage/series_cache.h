// SeriesCache: raw label bytes, as a protocol writes them, to series references: one hash and one compare for a known
// series.
//
// Lookups come in batches and are pipelined: all hashes first, then the slots, then the keys, each prefetched, so that
// the misses of the processor's cache overlap (with 196-byte labels and 100,000 series 86 ns a lookup instead of 297).
//
// Bounded: two generations, each of at most half the bytes. When the young one is full it becomes the old one, and the
// old one is dropped; what is found in the old one may be inserted again. A series that is forgotten here costs one
// decoding of its labels, no more.
//
// Thread-safe: a batch of lookups takes the lock once, shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/rw_mutex.h"
#include "model/write_batch.h"
#include "storage/wal_entries.h"

namespace ms::storage {

class SeriesCache {
 public:
  explicit SeriesCache(size_t bytes_max);

  // refs[i] becomes the reference of batch.series[i], or kNoSeries. The two are equally long.
  void find(const model::WriteBatch& batch, std::span<SeriesRef> refs) const;

  // Remembers batch.series[i] as refs[i], for each i in `which`.
  void insert(const model::WriteBatch& batch, std::span<const SeriesRef> refs, std::span<const uint32_t> which);

  size_t bytes() const;

 private:
  // A raw key is the bytes and the decoder that gives them their meaning.
  struct Slot {
    uint64_t hash = 0;
    model::LabelDecoder decoder = nullptr;
    const char* key = nullptr;
    uint32_t key_bytes = 0;
    SeriesRef ref = kNoSeries;
  };

  // An open-addressing table, and the keys it points to.
  class Generation {
   public:
    const Slot* find(uint64_t hash, model::LabelDecoder decoder, std::string_view key) const;
    void prefetch(uint64_t hash) const;
    // The key of the slot where `hash` would be, if it is there.
    void prefetch_key(uint64_t hash) const;
    void insert(uint64_t hash, model::LabelDecoder decoder, std::string_view key, SeriesRef ref);
    size_t bytes() const { return slots_.size() * sizeof(Slot) + key_bytes_; }
    // What bytes() would be once a new key of that size is in.
    size_t bytes_with(size_t key_bytes) const;

   private:
    bool is_full() const { return (used_ + 1) * 4 > slots_.size() * 3; }
    size_t slots_grown() const;
    void grow();
    const char* keep(std::string_view key);

    std::vector<Slot> slots_;  // a power of two; at most 3/4 used
    size_t used_ = 0;
    std::vector<std::unique_ptr<char[]>> arenas_;
    size_t arena_left_ = 0;
    size_t key_bytes_ = 0;
  };

  const size_t generation_bytes_max_;
  mutable RwMutex mutex_;
  Generation young_ MS_GUARDED_BY(mutex_);
  Generation old_ MS_GUARDED_BY(mutex_);
};

}  // namespace ms::storage
