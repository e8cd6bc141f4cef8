// The content decoders on any bytes: never crash, never write more than they are asked for, and give the same whatever
// the size of the steps. The first byte chooses the coding and the step.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/content_coding.h"

namespace {

using ms::http::ContentCoding;
using ms::http::ContentDecoder;

constexpr size_t kDecodedBytesMax = 256 * 1024;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::string body;
  bool is_whole = false;  // else it failed, or is longer than kDecodedBytesMax

  bool operator==(const Outcome&) const = default;
};

Outcome decode(ContentCoding coding, std::string_view encoded, size_t step_bytes) {
  Outcome outcome;
  ContentDecoder decoder(coding, std::string(encoded));
  while (!decoder.is_done()) {
    const size_t before = outcome.body.size();
    if (before > kDecodedBytesMax || !decoder.decode(step_bytes, outcome.body)) return {};
    require(outcome.body.size() - before <= step_bytes);
    require(outcome.body.size() - before == step_bytes || decoder.is_done());
  }
  outcome.is_whole = outcome.body.size() <= kDecodedBytesMax;
  return outcome.is_whole ? outcome : Outcome{};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr ContentCoding kCodings[] = {ContentCoding::kGzip, ContentCoding::kDeflate, ContentCoding::kZstd};
  if (size == 0) return 0;
  const ContentCoding coding = kCodings[data[0] % std::size(kCodings)];
  const size_t step_bytes = 1 + data[0] / std::size(kCodings) * 7;
  const std::string_view encoded(reinterpret_cast<const char*>(data + 1), size - 1);
  require(decode(coding, encoded, kDecodedBytesMax) == decode(coding, encoded, step_bytes));
  return 0;
}
