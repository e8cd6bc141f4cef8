// The lines of the tables in which load generators report.
#pragma once

#include <string>

#include "load/attempts.h"

namespace ms::load {

// "latency         p50 ...\n".
std::string report_line(const std::string& name, const std::string& text);

// "p50 1.02 ms, p90 ..., p99 ..., p99.9 ..., max ...".
std::string describe_quantiles(const Summary& summary);

}  // namespace ms::load
