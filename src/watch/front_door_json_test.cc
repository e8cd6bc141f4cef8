#include "watch/front_door_json.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ms::watch {
namespace {

constexpr std::string_view kAnswer = R"({
 "architecture": "pool", "now_unix_ms": 1732363200123, "uptime_seconds": 12.5,
 "listen_queues": [{"address": "127.0.0.1:8080", "depth": 3, "limit": 4096, "drops": 7,
                    "waiting": {"age_ms": 130.0, "total": 3, "peers": ["127.0.0.1:54127", "[::1]:54128"]}},
                   {"address": "[::1]:8080", "depth": 0, "limit": 128, "drops": 0,
                    "waiting": {"age_ms": null, "total": 0, "peers": []}}],
 "kernel_wait": {"sampled": 1200, "at_least_ms": {"p50": 0, "p99": 1}, "at_most_ms": {"p50": 0.08, "p99": 2.5},
                 "little_mean_ms": 0.01},
 "accept_loop": {"state": "blocked", "since_ms": 12.1, "accepted": 1234,
                 "drain_per_s": {"1s": 0, "10s": 12.3, "start": 98.7},
                 "accept_us": {"p50": 6.1, "p99": 18.0}, "depth": {"mean": 0.4, "max": 12}},
 "connection_queue": {"length": 2, "limit": 100000, "oldest_age_ms": 0.3, "target_ms": 50, "deadline_ms": 1000,
                      "overloaded": true, "overloads": 1,
                      "entries": [{"connection": 12, "fd": 7, "peer": "127.0.0.1:54127", "age_ms": 0.3}]},
 "workers": [{"worker": 1, "state": "serving", "connection": 11, "since_ms": 4.9, "served": 200},
             {"worker": 2, "state": "idle", "connection": null, "since_ms": 100.2, "served": 199}],
 "active_sockets": {"open": 4, "limit": 100000,
                    "by_state": {"queued": 1, "serving": 2, "parked": 3, "sending": 4, "waiting": 5},
                    "sockets": [{"connection": 12, "fd": 7, "peer": "127.0.0.1:54127", "local": "127.0.0.1:8080",
                                 "age_ms": 5.2, "state": "serving", "receive_bytes": 0}]},
 "refusals": {"connections_limit": 1, "queue_limit": 2, "queue_age": 3, "descriptors": 4, "held": 5},
 "stages": {"accept": {"count": 1, "mean_us": 1.2, "p50_us": 1, "p99_us": 2.5},
            "enqueue": {"count": 0, "mean_us": null, "p50_us": null, "p99_us": null},
            "queue": {"count": 1, "mean_us": 1, "p50_us": 1, "p99_us": 1},
            "receive": {"count": 1, "mean_us": 1, "p50_us": 1, "p99_us": 1},
            "commit": {"count": 1, "mean_us": 1, "p50_us": 1, "p99_us": 1},
            "reply": {"count": 1, "mean_us": 1, "p50_us": 1, "p99_us": 1},
            "total": {"count": 1, "mean_us": 1, "p50_us": 1, "p99_us": 1}},
 "what a newer server says besides": [1, {}]
})";

// The answer with one part of it replaced.
std::string answer_with(std::string_view part, std::string_view replacement) {
  std::string answer(kAnswer);
  const size_t at = answer.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return answer.replace(at, part.size(), replacement);
}

TEST(FrontDoorJsonTest, ReadsTheKernelsPart) {
  const Result<FrontDoorView> view = parse_front_door(kAnswer);
  ASSERT_TRUE(view) << view.error().message;
  ASSERT_EQ(view->listen_queues.size(), 2u);
  const ListenQueueView& queue = view->listen_queues[0];
  EXPECT_EQ(queue.address, "127.0.0.1:8080");
  EXPECT_EQ(queue.depth, 3u);
  EXPECT_EQ(queue.limit, 4096u);
  EXPECT_EQ(queue.drops, 7u);
  EXPECT_EQ(queue.seen_age_ms, 130.0);
  EXPECT_EQ(queue.seen_total, 3u);
  EXPECT_EQ(queue.seen_peers, (std::vector<std::string>{"127.0.0.1:54127", "[::1]:54128"}));
  EXPECT_EQ(view->listen_queues[1].seen_age_ms, std::nullopt);
  EXPECT_EQ(view->kernel_wait.sampled, 1200u);
  EXPECT_EQ(view->kernel_wait.at_least_ms.p99, 1);
  EXPECT_EQ(view->kernel_wait.at_most_ms.p50, 0.08);
  EXPECT_EQ(view->kernel_wait.little_mean_ms, 0.01);
  EXPECT_EQ(view->active_sockets.open, 4u);
  EXPECT_EQ(view->active_sockets.sending, 4u);
  ASSERT_EQ(view->active_sockets.sockets.size(), 1u);
  EXPECT_EQ(view->active_sockets.sockets[0].fd, 7);
  EXPECT_EQ(view->active_sockets.sockets[0].state, "serving");
}

