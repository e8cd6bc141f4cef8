#include "server/config_file.h"

#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace ms::server {
namespace {

std::string place_of(const std::string& path, const toml::source_region& source) {
  return path + ":" + std::to_string(source.begin.line);
}

std::string_view name_of(toml::node_type type) {
  switch (type) {
    case toml::node_type::table:
      return "table";
    case toml::node_type::array:
      return "list";
    case toml::node_type::boolean:
      return "boolean";
    case toml::node_type::floating_point:
      return "fraction";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "date or time";
    case toml::node_type::none:
    case toml::node_type::string:
    case toml::node_type::integer:
      break;
  }
  return "value";
}

// The text of a value, as a flag would have it.
Result<std::string> text_of(const toml::node& node, const std::string& what) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  std::string reason = what + " is a " + std::string(name_of(node.type()));
  reason += node.is_table() ? "; settings stand at the top level of the file, before any [table]"
                            : "; write a text in quotes, or a whole number";
  return fail(ErrorCode::kInvalid, std::move(reason));
}

Result<FileSetting> read_setting(std::string_view key, const toml::node& node, const std::string& path) {
  FileSetting setting{
      .key = std::string(key), .values = {}, .is_list = node.is_array(), .place = place_of(path, node.source())};
  const std::string what = setting.place + ": " + setting.key;
  if (!setting.is_list) {
    auto text = text_of(node, what);
    if (!text) return std::unexpected(std::move(text).error());
    setting.values.push_back(std::move(*text));
    return setting;
  }
  for (const toml::node& element : *node.as_array()) {
    auto text = text_of(element, what + ": an element");
    if (!text) return std::unexpected(std::move(text).error());
    setting.values.push_back(std::move(*text));
  }
  if (setting.values.empty()) return fail(ErrorCode::kInvalid, what + " is an empty list");
  return setting;
}

}  // namespace

Result<std::vector<FileSetting>> read_config_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kConfigFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file.good()) {
    return fail(ErrorCode::kInvalid, path + ": cannot be read: " + std::strerror(errno));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kConfigFileBytesMax) {
    return fail(ErrorCode::kInvalid, path + ": it is larger than " + std::to_string(kConfigFileBytesMax) + " bytes");
  }
  return parse_config_file(text, path);
}

Result<std::vector<FileSetting>> parse_config_file(std::string_view text, const std::string& path) {
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kInvalid, place_of(path, error.source()) + ": " + std::string(error.description()));
  }
  std::vector<FileSetting> settings;
  for (const auto& [key, node] : table) {
    auto setting = read_setting(key.str(), node, path);
    if (!setting) return std::unexpected(std::move(setting).error());
    settings.push_back(std::move(*setting));
  }
  return settings;
}

}  // namespace ms::server
