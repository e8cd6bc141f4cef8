// `metricstream bench ingest` and `bench mixed`: their options, parsed into types.
#pragma once

#include <string>

#include "load/ingest.h"
#include "load/storm.h"
#include "server/bench_options.h"

namespace ms::server {

// `metricstream bench ingest`.
struct IngestConfig {
  BenchConfig bench;  // its protocol is one that has samples
  load::IngestSettings ingest;
};

// `metricstream bench mixed`: an ingest, and a storm beside it.
struct MixedConfig {
  BenchConfig bench;  // its protocol and path are the storm's
  load::StormSettings storm;
  load::IngestSettings ingest;
  std::string ingest_path;  // empty: the protocol's own
};

CLI::App* add_ingest_command(CLI::App& bench, IngestConfig& config);
CLI::App* add_mixed_command(CLI::App& bench, MixedConfig& config);

}  // namespace ms::server
