// Every text is parsed or refused with one of the two codes that parse_query names.
#include <cstdint>
#include <cstdlib>

#include "promql/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes,
                                      size_t size) {  // NOLINT(readability-identifier-naming): libFuzzer's name
  const auto expr = ms::promql::parse_query({reinterpret_cast<const char*>(bytes), size});
  if (!expr && expr.error().code != ms::ErrorCode::kInvalid && expr.error().code != ms::ErrorCode::kUnsupported)
    std::abort();
  return 0;
}
