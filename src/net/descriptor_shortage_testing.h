// A process without a free descriptor, for tests of what is done then.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace ms::net {

// UBSan's check of dynamic types looks at memory by way of a pipe, and reports a fault where it can open none; in our
// builds it comes together with ASan.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kNeedsDescriptors = true;
#else
inline constexpr bool kNeedsDescriptors = false;
#endif

inline bool can_open_a_descriptor() { return static_cast<bool>(Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC))); }

// As long as it lives, the process can open no descriptor: the limit is lowered to just above the highest that is open
// (of those that it finds), and what is free below is filled. What is closed meanwhile can be opened again.
class DescriptorShortage {
 public:
  DescriptorShortage() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    // Up to the highest number in use, and the gaps below it filled: whatever is closed then makes room.
    int highest = static_cast<int>(before_.rlim_cur) - 1;
    while (highest > 0 && fcntl(highest, F_GETFD) < 0) --highest;
    const rlimit lowered{.rlim_cur = static_cast<rlim_t>(highest) + 1, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    while (true) {
      Descriptor filler(open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!filler) break;
      fillers_.push_back(std::move(filler));
    }
  }
  DescriptorShortage(const DescriptorShortage&) = delete;
  DescriptorShortage& operator=(const DescriptorShortage&) = delete;
  ~DescriptorShortage() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<Descriptor> fillers_;
};

}  // namespace ms::net
