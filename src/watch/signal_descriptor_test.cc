#include "watch/signal_descriptor.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <optional>

namespace ms::watch {
namespace {

bool is_readable(int fd) {
  pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&readable, 1, 0) == 1;
}

TEST(SignalDescriptorTest, ASignalIsReadOnceInsteadOfDelivered) {
  auto signals = SignalDescriptor::open();
  ASSERT_TRUE(signals) << signals.error().message;
  EXPECT_FALSE(is_readable(signals->fd()));
  EXPECT_EQ(signals->take(), std::nullopt);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH}) {
    ASSERT_EQ(::raise(number), 0);
    EXPECT_TRUE(is_readable(signals->fd()));
    EXPECT_EQ(signals->take(), number);
    EXPECT_EQ(signals->take(), std::nullopt);
  }
}

TEST(SignalDescriptorTest, SignalsAreDeliveredAgainAfterwards) {
  const auto is_blocked = [](int number) {
    sigset_t blocked;
    EXPECT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &blocked), 0);
    return sigismember(&blocked, number) == 1;
  };
  {
    const auto signals = SignalDescriptor::open();
    ASSERT_TRUE(signals);
    EXPECT_TRUE(is_blocked(SIGINT));
  }
  EXPECT_FALSE(is_blocked(SIGINT));
}

}  // namespace
}  // namespace ms::watch
