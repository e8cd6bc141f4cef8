// A process without a free descriptor, for tests of what is done then.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

#include "base/descriptor.h"

namespace ms::net {

inline bool can_open_a_descriptor() { return static_cast<bool>(Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC))); }

// As long as it lives, the process can open no descriptor: the limit is lowered to just above the highest that is open
// (of those that it finds), and what is free below is filled. What is closed meanwhile can be opened again.
class DescriptorShortage {
 public:
  DescriptorShortage() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int probe = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const rlimit lowered{.rlim_cur = static_cast<rlim_t>(probe) + 1, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    for (int fd = probe; fd >= 0; fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) fillers_.emplace_back(fd);
  }
  DescriptorShortage(const DescriptorShortage&) = delete;
  DescriptorShortage& operator=(const DescriptorShortage&) = delete;
  ~DescriptorShortage() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<Descriptor> fillers_;
};

}  // namespace ms::net
