// What a storm came to: as one JSON object, and as a table for people.
#pragma once

#include <string>

#include "base/json_builder.h"
#include "load/server_probe.h"
#include "load/storm.h"

namespace ms::load {

struct StormRun {
  std::string url;  // as it was given
  Protocol protocol = Protocol::kJson;
  std::string path;
  StormSettings settings;
  StormFigures figures;
  ServerProbe::Figures server;
};

void write_storm(JsonBuilder& json, const StormRun& run);

std::string draw_storm(const StormRun& run);

}  // namespace ms::load
