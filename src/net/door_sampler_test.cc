#include "net/door_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/client_testing.h"

namespace ms::net {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kTargetNs = 50 * kNanosPerMilli;

// A sampler whose figures the test sets, over a listener that nobody accepts from.
class DoorSamplerTest : public testing::Test {
 protected:
  ~DoorSamplerTest() override { std::filesystem::remove(log_file_); }

  static std::vector<Listener> listen() {
    std::vector<Listener> listeners;
    listeners.push_back(*Listener::open("127.0.0.1:0", 128));
    return listeners;
  }
  // What the sampler reads from now on; all of it at once.
  void set(const DoorSampler::Figures& figures) {
    const std::lock_guard lock(mutex_);
    figures_ = figures;
  }
  DoorSampler::Figures read() {
    ++looks_;
    const std::lock_guard lock(mutex_);
    return figures_;
  }
  // Waits for a look that begins later than now, to its end.
  void wait_for_look() {
    const uint64_t seen = looks_;
    ASSERT_TRUE(eventually([&] { return looks_ >= seen + 2; }));
  }
  std::vector<std::string> logged() const {
    std::vector<std::string> lines;
    std::ifstream file(log_file_);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  const std::string log_file_ =
      testing::TempDir() + "door_sampler_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".log";
  const Logger log_{LogLevel::kInfo, LogFormat::kLogfmt, log_file_};
  const std::vector<Listener> listeners_ = listen();
  std::atomic<uint64_t> looks_ = 0;
  std::mutex mutex_;
  DoorSampler::Figures figures_;  // under mutex_
  DoorSampler sampler_{listeners_, [this] { return read(); }, &log_};
};

TEST_F(DoorSamplerTest, SeesHowFastConnectionsAreAccepted) {
  wait_for_look();
  set({.accepted = 1000});
  EXPECT_TRUE(eventually([&] { return sampler_.rates().last_second > 0; }));
  EXPECT_GT(sampler_.rates().last_ten_seconds, 0);
}

TEST_F(DoorSamplerTest, SeesWhoWaitsInTheListenQueue) {
  const Client waiting(listeners_.front());
  ASSERT_TRUE(eventually([&] { return sampler_.waiting().front().total == 1; }));
  EXPECT_THAT(sampler_.waiting(), SizeIs(1));
  EXPECT_THAT(sampler_.waiting().front().peers, ElementsAre(waiting.endpoint()));
}

TEST_F(DoorSamplerTest, LogsWhenOverloadBeginsAndEndsOnceEach) {
  set({.refused_age = 5});
  wait_for_look();
  EXPECT_THAT(logged(), IsEmpty());
  set({.accepted = 1234, .refused_age = 15, .is_overloaded = true, .overloads = 1, .queue_target_ns = kTargetNs});
  wait_for_look();
  wait_for_look();
  EXPECT_THAT(logged(), ElementsAre(AllOf(HasSubstr("level=warn"), HasSubstr("overload begins"),
                                          HasSubstr("newest_connection=C1234 target_ms=50"))));
  set({.accepted = 2000, .refused_age = 105, .overloads = 1, .queue_target_ns = kTargetNs});
  wait_for_look();
  wait_for_look();
  ASSERT_THAT(logged(), SizeIs(2));
  EXPECT_THAT(logged().back(), AllOf(HasSubstr("level=info"), HasSubstr("overload has ended"),
                                     HasSubstr("newest_connection=C2000 target_ms=50 refused=100 lasted_ms=")));
}

TEST_F(DoorSamplerTest, LogsAnOverloadThatItNeverSaw) {
  wait_for_look();
  set({.refused_age = 3, .overloads = 1});
  wait_for_look();
  EXPECT_THAT(logged(), ElementsAre(HasSubstr("overload begins"), HasSubstr("refused=3")));
}

}  // namespace
}  // namespace ms::net
