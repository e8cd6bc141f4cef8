#include "base/file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace ms {
namespace {

// How many pages of a file the system has in memory.
size_t count_cached_pages(const std::string& path, size_t bytes) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  void* const place = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (place == MAP_FAILED) return 0;
  std::vector<unsigned char> is_cached((bytes + 4095) / 4096);
  mincore(place, bytes, is_cached.data());
  munmap(place, bytes);
  return static_cast<size_t>(std::ranges::count_if(is_cached, [](unsigned char page) { return (page & 1) != 0; }));
}

class PosixFileSystemTest : public testing::Test {
 protected:
  PosixFileSystemTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ms-files-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~PosixFileSystemTest() override { std::filesystem::remove_all(directory_); }

  const std::unique_ptr<FileSystem> owned_files_ = make_posix_file_system();
  FileSystem& files_ = *owned_files_;
  std::string directory_;
};

TEST_F(PosixFileSystemTest, ReadsBackWhatItWrote) {
  auto file = files_.create(directory_ + "/a");
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE((*file)->write_at(3, "hello"));
  ASSERT_TRUE((*file)->sync());
  std::string buffer(16, 'x');
  auto got = (*file)->read_at(0, buffer);
  ASSERT_TRUE(got);
  EXPECT_EQ(buffer.substr(0, *got), std::string("\0\0\0hello", 8));
  EXPECT_EQ((*file)->size(), 8u);
}

TEST_F(PosixFileSystemTest, WhatIsSyncedLeavesTheCacheAndStaysReadable) {
  struct statfs status{};
  ASSERT_EQ(statfs(directory_.c_str(), &status), 0);
  if (status.f_type == TMPFS_MAGIC) GTEST_SKIP() << directory_ << " is in memory, and nothing leaves it";
  const std::string path = directory_ + "/a";
  const std::string content(1u << 20, 'c');
  auto file = files_.create(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE((*file)->write_at(0, content));
  ASSERT_TRUE((*file)->sync());
  ASSERT_GT(count_cached_pages(path, content.size()), 0u);
  (*file)->drop_cached();
  EXPECT_EQ(count_cached_pages(path, content.size()), 0u);
  std::string buffer(content.size(), '\0');
  EXPECT_EQ((*file)->read_at(0, buffer), content.size());
  EXPECT_EQ(buffer, content);
}

TEST_F(PosixFileSystemTest, AMissingFileSaysItsPath) {
  auto file = files_.open(directory_ + "/missing");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kIo);
  EXPECT_EQ(file.error().message, "open " + directory_ + "/missing: No such file or directory");
}

TEST_F(PosixFileSystemTest, MakesDirectoriesOnTheWayAndAgain) {
  EXPECT_TRUE(files_.make_directory(directory_ + "/a/b/c"));
  EXPECT_TRUE(files_.make_directory(directory_ + "/a/b/c"));
  EXPECT_TRUE(std::filesystem::is_directory(directory_ + "/a/b/c"));
}

TEST_F(PosixFileSystemTest, AFileInTheDirectorysPlaceIsAnError) {
  ASSERT_TRUE(files_.create(directory_ + "/taken"));
  EXPECT_FALSE(files_.make_directory(directory_ + "/taken"));
}

TEST_F(PosixFileSystemTest, ALockIsExclusiveAndNamesItsHolder) {
  auto first = files_.lock(directory_ + "/lock");
  ASSERT_TRUE(first) << first.error().message;
  auto second = files_.lock(directory_ + "/lock");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
  EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos);
  first->reset();
  EXPECT_TRUE(files_.lock(directory_ + "/lock"));
}

}  // namespace
}  // namespace ms
