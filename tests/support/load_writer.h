// LoadWriters: clients that write without pause until the server is gone, and remember what it owes them.
//
// Each writer has a thread, series of its own, and one of the four ways to write: JSON or remote write, on one
// connection kept open or on a new one for each request. It draws new series, known ones, and timestamps written
// before, whose value it replaces. An acknowledged sample must be found; one whose reply never came may be found;
// nothing else may.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/endpoint.h"
#include "support/http_client.h"
#include "support/series_map.h"

namespace ms::test {

// Samples of one writer, and what may be found of each.
class OwedSamples {
 public:
  struct Sample {
    uint32_t series = 0;
    int64_t timestamp_ms = 0;
    double value = 0;
  };

  void sent(const std::vector<Sample>& samples);
  void acknowledged(const std::vector<Sample>& samples);
  size_t count_acknowledged() const;
  // A sample sent before, drawn at random; none where there is none.
  std::optional<Sample> draw_sent(std::mt19937_64& random) const;

  // `found`: by series number.
  testing::AssertionResult match(const std::map<uint32_t, SampleMap>& found) const;

 private:
  struct Values {
    std::optional<uint64_t> acknowledged;  // bits
    std::vector<uint64_t> unanswered;      // sent after it
    bool may_be(uint64_t bits) const;
  };

  std::map<std::pair<uint32_t, int64_t>, Values> owed_;  // by series and timestamp
  std::vector<Sample> sent_;
};

class LoadWriter {
 public:
  // What went wrong on a connection, in words; and how often what may happen did.
  struct Account {
    std::vector<std::string> bad_replies;      // neither success nor 503
    std::vector<std::string> broken_promises;  // a complete request on a new connection without a reply, or any reset
    uint64_t crossed_closes = 0;               // a kept connection that the server closed while a request was under way
    uint64_t refusals = 0;                     // 503
  };

  LoadWriter(uint32_t number, uint64_t seed) : number_(number), random_(seed) {}

  // Writes until nobody listens any more. `acknowledged` counts requests.
  void run(const Endpoint& endpoint, std::atomic<uint64_t>& acknowledged);
  // Whether the server holds what it owes this writer.
  testing::AssertionResult check(const Endpoint& endpoint) const;

  const Account& account() const { return account_; }
  const OwedSamples& owed() const { return owed_; }

 private:
  bool uses_json() const { return number_ % 2 == 0; }
  bool keeps_connection() const { return number_ / 2 % 2 == 0; }
  std::vector<OwedSamples::Sample> draw_samples();
  std::string make_request(const std::vector<OwedSamples::Sample>& samples) const;
  void take_reply(const HttpReply& reply, const std::vector<OwedSamples::Sample>& samples,
                  std::atomic<uint64_t>& acknowledged);
  void take_failure(const ClientError& error, bool was_used_before);

  uint32_t number_;
  std::mt19937_64 random_;
  uint32_t series_known_ = 0;
  int64_t timestamps_used_ = 0;
  OwedSamples owed_;
  Account account_;
};

class LoadWriters {
 public:
  LoadWriters(uint32_t count, uint64_t seed);
  ~LoadWriters() { join(); }

  void start(const Endpoint& endpoint);
  // Waits until this many requests in all have been acknowledged since start().
  bool wait_acknowledged(uint64_t requests, milliseconds timeout) const;
  // Waits until each of them has found the server gone.
  void join();
  testing::AssertionResult check(const Endpoint& endpoint) const;
  const std::vector<std::unique_ptr<LoadWriter>>& writers() const { return writers_; }

 private:
  std::vector<std::unique_ptr<LoadWriter>> writers_;
  std::vector<std::thread> threads_;
  std::atomic<uint64_t> acknowledged_{0};
};

}  // namespace ms::test
