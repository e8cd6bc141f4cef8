#include <cstdio>
#include <variant>

#include "server/config.h"
#include "server/serve.h"
#include "watch/watch.h"

int main(int argc, char** argv) {
  const auto parsed = ms::server::parse_command_line(argc, argv);
  if (const auto* farewell = std::get_if<ms::server::Farewell>(&parsed)) {
    std::fputs(farewell->text.c_str(), farewell->status == 0 ? stdout : stderr);
    return farewell->status;
  }
  if (const auto* config = std::get_if<ms::watch::WatchConfig>(&parsed)) return ms::watch::watch(*config);
  return ms::server::serve(std::get<ms::server::ServeConfig>(parsed));
}
