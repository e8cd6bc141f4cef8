#include "net/connection_table.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdlib>
#include <new>

namespace ms::net {

Result<std::unique_ptr<ConnectionTable>> ConnectionTable::open(size_t descriptors_max) {
  void* memory = mmap(nullptr, descriptors_max * sizeof(Slot), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return fail_errno("reserve the connection table", errno);
  return std::unique_ptr<ConnectionTable>(new ConnectionTable(static_cast<Slot*>(memory), descriptors_max));
}

ConnectionTable::~ConnectionTable() { munmap(slots_, capacity_ * sizeof(Slot)); }

Slot& ConnectionTable::claim(int fd) {
  if (static_cast<size_t>(fd) >= capacity_) std::abort();  // RLIMIT_NOFILE, which the capacity is, was raised behind us
  size_t end = end_.load(std::memory_order_relaxed);
  if (static_cast<size_t>(fd) >= end) {
    while (end <= static_cast<size_t>(fd)) new (&slots_[end++]) Slot;
    end_.store(end, std::memory_order_release);
  }
  return slots_[fd];
}

}  // namespace ms::net
