// `metricstream bench ...`: puts a server under load and prints what it came to.
#pragma once

#include "server/bench_options.h"
#include "server/ingest_options.h"

namespace ms::server {

// Returns the exit status.
int bench(const StormConfig& config);
int bench(const IngestConfig& config);
int bench(const MixedConfig& config);

}  // namespace ms::server
