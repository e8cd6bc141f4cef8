#include "net/record_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace ms::net {
namespace {

// A record whose fields all follow from one number, so that one put together from two is found out.
Record record_of(uint64_t number) {
  Record record{.connection = number, .request = number + 1, .ended_ns = number + 2};
  record.stamps.replied_ns = number + 3;
  return record;
}

bool is_whole(const Record& record) {
  return record.request == record.connection + 1 && record.ended_ns == record.connection + 2 &&
         record.stamps.replied_ns == record.connection + 3;
}

std::vector<uint64_t> numbers(const RecordRing& ring) {
  std::vector<Record> records;
  ring.read(records);
  std::vector<uint64_t> numbers;
  for (const Record& record : records) numbers.push_back(record.connection);
  return numbers;
}

TEST(RecordRing, KeepsTheLastOnesOldestFirst) {
  RecordRing ring(3);
  EXPECT_TRUE(numbers(ring).empty());
  for (uint64_t number = 1; number <= 2; ++number) ring.write(record_of(number));
  EXPECT_EQ(numbers(ring), (std::vector<uint64_t>{1, 2}));
  for (uint64_t number = 3; number <= 5; ++number) ring.write(record_of(number));
  EXPECT_EQ(numbers(ring), (std::vector<uint64_t>{3, 4, 5}));
}

TEST(RecordRing, ReadsOnFromWhereTheLastReadEnded) {
  RecordRing ring(3);
  std::vector<Record> records;
  uint64_t next = ring.read(records);
  for (uint64_t number = 1; number <= 2; ++number) ring.write(record_of(number));
  next = ring.read(records, next);
  for (uint64_t number = 3; number <= 6; ++number) ring.write(record_of(number));
  next = ring.read(records, next);
  EXPECT_EQ(ring.read(records, next), 6u);
  std::vector<uint64_t> read;
  for (const Record& record : records) read.push_back(record.connection);
  EXPECT_EQ(read, (std::vector<uint64_t>{1, 2, 4, 5, 6})) << "3 was written over";
}

TEST(RecordRing, OfNoCapacityKeepsNone) {
  RecordRing ring(0);
  ring.write(record_of(1));
  EXPECT_TRUE(numbers(ring).empty());
}

TEST(RecordRing, AReaderNeverSeesARecordHalfWritten) {
  RecordRing ring(2);
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    for (uint64_t number = 1; number <= 200'000; ++number) ring.write(record_of(number));
    is_done = true;
  });
  uint64_t seen = 0;
  while (!is_done || seen == 0) {
    std::vector<Record> records;
    ring.read(records);
    for (const Record& record : records) EXPECT_TRUE(is_whole(record)) << record.connection;
    seen += records.size();
  }
  writer.join();
}

}  // namespace
}  // namespace ms::net
