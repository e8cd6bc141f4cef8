#include "drain/experiment.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/overload.h"
#include "base/thread.h"
#include "drain/occupying_handler.h"
#include "http/http_service.h"
#include "load/arrivals.h"
#include "load/child.h"
#include "net/descriptors.h"

namespace ms::drain {
namespace {

constexpr uint64_t kSampleNs = 2 * kNanosPerMilli;
// A tenth of a second's worth of a thread's records at 100,000 a second: they are read that often.
constexpr size_t kRecordsPerThread = 16'384;
// Descriptors that are no waiting connections'.
constexpr size_t kReservedDescriptors = 256;
constexpr size_t kRefuserShareMax = 4096;
constexpr uint64_t kStopMs = 10'000;

uint64_t process_cpu_ns() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ns = [](const timeval& time) {
    return static_cast<uint64_t>(time.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(time.tv_usec) * 1000;
  };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

load::Plan make_plan(const Settings& settings) {
  load::Plan plan;
  plan.schedule_ns = settings.burst != 0
                         ? load::burst_arrivals(settings.burst)
                         : load::poisson_arrivals(settings.rate_per_s, settings.duration_ns, settings.seed);
  plan.requests = {std::string("GET ") + OccupyingHandler::kPath +
                   " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"};
  plan.timeout_ns = kClientTimeoutNs;
  return plan;
}

net::FrontDoorOptions make_options(const Settings& settings, net::Architecture architecture, size_t descriptors) {
  const size_t share = std::min(descriptors / 4, kRefuserShareMax);
  const size_t connections = descriptors - share - std::min(descriptors / 4, kReservedDescriptors);
  return {.architecture = architecture,
          .addresses = {"127.0.0.1:0"},
          .backlog = settings.backlog,
          .workers = settings.workers,
          .descriptors_max = descriptors,
          .refuser_share = share,
          .connections_max = connections,
          .queue_max = connections,
          .records_per_thread = kRecordsPerThread};
}

load::Target target_of(const net::Listener& listener) {
  load::Target target;
  target.size = sizeof target.address;
  getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&target.address), &target.size);
  return target;
}

// Looks at a listen queue from a thread of its own, for as long as it lives.
class DepthSampler {
 public:
  explicit DepthSampler(const net::Listener& listener) : listener_(listener), thread_("sample", [this] { run(); }) {}
  DepthSampler(const DepthSampler&) = delete;
  DepthSampler& operator=(const DepthSampler&) = delete;
  ~DepthSampler() { stop(); }

  // Ends the thread, and hands over what it has seen.
  std::vector<DepthSample> stop() {
    is_stopping_.store(true, std::memory_order_relaxed);
    thread_.join();
    return std::move(samples_);
  }

 private:
  void run() {
    while (!is_stopping_.load(std::memory_order_relaxed)) {
      samples_.push_back({.at_ns = monotonic_ns(), .depth = listener_.queue_depth()});
      const timespec pause{.tv_sec = 0, .tv_nsec = kSampleNs};
      clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
    }
  }

  const net::Listener& listener_;
  std::atomic<bool> is_stopping_ = false;
  std::vector<DepthSample> samples_;  // the thread's own until it has ended
  Thread thread_;
};

// The server's side: the front door and the one handler behind it.
class Server {
 public:
  Server(const Settings& settings, std::unique_ptr<net::FrontDoor> front_door)
      : handler_(settings.work, settings.service_time_ns),
        service_(http::Limits{}, router_),
        front_door_(std::move(front_door)) {
    handler_.add_routes(router_);
    policy_.target_ns = settings.queue_target_ns;
    policy_.deadline_ns = settings.queue_deadline_ns;
  }

  Result<void> start() { return front_door_->start(service_, policy_); }

  void stop() {
    handler_.release();
    service_.begin_stop();
    front_door_->stop(kStopMs);
  }

  net::FrontDoor& front_door() { return *front_door_; }
  const net::Listener& listener() const { return front_door_->listeners().front(); }

