// How the commands declare their options, so that all of them read and show alike.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "promql/duration.h"

namespace ms::server {

template <class Value>
CLI::Option* add(CLI::App& app, const std::string& flag, Value& value, const std::string& help) {
  return app.add_option(flag, value, help);
}

// An option whose text is parsed by one of our own parsers; its error is the usage error.
template <class Value, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& flag, Value& value, const std::string& type,
                        const std::string& shown_default, const Parse& parse, const std::string& help) {
  const CLI::callback_t read = [&value, flag, parse](const CLI::results_t& texts) {
    auto parsed = parse(texts.back());
    if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
    value = *parsed;
    return true;
  };
  return app.add_option(flag, read, help)
      ->type_name(type)
      ->default_str(shown_default)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

// An option that is one of a few words.
template <class Value>
void add_choice(CLI::App& app, const std::string& flag, Value& value, const std::string& shown_default,
                const std::vector<std::pair<std::string, Value>>& choices, const std::string& help) {
  std::string words;
  for (const auto& [word, meaning] : choices) words += (words.empty() ? "" : ", ") + word;
  const auto parse = [choices, words](const std::string& text) -> Result<Value> {
    const auto found = std::ranges::find(choices, text, &std::pair<std::string, Value>::first);
    if (found == choices.end()) return fail(ErrorCode::kInvalid, "\"" + text + "\" is none of: " + words);
    return found->second;
  };
  add_parsed(app, flag, value, "WORD", shown_default, parse, help + " One of: " + words + ".");
}

// The choices of an option whose words are the names of an enumeration's values.
template <class Value>
std::vector<std::pair<std::string, Value>> named_choices(const std::vector<Value>& values,
                                                         std::string_view (*name)(Value)) {
  std::vector<std::pair<std::string, Value>> choices;
  choices.reserve(values.size());
  for (const Value value : values) choices.emplace_back(name(value), value);
  return choices;
}

// As CLI::Range, which takes "nan" too.
inline CLI::Validator real_range(double min, double max) {
  const CLI::Range range(min, max);
  return CLI::Validator(
      [range, min](std::string& text) {
        double value = min;
        const bool is_nan = CLI::detail::lexical_cast(text, value) && std::isnan(value);
        return is_nan ? "\"" + text + "\" is no number" : range(text);
      },
      range.get_description());
}

// Milliseconds.
inline Result<int64_t> parse_time(const std::string& text) {
  auto parsed = promql::parse_duration(text);
  if (!parsed) parsed.error().message += "; write it as 500ms, 10s or 2d";
  return parsed;
}

// A duration of a millisecond to an hour, in nanoseconds.
inline Result<uint64_t> parse_run_time(const std::string& text) {
  const auto parsed = parse_time(text);
  if (!parsed) return std::unexpected(parsed.error());
  if (*parsed < 1 || *parsed > 3'600'000) return fail(ErrorCode::kInvalid, "\"" + text + "\" is not from 1ms to 1h");
  return static_cast<uint64_t>(*parsed) * kNanosPerMilli;
}

}  // namespace ms::server
