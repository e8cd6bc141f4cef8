#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <string>

namespace ms::net {
namespace {

// A blocking client connection to an IPv4 listener.
Descriptor connect_to(const Listener& listener) {
  Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  return fd;
}

TEST(ListenerTest, PortZeroBecomesTheChosenPort) {
  auto listener = Listener::open("127.0.0.1:0", 16);
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_TRUE(listener->address().starts_with("127.0.0.1:"));
  EXPECT_FALSE(listener->address().ends_with(":0"));
  EXPECT_TRUE(listener->is_loopback());
}

TEST(ListenerTest, ListensOnIPv6AndOnEverything) {
  auto loopback = Listener::open("[::1]:0", 16);
  ASSERT_TRUE(loopback) << loopback.error().message;
  EXPECT_TRUE(loopback->address().starts_with("[::1]:"));
  EXPECT_TRUE(loopback->is_loopback());
  auto everything = Listener::open(":0", 16);
  ASSERT_TRUE(everything) << everything.error().message;
  EXPECT_FALSE(everything->is_loopback());
}

TEST(ListenerTest, BadAddressesSayHowToWriteGoodOnes) {
  for (const char* address :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:8080", "[]:1", "[a]:1"}) {
    auto listener = Listener::open(address, 16);
    ASSERT_FALSE(listener) << address;
    EXPECT_EQ(listener.error().code, ErrorCode::kInvalid) << address;
    EXPECT_NE(listener.error().message.find("write it as 127.0.0.1:8080"), std::string::npos) << address;
  }
}

TEST(ListenerTest, APortInUseIsNamed) {
  auto first = Listener::open("127.0.0.1:0", 16);
  ASSERT_TRUE(first);
  auto second = Listener::open(first->address(), 16);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
  EXPECT_TRUE(second.error().message.starts_with("listen on " + first->address() + ": Address already in use"))
      << second.error().message;
}

TEST(ListenerTest, TheListenQueueShowsWhoWaitsAndItsLimit) {
  auto listener = Listener::open("127.0.0.1:0", 16);
  ASSERT_TRUE(listener);
  EXPECT_EQ(listener->queue().depth, 0u);
  EXPECT_EQ(listener->queue().limit, 16u);
  const Descriptor first = connect_to(*listener);
  const Descriptor second = connect_to(*listener);
  EXPECT_EQ(listener->queue().depth, 2u);
  EXPECT_EQ(listener->queue_depth(), 2u);
  const Descriptor taken(accept4(listener->fd(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_EQ(listener->queue_depth(), 1u);
}

TEST(ListenerTest, WhatListensAlreadyIsAdoptedWithItsQueue) {
  auto first = Listener::open("127.0.0.1:0", 16);
  ASSERT_TRUE(first);
  const Descriptor waiting = connect_to(*first);
  Descriptor fd(dup(first->fd()));
  fcntl(fd.get(), F_SETFL, 0);
  auto adopted = Listener::adopt(std::move(fd), 0);
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(adopted->address(), first->address());
  EXPECT_EQ(adopted->queue_depth(), 1u);
  EXPECT_EQ(adopted->queue().limit, 16u);
  EXPECT_NE(fcntl(adopted->fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_TRUE(adopted->is_inherited());
  auto deepened = Listener::adopt(Descriptor(dup(first->fd())), 32);
  ASSERT_TRUE(deepened) << deepened.error().message;
  EXPECT_EQ(first->queue().limit, 32u);
}

TEST(ListenerTest, WhatDoesNotListenIsNotAdopted) {
  const auto message_of = [](int fd) {
    const std::string name = "inherited descriptor " + std::to_string(fd);
    auto adopted = Listener::adopt(Descriptor(fd), 0);
    if (adopted) return std::string("adopted");
    EXPECT_EQ(adopted.error().code, ErrorCode::kInvalid);
    return adopted.error().message.substr(name.size());
  };
  const std::string refused = " is not a listening TCP socket";
  EXPECT_EQ(message_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), refused);
  EXPECT_EQ(message_of(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), refused);
  EXPECT_EQ(message_of(open("/dev/null", O_RDONLY | O_CLOEXEC)), refused);
  Descriptor local(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un abstract{.sun_family = AF_UNIX, .sun_path = ""};
  ASSERT_EQ(bind(local.get(), reinterpret_cast<const sockaddr*>(&abstract), sizeof abstract.sun_family), 0);
  ASSERT_EQ(listen(local.get(), 1), 0);
  EXPECT_EQ(message_of(local.release()), refused);
}

TEST(ListenerTest, AfterDropHandshakesNoneBegins) {
  auto listener = Listener::open("127.0.0.1:0", 16);
  ASSERT_TRUE(listener);
  const Descriptor before = connect_to(*listener);
  listener->drop_handshakes();
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener->fd(), reinterpret_cast<sockaddr*>(&address), &size);
  const Descriptor after(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(after.get(), reinterpret_cast<const sockaddr*>(&address), size), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  EXPECT_EQ(listener->queue_depth(), 1u) << "who was there before still waits to be accepted";
}

}  // namespace
}  // namespace ms::net
