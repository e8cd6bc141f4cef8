// Bytes in and out: little-endian integers, varints, and a reader whose error sticks.
//
// A varint is LEB128 as in protocol buffers: seven bits a byte, lowest first, at most ten bytes. Signed values go
// through zigzag, so that small negative numbers stay short.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ms {

static_assert(std::endian::native == std::endian::little, "fixed-size integers are written as they lie in memory");

inline constexpr size_t kVarintBytesMax = 10;

// Writes at `out`, which has room for kVarintBytesMax, and returns the end.
inline char* write_varint(char* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

inline void put_varint(std::string& out, uint64_t value) {
  char buffer[kVarintBytesMax];
  out.append(buffer, static_cast<size_t>(write_varint(buffer, value) - buffer));
}

inline uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t unzigzag(uint64_t value) { return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1)); }

template <class Integer>
void put_fixed(std::string& out, Integer value) {
  char buffer[sizeof value];
  std::memcpy(buffer, &value, sizeof value);
  out.append(buffer, sizeof value);
}

// Reads from bytes that may be damaged. After the first read that does not fit, ok() is false for good and every read
// gives zero or nothing, so that a decoder may read ten fields and check once. Looks at the bytes; owns nothing.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }
  size_t remaining() const { return rest_.size(); }

  template <class Integer>
  Integer fixed() {
    Integer value = 0;
    const std::string_view field = bytes(sizeof value);
    if (ok_) std::memcpy(&value, field.data(), sizeof value);
    return value;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (size_t i = 0; i < kVarintBytesMax && i < rest_.size(); ++i) {
      const auto byte = static_cast<uint8_t>(rest_[i]);
      if (i == kVarintBytesMax - 1 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    fail();
    return 0;
  }

  std::string_view bytes(size_t count) {
    if (count > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view field = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return field;
  }

  // A varint size, and as many bytes.
  std::string_view sized_bytes() { return bytes(static_cast<size_t>(varint())); }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace ms
