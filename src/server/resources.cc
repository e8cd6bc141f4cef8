#include "server/resources.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace ms::server {
namespace {

std::optional<uint64_t> read_cgroup_limit(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string text;
  return std::getline(file, text) ? parse_cgroup_limit(text) : std::nullopt;
}

// The memory limits of this process's cgroup and of those above it. A line of /proc/self/cgroup is "0::/a/b" (version
// 2) or "5:memory:/a/b" (version 1).
uint64_t cgroup_limit(std::istream& cgroups, uint64_t limit) {
  std::string line;
  while (std::getline(cgroups, line)) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_version_2 = controllers.empty();
    if (!is_version_2 && controllers != "memory") continue;
    const std::filesystem::path root = is_version_2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const std::string_view file = is_version_2 ? "memory.max" : "memory.limit_in_bytes";
    std::filesystem::path group = std::filesystem::path(line.substr(second + 1)).relative_path();
    while (true) {
      if (const auto own = read_cgroup_limit(root / group / file)) limit = std::min(limit, *own);
      if (group.empty()) break;
      group = group.parent_path();
    }
  }
  return limit;
}

}  // namespace

std::optional<uint64_t> parse_cgroup_limit(const std::string& text) {
  uint64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  const std::string_view rest(end, text.data() + text.size());
  if (error != std::errc() || limit == 0 || (!rest.empty() && rest != "\n")) return std::nullopt;
  constexpr uint64_t kNoLimit = uint64_t{1} << 60;  // version 1 writes the largest multiple of a page
  return limit < kNoLimit ? std::optional(limit) : std::nullopt;
}

uint64_t usable_memory_bytes() {
  const uint64_t ram = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream cgroups("/proc/self/cgroup");
  return cgroup_limit(cgroups, ram);
}

size_t usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return static_cast<size_t>(std::max(CPU_COUNT(&cores), 1));
}

}  // namespace ms::server
