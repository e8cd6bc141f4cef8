#include "api/page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/reply_testing.h"

namespace ms::api {
namespace {

constexpr web::Asset kAssets[] = {{"index.html", "text/html; charset=utf-8", "01", "<p>page</p>", "zipped page"},
                                  {"app.js", "text/javascript; charset=utf-8", "02", "script", "zipped script"},
                                  {"app.css", "text/css; charset=utf-8", "03", "style", "zipped style"},
                                  {"icon.svg", "image/svg+xml", "04", "<svg/>", "zipped icon"},
                                  {"other.html", "text/html; charset=utf-8", "05", "other", "zipped other"}};

std::string find_header(const http::Response& response, const std::string& name) {
  const auto found = std::ranges::find(response.headers, name, &http::Header::name);
  return found == response.headers.end() ? "" : found->value;
}

class PageTest : public testing::Test {
 protected:
  PageTest() { add_page_routes(router_, kAssets); }

  http::Response get(std::string path, std::vector<http::Header> headers = {}) {
    http::Request request{.method = "GET", .path = std::move(path), .headers = std::move(headers)};
    const auto found = router_.find(request);
    if (const http::Response* refusal = std::get_if<http::Response>(&found)) return *refusal;
    Reply reply;
    std::get<const http::Route*>(found)->handler(request, reply.responder());
    return reply.take();
  }

  http::Router router_;
};

TEST_F(PageTest, IsAtTheRootAndItsFilesBesideIt) {
  EXPECT_EQ(get("/").body, "<p>page</p>");
  EXPECT_EQ(get("/").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(get("/app.js").body, "script");
  EXPECT_EQ(get("/app.css").body, "style");
  EXPECT_EQ(get("/icon.svg").content_type, "image/svg+xml");
}

TEST_F(PageTest, HasNothingUnderAnyOtherName) {
  for (const char* path : {"/index.html", "/other.html", "//", "/app.js/", "/../app.js", "/APP.JS"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST_F(PageTest, MayLoadFromItsOwnServerOnly) {
  for (const char* path : {"/", "/app.js", "/app.css"}) {
    const http::Response response = get(path);
    EXPECT_TRUE(find_header(response, "Content-Security-Policy").starts_with("default-src 'self'")) << path;
    EXPECT_EQ(find_header(response, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(find_header(response, "Referrer-Policy"), "no-referrer") << path;
  }
}

TEST_F(PageTest, IsGzippedForWhoTakesThat) {
  const struct {
    const char* accepted;
    bool gzipped;
  } cases[] = {{"gzip", true},      {"deflate, GZIP ;q=0.5, br", true},
               {"gzip;q=1", true},  {"", false},
               {"br", false},       {"xgzip", false},
               {"gzip;q=0", false}, {"gzip; q=0.000", false}};
  for (const auto& [accepted, gzipped] : cases) {
    const http::Response response = get("/", {{"accept-encoding", accepted}});
    EXPECT_EQ(response.body, gzipped ? "zipped page" : "<p>page</p>") << accepted;
    EXPECT_EQ(find_header(response, "Content-Encoding"), gzipped ? "gzip" : "") << accepted;
    EXPECT_EQ(find_header(response, "Vary"), "Accept-Encoding") << accepted;
  }
}

TEST_F(PageTest, IsNotSentAgainToWhoHasIt) {
  EXPECT_EQ(find_header(get("/"), "ETag"), "\"01\"");
  EXPECT_EQ(find_header(get("/"), "Cache-Control"), "no-cache");
  for (const char* tags : {"\"01\"", "W/\"01\"", "\"other\", \"01\"", "*"}) {
    const http::Response response = get("/", {{"If-None-Match", tags}});
    EXPECT_EQ(response.status, 304) << tags;
    EXPECT_EQ(response.body, "") << tags;
    EXPECT_EQ(find_header(response, "ETag"), "\"01\"") << tags;
  }
  for (const char* tags : {"\"02\"", "01", "\"01-gzip\""}) {
    EXPECT_EQ(get("/", {{"If-None-Match", tags}}).status, 200) << tags;
  }
}

TEST_F(PageTest, HasATagForEachCoding) {
  const http::Header gzip{"Accept-Encoding", "gzip"};
  EXPECT_EQ(find_header(get("/", {gzip}), "ETag"), "\"01-gzip\"");
  EXPECT_EQ(get("/", {gzip, {"If-None-Match", "\"01-gzip\""}}).status, 304);
  EXPECT_EQ(get("/", {gzip, {"If-None-Match", "\"01\""}}).status, 200);
}

TEST(PageAssets, AreThoseThatAreServed) {
  http::Router router;
  add_page_routes(router, web::assets());
  for (const char* path : {"/", "/app.js", "/app.css", "/icon.svg"}) {
    const http::Request request{.method = "GET", .path = path};
    EXPECT_TRUE(std::holds_alternative<const http::Route*>(router.find(request))) << path;
  }
  const web::Asset* page = web::find_asset(web::assets(), "index.html");
  ASSERT_NE(page, nullptr);
  EXPECT_NE(page->bytes.find("/app.js"), std::string_view::npos);
  // A gzip member's magic number, and the length of what it decodes to at its end (RFC 1952 section 2.3).
  ASSERT_TRUE(page->gzip.starts_with("\x1f\x8b"));
  size_t length = 0;
  for (int i = 1; i <= 4; ++i) length = length << 8 | static_cast<unsigned char>(page->gzip[page->gzip.size() - i]);
  EXPECT_EQ(length, page->bytes.size());
}

}  // namespace
}  // namespace ms::api
