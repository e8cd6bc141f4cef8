#include "api/page.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "http/ascii.h"

namespace ms::api {
namespace {

constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"/", "index.html"}, {"/app.js", "app.js"}, {"/app.css", "app.css"}, {"/icon.svg", "icon.svg"}};

// Calls `visit` with each element of a comma-separated list.
template <typename Visit>
void for_each_element(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    visit(http::trim_blanks(list.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

// "gzip;q=0" is a refusal, and "q=0.000" is 0 (RFC 9110 section 12.4.2).
bool is_refused(std::string_view parameters) {
  const size_t q = parameters.find("q=");
  return q != std::string_view::npos && parameters.substr(q + 2).find_first_not_of("0. \t") == std::string_view::npos;
}

bool accepts_gzip(const http::Request& request) {
  bool accepts = false;
  for_each_element(request.find_header("Accept-Encoding"), [&](std::string_view element) {
    const size_t semicolon = element.find(';');
    if (!equals_ignoring_case(http::trim_blanks(element.substr(0, semicolon)), "gzip")) return;
    accepts = semicolon == std::string_view::npos || !is_refused(element.substr(semicolon));
  });
  return accepts;
}

// Whether the client has this content already; compared weakly (RFC 9110 section 13.1.2).
bool has_it(const http::Request& request, std::string_view tag) {
  bool has = false;
  for_each_element(request.find_header("If-None-Match"), [&](std::string_view element) {
    if (element.starts_with("W/")) element.remove_prefix(2);
    has |= element == tag || element == "*";
  });
  return has;
}

http::Response page_response(const http::Request& request, const web::Asset& asset) {
  const bool gzipped = accepts_gzip(request);
  // Other bytes, another tag.
  const std::string tag = '"' + std::string(asset.tag) + (gzipped ? "-gzip\"" : "\"");
  http::Response response{.content_type = asset.content_type};
  response.headers = {{"ETag", tag},
                      {"Cache-Control", "no-cache"},
                      {"Vary", "Accept-Encoding"},
                      {"Content-Security-Policy",
                       "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                       "require-trusted-types-for 'script'"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"}};
  if (has_it(request, tag)) {
    response.status = 304;
    return response;
  }
  if (gzipped) response.headers.push_back({"Content-Encoding", "gzip"});
  response.body = gzipped ? asset.gzip : asset.bytes;
  return response;
}

}  // namespace

void add_page_routes(http::Router& router, std::span<const web::Asset> assets) {
  for (const auto& [path, name] : kNames) {
    const web::Asset* asset = web::find_asset(assets, name);
    if (asset == nullptr) continue;
    router.add({std::string(path), {"GET"}, [asset](http::Request& request, http::Responder responder) {
                  std::move(responder).send(page_response(request, *asset));
                }});
  }
}

}  // namespace ms::api
