// The sixteen failover situations of the public bench, as its public description states them, on a virtual clock.
// Setting: one primary and one fallback, up to two retries, 30 s limits, streams. S07 has a first-content limit, S08 a route that gathers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/core/rig.h"

namespace gateway::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Config bench(base::Duration first_content = 30s, Commit commit = Commit::first_content) {
  Config config = with_fallback(1);
  for (ProviderConfig& p : config.providers) {
    p.timeouts.first_byte = 30s;
    p.timeouts.first_content = first_content;
    p.timeouts.idle = 30s;
  }
  config.routes[0].commit = commit;
  return config;
}

std::string whole(int tokens = 60) {
  std::string out = kRole;
  for (int i = 0; i < tokens; ++i) out += frame("t" + std::to_string(i) + " ");
  return out;
}

struct Bench : Rig {
  explicit Bench(Config config = bench()) : Rig(std::move(config)) { begun = now.instant; }
  void answer_latest() {
    stream_head(count() - 1);
    bytes(count() - 1, whole() + kStop + kDone);
  }
  std::size_t on(const std::string& provider) const {
    std::size_t n = 0;
    for (const auto& a : attempts) n += a.provider == provider ? 1 : 0;
    return n;
  }
  bool whole_answer() { return last().ended && last().clean && last().body.find("t59 ") != std::string::npos && last().body.ends_with(kDone); }
  base::Duration took() const { return now.instant - begun; }
  base::Instant begun;
};

TEST(Situations, S01_OneRateLimitWithRetryAfterTwo) {
  Bench b(one_provider(1));
  b.chat_completion(true);
  b.reply(429, openai_error("rate_limit_error", "slow down"), {{{"retry-after", "2"}}});
  b.advance(1500ms);
  EXPECT_LE(b.count(), 2U);
  b.until_attempt();
  EXPECT_GE(b.started.back() - b.started.front(), 1800ms);
  b.answer_latest();
  EXPECT_TRUE(b.whole_answer());
}

TEST(Situations, S02_RateLimitForEver) {
  Bench b;
  b.chat_completion(true);
  while (b.latest().provider == "acme" && b.on("acme") < 10) {
    b.reply(429, openai_error("rate_limit_error", "slow down"));
    if (b.latest().provider == "acme") b.until_attempt();
  }
  EXPECT_LE(b.on("acme"), 4U);
  b.answer_latest();
  EXPECT_TRUE(b.whole_answer());
}

TEST(Situations, S03_OneServerError) {
  Bench b;
  b.chat_completion(true);
  b.reply(500, openai_error("server_error", "oops"));
  b.until_attempt();
  EXPECT_EQ(b.latest().provider, "acme");
  b.answer_latest();
  EXPECT_TRUE(b.whole_answer());
}

TEST(Situations, S04_AndS16_UnavailableForEver) {
  Bench b;
  b.chat_completion(true);
  while (b.latest().provider == "acme") {
    b.reply(503, openai_error("server_error", "down"));
    if (b.latest().provider == "acme") b.until_attempt();
  }
  EXPECT_LE(b.count(), 6U);
  b.stream_head(b.count() - 1);
  b.bytes(b.count() - 1, "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-y\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"t59 \"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":60,\"total_tokens\":65}}\n\n" + kDone);
  EXPECT_TRUE(b.whole_answer());
  EXPECT_THAT(b.last().body, HasSubstr("gpt-y"));
  EXPECT_THAT(b.last().body, HasSubstr("\"completion_tokens\":60"));
}

TEST(Situations, S05_ResetBeforeTheHead) {
  Bench b;
  b.chat_completion(true);
  b.fail(0, TransportError::reset);
  b.until_attempt();
  b.answer_latest();
  EXPECT_TRUE(b.whole_answer());
}

TEST(Situations, S06_AcceptsAndNeverAnswers) {
  Bench b;
  b.chat_completion(true);
  b.until_attempt();
  EXPECT_EQ(b.on("acme"), 1U);
  b.answer_latest();
  EXPECT_TRUE(b.whole_answer());
  EXPECT_LE(b.took(), 100s);
}

TEST(Situations, S07_HeadAtOnceFirstTokenLate) {
  Bench b(bench(10s));
  b.chat_completion(true);
  b.stream_head(0);
  b.bytes(0, kRole);
  b.until_attempt();
  b.answer_latest();
  EXPECT_TRUE(b.whole_answer());
  EXPECT_LE(b.took(), 15s);
}

