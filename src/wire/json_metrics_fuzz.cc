// A body that is read plainly says the same to the general reader.
#include <cstddef>
#include <cstdint>
#include <string>

#include "wire/check_batch_testing.h"
#include "wire/json_general_reader.h"
#include "wire/json_metric.h"
#include "wire/json_metrics.h"
#include "wire/json_plain_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr ms::model::ParseContext kContext{.arrival_ms = 1732363200500, .timestamp_ms_max = 1732536000500};
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto batch = ms::wire::parse_json_metrics(body, kContext);
  if (batch) ms::wire::check_batch(*batch, kContext);
  const std::string padded = body + std::string(ms::wire::kJsonPaddingBytes, ' ');
  const std::string_view view = std::string_view(padded).substr(0, size);
  if (const auto plain = ms::wire::read_plain_json_metrics(view, kContext)) {
    const auto general = ms::wire::read_general_json_metrics(view, kContext);
    ms::wire::require(general && ms::wire::are_equal(*plain, *general), "what is plain means the same to both readers");
  }
  return 0;
}
