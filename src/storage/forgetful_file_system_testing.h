// ForgetfulFileSystem: a disk in memory that keeps what a disk promises to keep, and no more.
//
// Each file has content as programs see it, and durable content, which its last successful sync covered. Between the
// two stands, for each sector of 512 bytes, every version that was written since: a disk may have taken any of them on
// its own. Names are durable once their directory is synced. crash() cuts the power: it gives the disk as a machine
// finds it when it starts again.
//
// As on Linux, a sync that fails leaves what it could not write readable, and never tries to write it again.
//
// For tests. Thread-safe.
#pragma once

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

enum class Operation { kCreate, kWrite, kSync, kRename, kSyncDirectory, kTruncate };

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

  // The next operation of a kind fails, once. A write does half of its work before.
  void fail_next(Operation operation, ErrorCode code);
  // The `nth` operation of any kind from now on fails, once; the first is 0.
  void fail_at(uint64_t nth, ErrorCode code);
  // Whether the failure asked for last has happened.
  bool has_failed() const;
  uint64_t operations() const;
  // While full, what would make a file longer fails with kNoSpace.
  void set_full(bool is_full);
  void set_free_bytes(uint64_t bytes);
  // While held, every write waits where it is.
  void hold_writes(bool are_held);
  // How many writes wait so.
  size_t held_writes() const;
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
  struct Fault {
    std::optional<Operation> operation;  // of any kind where absent
    uint64_t countdown = 0;
    ErrorCode code = ErrorCode::kIo;
  };
  class OpenFile;
  class HeldLock;

  // All below: under mutex_.
  std::optional<Error> next_fault(Operation operation, const std::string& what);
  Result<void> write(Node& node, uint64_t offset, std::string_view bytes, const std::string& path);
  void put(Node& node, uint64_t offset, std::string_view bytes);
  void resize(Node& node, uint64_t size);
  void note_sectors(Node& node, uint64_t begin, uint64_t end);
  static void make_durable(Node& node, uint64_t sequence, uint64_t size);
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
  uint64_t operations_ = 0;
  uint64_t free_bytes_ = uint64_t{1} << 40;
  bool is_full_ = false;
  std::chrono::microseconds sync_time_{0};
  bool are_writes_held_ = false;
  size_t held_writes_ = 0;
  std::condition_variable released_;
  std::optional<Fault> fault_;
};

}  // namespace ms::storage
