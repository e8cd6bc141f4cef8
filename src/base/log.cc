#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>

#include "base/clock.h"
#include "base/json_string.h"

namespace ms {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::off;
}

// A logfmt value is bare where it can be; otherwise it is quoted as JSON quotes.
void append_logfmt_value(std::string& out, std::string_view value) {
  const bool is_bare = !value.empty() && std::ranges::all_of(value, [](char c) {
    return c > ' ' && c != '"' && c != '=' && c != '\\' && c != '\x7f';
  });
  if (is_bare) {
    out += value;
  } else {
    append_json_string(out, value);
  }
}

}  // namespace

std::string_view log_level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

std::string_view log_format_name(LogFormat format) {
  switch (format) {
    case LogFormat::kLogfmt:
      return "logfmt";
    case LogFormat::kJson:
      return "json";
  }
  return "unknown";
}

struct Logger::Sink {
  Sink(spdlog::sink_ptr target, LogLevel level) : logger("metricstream", std::move(target)) {
    logger.set_pattern("%v");
    logger.set_level(spdlog_level(level));
    logger.flush_on(spdlog::level::trace);
  }

  spdlog::logger logger;
};

std::string format_log_line(LogFormat format, int64_t unix_ms, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields) {
  std::string line;
  if (format == LogFormat::kJson) {
    line = "{\"time\":\"" + format_utc(unix_ms) + "\",\"level\":\"";
    line += log_level_name(level);
    line += "\",\"msg\":";
    append_json_string(line, message);
    for (const LogField& field : fields) {
      line += ',';
      append_json_string(line, field.key);
      line += ':';
      if (field.is_number) {
        line += field.value;
      } else {
        append_json_string(line, field.value);
      }
    }
    line += '}';
    return line;
  }
  line = "time=" + format_utc(unix_ms) + " level=";
  line += log_level_name(level);
  line += " msg=";
  append_logfmt_value(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_logfmt_value(line, field.value);
  }
  return line;
}

Logger::Logger(LogLevel level, LogFormat format)
    : sink_(std::make_unique<Sink>(std::make_shared<spdlog::sinks::stderr_sink_mt>(), level)), format_(format) {}

Logger::Logger(LogLevel level, LogFormat format, const std::string& file)
    : sink_(std::make_unique<Sink>(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file), level)),
      format_(format) {}

Logger::~Logger() = default;

void Logger::set_level(LogLevel level) { sink_->logger.set_level(spdlog_level(level)); }

void Logger::debug(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kDebug, message, fields);
}
void Logger::info(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kInfo, message, fields);
}
void Logger::warn(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kWarn, message, fields);
}
void Logger::error(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kError, message, fields);
}

void Logger::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
  if (!sink_->logger.should_log(spdlog_level(level))) return;
  const std::string line = format_log_line(format_, wall_ms(), level, message, fields);
  sink_->logger.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace ms
