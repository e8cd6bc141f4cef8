// Encoded bodies for tests.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "http/content_coding.h"

namespace ms::http {

inline std::string encode_zlib(std::string_view text, bool is_gzip) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + (is_gzip ? 16 : 0), 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string encoded(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(encoded.data());
  stream.avail_out = static_cast<uInt>(encoded.size());
  deflate(&stream, Z_FINISH);
  encoded.resize(stream.total_out);
  deflateEnd(&stream);
  return encoded;
}

inline std::string encode_zstd(std::string_view text) {
  std::string encoded(ZSTD_compressBound(text.size()), '\0');
  encoded.resize(ZSTD_compress(encoded.data(), encoded.size(), text.data(), text.size(), 3));
  return encoded;
}

inline std::string encode(ContentCoding coding, std::string_view text) {
  if (coding == ContentCoding::kZstd) return encode_zstd(text);
  return encode_zlib(text, coding == ContentCoding::kGzip);
}

}  // namespace ms::http
