// LoadChild: a child process that runs a plan, so that the clients share neither threads, locks nor descriptors with
// the server under test, and their CPU time is told apart from its.
//
// The child is made while the process has no threads yet (what a fork copies of a lock that another thread holds stays
// locked), and waits for start(). It notes each attempt in memory that it shares with the parent: nothing that the
// parent does or leaves undone holds it up. It dies with its parent, more exactly with the thread that called fork().
//
// Confined to one thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "load/attempts.h"
#include "load/http_target.h"

namespace ms::load {

// An open loop.
struct Plan {
  std::vector<uint64_t> schedule_ns;  // when each client is due, from the begin on; in order (load/arrivals.h)
  std::vector<std::string> requests;  // clients send these in turn; at least one
  uint64_t timeout_ns = 0;            // a client gives up that long after its connect
};

class LoadChild {
 public:
  struct Report {
    std::vector<Attempt> attempts;  // in the order of the schedule
    uint64_t cpu_ns = 0;            // that the child has spent
  };

  // The caller has no threads. The child raises its own descriptor limit.
  static Result<LoadChild> fork(const Plan& plan);

  LoadChild(LoadChild&&) noexcept;
  LoadChild& operator=(LoadChild&&) = delete;
  // Kills the child if it still runs.
  ~LoadChild();

  // Begins the plan. Once.
  Result<void> start(const Target& target);

  // After start(): waits until every client has ended, and meanwhile, ten times a second, tells `on_progress` how many
  // have. Once.
  Result<Report> collect(const std::function<void(size_t ended)>& on_progress);

 private:
  // Memory that parent and child share, with room for every attempt.
  class Board;

  // A child that has not been waited for.
  class Process {
   public:
    explicit Process(pid_t pid) : pid_(pid) {}
    Process(Process&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
    Process& operator=(Process&&) = delete;
    ~Process();

    // Waits for it to end: its CPU time.
    uint64_t wait();

   private:
    pid_t pid_;
  };

  LoadChild(std::unique_ptr<Board> board, Descriptor channel, pid_t pid);

  std::unique_ptr<Board> board_;
  Descriptor channel_;  // the child is told its target by it, tells what failed, and ends it when it ends
  Process process_;
};

}  // namespace ms::load
