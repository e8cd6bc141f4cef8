#include <cstdio>
#include <variant>

#include "server/config.h"
#include "server/serve.h"

int main(int argc, char** argv) {
  const auto parsed = ms::server::parse_command_line(argc, argv);
  if (const auto* farewell = std::get_if<ms::server::Farewell>(&parsed)) {
    std::fputs(farewell->text.c_str(), farewell->status == 0 ? stdout : stderr);
    return farewell->status;
  }
  return ms::server::serve(std::get<ms::server::ServeConfig>(parsed));
}
