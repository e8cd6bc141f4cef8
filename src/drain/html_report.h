// html_report: an experiment as one HTML file that needs nothing beside itself: the page of web/src/experiment/ with
// what was seen in it.
#pragma once

#include <span>
#include <string>

#include "drain/experiment.h"
#include "drain/measurement.h"
#include "drain/settings.h"

namespace ms::drain {

// What the page reads; it may stand in a script element (base/json_string.h). "figures" is what write_json says. In
// "runs" there is one for each architecture: who was there, one row each with the columns that "columns" names, and
// under "curves" the figures of all of them over time. Moments are in ns since the run's begin; null: has not happened,
// or is not known.
std::string write_experiment(const Settings& settings, std::span<const Measurement> measurements,
                             std::span<const Observations> seen);

std::string write_html(const Settings& settings, std::span<const Measurement> measurements,
                       std::span<const Observations> seen);

}  // namespace ms::drain
