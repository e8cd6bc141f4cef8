#include "net/front_door.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/clock.h"

namespace ms::net {
namespace {

// What a stop takes to end idle connections: until then new ones are accepted and served.
constexpr uint64_t kEndIdleMs = ConnectionServer::kIdleGraceMs + Refuser::kQuietLingerMs;
// How long a stop may leave those who connect without an answer. Their SYN comes again after a second.
constexpr uint64_t kSilenceMs = 2000;
constexpr uint64_t kLookAtStopMs = 2;

void sleep_until_next_look() { std::this_thread::sleep_for(std::chrono::milliseconds(kLookAtStopMs)); }

FrontDoorStats::Quantiles quantiles_of(const QuantileHistogram& histogram) {
  return {.p50_ns = histogram.quantile_ns(0.5), .p99_ns = histogram.quantile_ns(0.99)};
}

}  // namespace

std::string_view architecture_name(Architecture architecture) {
  switch (architecture) {
    case Architecture::kPool:
      return "pool";
    case Architecture::kInline:
      return "inline";
  }
  return "unknown";
}

Result<std::unique_ptr<FrontDoor>> FrontDoor::open(const FrontDoorOptions& options, std::vector<Descriptor> inherited,
                                                   const Patience& patience) {
  std::vector<Listener> listeners;
  const size_t count = inherited.empty() ? options.addresses.size() : inherited.size();
  for (size_t i = 0; i < count; ++i) {
    auto listener = inherited.empty() ? Listener::open(options.addresses[i], options.backlog)
                                      : Listener::adopt(std::move(inherited[i]), options.backlog);
    while (!listener && listener.error().code == ErrorCode::kLocked && patience && patience(listener.error())) {
      listener = Listener::open(options.addresses[i], options.backlog);
    }
    if (!listener) return std::unexpected(std::move(listener).error());
    listeners.push_back(std::move(*listener));
  }
  auto queue = ConnectionQueue::open(options.descriptors_max);
  if (!queue) return std::unexpected(std::move(queue).error());
  return std::unique_ptr<FrontDoor>(new FrontDoor(options, std::move(listeners), std::move(*queue)));
}

FrontDoor::FrontDoor(const FrontDoorOptions& options, std::vector<Listener> listeners,
                     std::unique_ptr<ConnectionQueue> queue)
    : options_(options), listeners_(std::move(listeners)), queue_(std::move(queue)) {
  bounds_.connections_max = options.connections_max;
  bounds_.queue_max = options.queue_max;
}

FrontDoor::~FrontDoor() {
  sampler_.reset();
  accept_loop_.reset();
  inline_loop_.reset();
  sweeper_.reset();
  queue_->stop_workers();
  workers_.clear();
  ConnectionTable& table = queue_->table();
  for (size_t fd = 0; fd < table.end(); ++fd) {
    Slot& slot = table.at(static_cast<int>(fd));
    if (slot.phase.load(std::memory_order_acquire) == Phase::kFree) continue;
    const std::unique_ptr<Connection> left(slot.connection);
    if (left == nullptr) Descriptor(static_cast<int>(fd)).reset();
  }
}

Result<void> FrontDoor::start(SessionFactory& sessions, const QueuePolicy& policy, const Logger* log) {
  auto room = RoomSignal::open();
  if (!room) return std::unexpected(std::move(room).error());
  room_ = std::move(*room);
  auto refuser = Refuser::open(sessions.refusal(), options_.refuser_share, *room_);
  if (!refuser) return std::unexpected(std::move(refuser).error());
  refuser_ = std::move(*refuser);
  Descriptor stop_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!stop_fd) return fail_errno("eventfd", errno);
  judge_.emplace(policy);
  serving_.reset(new ServingContext{.queue = *queue_,
                                    .refuser = *refuser_,
                                    .room = *room_,
                                    .sessions = sessions,
                                    .judge = *judge_,
                                    .records_per_thread = options_.records_per_thread,
                                    .is_single_request = options_.architecture == Architecture::kInline});
  acceptor_ =
      std::make_unique<Acceptor>(listeners_, *refuser_, *room_, options_.records_per_thread, std::move(stop_fd));
  // Inherited ones come all together or not at all.
  if (listeners_.front().is_inherited()) leave_queues();
  switch (options_.architecture) {
    case Architecture::kPool:
      start_pool();
      break;
    case Architecture::kInline:
      inline_loop_ = std::make_unique<InlineLoop>(*acceptor_, *serving_, options_.first_bytes_ms);
      break;
  }
  sampler_ = std::make_unique<DoorSampler>(listeners_, [this] { return sampled_figures(); }, log);
  return {};
}

void FrontDoor::start_pool() {
  for (size_t i = 1; i <= options_.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(static_cast<uint16_t>(i), *serving_));
  }
  sweeper_ = std::make_unique<Sweeper>(*serving_, workers_);
  accept_loop_ = std::make_unique<AcceptLoop>(*acceptor_, *queue_, bounds_, options_.first_bytes_ms);
}

void FrontDoor::leave_queues() { acceptor_->leave_queues(); }

uint64_t FrontDoor::stop(uint64_t timeout_ms) {
  refuser_->hurry();
  if (inline_loop_ != nullptr) {
    inline_loop_->stop(timeout_ms);
  } else {
    stop_pool(timeout_ms);
  }
  const uint64_t left = queue_->open_connections() + acceptor_->stats().left.value();
  refuser_->wait_until_empty();
  return left;
}

