// Front doors to draw: a small one with something in every part, and one where everything is full.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "watch/front_door_view.h"

namespace ms::watch {

inline std::vector<StageView> sample_stages() {
  std::vector<StageView> stages;
  double us = 0.6;
  for (const char* name : {"accept", "enqueue", "queue", "receive", "commit", "reply", "total"}) {
    stages.push_back({.name = name, .count = 1234, .mean_us = us * 1.5, .us = {.p50 = us, .p99 = us * 8}});
    us *= 4;
  }
  return stages;
}

inline std::string sample_peer(uint64_t connection) {
  return "127.0.0.1:" + std::to_string(54115 + connection % 10000);
}

// Two of eight workers serve, two connections wait for them, and of three that waited in the kernel one still does.
inline FrontDoorView sample_view() {
  FrontDoorView view{.architecture = "pool", .now_unix_ms = 1732363200123, .uptime_seconds = 12.5};
  view.listen_queues = {{.address = "127.0.0.1:8080",
                         .depth = 1,
                         .limit = 4096,
                         .seen_age_ms = 130,
                         .seen_total = 3,
                         .seen_peers = {sample_peer(14), sample_peer(15), sample_peer(16)}}};
  view.kernel_wait = {.sampled = 1200,
                      .at_least_ms = {.p50 = 0, .p99 = 1},
                      .at_most_ms = {.p50 = 0.08, .p99 = 2.5},
                      .little_mean_ms = 0.01};
  view.accept_loop = {.state = "blocked",
                      .since_ms = 12.1,
                      .accepted = 1234,
                      .per_s_1s = 0,
                      .per_s_10s = 12.3,
                      .per_s_start = 98.7,
                      .accept_us = {.p50 = 6.1, .p99 = 18},
                      .depth_mean = 0.4,
                      .depth_max = 12};
  view.connection_queue = {.length = 2,
                           .limit = 100'000,
                           .oldest_age_ms = 60,
                           .target_ms = 50,
                           .deadline_ms = 1000,
                           .entries = {{.connection = 14, .peer = sample_peer(14), .age_ms = 60},
                                       {.connection = 15, .peer = sample_peer(15), .age_ms = 0.3}}};
  for (uint64_t worker = 1; worker <= 8; ++worker) {
    view.workers.push_back({.worker = worker, .state = "idle", .since_ms = 100.2, .served = 199 + worker});
  }
  view.workers[0] = {.worker = 1, .state = "serving", .connection = 12, .since_ms = 4.9, .served = 200};
  view.workers[5] = {.worker = 6, .state = "serving", .connection = 13, .since_ms = 0.02, .served = 187};
  view.active_sockets = {.open = 4, .limit = 100'000, .queued = 2, .serving = 2};
  for (uint64_t connection = 12; connection < 16; ++connection) {
    view.active_sockets.sockets.push_back({.connection = connection,
                                           .fd = static_cast<int64_t>(connection - 5),
                                           .peer = sample_peer(connection),
                                           .state = connection < 14 ? "serving" : "queued"});
  }
  view.stages = sample_stages();
  return view;
}

// The largest figures that a server of 100,000 connections and 64 workers shows.
inline FrontDoorView overfull_view() {
  FrontDoorView view = sample_view();
  view.uptime_seconds = 400 * 86400.0;
  view.listen_queues[0] = {.address = "127.0.0.1:8080",
                           .depth = 4097,
                           .limit = 4096,
                           .drops = 1'234'567,
                           .seen_age_ms = 249,
                           .seen_total = 4097};
  view.accept_loop = {.state = "draining",
                      .since_ms = 999'000,
                      .accepted = 1'234'567,
                      .per_s_1s = 123'456,
                      .per_s_10s = 123'456,
                      .per_s_start = 123'456,
                      .accept_us = {.p50 = 99, .p99 = 123'456},
                      .depth_mean = 4096,
                      .depth_max = 4097};
  view.connection_queue = {.length = 100'000,
                           .limit = 100'000,
                           .oldest_age_ms = 999.4,
                           .target_ms = 50,
                           .deadline_ms = 1000,
                           .is_overloaded = true,
                           .overloads = 123'456};
  view.active_sockets = {.open = 100'064, .limit = 100'064, .queued = 100'000, .serving = 64};
  view.workers.clear();
  for (uint64_t i = 0; i < 200; ++i) {
    const uint64_t connection = 1'000'000 + i;
    view.listen_queues[0].seen_peers.push_back(sample_peer(connection));
    view.connection_queue.entries.push_back({.connection = connection, .peer = "[2001:db8::1]:1", .age_ms = 999});
    view.active_sockets.sockets.push_back(
        {.connection = connection, .fd = 100'000, .peer = "[2001:db8::1]:2", .state = "queued"});
  }
  for (uint64_t worker = 1; worker <= 64; ++worker) {
    view.workers.push_back({.worker = worker,
                            .state = "serving",
                            .connection = 1'000'000 + worker,
                            .since_ms = 999,
                            .served = 123'456'789});
  }
  view.refusals = {.connections_limit = 1'200'000,
                   .queue_limit = 999'999,
                   .queue_age = 12'345'678,
                   .descriptors = 9'999,
                   .held = 4'096};
  for (StageView& stage : view.stages) {
    stage = {.name = stage.name, .count = 123'456'789, .mean_us = 9.994e6, .us = {.p50 = 123'456, .p99 = 119.4e6}};
  }
  return view;
}

// One thread does it all; nothing waits, nothing is refused.
inline FrontDoorView inline_view() {
  FrontDoorView view = sample_view();
  view.architecture = "inline";
  view.listen_queues[0].depth = 0;
  view.connection_queue = {};
  view.workers = {{.worker = 1, .state = "idle", .since_ms = 12.1, .served = 1234}};
  view.active_sockets = {.limit = 100'000};
  return view;
}

// A server that has just started: no quantile of anything yet.
inline FrontDoorView unknown_view() {
  FrontDoorView view{.architecture = "pool", .now_unix_ms = 1732363200123};
  view.listen_queues = {{.address = "[::]:8080", .depth = 2, .limit = 4096}};
  view.accept_loop.state = "blocked";
  view.connection_queue = {.limit = 1000};
  view.workers = {{.worker = 1, .state = "idle"}, {.worker = 2, .state = "idle"}};
  view.stages = sample_stages();
  for (StageView& stage : view.stages) stage = {.name = stage.name};
  return view;
}

}  // namespace ms::watch
