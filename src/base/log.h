// Logging: one line an event, to stderr, as logfmt or as JSON.
//
//     time=2026-11-23T14:05:50.123Z level=info msg=listening address=127.0.0.1:8080
//
// Logs are for decisions, not for traffic: nothing on the path of a connection or a sample logs per item. Thread-safe.
#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ms {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };
// "debug", "info", "warn", "error".
std::string_view log_level_name(LogLevel level);
// "logfmt", "json".
std::string_view log_format_name(LogFormat format);

// One `key=value` of a line. Keys are snake_case and need no quotes.
struct LogField {
  LogField(std::string_view field_key, std::string_view field_value) : key(field_key), value(field_value) {}
  LogField(std::string_view field_key, const char* field_value) : key(field_key), value(field_value) {}
  LogField(std::string_view field_key, std::integral auto number)
      : key(field_key), value(std::to_string(number)), is_number(true) {}

  std::string_view key;
  std::string value;
  bool is_number = false;
};

class Logger {
 public:
  Logger(LogLevel level, LogFormat format);
  // Lines go to `file` instead of stderr; for tests.
  Logger(LogLevel level, LogFormat format, const std::string& file);
  ~Logger();

  // Thread-safe.
  void set_level(LogLevel level);

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

 private:
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const;

  struct Sink;  // spdlog's logger

  std::unique_ptr<Sink> sink_;
  LogFormat format_;
};

// One line without its end, as above: for the logger and its tests.
std::string format_log_line(LogFormat format, int64_t unix_ms, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields);

}  // namespace ms
