#include "http/message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>

#include "base/json_string.h"
#include "http/ascii.h"
#include "http/request_target.h"

namespace ms::http {
namespace {

std::string_view default_error_type(int status) {
  switch (status) {
    case 403:
      return "forbidden";
    case 404:
      return "not_found";
    case 408:
      return "timeout";
    case 422:
      return "execution";
    case 503:
      return "unavailable";
    default:
      return status >= 500 ? "internal" : "bad_data";
  }
}

void append_number(std::string& out, uint64_t number) {
  std::array<char, 20> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

void write_two_digits(char* out, unsigned number) {
  out[0] = static_cast<char>('0' + number / 10 % 10);
  out[1] = static_cast<char>('0' + number % 10);
}

void append_without_controls(std::string& out, std::string_view text) {
  const size_t begin = out.size();
  out += text;
  if (!has_control(text)) return;
  std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), is_control, ' ');
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  append_without_controls(out, name);
  out += ": ";
  append_without_controls(out, value);
  out += "\r\n";
}

// IMF-fixdate (RFC 9110 section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
void append_date(std::string& out, int64_t unix_ms) {
  namespace chrono = std::chrono;
  static constexpr char kWeekdays[] = "SunMonTueWedThuFriSat";
  static constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto time =
      chrono::floor<chrono::seconds>(chrono::sys_time<chrono::milliseconds>(chrono::milliseconds(unix_ms)));
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const auto second_of_day = static_cast<unsigned>((time - day).count());
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));

  static constexpr std::string_view kForm = "Sun, 06 Nov 1994 08:49:37 GMT";
  std::array<char, kForm.size()> text;
  std::memcpy(text.data(), kForm.data(), text.size());
  std::memcpy(&text[0], kWeekdays + 3 * chrono::weekday(day).c_encoding(), 3);
  write_two_digits(&text[5], static_cast<unsigned>(date.day()));
  std::memcpy(&text[8], kMonths + 3 * (static_cast<unsigned>(date.month()) - 1), 3);
  write_two_digits(&text[12], year / 100);
  write_two_digits(&text[14], year);
  write_two_digits(&text[17], second_of_day / 3600);
  write_two_digits(&text[20], second_of_day / 60 % 60);
  write_two_digits(&text[23], second_of_day % 60);
  out.append(text.data(), text.size());
}

// How the body's end is told: by its length, by a last chunk, or, to a client of HTTP/1.0, by the connection's.
void append_length(std::string& out, size_t body_bytes, const ReplyTerms& terms) {
  if (!terms.streams) {
    out += "Content-Length: ";
    append_number(out, body_bytes);
    out += "\r\n";
  } else if (terms.version_minor > 0) {
    out += "Transfer-Encoding: chunked\r\n";
  }
}

void append_connection(std::string& out, bool keep_alive, int version_minor) {
  if (!keep_alive) {
    out += "Connection: close\r\n";
  } else if (version_minor == 0) {
    out += "Connection: keep-alive\r\n";
  }
}

std::optional<std::string> decode_form_part(std::string_view part) {
  std::string spaced(part);
  std::ranges::replace(spaced, '+', ' ');
  return percent_decode(spaced);
}

}  // namespace

std::string_view Request::find_header(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [&](const Header& h) { return equals_ignoring_case(h.name, name); });
  return found == headers.end() ? std::string_view() : found->value;
}

Expectation find_expectation(const Request& request) {
  Expectation expectation = Expectation::kNone;
  for (const Header& header : request.headers) {
    if (!equals_ignoring_case(header.name, "Expect") || header.value.empty()) continue;
    if (!equals_ignoring_case(header.value, "100-continue")) return Expectation::kUnknown;
    expectation = Expectation::kContinue;
  }
  return expectation;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

Response error_response(int status, std::string_view message) {
  return error_response(status, default_error_type(status), message);
}

Response error_response(int status, std::string_view type, std::string_view message) {
  Response response;
  response.status = status;
  response.body = "{\"status\":\"error\",\"errorType\":";
  append_json_string(response.body, type);
  response.body += ",\"error\":";
  append_json_string(response.body, message);
  response.body += '}';
  return response;
}

void serialize(const Response& response, const ReplyTerms& terms, std::string& out) {
  constexpr size_t kUsualHeadBytes = 256;
  const bool bodiless = response.status == 204 || response.status == 304;
  const bool with_body = !bodiless && !terms.head;
  const size_t body_bytes = with_body ? response.body.size() : 0;
  out.reserve(out.size() + kUsualHeadBytes + body_bytes);

  out += "HTTP/1.1 ";
  append_number(out, static_cast<uint64_t>(response.status));
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\nDate: ";
  append_date(out, terms.unix_ms);
  out += "\r\n";
  if (!bodiless) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\n";
    append_length(out, response.body.size(), terms);
  }
  append_connection(out, terms.keep_alive && !response.close, terms.version_minor);
  for (const Header& header : response.headers) append_header(out, header.name, header.value);
  out += "\r\n";
  if (!with_body) return;
  if (terms.streams && !response.body.empty()) return serialize_piece(response.body, terms.version_minor, out);
  out += response.body;
}

void serialize_piece(std::string_view piece, int version_minor, std::string& out) {
  if (version_minor == 0) {
    out += piece;
    return;
  }
  std::array<char, 2 * sizeof piece.size()> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16);
  out.reserve(out.size() + piece.size() + digits.size() + 4);
  out.append(digits.data(), end);
  out += "\r\n";
  out += piece;
  out += "\r\n";
}

void serialize_end(int version_minor, std::string& out) {
  if (version_minor > 0) out += "0\r\n\r\n";
}

Result<Form> parse_form(std::string_view text) {
  Form form;
  while (!text.empty()) {
    const size_t ampersand = std::min(text.find('&'), text.size());
    const std::string_view piece = text.substr(0, ampersand);
    text.remove_prefix(std::min(ampersand + 1, text.size()));
    if (piece.empty()) continue;
    if (form.size() == kFormFieldsMax) {
      return fail(ErrorCode::kInvalid, "more than " + std::to_string(kFormFieldsMax) + " parameters");
    }
    const size_t equals = std::min(piece.find('='), piece.size());
    std::optional<std::string> name = decode_form_part(piece.substr(0, equals));
    std::optional<std::string> value = decode_form_part(piece.substr(std::min(equals + 1, piece.size())));
    if (!name || !value) return fail(ErrorCode::kInvalid, "bad percent encoding in a parameter");
    form.emplace_back(*std::move(name), *std::move(value));
  }
  return form;
}

}  // namespace ms::http
