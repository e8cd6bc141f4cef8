#include "support/peers.h"

#include <unistd.h>

#include <cstdlib>

namespace ms::test {

std::string peer_path(std::string_view name) { return std::string(MS_PEERS_DIR) + "/usr/bin/" + std::string(name); }

void PeerTest::SetUp() {
  const char* ci = std::getenv("CI");
  const bool must_have = ci != nullptr && std::string_view(ci) == "true";
  for (const std::string_view peer : peers_) {
    const std::string path = peer_path(peer);
    if (access(path.c_str(), X_OK) == 0) continue;
    if (must_have) FAIL() << path << " is missing";
    GTEST_SKIP() << path << " is missing: `./dev test` fetches it";
  }
}

}  // namespace ms::test
