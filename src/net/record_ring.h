// RecordRing: the last records of one thread. Writing is a few dozen plain stores: no lock, no allocation, and a reader
// that is too slow never holds the writer up: it loses the record instead.
//
// Each entry is a sequence lock: its sequence is odd while it is written, and a reader drops what it read if the
// sequence has changed meanwhile. The record is stored as words, each atomic, so that reading while it is written is
// defined (Boehm, "Can seqlocks get along with programming language memory models?", 2012).
//
// One thread writes; read() is thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "net/record.h"

namespace ms::net {

class RecordRing {
 public:
  // Keeps the last `capacity` records; 0: keeps none.
  explicit RecordRing(size_t capacity) : entries_(capacity) {}

  bool is_on() const { return !entries_.empty(); }
  void write(const Record& record);
  // Appends the records that are there and were written after the first `from`, oldest first. Returns how many have
  // been written: `from` for the next read.
  uint64_t read(std::vector<Record>& records, uint64_t from = 0) const;

 private:
  static_assert(std::is_trivially_copyable_v<Record>);
  static constexpr size_t kWords = (sizeof(Record) + sizeof(uint64_t) - 1) / sizeof(uint64_t);

  struct Entry {
    std::atomic<uint64_t> sequence = 0;
    std::array<std::atomic<uint64_t>, kWords> words{};
  };

  std::vector<Entry> entries_;
  std::atomic<uint64_t> written_ = 0;
};

}  // namespace ms::net
