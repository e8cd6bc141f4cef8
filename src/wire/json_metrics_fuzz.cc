#include <cstddef>
#include <cstdint>
#include <string>

#include "wire/check_batch_testing.h"
#include "wire/json_metrics.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr ms::model::ParseContext kContext{.arrival_ms = 1732363200500, .timestamp_ms_max = 1732536000500};
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto batch = ms::wire::parse_json_metrics(body, kContext);
  if (batch) ms::wire::check_batch(*batch, kContext);
  return 0;
}
