// plan_report: how many workers a load needs, without running it.
#pragma once

#include <string>

#include "base/error.h"
#include "queueing/plan.h"

namespace ms::drain {

// For people, or as one JSON object: {"demand":{...},"plan":{...}}.
Result<std::string> write_plan(const queueing::Demand& demand, bool is_json);

}  // namespace ms::drain
