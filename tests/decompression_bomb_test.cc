// Bodies of few bytes that claim or become far more than is accepted: a hundred at once are refused for what they are,
// and cost hardly more memory than their bytes on the wire.

#include <gtest/gtest.h>
#include <snappy.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/long_run_testing.h"
#include "http/content_coding_testing.h"
#include "support/client_swarm.h"
#include "support/http_client.h"
#include "support/json_error.h"
#include "support/process_figures.h"
#include "support/sanitizer.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kDecodedBytesMax = 64 * kMiB;
constexpr uint64_t kMoreMemoryMax = 64 * kMiB;
const seconds kPatience = ordinary_or_long(seconds(100), seconds(600));

struct Bomb {
  std::string name;
  std::string request;
  size_t count;
  int status;
};

std::string repeat(const std::string& text, size_t count) {
  std::string repeated;
  for (size_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

// Members of gzip, and frames of zstd, are one body.
std::string repeat_encoded(http::ContentCoding coding, size_t bytes) {
  constexpr size_t kPieceBytes = 16 * kMiB;
  return repeat(http::encode(coding, std::string(kPieceBytes, ' ')), bytes / kPieceBytes);
}

// A snappy block's first bytes: how long it is decoded (a varint), and nothing of it.
std::string snappy_claim(uint32_t bytes) {
  std::string claim;
  for (; bytes >= 0x80; bytes >>= 7) claim += static_cast<char>(bytes | 0x80);
  return claim + static_cast<char>(bytes);
}

std::string snappy_spaces(size_t bytes) {
  std::string block;
  const std::string spaces(bytes, ' ');
  snappy::Compress(spaces.data(), spaces.size(), &block);
  return block;
}

std::string compressed_json(const std::string& body, const std::string& coding) {
  return json_write_text(body, {{"Content-Encoding", coding}, {"Connection", "close"}});
}

std::string compressed_remote_write(const std::string& body, const std::string& coding) {
  return request_text("POST", "/api/v1/write", body, {{"Content-Encoding", coding}, {"Connection", "close"}});
}

std::string plain_remote_write(const std::string& body) { return remote_write_text(body, {{"Connection", "close"}}); }

std::vector<Bomb> open_bombs() {
  const std::string spaces(4 * kDecodedBytesMax, ' ');
  const std::string gzip = http::encode(http::ContentCoding::kGzip, spaces);
  const std::string zstd = http::encode(http::ContentCoding::kZstd, spaces);
  const std::string deflate = http::encode(http::ContentCoding::kDeflate, spaces);
  return {
      {"JSON in gzip", compressed_json(gzip, "gzip"), 100, 413},
      {"JSON in zstd", compressed_json(zstd, "zstd"), 100, 413},
      {"JSON in deflate", compressed_json(deflate, "deflate"), 100, 413},
      {"remote write in gzip", compressed_remote_write(gzip, "gzip"), 100, 413},
      {"remote write in zstd", compressed_remote_write(zstd, "zstd"), 100, 413},
      {"snappy of a few bytes that claims 4 GiB", plain_remote_write(snappy_claim(0xffffffff) + "abc"), 100, 400},
      {"snappy of a few bytes that claims 64 MiB", plain_remote_write(snappy_claim(64 << 20) + "abc"), 100, 400},
      {"snappy that is as long as it claims", plain_remote_write(snappy_spaces(80 * kMiB)), 8, 413},
  };
}

// Of many members or frames, of which none is large by itself: how much they are together shows as they are decoded.
std::vector<Bomb> hidden_bombs() {
  const std::string gzip = repeat_encoded(http::ContentCoding::kGzip, 2 * kDecodedBytesMax);
  const std::string zstd = repeat_encoded(http::ContentCoding::kZstd, 64 * kDecodedBytesMax);
  const size_t count = ordinary_or_long<size_t>(8, 100);
  return {
      {"JSON in many members of gzip", compressed_json(gzip, "gzip"), count, 413},
      {"JSON in many frames of zstd", compressed_json(zstd, "zstd"), count, 413},
      {"remote write in many members of gzip", compressed_remote_write(gzip, "gzip"), count, 413},
      {"remote write in many frames of zstd", compressed_remote_write(zstd, "zstd"), count, 413},
  };
}

// Each of these clients has read this status with words to it.
void expect_refused(const ClientSwarm& swarm, int status) {
  for (const ClientSwarm::Client& client : swarm.clients()) {
    ASSERT_EQ(client.state, ClientSwarm::State::kEnded);
    std::string bytes = client.received;
    const auto reply = take_reply(bytes, ReplyTo::kOther, true);
    ASSERT_TRUE(reply && *reply) << client.received;
    ASSERT_EQ((*reply)->status, status) << (*reply)->body;
    ASSERT_TRUE(is_json_error(**reply));
  }
}

// Throws the bombs one kind after the other, and sees what each costs; a small write beside them is taken.
void expect_harmless(ServerProcess& server, const std::vector<Bomb>& bombs) {
  const std::string write = json_write_text(R"({"name":"beside","value":1})");
  ASSERT_TRUE(fetch(server.endpoint(), write));
  for (const Bomb& bomb : bombs) {
    SCOPED_TRACE(bomb.name);
    forget_peak(server.pid());
    const uint64_t before = resident_bytes(server.pid());
    ClientSwarm swarm(server.endpoint(), bomb.count, bomb.request);
    ASSERT_TRUE(swarm.finish(kPatience)) << swarm.count(ClientSwarm::State::kReading) << " clients still wait";
    expect_refused(swarm, bomb.status);
    const uint64_t peak = std::max(peak_resident_bytes(server.pid()), before);
    std::printf("%s: %zu bytes each, %llu MiB more memory\n", bomb.name.c_str(), bomb.request.size(),
                static_cast<unsigned long long>((peak - before) / kMiB));
    EXPECT_TRUE(kIsSanitized || peak - before <= kMoreMemoryMax) << peak - before << " bytes more memory";
    const ClientResult<HttpReply> reply = fetch(server.endpoint(), write);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200) << reply->body;
  }
}

TEST(DecompressionBombs, AHundredAtOnceAreRefusedAndCostNoMemory) {
  ServerProcess server({.flags = kPatientServer});
  ASSERT_TRUE(server.start());
  expect_harmless(server, open_bombs());
}

// To decode a hundred of these takes seconds: with the usual deadline the last of them would be answered 503.
TEST(DecompressionBombs, ThatHideTheirSizeAreRefusedAndCostNoMemory) {
  if (kIsSanitized) GTEST_SKIP() << "decoding takes too long";
  ServerProcess server({.flags = kPatientServer});
  ASSERT_TRUE(server.start());
  expect_harmless(server, hidden_bombs());
}

// The control: what the bombs claim to be is taken where it is within the limits, and costs the memory that it needs.
TEST(DecompressionBombs, ABodyWithinTheLimitsIsTakenHoweverMuchItShrank) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  std::string body = R"({"name":"shrunk","value":1})";
  body.resize(kDecodedBytesMax - 1, ' ');
  for (const http::ContentCoding coding : {http::ContentCoding::kGzip, http::ContentCoding::kZstd}) {
    const std::string name = coding == http::ContentCoding::kGzip ? "gzip" : "zstd";
    const ClientResult<HttpReply> reply =
        fetch(server.endpoint(), json_write_text(http::encode(coding, body), {{"Content-Encoding", name}}));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body, R"({"accepted":1})") << name;
  }
}

}  // namespace
}  // namespace ms::test
