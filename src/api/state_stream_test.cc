#include "api/state_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/thread.h"
#include "net/client_testing.h"

namespace ms::api {
namespace {

using http::Stream;
using net::eventually;

// One who follows the stream, as a session does: it asks, and where there is nothing yet it waits to be woken.
class Follower final : public net::SessionWaker {
 public:
  Follower(StateStream& states, double rate) : stream_(states.subscribe(rate)) {}

  void wake() override { wakes_.fetch_add(1); }

  bool is_refused() const { return stream_ == nullptr; }
  Stream::Next ask() { return stream_->next(*this, event_); }
  // Asks for a state and waits for it, without taking it.
  bool is_offered() {
    const int before = wakes_.load();
    return ask() == Stream::Next::kLater && eventually([&] { return wakes_.load() > before; });
  }
  std::shared_ptr<const std::string> take() { return ask() == Stream::Next::kPiece ? std::move(event_) : nullptr; }
  std::string follow() { return is_offered() ? *take() : "nothing"; }
  int wakes() const { return wakes_.load(); }

 private:
  std::atomic<int> wakes_ = 0;
  std::shared_ptr<const std::string> event_;
  const std::unique_ptr<Stream> stream_;  // first to go
};

// States are numbers in the order in which they are made, from 1.
class StateStreamTest : public testing::Test {
 protected:
  static std::string event(int number) { return "event: state\ndata: " + std::to_string(number) + "\n\n"; }

