#include "load/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/clock.h"
#include "load/arrivals.h"
#include "load/loopback_server_testing.h"

namespace ms::load {
namespace {

net::Listener open_listener() {
  auto listener = net::Listener::open("127.0.0.1:0", 1024);
  if (!listener) throw std::runtime_error(listener.error().message);
  return std::move(*listener);
}

Plan plan_of(std::vector<uint64_t> schedule_ns, uint64_t timeout_ns) {
  return {.schedule_ns = std::move(schedule_ns), .requests = {"GET / HTTP/1.1\r\n\r\n"}, .timeout_ns = timeout_ns};
}

void ignore_progress(size_t /*ended*/) {}

// The only child that this process has; 0: it has none.
pid_t only_child() {
  std::ifstream file("/proc/self/task/" + std::to_string(getpid()) + "/children");
  pid_t pid = 0;
  file >> pid;
  return pid;
}

TEST(LoadChildTest, HandsBackEachAttemptAndItsOwnCpuTime) {
  auto listener = open_listener();
  auto child = LoadChild::fork(plan_of(poisson_arrivals(1000, kNanosPerSecond / 2, 7), 30 * kNanosPerSecond));
  ASSERT_TRUE(child) << child.error().message;
  LoopbackServer server(listener, Answer::kOk);
  const uint64_t before_ns = monotonic_ns();
  ASSERT_TRUE(child->start(target_of(listener)));
  size_t last = 0;
  size_t calls = 0;
  const auto report = child->collect([&](size_t ended) {
    EXPECT_GE(ended, last);
    last = ended;
    ++calls;
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(tally(report->attempts).served, report->attempts.size());
  EXPECT_EQ(server.stop().size(), report->attempts.size());
  EXPECT_GE(report->attempts.front().scheduled_ns, before_ns);
  EXPECT_LE(report->attempts.back().ended_ns, monotonic_ns());
  EXPECT_EQ(last, report->attempts.size());
  EXPECT_GT(calls, 1u);
  EXPECT_GT(report->cpu_ns, 0u);
}

TEST(LoadChildTest, NothingThatTheParentLeavesUndoneHoldsTheChildUp) {
  auto listener = open_listener();
  auto child = LoadChild::fork(plan_of(burst_arrivals(900), 30 * kNanosPerSecond));
  ASSERT_TRUE(child) << child.error().message;
  LoopbackServer server(listener, Answer::kUnavailable);
  ASSERT_TRUE(child->start(target_of(listener)));
  siginfo_t ended{};
  ASSERT_EQ(waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT), 0);  // without a look at what it has noted
  const auto report = child->collect(ignore_progress);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(tally(report->attempts).refused, 900u);
}

TEST(LoadChildTest, AChildThatIsKilledIsAnError) {
  const auto listener = open_listener();  // which takes nobody: the client waits
  auto child = LoadChild::fork(plan_of(burst_arrivals(1), 60 * kNanosPerSecond));
  ASSERT_TRUE(child) << child.error().message;
  ASSERT_TRUE(child->start(target_of(listener)));
  const auto report = child->collect([](size_t /*ended*/) {
    if (const pid_t pid = only_child(); pid != 0) kill(pid, SIGKILL);
  });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message, "load generator: the child was killed");
}

TEST(LoadChildTest, NoChildOutlivesItsOwner) {
  const auto listener = open_listener();
  for (const bool is_started : {false, true}) {
    {
      auto child = LoadChild::fork(plan_of(burst_arrivals(1), 60 * kNanosPerSecond));
      ASSERT_TRUE(child) << child.error().message;
      EXPECT_TRUE(!is_started || child->start(target_of(listener)));
      EXPECT_NE(only_child(), 0);
    }
    EXPECT_EQ(only_child(), 0);
  }
}

TEST(LoadChildTest, AChildDiesWithItsParent) {
  const auto listener = open_listener();
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);  // open in the parent and in its child for as long as they live
  const pid_t parent = fork();
  if (parent == 0) {
    auto child = LoadChild::fork(plan_of(burst_arrivals(1), 60 * kNanosPerSecond));
    if (child && child->start(target_of(listener))) pause();
    _exit(1);
  }
  write_end.reset();
  while (listener.queue_depth() == 0) ASSERT_EQ(waitpid(parent, nullptr, WNOHANG), 0);
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  pollfd end{.fd = read_end.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&end, 1, 30'000), 1);
  EXPECT_NE(end.revents & POLLHUP, 0);
}

}  // namespace
}  // namespace ms::load
