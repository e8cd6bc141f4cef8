// Durations as Prometheus writes them: `5m`, `1h30m`, `250ms`.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace ms::promql {

// Milliseconds. Whole numbers with the units y (365 days), w, d, h, m, s and ms, in this order and each at most once; a
// bare "0" too. Refused with kInvalid: anything else, and what exceeds 2^63 nanoseconds (292 years), as in Prometheus.
Result<int64_t> parse_duration(std::string_view text);

}  // namespace ms::promql
