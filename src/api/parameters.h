// The parameters of a request to the query API: where they are found and how their values read. Wording and order as in
// Prometheus 2.42.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace ms::api {

// The parameters of the form body (of a POST) and of the URL, in this order: where one is given twice the first counts.
// Refused, ready to be sent: 415 for a body of another type, 400 for a form that does not parse.
std::expected<http::Form, http::Response> read_parameters(const http::Request& request);

// The value of a parameter; empty where it is absent, which means the same.
std::string_view find_parameter(const http::Form& form, std::string_view name);

// Unix milliseconds of "1732363200.123" (seconds) or "2024-11-23T12:00:00.123+01:00" (RFC 3339); finer parts are
// rounded in the first, dropped in the second. Refused: anything else, and times beyond promql::kTimeMsMax.
Result<int64_t> parse_timestamp(std::string_view text);

// Milliseconds of "15" or "0.5" (seconds) or "1m30s" (promql/duration.h); finer parts are dropped. May be zero or
// negative.
Result<int64_t> parse_duration_parameter(std::string_view text);

}  // namespace ms::api
