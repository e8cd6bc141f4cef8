// ReplyReader on any bytes: it comes to the same end however they are cut, and takes none behind it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "load/reply_reader.h"

namespace {

using ms::load::ReplyReader;

void require(bool holds) {
  if (!holds) std::abort();
}

// How many bytes belong to the reply, in pieces of that size at most.
std::pair<ReplyReader, size_t> read_in_pieces(std::string_view stream, size_t piece_bytes_max) {
  ReplyReader reader;
  size_t taken = 0;
  while (taken < stream.size() && reader.state() == ReplyReader::State::kReading) {
    const size_t took = reader.read(stream.substr(taken, piece_bytes_max));
    require(took > 0 && took <= piece_bytes_max);
    taken += took;
  }
  if (taken == stream.size()) reader.end_stream();
  return {std::move(reader), taken};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(bytes), size);
  auto [whole, taken] = read_in_pieces(stream, SIZE_MAX);
  require(whole.read("x") == (whole.state() == ReplyReader::State::kReading ? 1u : 0u));
  for (const size_t piece_bytes_max : {1u, 2u, 7u, 100u}) {
    const auto [pieces, taken_in_pieces] = read_in_pieces(stream, piece_bytes_max);
    require(taken_in_pieces == taken && pieces.status() == whole.status() && pieces.keeps_open() == whole.keeps_open());
  }
  return 0;
}
