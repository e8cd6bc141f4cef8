#include "load/storm.h"

#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <semaphore>

#include "base/histogram.h"
#include "base/json_builder.h"
#include "base/thread.h"
#include "load/arrivals.h"
#include "load/clients.h"
#include "load/network_namespace.h"
#include "load/server_probe.h"
#include "model/labels.h"
#include "net/descriptors.h"
#include "wire/json_metrics_encoder.h"
#include "wire/remote_write_encoder.h"

namespace ms::load {
namespace {

constexpr int kSeries = 100;
constexpr double kValue = 42.5;
constexpr std::chrono::milliseconds kProgressPause(100);
constexpr uint64_t kTimeSliceNs = 100'000;

// Of the series of that number.
std::string small_body(Protocol protocol, int number, int64_t now_ms) {
  const std::string host = "host_" + std::to_string(number);
  const std::array<model::Label, 8> labels = {{{"__name__", "cpu_usage_user"},
                                               {"arch", "x64"},
                                               {"datacenter", "eu-west-1b"},
                                               {"host", host},
                                               {"os", "Ubuntu16.10"},
                                               {"rack", "67"},
                                               {"region", "eu-west-1"},
                                               {"team", "NYC"}}};
  if (protocol == Protocol::kJson) {
    JsonBuilder value;
    value.real(kValue);
    return wire::encode_json_series(labels) + R"("value":)" + std::move(value).take() + "}";
  }
  const wire::TimedValue sample{.timestamp_ms = now_ms, .value = kValue};
  std::string message;
  wire::append_time_series(message, wire::encode_label_fields(labels), {&sample, 1});
  return wire::compress_snappy(message);
}

// One thread's share of the storm.
class Generator {
 public:
  Generator(const StormSettings& settings, const ClientSettings& clients, std::vector<uint64_t> schedule_ns,
            const ClosedLoop& loop)
      : settings_(settings), clients_(clients), schedule_ns_(std::move(schedule_ns)), loop_(loop) {}

  // On the thread.
  void run() {
    if (auto prepared = prepare(); !prepared) {
      result_ = std::move(prepared);
      return;
    }
    const uint64_t retransmits_before = read_retransmits();
    const uint64_t cpu_before_ns = thread_cpu_ns();
    begin_ns_ = monotonic_ns();
    const OnEnd note = [this](size_t /*number*/, const Attempt& attempt) { note_end(attempt); };
    result_ = settings_.mode == StormMode::kClosed ? run_closed_loop(clients_, loop_, note)
                                                   : run_open_loop(clients_, schedule_ns_, note);
    end_ns_ = monotonic_ns();
    figures_.cpu_ns = thread_cpu_ns() - cpu_before_ns;
    if (!settings_.network_namespace.empty()) figures_.retransmits = read_retransmits() - retransmits_before;
  }

  uint64_t ended() const { return ended_.value(); }

  // After run().
  const Result<void>& result() const { return result_; }
  const StormFigures& figures() const { return figures_; }
  uint64_t begin_ns() const { return begin_ns_; }
  uint64_t end_ns() const { return end_ns_; }

 private:
  Result<void> prepare() const {
#ifndef __SANITIZE_THREAD__  // which knows a descriptor by its number, and takes two threads' for one
    if (unshare(CLONE_FILES) != 0) return fail_errno("load generator: unshare", errno);
#endif
    // The next client's moment is met to the microsecond, not to the 50 us by which timers are put together.
    prctl(PR_SET_TIMERSLACK, 1);
    // Where all CPUs are busy it need not wait for the end of another's slice, which would count as lag.
    request_time_slice(kTimeSliceNs);
    return enter_network_namespace(settings_.network_namespace);
  }

  void note_end(const Attempt& attempt) {
    count(figures_.tally, attempt);
    if (attempt.connected_ns != 0) {
      ++figures_.connects;
      figures_.connect.record(attempt.connected_ns - attempt.scheduled_ns);
    }
    figures_.lag.record(attempt.begun_ns - attempt.scheduled_ns);
    if (is_served(attempt)) {
      figures_.latency.record(attempt.ended_ns - attempt.scheduled_ns);
      figures_.beyond_lag.record(attempt.ended_ns - attempt.begun_ns);
    } else if (attempt.outcome == Outcome::kReplied && attempt.status != 503) {
      ++figures_.other_status[attempt.status];
    }
    ended_.add();
  }

