// StateStream: the front door's state as Server-Sent Events, for all who follow it.
//
//     retry: 1000
//
//     event: state
//     data: {"architecture":"pool",...}
//
// and so on, an empty line after each event.
//
// One thread makes the state once for all who are due, and sleeps while nobody is. Who asks for the same rate is due at
// the same moments, the multiples of its period: fifty followers cost one state. A follower has one state in hand at a
// time; while it has not taken that, what comes is left out for it. So a slow one holds no memory and no thread, and
// what it gets is fresh. Where a state costs much, there are fewer of them: see rest_ns().
//
// Thread-safe. Followers are gone before it is destroyed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "http/stream.h"

namespace ms::api {

class StateStream {
 public:
  static constexpr size_t kSubscribersMax = 64;
  // States a second.
  static constexpr double kRateMin = 0.1;
  static constexpr double kRateMax = 20;
  static constexpr double kRateDefault = 4;
  // How long after the end of one that took so much CPU time the next state is begun at the earliest: at most a tenth
  // of a core is spent. One costs a millisecond or so, and up to five the highest rate is kept.
  static constexpr uint64_t rest_ns(uint64_t cost_ns) { return 9 * cost_ns; }
  // What precedes the first event: a client that has lost its stream comes again after a second.
  static constexpr std::string_view kPreamble = "retry: 1000\n\n";

  struct Stats {
    size_t subscribers = 0;  // gauge
    uint64_t sent = 0;       // states handed to subscribers, since the start
    uint64_t skipped = 0;    // states left out, since a subscriber had not taken the one before
    uint64_t refused = 0;    // subscribers beyond the limit
  };

  // `make` gives the state: one line of JSON. It is called by the stream's thread, while there are subscribers.
  explicit StateStream(std::function<std::string()> make);
  StateStream(const StateStream&) = delete;
  StateStream& operator=(const StateStream&) = delete;
  ~StateStream();

  // At most `rate` states a second, from kRateMin to kRateMax, the first at once. Null where there are kSubscribersMax.
  std::unique_ptr<http::Stream> subscribe(double rate);

  // Ends all streams, and those that are asked for later. Nobody is woken any more when it returns.
  void stop();

  Stats stats() const;

 private:
  class Subscriber;

  struct Subscription {
    uint64_t period_ns = 0;
    uint64_t due_ns = 0;                       // when its next state is; 0 until it has asked for the first
    net::SessionWaker* waker = nullptr;        // where it waits for a state
    bool is_served = false;                    // by the state that is being made
    std::shared_ptr<const std::string> event;  // the state that it has been woken for
  };
  using Subscriptions = std::list<Subscription>;
  using Wakers = std::vector<net::SessionWaker*>;

  http::Stream::Next next(Subscription& subscription, net::SessionWaker& waker,
                          std::shared_ptr<const std::string>& piece);
  void unsubscribe(Subscriptions::iterator subscription);

  void run();
  // When the next state is to be made.
  uint64_t next_due_ns() const MS_REQUIRES(mutex_);
  // Whether anybody waits for the state that is due now.
  bool begin_tick(uint64_t now_ns) MS_REQUIRES(mutex_);
  // Gives it to all who are served by it, and returns whom to wake.
  Wakers hand_out(const std::shared_ptr<const std::string>& event) MS_REQUIRES(mutex_);

  const std::function<std::string()> make_;

  mutable Mutex mutex_;
  Condition changed_;
  Subscriptions subscriptions_ MS_GUARDED_BY(mutex_);
  Stats stats_ MS_GUARDED_BY(mutex_);
  uint64_t next_ns_ MS_GUARDED_BY(mutex_) = 0;  // before that no state is begun
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;

  Thread thread_;
};

}  // namespace ms::api
