// The staleness marker: the value that Prometheus writes when a series ends, a NaN of its own. It is data and is kept
// bit for bit; only a query treats it as "there is no sample any more".
#pragma once

#include <bit>
#include <cstdint>

namespace ms::model {

inline constexpr uint64_t kStaleMarkerBits = 0x7ff0000000000002;

inline bool is_stale_marker(double value) { return std::bit_cast<uint64_t>(value) == kStaleMarkerBits; }

}  // namespace ms::model
