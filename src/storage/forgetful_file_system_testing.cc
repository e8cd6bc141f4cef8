#include "storage/forgetful_file_system_testing.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace ms::storage {
namespace {

constexpr uint64_t kSectorBytes = 512;

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

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
    if (offset >= node_->content.size()) return size_t{0};
    return node_->content.copy(buffer.data(), buffer.size(), offset);
  }

  // Covers what was written before the call, once the call returns.
  Result<void> sync() override {
    std::unique_lock lock(disk_.mutex_);
    const uint64_t sequence = disk_.sequence_;
    const uint64_t size = node_->content.size();
    const auto fault = disk_.next_fault(Operation::kSync, "fdatasync " + path_);
    const auto time = disk_.sync_time_;
    lock.unlock();
    if (time.count() > 0) std::this_thread::sleep_for(time);
    lock.lock();
    if (fault) {
      for (auto& [sector, versions] : node_->unsynced) {
        std::erase_if(versions, [sequence](const Version& version) { return version.sequence <= sequence; });
      }
      return std::unexpected(*fault);
    }
    if (disk_.syncs_ == Syncs::kHonest) make_durable(*node_, sequence, size);
    return {};
  }

  Result<void> truncate(uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    if (auto fault = disk_.next_fault(Operation::kTruncate, "truncate " + path_)) return std::unexpected(*fault);
    disk_.resize(*node_, size);
    return {};
  }

  Result<uint64_t> size() const override {
    const std::lock_guard lock(disk_.mutex_);
    return node_->content.size();
  }

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

void ForgetfulFileSystem::make_durable(Node& node, uint64_t sequence, uint64_t size) {
  node.durable.resize(std::min<size_t>(size, node.content.size()));
  for (auto& [sector, versions] : node.unsynced) {
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

void ForgetfulFileSystem::fail_next(Operation operation, ErrorCode code) {
  const std::lock_guard lock(mutex_);
  fault_ = {.operation = operation, .code = code};
}

void ForgetfulFileSystem::fail_at(uint64_t nth, ErrorCode code) {
  const std::lock_guard lock(mutex_);
  fault_ = {.countdown = nth, .code = code};
}

bool ForgetfulFileSystem::has_failed() const {
  const std::lock_guard lock(mutex_);
  return !fault_;
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

std::optional<Error> ForgetfulFileSystem::next_fault(Operation operation, const std::string& what) {
  ++operations_;
  if (!fault_ || (fault_->operation && fault_->operation != operation) || fault_->countdown-- > 0) return std::nullopt;
  const ErrorCode code = fault_->code;
  fault_.reset();
  return Error{code, what + (code == ErrorCode::kNoSpace ? ": No space left on device" : ": Input/output error")};
}

Result<void> ForgetfulFileSystem::write(Node& node, uint64_t offset, std::string_view bytes, const std::string& path) {
  if (const auto fault = next_fault(Operation::kWrite, "write " + path)) {
    put(node, offset, bytes.substr(0, bytes.size() / 2));
    return std::unexpected(*fault);
  }
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
  if (const auto fault = next_fault(Operation::kCreate, "create " + path)) return std::unexpected(*fault);
  NodePtr& node = names_[path];
  if (node == nullptr) {
    node = std::make_shared<Node>();
    name_changes_.push_back({.name = path, .node = node});
  } else {
    resize(*node, 0);
  }
  return std::make_unique<OpenFile>(*this, node, path);
}

Result<std::unique_ptr<File>> ForgetfulFileSystem::open(const std::string& path) {
  const std::lock_guard lock(mutex_);
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
  if (const auto fault = next_fault(Operation::kRename, "rename " + from)) return std::unexpected(*fault);
  const auto found = names_.find(from);
  if (found == names_.end()) return fail(ErrorCode::kIo, "rename " + from + ": No such file or directory");
  name_changes_.push_back({.name = to, .node = found->second, .also_gone = from});
  apply(names_, name_changes_.back());
  return {};
}

Result<void> ForgetfulFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!names_.contains(path)) return fail(ErrorCode::kIo, "remove " + path + ": No such file or directory");
  name_changes_.push_back({.name = path});
  apply(names_, name_changes_.back());
  return {};
}

Result<void> ForgetfulFileSystem::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (const auto fault = next_fault(Operation::kSyncDirectory, "fsync " + path)) return std::unexpected(*fault);
  if (syncs_ == Syncs::kLying) return {};
  for (const NameChange& change : name_changes_) {
    if (directory_of(change.name) == path) apply(durable_names_, change);
  }
  std::erase_if(name_changes_, [&path](const NameChange& change) { return directory_of(change.name) == path; });
  return {};
}

Result<void> ForgetfulFileSystem::make_directory(const std::string& /*path*/) { return {}; }

Result<std::vector<std::string>> ForgetfulFileSystem::list(const std::string& path) const {
  const std::lock_guard lock(mutex_);
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
