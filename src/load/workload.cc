#include "load/workload.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "model/labels.h"

namespace ms::load {
namespace {

struct Metric {
  std::string_view name;
  MetricKind kind;
};

constexpr MetricKind kCounter = MetricKind::kCounter;
constexpr MetricKind kGauge = MetricKind::kGauge;
constexpr MetricKind kConstant = MetricKind::kConstant;

// What agents on a host with a web server, two databases and a cache send.
constexpr std::array<Metric, Workload::kMetrics> kMetricsOfAHost = {{
    {"cpu_usage_user", kGauge},
    {"cpu_usage_system", kGauge},
    {"cpu_usage_idle", kGauge},
    {"cpu_usage_nice", kGauge},
    {"cpu_usage_iowait", kGauge},
    {"cpu_usage_irq", kGauge},
    {"cpu_usage_softirq", kGauge},
    {"cpu_usage_steal", kGauge},
    {"cpu_usage_guest", kGauge},
    {"cpu_usage_guest_nice", kGauge},
    {"disk_reads_total", kCounter},
    {"disk_writes_total", kCounter},
    {"disk_read_bytes_total", kCounter},
    {"disk_written_bytes_total", kCounter},
    {"disk_read_time_ms_total", kCounter},
    {"disk_write_time_ms_total", kCounter},
    {"disk_io_time_ms_total", kCounter},
    {"disk_utilisation_percent", kGauge},
    {"filesystem_size_bytes", kConstant},
    {"filesystem_used_percent", kGauge},
    {"filesystem_inodes", kConstant},
    {"filesystem_inodes_used_percent", kGauge},
    {"kernel_boot_time_seconds", kConstant},
    {"kernel_interrupts_total", kCounter},
    {"kernel_context_switches_total", kCounter},
    {"kernel_processes_forked_total", kCounter},
    {"kernel_disk_pages_in_total", kCounter},
    {"kernel_disk_pages_out_total", kCounter},
    {"kernel_entropy_available", kConstant},
    {"kernel_pressure_cpu_percent", kGauge},
    {"kernel_pressure_io_percent", kGauge},
    {"kernel_pressure_memory_percent", kGauge},
    {"load_1m", kGauge},
    {"load_5m", kGauge},
    {"load_15m", kGauge},
    {"memory_size_bytes", kConstant},
    {"memory_used_percent", kGauge},
    {"memory_available_percent", kGauge},
    {"memory_buffered_percent", kGauge},
    {"memory_cached_percent", kGauge},
    {"memory_dirty_percent", kGauge},
    {"memory_page_faults_total", kCounter},
    {"memory_major_page_faults_total", kCounter},
    {"swap_size_bytes", kConstant},
    {"swap_used_percent", kGauge},
    {"net_bytes_sent_total", kCounter},
    {"net_bytes_received_total", kCounter},
    {"net_packets_sent_total", kCounter},
    {"net_packets_received_total", kCounter},
    {"net_errors_out_total", kCounter},
    {"net_errors_in_total", kCounter},
    {"net_drops_out_total", kCounter},
    {"net_drops_in_total", kCounter},
    {"net_mtu_bytes", kConstant},
    {"net_speed_bits", kConstant},
    {"tcp_segments_retransmitted_total", kCounter},
    {"tcp_listen_overflows_total", kCounter},
    {"tcp_passive_opens_total", kCounter},
    {"tcp_active_opens_total", kCounter},
    {"process_cpu_percent", kGauge},
    {"process_memory_percent", kGauge},
    {"process_descriptors_max", kConstant},
    {"nginx_connections_accepted_total", kCounter},
    {"nginx_connections_handled_total", kCounter},
    {"nginx_requests_total", kCounter},
    {"nginx_connections_active_percent", kGauge},
    {"nginx_connections_waiting_percent", kGauge},
    {"nginx_workers", kConstant},
    {"http_request_duration_milliseconds", kGauge},
    {"http_requests_total", kCounter},
    {"http_response_bytes_total", kCounter},
    {"http_errors_total", kCounter},
    {"postgres_connections_max", kConstant},
    {"postgres_connections_used_percent", kGauge},
    {"postgres_transactions_committed_total", kCounter},
    {"postgres_transactions_rolled_back_total", kCounter},
    {"postgres_blocks_read_total", kCounter},
    {"postgres_blocks_hit_total", kCounter},
    {"postgres_rows_returned_total", kCounter},
    {"postgres_rows_fetched_total", kCounter},
    {"postgres_rows_inserted_total", kCounter},
    {"postgres_rows_updated_total", kCounter},
    {"postgres_rows_deleted_total", kCounter},
    {"postgres_deadlocks_total", kCounter},
    {"postgres_temporary_bytes_total", kCounter},
    {"postgres_replication_lag_seconds", kGauge},
    {"redis_commands_processed_total", kCounter},
    {"redis_connections_received_total", kCounter},
    {"redis_expired_keys_total", kCounter},
    {"redis_evicted_keys_total", kCounter},
    {"redis_keyspace_hits_total", kCounter},
    {"redis_keyspace_misses_total", kCounter},
    {"redis_bytes_received_total", kCounter},
    {"redis_bytes_sent_total", kCounter},
    {"redis_memory_max_bytes", kConstant},
    {"redis_memory_used_percent", kGauge},
    {"redis_memory_fragmentation_percent", kGauge},
    {"redis_clients_connected_percent", kGauge},
    {"redis_clients_blocked_percent", kGauge},
    {"redis_replication_lag_seconds", kGauge},
}};

constexpr std::array<std::string_view, 9> kRegions = {"us-east-1",      "us-west-1",      "us-west-2",
                                                      "eu-west-1",      "eu-central-1",   "ap-southeast-1",
                                                      "ap-southeast-2", "ap-northeast-1", "sa-east-1"};
constexpr std::array<std::string_view, 4> kSystems = {"debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04"};
constexpr std::array<std::string_view, 4> kTeams = {"amsterdam", "london", "new-york", "zurich"};
constexpr std::array<std::string_view, 7> kServices = {"billing", "catalogue", "checkout",  "identity",
                                                       "mail",    "search",    "storefront"};

// Distinct arguments give independent bits (the finisher of splitmix64, over a sum of odd multiples).
uint64_t hash(uint64_t seed, uint64_t series, uint64_t salt) {
  uint64_t mixed = seed * 0x9e3779b97f4a7c15 + series * 0xbf58476d1ce4e5b9 + salt * 0x94d049bb133111eb;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

// Salts of what is drawn once for a series; steps are far below.
constexpr uint64_t kStart = uint64_t{1} << 63;
constexpr uint64_t kRate = kStart + 1;
constexpr uint64_t kKnots = uint64_t{1} << 62;

// The increase from one step to the next lies between 1 and twice the series' rate.
double counter(uint64_t seed, size_t series, uint64_t step) {
  const uint64_t start = hash(seed, series, kStart) % 1'000'000;
  const uint64_t rate = 1 + hash(seed, series, kRate) % 10'000;
  return static_cast<double>(start + rate * step + hash(seed, series, step) % rate);
}

// On the way from one random level to the next, which it reaches after kStepsBetween steps, with noise of up to half
// a unit.
double gauge(uint64_t seed, size_t series, uint64_t step) {
  constexpr uint64_t kStepsBetween = 64;
  constexpr int64_t kHundredths = 10'000;
  const auto level = [&](uint64_t knot) {
    return static_cast<int64_t>(hash(seed, series, kKnots + knot) % kHundredths);
  };
  const int64_t from = level(step / kStepsBetween);
  const int64_t to = level(step / kStepsBetween + 1);
  const int64_t on_the_way =
      from + (to - from) * static_cast<int64_t>(step % kStepsBetween) / static_cast<int64_t>(kStepsBetween);
  const int64_t noise = static_cast<int64_t>(hash(seed, series, step) % 101) - 50;
  return static_cast<double>(std::clamp<int64_t>(on_the_way + noise, 0, kHundredths)) / 100;
}

double constant(uint64_t seed, size_t series) {
  return static_cast<double>((1 + hash(seed, series, kStart) % 64) * 1024);
}

template <size_t N>
std::string pick(const std::array<std::string_view, N>& words, size_t number) {
  return std::string(words[number % N]);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> Workload::labels(size_t series) const {
  const size_t host = series / kMetrics;
  const std::string region = pick(kRegions, hash(seed_, host, kStart));
  const auto drawn = [&](uint64_t what) { return hash(seed_, host, kStart + what); };
  return {{std::string(model::kMetricName), std::string(kMetricsOfAHost[series % kMetrics].name)},
          {"arch", drawn(1) % 4 == 0 ? "arm64" : "amd64"},
          {"datacenter", region + static_cast<char>('a' + drawn(2) % 3)},
          {"host", "host_" + std::to_string(host)},
          {"os", pick(kSystems, drawn(3))},
          {"rack", std::to_string(drawn(4) % 100)},
          {"region", region},
          {"service", pick(kServices, drawn(5))},
          {"team", pick(kTeams, drawn(6))}};
}

MetricKind Workload::kind(size_t series) { return kMetricsOfAHost[series % kMetrics].kind; }

double Workload::value(size_t series, uint64_t step) const {
  switch (kind(series)) {
    case MetricKind::kCounter:
      return counter(seed_, series, step);
    case MetricKind::kGauge:
      return gauge(seed_, series, step);
    case MetricKind::kConstant:
      break;
  }
  return constant(seed_, series);
}

}  // namespace ms::load
