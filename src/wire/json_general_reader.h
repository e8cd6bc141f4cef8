// Reads JSON metrics of any form, and says what is wrong with those that are refused.
#pragma once

#include <string_view>

#include "base/error.h"
#include "model/write_batch.h"

namespace ms::wire {

// As parse_json_metrics(); kJsonPaddingBytes spaces lie behind the body.
Result<model::WriteBatch> read_general_json_metrics(std::string_view body, const model::ParseContext& context);

}  // namespace ms::wire
