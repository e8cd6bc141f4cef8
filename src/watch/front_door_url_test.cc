#include "watch/front_door_url.h"

#include <gtest/gtest.h>

#include <string>

namespace ms::watch {
namespace {

TEST(FrontDoorUrlTest, WhatIsLeftOutIsFilledIn) {
  struct Case {
    std::string text;
    std::string url;
  };
  for (const Case& c : {
           Case{"http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v1/front-door"},
           Case{"http://127.0.0.1:8080/", "http://127.0.0.1:8080/api/v1/front-door"},
           Case{"127.0.0.1:8080", "http://127.0.0.1:8080/api/v1/front-door"},
           Case{"[::1]:8080", "http://[::1]:8080/api/v1/front-door"},
           Case{":8080", "http://127.0.0.1:8080/api/v1/front-door"},
           Case{"metrics.example.org", "http://metrics.example.org/api/v1/front-door"},
           Case{"localhost:9/behind/a/proxy/", "http://localhost:9/behind/a/proxy/api/v1/front-door"},
           Case{"https://example.org/api/v1/front-door?x=1#y", "https://example.org/api/v1/front-door"},
           Case{"HTTPS://user:secret@example.org", "https://user:secret@example.org/api/v1/front-door"},
       }) {
    const Result<std::string> url = front_door_url(c.text);
    ASSERT_TRUE(url) << url.error().message;
    EXPECT_EQ(*url, c.url);
  }
}

TEST(FrontDoorUrlTest, WhatNamesNoServerIsRefusedWithTheReason) {
  struct Case {
    std::string text;
    std::string reason;
  };
  for (const Case& c : {
           Case{"", "No host part"},
           Case{"http://", "No host part"},
           Case{"ftp://example.org", "neither http:// nor https://"},
           Case{"127.0.0.1:port", "Port number"},
           Case{"127.0.0.1:70000", "Port number"},
           Case{"exa mple.org", "hostname"},
       }) {
    const Result<std::string> url = front_door_url(c.text);
    ASSERT_FALSE(url) << *url;
    EXPECT_NE(url.error().message.find(c.reason), std::string::npos) << url.error().message;
    EXPECT_NE(url.error().message.find("\"" + c.text + "\""), std::string::npos) << url.error().message;
  }
}

}  // namespace
}  // namespace ms::watch
