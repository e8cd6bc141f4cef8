#include "http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ms::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr int64_t kSomeUnixMs = 784111777'000;  // the example of RFC 9110 section 5.6.7

Response with_body(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string serialized(const Response& response, const ReplyTerms& terms) {
  std::string out;
  serialize(response, terms, out);
  return out;
}

TEST(RequestTest, FindsTheFirstHeaderOfANameIgnoringCase) {
  Request request;
  request.headers = {{"Accept", "a"}, {"X-Scope", "b"}, {"accept", "c"}};
  EXPECT_EQ(request.find_header("aCCept"), "a");
  EXPECT_EQ(request.find_header("x-scope"), "b");
  EXPECT_EQ(request.find_header("absent"), "");
}

TEST(SerializeTest, WritesTheWholeResponse) {
  Response response;
  response.body = "{}";
  response.headers = {{"Retry-After", "1"}};
  EXPECT_EQ(serialized(response, {.unix_ms = kSomeUnixMs}),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 2\r\n"
            "Retry-After: 1\r\n"
            "\r\n"
            "{}");
}

TEST(SerializeTest, AppendsToWhatIsThere) {
  std::string out = "earlier";
  serialize(Response{}, {}, out);
  EXPECT_TRUE(out.starts_with("earlierHTTP/1.1 200 OK\r\n"));
}

TEST(SerializeTest, DatesAreGregorian) {
  struct Case {
    int64_t unix_ms;
    const char* date;
  };
  for (const Case& c : {
           Case{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
           Case{951'782'400'000, "Tue, 29 Feb 2000 00:00:00 GMT"},
           Case{1'767'225'599'999, "Wed, 31 Dec 2025 23:59:59 GMT"},
       }) {
    EXPECT_THAT(serialized({}, {.unix_ms = c.unix_ms}), HasSubstr(c.date));
  }
}

TEST(SerializeTest, SaysWhatBecomesOfTheConnectionOnlyWhereTheVersionDoesNot) {
  EXPECT_THAT(serialized({}, {.keep_alive = true}), Not(HasSubstr("Connection")));
  EXPECT_THAT(serialized({}, {.keep_alive = false}), HasSubstr("\r\nConnection: close\r\n"));
  Response last;
  last.close = true;
  EXPECT_THAT(serialized(last, {.keep_alive = true}), HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(serialized({}, {.keep_alive = true, .version_minor = 0}), HasSubstr("\r\nConnection: keep-alive\r\n"));
  EXPECT_THAT(serialized({}, {.keep_alive = false, .version_minor = 0}), HasSubstr("\r\nConnection: close\r\n"));
}

TEST(SerializeTest, HeadHasTheLengthAndNotTheBody) {
  const std::string reply = serialized(with_body(200, "12345"), {.head = true});
  EXPECT_THAT(reply, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
}

TEST(SerializeTest, NoContentAndNotModifiedHaveNeitherBodyNorLength) {
  for (const int status : {204, 304}) {
    const std::string reply = serialized(with_body(status, "ignored"), {});
    EXPECT_THAT(reply, Not(HasSubstr("Content-"))) << status;
    EXPECT_TRUE(reply.ends_with("\r\n\r\n")) << status;
  }
}

TEST(SerializeTest, NoHeaderEndsItsLineAndBeginsAnother) {
  Response response;
  response.headers = {{"X-B\r\nX-C", "2\r\n\r\nbody\0\x7f"}};
  const std::string reply = serialized(response, {.unix_ms = kSomeUnixMs});
  EXPECT_THAT(reply, HasSubstr("\r\nX-B  X-C: 2    body\r\n\r\n"));
}

TEST(ReasonPhraseTest, NamesWhatItKnows) {
  EXPECT_EQ(reason_phrase(400), "Bad Request");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(799), "Unknown");
}

TEST(ErrorResponseTest, HasTheShapeOfThePrometheusApi) {
  const Response response = error_response(422, "execution", "bad \"<query>\"\n\xff");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"status":"error","errorType":"execution","error":"bad \"\u003cquery\u003e\"\n\ufffd"})");
}

TEST(ErrorResponseTest, TheStatusNamesTheType) {
  struct Case {
    int status;
    const char* type;
  };
  for (const Case& c : {Case{400, "bad_data"}, Case{403, "forbidden"}, Case{404, "not_found"}, Case{405, "bad_data"},
                        Case{408, "timeout"}, Case{413, "bad_data"}, Case{422, "execution"}, Case{500, "internal"},
                        Case{503, "unavailable"}}) {
    EXPECT_THAT(error_response(c.status, "").body, HasSubstr(std::string("\"errorType\":\"") + c.type + '"'));
  }
}

TEST(ParseFormTest, DecodesNamesAndValuesInOrder) {
  const auto form = parse_form("query=up%7Bjob%3D%22a+b%22%7D&match[]=x&match%5B%5D=y&empty=&bare&=v&a=b=c");
  ASSERT_TRUE(form.has_value());
  EXPECT_THAT(*form, ElementsAre(Pair("query", "up{job=\"a b\"}"), Pair("match[]", "x"), Pair("match[]", "y"),
                                 Pair("empty", ""), Pair("bare", ""), Pair("", "v"), Pair("a", "b=c")));
}

TEST(ParseFormTest, SkipsEmptyPieces) {
  EXPECT_THAT(*parse_form(""), ElementsAre());
  EXPECT_THAT(*parse_form("&&a=1&&b=2&"), ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(ParseFormTest, AnEncodedPlusIsAPlus) { EXPECT_THAT(*parse_form("a=1%2B1+2"), ElementsAre(Pair("a", "1+1 2"))); }

TEST(ParseFormTest, RefusesBadPercentEncodings) {
  for (const char* text : {"a=%", "a=%4", "a=%4g", "a=%g4", "%zz=1", "a=1&b=%", "a=%+4", "a=%-1"}) {
    const auto form = parse_form(text);
    ASSERT_FALSE(form.has_value()) << text;
    EXPECT_EQ(form.error().code, ErrorCode::kInvalid);
  }
}

TEST(ParseFormTest, RefusesMoreFieldsThanItsLimit) {
  std::string text;
  for (size_t i = 0; i < kFormFieldsMax; ++i) text += "a&";
  EXPECT_EQ(parse_form(text)->size(), kFormFieldsMax);
  EXPECT_FALSE(parse_form(text + "a").has_value());
}

}  // namespace
}  // namespace ms::http