  const StormSettings& settings_;
  const ClientSettings& clients_;
  const std::vector<uint64_t> schedule_ns_;
  const ClosedLoop loop_;
  Counter ended_;
  // The thread's own until run() has returned.
  Result<void> result_;
  StormFigures figures_;
  uint64_t begin_ns_ = 0;
  uint64_t end_ns_ = 0;
};

// Thread `index`'s part of `whole`.
uint64_t share_of(uint64_t whole, uint64_t index, uint64_t threads) {
  return whole / threads + (index < whole % threads ? 1 : 0);
}

std::vector<uint64_t> arrivals_of(const StormSettings& settings) {
  if (settings.mode == StormMode::kBurst) return burst_arrivals(settings.units_max);
  if (settings.units_max == 0) return poisson_arrivals(settings.rate_per_s, settings.duration_ns, settings.seed);
  return first_poisson_arrivals(settings.rate_per_s, settings.units_max, settings.seed);
}

// Every thread takes its turn, so that each has a part of every moment.
std::vector<uint64_t> deal_out(const std::vector<uint64_t>& arrivals, uint64_t index, uint64_t threads) {
  std::vector<uint64_t> share;
  for (size_t i = index; i < arrivals.size(); i += threads) share.push_back(arrivals[i]);
  return share;
}

void make_generators(const StormSettings& settings, const ClientSettings& clients, std::deque<Generator>& generators) {
  std::vector<uint64_t> arrivals;
  if (settings.mode != StormMode::kClosed) arrivals = arrivals_of(settings);
  for (uint64_t index = 0; index < settings.threads; ++index) {
    ClosedLoop loop{.concurrency = share_of(settings.concurrency, index, settings.threads),
                    .is_keep_alive = settings.is_keep_alive};
    if (settings.units_max == 0) {
      loop.duration_ns = settings.duration_ns;
    } else {
      loop.units_max = share_of(settings.units_max, index, settings.threads);
    }
    generators.emplace_back(settings, clients, deal_out(arrivals, index, settings.threads), loop);
  }
}

void run_all(std::deque<Generator>& generators, const std::function<void(uint64_t ended)>& on_progress) {
  std::counting_semaphore<> done(0);
  std::vector<Thread> threads;
  threads.reserve(generators.size());
  for (Generator& generator : generators) {
    threads.emplace_back("storm", [&generator, &done] {
      generator.run();
      done.release();
    });
  }
  for (size_t i = 0; i < threads.size(); ++i) {
    while (!done.try_acquire_for(kProgressPause)) {
      uint64_t ended = 0;
      for (const Generator& generator : generators) ended += generator.ended();
      on_progress(ended);
    }
  }
}

void add(StormFigures& sum, const StormFigures& part) {
  sum.tally += part.tally;
  sum.connects += part.connects;
  for (const auto& [status, count] : part.other_status) sum.other_status[status] += count;
  sum.latency.merge(part.latency);
  sum.connect.merge(part.connect);
  sum.lag.merge(part.lag);
  sum.beyond_lag.merge(part.beyond_lag);
  sum.cpu_ns += part.cpu_ns;
  // The generators share the namespace whose counter they have read.
  sum.retransmits = std::max(sum.retransmits, part.retransmits);
}

// Whether there was a server at all.
Result<void> check_connected(const StormFigures& figures) {
  const Tally& tally = figures.tally;
  if (figures.connects != 0 || tally.offered == 0) return {};
  if (tally.connect_refused != 0) return fail_errno("connect", ECONNREFUSED);
  if (tally.timed_out != 0) return fail_errno("connect", ETIMEDOUT);
  return fail(ErrorCode::kIo, "connect: no descriptor, port or route was left");
}

}  // namespace

std::string_view storm_mode_name(StormMode mode) {
  switch (mode) {
    case StormMode::kClosed:
      return "closed";
    case StormMode::kOpen:
      return "open";
    case StormMode::kBurst:
      break;
  }
  return "burst";
}

std::vector<std::string> small_requests(const HttpTarget& target, Protocol protocol, bool is_keep_alive,
                                        int64_t now_ms) {
  if (protocol == Protocol::kGet) return {write_request(target, protocol, is_keep_alive, "")};
  std::vector<std::string> requests;
  requests.reserve(kSeries);
  for (int number = 0; number < kSeries; ++number) {
    requests.push_back(write_request(target, protocol, is_keep_alive, small_body(protocol, number, now_ms)));
  }
  return requests;
}

Result<StormFigures> run_storm(const StormSettings& settings, const Target& target,
                               std::span<const std::string> requests,
                               const std::function<void(uint64_t ended)>& on_progress) {
  if (const auto limit = net::raise_descriptor_limit(); !limit) return std::unexpected(limit.error());
  const ClientSettings clients{.target = target, .requests = requests, .timeout_ns = settings.timeout_ns};
  std::deque<Generator> generators;
  make_generators(settings, clients, generators);
  run_all(generators, on_progress);

  StormFigures all;
  uint64_t begin_ns = UINT64_MAX;
  uint64_t end_ns = 0;
  for (const Generator& generator : generators) {
    if (!generator.result()) return std::unexpected(generator.result().error());
    add(all, generator.figures());
    begin_ns = std::min(begin_ns, generator.begin_ns());
    end_ns = std::max(end_ns, generator.end_ns());
  }
  if (auto connected = check_connected(all); !connected) return std::unexpected(std::move(connected).error());
  all.elapsed_ns = end_ns - begin_ns;
  return all;
}

}  // namespace ms::load
