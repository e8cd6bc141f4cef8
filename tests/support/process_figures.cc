#include "support/process_figures.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace ms::test {
namespace {

std::string process_file(pid_t pid, const std::string& name) { return "/proc/" + std::to_string(pid) + "/" + name; }

// A line of /proc/<pid>/status that is given in kB.
uint64_t read_status_bytes(pid_t pid, const std::string& key) {
  std::ifstream status(process_file(pid, "status"));
  for (std::string word; status >> word;) {
    uint64_t kilobytes = 0;
    if (word == key && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

uint64_t resident_bytes(pid_t pid) { return read_status_bytes(pid, "VmRSS:"); }

uint64_t peak_resident_bytes(pid_t pid) { return read_status_bytes(pid, "VmHWM:"); }

void forget_peak(pid_t pid) { std::ofstream(process_file(pid, "clear_refs")) << "5"; }

size_t open_descriptors(pid_t pid) {
  std::error_code error;
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(process_file(pid, "fd"), error)) {
    count += static_cast<size_t>(!entry.path().empty());
  }
  return count;
}

}  // namespace ms::test
