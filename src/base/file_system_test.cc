#include "base/file_system.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace ms {
namespace {

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
