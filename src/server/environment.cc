#include "server/environment.h"

#include <charconv>
#include <cstdlib>

namespace ms::server {

std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value != nullptr ? value : "";
  unsetenv(name);
  return text;
}

Result<uint64_t> parse_number(const char* name, const std::string& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return fail(ErrorCode::kInvalid, std::string(name) + "=\"" + text + "\" is not a number");
}

}  // namespace ms::server
