// The process's descriptors: how many it may have, and room for them ahead of time.
#pragma once

#include <cstddef>

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

}  // namespace ms::net
