#include "http/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/request_parser_testing.h"

namespace ms::http {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Outcome = std::vector<std::string>;

constexpr Limits kSmallLimits = {.request_line_bytes_max = 64,
                                 .header_bytes_max = 48,
                                 .headers_bytes_max = 128,
                                 .headers_max = 5,
                                 .body_bytes_max = 20,
                                 .decoded_body_bytes_max = 20};

// What comes of a stream that is fed whole, byte by byte, and cut in two at every place: the same each time.
Outcome outcome_of(std::string_view stream, const Limits& limits = {}) {
  Outcome whole = parse_stream({{stream}}, limits);
  EXPECT_EQ(parse_stream(cut_into_bytes(stream), limits), whole) << "byte by byte:\n" << stream;
  for (size_t cut = 1; cut < stream.size(); ++cut) {
    const std::string_view halves[] = {stream.substr(0, cut), stream.substr(cut)};
    EXPECT_EQ(parse_stream(halves, limits), whole) << "cut at " << cut << ":\n" << stream;
  }
  return whole;
}

std::string get_with(std::string_view header_lines) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(header_lines) + "\r\n";
}

std::string post_chunked(std::string_view chunks) {
  return "POST /w HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks);
}

std::string chunked_outcome(std::string_view body) {
  return "POST /w HTTP/1.1 path=/w query= keep\nHost: h\nTransfer-Encoding: chunked\nbody: " + std::string(body);
}

void expect_refused(int status, std::string_view stream, const Limits& limits = {}) {
  const Outcome outcome = outcome_of(stream, limits);
  ASSERT_EQ(outcome.size(), 1u) << stream;
  EXPECT_THAT(outcome[0], StartsWith(std::to_string(status) + ' ')) << stream;
}

TEST(RequestParserTest, ParsesARequestWithoutBody) {
  EXPECT_THAT(
      outcome_of(
          "GET /api/v1/query?query=up%20 HTTP/1.1\r\nHost: localhost:8080\r\nx-Empty:\r\nX-B: \t b c \t\r\n\r\n"),
      ElementsAre("GET /api/v1/query?query=up%20 HTTP/1.1 path=/api/v1/query query=query=up%20 keep\n"
                  "Host: localhost:8080\nx-Empty: \nX-B: b c",
                  "waits for a request"));
}

TEST(RequestParserTest, ParsesABodyOfDeclaredLength) {
  EXPECT_THAT(
      outcome_of("POST /w HTTP/1.1\r\nHost: h\r\nContent-Length: 0011\r\n\r\nhello\0\r\n\r\nx"s),
      ElementsAre("POST /w HTTP/1.1 path=/w query= keep\nHost: h\nContent-Length: 0011\nbody: hello\0\r\n\r\nx"s,
                  "waits for a request"));
}

