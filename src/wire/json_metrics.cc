#include "wire/json_metrics.h"

#include <utility>

#include "wire/json_general_reader.h"
#include "wire/json_metric.h"
#include "wire/json_plain_reader.h"

namespace ms::wire {

Result<model::WriteBatch> parse_json_metrics(std::string body, const model::ParseContext& context) {
  const size_t bytes = body.size();
  if (bytes > context.decoded_bytes_max) {
    return fail(ErrorCode::kTooLarge, "body has " + std::to_string(bytes) + " bytes, at most " +
                                          std::to_string(context.decoded_bytes_max) + " are accepted");
  }
  body.append(kJsonPaddingBytes, ' ');
  const std::string_view padded = std::string_view(body).substr(0, bytes);
  if (auto batch = read_plain_json_metrics(padded, context)) return std::move(*batch);
  return read_general_json_metrics(padded, context);
}

}  // namespace ms::wire
