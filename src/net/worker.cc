#include "net/worker.h"

#include <array>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "net/batch_size.h"

namespace ms::net {

Worker::Worker(uint16_t number, ServingContext& context)
    : queue_(context.queue), server_(context, number), thread_("worker-" + std::to_string(number), [this] { run(); }) {}

void Worker::run() {
  std::array<ConnectionQueue::Event, ConnectionQueue::kEventsMax> buffer;
  BatchSize batch(buffer.size());
  uint64_t now_ns = monotonic_ns();
  bool goes_on = true;
  while (goes_on) {
    server_.activity().begin(0, now_ns);
    const auto events = queue_.wait(std::span(buffer).first(batch.events()));
    const uint64_t begin_ns = monotonic_ns();
    for (const ConnectionQueue::Event& event : events) goes_on = handle(event) && goes_on;
    now_ns = monotonic_ns();
    batch.note(events.size(), now_ns - begin_ns);
  }
}

bool Worker::handle(const ConnectionQueue::Event& event) {
  switch (event.kind) {
    case ConnectionQueue::Event::Kind::kConnection:
      server_.serve(event);
      return true;
    case ConnectionQueue::Event::Kind::kMail:
      server_.deliver_mail();
      return true;
    case ConnectionQueue::Event::Kind::kStop:
      return false;
  }
  std::unreachable();
}

}  // namespace ms::net
