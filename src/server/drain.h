// `metricstream drain`: runs the experiment and prints it, or plans without one.
#pragma once

#include "server/config.h"

namespace ms::server {

// Returns the exit status. The process has no threads yet.
int drain(const DrainConfig& config);

}  // namespace ms::server
