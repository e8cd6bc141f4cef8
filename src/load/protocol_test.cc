#include "load/protocol.h"

#include <gtest/gtest.h>

namespace ms::load {
namespace {

const HttpTarget kTarget{.host = "127.0.0.1:8080"};

TEST(WriteRequest, GoesToTheProtocolsPathUnlessTheTargetNamesOne) {
  EXPECT_EQ(write_request(kTarget, Protocol::kGet, true, ""), "GET /health HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
  const HttpTarget other{.host = "[::1]", .path = "/write?db=x"};
  EXPECT_EQ(write_request(other, Protocol::kGet, false, ""),
            "GET /write?db=x HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n");
}

TEST(WriteRequest, SaysWhatItsBodyIs) {
  EXPECT_EQ(write_request(kTarget, Protocol::kJson, false, "{}"),
            "POST /metrics HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(write_request(kTarget, Protocol::kRemoteWrite, true, "x"),
            "POST /api/v1/write HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/x-protobuf\r\n"
            "Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: 1\r\n\r\nx");
}

}  // namespace
}  // namespace ms::load
