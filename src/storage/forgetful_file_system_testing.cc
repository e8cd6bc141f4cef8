#include "storage/forgetful_file_system_testing.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <thread>
#include <utility>

namespace ms::storage {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kAllSectors = std::numeric_limits<uint64_t>::max();

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

Result<void> told(const std::optional<Error>& error) {
  if (error) return std::unexpected(*error);
  return {};
}

}  // namespace

class ForgetfulFileSystem::OpenFile final : public File {
 public:
  OpenFile(ForgetfulFileSystem& disk, NodePtr node, std::string path)
      : disk_(disk), node_(std::move(node)), path_(std::move(path)) {}

  Result<void> write_at(uint64_t offset, std::string_view bytes) override {
    std::unique_lock lock(disk_.mutex_);
    ++disk_.held_writes_;
    disk_.released_.wait(lock, [this] { return !disk_.are_writes_held_; });
    --disk_.held_writes_;
    return disk_.write(*node_, offset, bytes, path_);
  }

  Result<size_t> read_at(uint64_t offset, std::span<char> buffer) const override {
    const std::lock_guard lock(disk_.mutex_);
    if (const auto error = disk_.decide(Operation::kRead, "read " + path_).error) return std::unexpected(*error);
    if (offset >= node_->content.size()) return size_t{0};
    return node_->content.copy(buffer.data(), buffer.size(), offset);
  }

  // Covers what was written before the call, once the call returns.
  Result<void> sync() override {
    std::unique_lock lock(disk_.mutex_);
    const uint64_t sequence = disk_.sequence_;
    const uint64_t size = node_->content.size();
    const Fate fate = disk_.decide(Operation::kSync, "fdatasync " + path_);
    const auto time = disk_.sync_time_;
    lock.unlock();
    if (time.count() > 0) std::this_thread::sleep_for(time);
    lock.lock();
    if (fate.is_done() && disk_.syncs_ == Syncs::kHonest) {
      make_durable(*node_, sequence, size, fate.extent == Extent::kHalf ? middle_sector(*node_) : kAllSectors);
    }
    if (!fate.error) return {};
    drop_unsynced(*node_, sequence);
    return std::unexpected(*fate.error);
  }

  Result<void> truncate(uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    const Fate fate = disk_.decide(Operation::kTruncate, "truncate " + path_);
    if (fate.is_done()) disk_.resize(*node_, size);
    return told(fate.error);
  }

  Result<uint64_t> size() const override {
    const std::lock_guard lock(disk_.mutex_);
    if (const auto error = disk_.decide(Operation::kSize, "stat " + path_).error) return std::unexpected(*error);
    return node_->content.size();
  }

  void drop_cached() override { ++disk_.cached_drops_; }

 private:
  ForgetfulFileSystem& disk_;
  const NodePtr node_;
  const std::string path_;
};

class ForgetfulFileSystem::HeldLock final : public FileLock {
 public:
  explicit HeldLock(bool& is_held, std::mutex& mutex) : is_held_(is_held), mutex_(mutex) {}
  ~HeldLock() override {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
  }

 private:
  bool& is_held_;
  std::mutex& mutex_;
};

std::unique_ptr<ForgetfulFileSystem> ForgetfulFileSystem::copy() const {
  auto copy = std::make_unique<ForgetfulFileSystem>(syncs_);
  std::map<NodePtr, NodePtr> nodes;
  const auto copy_of = [&nodes](const NodePtr& node) {
    if (node == nullptr) return NodePtr();
    NodePtr& known = nodes[node];
    if (known == nullptr) known = std::make_shared<Node>(*node);
    return known;
  };
  const std::lock_guard lock(mutex_);
  for (const auto& [name, node] : names_) copy->names_[name] = copy_of(node);
  for (const auto& [name, node] : durable_names_) copy->durable_names_[name] = copy_of(node);
  for (const auto& change : name_changes_) {
    copy->name_changes_.push_back({change.name, copy_of(change.node), change.also_gone});
  }
  copy->sequence_ = sequence_;
  copy->free_bytes_ = free_bytes_;
  copy->sync_time_ = sync_time_;
  return copy;
}

std::unique_ptr<ForgetfulFileSystem> ForgetfulFileSystem::kill() const { return copy(); }

std::unique_ptr<ForgetfulFileSystem> ForgetfulFileSystem::crash(uint64_t seed) const {
  auto disk = copy();
  std::mt19937_64 random(seed);
  for (const NameChange& change : disk->name_changes_) {
    if (random() % 2 == 0) apply(disk->durable_names_, change);
  }
  disk->name_changes_.clear();
  disk->names_ = disk->durable_names_;
  for (const auto& [name, node] : disk->names_) lose_content(*node, random);
  return disk;
}

