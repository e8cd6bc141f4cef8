#include "server/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ms::server {
namespace {

using testing::ElementsAre;

ServeConfig running() {
  ServeConfig config;
  config.max_connections = 1000;
  config.connection_queue = 1000;
  return config;
}

std::vector<std::string> told(const std::vector<SettingChange>& changes) {
  std::vector<std::string> lines;
  for (const auto& [name, from, to] : changes) lines.push_back(std::string(name) + ": " + from + " -> " + to);
  return lines;
}

TEST(SettingsTest, WhatDiffersIsToldInTheOrderOfTheFlags) {
  ServeConfig wanted = running();
  wanted.listen = {"127.0.0.1:1", "[::1]:2"};
  wanted.queue_target_ms = 20;
  wanted.wal_sync = storage::SyncMode::kOs;
  wanted.log_level = LogLevel::kDebug;
  EXPECT_THAT(told(compare_settings(running(), wanted)),
              ElementsAre("listen: 127.0.0.1:8080 -> 127.0.0.1:1,[::1]:2", "queue-target: 50ms -> 20ms",
                          "wal-sync: always -> os", "log-level: info -> debug"));
  EXPECT_THAT(compare_settings(wanted, wanted), testing::IsEmpty());
}

TEST(SettingsTest, WhatCanChangeIsAdoptedAndTheRestStays) {
  ServeConfig wanted = running();
  wanted.listen = {"127.0.0.1:1"};
  wanted.backlog = 5;
  wanted.max_connections = 900;
  wanted.connection_queue = 800;
  wanted.workers = 7;
  wanted.queue_target_ms = 20;
  wanted.queue_deadline_ms = 30;
  wanted.architecture = net::Architecture::kInline;
  wanted.data_dir = "elsewhere";
  wanted.wal_sync = storage::SyncMode::kOs;
  wanted.memory_limit_bytes = 1 << 30;
  wanted.min_free_disk_bytes = 1;
  wanted.max_series = 10;
  wanted.max_future_ms = 1;
  wanted.lock_timeout_ms = 2;
  wanted.shutdown_timeout_ms = 3;
  wanted.self_metrics_interval_ms = 0;
  wanted.log_level = LogLevel::kError;
  wanted.log_format = LogFormat::kJson;
  const ServeConfig adopted = adopt_settings(running(), wanted, 1000);
  const auto names = [](const std::vector<SettingChange>& changes) {
    std::vector<std::string> all;
    for (const SettingChange& change : changes) all.emplace_back(change.name);
    return all;
  };
  EXPECT_THAT(names(compare_settings(running(), adopted)),
              ElementsAre("max-connections", "connection-queue", "queue-target", "queue-deadline", "memory-limit",
                          "min-free-disk", "max-series", "max-future", "shutdown-timeout", "self-metrics-interval",
                          "log-level"));
  EXPECT_THAT(names(compare_settings(adopted, wanted)),
              ElementsAre("listen", "backlog", "workers", "architecture", "data-dir", "wal-sync", "lock-timeout",
                          "log-format"));
}

TEST(SettingsTest, ConnectionsBeyondThoseOfTheStartNeedARestart) {
  ServeConfig wanted = running();
  wanted.max_connections = 5000;
  const ServeConfig adopted = adopt_settings(running(), wanted, 1000);
  EXPECT_THAT(told(compare_settings(running(), adopted)), testing::IsEmpty());
  EXPECT_THAT(told(compare_settings(adopted, wanted)), ElementsAre("max-connections: 1000 -> 5000"));
}

}  // namespace
}  // namespace ms::server