TEST(FrontDoorJsonTest, ReadsTheApplicationsPart) {
  const Result<FrontDoorView> view = parse_front_door(kAnswer);
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(view->architecture, "pool");
  EXPECT_EQ(view->now_unix_ms, 1732363200123);
  EXPECT_EQ(view->accept_loop.state, "blocked");
  EXPECT_EQ(view->accept_loop.per_s_1s, 0);
  EXPECT_EQ(view->accept_loop.per_s_start, 98.7);
  EXPECT_EQ(view->accept_loop.accept_us.p50, 6.1);
  EXPECT_EQ(view->accept_loop.depth_max, 12);
  EXPECT_EQ(view->connection_queue.limit, 100'000u);
  EXPECT_TRUE(view->connection_queue.is_overloaded);
  ASSERT_EQ(view->connection_queue.entries.size(), 1u);
  EXPECT_EQ(view->connection_queue.entries[0].connection, 12u);
  ASSERT_EQ(view->workers.size(), 2u);
  EXPECT_EQ(view->workers[0].connection, 11u);
  EXPECT_EQ(view->workers[1].connection, std::nullopt);
  EXPECT_EQ(view->workers[1].since_ms, 100.2);
  EXPECT_EQ(view->refusals.queue_age, 3u);
  ASSERT_EQ(view->stages.size(), 7u);
  EXPECT_EQ(view->stages[0].us.p99, 2.5);
  EXPECT_EQ(view->stages[1].name, "enqueue");
  EXPECT_EQ(view->stages[1].us.p50, std::nullopt);
}

TEST(FrontDoorJsonTest, WhatIsMissingOrOfAnotherTypeIsNamed) {
  struct Case {
    std::string_view part;
    std::string_view replacement;
    std::string_view message;
  };
  for (const Case& c : {
           Case{"\"architecture\"", "\"architektur\"", "architecture is missing"},
           Case{"\"accepted\": 1234,", "", "accept_loop.accepted is missing"},
           Case{"\"accepted\": 1234", "\"accepted\": \"many\"",
                "accept_loop.accepted: a whole number of at least 0 is expected, found a string"},
           Case{"\"accepted\": 1234", "\"accepted\": -1",
                "accept_loop.accepted: a whole number of at least 0 is expected, found a number"},
           Case{"\"since_ms\": 12.1", "\"since_ms\": true",
                "accept_loop.since_ms: a number or null is expected, found a boolean"},
           Case{"\"[::1]:54128\"", "54128", "listen_queues[0].waiting.peers[1]: a string is expected, found a number"},
           Case{"\"depth\": 0, ", "", "listen_queues[1].depth is missing"},
           Case{"{\"mean\": 0.4, \"max\": 12}", "[]", "accept_loop.depth: an object is expected, found an array"},
           Case{"\"served\": 199", "\"served\": 0.5",
                "workers[1].served: a whole number of at least 0 is expected, found a number"},
           Case{"\"overloaded\": true", "\"overloaded\": null",
                "connection_queue.overloaded: a boolean is expected, found null"},
           Case{"\"total\": {\"count\"", "\"sum\": {\"count\"", "stages.total is missing"},
       }) {
    const Result<FrontDoorView> view = parse_front_door(answer_with(c.part, c.replacement));
    ASSERT_FALSE(view) << c.replacement;
    EXPECT_EQ(view.error().message, c.message);
  }
}

TEST(FrontDoorJsonTest, WhatIsNoAnswerIsRefused) {
  for (const std::string_view text : {"", " ", "<html>", "[1]", "12", "null", "{\"a\":", "{}", "\xff\xfe"}) {
    EXPECT_FALSE(parse_front_door(text)) << text;
  }
  EXPECT_EQ(parse_front_door("[1]").error().message, "the answer: an object is expected, found an array");
}

TEST(FrontDoorJsonTest, EveryTruncationIsRefused) {
  for (size_t size = 0; size < kAnswer.size() - 1; ++size) {
    EXPECT_FALSE(parse_front_door(kAnswer.substr(0, size))) << "the first " << size << " bytes";
  }
}

}  // namespace
}  // namespace ms::watch
