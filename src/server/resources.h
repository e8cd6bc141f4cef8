// What the machine, or the container, allows: the defaults that depend on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace ms::server {

// Memory that this process may use, in bytes: RAM, or the limit of its cgroup (versions 1 and 2) where that is less.
uint64_t usable_memory_bytes();

// A cgroup's limit as its file has it: bytes, or nothing for "max", for version 1's "no limit" numbers, and for other
// text.
std::optional<uint64_t> parse_cgroup_limit(const std::string& text);

// Cores that this process may run on; at least 1.
size_t usable_cores();

}  // namespace ms::server
