// JsonObject: writes a JSON object member by member; what is begun ends with its scope.
//
//     JsonObject all(out);
//     all.count("workers", 8);
//     { JsonObject queue = all.object("queue"); queue.number("mean", 0.25); }
//
// An object within another is ended before the outer one goes on. Confined to one thread.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json_string.h"

namespace ms::drain {

class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() { out_ += '}'; }

  // With six decimals, or none where it is whole; null for what is no number.
  void number(std::string_view key, double value) {
    begin(key);
    if (!std::isfinite(value)) {
      out_ += "null";
      return;
    }
    char text[400];  // the longest double without an exponent
    const auto end =
        std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, value == std::floor(value) ? 0 : 6);
    out_.append(text, end.ptr);
  }
  void count(std::string_view key, uint64_t value) {
    begin(key);
    out_ += std::to_string(value);
  }
  void milliseconds(std::string_view key, double duration_ns) { number(key, duration_ns / 1e6); }
  void text(std::string_view key, std::string_view value) {
    begin(key);
    append_json_string(out_, value);
  }
  void null(std::string_view key) {
    begin(key);
    out_ += "null";
  }
  JsonObject object(std::string_view key) {
    begin(key);
    return JsonObject(out_);
  }

 private:
  void begin(std::string_view key) {
    if (!is_first_) out_ += ',';
    is_first_ = false;
    append_json_string(out_, key);
    out_ += ':';
  }

  std::string& out_;
  bool is_first_ = true;
};

}  // namespace ms::drain
