#include "api/start_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "api/reply_testing.h"
#include "base/clock.h"

namespace ms::api {
namespace {

constexpr uint64_t kForeverNs = 3600 * kNanosPerSecond;

class StartGateTest : public testing::Test {
 protected:
  StartGateTest() {
    router_.add({"/write", {"POST"}, [](http::Request& request, http::Responder responder) {
                   std::move(responder).send({.body = "wrote " + request.body});
                 }});
  }

  static std::unique_ptr<Reply> enter(StartGate& gate, std::string path, std::string body = "") {
    http::Request request{.method = "POST", .path = std::move(path), .body = std::move(body)};
    auto reply = std::make_unique<Reply>();
    gate.enter(request, reply->responder());
    return reply;
  }

  static void expect_told_to_come_back(Reply& reply) {
    const http::Response response = reply.take();
    EXPECT_EQ(response.status, 503);
    EXPECT_TRUE(std::ranges::any_of(response.headers, [](const auto& header) { return header.name == "Retry-After"; }));
  }

  QueuePolicy policy_{.deadline_ns = kForeverNs};
  http::Router router_;
};

TEST_F(StartGateTest, WhoWaitsIsAnsweredWhenItOpens) {
  StartGate gate(policy_);
  std::vector<std::unique_ptr<Reply>> replies;
  for (int i = 0; i < 3; ++i) replies.push_back(enter(gate, "/write", std::to_string(i)));
  const auto lost = enter(gate, "/nowhere");
  for (const auto& reply : replies) EXPECT_FALSE(reply->has_come());
  const StartGate::Counts counts = gate.open(router_);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(replies[static_cast<size_t>(i)]->take().body, "wrote " + std::to_string(i));
  EXPECT_EQ(lost->take().status, 404);
  EXPECT_EQ(counts.passed, 4u);
  EXPECT_EQ(counts.refused, 0u);
  EXPECT_EQ(enter(gate, "/write", "late")->take().body, "wrote late");
}

TEST_F(StartGateTest, WhoWaitsTooLongIsToldToComeBack) {
  policy_.deadline_ns = 20 * kNanosPerMilli;
  StartGate gate(policy_);
  const uint64_t begin_ns = monotonic_ns();
  const auto first = enter(gate, "/write");
  const auto second = enter(gate, "/write");
  expect_told_to_come_back(*first);
  EXPECT_GE(monotonic_ns() - begin_ns, policy_.deadline_ns.load());
  expect_told_to_come_back(*second);
  EXPECT_EQ(gate.open(router_).refused, 2u);
}

TEST_F(StartGateTest, WhereItClosesAllAreToldToComeBack) {
  StartGate gate(policy_);
  const auto before = enter(gate, "/write");
  gate.close();
  expect_told_to_come_back(*before);
  expect_told_to_come_back(*enter(gate, "/write"));
}

TEST_F(StartGateTest, NobodyIsForgottenWhoComesWhileItOpens) {
  for (int round = 0; round < 20; ++round) {
    StartGate gate(policy_);
    std::vector<std::jthread> guests;
    for (int i = 0; i < 4; ++i) {
      guests.emplace_back([&] {
        for (int n = 0; n < 50; ++n) EXPECT_EQ(enter(gate, "/write")->take().body, "wrote ");
      });
    }
    gate.open(router_);
  }
}

}  // namespace
}  // namespace ms::api
