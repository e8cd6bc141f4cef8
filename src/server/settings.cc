#include "server/settings.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <utility>

namespace ms::server {
namespace {

struct Setting {
  std::string_view name;
  std::string (*text)(const ServeConfig&);
  void (*adopt)(ServeConfig& to, const ServeConfig& from);  // null: it needs a restart
};

std::string text_of(const std::string& text) { return text; }
std::string text_of(std::integral auto number) { return std::to_string(number); }
std::string text_of(storage::SyncMode mode) { return std::string(storage::sync_mode_name(mode)); }
std::string text_of(LogFormat format) { return std::string(log_format_name(format)); }
std::string text_of(LogLevel level) { return std::string(log_level_name(level)); }
std::string text_of(net::Architecture architecture) { return std::string(net::architecture_name(architecture)); }
std::string text_of(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& element : list) text += (text.empty() ? "" : ",") + element;
  return text;
}

// One that stays as it was at the start.
template <auto kField>
constexpr Setting fixed(std::string_view name) {
  return {name, [](const ServeConfig& config) { return text_of(config.*kField); }, nullptr};
}

// One that can change.
template <auto kField>
constexpr Setting live(std::string_view name) {
  return {name, [](const ServeConfig& config) { return text_of(config.*kField); },
          [](ServeConfig& to, const ServeConfig& from) { to.*kField = from.*kField; }};
}

// As live(), a duration.
template <auto kField>
constexpr Setting live_ms(std::string_view name) {
  return {name, [](const ServeConfig& config) { return std::to_string(config.*kField) + "ms"; },
          [](ServeConfig& to, const ServeConfig& from) { to.*kField = from.*kField; }};
}

constexpr std::array kSettings = {
    fixed<&ServeConfig::listen>("listen"),
    fixed<&ServeConfig::backlog>("backlog"),
    live<&ServeConfig::max_connections>("max-connections"),
    live<&ServeConfig::connection_queue>("connection-queue"),
    fixed<&ServeConfig::workers>("workers"),
    live_ms<&ServeConfig::queue_target_ms>("queue-target"),
    live_ms<&ServeConfig::queue_deadline_ms>("queue-deadline"),
    fixed<&ServeConfig::architecture>("architecture"),
    fixed<&ServeConfig::data_dir>("data-dir"),
    fixed<&ServeConfig::wal_sync>("wal-sync"),
    live<&ServeConfig::memory_limit_bytes>("memory-limit"),
    live<&ServeConfig::min_free_disk_bytes>("min-free-disk"),
    live<&ServeConfig::max_series>("max-series"),
    live_ms<&ServeConfig::max_future_ms>("max-future"),
    fixed<&ServeConfig::lock_timeout_ms>("lock-timeout"),
    live_ms<&ServeConfig::shutdown_timeout_ms>("shutdown-timeout"),
    live_ms<&ServeConfig::self_metrics_interval_ms>("self-metrics-interval"),
    live<&ServeConfig::log_level>("log-level"),
    fixed<&ServeConfig::log_format>("log-format"),
};

}  // namespace

std::vector<SettingChange> compare_settings(const ServeConfig& from, const ServeConfig& to) {
  std::vector<SettingChange> changes;
  for (const Setting& setting : kSettings) {
    std::string before = setting.text(from);
    std::string after = setting.text(to);
    if (before == after) continue;
    changes.push_back({.name = setting.name, .from = std::move(before), .to = std::move(after)});
  }
  return changes;
}

ServeConfig adopt_settings(const ServeConfig& running, const ServeConfig& wanted, uint64_t connections_max) {
  ServeConfig adopted = running;
  for (const Setting& setting : kSettings) {
    if (setting.adopt != nullptr) setting.adopt(adopted, wanted);
  }
  adopted.max_connections = std::min(adopted.max_connections, connections_max);
  return adopted;
}

}  // namespace ms::server
