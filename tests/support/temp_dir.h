// TempDir: a directory for one test, removed with all that it holds.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace ms::test {

class TempDir {
 public:
  TempDir() : path_(testing::TempDir() + "metricstream_XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();  // no test can go on without
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace ms::test
