// The request target: what a request asks for, and of which host (RFC 9112 section 3.2, RFC 3986).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ms::http {

// "%2F" and its like decoded; nothing if a '%' stands without two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

// Whether `text` is uri-host [ ":" port ]. A registered name may be empty (RFC 9112 section 3.2: the Host of a URI
// without an authority), user information may not stand there.
bool is_valid_host(std::string_view text);

struct RequestTarget {
  std::string path;   // percent-decoded; "*" for OPTIONS *, empty for CONNECT
  std::string query;  // raw, without the '?'
};

// Takes apart a target of visible characters. Nothing if it has none of the four forms, or not the one that the method
// asks for: authority-form ("host:port") for CONNECT alone, "*" for OPTIONS alone, origin-form ("/path?query") and
// absolute-form
// ("http://host/path?query") for all others. Nothing, too, for a fragment, a bad percent encoding in the path, and %00
// in it.
std::optional<RequestTarget> parse_target(std::string_view method, std::string_view target);

}  // namespace ms::http
