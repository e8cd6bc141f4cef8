// How load generators report: the lines of their tables, and figures that there may be none of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json_builder.h"
#include "load/latencies.h"

namespace ms::load {

// "latency         p50 ...\n".
std::string report_line(const std::string& name, const std::string& text);

// "p50 1.02 ms, p90 ..., p99 ..., p99.9 ..., max ..."; "-" where there are none.
std::string describe_quantiles(const Latencies& latencies);

double seconds(uint64_t nanoseconds);

// A sum over things, for each of them; nothing where there was none.
std::optional<double> ratio(double sum, uint64_t count);

// As figure() and duration() write it; "-" for nothing.
std::string describe_figure(std::optional<double> number);
std::string describe_duration(std::optional<double> duration_ns);

// null for nothing.
void write_real(JsonBuilder& json, const char* key, std::optional<double> value);

}  // namespace ms::load
