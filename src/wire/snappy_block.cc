#include "wire/snappy_block.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/bytes.h"

namespace ms::wire {
namespace {

constexpr size_t kSizeBytesMax = 5;  // of the varint that a block begins with
constexpr size_t kStepBytes = 16;    // copied at a time
// Elements of at most so many bytes are copied in whole steps, where both sides have room for as much. Longer ones are
// rare: a copy has no more, and a literal is what occurs for the first time.
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

  const char* in;
  const char* const in_end;
  char* out;
  char* const out_begin;
  char* const out_end;
};

struct Copy {
  size_t bytes = 0;
  size_t distance = 0;
  size_t tag_bytes = 0;
};

// `behind`: the four bytes after the tag, or zeroes where the block ends.
Copy read_copy(uint8_t tag, uint32_t behind) {
  switch (static_cast<ElementKind>(tag & 3)) {
    case ElementKind::kNearCopy:
      return {size_t{4} + (tag >> 2 & 7), (size_t{tag} >> 5) << 8 | (behind & 0xff), 2};
    case ElementKind::kCopy:
      return {size_t{1} + (tag >> 2), behind & 0xffff, 3};
    case ElementKind::kFarCopy:
      return {size_t{1} + (tag >> 2), behind, 5};
    case ElementKind::kLiteral:
      break;
  }
  return {};
}

void copy_step(char* to, const char* from) {
  // By way of a register: the two may overlap.
  char step[kStepBytes];
  std::memcpy(step, from, kStepBytes);
  std::memcpy(to, step, kStepBytes);
}

// Writes up to kShortBytesMax; what is beyond `bytes` is written over by the next element. `from` lies a step or more
// before `to`, or elsewhere.
void copy_short(char* to, const char* from, size_t bytes) {
  copy_step(to, from);
  if (bytes <= kStepBytes) return;
  copy_step(to + kStepBytes, from + kStepBytes);
  if (bytes <= 2 * kStepBytes) return;
  copy_step(to + 2 * kStepBytes, from + 2 * kStepBytes);
  copy_step(to + 3 * kStepBytes, from + 3 * kStepBytes);
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
  uint32_t behind = 0;
  std::memcpy(&behind, at.in + 1, std::min(at.in_left() - 1, sizeof behind));
  const Copy copy = read_copy(tag, behind);
  if (copy.tag_bytes > at.in_left() || copy.bytes > at.out_left()) return false;
  const auto decoded = static_cast<size_t>(at.out - at.out_begin);
  if (copy.distance == 0 || copy.distance > decoded) return false;
  const char* from = at.out - copy.distance;
  // Byte by byte: a copy that is longer than its distance repeats what it has written itself.
  for (size_t i = 0; i < copy.bytes; ++i) *at.out++ = *from++;
  at.in += copy.tag_bytes;
  return true;
}

// The common elements, where there is room for whole steps; false: nothing is taken, and the careful ones above decide.
bool take_quickly(Cursor& at, uint8_t tag) {
  if (!at.is_roomy()) return false;
  if (static_cast<ElementKind>(tag & 3) == ElementKind::kLiteral) {
    const size_t bytes = size_t{1} + (tag >> 2);
    if (bytes > kShortLiteralMax) return false;
    copy_short(at.out, at.in + 1, bytes);
    at.in += 1 + bytes;
    at.out += bytes;
    return true;
  }
  uint32_t behind = 0;
  std::memcpy(&behind, at.in + 1, sizeof behind);
  const Copy copy = read_copy(tag, behind);
  if (copy.distance < kStepBytes || copy.distance > static_cast<size_t>(at.out - at.out_begin)) return false;
  copy_short(at.out, at.out - copy.distance, copy.bytes);
  at.in += copy.tag_bytes;
  at.out += copy.bytes;
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
    const bool is_literal = static_cast<ElementKind>(tag & 3) == ElementKind::kLiteral;
    if (!(is_literal ? take_literal(at, tag) : take_copy(at, tag))) return false;
  }
  return at.out == at.out_end;
}

}  // namespace ms::wire
