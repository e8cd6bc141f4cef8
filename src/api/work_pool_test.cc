#include "api/query_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <deque>
#include <latch>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "api/reply_testing.h"

namespace ms::api {
namespace {

using testing::HasSubstr;

http::Response response_with(std::string body) {
  http::Response response;
  response.body = std::move(body);
  return response;
}

// A query that occupies a thread of the pool from occupy() to release(). It outlives the pool.
class HeldQuery {
 public:
  void occupy(QueryPool& pool) {
    pool.submit(
        [this] {
          begun_.count_down();
          may_end_.wait();
          return response_with("held");
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

TEST(QueryPool, WorkRunsOnANamedThreadAndItsResponseIsSent) {
  Reply reply;
  QueryPool pool(1);
  pool.submit(
      [] {
        char name[16] = {};
        pthread_getname_np(pthread_self(), name, sizeof name);
        return response_with(name);
      },
      reply.responder());
  EXPECT_EQ(reply.take().body, "query-1");
}

TEST(QueryPool, AsManyQueriesRunAtOnceAsThereAreThreads) {
  HeldQuery first;
  HeldQuery second;
  QueryPool pool(2);
  first.occupy(pool);
  second.occupy(pool);
  first.release();
  second.release();
  EXPECT_EQ(first.take_body(), "held");
  EXPECT_EQ(second.take_body(), "held");
}

TEST(QueryPool, AQueryBeyondTheQueueIsRefusedAtOnceAndCounted) {
  std::deque<Reply> waiting;
  Reply refused;
  HeldQuery held;
  QueryPool pool(1);
  held.occupy(pool);
  for (size_t i = 0; i < QueryPool::kQueueLengthMax; ++i) {
    pool.submit([] { return response_with("waited"); }, waiting.emplace_back().responder());
  }
  EXPECT_EQ(pool.stats().queue_length, QueryPool::kQueueLengthMax);

  pool.submit([] { return response_with("never"); }, refused.responder());
  ASSERT_TRUE(refused.has_come());
  const http::Response response = refused.take();
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("too many queries are waiting"));
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].name, "Retry-After");
  EXPECT_EQ(pool.stats().refused_total, 1u);

  held.release();
  EXPECT_EQ(held.take_body(), "held");
  for (Reply& reply : waiting) EXPECT_EQ(reply.take().body, "waited");
  EXPECT_EQ(pool.stats().queue_length, 0u);
}

TEST(QueryPool, WhatIsQueuedIsAnsweredOrRefusedBeforeThePoolEnds) {
  std::deque<Reply> replies;
  HeldQuery held;
  {
    QueryPool pool(1);
    held.occupy(pool);
    for (int i = 0; i < 10; ++i) {
      pool.submit([] { return response_with("late"); }, replies.emplace_back().responder());
    }
    held.release();
  }
  for (Reply& reply : replies) {
    ASSERT_TRUE(reply.has_come());
    const http::Response response = reply.take();
    EXPECT_TRUE(response.body == "late" || response.status == 503) << response.body;
  }
}

TEST(QueryPool, AQueryThatDoesNotFitIntoMemoryIsRefusedAndTheThreadGoesOn) {
  Reply refused;
  Reply next;
  QueryPool pool(1);
  pool.submit([]() -> http::Response { throw std::bad_alloc(); }, refused.responder());
  EXPECT_EQ(refused.take().status, 503);
  pool.submit([] { return response_with("fine"); }, next.responder());
  EXPECT_EQ(next.take().body, "fine");
}

}  // namespace
}  // namespace ms::api
