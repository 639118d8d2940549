#include "base/net/listen.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace base::net {
namespace {

TEST(Endpoint, ReadsTheUsualForms) {
  EXPECT_EQ(to_text(*parse_endpoint("127.0.0.1:80")), "127.0.0.1:80");
  EXPECT_EQ(to_text(*parse_endpoint("[::1]:0")), "[::1]:0");
  EXPECT_EQ(to_text(*parse_endpoint("8642")), "127.0.0.1:8642");
  EXPECT_EQ(to_text(*parse_endpoint("localhost:1")), "127.0.0.1:1");
  for (const auto* bad : {"", "x", "127.0.0.1:", "127.0.0.1:65536", "example.com:80", "1.2.3:4"}) {
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  }
}

TEST(Listen, PortZeroBecomesARealPortAndASecondListenerIsToldWhy) {
  auto first = listen_tcp({"127.0.0.1", 0});
  ASSERT_TRUE(first);

  auto second = listen_tcp(first->endpoint);

  EXPECT_GT(first->endpoint.port, 0);
  ASSERT_FALSE(second);
  EXPECT_NE(render(second.error()).find("in use by another process"), std::string::npos);
  ::close(first->fd);
}

}  // namespace
}  // namespace base::net
