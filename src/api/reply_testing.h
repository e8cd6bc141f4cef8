// The client's end of a Responder, for the tests of handlers.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <utility>

#include "http/handler.h"

namespace ms::api {

class Reply : public http::Exchange {
 public:
  http::Responder responder() { return http::Responder(this); }

  // The waiting test may destroy this object as soon as the value is set.
  void complete(http::Response response, uint64_t) override {
    const std::shared_ptr<std::promise<http::Response>> promise = promise_;
    promise->set_value(std::move(response));
  }

  void begin_stream(http::Response response, std::unique_ptr<http::Stream> pieces) override {
    stream_ = std::move(pieces);
    complete(std::move(response), 0);
  }

  bool has_come() const { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

  // Waits for it.
  http::Response take() {
    if (future_.wait_for(std::chrono::seconds(30)) != std::future_status::ready) throw std::runtime_error("no reply");
    return future_.get();
  }

 private:
  std::unique_ptr<http::Stream> stream_;  // what follows the reply, where it goes on
  std::shared_ptr<std::promise<http::Response>> promise_ = std::make_shared<std::promise<http::Response>>();
  std::future<http::Response> future_ = promise_->get_future();
};

}  // namespace ms::api
