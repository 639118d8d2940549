// Rate-limit headers, by personality, from given numbers.
#include "simulator/core/personality_limits.h"

#include <gtest/gtest.h>

namespace simulator {
namespace {

using namespace std::chrono_literals;

base::Headers headers_of(std::string_view personality, std::string_view word = "requests") {
  base::Headers headers;
  add_limit_headers(headers, personality, {.word = word, .limit = 60, .remaining = 7, .full_in = 6min}, base::WallTime{1000s});
  return headers;
}

TEST(LimitHeaders, OpenAiCountsDownInGoDurations) {
  const auto headers = headers_of("openai", "tokens");

  EXPECT_EQ(headers.get("x-ratelimit-limit-tokens"), "60");
  EXPECT_EQ(headers.get("x-ratelimit-remaining-tokens"), "7");
  EXPECT_EQ(headers.get("x-ratelimit-reset-tokens"), "6m0s");
}
TEST(LimitHeaders, AnthropicNamesTheTime) { EXPECT_EQ(headers_of("anthropic").get("anthropic-ratelimit-requests-reset"), "1970-01-01T00:22:40.000Z"); }
TEST(LimitHeaders, OpenRouterNamesTheTimeInMilliseconds) {
  EXPECT_EQ(headers_of("openrouter").get("X-RateLimit-Reset"), "1360000");
  EXPECT_TRUE(headers_of("openrouter", "tokens").list.empty());
}
TEST(LimitHeaders, SomeSendNone) {
  for (const auto* each : {"gemini", "deepseek", "vllm", "ollama"}) EXPECT_TRUE(headers_of(each).list.empty()) << each;
}
TEST(LimitHeaders, GoDurations) {
  EXPECT_EQ(go_duration(0ms), "0s");
  EXPECT_EQ(go_duration(174ms), "174ms");
  EXPECT_EQ(go_duration(1500ms), "1.5s");
  EXPECT_EQ(go_duration(60s), "1m0s");
  EXPECT_EQ(go_duration(3600s + 500ms), "1h0m0.5s");
}

}  // namespace
}  // namespace simulator
