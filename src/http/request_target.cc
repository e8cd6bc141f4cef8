#include "http/request_target.h"

#include <algorithm>
#include <charconv>

#include "http/ascii.h"

namespace ms::http {
namespace {

constexpr unsigned kPortMax = 65535;

// unreserved / sub-delims of RFC 3986; what a registered name consists of beside percent encodings.
bool is_name_char(char c) { return is_digit(c) || is_alpha(c) || std::string_view("-._~!$&'()*+,;=").contains(c); }

// ":port" or nothing; the digits may be absent (RFC 3986 section 3.2.3).
bool is_valid_port_suffix(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != ':') return false;
  text.remove_prefix(1);
  if (!std::ranges::all_of(text, is_digit)) return false;
  if (text.empty()) return true;
  unsigned port = 0;
  return std::from_chars(text.data(), text.data() + text.size(), port).ec == std::errc() && port <= kPortMax;
}

bool is_valid_name(std::string_view name) {
  const bool known_chars = std::ranges::all_of(name, [](char c) { return is_name_char(c) || c == '%'; });
  return known_chars && percent_decode(name).has_value();
}

bool is_valid_ip_literal(std::string_view literal) {
  return !literal.empty() &&
         std::ranges::all_of(literal, [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
}

std::optional<RequestTarget> parse_origin_form(std::string_view target) {
  const size_t question_mark = target.find('?');
  std::optional<std::string> path = percent_decode(target.substr(0, question_mark));
  if (!path || path->contains('\0')) return std::nullopt;
  RequestTarget parsed{.path = *std::move(path), .query = {}};
  if (question_mark != std::string_view::npos) parsed.query = target.substr(question_mark + 1);
  return parsed;
}

// Absolute-form without its scheme: "host/path?query".
std::optional<RequestTarget> parse_after_scheme(std::string_view method, std::string_view rest) {
  const size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  if (authority.empty() || authority.front() == ':' || !is_valid_host(authority)) return std::nullopt;
  const std::string_view path_and_query = rest.substr(authority_end);
  // RFC 9112 section 3.2.4: a proxy's way to forward "OPTIONS *" is an absolute-form without path and query.
  if (path_and_query.empty()) return RequestTarget{.path = method == "OPTIONS" ? "*" : "/", .query = {}};
  if (path_and_query.front() == '?') return RequestTarget{.path = "/", .query = std::string(path_and_query.substr(1))};
  return parse_origin_form(path_and_query);
}

bool has_scheme(std::string_view target, std::string_view scheme) {
  return equals_ignoring_case(target.substr(0, scheme.size()), scheme);
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  if (!text.contains('%')) return std::string(text);
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return decoded;
}

bool is_valid_host(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    return bracket != std::string_view::npos && is_valid_ip_literal(text.substr(1, bracket - 1)) &&
           is_valid_port_suffix(text.substr(bracket + 1));
  }
  const size_t colon = std::min(text.find(':'), text.size());
  return is_valid_name(text.substr(0, colon)) && is_valid_port_suffix(text.substr(colon));
}

std::optional<RequestTarget> parse_target(std::string_view method, std::string_view target) {
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  if (target.empty() || target.contains('#')) return std::nullopt;
  if (method == "CONNECT") {
    const bool has_port = target.front() != ':' && is_digit(target.back());
    return has_port && is_valid_host(target) && target.contains(':') ? std::optional<RequestTarget>(RequestTarget{})
                                                                     : std::nullopt;
  }
  if (target.front() == '/') return parse_origin_form(target);
  if (target == "*" && method == "OPTIONS") return RequestTarget{.path = "*", .query = {}};
  if (has_scheme(target, kHttp)) return parse_after_scheme(method, target.substr(kHttp.size()));
  if (has_scheme(target, kHttps)) return parse_after_scheme(method, target.substr(kHttps.size()));
  return std::nullopt;
}

}  // namespace ms::http
