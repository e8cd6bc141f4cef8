// The configuration file of `metricstream serve`, as text: TOML (https://toml.io/en/v1.0.0), whose keys are the flags
// without their "--", at its top level.
//
//     listen = ["127.0.0.1:8080"]
//     queue-target = "50ms"
//     workers = 4
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ms::server {

inline constexpr size_t kConfigFileBytesMax = 1 << 20;

// One key of the file and its values, as they would stand on the command line.
struct FileSetting {
  std::string key;
  std::vector<std::string> values;  // several only of a list
  bool is_list = false;
  std::string place;  // "FILE:LINE"

  bool operator==(const FileSetting&) const = default;
};

// Errors (kInvalid) begin with FILE, or with FILE:LINE where a line is at fault.
Result<std::vector<FileSetting>> read_config_file(const std::string& path);

// The same of a file's text.
Result<std::vector<FileSetting>> parse_config_file(std::string_view text, const std::string& path);

}  // namespace ms::server
