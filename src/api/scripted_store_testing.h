// A store for the tests of handlers that takes every write, or answers as the test has set it, and remembers what it
// got.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "storage/store.h"

namespace ms::api {

class ScriptedStore : public storage::Store {
 public:
  void write(model::WriteBatch batch, storage::WriteCallback on_done) override {
    storage::WriteOutcome outcome;
    outcome.error = write_error;
    if (!outcome.error) {
      outcome.samples_accepted = batch.sample_count();
      outcome.rejections = batch.rejections;
      outcome.done_ns = done_ns;
    }
    batches.push_back(std::move(batch));
    if (holds_writes) {
      held_.push_back({std::move(on_done), std::move(outcome)});
    } else {
      on_done(std::move(outcome));
    }
  }

  // Answers the writes that were held.
  void finish_writes() {
    for (auto& [on_done, outcome] : held_) on_done(std::move(outcome));
    held_.clear();
  }

  Result<std::vector<storage::SeriesSamples>> select(std::span<const model::Matcher>, int64_t, int64_t,
                                                     uint64_t) const override {
    return std::vector<storage::SeriesSamples>();
  }
  std::vector<model::Metadata> metadata() const override { return {}; }
  void set_limits(const storage::StoreLimits&) override {}
  void close() override {}
  Health health() const override { return current_health; }
  Stats stats() const override { return current_stats; }

  // Set by the test:
  std::optional<Error> write_error;
  bool holds_writes = false;
  uint64_t done_ns = 1234;
  Health current_health;
  Stats current_stats;

  std::vector<model::WriteBatch> batches;

 private:
  struct HeldWrite {
    storage::WriteCallback on_done;
    storage::WriteOutcome outcome;
  };

  std::vector<HeldWrite> held_;
};

}  // namespace ms::api
