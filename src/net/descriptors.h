// The process's descriptors: how many it may have, room for them ahead of time, and what is done when there are none.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"

namespace ms::net {

// More than this many descriptors are not asked for, whatever the hard limit allows.
inline constexpr size_t kDescriptorsMax = 1'048'576;

// Raises RLIMIT_NOFILE's soft limit to the hard limit (at most kDescriptorsMax) and returns what then holds.
Result<size_t> raise_descriptor_limit();

// Grows the kernel's descriptor table of this process to `count` entries. Call it before the first thread starts: once
// there are threads, each growth waits for an RCU grace period, and accept4 stalls for milliseconds in the middle of a
// burst.
Result<void> grow_descriptor_table(size_t count);

// DescriptorReserve: a few descriptors for the moment when there is none left, be it in the process (EMFILE) or on the
// whole machine (ENFILE). One is given up, and whoever waits in the listen queue can be accepted in its place, to be
// told that he is refused. Each is an open file of its own: a dup would not help against ENFILE.
//
// Confined to one thread.
class DescriptorReserve {
 public:
  static constexpr size_t kCount = 16;

  DescriptorReserve() { refill(); }

  // Takes back what was given up, as far as there are descriptors.
  void refill();
  bool is_whole() const { return spare_.size() == kCount; }
  // Whether there was one to give up.
  bool give_up_one();

 private:
  std::vector<Descriptor> spare_;
};

// RoomSignal: wakes the thread that accepts, while it can accept nobody, when that may have changed: a connection's
// descriptor is closed, or the refusing thread has caught up.
//
// await(), then a look whether there is room by now, then wait(): so no change is missed. notify() is thread-safe; the
// rest is the waiting thread's.
class RoomSignal {
 public:
  static Result<std::unique_ptr<RoomSignal>> open();

  // From now on notify() is heard, once.
  void await();
  bool is_awaited() const { return is_awaited_.load(); }
  // Blocks until notify(), or until `other_fd` is readable (-1: none), at most `ms_max`.
  void wait(int other_fd, int ms_max);

  // Costs a load where nobody waits.
  void notify() {
    if (is_awaited_.load() && is_awaited_.exchange(false)) signal();
  }

 private:
  explicit RoomSignal(Descriptor event_fd) : event_fd_(std::move(event_fd)) {}
  void signal();

  Descriptor event_fd_;
  std::atomic<bool> is_awaited_ = false;
};

}  // namespace ms::net
