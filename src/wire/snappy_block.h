// Snappy's block format, read.
//
//     block   = varint size of what it decodes to, then elements
//     element = literal: tag, up to 4 bytes of size, the bytes themselves
//             | copy:    tag, 1, 2 or 4 bytes of distance; so many bytes again from that far back in what is decoded
//
// The lower two bits of a tag say what it is; the others hold the size of a copy or of a short literal. Format:
// https://github.com/google/snappy/blob/main/format_description.txt
//
// Pure functions over bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace ms::wire {

// How many bytes a block says it decodes to; below 4 GiB. Nothing where it does not begin with a size.
std::optional<size_t> find_snappy_size(std::string_view block);

// Decodes a block to exactly out.size() bytes. False where it is damaged, or decodes to another size; `out` may then
// hold some of it. Nothing beyond `out` is touched.
bool decode_snappy(std::string_view block, std::span<char> out);

}  // namespace ms::wire
