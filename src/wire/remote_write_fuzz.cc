// The input is tried as a body and, so that mutations need not survive the compression, as a decompressed message.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/check_batch_testing.h"
#include "wire/remote_write.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr ms::model::ParseContext kContext{.arrival_ms = 1732363200500, .timestamp_ms_max = 1732536000500};
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (const auto batch = ms::wire::parse_remote_write(body, kContext)) ms::wire::check_batch(*batch, kContext);
  if (const auto batch = ms::wire::parse_write_request(std::string(body), kContext)) {
    ms::wire::check_batch(*batch, kContext);
  }
  return 0;
}
