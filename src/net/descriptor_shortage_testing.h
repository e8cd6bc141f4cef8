// A process without a free descriptor, for tests of what is done then.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace ms::net {

// UBSan's check of dynamic types, which our builds have together with ASan, looks at memory by way of a pipe, and
// reports a fault where it can open none. ThreadSanitizer opens files to name what it found, and to see what is
// suppressed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kNeedsDescriptors = true;
#else
inline constexpr bool kNeedsDescriptors = false;
#endif

inline bool can_open_a_descriptor() { return static_cast<bool>(Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC))); }

// As long as it lives, the process can open no descriptor: the limit is lowered to just above the highest that is open,
// and what is free below is filled. What is closed from then on can be opened again, also by a thread that had a file
// open for a moment while this was filled.
class DescriptorShortage {
 public:
  DescriptorShortage() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    int highest = -1;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      highest = std::max(highest, std::stoi(entry.path().filename()));
    }
    const rlimit lowered{.rlim_cur = static_cast<rlim_t>(highest) + 1, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    for (int fd = 0; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) fillers_.emplace_back(fd);
  }
  DescriptorShortage(const DescriptorShortage&) = delete;
  DescriptorShortage& operator=(const DescriptorShortage&) = delete;
  ~DescriptorShortage() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<Descriptor> fillers_;
};

}  // namespace ms::net
