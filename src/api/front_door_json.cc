#include "api/front_door_json.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "base/json_builder.h"
#include "net/connection_server.h"

namespace ms::api {
namespace {

using net::FrontDoorState;
using net::FrontDoorStats;

double ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void write_listen_queue(JsonBuilder& json, const FrontDoorStats::Queue& queue,
                        const net::WaitingPeers::Sighting& waiting) {
  json.begin_object();
  json.key("address").text(queue.address);
  json.key("depth").integer(queue.queue.depth);
  json.key("limit").integer(queue.queue.limit);
  json.key("drops").integer(queue.queue.drops);
  json.key("waiting").begin_object();
  json.key("age_ms");
  if (waiting.seen_ns == 0) {
    json.null();
  } else {
    json.ms(monotonic_ns() - waiting.seen_ns);
  }
  json.key("total").integer(waiting.total);
  json.key("peers").begin_array();
  for (const net::Endpoint& peer : waiting.peers) json.text(peer.text());
  json.end_array();
  json.end_object();
  json.end_object();
}

void write_kernel_wait(JsonBuilder& json, const FrontDoorState& state) {
  const auto write_bound = [&](std::string_view name, const FrontDoorStats::Quantiles& bound) {
    json.key(name).begin_object();
    json.key("p50").ms(bound.p50_ns);
    json.key("p99").ms(bound.p99_ns);
    json.end_object();
  };
  json.key("kernel_wait").begin_object();
  json.key("sampled").integer(state.stats.kernel_waits_sampled);
  write_bound("at_least_ms", state.stats.kernel_wait_at_least);
  write_bound("at_most_ms", state.stats.kernel_wait_at_most);
  json.key("little_mean_ms");
  if (state.drain.mean_wait_ms) {
    json.ms(static_cast<uint64_t>(std::llround(*state.drain.mean_wait_ms * static_cast<double>(kNanosPerMilli))));
  } else {
    json.null();
  }
  json.end_object();
}

void write_accept_loop(JsonBuilder& json, const FrontDoorState& state) {
  const FrontDoorStats& stats = state.stats;
  json.key("accept_loop").begin_object();
  json.key("state").text(net::accept_state_name(state.accept_state));
  json.key("since_ms").ms(state.accept_state_ns);
  json.key("accepted").integer(stats.accepted);
  json.key("drain_per_s").begin_object();
  json.key("1s").real(state.drain.last_second);
  json.key("10s").real(state.drain.last_ten_seconds);
  json.key("start").real(ratio(stats.accepted, state.uptime_ns) * static_cast<double>(kNanosPerSecond));
  json.end_object();
  json.key("accept_us").begin_object();
  json.key("p50").us(stats.accept.p50_ns);
  json.key("p99").us(stats.accept.p99_ns);
  json.end_object();
  json.key("depth").begin_object();
  json.key("mean").real(ratio(stats.listen_depth_sum, stats.listen_depth_samples));
  json.key("max").integer(stats.listen_depth_max);
  json.end_object();
  json.end_object();
}

void write_connection_queue(JsonBuilder& json, const FrontDoorState& state) {
  const FrontDoorStats& stats = state.stats;
  json.key("connection_queue").begin_object();
  json.key("length").integer(stats.queue_length);
  json.key("limit").integer(stats.queue_max);
  json.key("oldest_age_ms").ms(stats.queue_age_ns);
  json.key("target_ms").ms(stats.queue_target_ns);
  json.key("deadline_ms").ms(stats.queue_deadline_ns);
  json.key("overloaded").boolean(stats.is_overloaded);
  json.key("overloads").integer(stats.overloads);
  json.key("entries").begin_array();
  for (const net::QueueEntry& entry : state.census.queue) {
    json.begin_object();
    json.key("connection").integer(entry.connection);
    json.key("fd").integer(static_cast<uint64_t>(entry.fd));
    json.key("peer").text(entry.peer.text());
    json.key("age_ms").ms(entry.age_ns);
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

// The number of the connection that a thread is busy with; 0: with none.
void write_connection_or_null(JsonBuilder& json, uint64_t connection) {
  json.key("connection");
  if (connection == 0) {
    json.null();
  } else {
    json.integer(connection);
  }
}

void write_worker(JsonBuilder& json, const net::WorkerEntry& worker) {
  json.begin_object();
  json.key("worker").integer(worker.worker);
  json.key("state").text(worker.connection == 0 ? "idle" : "serving");
  write_connection_or_null(json, worker.connection);
  json.key("since_ms").ms(worker.since_ns);
  json.key("served").integer(worker.served);
  json.end_object();
}

void write_heavy_pool(JsonBuilder& json, const WorkPool& heavy) {
  json.key("heavy_pool").begin_object();
  json.key("threads").begin_array();
  uint64_t number = 0;
  for (const WorkPool::ThreadEntry& thread : heavy.threads()) {
    json.begin_object();
    json.key("thread").integer(++number);
    json.key("state").text(thread.connection == 0 ? "idle" : "reading");
    write_connection_or_null(json, thread.connection);
    json.key("since_ms").ms(thread.since_ns);
    json.key("bodies").integer(thread.done);
    json.end_object();
  }
  json.end_array();
  json.key("queue_length").integer(heavy.stats().queue_length);
  json.key("queue_limit").integer(heavy.queue_length_max());
  json.end_object();
}

void write_socket(JsonBuilder& json, const net::SocketEntry& entry) {
  json.begin_object();
  json.key("connection").integer(entry.connection);
  json.key("fd").integer(static_cast<uint64_t>(entry.fd));
  json.key("peer").text(entry.peer.text());
  json.key("local").text(entry.local.text());
  json.key("age_ms").ms(entry.age_ns);
  json.key("state").text(net::socket_state_name(entry.state));
  json.key("receive_bytes").integer(entry.receive_bytes);
  json.key("receive_buffer_bytes").integer(entry.receive_buffer_bytes);
  json.key("send_bytes").integer(entry.send_bytes);
  json.key("send_buffer_bytes").integer(entry.send_buffer_bytes);
  json.end_object();
}

void write_active_sockets(JsonBuilder& json, const FrontDoorState& state) {
  json.key("active_sockets").begin_object();
  json.key("open").integer(state.stats.open_connections);
  json.key("limit").integer(state.stats.connections_max);
  json.key("by_state").begin_object();
  for (size_t i = 0; i < net::kSocketStates; ++i) {
    json.key(net::socket_state_name(static_cast<net::SocketState>(i))).integer(state.census.by_state[i]);
  }
  json.end_object();
  json.key("sockets").begin_array();
  for (const net::SocketEntry& entry : state.census.sockets) write_socket(json, entry);
  json.end_array();
  json.end_object();
}

void write_refusals(JsonBuilder& json, const FrontDoorStats& stats) {
  json.key("refusals").begin_object();
  json.key("connections_limit").integer(stats.refused_connections);
  json.key("queue_limit").integer(stats.refused_queue);
  json.key("queue_age").integer(stats.refused_age);
  json.key("descriptors").integer(stats.refused_descriptors);
  json.key("held").integer(stats.refuser_held);
  json.end_object();
}

void write_stages(JsonBuilder& json, const FrontDoorStats& stats) {
  json.key("stages").begin_object();
  for (size_t i = 0; i < net::kStages; ++i) {
    const DurationHistogram::Snapshot& stage = stats.stages[i];
    json.key(net::stage_name(static_cast<net::Stage>(i))).begin_object();
    json.key("count").integer(stage.count);
    json.key("mean_us").us(stage.count == 0 ? 0 : stage.sum_ns / stage.count);
    json.key("p50_us").us(stage.quantile_ns(0.5));
    json.key("p99_us").us(stage.quantile_ns(0.99));
    json.end_object();
  }
  json.end_object();
}

void write_request(JsonBuilder& json, const net::Record& record) {
  const bool is_reply = record.outcome == net::Outcome::kReplied;
  json.begin_object();
  json.key("request").integer(record.request);
  const auto write_number = [&json](std::string_view name, uint16_t worker) {
    json.key(name);
    if (worker == 0) {
      json.null();
    } else {
      json.integer(worker);
    }
  };
  write_number("taken_by", record.taken_by);
  write_number("worker", record.worker);
  json.key("outcome").text(net::outcome_name(record.outcome));
  json.key("code");
  if (is_reply) {
    json.integer(record.code);
  } else {
    json.null();
  }
  json.key("taken_ns").moment(record.stamps.taken_ns);
  json.key("complete_ns").moment(record.stamps.complete_ns);
  json.key("durable_ns").moment(record.stamps.durable_ns);
  json.key("replied_ns").moment(record.stamps.replied_ns);
  if (!is_reply) json.key("ended_ns").moment(record.ended_ns);
  json.end_object();
}

// `records` are all of one connection, and not empty.
void write_connection(JsonBuilder& json, std::span<const net::Record> records) {
  const net::Record& first = records.front();
  const auto write_wait = [&](std::string_view name, uint64_t wait_ns) {
    json.key(name);
    if (first.kernel_wait.is_sampled) {
      json.ms(wait_ns);
    } else {
      json.null();
    }
  };
  json.begin_object();
  json.key("connection").integer(first.connection);
  json.key("fd").integer(static_cast<uint64_t>(first.fd));
  json.key("peer").text(first.peer.text());
  json.key("local").text(first.local.text());
  write_wait("kernel_wait_at_least_ms", first.kernel_wait.at_least_ns);
  write_wait("kernel_wait_at_most_ms", first.kernel_wait.at_most_ns);
  json.key("accept_begin_ns").moment(first.stamps.accept_begin_ns);
  json.key("accepted_ns").moment(first.stamps.accepted_ns);
  json.key("enqueued_ns").moment(first.stamps.enqueued_ns);
  json.key("requests").begin_array();
  for (const net::Record& record : records) write_request(json, record);
  json.end_array();
  json.end_object();
}

}  // namespace

std::string write_state(const FrontDoorState& state, const WorkPool& heavy, int64_t now_unix_ms) {
  JsonBuilder json;
  json.begin_object();
  json.key("architecture").text(net::architecture_name(state.architecture));
  json.key("now_unix_ms").integer(static_cast<uint64_t>(now_unix_ms));
  json.key("uptime_seconds").decimal(state.uptime_ns, 9);
  json.key("listen_queues").begin_array();
  for (size_t i = 0; i < state.stats.listen_queues.size(); ++i) {
    write_listen_queue(json, state.stats.listen_queues[i], state.waiting[i]);
  }
  json.end_array();
  write_kernel_wait(json, state);
  write_accept_loop(json, state);
  write_connection_queue(json, state);
  json.key("workers").begin_array();
  for (const net::WorkerEntry& worker : state.workers) write_worker(json, worker);
  json.end_array();
  write_heavy_pool(json, heavy);
  write_active_sockets(json, state);
  write_refusals(json, state.stats);
  write_stages(json, state.stats);
  json.end_object();
  return std::move(json).take();
}

std::string write_connections(std::vector<net::Record> records, uint64_t newest, size_t limit) {
  std::ranges::sort(records, {}, [](const net::Record& record) {
    return std::tuple(record.connection, record.request, record.ended_ns);
  });
  JsonBuilder json;
  json.begin_object();
  json.key("newest").integer(newest);
  json.key("connections").begin_array();
  std::span<const net::Record> left(records);
  for (size_t i = 0; i < limit && !left.empty(); ++i) {
    const auto end = std::ranges::find_if(
        left, [&](uint64_t connection) { return connection != left.front().connection; }, &net::Record::connection);
    const auto count = static_cast<size_t>(end - left.begin());
    write_connection(json, left.first(count));
    left = left.subspan(count);
  }
  json.end_array();
  json.end_object();
  return std::move(json).take();
}

}  // namespace ms::api
