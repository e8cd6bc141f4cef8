#include "load/reply_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ms::load {
namespace {

using State = ReplyReader::State;

struct ReplyCase {
  const char* name;
  std::string_view bytes;
  State state;             // when the bytes have come
  State state_at_the_end;  // and FIN
  uint16_t status;
  bool keeps_open;
  size_t left_over;  // bytes that are not this reply's
};

class ReplyReaderTest : public testing::TestWithParam<ReplyCase> {};

void check(const ReplyReader& reader, size_t left_over) {
  const ReplyCase& expected = ReplyReaderTest::GetParam();
  EXPECT_EQ(reader.state(), expected.state);
  EXPECT_EQ(reader.status(), expected.status);
  EXPECT_EQ(left_over, expected.left_over);
  EXPECT_EQ(reader.is_whole() && reader.keeps_open(), expected.keeps_open);
  ReplyReader ended = reader;
  ended.end_stream();
  EXPECT_EQ(ended.state(), expected.state_at_the_end);
}

TEST_P(ReplyReaderTest, InOnePieceIsWhatItIs) {
  ReplyReader reader;
  const size_t taken = reader.read(GetParam().bytes);
  check(reader, GetParam().bytes.size() - taken);
}

TEST_P(ReplyReaderTest, CutAnywhereItIsTheSame) {
  const std::string_view bytes = GetParam().bytes;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    ReplyReader reader;
    size_t taken = reader.read(bytes.substr(0, cut));
    if (taken == cut) taken += reader.read(bytes.substr(cut));
    check(reader, bytes.size() - taken);
  }
}

TEST_P(ReplyReaderTest, ByteByByteItIsTheSame) {
  ReplyReader reader;
  size_t taken = 0;
  for (const char& byte : GetParam().bytes) taken += reader.read({&byte, 1});
  check(reader, GetParam().bytes.size() - taken);
}

TEST_P(ReplyReaderTest, AfterAResetTheNextReplyIsRead) {
  ReplyReader reader;
  reader.read(GetParam().bytes);
  reader.reset();
  constexpr std::string_view kNext = "HTTP/1.1 202 Accepted\r\nContent-Length: 1\r\n\r\nx";
  EXPECT_EQ(reader.read(kNext), kNext.size());
  EXPECT_TRUE(reader.is_whole() && reader.keeps_open());
  EXPECT_EQ(reader.status(), 202);
}

constexpr State kReading = State::kReading;
constexpr State kWhole = State::kWhole;
constexpr State kBroken = State::kBroken;

const ReplyCase kCases[] = {
    {"Nothing", "", kReading, kReading, 0, false, 0},
    {"Counted", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", kWhole, kWhole, 200, true, 0},
    {"CountedAndMore", "HTTP/1.1 200 OK\r\ncontent-length:2 \r\n\r\nokHTTP", kWhole, kWhole, 200, true, 4},
    {"CountedAndCut", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", kReading, kReading, 200, false, 0},
    {"CountedAsNone", "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", kWhole, kWhole, 503, false,
     0},
    {"SameLengthTwice", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", kWhole, kWhole, 200, true,
     0},
    {"TwoLengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", kBroken, kBroken, 200, false,
     0},
    {"NegativeLength", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", kBroken, kBroken, 200, false, 0},
    {"HugeLength", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", kBroken, kBroken, 200, false, 0},
    {"NoContent", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", kWhole, kWhole, 204, true, 0},
    {"NotModified", "HTTP/1.1 304 Not Modified\r\n\r\n", kWhole, kWhole, 304, true, 0},
    {"NoReasonPhrase", "HTTP/1.1 204\r\n\r\n", kWhole, kWhole, 204, true, 0},
    {"UntilTheEnd", "HTTP/1.1 200 OK\r\n\r\nall of it", kReading, kWhole, 200, false, 0},
    {"UnknownCodingLastsUntilTheEnd", "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nContent-Length: 1\r\n\r\nab",
     kReading, kWhole, 200, false, 0},
    {"OldVersionCloses", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", kWhole, kWhole, 200, false, 0},
    {"OldVersionMayKeepOpen", "HTTP/1.0 200 OK\r\nConnection: x, Keep-Alive\r\nContent-Length: 0\r\n\r\n", kWhole,
     kWhole, 200, true, 0},
    {"Chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", kWhole,
     kWhole, 200, true, 0},
    {"ChunkedWithTrailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\nA: b\r\nC: d\r\n\r\nHTTP", kWhole,
     kWhole, 200, true, 4},
    {"ChunkedAndCut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", kReading, kReading, 200, false,
     0},
    {"ChunkedWithoutLastChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", kReading, kReading,
     200, false, 0},
    {"ChunkWithoutSize", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", kBroken, kBroken, 200, false, 0},
    {"ChunkTooLarge", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000", kBroken, kBroken, 200,
     false, 0},
    {"ChunkWithoutItsLineEnd", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", kBroken, kBroken, 200,
     false, 0},
    {"Interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", kWhole, kWhole, 200, true,
     0},
    {"InterimAlone", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", kReading, kReading, 0, false, 0},
    {"HalfAStatusLine", "HTTP/1.1 2", kReading, kReading, 0, false, 0},
    {"HalfAHead", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", kReading, kReading, 0, false, 0},
    {"NoStatus", "HTTP/1.1 2x0 OK\r\n\r\n", kBroken, kBroken, 0, false, 0},
    {"StatusBelow100", "HTTP/1.1 099 OK\r\n\r\n", kBroken, kBroken, 0, false, 0},
    {"StatusOfFourDigits", "HTTP/1.1 2000 OK\r\n\r\n", kBroken, kBroken, 0, false, 0},
    {"OtherProtocol", "SSH-2.0-OpenSSH\r\n\r\n", kBroken, kBroken, 0, false, 0},
    {"OtherVersion", "HTTP/2 200\r\n\r\n", kBroken, kBroken, 0, false, 0},
    {"EmptyHead", "\r\n\r\n", kBroken, kBroken, 0, false, 0},
    {"FieldWithoutColon", "HTTP/1.1 200 OK\r\nno field\r\n\r\n", kBroken, kBroken, 200, false, 0},
};

INSTANTIATE_TEST_SUITE_P(Replies, ReplyReaderTest, testing::ValuesIn(kCases),
                         [](const auto& each) { return each.param.name; });

TEST(ReplyReader, AHeadWithoutEndIsBrokenAtItsLimit) {
  for (const size_t piece : {size_t{1000}, ReplyReader::kHeadBytesMax, 3 * ReplyReader::kHeadBytesMax}) {
    const std::string bytes(piece, 'x');
    ReplyReader reader;
    size_t taken = 0;
    while (reader.state() == State::kReading) taken += reader.read(bytes);
    EXPECT_EQ(reader.state(), State::kBroken);
    EXPECT_EQ(taken, ReplyReader::kHeadBytesMax);
    EXPECT_EQ(reader.read(bytes), 0u);
  }
}

}  // namespace
}  // namespace ms::load
