#include "load/listener_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/clock.h"
#include "load/loopback_server_testing.h"

namespace ms::load {
namespace {

class ListenerCheckTest : public testing::Test {
 protected:
  std::string check(uint64_t timeout_ns, const std::string& network_namespace = {}) {
    const auto found = check_listener(target_, network_namespace, timeout_ns);
    return found ? "" : found.error().message;
  }

  net::Listener listener_ = std::move(*net::Listener::open("127.0.0.1:0", 1));
  const Target target_ = target_of(listener_);
};

TEST_F(ListenerCheckTest, FindsWhoListens) { EXPECT_EQ(check(kNanosPerSecond), ""); }

TEST_F(ListenerCheckTest, SaysThatNobodyListens) {
  listener_.stop_listening();
  EXPECT_EQ(check(kNanosPerSecond), "connect: Connection refused");
}

TEST_F(ListenerCheckTest, GivesUpWhereTheListenQueueIsFull) {
  const std::vector<Descriptor> waiting = fill_queue(target_);
  EXPECT_EQ(check(50 * kNanosPerMilli), "connect: Connection timed out");
}

TEST_F(ListenerCheckTest, SaysWhichNetworkNamespaceThereIsNot) {
  EXPECT_THAT(check(kNanosPerSecond, "no-such-namespace"), testing::HasSubstr("no-such-namespace"));
}

}  // namespace
}  // namespace ms::load