// One of four moods for each file, so that all and nothing are met as well as a mixture.
void ForgetfulFileSystem::lose_content(Node& node, std::mt19937_64& random) {
  const uint64_t mood = random() % 4;
  const auto is_kept = [&] { return mood == 0 || (mood > 1 && random() % (mood == 2 ? 2 : 16) != 0); };
  std::string survived = node.durable;
  if (is_kept()) survived.resize(node.content.size());
  for (const auto& [sector, versions] : node.unsynced) {
    if (versions.empty() || !is_kept()) continue;
    const Version& version = mood == 0 ? versions.back() : versions[random() % versions.size()];
    const uint64_t offset = sector * kSectorBytes;
    if (offset >= survived.size()) continue;
    const size_t count = std::min<size_t>(version.bytes.size(), survived.size() - offset);
    survived.replace(offset, count, version.bytes, 0, count);
  }
  node.content = survived;
  node.durable = std::move(survived);
  node.unsynced.clear();
}

void ForgetfulFileSystem::make_durable(Node& node, uint64_t sequence, uint64_t size, uint64_t sectors_end) {
  node.durable.resize(std::min<size_t>(size, node.content.size()));
  for (auto& [sector, versions] : node.unsynced) {
    if (sector >= sectors_end) break;
    const auto later = std::ranges::upper_bound(versions, sequence, {}, &Version::sequence);
    if (later == versions.begin()) continue;
    const Version& version = *(later - 1);
    const uint64_t offset = sector * kSectorBytes;
    if (offset < node.durable.size()) {
      const size_t count = std::min<size_t>(version.bytes.size(), node.durable.size() - offset);
      node.durable.replace(offset, count, version.bytes, 0, count);
    }
    versions.erase(versions.begin(), later);
  }
  std::erase_if(node.unsynced, [](const auto& entry) { return entry.second.empty(); });
}

uint64_t ForgetfulFileSystem::middle_sector(const Node& node) {
  const auto middle = std::next(node.unsynced.begin(), static_cast<ptrdiff_t>(node.unsynced.size() / 2));
  return middle == node.unsynced.end() ? 0 : middle->first;
}

void ForgetfulFileSystem::drop_unsynced(Node& node, uint64_t sequence) {
  for (auto& [sector, versions] : node.unsynced) {
    std::erase_if(versions, [sequence](const Version& version) { return version.sequence <= sequence; });
  }
  std::erase_if(node.unsynced, [](const auto& entry) { return entry.second.empty(); });
}

void ForgetfulFileSystem::add_fault(const Fault& fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(fault);
}

std::vector<Operation> ForgetfulFileSystem::faulty_operations() const {
  const std::lock_guard lock(mutex_);
  return faulty_operations_;
}

uint64_t ForgetfulFileSystem::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void ForgetfulFileSystem::set_full(bool is_full) {
  const std::lock_guard lock(mutex_);
  is_full_ = is_full;
}

void ForgetfulFileSystem::set_free_bytes(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  free_bytes_ = bytes;
}

void ForgetfulFileSystem::hold_writes(bool are_held) {
  {
    const std::lock_guard lock(mutex_);
    are_writes_held_ = are_held;
  }
  released_.notify_all();
}

size_t ForgetfulFileSystem::held_writes() const {
  const std::lock_guard lock(mutex_);
  return held_writes_;
}

void ForgetfulFileSystem::set_sync_time(std::chrono::microseconds time) {
  const std::lock_guard lock(mutex_);
  sync_time_ = time;
}

std::string ForgetfulFileSystem::content(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(path);
  return found == names_.end() ? std::string() : found->second->content;
}

void ForgetfulFileSystem::set_content(const std::string& path, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const auto node = std::make_shared<Node>(Node{.content = std::string(bytes), .durable = std::string(bytes)});
  names_[path] = node;
  durable_names_[path] = node;
}

ForgetfulFileSystem::Fate ForgetfulFileSystem::decide(Operation operation, const std::string& what) const {
  ++operations_;
  if (is_off_) return {.extent = Extent::kNone, .error = Error{ErrorCode::kIo, what + ": No such device"}};
  std::optional<Fault> due;
  for (Fault& fault : faults_) {
    if (fault.operation && fault.operation != operation) continue;
    if (fault.nth > 0) {
      --fault.nth;
    } else if (fault.times > 0) {
      --fault.times;
      due = fault;
    }
  }
  if (!due) return {};
  faulty_operations_.push_back(operation);
  if (due->kind == FaultKind::kLie) return {.extent = Extent::kNone};
  is_off_ = due->kind == FaultKind::kPowerCut;
  return {.extent = due->kind == FaultKind::kFail ? Extent::kNone : Extent::kHalf,
          .error = Error{due->code, what + (due->code == ErrorCode::kNoSpace ? ": No space left on device"
                                                                             : ": Input/output error")}};
}

Result<void> ForgetfulFileSystem::write(Node& node, uint64_t offset, std::string_view bytes, const std::string& path) {
  const Fate fate = decide(Operation::kWrite, "write " + path);
  if (fate.extent == Extent::kHalf) put(node, offset, bytes.substr(0, bytes.size() / 2));
  if (fate.extent != Extent::kWhole) return told(fate.error);
  if (is_full_ && offset + bytes.size() > node.content.size()) {
    return fail(ErrorCode::kNoSpace, "write " + path + ": No space left on device");
  }
  put(node, offset, bytes);
  return {};
}

