// The composition root of `metricstream serve`: builds the parts, hands them to each other, runs until a signal, and
// takes them down in order.
#pragma once

#include "base/log.h"
#include "server/config.h"

namespace ms::server {

// Runs until SIGTERM or SIGINT. Returns the exit status: 0 done, 1 failed, 2 an option that makes no sense (the reason
// is logged).
int serve(const ServeConfig& config);

}  // namespace ms::server
