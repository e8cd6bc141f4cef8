#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace ms {
namespace {

TEST(VarintTest, ReadsBackWhatItWrote) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128}, uint64_t{300}, uint64_t{1} << 35,
                               std::numeric_limits<uint64_t>::max()}) {
    std::string bytes;
    put_varint(bytes, value);
    ByteReader reader(bytes);
    EXPECT_EQ(reader.varint(), value);
    EXPECT_TRUE(reader.ok());
    EXPECT_TRUE(reader.empty());
  }
}

TEST(VarintTest, RefusesMoreThanSixtyFourBits) {
  ByteReader eleven_bytes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  eleven_bytes.varint();
  EXPECT_FALSE(eleven_bytes.ok());
  ByteReader seventieth_bit("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  seventieth_bit.varint();
  EXPECT_FALSE(seventieth_bit.ok());
}

TEST(ZigzagTest, KeepsEverySignedValue) {
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1}, std::numeric_limits<int64_t>::min(),
                              std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(unzigzag(zigzag(value)), value);
  }
  EXPECT_EQ(zigzag(-1), 1u);
}

TEST(ByteReaderTest, ErrorsStick) {
  ByteReader reader("\x01\x02\x03");
  EXPECT_EQ(reader.fixed<uint16_t>(), 0x0201);
  EXPECT_EQ(reader.fixed<uint32_t>(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.bytes(1), "");
  EXPECT_EQ(reader.varint(), 0u);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReaderTest, SizedBytesNeverReachBeyondTheEnd) {
  ByteReader reader(
      std::string_view("\x05"
                       "ab",
                       3));
  EXPECT_EQ(reader.sized_bytes(), "");
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace ms
