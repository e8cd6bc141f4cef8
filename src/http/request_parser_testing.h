// What tests and the fuzz target do with a RequestParser: feed it a stream in pieces and write down what came out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser.h"

namespace ms::http {

// "POST /a?b HTTP/1.1 path=/a query=b close" and a line each for the headers and the body.
inline std::string describe(const Request& request) {
  std::string text = request.method + ' ' + request.target + " HTTP/1." + std::to_string(request.version_minor) +
                     " path=" + request.path + " query=" + request.query + (request.keep_alive ? " keep" : " close");
  for (const Header& header : request.headers) text += '\n' + header.name + ": " + header.value;
  if (request.has_body) text += "\nbody: " + request.body;
  return text;
}

// Each request of a stream as described above; then how the stream ended: "400 <message>", or what the parser waits
// for.
inline std::vector<std::string> parse_stream(std::span<const std::string_view> pieces, const Limits& limits) {
  std::vector<std::string> outcome;
  RequestParser parser(limits);
  for (std::string_view piece : pieces) {
    while (!piece.empty() && parser.state() != RequestParser::State::kFailed) {
      piece.remove_prefix(parser.feed(piece));
      if (parser.state() == RequestParser::State::kComplete) {
        outcome.push_back(describe(parser.request()));
        parser.reset();
      }
    }
  }
  switch (parser.state()) {
    case RequestParser::State::kHeader:
    case RequestParser::State::kComplete:
      outcome.push_back(parser.is_untouched() ? "waits for a request" : "waits for a header");
      break;
    case RequestParser::State::kBody:
      outcome.push_back("waits for a body after " + std::to_string(parser.body_bytes()) + " bytes");
      break;
    case RequestParser::State::kFailed:
      outcome.push_back(std::to_string(parser.failure().status) + ' ' + parser.failure().message);
      break;
  }
  return outcome;
}

inline std::vector<std::string_view> cut_into_bytes(std::string_view stream) {
  std::vector<std::string_view> bytes;
  for (size_t i = 0; i < stream.size(); ++i) bytes.push_back(stream.substr(i, 1));
  return bytes;
}

}  // namespace ms::http
