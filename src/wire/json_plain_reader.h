// Reads JSON metrics that are written plainly, as most senders write them: the known fields, strings of ASCII without
// escapes, numbers, nothing at fault. One pass, without simdjson's index of the document, and tags that are those of
// the metric before are compared and not read.
#pragma once

#include <optional>
#include <string_view>

#include "model/write_batch.h"

namespace ms::wire {

// What read_general_json_metrics() would give, or nothing where the body is not plain: the caller reads it with that
// one then. kJsonPaddingBytes spaces lie behind the body.
std::optional<model::WriteBatch> read_plain_json_metrics(std::string_view body, const model::ParseContext& context);

}  // namespace ms::wire
