#include "api/front_door.h"

#include <arpa/inet.h>

#include <charconv>
#include <expected>
#include <string>
#include <string_view>

#include "api/front_door_json.h"
#include "api/parameters.h"
#include "base/ascii.h"
#include "base/clock.h"
#include "http/http_service.h"
#include "net/front_door_state.h"

namespace ms::api {
namespace {

// A parameter that is a whole number of at most `max`; `fallback` where it is absent.
std::expected<uint64_t, http::Response> read_number(const http::Form& form, std::string_view name, uint64_t fallback,
                                                    uint64_t max) {
  const std::string_view text = find_parameter(form, name);
  if (text.empty()) return fallback;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number <= max) return number;
  return std::unexpected(http::error_response(400, "invalid parameter \"" + std::string(name) +
                                                       "\": a whole number of at most " + std::to_string(max) +
                                                       " is expected"));
}

// The parameter `rate`: states a second.
std::expected<double, http::Response> read_rate(const http::Form& form) {
  const std::string_view text = find_parameter(form, "rate");
  if (text.empty()) return StateStream::kRateDefault;
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && rate >= StateStream::kRateMin && rate <= StateStream::kRateMax) return rate;
  return std::unexpected(
      http::error_response(400, "invalid parameter \"rate\": a number from 0.1 to 20 is expected, of states a second"));
}

// "localhost", "[::1]" or an address of 127.0.0.0/8, with a port or without.
bool names_this_machine(std::string_view host) {
  if (!host.ends_with(']')) host = host.substr(0, host.rfind(':'));
  if (equals_ignoring_case(host, "localhost") || host == "[::1]") return true;
  in_addr address{};
  return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

// A browser says which page a request comes from. That of another site may send us a POST, though not read the answer:
// being on this machine, it would pass for its user. A site whose name is made to resolve to 127.0.0.1 once its page is
// loaded (DNS rebinding) is our own to the browser, but its name is still in Host.
bool is_from_other_site(const http::Request& request) {
  const std::string_view origin = request.find_header("Origin");
  if (origin.empty()) return false;
  const std::string_view host = request.find_header("Host");
  return !names_this_machine(host) || origin != "http://" + std::string(host);
}

FrontDoorSettings read_settings(const QueuePolicy& policy, const net::AcceptBounds& bounds) {
  return {.queue_target_ns = policy.target_ns.load(std::memory_order_relaxed),
          .queue_deadline_ns = policy.deadline_ns.load(std::memory_order_relaxed),
          .connection_queue = bounds.queue_max.load(std::memory_order_relaxed),
          .max_connections = bounds.connections_max.load(std::memory_order_relaxed)};
}

void store_settings(const FrontDoorSettings& settings, QueuePolicy& policy, net::AcceptBounds& bounds) {
  policy.target_ns.store(settings.queue_target_ns, std::memory_order_relaxed);
  policy.deadline_ns.store(settings.queue_deadline_ns, std::memory_order_relaxed);
  bounds.queue_max.store(settings.connection_queue, std::memory_order_relaxed);
  bounds.connections_max.store(settings.max_connections, std::memory_order_relaxed);
}

}  // namespace

FrontDoorApi::FrontDoorApi(net::FrontDoor& front_door, QueuePolicy& policy, WorkPool& looks, const WorkPool& heavy,
                           const Logger& log)
    : front_door_(front_door), policy_(policy), looks_(looks), heavy_(heavy), log_(log), stream_([this] {
        return write_state(front_door_.state(kStreamEntriesMax), heavy_, wall_ms());
      }) {}

void FrontDoorApi::add_routes(http::Router& router) {
  router.add({"/api/v1/front-door", {"GET"}, [this](http::Request&, http::Responder responder) {
                answer_state(std::move(responder));
              }});
  router.add({"/api/v1/front-door/stream", {"GET"}, [this](http::Request& request, http::Responder responder) {
                answer_stream(request, std::move(responder));
              }});
  router.add({"/api/v1/front-door/connections", {"GET"}, [this](http::Request& request, http::Responder responder) {
                answer_connections(request, std::move(responder));
              }});
  router.add({"/api/v1/front-door/settings", {"POST"}, [this](http::Request& request, http::Responder responder) {
                std::move(responder).send(answer_settings(request));
              }});
}

void FrontDoorApi::answer_state(http::Responder responder) {
  looks_.submit(
      [this](http::Responder& asked) {
        std::move(asked).send({.body = write_state(front_door_.state(), heavy_, wall_ms())});
      },
      std::move(responder));
}

void FrontDoorApi::answer_stream(const http::Request& request, http::Responder responder) {
  auto form = read_parameters(request);
  if (!form) return std::move(responder).send(std::move(form).error());
  auto rate = read_rate(*form);
  if (!rate) return std::move(responder).send(std::move(rate).error());
  std::unique_ptr<http::Stream> stream = stream_.subscribe(*rate);
  if (stream == nullptr) {
    return std::move(responder).send(http::retry_later("as many clients as may follow the front door do so already"));
  }
  std::move(responder).stream({.content_type = "text/event-stream",
                               .body = std::string(StateStream::kPreamble),
                               .headers = {{"Cache-Control", "no-store"}}},
                              std::move(stream));
}

void FrontDoorApi::answer_connections(const http::Request& request, http::Responder responder) {
  auto form = read_parameters(request);
  if (!form) return std::move(responder).send(std::move(form).error());
  auto since = read_number(*form, "since", 0, UINT64_MAX);
  if (!since) return std::move(responder).send(std::move(since).error());
  auto limit = read_number(*form, "limit", kConnectionsDefault, kConnectionsMax);
  if (!limit) return std::move(responder).send(std::move(limit).error());
  looks_.submit(
      [this, above = *since, at_most = *limit](http::Responder& asked) {
        const uint64_t newest = front_door_.accepted();
        std::move(asked).send({.body = write_connections(front_door_.records(above), newest, at_most)});
      },
      std::move(responder));
}

FrontDoorSettings FrontDoorApi::settings() {
  const MutexLock lock(changing_);
  return read_settings(policy_, front_door_.bounds());
}

void FrontDoorApi::adopt(const FrontDoorSettings& settings) {
  const MutexLock lock(changing_);
  store_settings(settings, policy_, front_door_.bounds());
}

http::Response FrontDoorApi::answer_settings(const http::Request& request) {
  if (!request.peer.is_loopback() || is_from_other_site(request)) {
    return http::error_response(403, "settings are changed from this machine only");
  }
  net::AcceptBounds& bounds = front_door_.bounds();
  MutexLock lock(changing_);
  const FrontDoorSettings before = read_settings(policy_, bounds);
  const auto after = change_settings(before, request.body, front_door_.options().connections_max);
  if (!after) {
    return http::error_response(after.error().code == ErrorCode::kTooLarge ? 413 : 400, after.error().message);
  }
  store_settings(*after, policy_, bounds);
  lock.unlock();
  if (*after != before) {
    log_.info("front door settings changed",
              {{"changes", describe_change(before, *after)}, {"peer", request.peer.text()}});
  }
  return {.body = write_settings(*after)};
}

}  // namespace ms::api
