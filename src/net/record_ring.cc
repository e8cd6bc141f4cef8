#include "net/record_ring.h"

#include <algorithm>
#include <cstring>

namespace ms::net {

void RecordRing::write(const Record& record) {
  if (!is_on()) return;
  const uint64_t count = written_.load(std::memory_order_relaxed);
  Entry& entry = entries_[count % entries_.size()];
  const uint64_t sequence = entry.sequence.load(std::memory_order_relaxed);
  std::array<uint64_t, kWords> words{};
  std::memcpy(words.data(), &record, sizeof record);
  entry.sequence.store(sequence + 1, std::memory_order_relaxed);
  // A reader that sees one of the words sees the odd sequence too.
  for (size_t i = 0; i < kWords; ++i) entry.words[i].store(words[i], std::memory_order_release);
  entry.sequence.store(sequence + 2, std::memory_order_release);
  written_.store(count + 1, std::memory_order_release);
}

uint64_t RecordRing::read(std::vector<Record>& records, uint64_t from) const {
  const uint64_t end = written_.load(std::memory_order_acquire);
  const uint64_t begin = std::max(from, end - std::min<uint64_t>(end, entries_.size()));
  for (uint64_t i = begin; i < end; ++i) {
    const Entry& entry = entries_[i % entries_.size()];
    const uint64_t sequence = entry.sequence.load(std::memory_order_acquire);
    std::array<uint64_t, kWords> words{};
    for (size_t word = 0; word < kWords; ++word) words[word] = entry.words[word].load(std::memory_order_acquire);
    // Twice for each record that was written into this entry: else it holds a later one, or one half written.
    const uint64_t expected = 2 * (i / entries_.size() + 1);
    const bool is_whole = sequence == expected && entry.sequence.load(std::memory_order_relaxed) == expected;
    if (!is_whole) continue;
    Record record;
    std::memcpy(static_cast<void*>(&record), words.data(), sizeof record);
    records.push_back(record);
  }
  return end;
}

}  // namespace ms::net
