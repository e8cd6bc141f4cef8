// What a running process takes of the machine, of /proc.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace ms::test {

// Resident memory, and the most that it has been since the process began or forget_peak(). 0 where there is no such
// process.
uint64_t resident_bytes(pid_t pid);
uint64_t peak_resident_bytes(pid_t pid);
void forget_peak(pid_t pid);

size_t open_descriptors(pid_t pid);

}  // namespace ms::test
