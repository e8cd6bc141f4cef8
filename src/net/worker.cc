#include "net/worker.h"

#include <string>

#include "base/clock.h"

namespace ms::net {

Worker::Worker(uint16_t number, ServingContext& context)
    : queue_(context.queue), server_(context, number), thread_("worker-" + std::to_string(number), [this] { run(); }) {}

void Worker::run() {
  while (true) {
    server_.activity().begin(0, monotonic_ns());
    const ConnectionQueue::Event event = queue_.wait();
    switch (event.kind) {
      case ConnectionQueue::Event::Kind::kConnection:
        server_.serve(event);
        break;
      case ConnectionQueue::Event::Kind::kMail:
        server_.deliver_mail();
        break;
      case ConnectionQueue::Event::Kind::kStop:
        return;
    }
  }
}

}  // namespace ms::net
