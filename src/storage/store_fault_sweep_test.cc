// One operation of the disk fails, is torn, or is the last before a power cut: each in its turn, from the first open of
// a new store over several segments and a restart to the last close. Whatever it was, the store opens on what is left,
// has every acknowledged sample, and goes on.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/long_run_testing.h"
#include "storage/store_testing.h"
#include "storage/wal_format.h"

namespace ms::storage {
namespace {

double value_at(int64_t timestamp_ms) { return static_cast<double>(timestamp_ms) / 7; }

// Opens, writes over several segments, and closes; remembers what was acknowledged.
class Workload {
 public:
  explicit Workload(SyncMode sync = SyncMode::kAlways) {
    options_.segment_bytes = 2 * kBlockBytes;
    options_.sync = sync;
  }

  struct Verdict {
    size_t lost = 0;
    size_t wrong = 0;
    uint64_t damaged_places = 0;

    bool operator==(const Verdict&) const = default;
    friend void PrintTo(const Verdict& verdict, std::ostream* out) {
      *out << verdict.lost << " lost, " << verdict.wrong << " wrong, " << verdict.damaged_places << " places damaged";
    }
  };

  // One life of a store: what it finds, where it can be opened. What is then not to be had for want of the disk is left
  // out.
  Verdict live(ForgetfulFileSystem& disk) {
    const auto store = Store::open(options_, patient(), disk, quiet_log());
    if (!store) return {};
    const Verdict found = judge(**store);
    for (int i = 0; i < 2; ++i) {
      write(**store, 1500, "");
      write(**store, 40, std::string(1000, 'x'));
    }
    write(**store, 10, "");
    return found;
  }

  // What a store finds on a disk without faults.
  Verdict judge(ForgetfulFileSystem& disk) const {
    const auto store = open_store(disk, options_);
    return store == nullptr ? Verdict{.lost = 1} : judge(*store);
  }

 private:
  Verdict judge(const Store& store) const {
    const Contents found = read_all(store);
    Verdict verdict{.damaged_places = store.health().damaged_places};
    for (const auto& [labels, samples] : acked_) {
      const auto series = found.find(labels);
      for (const auto& [timestamp_ms, bits] : samples) {
        if (series == found.end() || !series->second.contains(timestamp_ms)) ++verdict.lost;
      }
    }
    for (const auto& [labels, samples] : found) {
      for (const auto& [timestamp_ms, bits] : samples) {
        if (bits != std::bit_cast<uint64_t>(value_at(timestamp_ms))) ++verdict.wrong;
      }
    }
    return verdict;
  }

  void write(Store& store, int samples, const std::string& padding) {
    BatchBuilder builder;
    Contents batch;
    for (int i = 0; i < samples; ++i, ++timestamp_ms_) {
      const int64_t series = padding.empty() ? timestamp_ms_ % 20 : timestamp_ms_;
      const std::string labels =
          labels_of({{model::kMetricName, "m"}, {"series", std::to_string(series)}, {"padding", padding}});
      builder.add(labels, timestamp_ms_, value_at(timestamp_ms_));
      batch[labels][timestamp_ms_] = std::bit_cast<uint64_t>(value_at(timestamp_ms_));
    }
    if (write_and_wait(store, builder.build()).error) return;
    for (auto& [labels, written] : batch) acked_[labels].merge(written);
  }

  StoreOptions options_ = test_options();
  int64_t timestamp_ms_ = 0;
  Contents acked_;
};

// What is read, acknowledged and lost again after the fault: by a restart, and by a power cut and a life behind it.
void expect_nothing_lost(const Workload& workload, const ForgetfulFileSystem& disk, uint64_t seed) {
  const Workload::Verdict all_there;
  EXPECT_EQ(workload.judge(*disk.kill()), all_there) << "after a restart";
  const auto power_cuts = ordinary_or_long<uint64_t>(1, 8);
  for (uint64_t i = 0; i < power_cuts; ++i) {
    const uint64_t crash_seed = seed * power_cuts + i;
    SCOPED_TRACE("crash seed " + std::to_string(crash_seed));
    const auto after = disk.crash(crash_seed);
    EXPECT_EQ(workload.judge(*after), all_there) << "after a power cut";
    Workload longer = workload;
    longer.live(*after);
    EXPECT_EQ(longer.judge(*after->crash(crash_seed)), all_there) << "after another life and power cut";
  }
}

struct SweepCase {
  const char* name;
  FaultKind kind;
  ErrorCode code;