 private:
  OccupyingHandler handler_;
  http::Router router_;
  QueuePolicy policy_;
  http::HttpService service_;
  std::unique_ptr<net::FrontDoor> front_door_;
};

// Keeps what was accepted before the clients' end, by number.
void put_in_order(std::vector<net::Record>& records, uint64_t end_ns) {
  std::erase_if(records, [end_ns](const net::Record& record) { return record.stamps.accepted_ns > end_ns; });
  std::ranges::sort(records, {}, &net::Record::connection);
}

void note_clients(Observations& seen, load::LoadChild::Report report, const load::Plan& plan) {
  seen.attempts = std::move(report.attempts);
  seen.clients_cpu_ns = report.cpu_ns;
  if (!seen.attempts.empty()) seen.begin_ns = seen.attempts.front().scheduled_ns - plan.schedule_ns.front();
  for (const load::Attempt& attempt : seen.attempts) seen.end_ns = std::max(seen.end_ns, attempt.ended_ns);
}

void note_door(Observations& seen, Server& server) {
  const net::FrontDoorStats stats = server.front_door().stats();
  seen.listen_queue = server.listener().queue();
  seen.depth_max = stats.listen_depth_max;
  seen.queue_max = stats.queue_max;
}

Result<Observations> watch(Server& server, load::LoadChild& clients, const load::Plan& plan,
                           const std::function<void(const Progress&)>& on_progress, Observations seen) {
  net::FrontDoor& door = server.front_door();
  net::FrontDoor::RecordCursor cursor;
  DepthSampler sampler(server.listener());
  const uint64_t retransmits_before = net::read_namespace_counters().syn_retransmits;
  const uint64_t cpu_before_ns = process_cpu_ns();
  const uint64_t start_ns = monotonic_ns();
  if (auto started = clients.start(target_of(server.listener())); !started) return std::unexpected(started.error());
  auto report = clients.collect([&](size_t ended) {
    door.read_records(cursor, seen.records);
    on_progress({.architecture = seen.architecture,
                 .elapsed_ns = monotonic_ns() - start_ns,
                 .clients = plan.schedule_ns.size(),
                 .ended = ended,
                 .listen_depth = server.listener().queue_depth(),
                 .queue_length = door.stats().queue_length});
  });
  if (!report) return std::unexpected(std::move(report).error());
  seen.server_cpu_ns = process_cpu_ns() - cpu_before_ns;
  seen.syn_retransmits = net::read_namespace_counters().syn_retransmits - retransmits_before;
  seen.depths = sampler.stop();
  note_clients(seen, std::move(*report), plan);
  note_door(seen, server);
  server.stop();
  door.read_records(cursor, seen.records);
  put_in_order(seen.records, seen.end_ns);
  return seen;
}

}  // namespace

Result<Observations> observe(const Settings& settings, net::Architecture architecture,
                             const std::function<void(const Progress&)>& on_progress) {
  const load::Plan plan = make_plan(settings);
  if (plan.schedule_ns.empty()) return fail(ErrorCode::kInvalid, "no client comes: raise --rate or --duration");
  auto clients = load::LoadChild::fork(plan);
  if (!clients) return std::unexpected(std::move(clients).error());
  const auto descriptors = net::raise_descriptor_limit();
  if (!descriptors) return std::unexpected(descriptors.error());
  if (const auto grown = net::grow_descriptor_table(*descriptors); !grown) return std::unexpected(grown.error());
  auto front_door = net::FrontDoor::open(make_options(settings, architecture, *descriptors));
  if (!front_door) return std::unexpected(std::move(front_door).error());
  Server server(settings, std::move(*front_door));
  if (auto started = server.start(); !started) return std::unexpected(started.error());
  return watch(server, *clients, plan, on_progress,
               {.architecture = architecture, .workers = settings.workers, .descriptors_max = *descriptors});
}

}  // namespace ms::drain
