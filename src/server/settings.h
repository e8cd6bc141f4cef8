// The settings of serve as names and texts, so that a reload can say which of them differ, and which of those can
// change while the server runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/serve_options.h"

namespace ms::server {

struct SettingChange {
  std::string_view name;  // the flag's, without "--"
  std::string from;
  std::string to;
};

// What differs, in the order of the flags.
std::vector<SettingChange> compare_settings(const ServeConfig& from, const ServeConfig& to);

// `running`, with those settings of `wanted` that can change while the server runs: what still differs needs a restart.
// `connections_max`: the most that --max-connections can become.
ServeConfig adopt_settings(const ServeConfig& running, const ServeConfig& wanted, uint64_t connections_max);

}  // namespace ms::server
