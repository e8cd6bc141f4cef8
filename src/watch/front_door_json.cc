// simdjson's DOM: one answer is read as a whole, in any order of its fields, a few times a second.
#include "watch/front_door_json.h"

#include <simdjson.h>

#include <string>
#include <utility>

namespace ms::watch {
namespace {

namespace dom = simdjson::dom;
using simdjson::SUCCESS;

const char* name_of(dom::element_type type) {
  switch (type) {
    case dom::element_type::ARRAY:
      return "an array";
    case dom::element_type::OBJECT:
      return "an object";
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return "a number";
    case dom::element_type::STRING:
      return "a string";
    case dom::element_type::BOOL:
      return "a boolean";
    case dom::element_type::NULL_VALUE:
      return "null";
  }
  return "unknown";
}

// Reads the fields of one object. What is missing or of another type reads as empty and is noted in `fault`, which
// keeps the first one, so that a caller reads all fields and looks once.
class Fields {
 public:
  Fields(dom::element element, std::string path, std::string& fault) : path_(std::move(path)), fault_(&fault) {
    if (element.get(object_) != SUCCESS) note(path_, "an object", element);
  }

  uint64_t count(std::string_view key) { return read<uint64_t>(key, "a whole number of at least 0"); }
  int64_t integer(std::string_view key) { return read<int64_t>(key, "a whole number"); }
  double number(std::string_view key) { return read<double>(key, "a number"); }
  bool flag(std::string_view key) { return read<bool>(key, "a boolean"); }
  std::string text(std::string_view key) { return std::string(read<std::string_view>(key, "a string")); }
  std::optional<double> number_or_null(std::string_view key) { return read_or_null<double>(key, "a number or null"); }
  std::optional<uint64_t> count_or_null(std::string_view key) {
    return read_or_null<uint64_t>(key, "a whole number of at least 0, or null");
  }
  Quantiles quantiles(std::string_view key) {
    Fields fields = object(key);
    return {.p50 = fields.number_or_null("p50"), .p99 = fields.number_or_null("p99")};
  }

  // An object without fields where there is none.
  Fields object(std::string_view key) {
    dom::element element;
    return find(key, element) ? Fields(element, path_of(key), *fault_) : Fields(path_of(key), *fault_);
  }

  // Calls `take` with each element of an array and its path.
  template <class Take>
  void each(std::string_view key, const Take& take) {
    dom::element element;
    if (!find(key, element)) return;
    dom::array array;
    if (element.get(array) != SUCCESS) return note(path_of(key), "an array", element);
    size_t i = 0;
    for (const dom::element item : array) take(item, path_of(key) + "[" + std::to_string(i++) + "]");
  }

  void add_fault(std::string text) {
    if (fault_->empty()) *fault_ = std::move(text);
  }
  void note(const std::string& path, const char* expected, dom::element found) {
    add_fault((path.empty() ? "the answer" : path) + ": " + expected + " is expected, found " + name_of(found.type()));
  }
  std::string& fault() { return *fault_; }

 private:
  Fields(std::string path, std::string& fault) : path_(std::move(path)), fault_(&fault) {}

  std::string path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }

  bool find(std::string_view key, dom::element& element) {
    if (!fault_->empty()) return false;
    if (object_.at_key(key).get(element) == SUCCESS) return true;
    add_fault(path_of(key) + " is missing");
    return false;
  }

  template <class T>
  T read(std::string_view key, const char* expected) {
    T value{};
    dom::element element;
    if (find(key, element) && element.get(value) != SUCCESS) note(path_of(key), expected, element);
    return value;
  }

  template <class T>
  std::optional<T> read_or_null(std::string_view key, const char* expected) {
    dom::element element;
    if (!find(key, element) || element.is_null()) return std::nullopt;
    T value{};
    if (element.get(value) != SUCCESS) note(path_of(key), expected, element);
    return value;
  }