  friend void PrintTo(const SweepCase& sweep, std::ostream* out) { *out << sweep.name; }
};

struct NamedOperation {
  const char* name;
  Operation operation;
};
constexpr NamedOperation kOperations[] = {
    {"create", Operation::kCreate}, {"open", Operation::kOpen},
    {"write", Operation::kWrite},   {"read", Operation::kRead},
    {"sync", Operation::kSync},     {"truncate", Operation::kTruncate},
    {"size", Operation::kSize},     {"rename", Operation::kRename},
    {"remove", Operation::kRemove}, {"sync directory", Operation::kSyncDirectory},
    {"list", Operation::kList},
};

class StoreFaultSweepTest : public testing::TestWithParam<SweepCase> {
 protected:
  // Whether there is an `nth` operation of that kind to have the fault.
  static bool run(Operation operation, uint64_t nth) {
    ForgetfulFileSystem disk;
    // Only what could not be prepared is removed.
    if (operation == Operation::kRemove) disk.add_fault({.operation = Operation::kRename, .times = 2});
    disk.add_fault({.kind = GetParam().kind, .operation = operation, .nth = nth, .code = GetParam().code});
    Workload workload;
    workload.live(disk);
    const Workload::Verdict restarted = workload.live(disk);
    if (std::ranges::count(disk.faulty_operations(), operation) == 0) return false;
    EXPECT_EQ(restarted, Workload::Verdict()) << "after a restart under the fault";
    expect_nothing_lost(workload, disk, nth);
    return true;
  }
};

TEST_P(StoreFaultSweepTest, AFaultOfAnyOperationLosesNothingThatWasAcknowledged) {
  for (const auto& [name, operation] : kOperations) {
    uint64_t nth = 0;
    do {
      SCOPED_TRACE(std::string(name) + " " + std::to_string(nth));
      if (!run(operation, nth)) break;
    } while (!HasFailure() && ++nth > 0);
    EXPECT_GT(nth, 0u) << name << " has no turn";
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, StoreFaultSweepTest,
                         testing::Values(SweepCase{"Fails", FaultKind::kFail, ErrorCode::kIo},
                                         SweepCase{"FailsForSpace", FaultKind::kFail, ErrorCode::kNoSpace},
                                         SweepCase{"IsTorn", FaultKind::kTear, ErrorCode::kIo},
                                         SweepCase{"IsTornForSpace", FaultKind::kTear, ErrorCode::kNoSpace},
                                         SweepCase{"IsTheLastBeforeAPowerCut", FaultKind::kPowerCut, ErrorCode::kIo}),
                         [](const auto& sweep) { return std::string(sweep.param.name); });

// The controls: where operations say that they are done, and are not, or where nobody waits for them, a power cut must
// lose some; else the tests above show nothing.
class StoreFaultControlTest : public testing::Test {
 protected:
  // What is lost of a life with the fault at its first, second, ... place, and of a power cut behind it: the sum.
  static Workload::Verdict lose(Fault fault, SyncMode mode) {
    Workload::Verdict total;
    for (fault.nth = 0; fault.nth < 16; ++fault.nth) {
      ForgetfulFileSystem disk;
      disk.add_fault(fault);
      Workload workload(mode);
      workload.live(disk);
      const Workload::Verdict verdict = workload.judge(*disk.crash(fault.nth));
      total.lost += verdict.lost;
      total.wrong += verdict.wrong;
    }
    return total;
  }

  static constexpr uint64_t kAlways = std::numeric_limits<uint64_t>::max();
};

TEST_F(StoreFaultControlTest, ADiskThatLiesLosesSamplesAndInventsNone) {
  for (const Operation operation : {Operation::kWrite, Operation::kSync, Operation::kSyncDirectory}) {
    SCOPED_TRACE(static_cast<int>(operation));
    const Workload::Verdict verdict =
        lose({.kind = FaultKind::kLie, .operation = operation, .times = kAlways}, SyncMode::kAlways);
    EXPECT_GT(verdict.lost, 0u);
    EXPECT_EQ(verdict.wrong, 0u);
  }
}

TEST_F(StoreFaultControlTest, WithoutWaitingForSyncsAPowerCutLosesSamplesAndInventsNone) {
  const Workload::Verdict verdict = lose({.kind = FaultKind::kPowerCut, .operation = Operation::kWrite}, SyncMode::kOs);
  EXPECT_GT(verdict.lost, 0u);
  EXPECT_EQ(verdict.wrong, 0u);
}

}  // namespace
}  // namespace ms::storage
