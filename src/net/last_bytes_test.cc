#include "net/last_bytes.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "net/client_testing.h"

namespace ms::net {
namespace {

TEST(LastBytes, TheirAgeIsNeverMoreThanTheTruth) {
  auto listener = Listener::open("127.0.0.1:0", 8);
  ASSERT_TRUE(listener.has_value());
  uint64_t begin_ns = monotonic_ns();
  Client client(*listener);
  ASSERT_TRUE(client.is_connected());
  const Descriptor fd(accept4(listener->fd(), nullptr, nullptr, SOCK_CLOEXEC));
  for (int i = 0; i < 50; ++i) {
    EXPECT_LE(since_last_bytes_ns(fd.get()), monotonic_ns() - begin_ns) << "since the handshake";
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(eventually([&] { return since_last_bytes_ns(fd.get()) >= 50 * kNanosPerMilli; }));
  begin_ns = monotonic_ns();
  client.send("x");
  for (int i = 0; i < 50; ++i) {
    EXPECT_LE(since_last_bytes_ns(fd.get()), monotonic_ns() - begin_ns) << "since the byte";
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(LastBytes, WhatIsNoConnectionHasNone) { EXPECT_EQ(since_last_bytes_ns(-1), 0u); }

}  // namespace
}  // namespace ms::net
