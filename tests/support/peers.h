// The programs of others that the server is tested with: Debian's Prometheus and its tools, unpacked into the build
// folder.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace ms::test {

inline constexpr std::string_view kPrometheus = "prometheus";
inline constexpr std::string_view kPromtool = "promtool";
inline constexpr std::string_view kNodeExporter = "prometheus-node-exporter";

std::string peer_path(std::string_view name);

// A test that needs peers: one that is missing skips the test, or fails it where CI=true says that nothing may be
// missing.
class PeerTest : public testing::Test {
 protected:
  explicit PeerTest(std::initializer_list<std::string_view> peers) : peers_(peers.begin(), peers.end()) {}
  void SetUp() override;

 private:
  std::vector<std::string_view> peers_;
};

}  // namespace ms::test
