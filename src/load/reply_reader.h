// ReplyReader: reads the replies of an HTTP/1 server as their bytes come in, and tells when one is whole (RFC 9112
// section 6.3): by Content-Length, by its last chunk, or by the peer's FIN. Bodies are passed over, not kept.
//
// Total: any bytes, in any pieces, end in a whole reply, in a broken one, or in a wait for more. A head that comes in
// one piece, as nearly all do, is read where it lies.
//
// Confined to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ms::load {

class ReplyReader {
 public:
  static constexpr size_t kHeadBytesMax = 32 * 1024;

  enum class State : uint8_t {
    kReading,  // more has to come
    kWhole,
    kBroken,  // what came is no reply of HTTP/1
  };

  // Takes the bytes that belong to this reply off the front of `bytes`, and returns how many. Takes none once it is
  // whole or broken.
  size_t read(std::string_view bytes);

  // The peer sends no more: makes a reply whole whose body lasts until then.
  void end_stream();

  State state() const {
    return phase_ == Phase::kWhole ? State::kWhole : phase_ == Phase::kBroken ? State::kBroken : State::kReading;
  }
  bool is_whole() const { return phase_ == Phase::kWhole; }

  // 0 before the head has been read.
  uint16_t status() const { return status_; }

  // Whether the server takes another request on the connection, by its own word. Of a whole reply.
  bool keeps_open() const { return keeps_open_; }

  // The next reply on the same connection.
  void reset();

 private:
  enum class Phase : uint8_t {
    kHead,
    kCounted,    // a body, or a chunk, of which left_ bytes are to come
    kUntilEnd,   // a body that the peer's FIN ends
    kChunkSize,  // the hexadecimal digits
    kChunkLine,  // what follows them in their line
    kChunkEnd,   // the line's end after a chunk
    kTrailer,    // lines, until an empty one
    kWhole,
    kBroken,
  };

  size_t read_head(std::string_view bytes);
  void parse_head(std::string_view head);
  void begin_body(std::optional<uint64_t> length, bool is_chunked);
  size_t pass_counted(size_t bytes);
  void read_chunk_byte(char byte);
  void end_chunk_line();

  Phase phase_ = Phase::kHead;
  bool is_chunked_ = false;
  bool keeps_open_ = false;
  uint8_t digits_ = 0;  // of the chunk's size
  uint16_t status_ = 0;
  bool is_line_empty_ = true;  // the trailer's, so far
  uint64_t left_ = 0;
  std::string head_;  // what has come of a head that came in pieces
};

}  // namespace ms::load