  std::string make() {
    std::unique_lock lock(mutex_);
    ++made_;
    changed_.wait(lock, [&] { return !is_held_; });
    const uint64_t end_ns = thread_cpu_ns() + cost_ns_;
    while (thread_cpu_ns() < end_ns) continue;
    return std::to_string(made_);
  }
  int made() {
    const std::lock_guard lock(mutex_);
    return made_;
  }
  // Whether the next state stays in the making.
  void hold(bool is_held) {
    const std::lock_guard lock(mutex_);
    is_held_ = is_held;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_:
  int made_ = 0;
  bool is_held_ = false;
  uint64_t cost_ns_ = 0;  // of CPU time, for each state

  StateStream states_{[this] { return make(); }};
};

TEST_F(StateStreamTest, TheFirstStateComesAtOnceAndTheNextInTime) {
  Follower one(states_, StateStream::kRateMax);
  EXPECT_EQ(one.follow(), event(1));
  const uint64_t first_ns = monotonic_ns();
  for (int number = 2; number <= 5; ++number) EXPECT_EQ(one.follow(), event(number));
  EXPECT_GE(monotonic_ns() - first_ns, 140 * kNanosPerMilli) << "the second may come at any time, then every 50 ms";
  EXPECT_EQ(states_.stats().sent, 5u);
}

TEST_F(StateStreamTest, WhereAStateCostsMuchThereAreFewer) {
  constexpr uint64_t kCostNs = 20 * kNanosPerMilli;
  cost_ns_ = kCostNs;
  Follower one(states_, StateStream::kRateMax);
  EXPECT_EQ(one.follow(), event(1));
  const uint64_t first_ns = monotonic_ns();
  for (int number = 2; number <= 4; ++number) EXPECT_EQ(one.follow(), event(number));
  // The thread is at its rest, or not yet, when the first state arrives: of that one a little may be over.
  EXPECT_GE(monotonic_ns() - first_ns, 2 * 10 * kCostNs);
}

TEST_F(StateStreamTest, WhoAsksSeldomIsNotKeptWaitingForTheFirst) {
  const uint64_t begin_ns = monotonic_ns();
  Follower one(states_, StateStream::kRateMin);
  EXPECT_EQ(one.follow(), event(1));
  EXPECT_LT(monotonic_ns() - begin_ns, 9 * kNanosPerSecond);
}

TEST_F(StateStreamTest, AllWhoAreDueShareOneState) {
  hold(true);
  Follower first(states_, 4);
  EXPECT_EQ(first.ask(), Stream::Next::kLater);
  ASSERT_TRUE(eventually([&] { return made() == 1; }));
  std::vector<std::unique_ptr<Follower>> others;
  for (int i = 0; i < 49; ++i) {
    others.push_back(std::make_unique<Follower>(states_, i % 2 == 0 ? 4 : 0.5));
    EXPECT_EQ(others.back()->ask(), Stream::Next::kLater);
  }
  hold(false);
  const auto have_all = [&] { return std::ranges::all_of(others, [](const auto& one) { return one->wakes() == 1; }); };
  ASSERT_TRUE(eventually(have_all));
  EXPECT_EQ(*first.take(), event(1));
  const std::shared_ptr<const std::string> shared = others[0]->take();
  EXPECT_EQ(*shared, event(2));
  for (size_t i = 1; i < others.size(); ++i) EXPECT_EQ(others[i]->take(), shared);
}

TEST_F(StateStreamTest, AStateThatASlowOneDoesNotTakeIsLeftOutForIt) {
  Follower slow(states_, StateStream::kRateMax);
  ASSERT_TRUE(slow.is_offered());
  Follower quick(states_, StateStream::kRateMax);
  const uint64_t skipped_before = states_.stats().skipped;
  do {
    quick.follow();
  } while (states_.stats().skipped < skipped_before + 3);
  EXPECT_EQ(*slow.take(), event(1)) << "what it has been offered is its own";
  EXPECT_NE(slow.follow(), event(2));
  EXPECT_EQ(slow.wakes(), 2);
}

TEST_F(StateStreamTest, NoStateIsMadeForThoseWhoTakeNone) {
  Follower slow(states_, StateStream::kRateMax);
  ASSERT_TRUE(slow.is_offered());
  EXPECT_TRUE(eventually([&] { return states_.stats().skipped >= 3; }));
  EXPECT_EQ(made(), 1);
}

TEST_F(StateStreamTest, ThereIsRoomForSoManyAndAgainWhenOneHasGone) {
  std::vector<std::unique_ptr<Follower>> all;
  for (size_t i = 0; i < StateStream::kSubscribersMax; ++i) all.push_back(std::make_unique<Follower>(states_, 0.1));
  EXPECT_EQ(states_.stats().subscribers, StateStream::kSubscribersMax);
  EXPECT_TRUE(Follower(states_, 4).is_refused());
  EXPECT_EQ(states_.stats().refused, 1u);
  all.pop_back();
  EXPECT_FALSE(Follower(states_, 4).is_refused());
  EXPECT_EQ(states_.stats().subscribers, StateStream::kSubscribersMax - 1);
}

TEST_F(StateStreamTest, AStopEndsEveryStream) {
  Follower waiting(states_, StateStream::kRateMin);
  EXPECT_EQ(waiting.follow(), event(1));
  EXPECT_EQ(waiting.ask(), Stream::Next::kLater);
  Follower busy(states_, StateStream::kRateMin);
  ASSERT_TRUE(busy.is_offered());
  Follower silent(states_, StateStream::kRateMin);
  states_.stop();
  EXPECT_EQ(waiting.wakes(), 2);
  EXPECT_EQ(busy.wakes(), 1) << "it is not waiting";
  Follower late(states_, 4);
  for (Follower* one : {&waiting, &busy, &silent, &late}) EXPECT_EQ(one->ask(), Stream::Next::kEnd);
  EXPECT_EQ(late.wakes(), 0);
}

// Followers that come, take some states and go, while a stop is near: each that waits is woken.
TEST_F(StateStreamTest, NoFollowerIsLeftWaiting) {
  constexpr int kThreads = 8;
  std::atomic<int> ended = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        while (true) {
          Follower one(states_, StateStream::kRateMax);
          for (int i = 0; i < 3; ++i) {
            const int before = one.wakes();
            const Stream::Next next = one.ask();
            if (next == Stream::Next::kEnd) {
              ended.fetch_add(1);
              return;
            }
            if (next == Stream::Next::kLater && !eventually([&] { return one.wakes() > before; })) return;
          }
        }
      });
    }
    EXPECT_TRUE(eventually([&] { return states_.stats().sent >= 20; }));
    states_.stop();
  }
  EXPECT_EQ(ended, kThreads);
  EXPECT_EQ(states_.stats().subscribers, 0u);
}

}  // namespace
}  // namespace ms::api
