// The parts of a query's answer as the Prometheus API writes them, byte for byte: labels, samples, scalars.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ms::wire {

// {"__name__":"up","job":"x"}: sorted by name, as label bytes are.
void append_json_labels(std::string& out, std::string_view label_bytes);

// [1732363200.123,"1"]: seconds with three decimals or none; the shortest digits that give the value back, without an
// exponent from 1e-6 up to below 1e21; "NaN", "+Inf", "-Inf".
void append_json_sample(std::string& out, int64_t timestamp_ms, double value);

// As above for a result of type scalar, which Prometheus writes another way: seconds with as few decimals as needed,
// and never an exponent.
void append_json_scalar(std::string& out, int64_t timestamp_ms, double value);

}  // namespace ms::wire
