#include "base/whole_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace ms {
namespace {

class WholeFileTest : public testing::Test {
 protected:
  WholeFileTest() {
    std::string pattern = testing::TempDir() + "whole_file_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~WholeFileTest() override { std::filesystem::remove_all(folder_); }

  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t files() const { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {})); }

  const std::unique_ptr<FileSystem> file_system_ = make_posix_file_system();
  std::filesystem::path folder_;
};

TEST_F(WholeFileTest, ReplacesWhatIsThereAndLeavesNothingBeside) {
  const std::filesystem::path path = folder_ / "report.html";
  std::ofstream(path) << "old, and longer";
  ASSERT_TRUE(check_whole_file(*file_system_, path).has_value());
  EXPECT_EQ(read(path), "old, and longer");
  EXPECT_EQ(files(), 1u);
  ASSERT_TRUE(write_whole_file(*file_system_, path, "new").has_value());
  EXPECT_EQ(read(path), "new");
  EXPECT_EQ(files(), 1u);
}

TEST_F(WholeFileTest, SaysBeforehandWhatItCannotWrite) {
  const auto missing = check_whole_file(*file_system_, folder_ / "none" / "report.html");
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().message.find("none/report.html"), std::string::npos) << missing.error().message;
  EXPECT_NE(missing.error().message.find("No such file"), std::string::npos) << missing.error().message;
  EXPECT_FALSE(check_whole_file(*file_system_, folder_).has_value()) << "a folder";
  EXPECT_FALSE(check_whole_file(*file_system_, "/dev/null").has_value()) << "a device, which a rename would replace";
  EXPECT_FALSE(write_whole_file(*file_system_, "/dev/null", "").has_value());
}

}  // namespace
}  // namespace ms