  dom::object object_;
  std::string path_;
  std::string* fault_;
};

ListenQueueView read_listen_queue(Fields fields) {
  ListenQueueView view{.address = fields.text("address"),
                       .depth = fields.count("depth"),
                       .limit = fields.count("limit"),
                       .drops = fields.count("drops")};
  Fields waiting = fields.object("waiting");
  view.seen_age_ms = waiting.number_or_null("age_ms");
  view.seen_total = waiting.count("total");
  waiting.each("peers", [&](dom::element item, const std::string& path) {
    std::string_view peer;
    if (item.get(peer) != SUCCESS) waiting.note(path, "a string", item);
    view.seen_peers.emplace_back(peer);
  });
  return view;
}

KernelWaitView read_kernel_wait(Fields fields) {
  return {.sampled = fields.count("sampled"),
          .at_least_ms = fields.quantiles("at_least_ms"),
          .at_most_ms = fields.quantiles("at_most_ms"),
          .little_mean_ms = fields.number_or_null("little_mean_ms")};
}

AcceptLoopView read_accept_loop(Fields fields) {
  Fields rates = fields.object("drain_per_s");
  Fields depth = fields.object("depth");
  return {.state = fields.text("state"),
          .since_ms = fields.number_or_null("since_ms"),
          .accepted = fields.count("accepted"),
          .per_s_1s = rates.number_or_null("1s"),
          .per_s_10s = rates.number_or_null("10s"),
          .per_s_start = rates.number_or_null("start"),
          .accept_us = fields.quantiles("accept_us"),
          .depth_mean = depth.number_or_null("mean"),
          .depth_max = depth.number_or_null("max")};
}

ConnectionQueueView read_connection_queue(Fields fields) {
  ConnectionQueueView view{.length = fields.count("length"),
                           .limit = fields.count("limit"),
                           .oldest_age_ms = fields.number_or_null("oldest_age_ms"),
                           .target_ms = fields.number_or_null("target_ms"),
                           .deadline_ms = fields.number_or_null("deadline_ms"),
                           .is_overloaded = fields.flag("overloaded"),
                           .overloads = fields.count("overloads")};
  fields.each("entries", [&](dom::element item, std::string path) {
    Fields entry(item, std::move(path), fields.fault());
    view.entries.push_back({.connection = entry.count("connection"),
                            .peer = entry.text("peer"),
                            .age_ms = entry.number_or_null("age_ms")});
  });
  return view;
}

WorkerView read_worker(Fields fields) {
  return {.worker = fields.count("worker"),
          .state = fields.text("state"),
          .connection = fields.count_or_null("connection"),
          .since_ms = fields.number_or_null("since_ms"),
          .served = fields.count("served")};
}

ActiveSocketsView read_active_sockets(Fields fields) {
  Fields states = fields.object("by_state");
  ActiveSocketsView view{.open = fields.count("open"),
                         .limit = fields.count("limit"),
                         .queued = states.count("queued"),
                         .serving = states.count("serving"),
                         .parked = states.count("parked"),
                         .sending = states.count("sending"),
                         .waiting = states.count("waiting")};
  fields.each("sockets", [&](dom::element item, std::string path) {
    Fields socket(item, std::move(path), fields.fault());
    view.sockets.push_back({.connection = socket.count("connection"),
                            .fd = socket.integer("fd"),
                            .peer = socket.text("peer"),
                            .state = socket.text("state")});
  });
  return view;
}

RefusalsView read_refusals(Fields fields) {
  return {.connections_limit = fields.count("connections_limit"),
          .queue_limit = fields.count("queue_limit"),
          .queue_age = fields.count("queue_age"),
          .descriptors = fields.count("descriptors"),
          .held = fields.count("held")};
}

std::vector<StageView> read_stages(Fields fields) {
  std::vector<StageView> stages;
  for (const char* name : {"accept", "enqueue", "queue", "receive", "commit", "reply", "total"}) {
    Fields stage = fields.object(name);
    stages.push_back({.name = name,
                      .count = stage.count("count"),
                      .mean_us = stage.number_or_null("mean_us"),
                      .us = {.p50 = stage.number_or_null("p50_us"), .p99 = stage.number_or_null("p99_us")}});
  }
  return stages;
}

FrontDoorView read_front_door(Fields fields) {
  FrontDoorView view{.architecture = fields.text("architecture"),
                     .now_unix_ms = fields.integer("now_unix_ms"),
                     .uptime_seconds = fields.number("uptime_seconds")};
  fields.each("listen_queues", [&](dom::element item, std::string path) {
    view.listen_queues.push_back(read_listen_queue(Fields(item, std::move(path), fields.fault())));
  });
  view.kernel_wait = read_kernel_wait(fields.object("kernel_wait"));
  view.accept_loop = read_accept_loop(fields.object("accept_loop"));
  view.connection_queue = read_connection_queue(fields.object("connection_queue"));
  fields.each("workers", [&](dom::element item, std::string path) {
    view.workers.push_back(read_worker(Fields(item, std::move(path), fields.fault())));
  });
  view.active_sockets = read_active_sockets(fields.object("active_sockets"));
  view.refusals = read_refusals(fields.object("refusals"));
  view.stages = read_stages(fields.object("stages"));
  return view;
}

}  // namespace

Result<FrontDoorView> parse_front_door(std::string_view json) {
  dom::parser parser;
  dom::element document;
  if (const auto error = parser.parse(json.data(), json.size()).get(document)) {
    return fail(ErrorCode::kInvalid, std::string("not JSON: ") + simdjson::error_message(error));
  }
  std::string fault;
  FrontDoorView view = read_front_door(Fields(document, "", fault));
  if (!fault.empty()) return fail(ErrorCode::kInvalid, std::move(fault));
  return view;
}

}  // namespace ms::watch
