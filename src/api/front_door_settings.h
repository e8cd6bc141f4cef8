// What of the front door can be changed while it runs, and how a change is written:
//
//     {"queue_target_ms":50,"queue_deadline_ms":1000,"connection_queue":1000,"max_connections":5000}
//
// Each field is optional: what is not named stays as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ms::api {

struct FrontDoorSettings {
  static constexpr uint64_t kDurationMsMax = 3'600'000;
  static constexpr uint64_t kCountMax = 1u << 20;
  static constexpr size_t kBodyBytesMax = 4096;

  uint64_t queue_target_ns = 0;
  uint64_t queue_deadline_ns = 0;
  uint64_t connection_queue = 0;
  uint64_t max_connections = 0;

  bool operator==(const FrontDoorSettings&) const = default;
};

// `current`, changed as `body` says. Refused, with the field's name: what is no such number, times outside of 1 ms to
// an hour, a deadline below the target, a queue of 0 or more than kCountMax, connections of 0 or more than
// `connections_max`, fields that there are not and fields given twice, since parsers disagree on which one counts. More
// than kBodyBytesMax are kTooLarge.
Result<FrontDoorSettings> change_settings(const FrontDoorSettings& current, std::string_view body,
                                          uint64_t connections_max);

std::string write_settings(const FrontDoorSettings& settings);

// "queue_target_ms from 50 to 20, max_connections from 5000 to 4000"; empty where nothing differs.
std::string describe_change(const FrontDoorSettings& before, const FrontDoorSettings& after);

}  // namespace ms::api
