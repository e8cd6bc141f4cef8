// RequestParser on any bytes: never crashes, stays within its limits, and gives the same requests and the same fault
// however the stream is cut into pieces.
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string_view>
#include <vector>

#include "http/request_parser.h"
#include "http/request_parser_testing.h"

namespace {

using ms::http::RequestParser;

// Small, so that short inputs reach them.
constexpr ms::http::Limits kLimits = {.request_line_bytes_max = 128,
                                      .header_bytes_max = 96,
                                      .headers_bytes_max = 256,
                                      .headers_max = 8,
                                      .body_bytes_max = 200,
                                      .decoded_body_bytes_max = 200};

void require(bool holds) {
  if (!holds) std::abort();
}

// Pieces of random sizes, short and long ones; the same for the same stream.
std::vector<std::string_view> cut_at_random(std::string_view stream) {
  constexpr size_t kShortBytesMax = 4;
  constexpr size_t kLongBytesMax = 200;
  std::vector<std::string_view> pieces;
  std::minstd_rand random(static_cast<uint32_t>(std::hash<std::string_view>()(stream)));
  while (!stream.empty()) {
    pieces.push_back(stream.substr(0, 1 + random() % (random() % 2 == 0 ? kShortBytesMax : kLongBytesMax)));
    stream.remove_prefix(pieces.back().size());
  }
  return pieces;
}

void require_bounds(RequestParser& parser) {
  const ms::http::Request& request = parser.request();
  require(parser.body_bytes() <= kLimits.body_bytes_max);
  require(parser.declared_body_bytes().value_or(0) <= kLimits.body_bytes_max ||
          parser.state() == RequestParser::State::kFailed);
  require(request.headers.size() <= kLimits.headers_max);
  require(request.target.size() <= kLimits.request_line_bytes_max);
  require(request.body.capacity() <= 2 * kLimits.body_bytes_max);
}

void check_first_request(std::string_view stream) {
  RequestParser parser(kLimits);
  while (!stream.empty() && parser.state() != RequestParser::State::kComplete) {
    const size_t taken = parser.feed(stream);
    require(taken <= stream.size());
    stream.remove_prefix(taken);
    require_bounds(parser);
    if (parser.state() == RequestParser::State::kFailed) {
      require(!parser.failure().message.empty());
      require(parser.feed(stream) == 0);
      return;
    }
    require(taken > 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(bytes), size);
  check_first_request(stream);
  const auto whole = ms::http::parse_stream({{stream}}, kLimits);
  require(whole == ms::http::parse_stream(ms::http::cut_into_bytes(stream), kLimits));
  require(whole == ms::http::parse_stream(cut_at_random(stream), kLimits));
  return 0;
}
