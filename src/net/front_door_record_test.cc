// What connections and requests leave in the recorder.
#include <algorithm>

#include "net/front_door_testing.h"

namespace ms::net {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class FrontDoorRecordTest : public FrontDoorTest {
 protected:
  // The records once there are `count` of them, by connection and request.
  std::vector<Record> records(size_t count) {
    EXPECT_TRUE(eventually([&] { return door_->records().size() >= count; }));
    std::vector<Record> records = door_->records();
    std::ranges::sort(records, {}, [](const Record& record) { return std::pair(record.connection, record.request); });
    return records;
  }

  static std::vector<uint64_t> stamps_of(const Record& record) {
    const Stamps& stamps = record.stamps;
    return {stamps.accept_begin_ns, stamps.accepted_ns, stamps.enqueued_ns, stamps.taken_ns,
            stamps.complete_ns,     stamps.durable_ns,  stamps.replied_ns};
  }
};

TEST_F(FrontDoorRecordTest, ARequestLeavesItsStampsInOrder) {
  start();
  EXPECT_EQ(client().ask("durable"), "durable");
  const std::vector<Record> left = records(1);
  ASSERT_THAT(left, SizeIs(1));
  const std::vector<uint64_t> stamps = stamps_of(left[0]);
  EXPECT_THAT(stamps, Each(testing::Ne(0u)));
  EXPECT_TRUE(std::ranges::is_sorted(stamps)) << testing::PrintToString(stamps);
  EXPECT_EQ(left[0].ended_ns, left[0].stamps.replied_ns);
}

TEST_F(FrontDoorRecordTest, ARequestLeavesWhoAndWhereItWas) {
  options_.workers = 1;
  start();
  Client one = client();
  EXPECT_EQ(one.ask("echo 1"), "1");
  const std::vector<Record> left = records(1);
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].connection, 1u);
  EXPECT_EQ(left[0].request, 1u);
  EXPECT_EQ(left[0].taken_by, 1u);
  EXPECT_EQ(left[0].worker, 1u);
  EXPECT_EQ(left[0].outcome, Outcome::kReplied);
  EXPECT_EQ(left[0].local, door_->listeners().front().endpoint());
  EXPECT_TRUE(left[0].peer.is_loopback());
  EXPECT_EQ(left[0].peer, Endpoint::peer_of(left[0].fd)) << "the server's descriptor, in this process";
}

TEST_F(FrontDoorRecordTest, ConnectionsAreNumberedAndSoAreTheirRequests) {
  start();
  Client first = client();
  EXPECT_EQ(first.ask("echo 1"), "1");
  EXPECT_EQ(client().ask("echo 2"), "2");
  EXPECT_EQ(first.ask("echo 3"), "3");
  std::vector<std::pair<uint64_t, uint64_t>> numbers;
  for (const Record& record : records(3)) numbers.emplace_back(record.connection, record.request);
  EXPECT_THAT(numbers, ElementsAre(std::pair(1u, 1u), std::pair(1u, 2u), std::pair(2u, 1u)));
}

TEST_F(FrontDoorRecordTest, WhoLeavesWithoutARequestLeavesARecord) {
  start();
  client().finish();
  const std::vector<Record> left = records(1);
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].outcome, Outcome::kClosed);
  EXPECT_EQ(left[0].stamps.replied_ns, 0u);
}

TEST_F(FrontDoorRecordTest, WhoIsRefusedLeavesTheReason) {
  options_.workers = 1;
  options_.queue_max = 1;
  policy_.deadline_ns = 50 * kNanosPerMilli;
  start();
  Client busy = blocker("busy");
  Client too_long = client();
  too_long.send("echo 1\n");
  ASSERT_TRUE(eventually([&] { return stats().queue_length == 1; }));
  EXPECT_EQ(client().read_all(), fin("refused\n"));
  EXPECT_EQ(too_long.read_all(), fin("refused\n"));
  std::vector<Outcome> outcomes;
  for (const Record& record : records(2)) outcomes.push_back(record.outcome);
  EXPECT_THAT(outcomes, ElementsAre(Outcome::kRefusedAge, Outcome::kRefusedQueue));
  service_.release("busy");
  EXPECT_EQ(busy.read_line(), "released");
}

TEST_F(FrontDoorRecordTest, ABurstsWaitInTheKernelIsBounded) {
  start();
  std::vector<Client> burst;
  for (int i = 0; i < 200; ++i) burst.push_back(client());
  for (Client& one : burst) EXPECT_EQ(one.ask("echo 1"), "1");
  std::vector<Record> left = records(200);
  std::erase_if(left, [](const Record& record) { return !record.kernel_wait.is_sampled; });
  EXPECT_GE(left.size(), 200u / 16);
  for (const Record& record : left) {
    EXPECT_LE(record.kernel_wait.at_least_ns, record.kernel_wait.at_most_ns);
    EXPECT_LE(record.kernel_wait.at_most_ns, record.stamps.accepted_ns);
  }
}

TEST_F(FrontDoorRecordTest, SwitchedOffItKeepsNothing) {
  options_.records_per_thread = 0;
  start();
  EXPECT_EQ(client().ask("echo 1"), "1");
  ASSERT_TRUE(eventually([&] { return stats().requests == 1; }));
  EXPECT_THAT(door_->records(), IsEmpty());
}

}  // namespace
}  // namespace ms::net
