#include "http/content_coding.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/ascii.h"
#include "base/bytes.h"

namespace ms::http {
namespace {

// RFC 9659: a window of the content coding zstd has at most 8 MiB. A frame that declares a larger one is refused before
// it is allocated.
constexpr int kZstdWindowLogMax = 23;

// zlib's inflate: a window of 32 KiB and its tables (zlib.h, zconf.h: "about 7 kilobytes" beside the window).
constexpr size_t kZlibStateBytes = 40 * 1024;

// The most that deflate makes of one byte: 258 bytes of 2 bits (RFC 1951 section 3.2.5).
constexpr uint64_t kDeflateRatioMax = 1032;

std::unexpected<Error> fail_cut_short() { return fail(ErrorCode::kInvalid, "the encoded body is cut short"); }

std::unexpected<Error> fail_damaged(const char* reason) {
  return fail(ErrorCode::kInvalid, std::string("the encoded body is damaged: ") + reason);
}

std::unexpected<Error> fail_without_memory() {
  return fail(ErrorCode::kUnavailable, "not enough memory to decode the body");
}

struct Step {
  size_t bytes = 0;  // written
  bool is_end = false;
};

// One coding's decoder. It begins once, before its first step. A step takes bytes from the front of `rest` and writes
// at most `bytes_max` to `out`.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;
  virtual Result<void> begin() = 0;
  virtual Result<Step> step(std::string_view& rest, char* out, size_t bytes_max) = 0;
  virtual size_t state_bytes() const = 0;
};

// gzip (RFC 1952) and deflate, which is zlib's format (RFC 1950), not bare deflate.
class ZlibStream final : public Stream {
 public:
  explicit ZlibStream(bool is_gzip) : is_gzip_(is_gzip) {}
  ~ZlibStream() override { inflateEnd(&stream_); }

  Result<void> begin() override {
    constexpr int kGzipOnly = 16;  // added to the window's bits
    if (inflateInit2(&stream_, MAX_WBITS + (is_gzip_ ? kGzipOnly : 0)) != Z_OK) return fail_without_memory();
    return {};
  }

  Result<Step> step(std::string_view& rest, char* out, size_t bytes_max) override {
    const auto room = static_cast<uInt>(std::min<size_t>(bytes_max, std::numeric_limits<uInt>::max()));
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = room;
    while (stream_.avail_out > 0) {
      switch (inflate_some(rest)) {
        case Z_OK:
          break;
        case Z_STREAM_END:
          if (rest.empty()) return Step{room - stream_.avail_out, true};
          if (!is_gzip_) return fail_damaged("bytes behind its end");
          inflateReset(&stream_);  // the next member follows
          break;
        case Z_BUF_ERROR:  // there is room, so it is the input that has ended
          return fail_cut_short();
        case Z_MEM_ERROR:
          return fail_without_memory();
        default:
          return fail_damaged(stream_.msg != nullptr ? stream_.msg : "it needs a dictionary");
      }
    }
    return Step{room, false};
  }

  size_t state_bytes() const override { return kZlibStateBytes; }

 private:
  int inflate_some(std::string_view& rest) {
    const auto given = static_cast<uInt>(std::min<size_t>(rest.size(), std::numeric_limits<uInt>::max()));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));  // which zlib only reads
    stream_.avail_in = given;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    rest.remove_prefix(given - stream_.avail_in);
    return status;
  }

  const bool is_gzip_;
  z_stream stream_{};  // zlib keeps its address
};

class ZstdStream final : public Stream {
 public:
  Result<void> begin() override {
    context_.reset(ZSTD_createDCtx());
    if (context_ == nullptr) return fail_without_memory();
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
    return {};
  }

  Result<Step> step(std::string_view& rest, char* out, size_t bytes_max) override {
    ZSTD_outBuffer output{out, bytes_max, 0};
    while (output.pos < output.size) {
      if (is_between_frames_) {
        if (rest.empty() && has_frame_) return Step{output.pos, true};
        if (rest.size() < sizeof(uint32_t)) return fail_cut_short();
        if (!is_frame(rest)) return fail_damaged("no zstd frame where one should begin");
        has_frame_ = true;
        begin_frame(rest);
      }
      const size_t before = output.pos;
      ZSTD_inBuffer input{rest.data(), rest.size(), 0};
      const size_t status = ZSTD_decompressStream(context_.get(), &output, &input);
      rest.remove_prefix(input.pos);
      if (ZSTD_getErrorCode(status) == ZSTD_error_memory_allocation) return fail_without_memory();
      if (ZSTD_isError(status) != 0) return fail_damaged(ZSTD_getErrorName(status));
      frame_bytes_ += output.pos - before;
      is_between_frames_ = status == 0;
      if (is_between_frames_ && !has_declared_length())
        return fail_damaged("a zstd frame is not as long as it declares");
      if (!is_between_frames_ && rest.empty() && output.pos < output.size) return fail_cut_short();
    }
    return Step{output.pos, false};
  }

