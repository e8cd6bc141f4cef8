// HTTP as the tests' clients speak it: the text of a request, and a reply read back from bytes.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ms::test {

struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // The first header of that name, ASCII case ignored; empty where absent.
  std::string_view header(std::string_view name) const;
};

// How the next reply's body ends.
enum class ReplyTo {
  kOther,  // by Content-Length, or by the end of the connection; a chunked one is not decoded, and ends with that
  kHead,   // there is none, whatever Content-Length says
};

// Takes one reply from the front of `bytes` once it is whole; nothing before. An error for what is no reply. `ended`:
// no more will come.
std::expected<std::optional<HttpReply>, std::string> take_reply(std::string& bytes, ReplyTo kind, bool ended);

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// The text of a request, with Host, and Content-Length where `method` is POST.
std::string request_text(std::string_view method, std::string_view target, std::string_view body = {},
                         const HeaderList& headers = {});
std::string json_write_text(std::string_view body, const HeaderList& headers = {});
std::string remote_write_text(std::string_view body, const HeaderList& headers = {});

// For a query string: everything but letters, digits and "-._~" as %XX.
std::string percent_encode(std::string_view text);

}  // namespace ms::test
