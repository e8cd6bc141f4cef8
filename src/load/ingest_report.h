// What an ingest came to: as one JSON object, and as a table for people.
#pragma once

#include <string>

#include "base/json_builder.h"
#include "load/ingest.h"
#include "load/server_probe.h"

namespace ms::load {

struct IngestRun {
  std::string url;  // as it was given
  std::string path;
  IngestSettings settings;
  IngestFigures figures;
  ServerFigures server;
};

// Of those that were asked for, where the server went away for good; 0 where an ingest is for a time.
uint64_t samples_not_sent(const IngestRun& run);

void write_ingest(JsonBuilder& json, const IngestRun& run);

std::string draw_ingest(const IngestRun& run);

}  // namespace ms::load
