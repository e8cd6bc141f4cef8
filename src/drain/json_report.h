// json_report: an experiment as one JSON object: the inputs under "settings", and an object for each architecture.
#pragma once

#include <span>
#include <string>

#include "base/json_builder.h"
#include "drain/measurement.h"
#include "drain/settings.h"

namespace ms::drain {

void write_figures(JsonBuilder& json, const Settings& settings, std::span<const Measurement> measurements);

// On one line, with its end.
std::string write_json(const Settings& settings, std::span<const Measurement> measurements);

}  // namespace ms::drain
