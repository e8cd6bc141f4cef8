#include "wire/snappy_block.h"

#include <gtest/gtest.h>
#include <snappy.h>

#include <random>
#include <string>
#include <vector>

namespace ms::wire {
namespace {

using namespace std::string_literals;

// In memory of just these sizes, so that a sanitizer sees what is read or written beyond them.
std::optional<std::string> decode(std::string_view block, size_t bytes) {
  const std::vector<char> in(block.begin(), block.end());
  std::vector<char> out(bytes);
  if (!decode_snappy({in.data(), in.size()}, out)) return std::nullopt;
  return std::string(out.begin(), out.end());
}

std::string repeat(std::string_view text, size_t times) {
  std::string repeated;
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(SnappyBlock, EachElementDecodes) {
  const struct {
    const char* what;
    std::string block;
    std::string decoded;
  } cases[] = {
      {"nothing", "\0"s, ""},
      {"a literal", "\x03\x08"s + "abc", "abc"},
      {"a literal of 60 bytes", "\x3c\xec"s + repeat("a", 60), repeat("a", 60)},
      {"a literal with a size of one byte", "\x3d\xf0\x3c"s + repeat("a", 61), repeat("a", 61)},
      {"of two bytes", "\xac\x02\xf4\x2b\x01"s + repeat("abc", 100), repeat("abc", 100)},
      {"of three bytes", "\xac\x02\xf8\x2b\x01\0"s + repeat("abc", 100), repeat("abc", 100)},
      {"of four bytes", "\xac\x02\xfc\x2b\x01\0\0"s + repeat("abc", 100), repeat("abc", 100)},
      {"a copy from 4 bytes back", "\x08\x0c"s + "abcd" + "\x01\x04"s, "abcdabcd"},
      {"a copy from 256 bytes back", "\x84\x02\xf0\xff"s + repeat("a", 4) + repeat("b", 252) + "\x21\0"s,
       repeat("a", 4) + repeat("b", 252) + repeat("a", 4)},
      {"a copy with a distance of two bytes", "\x05\x0c"s + "abcd" + "\x02\x03\0"s, "abcdb"},
      {"of four bytes", "\x05\x0c"s + "abcd" + "\x03\x03\0\0\0"s, "abcdb"},
      {"a copy of what it writes itself", "\x41\0"s + "a" + "\xfe\x01\0"s, repeat("a", 65)},
      {"with a period of three", "\x42\x08"s + "abc" + "\xfa\x03\0"s, repeat("abc", 22)},
  };
  for (const auto& [what, block, decoded] : cases) {
    EXPECT_EQ(find_snappy_size(block), decoded.size()) << what;
    EXPECT_EQ(decode(block, decoded.size()), decoded) << what;
  }
}

TEST(SnappyBlock, DamageIsRefused) {
  const struct {
    const char* what;
    std::string block;
  } cases[] = {
      {"no size", ""},
      {"a size that does not end", "\x80"},
      {"less than the size", "\x04\x08"s + "abc"},
      {"more than the size", "\x02\x08"s + "abc"},
      {"a literal that is cut off", "\x03\x08"s + "ab"},
      {"a literal's size that is cut off", "\x03\xf4\x02"s},
      {"a literal of 4 GiB", "\x03\xfc\xff\xff\xff\xff"s + "abc"},
      {"a copy of nothing before", "\x04\x01\x01"s},
      {"a copy from before the begin", "\x08\x0c"s + "abcd" + "\x01\x05"s},
      {"a copy with no distance", "\x08\x0c"s + "abcd" + "\x01\0"s},
      {"a copy's distance that is cut off", "\x08\x0c"s + "abcd" + "\x0e\x04"s},
      {"a copy beyond the size", "\x07\x0c"s + "abcd" + "\x01\x04"s},
  };
  for (const auto& [what, block] : cases) {
    EXPECT_FALSE(decode(block, find_snappy_size(block).value_or(0))) << what;
  }
}

TEST(SnappyBlock, ASizeHasAtMostFourBytesOfInformation) {
  EXPECT_EQ(find_snappy_size("\xff\xff\xff\xff\x0f"), 0xffff'ffffu);
  EXPECT_EQ(find_snappy_size("\xff\xff\xff\xff\x10"), std::nullopt);
  EXPECT_EQ(find_snappy_size("\x81\x80\x80\x80\x80\x00"s), std::nullopt);
}

// Text whose parts come again, at all distances and lengths.
std::string random_text(std::mt19937& random) {
  std::string text;
  const size_t size = random() % 20'000;
  while (text.size() < size) {
    if (text.empty() || random() % 3 == 0) {
      for (size_t i = random() % 100; i > 0; --i) text += static_cast<char>('a' + random() % 26);
    } else {
      const size_t begin = random() % text.size();
      text += text.substr(begin, random() % 200);
    }
  }
  return text;
}

TEST(SnappyBlock, DecodesWhatTheReferenceEncodes) {
  std::mt19937 random(testing::UnitTest::GetInstance()->random_seed());
  for (int i = 0; i < 200; ++i) {
    const std::string text = random_text(random);
    std::string block;
    snappy::Compress(text.data(), text.size(), &block);
    ASSERT_EQ(find_snappy_size(block), text.size());
    ASSERT_EQ(decode(block, text.size()), text) << "seed " << testing::UnitTest::GetInstance()->random_seed();
  }
}

TEST(SnappyBlock, TakesOfDamagedBlocksWhatTheReferenceTakes) {
  std::mt19937 random(testing::UnitTest::GetInstance()->random_seed());
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random_text(random).substr(0, 500);
    std::string block;
    snappy::Compress(text.data(), text.size(), &block);
    const size_t begin = text.size() < 128 ? 1 : 2;  // behind the size
    for (size_t hits = random() % 3; hits > 0 && block.size() > begin; --hits) {
      block[begin + random() % (block.size() - begin)] = static_cast<char>(random());
    }
    std::string expected(text.size(), '\0');
    const bool is_good = snappy::RawUncompress(block.data(), block.size(), expected.data());
    ASSERT_EQ(decode(block, text.size()), is_good ? std::optional(expected) : std::nullopt)
        << "seed " << testing::UnitTest::GetInstance()->random_seed();
  }
}

}  // namespace
}  // namespace ms::wire