void ForgetfulFileSystem::put(Node& node, uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  const uint64_t old_size = node.content.size();
  const uint64_t end = offset + bytes.size();
  if (end > old_size) node.content.resize(end);
  node.content.replace(offset, bytes.size(), bytes);
  note_sectors(node, std::min(offset, old_size), end);
}

void ForgetfulFileSystem::resize(Node& node, uint64_t size) {
  const uint64_t begin = std::min<uint64_t>(size, node.content.size());
  node.content.resize(size);
  node.unsynced.erase(node.unsynced.lower_bound((size + kSectorBytes - 1) / kSectorBytes), node.unsynced.end());
  note_sectors(node, begin, size);
}

void ForgetfulFileSystem::note_sectors(Node& node, uint64_t begin, uint64_t end) {
  ++sequence_;
  for (uint64_t sector = begin / kSectorBytes; sector * kSectorBytes < end; ++sector) {
    node.unsynced[sector].push_back({sequence_, node.content.substr(sector * kSectorBytes, kSectorBytes)});
  }
}

Result<std::unique_ptr<File>> ForgetfulFileSystem::create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const Fate fate = decide(Operation::kCreate, "create " + path);
  NodePtr node = std::make_shared<Node>();
  if (fate.is_done()) {
    if (NodePtr& named = names_[path]) {
      resize(*named, 0);
      node = named;
    } else {
      named = node;
      name_changes_.push_back({.name = path, .node = node});
    }
  }
  if (fate.error) return std::unexpected(*fate.error);
  return std::make_unique<OpenFile>(*this, std::move(node), path);
}

Result<std::unique_ptr<File>> ForgetfulFileSystem::open(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (const auto error = decide(Operation::kOpen, "open " + path).error) return std::unexpected(*error);
  const auto found = names_.find(path);
  if (found == names_.end()) return fail(ErrorCode::kIo, "open " + path + ": No such file or directory");
  return std::make_unique<OpenFile>(*this, found->second, path);
}

void ForgetfulFileSystem::apply(Names& names, const NameChange& change) {
  if (!change.also_gone.empty()) names.erase(change.also_gone);
  if (change.node == nullptr) {
    names.erase(change.name);
  } else {
    names[change.name] = change.node;
  }
}

Result<void> ForgetfulFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const Fate fate = decide(Operation::kRename, "rename " + from);
  if (!fate.is_done()) return told(fate.error);
  const auto found = names_.find(from);
  if (found == names_.end()) return fail(ErrorCode::kIo, "rename " + from + ": No such file or directory");
  name_changes_.push_back({.name = to, .node = found->second, .also_gone = from});
  apply(names_, name_changes_.back());
  return told(fate.error);
}

Result<void> ForgetfulFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const Fate fate = decide(Operation::kRemove, "remove " + path);
  if (!fate.is_done()) return told(fate.error);
  if (!names_.contains(path)) return fail(ErrorCode::kIo, "remove " + path + ": No such file or directory");
  name_changes_.push_back({.name = path});
  apply(names_, name_changes_.back());
  return told(fate.error);
}

Result<void> ForgetfulFileSystem::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const Fate fate = decide(Operation::kSyncDirectory, "fsync " + path);
  const auto changes = static_cast<size_t>(std::ranges::count_if(
      name_changes_, [&path](const NameChange& change) { return directory_of(change.name) == path; }));
  if (fate.is_done() && syncs_ == Syncs::kHonest) {
    make_names_durable(path, fate.extent == Extent::kHalf ? changes / 2 : changes);
  }
  return told(fate.error);
}

void ForgetfulFileSystem::make_names_durable(const std::string& directory, size_t count) {
  std::erase_if(name_changes_, [&](const NameChange& change) {
    if (count == 0 || directory_of(change.name) != directory) return false;
    --count;
    apply(durable_names_, change);
    return true;
  });
}

Result<void> ForgetfulFileSystem::make_directory(const std::string& /*path*/) { return {}; }

Result<std::vector<std::string>> ForgetfulFileSystem::list(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  if (const auto error = decide(Operation::kList, "list " + path).error) return std::unexpected(*error);
  std::vector<std::string> names;
  for (const auto& [name, node] : names_) {
    if (directory_of(name) == path) names.push_back(name.substr(path.size() + 1));
  }
  return names;
}

Result<uint64_t> ForgetfulFileSystem::free_bytes(const std::string& /*path*/) const {
  const std::lock_guard lock(mutex_);
  return free_bytes_;
}

Result<std::unique_ptr<FileLock>> ForgetfulFileSystem::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  bool& is_held = locks_[path];
  if (is_held) return fail(ErrorCode::kLocked, path + " is held by process 1");
  is_held = true;
  return std::make_unique<HeldLock>(is_held, mutex_);
}

}  // namespace ms::storage
