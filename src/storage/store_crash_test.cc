// Power cuts and kills, while writes are in flight.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "storage/store_testing.h"

namespace ms::storage {
namespace {

constexpr int kWriters = 3;

// The one value that is ever written at a place, so that any other is wrong.
double value_at(uint64_t series, int64_t timestamp_ms) {
  return static_cast<double>(series * 1'000'003) + static_cast<double>(timestamp_ms) / 7;
}
std::string series_name(uint64_t series) { return "s" + std::to_string(series); }

// What was acknowledged up to now: what is acknowledged after the crash comes from a store that no longer counts.
class Ledger {
 public:
  explicit Ledger(Contents acked = {}) : acked_(std::move(acked)) {}

  void acknowledge(const std::vector<std::pair<uint64_t, int64_t>>& places) {
    const std::lock_guard lock(mutex_);
    for (const auto& [series, timestamp_ms] : places) {
      acked_[series_labels(series_name(series))][timestamp_ms] =
          std::bit_cast<uint64_t>(value_at(series, timestamp_ms));
    }
    ++writes_;
  }
  size_t writes() const {
    const std::lock_guard lock(mutex_);
    return writes_;
  }
  Contents acked() const {
    const std::lock_guard lock(mutex_);
    return acked_;
  }

 private:
  mutable std::mutex mutex_;
  Contents acked_;
  size_t writes_ = 0;
};

// Writes from several threads until told to stop; keeps some writes in flight.
class Load {
 public:
  Load(Store& store, Ledger& ledger, uint64_t seed, int64_t first_ms) {
    for (int i = 0; i < kWriters; ++i) {
      threads_.emplace_back([this, &store, &ledger, first_ms, i, random_seed = seed * kWriters + i] {
        run(store, ledger, random_seed, first_ms + i);
      });
    }
  }
  ~Load() {
    is_over_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void run(Store& store, Ledger& ledger, uint64_t seed, int64_t timestamp_ms) {
    std::mt19937_64 random(seed);
    std::atomic<int> in_flight = 0;
    while (!is_over_) {
      BatchBuilder builder;
      std::vector<std::pair<uint64_t, int64_t>> places;
      const size_t count = random() % 4 == 0 ? random() % 2000 : 1 + random() % 4;
      for (size_t k = 0; k < count; ++k) {
        const uint64_t series = random() % 10 == 0 ? random() % 5000 : random() % 20;
        timestamp_ms += kWriters;
        builder.add(series_labels(series_name(series)), timestamp_ms, value_at(series, timestamp_ms));
        places.emplace_back(series, timestamp_ms);
      }
      ++in_flight;
      store.write(builder.build(), [&ledger, &in_flight, places = std::move(places)](WriteOutcome outcome) {
        if (!outcome.error) ledger.acknowledge(places);
        --in_flight;
      });
      while (in_flight > 3) std::this_thread::yield();
    }
    while (in_flight > 0) std::this_thread::yield();
  }

  std::atomic<bool> is_over_ = false;
  std::vector<std::thread> threads_;
};

struct Verdict {
  size_t lost = 0;
  size_t wrong = 0;
};

Verdict judge(const Store& store, const Contents& acked) {
  const Contents found = read_all(store);
  Verdict verdict;
  for (const auto& [labels, samples] : acked) {
    const auto series = found.find(labels);
    for (const auto& [timestamp_ms, bits] : samples) {
      if (series == found.end() || !series->second.contains(timestamp_ms)) ++verdict.lost;
    }
  }
  for (const auto& [labels, samples] : found) {
    const std::string name(model::find_label(labels, "series"));
    const uint64_t number = std::stoull(name.substr(1));
    for (const auto& [timestamp_ms, bits] : samples) {
      if (bits != std::bit_cast<uint64_t>(value_at(number, timestamp_ms))) ++verdict.wrong;
    }
  }
  return verdict;
}

// One disk through several lives, each ended in the middle of writing: by a power cut, or by a kill and then a power
// cut.
Verdict live_and_crash(uint64_t seed, ForgetfulFileSystem::Syncs syncs, SyncMode mode, int lives) {
  std::mt19937_64 random(seed);
  auto disk = std::make_unique<ForgetfulFileSystem>(syncs);
  Contents acked;
  StoreOptions options = test_options();
  options.sync = mode;
  options.segment_bytes = random() % 2 == 0 ? kTestSegmentBytes : kTestSegmentBytes / 4;
  for (int life = 0; life < lives; ++life) {
    std::unique_ptr<ForgetfulFileSystem> after;
    Ledger ledger(acked);
    disk->set_sync_time(std::chrono::microseconds(random() % 2 == 0 ? 100 : 2000));
    {
      const auto store = open_store(*disk, options);
      if (store == nullptr) return {.lost = 1};
      const Load load(*store, ledger, random(), int64_t{1'000'000} * (life + 1));
      const size_t enough = random() % 60;
      EXPECT_TRUE(eventually([&] { return ledger.writes() >= enough; }));
      acked = ledger.acked();
      after = random() % 3 == 0 ? disk->kill() : disk->crash(random());
    }
    disk = std::move(after);
    auto store = open_store(*disk, options);
    if (store == nullptr) return {.lost = 1};
    if (syncs == ForgetfulFileSystem::Syncs::kHonest) {
      EXPECT_EQ(store->health().damaged_places, 0u) << "what a power cut tears off is not damage";
    }
    const Verdict verdict = judge(*store, acked);
    if (verdict.lost + verdict.wrong > 0) return verdict;
    after = disk->crash(random());
    store.reset();
    if (random() % 2 == 0) disk = std::move(after);
  }
  return {};
}

class StoreCrashTest : public testing::TestWithParam<uint64_t> {};

TEST_P(StoreCrashTest, AcknowledgedSamplesSurvivePowerCuts) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  const Verdict verdict = live_and_crash(GetParam(), ForgetfulFileSystem::Syncs::kHonest, SyncMode::kAlways, 4);
  EXPECT_EQ(verdict.lost, 0u);
  EXPECT_EQ(verdict.wrong, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreCrashTest, testing::Range<uint64_t>(1, 25));

// The controls: the same, with what makes it safe taken away, must lose something; else the tests above show nothing.
TEST(StoreCrashControlTest, ADiskThatLiesAboutSyncsLosesSamplesAndNeverInventsOne) {
  size_t lost = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const Verdict verdict = live_and_crash(seed, ForgetfulFileSystem::Syncs::kLying, SyncMode::kAlways, 4);
    lost += verdict.lost;
    EXPECT_EQ(verdict.wrong, 0u);
  }
  EXPECT_GT(lost, 0u);
}

TEST(StoreCrashControlTest, WithoutWaitingForSyncsAPowerCutLosesSamplesAndNeverInventsOne) {
  size_t lost = 0;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    const Verdict verdict = live_and_crash(seed, ForgetfulFileSystem::Syncs::kHonest, SyncMode::kOs, 4);
    lost += verdict.lost;
    EXPECT_EQ(verdict.wrong, 0u);
  }
  EXPECT_GT(lost, 0u);
}

TEST(StoreCrashControlTest, WithoutWaitingForSyncsAKilledProcessLosesNothing) {
  ForgetfulFileSystem disk;
  StoreOptions options = test_options();
  options.sync = SyncMode::kOs;
  Ledger ledger;
  Contents acked;
  std::unique_ptr<ForgetfulFileSystem> after;
  {
    const auto store = open_store(disk, options);
    const Load load(*store, ledger, 1, 1'000'000);
    ASSERT_TRUE(eventually([&] { return ledger.writes() >= 100; }));
    acked = ledger.acked();
    after = disk.kill();
  }
  const auto store = open_store(*after, options);
  const Verdict verdict = judge(*store, acked);
  EXPECT_EQ(verdict.lost, 0u);
  EXPECT_EQ(verdict.wrong, 0u);
}

}  // namespace
}  // namespace ms::storage
