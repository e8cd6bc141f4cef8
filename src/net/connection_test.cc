// What a connection says of its socket when its worker has done what it could.
#include "net/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "net/line_protocol_testing.h"

namespace ms::net {
namespace {

class ConnectionTest : public testing::Test, private Connection::ReplyObserver {
 protected:
  ConnectionTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    client_ = Descriptor(ends[0]);
    connection_ = std::make_unique<Connection>(Descriptor(ends[1]), 12, Endpoint(), Stamps(), service_, *mailbox_,
                                               /*single*/ false);
  }

  void send(const std::string& text) {
    ASSERT_EQ(::send(client_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  // One turn of a worker whose buffer takes eight bytes.
  Connection::Rest turn() { return connection_->on_ready(buffer_, monotonic_ns(), *this); }

  LineService service_;
  const std::unique_ptr<Mailbox> mailbox_ = std::move(*Mailbox::open());
  std::array<char, 8> buffer_{};
  Descriptor client_;
  std::unique_ptr<Connection> connection_;
  int replies_ = 0;

 private:
  void on_reply(const Connection&) override { ++replies_; }
  uint16_t worker() const override { return 1; }
};

TEST_F(ConnectionTest, ThereMayBeMoreUntilAReadFindsLessThanItsBufferTakes) {
  send("echo " + std::string(50, 'x') + "\n");
  ASSERT_EQ(turn(), Connection::Rest::kRead);
  EXPECT_TRUE(connection_->may_have_unread()) << "a turn ends after four reads, of 32 bytes here";
  EXPECT_EQ(replies_, 0);
  ASSERT_EQ(turn(), Connection::Rest::kRead);
  EXPECT_FALSE(connection_->may_have_unread());
  EXPECT_EQ(replies_, 1);
}

TEST_F(ConnectionTest, WhereTheEndIsNearThereMayAlwaysBeMore) {
  send("echo x\n");
  connection_->note_last_event();
  ASSERT_EQ(turn(), Connection::Rest::kRead);
  EXPECT_TRUE(connection_->may_have_unread()) << "the end itself";
}

TEST_F(ConnectionTest, ALastReplyLingersWhereBytesAreUnread) {
  send("last 1\n and more");
  EXPECT_EQ(turn(), Connection::Rest::kLinger);
  EXPECT_EQ(replies_, 1);
}

TEST_F(ConnectionTest, ALastReplyClosesWhereAllIsRead) {
  send("last 1\n");
  EXPECT_EQ(turn(), Connection::Rest::kClosed);
  EXPECT_EQ(replies_, 1);
}

}  // namespace
}  // namespace ms::net
