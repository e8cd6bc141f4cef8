#include <cstdio>
#include <variant>

#include "server/bench.h"
#include "server/config.h"
#include "server/drain.h"
#include "server/serve.h"
#include "watch/watch.h"

namespace ms::server {
namespace {

int run(const ServeConfig& config) { return serve(config); }

int run(const DrainConfig& config) { return drain(config); }

int run(const watch::WatchConfig& config) { return watch::watch(config); }

int run(const StormConfig& config) { return bench(config); }

int run(const IngestConfig& config) { return bench(config); }

int run(const MixedConfig& config) { return bench(config); }

int run(const Farewell& farewell) {
  std::fputs(farewell.text.c_str(), farewell.status == 0 ? stdout : stderr);
  return farewell.status;
}

}  // namespace
}  // namespace ms::server

int main(int argc, char** argv) {
  return std::visit([](const auto& parsed) { return ms::server::run(parsed); },
                    ms::server::parse_command_line(argc, argv));
}
