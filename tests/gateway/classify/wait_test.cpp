// One parser for every way a provider has of saying "later".
#include <gtest/gtest.h>

#include "gateway/classify/wait.h"

namespace gateway {
namespace {

using base::Duration;
using base::Headers;
using namespace std::chrono_literals;

const base::WallTime kNow = *base::parse_rfc3339("2026-10-21T07:27:30Z");

std::optional<Duration> header_wait(std::initializer_list<std::pair<std::string, std::string>> headers, bool windows = true) {
  Headers list;
  for (const auto& [name, value] : headers) list.add(name, value);
  return wait_of({.headers = &list, .now = kNow, .windows = windows});
}

TEST(Wait, RetryAfterTakesSecondsFractionsDatesAndWhatElseIsSent) {
  EXPECT_EQ(header_wait({{"Retry-After", "30"}}), 30s);
  EXPECT_EQ(header_wait({{"retry-after", " 1.5 "}}), 1500ms);
  EXPECT_EQ(header_wait({{"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"}}), 30s);
  EXPECT_EQ(header_wait({{"retry-after", "6m0s"}}), 6min);
  EXPECT_EQ(header_wait({{"retry-after", "1792567680"}}), 30s);
  EXPECT_EQ(header_wait({{"retry-after", "86400"}}), 24h) << "never clamped: the caller decides";
}

TEST(Wait, MillisecondsWinOverSeconds) {
  EXPECT_EQ(header_wait({{"retry-after", "10"}, {"retry-after-ms", "3000"}}), 3s);
  EXPECT_EQ(header_wait({{"retry-after-ms", "junk"}, {"retry-after", "10"}}), 10s);
}

TEST(Wait, ANegativeOrPastWaitIsNone) {
  EXPECT_EQ(header_wait({{"retry-after", "-5"}}), 0s);
  EXPECT_EQ(header_wait({{"retry-after", "Wed, 21 Oct 2026 07:00:00 GMT"}}), 0s);
  EXPECT_EQ(parse_reset("-1m", kNow), 0s);
}

TEST(Wait, GarbageIsAsGoodAsNothing) {
  for (const auto* value : {"", "soon", "nan", "inf", "1e999", "12 parsecs", "0x10", "Wed, 41 Foo 2026"}) {
    EXPECT_EQ(parse_retry_after(value, kNow), std::nullopt) << value;
  }
  EXPECT_EQ(header_wait({{"retry-after", std::string(5000, '9')}}), std::nullopt);
}

TEST(Wait, ADateNeedsAClock) {
  Headers headers;
  headers.add("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT");
  EXPECT_EQ(wait_of({.headers = &headers}), std::nullopt);

  headers.add("date", "Wed, 21 Oct 2026 07:27:50 GMT");
  EXPECT_EQ(wait_of({.headers = &headers}), 10s);
}

TEST(Wait, OnlyAnExhaustedWindowCounts) {
  const std::initializer_list<std::pair<std::string, std::string>> both = {
      {"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "20s"},
      {"x-ratelimit-remaining-tokens", "149984"}, {"x-ratelimit-reset-tokens", "6m0s"}};

  EXPECT_EQ(header_wait(both), 20s);
  EXPECT_EQ(header_wait(both, false), std::nullopt) << "the headers of an answer that is no rate limit";
}

TEST(Wait, WindowsAreReadInEveryProvidersSpelling) {
  EXPECT_EQ(header_wait({{"x-ratelimit-remaining-tokens", "0"}, {"x-ratelimit-reset-tokens", "120ms"}}), 120ms);
  EXPECT_EQ(header_wait({{"x-ratelimit-remaining", "0"}, {"X-RateLimit-Reset", "1792567680000"}}), 30s);
  EXPECT_EQ(header_wait({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1792567680"}}), 30s);
  EXPECT_EQ(header_wait({{"anthropic-ratelimit-input-tokens-remaining", "0"},
                         {"anthropic-ratelimit-input-tokens-reset", "2026-10-21T07:28:02Z"}}), 32s);
  EXPECT_EQ(header_wait({{"anthropic-ratelimit-unified-5h-status", "rejected"}, {"anthropic-ratelimit-unified-5h-reset", "1792567680"},
                         {"anthropic-ratelimit-unified-7d-status", "allowed"}, {"anthropic-ratelimit-unified-7d-reset", "1792600000"}}),
            30s);
}

TEST(Wait, TheBodySaysItInItsOwnWay) {
  const Headers none;
  const auto body = [&](WaitKey key, std::string text) {
    const std::pair<WaitKey, std::string> wait{key, std::move(text)};
    return wait_of({.headers = &none, .body = {&wait, 1}, .now = kNow});
  };
  EXPECT_EQ(body(WaitKey::duration, "34.4s"), 34400ms);
  EXPECT_EQ(body(WaitKey::duration, "539.477544ms"), 539477544ns);
  EXPECT_EQ(body(WaitKey::seconds, "20.0"), 20s);
  EXPECT_EQ(body(WaitKey::milliseconds, "1500"), 1500ms);
  EXPECT_EQ(body(WaitKey::instant, "1792567680"), 30s);
  EXPECT_EQ(body(WaitKey::instant, "2026-10-21T07:28:00Z"), 30s);
  EXPECT_EQ(body(WaitKey::instant, "5pm"), std::nullopt);
}

TEST(Wait, SentencesAreRead) {
  const auto text = [](std::string_view words) { return parse_wait_text(words, kNow, Duration{0}); };
  EXPECT_EQ(text("please try again in 20s."), 20s);
  EXPECT_EQ(text("please try again in 9m38.016s. need more tokens?"), 9min + 38016ms);
  EXPECT_EQ(text("please retry in 900.2ms."), 900200us);
  EXPECT_EQ(text("try again in 5 hours"), 5h);
  EXPECT_EQ(text("usage limit reached, try again in 5 minutes"), 5min);
  EXPECT_EQ(text("please try again after 1 seconds"), 1s);
  EXPECT_EQ(text("retry after 40 seconds."), 40s);
  EXPECT_EQ(text("please wait 29 seconds before retrying"), 29s);
  EXPECT_EQ(text("resets in 4hr 5min"), 4h + 5min);
  EXPECT_EQ(text("try again in an hour"), 1h);
  EXPECT_EQ(text("try again in about 2 days and 3 hours"), 51h);
  EXPECT_EQ(text("retry after 7"), 7s);
  EXPECT_EQ(text("resets at 2026-10-21t07:28:00z (2056)"), 30s);
  EXPECT_EQ(text("you will regain access on 2026-10-22 at 00:00 utc."), 16h + 32min + 30s);
  EXPECT_EQ(parse_wait_text("your limit will reset at 2026-10-21 15:28:00", kNow, 8h), 30s);
}

TEST(Wait, SentencesThatNameNoWaitAreNotGuessed) {
  for (const auto* words : {"resets at 5pm", "try again in a few minutes", "retry after your in-flight requests settle",
                            "try again in 3 requests", "please wait a moment", "try again later", "retry in infinity seconds"}) {
    EXPECT_EQ(parse_wait_text(words, kNow, Duration{0}), std::nullopt) << words;
  }
}

}  // namespace
}  // namespace gateway
