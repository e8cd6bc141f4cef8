#include "storage/series_cache.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace ms::storage {
namespace {

// How many lookups are in flight at once: enough to fill the line-fill buffers, few enough to stay in the first cache.
constexpr size_t kPipeline = 32;
constexpr size_t kArenaBytes = 64 * 1024;
constexpr size_t kSlotsMin = 1024;

uint64_t hash_key(std::string_view key, model::LabelDecoder decoder) {
  return XXH3_64bits(key.data(), key.size()) ^ (reinterpret_cast<uintptr_t>(decoder) * 0x9e3779b97f4a7c15u);
}

}  // namespace

SeriesCache::SeriesCache(size_t bytes_max) : generation_bytes_max_(bytes_max / 2) {}

void SeriesCache::find(const model::WriteBatch& batch, std::span<SeriesRef> refs) const {
  const model::LabelDecoder decoder = batch.decode_labels;
  std::array<uint64_t, kPipeline> hashes;
  const ReadLock lock(mutex_);
  for (size_t begin = 0; begin < refs.size(); begin += kPipeline) {
    const size_t count = std::min(kPipeline, refs.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = hash_key(batch.raw_labels(batch.series[begin + i]), decoder);
      young_.prefetch(hashes[i]);
    }
    for (size_t i = 0; i < count; ++i) young_.prefetch_key(hashes[i]);
    for (size_t i = 0; i < count; ++i) {
      const std::string_view key = batch.raw_labels(batch.series[begin + i]);
      const Slot* slot = young_.find(hashes[i], decoder, key);
      if (slot == nullptr) slot = old_.find(hashes[i], decoder, key);
      refs[begin + i] = slot == nullptr ? kNoSeries : slot->ref;
    }
  }
}

void SeriesCache::insert(const model::WriteBatch& batch, std::span<const SeriesRef> refs,
                         std::span<const uint32_t> which) {
  const WriteLock lock(mutex_);
  for (const uint32_t i : which) {
    const std::string_view key = batch.raw_labels(batch.series[i]);
    if (young_.bytes_with(key.size()) > generation_bytes_max_) {
      old_ = std::move(young_);
      young_ = Generation();
    }
    young_.insert(hash_key(key, batch.decode_labels), batch.decode_labels, key, refs[i]);
  }
}

size_t SeriesCache::bytes() const {
  const ReadLock lock(mutex_);
  return young_.bytes() + old_.bytes();
}

const SeriesCache::Slot* SeriesCache::Generation::find(uint64_t hash, model::LabelDecoder decoder,
                                                       std::string_view key) const {
  if (slots_.empty()) return nullptr;
  for (size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.ref == kNoSeries) return nullptr;
    if (slot.hash == hash && slot.decoder == decoder && std::string_view(slot.key, slot.key_bytes) == key) return &slot;
  }
}

void SeriesCache::Generation::prefetch(uint64_t hash) const {
  if (!slots_.empty()) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
}

void SeriesCache::Generation::prefetch_key(uint64_t hash) const {
  if (slots_.empty()) return;
  const Slot& slot = slots_[hash & (slots_.size() - 1)];
  if (slot.hash != hash) return;
  for (uint32_t offset = 0; offset < slot.key_bytes; offset += 64) __builtin_prefetch(slot.key + offset);
}

void SeriesCache::Generation::insert(uint64_t hash, model::LabelDecoder decoder, std::string_view key, SeriesRef ref) {
  if (find(hash, decoder, key) != nullptr) return;
  if (is_full()) grow();
  size_t i = hash & (slots_.size() - 1);
  while (slots_[i].ref != kNoSeries) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {
      .hash = hash, .decoder = decoder, .key = keep(key), .key_bytes = static_cast<uint32_t>(key.size()), .ref = ref};
  ++used_;
}

size_t SeriesCache::Generation::bytes_with(size_t key_bytes) const {
  const size_t slots = is_full() ? slots_grown() : slots_.size();
  const size_t arena = key_bytes > arena_left_ ? std::max(kArenaBytes, key_bytes) : 0;
  return slots * sizeof(Slot) + key_bytes_ + arena;
}

size_t SeriesCache::Generation::slots_grown() const { return std::max(kSlotsMin, slots_.size() * 2); }

void SeriesCache::Generation::grow() {
  std::vector<Slot> old(slots_grown());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.ref == kNoSeries) continue;
    size_t i = slot.hash & (slots_.size() - 1);
    while (slots_[i].ref != kNoSeries) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = slot;
  }
}

const char* SeriesCache::Generation::keep(std::string_view key) {
  if (key.size() > arena_left_) {
    const size_t bytes = std::max(kArenaBytes, key.size());
    arenas_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    arena_left_ = bytes;
    key_bytes_ += bytes;
  }
  // An arena is filled from its end.
  arena_left_ -= key.size();
  char* const place = arenas_.back().get() + arena_left_;
  std::memcpy(place, key.data(), key.size());
  return place;
}

}  // namespace ms::storage
