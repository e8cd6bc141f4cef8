#include "load/http_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/endpoint.h"

namespace ms::load {
namespace {

struct GoodCase {
  const char* url;
  const char* address;
  const char* host;
  const char* path;
};

class HttpTargetTest : public testing::TestWithParam<GoodCase> {};

TEST_P(HttpTargetTest, IsReadFromItsUrl) {
  const auto target = parse_http_target(GetParam().url);
  ASSERT_TRUE(target) << target.error().message;
  EXPECT_EQ(net::Endpoint::from(target->address.address).text(), GetParam().address);
  EXPECT_EQ(target->host, GetParam().host);
  EXPECT_EQ(target->path, GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(Urls, HttpTargetTest,
                         testing::Values(GoodCase{"http://127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8080", ""},
                                         GoodCase{"HTTP://127.0.0.1:8080/", "127.0.0.1:8080", "127.0.0.1:8080", ""},
                                         GoodCase{"127.0.0.1", "127.0.0.1:80", "127.0.0.1", ""},
                                         GoodCase{":9090", "127.0.0.1:9090", "127.0.0.1:9090", ""},
                                         GoodCase{"localhost:8086/write?db=x", "127.0.0.1:8086", "localhost:8086",
                                                  "/write?db=x"},
                                         GoodCase{"http://10.0.0.7:1?db=x#top", "10.0.0.7:1", "10.0.0.7:1", "/?db=x"},
                                         GoodCase{"http://[::1]:8080/a", "[::1]:8080", "[::1]:8080", "/a"},
                                         GoodCase{"[::1]", "[::1]:80", "[::1]", ""}));

struct BadCase {
  const char* url;
  const char* reason;
};

class BadHttpTargetTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadHttpTargetTest, IsRefusedWithTheReason) {
  const auto target = parse_http_target(GetParam().url);
  ASSERT_FALSE(target);
  EXPECT_THAT(target.error().message, testing::HasSubstr(GetParam().reason));
  EXPECT_THAT(target.error().message, testing::HasSubstr(GetParam().url));
}

INSTANTIATE_TEST_SUITE_P(Urls, BadHttpTargetTest,
                         testing::Values(BadCase{"", "names no host"}, BadCase{"http://", "names no host"},
                                         BadCase{"http:///path", "names no host"},
                                         BadCase{"https://127.0.0.1:8080", "only http:// is spoken"},
                                         BadCase{"http://me@127.0.0.1", "a user"},
                                         BadCase{"127.0.0.1:0", "\"0\" is no port"},
                                         BadCase{"127.0.0.1:65536", "\"65536\" is no port"},
                                         BadCase{"127.0.0.1:", "\"\" is no port"},
                                         BadCase{"127.0.0.1:80x", "\"80x\" is no port"},
                                         BadCase{"[::1", "names no host"}, BadCase{"[::1]8080", "names no host"},
                                         BadCase{"127.0.0.1/a b", "blank"}, BadCase{"127.0.0.1/a\r\nX: y", "control"},
                                         BadCase{"http://no-such-host.invalid", "is not resolved"}));

TEST(Target, OnlyIPv4sLoopbackIsOne) {
  EXPECT_TRUE(parse_http_target("127.0.0.1")->address.is_ipv4_loopback());
  EXPECT_TRUE(parse_http_target("127.3.2.1")->address.is_ipv4_loopback());
  EXPECT_FALSE(parse_http_target("10.0.0.7")->address.is_ipv4_loopback());
  EXPECT_FALSE(parse_http_target("[::1]")->address.is_ipv4_loopback());
}

}  // namespace
}  // namespace ms::load
