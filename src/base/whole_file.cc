#include "base/whole_file.h"

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

namespace ms {
namespace {

// Where the file is until all of it is there.
std::string part_of(const std::string& path) { return path + "." + std::to_string(getpid()) + ".part"; }

Result<std::unique_ptr<File>> begin(FileSystem& file_system, const std::string& path) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return fail(ErrorCode::kIo, "it is there, and is no ordinary file");
  }
  return file_system.create(part_of(path));
}

Result<void> write_part(FileSystem& file_system, const std::string& path, std::string_view content) {
  const auto file = begin(file_system, path);
  if (!file) return std::unexpected(file.error());
  if (auto written = (*file)->write_at(0, content); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  return file_system.rename(part_of(path), path);
}

}  // namespace

Result<void> check_whole_file(FileSystem& file_system, const std::string& path) {
  auto file = begin(file_system, path);
  if (!file) return std::unexpected(std::move(file).error().with_context("cannot write " + path));
  return file_system.remove(part_of(path));
}

Result<void> write_whole_file(FileSystem& file_system, const std::string& path, std::string_view content) {
  auto written = write_part(file_system, path, content);
  if (written) return written;
  // What is left of it, if anything is: why it was not written is what matters.
  static_cast<void>(file_system.remove(part_of(path)));
  return std::unexpected(std::move(written).error().with_context("cannot write " + path));
}

}  // namespace ms
