#include "net/kernel_counters.h"

#include <gtest/gtest.h>

namespace ms::net {
namespace {

TEST(KernelCountersTest, FindsTheCountersByName) {
  const NamespaceCounters counters = parse_netstat(
      "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPHPHits TCPSynRetrans\n"
      "TcpExt: 1 22 333 4 55555\n"
      "IpExt: InNoRoutes ListenDrops\n"
      "IpExt: 5 6\n");
  EXPECT_EQ(counters.listen_overflows, 22u);
  EXPECT_EQ(counters.listen_drops, 333u);
  EXPECT_EQ(counters.syn_retransmits, 55555u);
}

TEST(KernelCountersTest, TextOfAnotherShapeCountsNothing) {
  for (const char* text : {"", "TcpExt:", "TcpExt: ListenDrops\n", "TcpExt: ListenDrops\nTcpExt:\n", "\n\n\n"}) {
    EXPECT_EQ(parse_netstat(text).listen_drops, 0u) << text;
  }
}

TEST(KernelCountersTest, ReadsAtMostOnceASecond) {
  KernelCounters counters;
  const NamespaceCounters first = counters.read(1);
  const NamespaceCounters again = counters.read(2);
  EXPECT_EQ(first.listen_drops, again.listen_drops);
}

}  // namespace
}  // namespace ms::net
