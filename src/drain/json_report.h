// json_report: an experiment as one JSON object: the inputs under "settings", and an object for each architecture.
#pragma once

#include <span>
#include <string>

#include "drain/measurement.h"
#include "drain/settings.h"

namespace ms::drain {

// On one line, with its end.
std::string write_json(const Settings& settings, std::span<const Measurement> measurements);

}  // namespace ms::drain
