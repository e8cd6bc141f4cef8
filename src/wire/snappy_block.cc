#include "wire/snappy_block.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/bytes.h"

namespace ms::wire {
namespace {

constexpr size_t kSizeBytesMax = 5;  // of the varint that a block begins with
constexpr size_t kStepBytes = 16;    // copied at a time
// Elements of at most so many bytes are copied in whole steps, where both sides have room for as much. A copy has no
// more; a longer literal is rare.
constexpr size_t kShortBytesMax = 4 * kStepBytes;
constexpr size_t kShortLiteralMax = 60;  // sizes above lie behind the tag
constexpr size_t kTagBytesMax = 5;       // with what lies behind it

enum class ElementKind : uint8_t { kLiteral = 0, kNearCopy = 1, kCopy = 2, kFarCopy = 3 };

// What is left to read, and to fill.
struct Cursor {
  bool is_roomy() const {
    return in_end - in >= static_cast<ptrdiff_t>(kTagBytesMax + kShortBytesMax) &&
           out_end - out >= static_cast<ptrdiff_t>(kShortBytesMax);
  }
  size_t in_left() const { return static_cast<size_t>(in_end - in); }
  size_t out_left() const { return static_cast<size_t>(out_end - out); }
  size_t decoded() const { return static_cast<size_t>(out - out_begin); }

  const char* in;
  const char* const in_end;
  char* out;
  char* const out_begin;
  char* const out_end;
};

// What a tag says.
struct Tag {
  size_t distance(uint32_t behind) const { return size_t{distance_high} + (behind & distance_mask); }

  uint8_t bytes = 0;           // of the element; 0: a literal whose size lies behind the tag
  uint8_t header_bytes = 1;    // of a copy: the tag, and the distance behind it
  uint16_t distance_high = 0;  // the part of the distance that lies in the tag
  uint32_t distance_mask = 0;  // over the four bytes behind the tag
};

constexpr bool is_literal(uint8_t tag) { return (tag & 3) == 0; }

constexpr std::array<Tag, 256> make_tags() {
  std::array<Tag, 256> tags{};
  for (size_t i = 0; i < tags.size(); ++i) {
    const auto upper = static_cast<uint8_t>(i >> 2);
    const auto bytes = static_cast<uint8_t>(upper + 1);
    switch (static_cast<ElementKind>(i & 3)) {
      case ElementKind::kLiteral:
        tags[i].bytes = bytes <= kShortLiteralMax ? bytes : 0;
        break;
      case ElementKind::kNearCopy:
        tags[i] = {static_cast<uint8_t>(4 + (upper & 7)), 2, static_cast<uint16_t>((i >> 5) << 8), 0xff};
        break;
      case ElementKind::kCopy:
        tags[i] = {bytes, 3, 0, 0xffff};
        break;
      case ElementKind::kFarCopy:
        tags[i] = {bytes, 5, 0, 0xffffffff};
        break;
    }
  }
  return tags;
}
constexpr std::array<Tag, 256> kTags = make_tags();

void copy_step(char* to, const char* from) {
  // By way of a register: the two may overlap.
  char step[kStepBytes];
  std::memcpy(step, from, kStepBytes);
  std::memcpy(to, step, kStepBytes);
}

// Writes kShortBytesMax, whatever the size of the element, since sizes are hard to predict: what is too much is written
// over by the next element. `from` lies a step or more before `to`, or elsewhere.
void copy_short(char* to, const char* from) {
  for (size_t at = 0; at < kShortBytesMax; at += kStepBytes) copy_step(to + at, from + at);
}

bool take_literal(Cursor& at, uint8_t tag) {
  ++at.in;
  size_t bytes = tag >> 2;
  if (bytes >= kShortLiteralMax) {
    const size_t size_bytes = bytes - kShortLiteralMax + 1;
    if (size_bytes > at.in_left()) return false;
    bytes = 0;
    std::memcpy(&bytes, at.in, size_bytes);
    at.in += size_bytes;
  }
  ++bytes;
  if (bytes > at.in_left() || bytes > at.out_left()) return false;
  std::memcpy(at.out, at.in, bytes);
  at.in += bytes;
  at.out += bytes;
  return true;
}

bool take_copy(Cursor& at, uint8_t tag) {
  const Tag& copy = kTags[tag];
  uint32_t behind = 0;
  std::memcpy(&behind, at.in + 1, std::min(at.in_left() - 1, sizeof behind));
  const size_t distance = copy.distance(behind);
  if (copy.header_bytes > at.in_left() || copy.bytes > at.out_left()) return false;
  if (distance == 0 || distance > at.decoded()) return false;
  const char* from = at.out - distance;
  // Byte by byte: a copy that is longer than its distance repeats what it has written itself.
  for (size_t i = 0; i < copy.bytes; ++i) *at.out++ = *from++;
  at.in += copy.header_bytes;
  return true;
}

// The common elements, where there is room for whole steps; false: nothing is taken, and the careful ones above decide.
bool take_quickly(Cursor& at, uint8_t tag) {
  if (!at.is_roomy()) return false;
  const Tag& element = kTags[tag];
  uint32_t behind;
  std::memcpy(&behind, at.in + 1, sizeof behind);
  const size_t distance = element.distance(behind);
  if (is_literal(tag) ? element.bytes == 0 : distance < kStepBytes || distance > at.decoded()) return false;
  copy_short(at.out, is_literal(tag) ? at.in + 1 : at.out - distance);
  // A literal's size from the tag and not from the table: the next tag waits for this.
  at.in += is_literal(tag) ? size_t{2} + (tag >> 2) : element.header_bytes;
  at.out += element.bytes;
  return true;
}

}  // namespace

std::optional<size_t> find_snappy_size(std::string_view block) {
  ByteReader reader(block.substr(0, kSizeBytesMax));
  const uint64_t bytes = reader.varint();
  if (!reader.ok() || bytes > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  return bytes;
}

bool decode_snappy(std::string_view block, std::span<char> out) {
  ByteReader reader(block);
  reader.varint();
  if (!reader.ok()) return false;
  Cursor at{.in = block.data() + block.size() - reader.remaining(),
            .in_end = block.data() + block.size(),
            .out = out.data(),
            .out_begin = out.data(),
            .out_end = out.data() + out.size()};
  while (at.in != at.in_end) {
    const auto tag = static_cast<uint8_t>(*at.in);
    if (take_quickly(at, tag)) continue;
    if (!(is_literal(tag) ? take_literal(at, tag) : take_copy(at, tag))) return false;
  }
  return at.out == at.out_end;
}

}  // namespace ms::wire
