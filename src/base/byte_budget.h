// ByteBudget: how many bytes all requests together may hold in memory. Who takes bytes in charges them as they come, so
// that what is merely announced costs nothing, and gives them back at the end.
//
//     ByteBudget::Charge charge(budget);
//     if (!charge.try_grow(bytes)) refuse();    // counted; nothing was charged
//                                               // the destructor gives all of it back
//
// Growing is one atomic addition, giving back another.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace ms {

// Thread-safe; outlives its charges.
class ByteBudget {
 public:
  class Charge;

  explicit ByteBudget(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // Whether so many bytes more would fit now. A no counts as a refusal.
  bool has_room(uint64_t bytes) {
    if (fits(bytes_.load(std::memory_order_relaxed), bytes)) return true;
    refusals_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }

  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  uint64_t bytes_max() const { return bytes_max_; }
  uint64_t refusals() const { return refusals_.load(std::memory_order_relaxed); }

 private:
  bool fits(uint64_t before, uint64_t bytes) const { return bytes <= bytes_max_ && before <= bytes_max_ - bytes; }

  const uint64_t bytes_max_;
  std::atomic<uint64_t> bytes_ = 0;  // for a moment also what is about to be refused
  std::atomic<uint64_t> refusals_ = 0;
};

// What one holder has charged. Confined to one thread at a time.
class ByteBudget::Charge {
 public:
  explicit Charge(ByteBudget& budget) : budget_(&budget) {}
  Charge(Charge&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&&) = delete;
  ~Charge() { release(); }

  // False, and counted: the budget is used up, and nothing more is charged.
  bool try_grow(uint64_t bytes) {
    const uint64_t before = budget_->bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (budget_->fits(before, bytes)) {
      bytes_ += bytes;
      return true;
    }
    budget_->bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    budget_->refusals_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }

  void release() {
    if (bytes_ > 0) budget_->bytes_.fetch_sub(std::exchange(bytes_, 0), std::memory_order_relaxed);
  }

  uint64_t bytes() const { return bytes_; }

 private:
  ByteBudget* budget_;
  uint64_t bytes_ = 0;
};

}  // namespace ms
