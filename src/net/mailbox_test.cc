#include "net/mailbox.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

namespace ms::net {
namespace {

class MailboxTest : public testing::Test {
 protected:
  // The mailbox never looks inside a letter.
  static Connection* letter(size_t number) { return reinterpret_cast<Connection*>(number); }

  uint64_t signals() {
    eventfd_t count = 0;
    return eventfd_read(mailbox_->event_fd(), &count) == 0 ? count : 0;
  }

  const std::unique_ptr<Mailbox> mailbox_ = std::move(*Mailbox::open());
  std::vector<Connection*> taken_;
};

TEST_F(MailboxTest, OneSignalAnnouncesAllUntilAWorkerComes) {
  for (size_t i = 1; i <= 5; ++i) mailbox_->post(letter(i));
  EXPECT_EQ(signals(), 1u);
  mailbox_->take(taken_);
  EXPECT_EQ(taken_, (std::vector{letter(1), letter(2), letter(3), letter(4), letter(5)}));
  EXPECT_EQ(signals(), 0u);
  mailbox_->post(letter(6));
  EXPECT_EQ(signals(), 1u);
}

TEST_F(MailboxTest, WhatIsLeftIsSignalledToTheNextWorker) {
  for (size_t i = 1; i <= Mailbox::kTakeMax + 2; ++i) mailbox_->post(letter(i));
  signals();
  mailbox_->take(taken_);
  EXPECT_EQ(taken_.size(), Mailbox::kTakeMax);
  EXPECT_EQ(signals(), 1u);
  mailbox_->take(taken_);
  EXPECT_EQ(taken_, (std::vector{letter(Mailbox::kTakeMax + 1), letter(Mailbox::kTakeMax + 2)}));
  EXPECT_EQ(signals(), 0u);
}

TEST_F(MailboxTest, NoneIsLostOrTwiceWhenItNeverRunsEmpty) {
  size_t posted = 0;
  size_t next = 1;
  for (int round = 0; round < 1000; ++round) {
    while (posted < next + 2 * Mailbox::kTakeMax) mailbox_->post(letter(++posted));
    mailbox_->take(taken_);
    ASSERT_EQ(taken_.size(), Mailbox::kTakeMax);
    for (Connection* one : taken_) ASSERT_EQ(one, letter(next++));
  }
}

TEST_F(MailboxTest, AnEmptyMailboxGivesNothing) {
  mailbox_->take(taken_);
  EXPECT_TRUE(taken_.empty());
}

}  // namespace
}  // namespace ms::net
