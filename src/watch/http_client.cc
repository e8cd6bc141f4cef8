// The multi interface of libcurl is used for one transfer at a time, because it can wait for another descriptor as
// well.
#include "watch/http_client.h"

#include <array>
#include <new>

namespace ms::watch {
namespace {

// A libcurl callback; it fails the transfer, with CURLE_WRITE_ERROR, by taking less than it is given.
size_t append_body(const char* bytes, size_t, size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + count > HttpClient::kBodyBytesMax) return 0;
  body.append(bytes, count);
  return count;
}

}  // namespace

HttpClient::HttpClient() : multi_(curl_multi_init(), &curl_multi_cleanup), easy_(curl_easy_init(), &curl_easy_cleanup) {
  if (!multi_ || !easy_) throw std::bad_alloc();
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &append_body);
}

std::optional<CURLcode> HttpClient::transfer(int interrupt_fd) {
  curl_waitfd interrupt{.fd = interrupt_fd, .events = CURL_WAIT_POLLIN, .revents = 0};
  const unsigned interrupts = interrupt_fd >= 0 ? 1 : 0;
  int running = 1;
  while (running > 0) {
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
    if (running == 0) break;
    curl_multi_poll(multi_.get(), &interrupt, interrupts, static_cast<int>(kTimeoutMs), nullptr);
    if (interrupt.revents != 0) return std::nullopt;
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
  return message == nullptr ? CURLE_FAILED_INIT : message->data.result;
}

Result<std::optional<std::string>> HttpClient::get(const std::string& url, int interrupt_fd) {
  CURL* easy = easy_.get();
  std::string body;
  std::array<char, CURL_ERROR_SIZE> reason{};
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason.data());
  curl_multi_add_handle(multi_.get(), easy);
  const std::optional<CURLcode> code = transfer(interrupt_fd);
  curl_multi_remove_handle(multi_.get(), easy);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
  if (!code) return std::nullopt;
  if (*code == CURLE_WRITE_ERROR) {
    return fail(ErrorCode::kTooLarge, "the answer is larger than " + std::to_string(kBodyBytesMax >> 20) + " MiB");
  }
  if (*code != CURLE_OK) {
    return fail(ErrorCode::kIo, reason[0] != 0 ? reason.data() : curl_easy_strerror(*code));
  }
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    return fail(status == 503 ? ErrorCode::kUnavailable : ErrorCode::kInvalid,
                "answered with HTTP status " + std::to_string(status));
  }
  return body;
}

}  // namespace ms::watch
