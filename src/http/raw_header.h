// The header of a request, from its bytes. Strict: whatever is ambiguous is refused, since two servers that read one
// stream differently are how requests are smuggled (section 11.2).
//
//     refused                                                                section   status
//     control characters, bare CR                                            2.2, 5.5  400
//     a request line that is not method SP target SP version                 3         400
//     HTTP versions other than 1.0 and 1.1                                   2.5       505
//     a header line folded into the next (obs-fold)                          5.2       400
//     white space before the colon, names that are no token                  5.1       400
//     no Host on 1.1; more than one, or an invalid one, on either            3.2       400
//     Content-Length empty, repeated, a list, not all digits, above 64 bits  6.3       400
//     Content-Length beside Transfer-Encoding                                6.1       400
//     Transfer-Encoding repeated, empty, or on 1.0                           6.1       400
//     Transfer-Encoding other than "chunked"                                 6.1       501
//
// Pure functions of bytes; the sections are those of RFC 9112.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace ms::http {

// How a request's body is delimited; neither: there is none.
struct Framing {
  std::optional<uint64_t> content_length;
  bool is_chunked = false;
};

// Reads method, target, version and fields into the request. The target's form is parse_target's matter. `header` runs
// from the request line's first byte to the end of the empty line, and each of its lines ends in CRLF (HeaderScanner
// has seen to that). After a failure the request holds what came before the fault.
std::expected<Framing, ParseFailure> parse_raw_header(std::string_view header, Request& request);

// `trailer` runs from behind the last chunk's line to the end of the empty line. Its fields are held to the same form
// as header lines; those that would frame the message are refused (RFC 9110 section 6.5.1).
std::optional<ParseFailure> check_raw_trailer(std::string_view trailer);

// A chunk's size from its line (RFC 9112 section 7.1), given without its CRLF. The size has at most 16 hexadecimal
// digits; the extensions are held to their grammar.
std::expected<uint64_t, ParseFailure> parse_chunk_size(std::string_view line);
// How many bytes of the line are the size's digits.
size_t chunk_size_digits(std::string_view line);

}  // namespace ms::http
