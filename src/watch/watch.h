// `metricstream watch`: a server's front door, drawn on the terminal.
#pragma once

#include <cstdint>
#include <string>

namespace ms::watch {

struct WatchConfig {
  std::string url = "http://127.0.0.1:8080/api/v1/front-door";  // see front_door_url
  int64_t interval_ms = 500;
  bool is_once = false;
};

// Draws to stdout until SIGINT, SIGTERM or SIGHUP; once: a single drawing. Returns the process's exit status: 1 where
// the server gives no front door to draw once, though asked again for some 3 s where it answers 503, or stdout takes no
// drawing.
int watch(const WatchConfig& config);

}  // namespace ms::watch