TEST(Situations, S08_AndS14_StreamDiesInTheMiddle) {
  Bench b(bench(30s, Commit::complete));
  b.chat_completion(true);
  while (b.latest().provider == "acme") {
    b.stream_head(b.count() - 1);
    b.bytes(b.count() - 1, whole(40));
    b.fail(b.count() - 1, TransportError::reset);
    if (b.latest().provider == "acme") b.until_attempt();
  }
  EXPECT_THAT(b.latest().body, Not(HasSubstr("assistant"))) << "a clean restart, no prefill the fallback could refuse";
  b.answer_latest();
  EXPECT_TRUE(b.whole_answer());
}

TEST(Situations, S08_OnAnOrdinaryRouteIsAClearErrorAndNeverATruncatedSuccess) {
  Bench b;
  b.chat_completion(true);
  b.stream_head(0);
  b.bytes(0, whole(40));
  b.fail(0, TransportError::closed);
  EXPECT_TRUE(b.last().ended);
  EXPECT_FALSE(b.last().clean);
  EXPECT_THAT(b.last().body, Not(HasSubstr("[DONE]")));
}

TEST(Situations, S09_SilentAfterTwentyTokens) {
  for (const Commit commit : {Commit::first_content, Commit::complete}) {
    Bench b(bench(30s, commit));
    b.chat_completion(true);
    b.stream_head(0);
    b.bytes(0, whole(20));
    b.advance(45s);
    if (commit == Commit::complete) {
      b.answer_latest();
      EXPECT_TRUE(b.whole_answer());
    } else {
      EXPECT_TRUE(b.last().ended);
      EXPECT_FALSE(b.last().clean);
    }
    b.chat_completion(true);
    b.answer_latest();
    EXPECT_TRUE(b.whole_answer()) << "the next request is healthy";
  }
}

TEST(Situations, S10_OneBrokenEvent) {
  Bench b;
  b.chat_completion(true);
  b.stream_head(0);
  b.bytes(0, kRole + frame("t0 ") + "data: {\"choices\":[{\"del\n\n" + frame("t59 ") + kStop + kDone);
  EXPECT_TRUE(b.whole_answer());
}

TEST(Situations, S11_CompleteWithoutDone) {
  Bench b;
  b.chat_completion(true);
  b.stream_head(0);
  b.bytes(0, whole() + kStop);
  b.advance(8s);
  EXPECT_TRUE(b.whole_answer());
}

TEST(Situations, S12_ContextLengthExceeded) {
  Bench b;
  b.chat_completion(true);
  b.reply(400, openai_error("invalid_request_error", "This model's maximum context length is 8192 tokens.", "context_length_exceeded"));
  EXPECT_EQ(b.on("acme"), 1U);
  EXPECT_EQ(b.last().status, 400);
}

TEST(Situations, S13_ContentPolicy) {
  Bench b;
  b.chat_completion(true);
  b.reply(400, openai_error("invalid_request_error", "rejected as a result of our safety system", "content_policy_violation"));
  EXPECT_EQ(b.count(), 1U);
  EXPECT_EQ(b.last().status, 400);
  EXPECT_THAT(b.last().body, HasSubstr("our safety system"));
}

TEST(Situations, S15_AMinuteOfOutage) {
  Bench b;
  std::size_t answered = 0;
  base::Duration back = base::kForever;
  for (int i = 0; i < 20; ++i) {
    const base::Duration at = b.took();
    b.chat_completion(true);
    while (!b.last().ended) {
      if (b.latest().provider == "acme" && b.took() < 60s) {
        b.reply(503, openai_error("server_error", "down"));
        if (!b.last().ended && b.latest().provider == "acme" && !b.open(b.count() - 1)) b.until_attempt();
      } else {
        if (b.latest().provider == "acme") back = std::min(back, b.took());
        b.answer_latest();
      }
    }
    answered += b.whole_answer() ? 1U : 0U;
    if (b.took() < at + 4s) b.advance(at + 4s - b.took());
  }
  EXPECT_EQ(answered, 20U);
  EXPECT_LE(back, 90s) << "back within 30 s of the recovery";
  std::size_t probes = 0;
  for (std::size_t i = 0; i < b.count(); ++i) probes += b.attempt(i).provider == "acme" && b.started[i] - b.begun < 60s ? 1U : 0U;
  EXPECT_LE(probes, 7U) << "few probes";
}

}  // namespace
}  // namespace gateway::test
