// A whole front door on loopback that speaks the line protocol, for its tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/client_testing.h"
#include "net/descriptors.h"
#include "net/front_door.h"
#include "net/line_protocol_testing.h"

namespace ms::net {

constexpr uint64_t kForeverNs = 3600 * kNanosPerSecond;

class FrontDoorTest : public testing::Test {
 protected:
  FrontDoorTest() {
    const auto descriptors = raise_descriptor_limit();
    EXPECT_TRUE(descriptors.has_value());
    options_ = {.addresses = {"127.0.0.1:0"},
                .backlog = read_somaxconn(),
                .workers = 2,
                .descriptors_max = descriptors.value_or(1024),
                .refuser_share = 1024,
                .connections_max = 100'000,
                .queue_max = 100'000,
                .first_bytes_ms = 60'000};
  }

  ~FrontDoorTest() override {
    service_.end_wakers();
    EXPECT_EQ(service_.collisions, 0u);
  }

  // With `options_` and the service as they are then.
  void start() {
    auto door = FrontDoor::open(options_);
    ASSERT_TRUE(door.has_value()) << door.error().message;
    door_ = std::move(*door);
    ASSERT_TRUE(door_->start(service_, policy_).has_value());
  }

  Client client(int receive_bytes = 0) { return Client(door_->listeners().front(), receive_bytes); }

  // A connection whose request occupies a worker until the service releases `name`.
  Client blocker(const std::string& name) {
    Client blocking = client();
    blocking.send("block " + name + "\n");
    service_.wait_until_blocked(name);
    return blocking;
  }

  FrontDoorStats stats() { return door_->stats(); }
  uint64_t stage_count(Stage stage) { return stats().stages[static_cast<size_t>(stage)].count; }

  static Client::Reading fin(std::string text) { return {std::move(text), Client::End::kFin}; }

  FrontDoorOptions options_;
  // Lets connections wait for as long as a slow machine takes.
  QueuePolicy policy_{.target_ns = 3600 * kNanosPerSecond, .deadline_ns = 3600 * kNanosPerSecond};
  LineService service_;
  std::unique_ptr<FrontDoor> door_;
};

}  // namespace ms::net
