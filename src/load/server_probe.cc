#include "load/server_probe.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <system_error>

#include "base/clock.h"
#include "net/kernel_counters.h"

namespace ms::load {
namespace {

namespace fs = std::filesystem;

// Empty where it cannot be read: a process may end at any moment.
std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The entries of a folder whose names are numbers: processes, threads, descriptors.
std::vector<pid_t> list_numbers(const std::string& path) {
  std::vector<pid_t> numbers;
  std::error_code error;
  for (fs::directory_iterator entry(path, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    pid_t number = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  }
  return numbers;
}

bool owns_one_of(pid_t pid, const std::set<std::string>& links) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
  return std::ranges::any_of(list_numbers(folder), [&](pid_t fd) {
    std::error_code error;
    return links.contains(fs::read_symlink(folder + "/" + std::to_string(fd), error).string());
  });
}

// That of all its threads, those that have ended included; 0 once the process has ended.
uint64_t read_cpu_ns(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return static_cast<uint64_t>(time.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(time.tv_nsec);
}

// What was counted since `before`: a task that has come meanwhile counts whole, one that has gone not at all.
uint64_t increase(const std::map<pid_t, uint64_t>& before, const std::map<pid_t, uint64_t>& after) {
  uint64_t sum = 0;
  for (const auto& [task, count] : after) {
    const auto found = before.find(task);
    const uint64_t start = found == before.end() ? 0 : found->second;
    sum += count - std::min(start, count);
  }
  return sum;
}

uint64_t read_rss_bytes_max(const std::vector<pid_t>& pids) {
  uint64_t bytes = 0;
  for (const pid_t pid : pids) {
    bytes += find_number(read_file("/proc/" + std::to_string(pid) + "/status"), "VmHWM").value_or(0) * 1024;
  }
  return bytes;
}

std::vector<pid_t> find_processes(const Target& target, std::optional<pid_t> pid) {
  if (pid) return with_descendants({*pid});
  return with_descendants(find_owners(find_listening_sockets(target)));
}

}  // namespace

std::vector<pid_t> find_owners(const std::vector<ListeningSocket>& sockets) {
  std::vector<pid_t> owners;
  if (sockets.empty()) return owners;
  std::set<std::string> links;
  for (const ListeningSocket& socket : sockets) links.insert("socket:[" + std::to_string(socket.inode) + "]");
  for (const pid_t pid : list_numbers("/proc")) {
    if (owns_one_of(pid, links)) owners.push_back(pid);
  }
  return owners;
}

std::vector<pid_t> with_descendants(std::vector<pid_t> pids) {
  for (size_t i = 0; i < pids.size(); ++i) {
    const std::string tasks = "/proc/" + std::to_string(pids[i]) + "/task";
    for (const pid_t thread : list_numbers(tasks)) {
      std::istringstream children(read_file(tasks + "/" + std::to_string(thread) + "/children"));
      for (pid_t child = 0; children >> child;) {
        if (std::ranges::find(pids, child) == pids.end()) pids.push_back(child);
      }
    }
  }
  std::ranges::sort(pids);
  return pids;
}

std::optional<uint64_t> find_number(std::string_view text, std::string_view name) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    if (at > 0 && text[at - 1] != '\n') continue;
    std::string_view rest = text.substr(at + name.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    if (!rest.starts_with(':')) continue;
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    uint64_t number = 0;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), number).ec != std::errc()) return std::nullopt;
    return number;
  }
  return std::nullopt;
}

uint64_t read_retransmits() {
  // Two lines of each protocol: names, then values.
  std::ifstream file("/proc/thread-self/net/snmp");
  std::string names;
  std::string values;
  while (std::getline(file, names) && std::getline(file, values)) {
    if (!names.starts_with("Tcp:")) continue;
    std::istringstream name_words(names);
    std::istringstream value_words(values);
    std::string name;
    std::string value;
    while (name_words >> name && value_words >> value) {
      if (name == "RetransSegs") return std::stoull(value);
    }
  }
  return 0;
}

ServerProbe::Counters ServerProbe::count(const std::vector<pid_t>& pids) {
  Counters counters;
  for (const pid_t pid : pids) {
    counters.cpu_ns[pid] = read_cpu_ns(pid);
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task/";
    for (const pid_t thread : list_numbers(tasks)) {
      const std::string status = read_file(tasks + std::to_string(thread) + "/status");
      counters.context_switches[thread] = find_number(status, "voluntary_ctxt_switches").value_or(0) +
                                          find_number(status, "nonvoluntary_ctxt_switches").value_or(0);
      const std::string schedule = read_file(tasks + std::to_string(thread) + "/sched");
      if (const auto migrations = find_number(schedule, "se.nr_migrations")) counters.migrations[thread] = *migrations;
    }
  }
  return counters;
}

ServerProbe::ServerProbe(const Target& target, std::optional<pid_t> pid)
    : target_(target),
      given_pid_(pid),
      pids_(find_processes(target, pid)),
      before_(count(pids_)),
      retransmits_before_(read_retransmits()),
      queue_(target) {
  const net::NamespaceCounters counters = net::read_namespace_counters();
  overflows_before_ = counters.listen_overflows;
  drops_before_ = counters.listen_drops;
}

ServerProbe::Figures ServerProbe::stop() {
  const ListenQueueProbe::Depths depths = queue_.stop();
  const std::vector<pid_t> pids = find_processes(target_, given_pid_);
  const Counters after = count(pids);
  Figures figures{.server = {.pids = pids,
                             .cpu_ns = increase(before_.cpu_ns, after.cpu_ns),
                             .context_switches = increase(before_.context_switches, after.context_switches),
                             .rss_bytes_max = read_rss_bytes_max(pids)},
                  .retransmits = read_retransmits() - retransmits_before_};
  if (!after.migrations.empty()) figures.server.migrations = increase(before_.migrations, after.migrations);
  if (depths.samples > 0) {
    const net::NamespaceCounters counters = net::read_namespace_counters();
    figures.listen_queue = {.depths = depths,
                            .overflows = counters.listen_overflows - overflows_before_,
                            .drops = counters.listen_drops - drops_before_};
  }
  return figures;
}

}  // namespace ms::load
