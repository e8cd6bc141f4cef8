#include "http/content_coding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "base/bytes.h"
#include "http/content_coding_testing.h"

namespace ms::http {
namespace {

using testing::HasSubstr;

constexpr ContentCoding kCodings[] = {ContentCoding::kGzip, ContentCoding::kDeflate, ContentCoding::kZstd};

Result<std::string> decode(ContentCoding coding, const std::string& encoded, size_t step_bytes = 1 << 20) {
  std::string body;
  ContentDecoder decoder(coding, encoded);
  while (!decoder.is_done()) {
    if (auto decoded = decoder.decode(step_bytes, body); !decoded) return std::unexpected(decoded.error());
  }
  return body;
}

std::string some_text() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "{\"name\":\"m\",\"value\":" + std::to_string(i * i) + "}";
  return text;
}

// Of RFC 8878 section 3.1.1, up to and with the window's descriptor.
std::string zstd_frame_with_window(uint32_t window_log) {
  std::string frame;
  put_fixed(frame, uint32_t{ZSTD_MAGICNUMBER});
  frame += '\0';
  frame += static_cast<char>((window_log - 10) << 3);
  return frame;
}

std::string skippable_frame(std::string_view content) {
  std::string frame;
  put_fixed(frame, uint32_t{ZSTD_MAGIC_SKIPPABLE_START});
  put_fixed(frame, static_cast<uint32_t>(content.size()));
  return frame.append(content);
}

TEST(ContentCoding, HasTheNamesOfTheRegistry) {
  EXPECT_EQ(find_content_coding("gzip"), ContentCoding::kGzip);
  EXPECT_EQ(find_content_coding("X-Gzip"), ContentCoding::kGzip);
  EXPECT_EQ(find_content_coding("deflate"), ContentCoding::kDeflate);
  EXPECT_EQ(find_content_coding("ZSTD"), ContentCoding::kZstd);
  for (const char* other : {"", "identity", "br", "gzip, gzip", "gzip,", "snappy"}) {
    EXPECT_FALSE(find_content_coding(other)) << other;
  }
}

TEST(ContentDecoder, GivesBackWhatWasEncodedWhateverTheSteps) {
  for (const ContentCoding coding : kCodings) {
    for (const std::string& text : {std::string(), std::string("x"), some_text(), std::string(1 << 20, 'a')}) {
      for (const size_t step_bytes : {size_t{1}, size_t{1000}, text.size() + 1, size_t{4} << 20}) {
        if (step_bytes == 1 && text.size() > 100'000) continue;
        EXPECT_EQ(decode(coding, encode(coding, text), step_bytes), text);
      }
    }
  }
}

TEST(ContentDecoder, AStepWritesNoMoreThanItIsAsked) {
  for (const ContentCoding coding : kCodings) {
    std::string body = "kept";
    ContentDecoder decoder(coding, encode(coding, std::string(4 << 20, 'a')));
    ASSERT_TRUE(decoder.decode(1000, body));
    EXPECT_EQ(body, "kept" + std::string(1000, 'a'));
    EXPECT_LT(body.capacity(), 4000u);
    EXPECT_FALSE(decoder.is_done());
  }
}

TEST(ContentDecoder, GoesOnAfterItHasBeenMoved) {
  for (const ContentCoding coding : kCodings) {
    const std::string text = some_text();
    std::string body;
    ContentDecoder first(coding, encode(coding, text));
    ASSERT_TRUE(first.decode(100, body));
    ContentDecoder second = std::move(first);
    while (!second.is_done()) ASSERT_TRUE(second.decode(5000, body));
    EXPECT_EQ(body, text);
  }
}

TEST(ContentDecoder, GivesAllOfItAgainAfterItIsRewound) {
  for (const ContentCoding coding : kCodings) {
    const std::string text = some_text();
    ContentDecoder decoder(coding, encode(coding, text));
    for (const size_t bytes : {size_t{0}, size_t{100}, text.size() + 1}) {
      std::string body;
      if (bytes > 0) ASSERT_TRUE(decoder.decode(bytes, body));
      decoder.rewind();
      EXPECT_EQ(decoder.state_bytes(), 0u);
      body.clear();
      while (!decoder.is_done()) ASSERT_TRUE(decoder.decode(5000, body));
      EXPECT_EQ(body, text);
    }
  }
}

TEST(ContentCoding, TellsHowLongABodySaysThatItIs) {
  const std::string text(100'000, 'a');
  EXPECT_EQ(declared_bytes(ContentCoding::kGzip, encode(ContentCoding::kGzip, text)), text.size());
  EXPECT_EQ(declared_bytes(ContentCoding::kZstd, encode_zstd(text)), text.size());
  EXPECT_EQ(declared_bytes(ContentCoding::kZstd, encode_zstd(text) + encode_zstd("more")), text.size());
  EXPECT_EQ(
      declared_bytes(ContentCoding::kGzip, encode(ContentCoding::kGzip, "more") + encode(ContentCoding::kGzip, text)),
      text.size());
  EXPECT_EQ(declared_bytes(ContentCoding::kDeflate, encode(ContentCoding::kDeflate, text)), 0u);
  for (const ContentCoding coding : kCodings) {
    for (const std::string& nothing : {std::string(), std::string("abc"), std::string("no body of any coding")}) {
      EXPECT_EQ(declared_bytes(coding, nothing), 0u) << nothing;
    }
  }
}

TEST(ContentDecoder, MembersAndFramesAreJoined) {
  for (const ContentCoding coding : {ContentCoding::kGzip, ContentCoding::kZstd}) {
    const std::string joined = encode(coding, "one") + encode(coding, "") + encode(coding, "two");
    for (const size_t step_bytes : {1u, 3u, 4u, 100u}) EXPECT_EQ(decode(coding, joined, step_bytes), "onetwo");
  }
  EXPECT_EQ(decode(ContentCoding::kZstd, skippable_frame("ignored") + encode_zstd("x")), "x");
}

TEST(ContentDecoder, EveryBodyThatIsCutShortIsRefused) {
  for (const ContentCoding coding : kCodings) {
    const std::string whole = encode(coding, "some text, some more text, some text");
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(decode(coding, whole.substr(0, size))) << size << " of " << whole.size();
      EXPECT_FALSE(decode(coding, whole.substr(0, size), 1)) << size << " of " << whole.size();
    }
  }
}

TEST(ContentDecoder, WhatFollowsTheBodyIsRefused) {
  for (const ContentCoding coding : kCodings) {
    for (const std::string& rest : {std::string("x"), std::string("garbage"), std::string(8, '\0')}) {
      const auto decoded = decode(coding, encode(coding, "text") + rest);
      ASSERT_FALSE(decoded) << rest;
      EXPECT_EQ(decoded.error().code, ErrorCode::kInvalid);
    }
  }
  EXPECT_FALSE(decode(ContentCoding::kDeflate, encode_zlib("a", false) + encode_zlib("b", false)));
}

TEST(ContentDecoder, WhatIsDamagedOrNotOfItsCodingIsRefused) {
  for (const ContentCoding coding : kCodings) {
    for (const std::string& bytes : {std::string("{\"name\":\"a\"}"), std::string(100, '\0'), std::string(9, '\xff')}) {
      const auto decoded = decode(coding, bytes);
      ASSERT_FALSE(decoded);
      EXPECT_EQ(decoded.error().code, ErrorCode::kInvalid);
      EXPECT_THAT(decoded.error().message, HasSubstr("body is damaged: "));
    }
    for (const ContentCoding other : kCodings) {
      if (other == coding) continue;
      EXPECT_FALSE(decode(coding, encode(other, "text")));
    }
  }
  std::string wrong_checksum = encode_zlib("text", true);
  wrong_checksum[wrong_checksum.size() - 8] ^= 1;
  EXPECT_FALSE(decode(ContentCoding::kGzip, wrong_checksum));
}

TEST(ContentDecoder, ZstdWindowsAreLimitedAndOlderFormatsAreNotRead) {
  const auto large = decode(ContentCoding::kZstd, zstd_frame_with_window(24) + std::string(100, '\0'));
  ASSERT_FALSE(large);
  EXPECT_THAT(large.error().message, HasSubstr("too much memory"));
  const std::string empty_last_block("\x01\x00\x00", 3);
  EXPECT_EQ(decode(ContentCoding::kZstd, zstd_frame_with_window(23) + empty_last_block), "");

  std::string version_0_7;
  put_fixed(version_0_7, uint32_t{0xFD2FB527});
  const auto older = decode(ContentCoding::kZstd, version_0_7 + std::string(100, '\0'));
  ASSERT_FALSE(older);
  EXPECT_THAT(older.error().message, HasSubstr("no zstd frame"));
}

TEST(ContentDecoder, HoldsNothingBeforeItBeginsAndThenItsWindow) {
  for (const ContentCoding coding : kCodings) {
    std::string body;
    ContentDecoder decoder(coding, encode(coding, some_text()));
    EXPECT_EQ(decoder.state_bytes(), 0u);
    ASSERT_TRUE(decoder.decode(100, body));
    EXPECT_GE(decoder.state_bytes(), 32u * 1024);
    EXPECT_LT(decoder.state_bytes(), 1u << 20);
  }
  std::string body;
  ContentDecoder wide(ContentCoding::kZstd, zstd_frame_with_window(23) + std::string("\x02\x00\x80x", 4));
  wide.decode(100, body);
  EXPECT_GT(wide.state_bytes(), 8u << 20);
}

}  // namespace
}  // namespace ms::http
