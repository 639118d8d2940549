// What becomes of keys: out of credit, limited, refused, and what a restart keeps.
#include "tests/gateway/core/recovery_words.h"

namespace gateway::test {
namespace {

// ---- billing ----
TEST(Recovery, TheWalkOverEmptyKeysIsBoundedByThePoolAndNotByTheAttempts) {
  Config config = one_provider(8);
  config.retry.attempts = 1;
  Rig rig(config);

  rig.chat_completion();
  for (int i = 0; i < 7; ++i) rig.reply(402, kBilling);
  rig.succeed();

  EXPECT_EQ(rig.last().status, 200);
  EXPECT_EQ(rig.count(), 8U);
  for (std::size_t i = 1; i < 8; ++i) EXPECT_EQ(gap(rig, i), 0s);
}

TEST(Recovery, AnEmptyKeyIsNotAskedAgainByTheNextRequests) {
  Rig rig(with_fallback(1));

  for (int i = 0; i < 5; ++i) {
    rig.chat_completion();
    if (i == 0) rig.reply(402, kBilling);
    rig.succeed();
    EXPECT_EQ(rig.last().status, 200);
    rig.advance(1min);
  }

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-s", "key-s", "key-s", "key-s", "key-s"));
}

TEST(Recovery, WhenEveryKeyIsEmptyTheNextCallerGetsTheOriginalReasonAtOnce) {
  Rig rig(one_provider(2));
  rig.chat_completion();
  rig.reply(402, kBilling);
  rig.reply(402, kBilling);
  rig.advance(10min);

  rig.chat_completion();

  EXPECT_EQ(rig.count(), 2U);
  EXPECT_EQ(rig.last().status, 402);
  EXPECT_EQ(rig.last().json()["error"]["hint"], kBillingHint);
  EXPECT_EQ(rig.last().headers.get("retry-after"), "3000");
}

TEST(Recovery, AfterTheCooldownOneProbeGoesOutAndTheOthersWaitForIt) {
  Rig rig(one_provider(1));
  rig.chat_completion();
  rig.reply(402, kBilling);
  rig.advance(1h);

  std::vector<RequestId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(rig.chat_completion());
  EXPECT_EQ(rig.count(), 2U) << "exactly one probe";
  rig.succeed();
  EXPECT_EQ(rig.answer(ids[0]).status, 200);
  EXPECT_EQ(rig.count(), 4U) << "then a ramp";
  for (std::size_t i = 2; i < rig.count(); ++i) {
    rig.head(i, 200, {{{"content-type", "application/json"}}});
    rig.bytes(i, completion());
    rig.end(i);
  }
  for (const RequestId id : ids) EXPECT_EQ(rig.answer(id).status, 200);
}

// ---- rate limits ----
TEST(Recovery, ARateLimitedKeyIsLeftForAHealthyOneWithoutAWait) {
  Rig rig(one_provider(2));

  rig.chat_completion();
  rig.reply(429, kRateLimit, retry_after("2"));
  rig.succeed();

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-b"));
  EXPECT_EQ(gap(rig, 1), 0s);
}

TEST(Recovery, NRateLimitedKeysAreAllTried) {
  Rig rig(one_provider(5));

  rig.chat_completion();
  for (int i = 0; i < 5; ++i) rig.reply(429, kRateLimit);
  EXPECT_EQ(rig.last().status, 0) << "one more look at the last key after a back-off";
  rig.until_attempt();
  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-b", "key-c", "key-d", "key-e", "key-e"));
  rig.reply(429, kRateLimit);

  EXPECT_EQ(rig.last().status, 429);
  EXPECT_EQ(rig.count(), 6U);
}

TEST(Recovery, ATimeNamedToOneRequestHoldsForTheForcedRetryOfAnother) {
  for (const bool named_first : {true, false}) {
    Rig rig(one_provider(1));
    rig.chat_completion();
    rig.chat_completion();
    ASSERT_EQ(rig.count(), 2U);
    const auto limited = [&](std::size_t i, base::Headers headers) {
      headers.add("content-type", "application/json");
      rig.head(i, 429, std::move(headers));
      rig.bytes(i, kRateLimit);
      rig.end(i);
    };

    // One is told when, the other is not, and would look again after a back-off of its own.
    limited(named_first ? 0 : 1, retry_after("20"));
    limited(named_first ? 1 : 0, {});
    rig.advance(19s);
    EXPECT_EQ(rig.count(), 2U) << named_first;
  }
}

TEST(Recovery, ARequestThatComesBackToATargetDoesNotGetItsRetriesAnew) {
  Rig rig(one_provider(3));

  // One key says when it will do again, which the request waits for; meanwhile and after it the provider is overloaded.
  rig.chat_completion();
  rig.reply(429, kRateLimit, retry_after("20"));
  for (int i = 0; i < 20 && rig.last().status == 0; ++i) {
    rig.until_attempt();
    rig.reply(529, R"({"error":{"type":"overloaded_error","message":"Overloaded"}})");
  }

  EXPECT_NE(rig.last().status, 0);
  EXPECT_LE(rig.count(), 6U) << "three keys, two retries, and the limited key once more";
}

TEST(Recovery, TheSoleKeyIsTriedOnceMoreAfterItsStatedWaitAndNotBefore) {
  Rig rig(one_provider(1));

  rig.chat_completion();
  rig.reply(429, kRateLimit, retry_after("20"));
  rig.advance(19s);
  EXPECT_EQ(rig.count(), 1U);
  rig.advance(2s);
  ASSERT_EQ(rig.count(), 2U);
  EXPECT_EQ(gap(rig, 1), 20s);
  rig.succeed();

  EXPECT_EQ(rig.last().status, 200);
}

TEST(Recovery, AStatedWaitIsWaitedOutOnlyOnce) {
  Rig rig(one_provider(1));

  rig.chat_completion();
  rig.reply(429, kRateLimit, retry_after("20"));
  rig.advance(20s);
  rig.reply(429, kRateLimit, retry_after("20"));

  EXPECT_EQ(rig.last().status, 429);
  EXPECT_EQ(rig.last().headers.get("retry-after"), "20");
  EXPECT_EQ(rig.count(), 2U);
}

TEST(Recovery, ARateLimitWithoutAStatedTimeIsLookedAtOnceMoreAfterABackoff) {
  Rig rig(one_provider(1));

  rig.chat_completion();
  rig.reply(429, kRateLimit);
  rig.advance(10s);
  ASSERT_EQ(rig.count(), 2U);
  EXPECT_GE(gap(rig, 1), 1s);
  EXPECT_LE(gap(rig, 1), 2s);
  rig.succeed();

  EXPECT_EQ(rig.last().status, 200);
  EXPECT_EQ(rig.stored<StoreCredential>().back().state.kind, CredentialState::Kind::ok);
}

TEST(Recovery, AWaitBeyondTheDeadlineIsNotBegun) {
  Config config = one_provider(1);
  config.deadline = 30s;
  Rig rig(config);

  rig.chat_completion();
  rig.reply(429, kRateLimit, retry_after("45"));

  EXPECT_EQ(rig.last().status, 429);
  EXPECT_EQ(rig.last().headers.get("retry-after"), "45");
  EXPECT_FALSE(rig.last().headers.has("x-should-retry"));
}

TEST(Recovery, AWaitAboveAMinuteTellsTheSdkNotToRetry) {
  Config config = one_provider(1);
  config.deadline = 30s;
  Rig rig(config);

  rig.chat_completion();
  rig.reply(429, kRateLimit, retry_after("61"));

  EXPECT_EQ(rig.last().headers.get("retry-after"), "61");
  EXPECT_EQ(rig.last().headers.get("x-should-retry"), "false");
}

TEST(Recovery, AnArrivalDuringACooldownWaitsForTheSoonestKey) {
  Rig rig(one_provider(2));
  rig.chat_completion();
  rig.reply(429, kRateLimit, retry_after("40"));
  rig.reply(429, kRateLimit, retry_after("10"));
  rig.advance(1s);

  const RequestId second = rig.chat_completion();
  EXPECT_EQ(rig.count(), 2U);
  rig.advance(20s);

  EXPECT_GE(rig.count(), 3U);
  EXPECT_EQ(rig.attempt(2).credential, "key-b");
  rig.succeed();
  rig.advance(1s);
  if (rig.answer(second).status == 0) rig.succeed();
  EXPECT_EQ(rig.answer(second).status, 200);
}

TEST(Recovery, TwoThatWaitForOneKeyAreBothAnswered) {
  for (const bool stated : {true, false}) {
    Rig rig(one_provider(1));
    const RequestId one = rig.chat_completion(), two = rig.chat_completion();
    const base::Headers headers = stated ? retry_after("20") : base::Headers{};
    for (std::size_t i : {0U, 1U}) {
      rig.head(i, 429, headers);
      rig.bytes(i, kRateLimit);
      rig.end(i);
    }
    rig.until_attempt();
    rig.advance(1s);
    EXPECT_EQ(rig.count(), 3U) << "one probe";
    rig.succeed();
    rig.advance(1s);
    ASSERT_EQ(rig.count(), 4U);
    rig.succeed();
    EXPECT_EQ(rig.answer(one).status, 200);
    EXPECT_EQ(rig.answer(two).status, 200);
  }
}

TEST(Recovery, OneKeysRateLimitBenchesNeitherTheProviderNorItsOtherModels) {
  Config config = one_provider(2);
  config.routes.push_back({"other", {{"acme", "gpt-z"}}, Commit::first_content, false});
  Rig rig(config);
  rig.chat_completion();
  rig.reply(429, kRateLimit);
  rig.succeed();

  rig.chat_completion(false, "other");
  rig.succeed();

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-b", "key-a"));
}

TEST(Recovery, AnAggregatorsUpstreamLimitNeverMarksTheKey) {
  Rig rig(with_fallback(2));

  rig.chat_completion();
  rig.reply(429, R"({"error":{"message":"Provider returned error","code":429,"metadata":{"provider_name":"DeepSeek","raw":"slow down"}}})");
  rig.succeed();

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-s"));
  EXPECT_TRUE(rig.stored<StoreCredential>().empty());
}

TEST(Recovery, ARemainderOfZeroBenchesTheKeyBeforeItFails) {
  Rig rig(one_provider(2));

  rig.chat_completion();
  rig.reply(200, completion(), {{{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "30s"}}});
  rig.chat_completion();
  rig.succeed();

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-b"));
}

TEST(Recovery, ARemainderOfZeroDoesNotBenchTheOnlyKey) {
  Rig rig(one_provider(1));

  rig.chat_completion();
  rig.reply(200, completion(), {{{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "30s"}}});
  rig.chat_completion();

  EXPECT_EQ(rig.count(), 2U);
}

// ---- keys that are refused ----
TEST(Recovery, ARefusedKeyIsLeftForFiveMinutes) {
  Rig rig(one_provider(2));

  rig.chat_completion();
  rig.reply(401, openai_error("invalid_request_error", "Incorrect API key provided", "invalid_api_key"));
  rig.succeed();

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-b"));
  EXPECT_EQ(rig.stored<StoreCredential>()[0].state.until - rig.now.wall, 5min);
}

TEST(Recovery, AllKeysRefusedIsNotTheCallersFault) {
  Rig rig(one_provider(2));

  rig.chat_completion();
  rig.reply(401, openai_error("invalid_request_error", "Incorrect API key provided", "invalid_api_key"));
  rig.reply(401, openai_error("invalid_request_error", "Incorrect API key provided", "invalid_api_key"));

  EXPECT_EQ(rig.last().status, 502);
  EXPECT_EQ(rig.last().json()["error"]["reason"], "auth");
  EXPECT_EQ(rig.last().json()["error"]["hint"], "Check your API key or sign in again to refresh its credentials.");
  EXPECT_EQ(rig.last().headers.get("x-should-retry"), "false");
}

// ---- restarts ----
TEST(Recovery, CooldownsSurviveARestart) {
  Rig first(one_provider(2));
  first.chat_completion();
  first.reply(402, kBilling);
  Snapshot snapshot;
  for (const auto& op : first.stored<StoreCredential>()) snapshot.credentials.push_back(op.state);

  Rig second(one_provider(2), snapshot);
  second.chat_completion();
  EXPECT_EQ(second.latest().credential, "key-b");
  second.succeed();
  second.advance(1h);
  second.chat_completion();
  EXPECT_EQ(second.latest().credential, "key-a");
}

TEST(Recovery, AChangedSecretBeginsWell) {
  Rig first(one_provider(1));
  first.chat_completion();
  first.reply(402, kBilling);
  Snapshot snapshot;
  for (const auto& op : first.stored<StoreCredential>()) snapshot.credentials.push_back(op.state);
  Config config = one_provider(1);
  config.providers[0].credentials[0].secret = "sk-acme-another";

  Rig second(config, snapshot);
  second.chat_completion();

  EXPECT_EQ(second.count(), 1U);
}

}  // namespace
}  // namespace gateway::test