void FrontDoor::stop_pool(uint64_t timeout_ms) {
  const uint64_t begin_ns = monotonic_ns();
  const auto elapsed_ms = [begin_ns] { return (monotonic_ns() - begin_ns) / kNanosPerMilli; };
  serving_->stop_begin_ns.store(begin_ns, std::memory_order_relaxed);
  sweeper_->hurry();
  while (!is_empty() && elapsed_ms() < std::min(kEndIdleMs, timeout_ms)) sleep_until_next_look();
  const uint64_t silent_until_ms = elapsed_ms() + kSilenceMs;
  accept_loop_->stop();
  bool is_listening = !acceptor_->leaves_queues();
  while (queue_->open_connections() > 0 && elapsed_ms() < timeout_ms) {
    if (is_listening && elapsed_ms() >= silent_until_ms) {
      for (const Listener& listener : listeners_) listener.stop_listening();
      is_listening = false;
    }
    sleep_until_next_look();
  }
  // From here on no session is called: what handlers use may go. And what the workers were handing to the refuser is
  // with it.
  sweeper_->stop();
  queue_->stop_workers();
  for (const auto& worker : workers_) worker->join();
}

bool FrontDoor::is_empty() const { return queue_->open_connections() == 0 && refuser_->held() == 0; }

FrontDoorStats FrontDoor::stats() {
  const uint64_t now_ns = monotonic_ns();
  const AcceptStats& accepts = acceptor_->stats();
  FrontDoorStats stats;
  for (const Listener& listener : listeners_) stats.listen_queues.push_back({listener.address(), listener.queue()});
  stats.kernel = kernel_counters_.read(now_ns);
  stats.listen_depth_samples = accepts.depth_samples.value();
  stats.listen_depth_sum = accepts.depth_sum.value();
  stats.listen_depth_max = accepts.depth_max.load(std::memory_order_relaxed);
  stats.accepted = accepts.accepted.value();
  stats.accept_failures = accepts.failed.value();
  stats.accept_pauses = accepts.pauses.value();
  stats.accept = quantiles_of(accepts.accept_ns);
  stats.kernel_waits_sampled = accepts.kernel_wait_at_most_ns.count();
  stats.kernel_wait_at_least = quantiles_of(accepts.kernel_wait_at_least_ns);
  stats.kernel_wait_at_most = quantiles_of(accepts.kernel_wait_at_most_ns);
  stats.accept_cpu_ns = accept_loop_ != nullptr ? accept_loop_->cpu_ns() : inline_loop_->cpu_ns();
  stats.refused_connections = accepts.refused_connections.value();
  stats.refused_queue = accepts.refused_queue.value();
  stats.refused_descriptors = accepts.refused_descriptors.value();
  stats.refuser_held = refuser_->held();
  stats.refuser_evictions = refuser_->evictions();
  stats.queue_length = queue_->length();
  stats.queue_age_ns = queue_->oldest_age_ns(now_ns);
  stats.queue_max = bounds_.queue_max.load(std::memory_order_relaxed);
  stats.open_connections = queue_->open_connections();
  stats.connections_max = bounds_.connections_max.load(std::memory_order_relaxed);
  stats.queue_target_ns = judge_->policy().target_ns.load(std::memory_order_relaxed);
  stats.queue_deadline_ns = judge_->policy().deadline_ns.load(std::memory_order_relaxed);
  stats.is_overloaded = judge_->is_overloaded();
  stats.overloads = judge_->overloads();
  for (const ConnectionServer* server : servers()) add_serve_stats(server->stats(), stats);
  return stats;
}

std::vector<const ConnectionServer*> FrontDoor::servers() const {
  std::vector<const ConnectionServer*> servers;
  servers.reserve(workers_.size() + 2);
  for (const auto& worker : workers_) servers.push_back(&worker->server());
  if (sweeper_ != nullptr) servers.push_back(&sweeper_->server());
  if (inline_loop_ != nullptr) servers.push_back(&inline_loop_->server());
  return servers;
}

void FrontDoor::add_serve_stats(const ServeStats& from, FrontDoorStats& to) {
  to.requests += from.requests.value();
  to.connections_served += from.connections.value();
  to.broken += from.broken.value();
  to.idle_timeouts += from.idle_timeouts.value();
  to.receive_timeouts += from.receive_timeouts.value();
  to.send_timeouts += from.send_timeouts.value();
  to.refused_age += from.refused_age.value();
  for (size_t i = 0; i < kStages; ++i) from.stages[i].add_to(to.stages[i]);
}

std::vector<Record> FrontDoor::records(uint64_t since) const {
  std::vector<Record> records;
  RecordCursor cursor;
  read_records(cursor, records);
  std::erase_if(records, [since](const Record& record) { return record.connection <= since; });
  return records;
}

void FrontDoor::read_records(RecordCursor& cursor, std::vector<Record>& records) const {
  std::vector<const RecordRing*> rings = {&acceptor_->records()};
  for (const ConnectionServer* server : servers()) rings.push_back(&server->records());
  cursor.resize(rings.size());
  for (size_t i = 0; i < rings.size(); ++i) cursor[i] = rings[i]->read(records, cursor[i]);
}

}  // namespace ms::net
