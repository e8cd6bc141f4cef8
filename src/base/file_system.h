// The seam to the disk. Everything that the store writes goes through a FileSystem, so that a test can put a disk there
// that forgets what was not synced, or that fails.
//
// Writes are whole or an error: short writes are continued. Thread-safe; a File may be written and synced by different
// threads at once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ms {

class File {
 public:
  virtual ~File() = default;

  // Writes all of `bytes` at `offset`.
  virtual Result<void> write_at(uint64_t offset, std::string_view bytes) = 0;
  // Reads into `buffer` from `offset` and returns how much there was: less than asked for only at the end of the file.
  virtual Result<size_t> read_at(uint64_t offset, std::span<char> buffer) const = 0;
  // fdatasync: content and size are on the disk once it has succeeded. After a failure the kernel may have dropped what
  // it could not write and call a second attempt a success, so a failed sync is never repeated on the same file.
  virtual Result<void> sync() = 0;
  virtual Result<void> truncate(uint64_t size) = 0;
  virtual Result<uint64_t> size() const = 0;
  // Gives the memory back in which the system keeps what was synced: it will not be read soon.
  virtual void drop_cached() = 0;
};

// A lock on a file, held until it is destroyed or the process ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> create(const std::string& path) = 0;  // truncates what is there
  virtual Result<std::unique_ptr<File>> open(const std::string& path) = 0;    // for reading and writing; must exist
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  // Makes the names in a directory durable: after create, rename and remove.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  // Creates the directory, and those above it, and makes their names durable. Fine if it exists.
  virtual Result<void> make_directory(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> list(const std::string& path) const = 0;  // names, unordered
  virtual Result<uint64_t> free_bytes(const std::string& path) const = 0;            // for an ordinary user

  // Takes an exclusive lock on the file, creating it, and writes this process's id into it. kLocked, with the id of the
  // holder in the message, where another one has it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

// The operating system's.
std::unique_ptr<FileSystem> make_posix_file_system();

}  // namespace ms
