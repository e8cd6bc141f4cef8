#include "storage/resource_guard.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/file_system.h"
#include "storage/store_testing.h"

namespace ms::storage {
namespace {

constexpr size_t kMebibyte = 1 << 20;
constexpr size_t kBlockBytes = 32 * 1024;  // small enough for the allocator to keep it when it is freed
constexpr size_t kBlocks = 4096;

// 128 MiB of blocks that are in use.
std::vector<std::unique_ptr<char[]>> fill_blocks() {
  std::vector<std::unique_ptr<char[]>> blocks(kBlocks);
  for (auto& block : blocks) {
    block = std::make_unique_for_overwrite<char[]>(kBlockBytes);
    std::fill_n(block.get(), kBlockBytes, 'x');
  }
  return blocks;
}

TEST(ResourceGuard, MemoryThatIsInUseBeyondTheLimitRefusesWrites) {
  const auto files = make_posix_file_system();
  const auto blocks = fill_blocks();
  ResourceGuard guard({.directory = ".", .memory_bytes_max = 64 * kMebibyte}, *files, quiet_log());
  guard.look();
  EXPECT_TRUE(guard.refusal());
}

TEST(ResourceGuard, MemoryThatTheAllocatorOnlyKeepsIsGivenBackBeforeWritesAreRefused) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's allocator keeps what is freed";
#endif
  const auto files = make_posix_file_system();
  malloc_trim(0);  // what other tests have left
  const uint64_t before = anonymous_memory_bytes();
  auto blocks = fill_blocks();
  for (size_t i = 0; i < blocks.size(); i += 2) blocks[i].reset();
  ASSERT_GT(anonymous_memory_bytes(), before + 120 * kMebibyte) << "the allocator has kept nothing";
  ResourceGuard guard({.directory = ".", .memory_bytes_max = before + 96 * kMebibyte}, *files, quiet_log());
  guard.look();
  EXPECT_FALSE(guard.refusal());
  EXPECT_LT(guard.memory_bytes(), before + 96 * kMebibyte);
}

}  // namespace
}  // namespace ms::storage
