#include "net/endpoint.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

namespace ms::net {
namespace {

Endpoint endpoint_of(const char* address, uint16_t port) {
  sockaddr_storage storage{};
  sockaddr_in6 ipv6{};
  sockaddr_in ipv4{};
  if (inet_pton(AF_INET6, address, &ipv6.sin6_addr) == 1) {
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    std::memcpy(&storage, &ipv6, sizeof ipv6);
  } else if (inet_pton(AF_INET, address, &ipv4.sin_addr) == 1) {
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    std::memcpy(&storage, &ipv4, sizeof ipv4);
  }
  return Endpoint::from(storage);
}

TEST(Endpoint, IsWrittenAsPeopleWriteIt) {
  EXPECT_EQ(endpoint_of("127.0.0.1", 54127).text(), "127.0.0.1:54127");
  EXPECT_EQ(endpoint_of("2001:db8::1", 80).text(), "[2001:db8::1]:80");
  EXPECT_EQ(Endpoint{}.text(), "unknown");
}

TEST(Endpoint, AnIPv4ClientIsTheSameOnASocketOfEitherFamily) {
  EXPECT_EQ(endpoint_of("10.1.2.3", 5), endpoint_of("::ffff:10.1.2.3", 5));
  EXPECT_NE(endpoint_of("10.1.2.3", 5), endpoint_of("10.1.2.3", 6));
}

TEST(Endpoint, KnowsLoopbackAndEveryAddress) {
  struct Case {
    const char* address;
    bool is_loopback;
    bool is_any_address;
  };
  for (const auto& [address, is_loopback, is_any_address] :
       {Case{"127.0.0.1", true, false}, Case{"127.9.9.9", true, false}, Case{"::1", true, false},
        Case{"::ffff:127.0.0.1", true, false}, Case{"0.0.0.0", false, true}, Case{"::", false, true},
        Case{"10.0.0.1", false, false}, Case{"fe80::1", false, false}}) {
    EXPECT_EQ(endpoint_of(address, 1).is_loopback(), is_loopback) << address;
    EXPECT_EQ(endpoint_of(address, 1).is_any_address(), is_any_address) << address;
  }
}

}  // namespace
}  // namespace ms::net
