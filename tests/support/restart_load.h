// RestartLoad: clients that write while the servers behind one address change, and what they saw of it.
//
// Arrivals are new connections in an open loop, each with one write: they come whether or not anybody answers. Keepers
// have a connection that they keep, and pause between their writes, each for a time of its own. As HTTP's clients do,
// they look before a write whether the server has ended the connection; and where it ended while the write was on its
// way, before any byte of a reply, they send the same again on a new one (RFC 9112 section 9.3.1).
//
// Each write is a sample of its own, so that every one that was acknowledged can be looked for afterwards.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "load/attempts.h"
#include "load/http_target.h"
#include "support/endpoint.h"
#include "support/http_client.h"

namespace ms::test {

class RestartLoad {
 public:
  struct Settings {
    Endpoint endpoint;
    double arrivals_per_s = 2000;
    size_t keepers = 12;
    uint64_t seed = 1;
  };

  struct Counts {
    load::Tally arrivals;
    uint64_t kept_served = 0;
    uint64_t kept_refused = 0;          // answered 503
    uint64_t kept_connect_refused = 0;  // nobody listened when it connected anew
    uint64_t kept_reset = 0;
    uint64_t kept_crossed = 0;  // the server's end of the connection met a request on its way; sent again
    uint64_t kept_failed = 0;   // anything else: no reply in time, another status

    uint64_t refused() const {
      return arrivals.refused + arrivals.connect_refused + kept_refused + kept_connect_refused;
    }
    uint64_t reset() const { return arrivals.reset + kept_reset; }
    // Writes that came to no answer at all.
    uint64_t unanswered() const {
      return arrivals.cut_short + arrivals.timed_out + arrivals.broken + arrivals.not_begun + kept_failed;
    }
    uint64_t served() const { return arrivals.served + kept_served; }
  };

  // The keepers begin at once.
  explicit RestartLoad(const Settings& settings);
  RestartLoad(const RestartLoad&) = delete;
  RestartLoad& operator=(const RestartLoad&) = delete;
  ~RestartLoad() { finish(); }

  // Whether each of the keepers has had a reply of 2xx, and so a connection that a server has accepted.
  bool are_all_kept() const { return keepers_served_.load(std::memory_order_relaxed) == keepers_.size(); }
  // Arrivals begin, and go on for so long. One wave at a time.
  void begin_wave(uint64_t duration_ns);
  // Of the wave, so far.
  uint64_t wave_served() const { return wave_served_.load(std::memory_order_relaxed); }
  // Waits until each arrival of the wave has come to its end.
  void end_wave();
  // Ends the keepers too.
  void finish();

  // After finish().
  Counts counts() const;
  // Whether a server has every sample that was acknowledged, with its value.
  testing::AssertionResult find_acknowledged(const Endpoint& endpoint) const;

  // The longest time in which nobody was answered 2xx, between two moments; monotonic. After end_wave().
  uint64_t longest_silence_ns(uint64_t begin_ns, uint64_t end_ns) const;
  // The longest that an arrival of the last wave waited for its 2xx, from when it was due.
  uint64_t longest_arrival_ns() const { return longest_arrival_ns_; }

 private:
  struct Keeper {
    std::vector<int64_t> acknowledged;  // the numbers of its samples
    Counts counts;
    std::thread thread;
  };

  void keep(size_t number);
  void note_end(size_t number, const load::Attempt& attempt);
  void note_answer(uint64_t now_ns);

  const Settings settings_;
  const load::Target target_;
  std::atomic<bool> is_over_ = false;

  // The wave's thread has these while it runs:
  std::thread wave_;
  load::Tally tally_;
  size_t wave_first_ = 0;       // the number of the wave's first arrival
  size_t next_arrival_ = 0;     // the number of the next wave's first
  std::vector<size_t> served_;  // the numbers of the arrivals that were acknowledged
  uint64_t longest_arrival_ns_ = 0;
  std::atomic<uint64_t> wave_served_ = 0;

  mutable Mutex mutex_;
  std::vector<uint64_t> answers_ns_ MS_GUARDED_BY(mutex_);  // when replies of 2xx came

  std::atomic<size_t> keepers_served_ = 0;
  std::vector<std::unique_ptr<Keeper>> keepers_;
};

// For gtest's messages, and for the bench.
std::ostream& operator<<(std::ostream& out, const RestartLoad::Counts& counts);

}  // namespace ms::test
