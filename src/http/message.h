// HTTP/1.1 requests and responses as values (RFC 9110, RFC 9112).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "net/endpoint.h"

namespace ms::http {

// Limits of one request, and of all in hand together. A request that exceeds one is answered with the status beside it.
// Lines are counted with their CRLF.
struct Limits {
  size_t request_line_bytes_max = 8 * 1024;   // 414
  size_t header_bytes_max = 8 * 1024;         // one header line: 431
  size_t headers_bytes_max = 32 * 1024;       // all header lines and the empty one behind them: 431
  size_t headers_max = 100;                   // 431
  size_t body_bytes_max = 32u << 20;          // on the wire: 413
  size_t decoded_body_bytes_max = 64u << 20;  // after Content-Encoding or snappy: 413
  size_t bodies_bytes_max = 256u << 20;       // of all requests that are not answered, as come and as decoded: 503
};

// Capacity behind a body of declared length, so that a parser that reads a few bytes beyond its input need not copy it.
inline constexpr size_t kBodyPaddingBytes = 64;

struct Header {
  std::string name;  // as sent; compare with find_header
  std::string value;
};

struct Request {
  std::string method;  // "GET"; case-sensitive
  std::string target;  // as sent: "/api/v1/query?query=up"
  std::string path;    // percent-decoded, without the query: "/api/v1/query"; "*" for OPTIONS *, empty for CONNECT
  std::string query;   // raw, without the '?'
  std::vector<Header> headers;
  std::string body;         // as sent, chunked coding removed
  int version_minor = 1;    // of HTTP/1.x
  bool keep_alive = true;   // what the client asks for, by version and Connection
  bool has_body = false;    // a Content-Length above 0 or chunked coding was declared
  net::Endpoint peer;       // who asks,
  uint64_t connection = 0;  // by which connection: its number

  // The first header of that name, ASCII case ignored; empty where absent.
  std::string_view find_header(std::string_view name) const;
};

// What the request's Expect asks for, all lines of it together (RFC 9110 section 10.1.1).
enum class Expectation {
  kNone,
  kContinue,  // a word of ours before its body is sent
  kUnknown,   // 417
};
Expectation find_expectation(const Request& request);

// Why a request cannot be served; the connection closes after the reply.
struct ParseFailure {
  int status = 400;  // 400, 413, 414, 431, 501 or 505
  std::string message;
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // of static storage
  std::string body;
  std::vector<Header> headers;  // besides Content-Type, Content-Length, Connection, Date
  bool close = false;           // close the connection after it, whatever the client asked for
};

// "Bad Request"; "Unknown" for a status without a name here.
std::string_view reason_phrase(int status);

// {"status":"error","errorType":"<type>","error":"<message>"}: the one shape of errors, that of the Prometheus API. A
// status without another `type` takes "forbidden" for 403, "not_found" for 404, "timeout" for 408, "execution" for 422,
// "unavailable" for 503, "internal" for the other 5xx and "bad_data" for the rest.
Response error_response(int status, std::string_view message);
Response error_response(int status, std::string_view type, std::string_view message);

// What a response's bytes depend on beside the response.
struct ReplyTerms {
  bool keep_alive = true;  // the connection stays open after it; Response::close overrides
  bool head = false;       // answers HEAD: the body is left out, Content-Length stays
  bool streams = false;    // what follows the body has no end yet
  int version_minor = 1;   // of the request: an HTTP/1.0 client is told that the connection stays open
  int64_t unix_ms = 0;     // for Date
};

// Appends the response to `out` as bytes. 204 and 304 carry neither body nor length. Control characters in header names
// and values become spaces, so that no value can end its line and begin another.
void serialize(const Response& response, const ReplyTerms& terms, std::string& out);

// Appends a piece of a stream, which is not empty, or the end of it: as a chunk (RFC 9112 section 7.1), or, for a
// client of HTTP/1.0, which knows none, as it is.
void serialize_piece(std::string_view piece, int version_minor, std::string& out);
void serialize_end(int version_minor, std::string& out);

using Form = std::vector<std::pair<std::string, std::string>>;
inline constexpr size_t kFormFieldsMax = 1000;

// The parameters of an URL query or form body (application/x-www-form-urlencoded) in order, percent-decoded, '+' as
// space. Empty pieces between '&' are skipped. A '%' without two hexadecimal digits and more than kFormFieldsMax
// parameters are refused (kInvalid): to guess at a query, or to drop half of it, would answer another one than was
// asked.
Result<Form> parse_form(std::string_view text);

}  // namespace ms::http
