// FrontDoorView: what a server says of its front door at one moment, as GET /api/v1/front-door gives it.
//
// A figure that the server cannot give yet, such as when peers were last seen waiting, is empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ms::watch {

struct Quantiles {
  std::optional<double> p50;
  std::optional<double> p99;
};

struct ListenQueueView {
  std::string address;
  uint64_t depth = 0;
  uint64_t limit = 0;
  uint64_t drops = 0;
  // When peers were last seen waiting, how many, and the first of them as "address:port".
  std::optional<double> seen_age_ms;
  uint64_t seen_total = 0;
  std::vector<std::string> seen_peers;
};

// How long connections waited in the listen queue: each lies between two bounds.
struct KernelWaitView {
  uint64_t sampled = 0;
  Quantiles at_least_ms;
  Quantiles at_most_ms;
  std::optional<double> little_mean_ms;
};

struct AcceptLoopView {
  std::string state;
  std::optional<double> since_ms;
  uint64_t accepted = 0;
  std::optional<double> per_s_1s;
  std::optional<double> per_s_10s;
  std::optional<double> per_s_start;
  Quantiles accept_us;
  std::optional<double> depth_mean;
  std::optional<double> depth_max;
};

struct QueuedConnection {
  uint64_t connection = 0;
  std::string peer;
  std::optional<double> age_ms;
};

struct ConnectionQueueView {
  uint64_t length = 0;
  uint64_t limit = 0;
  std::optional<double> oldest_age_ms;
  std::optional<double> target_ms;
  std::optional<double> deadline_ms;
  bool is_overloaded = false;
  uint64_t overloads = 0;
  std::vector<QueuedConnection> entries;  // the oldest ones
};

struct WorkerView {
  uint64_t worker = 0;
  std::string state;
  std::optional<uint64_t> connection;
  std::optional<double> since_ms;
  uint64_t served = 0;
};

struct SocketView {
  uint64_t connection = 0;
  int64_t fd = 0;
  std::string peer;
  std::string state;
};

struct ActiveSocketsView {
  uint64_t open = 0;
  uint64_t limit = 0;
  uint64_t queued = 0;
  uint64_t serving = 0;
  uint64_t parked = 0;
  uint64_t sending = 0;
  uint64_t waiting = 0;
  std::vector<SocketView> sockets;  // those of the lowest numbers
};

struct RefusalsView {
  uint64_t connections_limit = 0;
  uint64_t queue_limit = 0;
  uint64_t queue_age = 0;
  uint64_t descriptors = 0;
  uint64_t held = 0;  // being told off now
};

struct StageView {
  std::string name;
  uint64_t count = 0;
  std::optional<double> mean_us;
  Quantiles us;
};

struct FrontDoorView {
  std::string architecture;
  int64_t now_unix_ms = 0;
  double uptime_seconds = 0;
  std::vector<ListenQueueView> listen_queues;
  KernelWaitView kernel_wait;
  AcceptLoopView accept_loop;
  ConnectionQueueView connection_queue;
  std::vector<WorkerView> workers;
  ActiveSocketsView active_sockets;
  RefusalsView refusals;
  std::vector<StageView> stages;  // in the order of a connection's life
};

}  // namespace ms::watch
