// JsonBuilder: writes a JSON document piece by piece, in order, with the commas where they belong.
//
//     json.begin_object();
//     json.key("depth").integer(3);
//     json.key("peers").begin_array();  json.text("127.0.0.1:54127");  json.end_array();
//     json.end_object();
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ms {

class JsonBuilder {
 public:
  static constexpr double kRealMax = 9e15;

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }

  JsonBuilder& key(std::string_view name);

  void text(std::string_view value);
  void integer(uint64_t value);
  void boolean(bool value);
  void null();
  // `value` divided by ten to the power of `digits`, without trailing zeros: decimal(1500, 3) is 1.5.
  void decimal(uint64_t value, unsigned digits);
  // With three decimals at most; null for what is below 0, above kRealMax or no number.
  void real(double value);

  // Durations, in the unit that the name ends in.
  void ms(uint64_t nanoseconds) { decimal(nanoseconds, 6); }
  void us(uint64_t nanoseconds) { decimal(nanoseconds, 3); }
  // A moment; null where it is 0, which is never.
  void moment(uint64_t nanoseconds);

  std::string take() && { return std::move(out_); }

 private:
  // Writes the comma before a value or a key that needs one.
  void separate();
  void begin(char bracket);
  void end(char bracket);

  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace ms
