// What the reference decodes, we decode to the same; what it refuses, we refuse. But for a literal of 4 GiB, whose size
// wraps around to 0 there.
#include <snappy.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "wire/snappy_block.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kDecodedBytesMax = 1u << 20;
  const std::string_view block(reinterpret_cast<const char*>(data), size);
  size_t expected_bytes = 0;
  const bool has_size = snappy::GetUncompressedLength(block.data(), block.size(), &expected_bytes);
  const auto bytes = ms::wire::find_snappy_size(block);
  if (bytes.has_value() != has_size || (bytes && *bytes != expected_bytes)) std::abort();
  if (!bytes || *bytes > kDecodedBytesMax) return 0;
  if (block.find("\xfc\xff\xff\xff\xff") != std::string_view::npos) return 0;
  std::string expected(*bytes, '\0');
  const bool is_good = snappy::RawUncompress(block.data(), block.size(), expected.data());
  std::vector<char> decoded(*bytes);
  if (ms::wire::decode_snappy(block, decoded) != is_good) std::abort();
  if (is_good && std::string_view(decoded.data(), decoded.size()) != expected) std::abort();
  return 0;
}
