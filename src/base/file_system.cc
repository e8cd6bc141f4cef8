#include "base/file_system.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/descriptor.h"

namespace ms {
namespace {

// "uid 1000 (alice)"; "uid 1000" where it has no name.
std::string user_text(uid_t uid) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  std::string text = "uid " + std::to_string(uid);
  if (found != nullptr) text += " (" + std::string(found->pw_name) + ")";
  return text;
}

// fail_errno of `verb` and `path`, which says too, where access is denied and the path, or what of it exists and can be
// seen, is another user's, whose it is: nearly always the program, or an earlier start of it, ran as that user.
std::unexpected<Error> fail_path(std::string_view verb, const std::string& path, int error_number) {
  auto failure = fail_errno(std::string(verb) + " " + path, error_number);
  if (error_number != EACCES && error_number != EPERM) return failure;
  std::filesystem::path seen = path;
  struct stat status{};
  while (stat(seen.c_str(), &status) != 0) {
    if (!seen.has_parent_path() || seen == seen.parent_path()) return failure;
    seen = seen.parent_path();
  }
  if (status.st_uid == geteuid()) return failure;  // its mode, or a policy, denies what its owner wants
  failure.error().message += "; " + seen.string() + " belongs to " + user_text(status.st_uid) +
                             ", and this process runs as " + user_text(geteuid()) +
                             ": run it as the owner, or give it a directory of its own (mkdir, chown -R)";
  return failure;
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<void> write_at(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail_errno("write " + path_, errno);
      bytes.remove_prefix(static_cast<size_t>(written));
      offset += static_cast<uint64_t>(written);
    }
    return {};
  }

  Result<size_t> read_at(uint64_t offset, std::span<char> buffer) const override {
    size_t total = 0;
    while (total < buffer.size()) {
      const ssize_t got =
          pread(fd_.get(), buffer.data() + total, buffer.size() - total, static_cast<off_t>(offset + total));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno("read " + path_, errno);
      if (got == 0) break;
      total += static_cast<size_t>(got);
    }
    return total;
  }

  Result<void> sync() override {
    if (fdatasync(fd_.get()) != 0) return fail_errno("fdatasync " + path_, errno);
    return {};
  }

  Result<void> truncate(uint64_t size) override {
    if (ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return fail_errno("truncate " + path_, errno);
    return {};
  }

  Result<uint64_t> size() const override {
    struct stat status{};
    if (fstat(fd_.get(), &status) != 0) return fail_errno("stat " + path_, errno);
    return static_cast<uint64_t>(status.st_size);
  }

  // Advice alone: where it is not followed, the pages stay.
  void drop_cached() override { static_cast<void>(posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED)); }

 private:
  Descriptor fd_;
  std::string path_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  Descriptor fd_;
};

std::string read_holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = pread(fd, text.data(), text.size(), 0);
  std::string holder(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "unknown" : holder;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> create(const std::string& path) override {
    return open_with(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, "create");
  }
  Result<std::unique_ptr<File>> open(const std::string& path) override {
    return open_with(path, O_RDWR | O_CLOEXEC, "open");
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("rename " + from + " to " + to, errno);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0) return fail_errno("remove " + path, errno);
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return fail_errno("open directory " + path, errno);
    if (fsync(fd.get()) != 0) return fail_errno("fsync directory " + path, errno);
    return {};
  }

  Result<void> make_directory(const std::string& path) override {
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(path, error);
    std::filesystem::path made;
    for (const auto& part : absolute) {
      const std::filesystem::path parent = made;
      made /= part;
      if (mkdir(made.c_str(), 0755) == 0) {
        if (auto synced = sync_directory(parent.string()); !synced) return synced;
      } else if (errno != EEXIST) {
        const int error_number = errno;
        if (std::filesystem::is_directory(made, error)) continue;  // a read-only parent answers EROFS, not EEXIST
        return fail_path("make directory", made.string(), error_number);
      }
    }
    if (!std::filesystem::is_directory(absolute, error)) {
      return fail(ErrorCode::kIo, "make directory " + path + ": a file is in its place");
    }
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) const override {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) return fail_errno("list " + path, error.value());
    return names;
  }

  Result<uint64_t> free_bytes(const std::string& path) const override {
    struct statvfs status{};
    if (statvfs(path.c_str(), &status) != 0) return fail_errno("statvfs " + path, errno);
    return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (fd.get() < 0) return fail_path("open lock", path, errno);
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return fail_errno("lock " + path, errno);
      return fail(ErrorCode::kLocked, path + " is held by process " + read_holder(fd.get()));
    }
    const std::string id = std::to_string(getpid()) + "\n";
    if (ftruncate(fd.get(), 0) != 0 || pwrite(fd.get(), id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) {
      return fail_errno("write lock " + path, errno);
    }
    return std::make_unique<PosixFileLock>(std::move(fd));
  }

 private:
  static Result<std::unique_ptr<File>> open_with(const std::string& path, int flags, const char* verb) {
    Descriptor fd(::open(path.c_str(), flags, 0644));
    if (fd.get() < 0) return fail_path(verb, path, errno);
    return std::make_unique<PosixFile>(std::move(fd), path);
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace ms
