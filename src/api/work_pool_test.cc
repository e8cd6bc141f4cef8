#include "api/work_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <deque>
#include <latch>
#include <new>
#include <string>
#include <utility>

#include "api/reply_testing.h"

namespace ms::api {
namespace {

using testing::HasSubstr;

constexpr size_t kQueueLengthMax = 8;

WorkPoolOptions options(size_t threads) {
  return {.name = "work", .threads = threads, .queue_length_max = kQueueLengthMax};
}

WorkPool::Work saying(std::string body) {
  return [body = std::move(body)](http::Responder& responder) { std::move(responder).send({.body = body}); };
}

// Work that occupies a thread of the pool from occupy() to release(). It outlives the pool.
class HeldWork {
 public:
  void occupy(WorkPool& pool) {
    pool.submit(
        [this](http::Responder& responder) {
          begun_.count_down();
          may_end_.wait();
          std::move(responder).send({.body = "held"});
        },
        reply_.responder());
    begun_.wait();
  }
  void release() { may_end_.count_down(); }
  std::string take_body() { return reply_.take().body; }

 private:
  std::latch begun_{1};
  std::latch may_end_{1};
  Reply reply_;
};

TEST(WorkPool, WorkRunsOnANamedThreadOfOrdinaryPriority) {
  Reply reply;
  WorkPool pool(options(1));
  pool.submit(
      [](http::Responder& responder) {
        char name[16] = {};
        pthread_getname_np(pthread_self(), name, sizeof name);
        const bool is_ordinary = sched_getscheduler(0) == SCHED_OTHER && getpriority(PRIO_PROCESS, 0) < 10;
        std::move(responder).send({.body = name + std::string(is_ordinary ? "" : " of another priority")});
      },
      reply.responder());
  EXPECT_EQ(reply.take().body, "work-1");
}

TEST(WorkPool, ABackgroundPoolLeavesOthersTheirPrecedence) {
  Reply reply;
  WorkPoolOptions background = options(1);
  background.is_background = true;
  WorkPool pool(background);
  pool.submit(
      [](http::Responder& responder) {
        const bool is_low = sched_getscheduler(0) == SCHED_BATCH && getpriority(PRIO_PROCESS, 0) == 10;
        std::move(responder).send({.body = is_low ? "low" : "high"});
      },
      reply.responder());
  EXPECT_EQ(reply.take().body, "low");
  EXPECT_LT(getpriority(PRIO_PROCESS, 0), 10) << "only that thread's";
}

TEST(WorkPool, AsMuchRunsAtOnceAsThereAreThreads) {
  HeldWork first;
  HeldWork second;
  WorkPool pool(options(2));
  first.occupy(pool);
  second.occupy(pool);
  first.release();
  second.release();
  EXPECT_EQ(first.take_body(), "held");
  EXPECT_EQ(second.take_body(), "held");
}

TEST(WorkPool, WhatIsBeyondTheQueueIsRefusedAtOnceAndCounted) {
  std::deque<Reply> waiting;
  Reply refused;
  HeldWork held;
  WorkPool pool(options(1));
  held.occupy(pool);
  for (size_t i = 0; i < kQueueLengthMax; ++i) pool.submit(saying("waited"), waiting.emplace_back().responder());
  EXPECT_EQ(pool.stats().queue_length, kQueueLengthMax);

  pool.submit(saying("never"), refused.responder());
  ASSERT_TRUE(refused.has_come());
  const http::Response response = refused.take();
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("too many requests like this one are waiting"));
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].name, "Retry-After");
  EXPECT_EQ(pool.stats().refused_full, 1u);

  held.release();
  EXPECT_EQ(held.take_body(), "held");
  for (Reply& reply : waiting) EXPECT_EQ(reply.take().body, "waited");
  EXPECT_EQ(pool.stats().queue_length, 0u);
}

TEST(WorkPool, WhatHasWaitedBeyondTheDeadlineIsRefusedAndCounted) {
  QueuePolicy policy;
  Reply late;
  Reply fresh;
  HeldWork held;
  WorkPool pool(options(1), &policy);
  held.occupy(pool);
  pool.submit(saying("late"), late.responder());
  policy.deadline_ns = 0;
  held.release();
  const http::Response refused = late.take();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("has waited too long"));
  EXPECT_EQ(pool.stats().refused_age, 1u);

  policy.deadline_ns = ~uint64_t{0};
  pool.submit(saying("fresh"), fresh.responder());
  EXPECT_EQ(fresh.take().body, "fresh");
}

TEST(WorkPool, WhatIsQueuedIsAnsweredOrRefusedBeforeThePoolEnds) {
  std::deque<Reply> replies;
  HeldWork held;
  {
    WorkPool pool(options(1));
    held.occupy(pool);
    for (size_t i = 0; i < kQueueLengthMax; ++i) pool.submit(saying("late"), replies.emplace_back().responder());
    held.release();
  }
  for (Reply& reply : replies) {
    ASSERT_TRUE(reply.has_come());
    const http::Response response = reply.take();
    EXPECT_TRUE(response.body == "late" || response.status == 503) << response.body;
  }
}

TEST(WorkPool, WhatDoesNotFitIntoMemoryIsRefusedAndTheThreadGoesOn) {
  Reply refused;
  Reply next;
  WorkPool pool(options(1));
  pool.submit([](http::Responder&) { throw std::bad_alloc(); }, refused.responder());
  EXPECT_EQ(refused.take().status, 503);
  pool.submit(saying("fine"), next.responder());
  EXPECT_EQ(next.take().body, "fine");
}

}  // namespace
}  // namespace ms::api
