// Content codings of request bodies (RFC 9110 section 8.4): gzip, deflate (zlib's format) and zstd (RFC 8878).
//
// A few bytes may decode to gigabytes. So a decoder works in steps, each at most as large as its caller says, and goes
// on where the step before ended: on any thread, once the caller has seen that this is more than it wants to do itself.
//
//     ContentDecoder decoder(coding, std::move(request.body));
//     std::string body;
//     while (!decoder.is_done()) {
//       if (auto decoded = decoder.decode(kStepBytes, body); !decoded) return refuse(decoded.error());
//       if (body.size() > kLimit) return refuse(...);
//     }
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ms::http {

enum class ContentCoding { kGzip, kDeflate, kZstd };

// As Accept-Encoding lists them.
inline constexpr std::string_view kContentCodings = "gzip, deflate, zstd";

// By its name in Content-Encoding, case ignored; "x-gzip" is gzip. Nothing for any other name, and for a list of
// several: nobody sends one, and each coding of it would multiply what a few bytes can become.
std::optional<ContentCoding> find_content_coding(std::string_view name);

// How many bytes `encoded` says that it decodes to, where it does: the first frame of zstd, the last member of gzip. A
// body that decodes to less is damaged; one of several members or frames may decode to more. 0: it says nothing.
uint64_t declared_bytes(ContentCoding coding, std::string_view encoded);

// Decodes one body. Confined to one thread at a time.
class ContentDecoder {
 public:
  ContentDecoder(ContentCoding coding, std::string encoded);
  ContentDecoder(ContentDecoder&&) noexcept;
  ContentDecoder& operator=(ContentDecoder&&) noexcept;
  ~ContentDecoder();

  // Appends at most `bytes_max` (at least 1) to `out`; fewer only at the end. Members of a gzip body, and frames of a
  // zstd body, are joined. kInvalid: the body is damaged, cut short, or followed by something else; kUnavailable: there
  // is no memory for the decoder. Not to be called again after an error, or once it is done.
  Result<void> decode(size_t bytes_max, std::string& out);
  // Begins again at the body's front.
  void rewind();
  // All of the body is decoded.
  bool is_done() const;
  // What the decoder holds beside its input and its output: nothing before the first decode(), then a few dozen KiB,
  // and with zstd a little more than the window of the largest frame so far.
  size_t state_bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ms::http
