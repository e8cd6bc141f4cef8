#include "load/server_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/clock.h"
#include "load/loopback_server_testing.h"
#include "net/listener.h"

namespace ms::load {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

net::Listener open_listener(const char* address, int backlog) {
  auto listener = net::Listener::open(address, backlog);
  if (!listener) throw std::runtime_error(listener.error().message);
  return std::move(*listener);
}

Descriptor connect_to(const Target& target) {
  Descriptor client(socket(target.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&target.address), target.size), 0);
  return client;
}

// A process that has the test's sockets open, and waits.
class Bystander {
 public:
  Bystander() : pid_(fork()) {
    if (pid_ == 0) {
      while (true) pause();
    }
  }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;
  ~Bystander() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

class ListenQueueProbeTest : public testing::TestWithParam<const char*> {};

TEST_P(ListenQueueProbeTest, SeesWhoWaitsAndTheLimit) {
  const auto listener = open_listener(GetParam(), 7);
  const Target target = target_of(listener);
  const Descriptor first = connect_to(target);
  const Descriptor second = connect_to(target);
  const auto sockets = find_listening_sockets(target);
  ASSERT_EQ(sockets.size(), 1u);
  EXPECT_EQ(sockets[0].depth, 2u);
  EXPECT_EQ(sockets[0].limit, 7u);

  const auto figures = ServerProbe(target, std::nullopt).stop();
  ASSERT_TRUE(figures.listen_queue);
  EXPECT_EQ(figures.listen_queue->depths.mean, 2);
  EXPECT_EQ(figures.listen_queue->depths.max, 2u);
  EXPECT_EQ(figures.listen_queue->depths.limit, 7u);
}

INSTANTIATE_TEST_SUITE_P(Families, ListenQueueProbeTest, testing::Values("127.0.0.1:0", "[::1]:0"));

// `address` with the port of `listener`.
Target at_port_of(const net::Listener& listener, const std::string& address) {
  const Target bound = target_of(listener);
  sockaddr_in port{};  // an IPv6 address has its port at the same place
  std::memcpy(&port, &bound.address, sizeof port);
  const auto target = parse_http_target(address + ":" + std::to_string(ntohs(port.sin_port)));
  if (!target) throw std::runtime_error(target.error().message);
  return target->address;
}

struct ReachCase {
  const char* name;
  const char* listens_at;
  const char* target;
  bool is_reached;
};

class ReachTest : public testing::TestWithParam<ReachCase> {};

TEST_P(ReachTest, OnlyTheSocketsThatAClientOfTheTargetReachesAreTheServers) {
  const auto listener = open_listener(GetParam().listens_at, 7);
  const Target target = at_port_of(listener, GetParam().target);
  EXPECT_EQ(find_listening_sockets(target).size(), GetParam().is_reached ? 1u : 0u);
  const auto figures = ServerProbe(target, std::nullopt).stop();
  EXPECT_EQ(figures.listen_queue.has_value(), GetParam().is_reached);
  EXPECT_EQ(figures.server.pids.empty(), !GetParam().is_reached);
}

// 192.0.2.0/24 and 2001:db8::/32 are of nobody (RFC 5737, RFC 3849).
INSTANTIATE_TEST_SUITE_P(Addresses, ReachTest,
                         testing::Values(ReachCase{"Same", "127.0.0.2:0", "127.0.0.2", true},
                                         ReachCase{"AnotherOfThisMachine", "127.0.0.2:0", "127.0.0.1", false},
                                         ReachCase{"Wildcard", "0.0.0.0:0", "127.0.0.9", true},
                                         ReachCase{"WildcardOfBothFamilies", ":0", "127.0.0.1", true},
                                         ReachCase{"Ipv6WildcardFromIpv4", "[::]:0", "127.0.0.1", false},
                                         ReachCase{"ThisMachineByTheWildcard", "127.0.0.1:0", "0.0.0.0", true},
                                         ReachCase{"Ipv6", "[::1]:0", "[::1]", true},
                                         ReachCase{"Ipv6ByTheWildcard", "[::1]:0", "[::]", true},
                                         ReachCase{"Ipv4WildcardFromIpv6", "0.0.0.0:0", "[::1]", false},
                                         ReachCase{"AnotherMachine", "0.0.0.0:0", "192.0.2.1", false},
                                         ReachCase{"AnotherMachineByIpv6", "[::]:0", "[2001:db8::1]", false}),
                         [](const auto& each) { return each.param.name; });

TEST(ServerProbe, FindsEachProcessThatHasTheSocket) {
  const auto listener = open_listener("127.0.0.1:0", 8);
  const Bystander bystander;
  EXPECT_THAT(find_owners(find_listening_sockets(target_of(listener))),
              UnorderedElementsAre(getpid(), bystander.pid()));
}

TEST(ServerProbe, AProcessThatIsNamedCountsWithItsDescendants) {
  const Bystander bystander;
  EXPECT_THAT(with_descendants({getpid()}), UnorderedElementsAre(getpid(), bystander.pid()));
  EXPECT_THAT(with_descendants({bystander.pid()}), ElementsAre(bystander.pid()));
}

TEST(ServerProbe, WhereNobodyListensItKnowsNothing) {
  const auto listener = open_listener("127.0.0.1:0", 8);
  const Target target = target_of(listener);
  listener.stop_listening();
  const auto figures = ServerProbe(target, std::nullopt).stop();
  EXPECT_THAT(figures.server.pids, IsEmpty());
  EXPECT_FALSE(figures.listen_queue);
  EXPECT_EQ(figures.server.cpu_ns, 0u);
}

TEST(ServerProbe, CountsTheCpuTimeOfAllProcessesAndTheirSwitches) {
  const auto listener = open_listener("127.0.0.1:0", 8);
  ServerProbe probe(target_of(listener), std::nullopt);
  constexpr uint64_t kSpentNs = 20 * kNanosPerMilli;
  const pid_t worker = fork();  // a worker that begins after the probe
  if (worker == 0) {
    timespec spent{};
    while (static_cast<uint64_t>(spent.tv_nsec) < kSpentNs) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    raise(SIGSTOP);
  }
  int status = 0;
  waitpid(worker, &status, WUNTRACED);
  const auto figures = probe.stop();
  EXPECT_THAT(figures.server.pids, UnorderedElementsAre(getpid(), worker));
  EXPECT_GE(figures.server.cpu_ns, kSpentNs);
  EXPECT_LT(figures.server.cpu_ns, 100 * kSpentNs);
  EXPECT_GE(figures.server.context_switches, 1u);
  EXPECT_GT(figures.server.rss_bytes_max, 1u << 20);
  kill(worker, SIGKILL);
  waitpid(worker, nullptr, 0);
}

TEST(ServerProbe, ANumberIsFoundByItsWholeName) {
  constexpr std::string_view kStatus = "nonvoluntary_ctxt_switches:\t5\nvoluntary_ctxt_switches:\t7\nVmHWM:\t  12 kB\n";
  EXPECT_EQ(find_number(kStatus, "voluntary_ctxt_switches"), 7u);
  EXPECT_EQ(find_number(kStatus, "nonvoluntary_ctxt_switches"), 5u);
  EXPECT_EQ(find_number(kStatus, "VmHWM"), 12u);
  EXPECT_EQ(find_number(kStatus, "Vm"), std::nullopt);
  EXPECT_EQ(find_number("se.nr_migrations                             :                   17\n", "se.nr_migrations"),
            17u);
  EXPECT_EQ(find_number("VmHWM: much\n", "VmHWM"), std::nullopt);
  EXPECT_EQ(find_number("VmHWM", "VmHWM"), std::nullopt);
}

}  // namespace
}  // namespace ms::load