  size_t state_bytes() const override { return ZSTD_sizeof_DStream(context_.get()); }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };

  // RFC 8878 sections 3.1.1 and 3.1.2. The library also reads what was there before them, with windows beyond ours.
  static bool is_frame(std::string_view bytes) {
    constexpr uint32_t kSkippableMask = 0xfffffff0;
    const auto magic = ByteReader(bytes).fixed<uint32_t>();
    return magic == ZSTD_MAGICNUMBER || (magic & kSkippableMask) == ZSTD_MAGIC_SKIPPABLE_START;
  }

  // The library compares a frame with the length that it declares only where it decodes the frame in one go: we do it
  // always, so that the steps change nothing about the outcome.
  void begin_frame(std::string_view bytes) {
    declared_frame_bytes_ = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    frame_bytes_ = 0;
  }
  bool has_declared_length() const {
    return declared_frame_bytes_ == ZSTD_CONTENTSIZE_UNKNOWN || declared_frame_bytes_ == ZSTD_CONTENTSIZE_ERROR ||
           declared_frame_bytes_ == frame_bytes_;
  }

  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool is_between_frames_ = true;
  bool has_frame_ = false;
  unsigned long long declared_frame_bytes_ = 0;  // of the current frame
  uint64_t frame_bytes_ = 0;                     // decoded of it so far
};

std::unique_ptr<Stream> make_stream(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kGzip:
    case ContentCoding::kDeflate:
      return std::make_unique<ZlibStream>(coding == ContentCoding::kGzip);
    case ContentCoding::kZstd:
      return std::make_unique<ZstdStream>();
  }
  std::unreachable();
}

}  // namespace

std::optional<ContentCoding> find_content_coding(std::string_view name) {
  if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) return ContentCoding::kGzip;
  if (equals_ignoring_case(name, "deflate")) return ContentCoding::kDeflate;
  if (equals_ignoring_case(name, "zstd")) return ContentCoding::kZstd;
  return std::nullopt;
}

uint64_t declared_bytes(ContentCoding coding, std::string_view encoded) {
  switch (coding) {
    case ContentCoding::kGzip: {
      // RFC 1952 section 2.3.1: ISIZE, the last four bytes, modulo 2^32.
      const std::string_view last = encoded.substr(encoded.size() - std::min(encoded.size(), sizeof(uint32_t)));
      const uint64_t bytes = last.size() == sizeof(uint32_t) ? ByteReader(last).fixed<uint32_t>() : 0;
      // What deflate cannot do is no size, but the end of a body that was cut short.
      return bytes <= kDeflateRatioMax * encoded.size() ? bytes : 0;
    }
    case ContentCoding::kDeflate:
      return 0;
    case ContentCoding::kZstd: {
      const uint64_t bytes = ZSTD_getFrameContentSize(encoded.data(), encoded.size());
      return bytes == ZSTD_CONTENTSIZE_UNKNOWN || bytes == ZSTD_CONTENTSIZE_ERROR ? 0 : bytes;
    }
  }
  std::unreachable();
}

class ContentDecoder::Impl {
 public:
  Impl(ContentCoding coding, std::string encoded)
      : coding_(coding), encoded_(std::move(encoded)), rest_(encoded_), stream_(make_stream(coding)) {}

  Result<void> decode(size_t bytes_max, std::string& out) {
    if (!std::exchange(has_begun_, true)) {
      if (auto begun = stream_->begin(); !begun) return begun;
    }
    const size_t before = out.size();
    Result<Step> step;
    out.resize_and_overwrite(before + bytes_max, [&](char* bytes, size_t) {
      step = stream_->step(rest_, bytes + before, bytes_max);
      return before + (step ? step->bytes : 0);
    });
    if (!step) return std::unexpected(std::move(step).error());
    is_done_ = step->is_end;
    return {};
  }

  void rewind() {
    rest_ = encoded_;
    stream_ = make_stream(coding_);
    has_begun_ = false;
    is_done_ = false;
  }

  bool is_done() const { return is_done_; }
  size_t state_bytes() const { return has_begun_ ? stream_->state_bytes() : 0; }

 private:
  const ContentCoding coding_;
  const std::string encoded_;
  std::string_view rest_;  // of it, not read yet
  std::unique_ptr<Stream> stream_;
  bool has_begun_ = false;
  bool is_done_ = false;
};

ContentDecoder::ContentDecoder(ContentCoding coding, std::string encoded)
    : impl_(std::make_unique<Impl>(coding, std::move(encoded))) {}
ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
ContentDecoder& ContentDecoder::operator=(ContentDecoder&&) noexcept = default;
ContentDecoder::~ContentDecoder() = default;

Result<void> ContentDecoder::decode(size_t bytes_max, std::string& out) { return impl_->decode(bytes_max, out); }
void ContentDecoder::rewind() { impl_->rewind(); }
bool ContentDecoder::is_done() const { return impl_->is_done(); }
size_t ContentDecoder::state_bytes() const { return impl_->state_bytes(); }

}  // namespace ms::http
