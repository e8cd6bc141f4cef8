// ForgetfulFileSystem: a disk in memory that keeps what a disk promises to keep, and no more.
//
// Each file has content as programs see it, and durable content, which its last successful sync covered. Between the
// two stands, for each sector of 512 bytes, every version that was written since: a disk may have taken any of them on
// its own. Names are durable once their directory is synced. crash() cuts the power: it gives the disk as a machine
// finds it when it starts again.
//
// As on Linux, a sync that fails leaves what it could not write readable, and never tries to write it again.
//
// Any operation can be made to fail, to be torn, to be the last before the power goes, or to lie.
//
// For tests. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"

namespace ms::storage {

enum class Operation {
  kCreate,
  kOpen,
  kWrite,
  kRead,
  kSync,
  kTruncate,
  kSize,
  kRename,
  kRemove,
  kSyncDirectory,
  kList
};

enum class FaultKind {
  kFail,      // an error, and nothing of it is done
  kTear,      // an error, and the first half of it is done; all of what has no halves
  kPowerCut,  // as kTear, and from then on nothing is done, and everything is an error
  kLie,       // no error, and nothing of it is done; of what changes the disk only
};

struct Fault {
  FaultKind kind = FaultKind::kFail;
  std::optional<Operation> operation;  // of any kind where absent
  uint64_t nth = 0;                    // of those, the first one; the next is 0
  uint64_t times = 1;                  // so many in a row
  ErrorCode code = ErrorCode::kIo;
};

class ForgetfulFileSystem final : public FileSystem {
 public:
  // What sync does: kHonest as promised; kLying says that it did, and did nothing.
  enum class Syncs { kHonest, kLying };

  explicit ForgetfulFileSystem(Syncs syncs = Syncs::kHonest) : syncs_(syncs) {}

  // The disk after a power cut now: of what no sync covers, each sector, size and name is kept or lost as `seed` has
  // it.
  std::unique_ptr<ForgetfulFileSystem> crash(uint64_t seed) const;
  // The disk as another process finds it when this one is killed now: nothing is lost, and nothing is more durable.
  std::unique_ptr<ForgetfulFileSystem> kill() const;

  // Several count side by side.
  void add_fault(const Fault& fault);
  // Those that had a fault, in order; without the ones behind a power cut.
  std::vector<Operation> faulty_operations() const;
  uint64_t operations() const;
  // While full, what would make a file longer fails with kNoSpace.
  void set_full(bool is_full);
  void set_free_bytes(uint64_t bytes);
  // While held, every write waits where it is.
  void hold_writes(bool are_held);
  // How many writes wait so.
  size_t held_writes() const;
  // How often a file's cached pages were given back.
  uint64_t cached_drops() const { return cached_drops_; }
  // How long each sync takes.
  void set_sync_time(std::chrono::microseconds time);

  // What is in a file, and changing it behind everyone's back; durable at once.
  std::string content(const std::string& path) const;
  void set_content(const std::string& path, std::string_view bytes);

  Result<std::unique_ptr<File>> create(const std::string& path) override;
  Result<std::unique_ptr<File>> open(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<void> make_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) const override;
  Result<uint64_t> free_bytes(const std::string& path) const override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  struct Version {
    uint64_t sequence = 0;
    std::string bytes;  // a sector, shorter at the end of the file
  };
  struct Node {
    std::string content;
    std::string durable;
    std::map<uint64_t, std::vector<Version>> unsynced;  // by sector, oldest first
  };
  using NodePtr = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePtr>;
  // What happened to one name since its directory was synced; null: it is gone.
  struct NameChange {
    std::string name;
    NodePtr node;
    std::string also_gone;  // by a rename: its old name
  };
  // What becomes of an operation.
  enum class Extent { kNone, kHalf, kWhole };
  struct Fate {
    Extent extent = Extent::kWhole;
    std::optional<Error> error;

    // Of what has no halves.
    bool is_done() const { return extent != Extent::kNone; }
  };
  class OpenFile;
  class HeldLock;

  // All below: under mutex_.
  Fate decide(Operation operation, const std::string& what) const;
  Result<void> write(Node& node, uint64_t offset, std::string_view bytes, const std::string& path);
  void put(Node& node, uint64_t offset, std::string_view bytes);
  void resize(Node& node, uint64_t size);
  void note_sectors(Node& node, uint64_t begin, uint64_t end);
  // The sectors below `sectors_end`, as written up to `sequence`.
  static void make_durable(Node& node, uint64_t sequence, uint64_t size, uint64_t sectors_end);
  // The sector in the middle of those that are not synced.
  static uint64_t middle_sector(const Node& node);
  static void drop_unsynced(Node& node, uint64_t sequence);
  // The first `count` changes in the directory.
  void make_names_durable(const std::string& directory, size_t count);
  static void apply(Names& names, const NameChange& change);
  static void lose_content(Node& node, std::mt19937_64& random);

  std::unique_ptr<ForgetfulFileSystem> copy() const;

  const Syncs syncs_;
  mutable std::mutex mutex_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> name_changes_;  // since the sync of their directory, oldest first
  std::map<std::string, bool> locks_;     // held or not
  uint64_t sequence_ = 0;
  uint64_t free_bytes_ = uint64_t{1} << 40;
  bool is_full_ = false;
  std::chrono::microseconds sync_time_{0};
  bool are_writes_held_ = false;
  size_t held_writes_ = 0;
  std::condition_variable released_;
  std::atomic<uint64_t> cached_drops_ = 0;

  // Of reads too:
  mutable uint64_t operations_ = 0;
  mutable std::vector<Fault> faults_;
  mutable std::vector<Operation> faulty_operations_;
  mutable bool is_off_ = false;
};

}  // namespace ms::storage
