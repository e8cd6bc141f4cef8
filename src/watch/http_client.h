// HttpClient: gets one page after the other over one connection, where the server keeps it open.
//
// Confined to one thread.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"

namespace ms::watch {

class HttpClient {
 public:
  static constexpr long kTimeoutMs = 2000;
  static constexpr size_t kBodyBytesMax = 16 << 20;

  // Proxies that the environment names are not used: the front door is what is to be looked at.
  HttpClient();

  // The body of a reply with status 200 that is there within the timeout; nothing where `interrupt_fd` (-1: none)
  // becomes readable before. Any other reply, or none, is an error: kUnavailable for status 503, kTooLarge beyond
  // kBodyBytesMax, kInvalid for another status, kIo where none comes.
  Result<std::optional<std::string>> get(const std::string& url, int interrupt_fd);

 private:
  // Nothing where it was interrupted.
  std::optional<CURLcode> transfer(int interrupt_fd);

  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;
};

}  // namespace ms::watch