TEST(RequestParserTest, ALengthOfZeroIsNoBody) {
  EXPECT_THAT(outcome_of("POST /w HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
              ElementsAre("POST /w HTTP/1.1 path=/w query= keep\nHost: h\nContent-Length: 0", "waits for a request"));
}

TEST(RequestParserTest, LeavesPipelinedRequestsToTheNextCall) {
  EXPECT_THAT(outcome_of("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
                         "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"
                         "POST /w HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n"
                         "GET /4 HTTP/1.0\r\n\r\nG"),
              ElementsAre("GET /1 HTTP/1.1 path=/1 query= keep\nHost: h",
                          "POST /2 HTTP/1.1 path=/2 query= keep\nHost: h\nContent-Length: 2\nbody: ab",
                          chunked_outcome("c"), "GET /4 HTTP/1.0 path=/4 query= close", "waits for a header"));
}

TEST(RequestParserTest, ToleratesAFewEmptyLinesBeforeARequest) {
  EXPECT_THAT(outcome_of("\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n"),
              ElementsAre("GET / HTTP/1.0 path=/ query= close", "waits for a request"));
  EXPECT_THAT(outcome_of("\r\n\r\n\r"), ElementsAre("waits for a request"));
  expect_refused(400, "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n");
  expect_refused(400, "\n");
  expect_refused(400, "\rG");
  expect_refused(400, "\r\r\n");
}

TEST(RequestParserTest, RefusesWhatIsNoHttpAtItsFirstByte) {
  expect_refused(400, "\x16\x03\x01");
  expect_refused(400, " GET");
  expect_refused(400, "\0"sv);
}

TEST(RequestParserTest, AnyTokenIsAMethod) {
  EXPECT_THAT(outcome_of("p-u!r'g~e / HTTP/1.0\r\n\r\n"),
              ElementsAre("p-u!r'g~e / HTTP/1.0 path=/ query= close", "waits for a request"));
}

TEST(RequestParserTest, RefusesMalformedRequestLines) {
  for (const std::string_view line : {
           "GET"sv,
           "GET /"sv,
           "GET  HTTP/1.1"sv,
           "GET  / HTTP/1.1"sv,
           "GET /  HTTP/1.1"sv,
           "GET / HTTP/1.1 "sv,
           "GET / /b HTTP/1.1"sv,
           "GET\t/ HTTP/1.1"sv,
           "GET /\tHTTP/1.1"sv,
           "G(T / HTTP/1.1"sv,
           "G\0T / HTTP/1.1"sv,
           "GET /\0 HTTP/1.1"sv,
           "GET /\x7f HTTP/1.1"sv,
           "GET /\xc3\xa9 HTTP/1.1"sv,
           "GET /a\rb HTTP/1.1"sv,
           "GET / HTTP/1.1\r"sv,
           "GET / http/1.1"sv,
           "GET / HTTP/1.10"sv,
           "GET / HTTP/1."sv,
           "GET / HTTP/11"sv,
           "GET / HTTP/1,1"sv,
           "GET / HTTP /1.1"sv,
           "GET / HTTPS/1.1"sv,
           "GET /%zz HTTP/1.1"sv,
           "GET /%00 HTTP/1.1"sv,
           "GET /# HTTP/1.1"sv,
           "GET * HTTP/1.1"sv,
           "GET a HTTP/1.1"sv,
           "GET http://a@b/ HTTP/1.1"sv,
           "CONNECT / HTTP/1.1"sv,
       }) {
    expect_refused(400, std::string(line) + "\r\nHost: h\r\n\r\n");
  }
}

TEST(RequestParserTest, RefusesOtherVersions) {
  for (const std::string_view line : {"GET / HTTP/0.9", "GET / HTTP/1.2", "GET / HTTP/2.0", "PRI * HTTP/2.0"}) {
    expect_refused(505, std::string(line) + "\r\n\r\n");
  }
}

TEST(RequestParserTest, RefusesMalformedHeaderLines) {
  for (const std::string_view line : {
           "X-A: 1\r\n folded"sv,
           "X-A: 1\r\n\tfolded"sv,
           "X-A:\r\n folded"sv,
           " X-A: 1"sv,
           "X-A : 1"sv,
           "X-A\t: 1"sv,
           ": 1"sv,
           "X-A"sv,
           "X A: 1"sv,
           "X(A): 1"sv,
           "X-\xc3\xa9: 1"sv,
           "X-A\0: 1"sv,
           "X-A: a\0b"sv,
           "X-A: a\x01"sv,
           "X-A: a\x7f"sv,
           "X-A: a\rb"sv,
           "X-A: a\r"sv,
           "\r"sv,
           "X-A: a\nX-B: b"sv,
           "X-A: a\n"sv,
           "\n"sv,
           "Connection: a b"sv,
       }) {
    expect_refused(400, get_with(std::string(line) + "\r\n"));
  }
}

TEST(RequestParserTest, RefusesBareLineFeedsAsTheyCome) {
  expect_refused(400, "GET / HTTP/1.1\n");
  expect_refused(400, "GET / HTTP/1.1\r\nHost: h\n");
}

TEST(RequestParserTest, HeaderValuesMayHaveTabsAndAnyByteBeyondAscii) {
  EXPECT_THAT(outcome_of(get_with("X-A: a\tb\xff\xc3\xa9\r\n"))[0], HasSubstr("X-A: a\tb\xff\xc3\xa9"));
}

TEST(RequestParserTest, NeedsExactlyOneValidHost) {
  const std::string get_1_1 = "GET / HTTP/1.1\r\n";
  const std::string get_1_0 = "GET / HTTP/1.0\r\n";
  EXPECT_THAT(outcome_of(get_1_1 + "hOST: [::1]:8080\r\n\r\n")[0], HasSubstr("[::1]:8080"));
  EXPECT_THAT(outcome_of(get_1_1 + "Host:\r\n\r\n")[0], StartsWith("GET"));
  EXPECT_THAT(outcome_of(get_1_0 + "\r\n")[0], StartsWith("GET"));
  expect_refused(400, get_1_1 + "\r\n");
  for (const std::string& line : {get_1_1, get_1_0}) {
    expect_refused(400, line + "Host: a\r\nHost: a\r\n\r\n");
    expect_refused(400, line + "Host: a b\r\n\r\n");
    expect_refused(400, line + "Host: user@a\r\n\r\n");
    expect_refused(400, line + "Host: a:b\r\n\r\n");
  }
}

TEST(RequestParserTest, RefusesAmbiguousContentLengths) {
  for (const std::string_view lines : {
           "Content-Length: 1\r\nContent-Length: 1\r\n",
           "Content-Length: 1\r\ncontent-length: 2\r\n",
           "Content-Length: 1, 1\r\n",
           "Content-Length: 1,\r\n",
           "Content-Length:\r\n",
           "Content-Length: +1\r\n",
           "Content-Length: -1\r\n",
           "Content-Length: 1 1\r\n",
           "Content-Length: 0x1\r\n",
           "Content-Length: 1.0\r\n",
           "Content-Length: 1a\r\n",
           "Content-Length: \"1\"\r\n",
           "Content-Length: 18446744073709551616\r\n",
           "Content-Length: 99999999999999999999999999\r\n",
           "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
           "Transfer-Encoding: gzip\r\nContent-Length: 0\r\n",
       }) {
    expect_refused(400, get_with(lines));
  }
}

TEST(RequestParserTest, RefusesTransferEncodingsOtherThanOneChunked) {
  struct Case {
    int status;
    std::string_view lines;
  };
  for (const Case& c : {
           Case{400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
           Case{400, "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"},
           Case{400, "Transfer-Encoding:\r\n"},
           Case{400, "Transfer-Encoding : chunked\r\n"},
           Case{400, "Transfer-Encoding: \vchunked\r\n"},
           Case{501, "Transfer-Encoding: gzip\r\n"},
           Case{501, "Transfer-Encoding: identity\r\n"},
           Case{501, "Transfer-Encoding: gzip, chunked\r\n"},
           Case{501, "Transfer-Encoding: chunked, chunked\r\n"},
           Case{501, "Transfer-Encoding: chunked;q=1\r\n"},
           Case{501, "Transfer-Encoding: chunked,\r\n"},
           Case{501, "Transfer-Encoding: xchunked\r\n"},
           Case{501, "Transfer-Encoding: \"chunked\"\r\n"},
       }) {
    expect_refused(c.status, get_with(c.lines));
  }
  expect_refused(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(RequestParserTest, KeepsAliveByVersionAndConnection) {
  struct Case {
    std::string_view version;
    std::string_view lines;
    bool keep_alive;
  };
  for (const Case& c : {
           Case{"1.1", "", true},
           Case{"1.1", "Connection: close\r\n", false},
           Case{"1.1", "connection: CLOSE\r\n", false},
           Case{"1.1", "Connection: x, Close ,y\r\n", false},
           Case{"1.1", "Connection: x\r\nConnection: close\r\n", false},
           Case{"1.1", "Connection: closed, x-close\r\n", true},
           Case{"1.1", "Connection: keep-alive, close\r\n", false},
           Case{"1.1", "Connection:\r\n", true},
           Case{"1.0", "", false},
           Case{"1.0", "Connection: Keep-Alive\r\n", true},
           Case{"1.0", "Connection: x,keep-alive\r\n", true},
           Case{"1.0", "Connection: keep-alive, close\r\n", false},
           Case{"1.0", "Connection: close\r\nConnection: keep-alive\r\n", false},
       }) {
    const std::string stream =
        "GET / HTTP/" + std::string(c.version) + "\r\nHost: h\r\n" + std::string(c.lines) + "\r\n";
    const std::string first = outcome_of(stream)[0];
    EXPECT_THAT(first.substr(0, first.find('\n')), testing::EndsWith(c.keep_alive ? " keep" : " close")) << stream;
  }
}

TEST(RequestParserTest, JoinsChunks) {
  struct Case {
    std::string_view chunks;
    std::string_view body;
  };
  for (const Case& c : {
           Case{"0\r\n\r\n", ""},
           Case{"5\r\nhello\r\n0\r\n\r\n", "hello"},
           Case{"1\r\na\r\n2\r\n\r\n\r\n000\r\n\r\n", "a\r\n"},
           Case{"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
           Case{"0000000000000001\r\nx\r\n0000000000000000\r\n\r\n", "x"},
           Case{"1;n=v\r\nx\r\n1;n ; m = \"q\\\"; \t\xff\"\r\ny\r\n0;last\r\n\r\n", "xy"},
           Case{"1\r\nx\r\n0\r\nX-Checksum: 1\r\nX-B:\r\n\r\n", "x"},
       }) {
    EXPECT_THAT(outcome_of(post_chunked(c.chunks)), ElementsAre(chunked_outcome(c.body), "waits for a request"));
  }
}

TEST(RequestParserTest, RefusesBadChunks) {
  for (const std::string_view chunks : {
           "\r\n"sv,
           "g\r\n"sv,
           "-1\r\n"sv,
           "+1\r\n"sv,
           "0x1\r\nx\r\n"sv,
           " 1\r\nx\r\n"sv,
           "1 \r\nx\r\n"sv,
           "1\t\r\nx\r\n"sv,
           "1 1\r\nx\r\n"sv,
           "1\nx\r\n"sv,
           "1\rx\r\n"sv,
           "1\r\r\nx\r\n"sv,
           "1\r\nxy\r\n"sv,
           "1\r\nx\n0\r\n\r\n"sv,
           "1\r\nx\r0\r\n\r\n"sv,
           "1\r\nx0\r\n\r\n"sv,
           "1\r\nx\r\n\r\n0\r\n\r\n"sv,
           "00000000000000001\r\nx\r\n"sv,
           "10000000000000000\r\n"sv,
           "1;\r\nx\r\n"sv,
           "1;=a\r\nx\r\n"sv,
           "1;a=\r\nx\r\n"sv,
           "1;a b\r\nx\r\n"sv,
           "1;a=\"b\r\nx\r\n"sv,
           "1;a=\"b\"c\r\nx\r\n"sv,
           "1;a=\"\0\"\r\nx\r\n"sv,
           "1;a=\"\n\"\r\nx\r\n"sv,
           "1;a=\"\r\"\r\nx\r\n"sv,
           "1;a\0\r\nx\r\n"sv,
           "0;a=\"\r\nb: \"\r\n\r\n"sv,
           "0\r\n\n"sv,
           "0\r\nX-A: 1\n\r\n"sv,
           "0\r\nX-A : 1\r\n\r\n"sv,
           "0\r\nX-A: 1\r\n folded\r\n\r\n"sv,
           "0\r\nX-A: \0\r\n\r\n"sv,
           "0\r\nX-A\r\n\r\n"sv,
           "0\r\nContent-Length: 1\r\n\r\n"sv,
           "0\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
           "0\r\nHost: h\r\n\r\n"sv,
       }) {
    expect_refused(400, post_chunked(chunks));
  }
}

TEST(RequestParserTest, ChunkExtensionsOfARequestAreBoundedTogether) {
  const std::string long_extension = "1;" + std::string(2000, 'a') + "\r\nx\r\n";
  const auto outcome = [&](std::string_view chunks) { return parse_stream({{post_chunked(chunks)}}, Limits{})[0]; };
  EXPECT_EQ(outcome(long_extension + long_extension + "0\r\n\r\n"), chunked_outcome("xx"));
  EXPECT_THAT(outcome(long_extension + long_extension + long_extension), StartsWith("400 "));
  EXPECT_EQ(outcome("1;" + std::string(4095, 'a') + "\r\nx\r\n0\r\n\r\n"), chunked_outcome("x"));
  EXPECT_THAT(outcome("1;" + std::string(4096, 'a') + "\r\nx\r\n0\r\n\r\n"), StartsWith("400 "));
  EXPECT_THAT(outcome("1;" + std::string(5000, 'a')), StartsWith("400 "));
  EXPECT_THAT(outcome(std::string(5000, '0')), StartsWith("400 "));
}

TEST(RequestParserTest, ADeclaredBodyAboveTheLimitIsRefusedWithTheHeader) {
  const auto post = [](std::string_view length) {
    return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::string(length) + "\r\n\r\n";
  };
  EXPECT_THAT(outcome_of(post("20"), kSmallLimits), ElementsAre("waits for a body after 0 bytes"));
  expect_refused(413, post("21"), kSmallLimits);
  expect_refused(413, post("18446744073709551615"), kSmallLimits);
}

TEST(RequestParserTest, AChunkedBodyIsRefusedAtTheChunkThatExceedsTheLimit) {
  const std::string header = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string ten = "a\r\n0123456789\r\n";
  EXPECT_THAT(outcome_of(header + ten + ten, kSmallLimits), ElementsAre("waits for a body after 20 bytes"));
  expect_refused(413, header + ten + "b\r\n", kSmallLimits);
  expect_refused(413, header + ten + ten + "1\r\n", kSmallLimits);
  expect_refused(413, header + "ffffffffffffffff\r\n", kSmallLimits);
  expect_refused(413, header + ten + "fffffffffffffff6\r\n", kSmallLimits);
}

TEST(RequestParserTest, LimitsAreReachedExactlyAndRefusedOneByteBeyond) {
  const std::string start = "GET /";
  const std::string end = " HTTP/1.0\r\n";
  const std::string fitting_line = start + std::string(64 - start.size() - end.size(), 'a') + end;
  const std::string fitting_header = "X: " + std::string(48 - 5, 'b') + "\r\n";
  const std::string get = "GET / HTTP/1.0\r\n";
  EXPECT_THAT(outcome_of(fitting_line + "\r\n", kSmallLimits)[0], StartsWith("GET"));
  EXPECT_THAT(outcome_of(get + fitting_header + "\r\n", kSmallLimits)[0], StartsWith("GET"));
  EXPECT_THAT(outcome_of(get + "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n", kSmallLimits)[0], StartsWith("GET"));
  EXPECT_THAT(
      outcome_of(get + fitting_header + fitting_header + "X:" + std::string(26, 'c') + "\r\n\r\n", kSmallLimits)[0],
      StartsWith("GET"));

  expect_refused(414, start + "a" + fitting_line.substr(start.size()), kSmallLimits);
  expect_refused(431, get + "X" + fitting_header, kSmallLimits);
  expect_refused(431, get + "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\n", kSmallLimits);
  expect_refused(431, get + fitting_header + fitting_header + "X:" + std::string(27, 'c') + "\r\n\r\n", kSmallLimits);
}

TEST(RequestParserTest, LimitsHoldAlsoWhereNoLineEndEverComes) {
  expect_refused(414, std::string(65, 'a'), kSmallLimits);
  expect_refused(431, "GET / HTTP/1.0\r\n" + std::string(49, 'a'), kSmallLimits);
  expect_refused(
      431,
      "GET / HTTP/1.0\r\nA:" + std::string(40, 'a') + "\r\nA:" + std::string(40, 'a') + "\r\n" + std::string(48, 'a'),
      kSmallLimits);
  // Beyond both limits at once: the one that was exceeded first is named.
  expect_refused(
      431,
      "GET / HTTP/1.0\r\nA:" + std::string(40, 'a') + "\r\nA:" + std::string(40, 'a') + "\r\n" + std::string(99, 'a'),
      kSmallLimits);
}

TEST(RequestParserTest, TrailersHaveTheLimitsOfHeaders) {
  const std::string header = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  expect_refused(431, header + "X: " + std::string(48, 'a'), kSmallLimits);
  expect_refused(431, header + "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\n", kSmallLimits);
}

TEST(RequestParserTest, TheDefaultLimitsAreThoseOfTheDocuments) {
  const auto outcome = [](const std::string& stream) { return parse_stream({{stream}}, Limits{})[0]; };
  const std::string get = "GET / HTTP/1.0\r\n";
  EXPECT_THAT(outcome("GET /" + std::string(8192 - 16, 'a') + " HTTP/1.0\r\n\r\n"), StartsWith("GET"));
  EXPECT_THAT(outcome("GET /" + std::string(8192 - 15, 'a') + " HTTP/1.0\r\n\r\n"), StartsWith("414 "));
  EXPECT_THAT(outcome(get + "X:" + std::string(8192 - 4, 'a') + "\r\n\r\n"), StartsWith("GET"));
  EXPECT_THAT(outcome(get + "X:" + std::string(8192 - 3, 'a') + "\r\n\r\n"), StartsWith("431 "));
  std::string hundred = get;
  for (int i = 0; i < 100; ++i) hundred += "X: y\r\n";
  EXPECT_THAT(outcome(hundred + "\r\n"), StartsWith("GET"));
  EXPECT_THAT(outcome(hundred + "X: y\r\n\r\n"), StartsWith("431 "));
}

TEST(RequestParserTest, StopsBehindTheHeaderSoThatTheCallerMayDecide) {
  RequestParser parser{Limits{}};
  const std::string header = "POST /w HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  const std::string stream = header + "abcGET";
  EXPECT_EQ(parser.feed(stream), header.size());
  ASSERT_EQ(parser.state(), RequestParser::State::kBody);
  EXPECT_EQ(parser.request().path, "/w");
  EXPECT_EQ(parser.request().find_header("expect"), "100-continue");
  EXPECT_EQ(parser.declared_body_bytes(), 3u);
  EXPECT_EQ(parser.body_bytes(), 0u);
  EXPECT_EQ(parser.feed(std::string_view(stream).substr(header.size())), 3u);
  EXPECT_EQ(parser.state(), RequestParser::State::kComplete);
  EXPECT_EQ(parser.body_bytes(), 3u);
  EXPECT_EQ(parser.feed("GET"sv), 0u);
}

TEST(RequestParserTest, AChunkedBodyDeclaresNoSize) {
  RequestParser parser{Limits{}};
  parser.feed(post_chunked(""));
  EXPECT_EQ(parser.state(), RequestParser::State::kBody);
  EXPECT_FALSE(parser.declared_body_bytes().has_value());
}

TEST(RequestParserTest, IsUntouchedUntilARequestLineBegins) {
  RequestParser parser{Limits{}};
  EXPECT_TRUE(parser.is_untouched());
  parser.feed("\r\n"sv);
  EXPECT_TRUE(parser.is_untouched());
  parser.feed("G"sv);
  EXPECT_FALSE(parser.is_untouched());
  parser.feed("ET / HTTP/1.0\r\n\r\n"sv);
  ASSERT_EQ(parser.state(), RequestParser::State::kComplete);
  EXPECT_FALSE(parser.is_untouched());
  parser.reset();
  EXPECT_TRUE(parser.is_untouched());
}

TEST(RequestParserTest, ADeclaredLengthAllocatesNothing) {
  RequestParser parser{Limits{}};
  const std::string header = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 33000000\r\n\r\n";
  parser.feed(header);
  parser.feed("some bytes"sv);
  EXPECT_LT(parser.request().body.capacity(), 1024u);
}

TEST(RequestParserTest, WorksOnAfterItsRequestWasTakenApart) {
  RequestParser parser{Limits{}};
  const std::string stream = "POST /w HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    parser.feed(stream);
    parser.feed("x"sv);
    ASSERT_EQ(parser.state(), RequestParser::State::kComplete);
    const Request taken = std::move(parser.request());
    EXPECT_EQ(taken.body, "x");
    EXPECT_EQ(taken.headers.size(), 2u);
    parser.reset();
  }
}

TEST(RequestParserTest, CanBeMoved) {
  RequestParser first{Limits{}};
  first.feed("GET / HT"sv);
  RequestParser second = std::move(first);
  second.feed("TP/1.0\r\n\r\n"sv);
  EXPECT_EQ(second.state(), RequestParser::State::kComplete);
  EXPECT_EQ(second.request().method, "GET");
}

}  // namespace
}  // namespace ms::http
