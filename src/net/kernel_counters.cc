#include "net/kernel_counters.h"

#include <charconv>
#include <fstream>
#include <iterator>

#include "base/clock.h"

namespace ms::net {
namespace {

std::string_view next_word(std::string_view& line) {
  const size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  const size_t end = line.find(' ', begin);
  const std::string_view word = line.substr(begin, end == std::string_view::npos ? end : end - begin);
  line = end == std::string_view::npos ? std::string_view{} : line.substr(end);
  return word;
}

std::string_view next_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return line;
}

std::string read_netstat() {
  std::ifstream file("/proc/net/netstat");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

NamespaceCounters parse_netstat(std::string_view text) {
  NamespaceCounters counters;
  while (!text.empty()) {
    std::string_view names = next_line(text);
    std::string_view values = next_line(text);
    if (next_word(names) != "TcpExt:") continue;
    next_word(values);
    while (true) {
      const std::string_view name = next_word(names);
      const std::string_view value = next_word(values);
      if (name.empty() || value.empty()) break;
      uint64_t* counter = name == "ListenOverflows" ? &counters.listen_overflows
                          : name == "ListenDrops"   ? &counters.listen_drops
                          : name == "TCPSynRetrans" ? &counters.syn_retransmits
                                                    : nullptr;
      if (counter != nullptr) std::from_chars(value.data(), value.data() + value.size(), *counter);
    }
  }
  return counters;
}

NamespaceCounters read_namespace_counters() { return parse_netstat(read_netstat()); }

NamespaceCounters KernelCounters::read(uint64_t now_ns) {
  {
    const MutexLock lock(mutex_);
    if (read_at_ns_ != 0 && now_ns - read_at_ns_ < kNanosPerSecond) return last_;
    read_at_ns_ = now_ns;
  }
  const std::string text = read_netstat();
  const MutexLock lock(mutex_);
  if (!text.empty()) last_ = parse_netstat(text);
  return last_;
}

}  // namespace ms::net
