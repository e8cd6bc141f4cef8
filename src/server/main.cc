#include <charconv>
#include <cstdio>
#include <string_view>
#include <variant>

#include "http/http_service.h"
#include "net/descriptors.h"
#include "net/socket_keeper.h"
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

// What a server that ends executes, with descriptors that nobody else could give it: no command of the command line.
bool is_socket_keeper(int argc, char** argv) { return argc == 3 && argv[1] == net::kKeepSocketsCommand; }

int run_socket_keeper(std::string_view count_text) {
  size_t count = 0;
  std::from_chars(count_text.data(), count_text.data() + count_text.size(), count);
  if (count == 0 || count > net::kDescriptorsMax) return 2;
  net::run_socket_keeper(count, http::refusal_text("the server has ended, and no other has taken its place"));
}

}  // namespace
}  // namespace ms::server

int main(int argc, char** argv) {
  if (ms::server::is_socket_keeper(argc, argv)) return ms::server::run_socket_keeper(argv[2]);
  return std::visit([](const auto& parsed) { return ms::server::run(parsed); },
                    ms::server::parse_command_line(argc, argv));
}
