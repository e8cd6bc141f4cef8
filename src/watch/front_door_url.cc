#include "watch/front_door_url.h"

#include <curl/curl.h>

#include <memory>
#include <string_view>

namespace ms::watch {
namespace {

constexpr std::string_view kPath = "/api/v1/front-door";

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

// One part of a URL, empty where it has none.
std::string part_of(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, 0) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

}  // namespace

Result<std::string> front_door_url(const std::string& text) {
  const auto refuse = [&](const std::string& reason) {
    return fail(ErrorCode::kInvalid, "\"" + text + "\" is not a server's URL: " + reason);
  };
  const Url url(curl_url(), &curl_url_cleanup);
  const std::string with_host = text.starts_with(':') ? "127.0.0.1" + text : text;
  const bool has_scheme = text.find("://") != std::string::npos;
  const std::string whole = has_scheme ? with_host : "http://" + with_host;
  if (const CURLUcode error = curl_url_set(url.get(), CURLUPART_URL, whole.c_str(), 0)) {
    return refuse(curl_url_strerror(error));
  }
  const std::string scheme = part_of(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return refuse("it begins with neither http:// nor https://");
  std::string path = part_of(url, CURLUPART_PATH);
  while (path.ends_with('/')) path.pop_back();
  if (!path.ends_with(kPath)) path += kPath;
  curl_url_set(url.get(), CURLUPART_PATH, path.c_str(), 0);
  curl_url_set(url.get(), CURLUPART_QUERY, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  return part_of(url, CURLUPART_URL);
}

}  // namespace ms::watch
