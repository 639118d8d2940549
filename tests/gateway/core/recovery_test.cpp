// The recovery rules, one after another: who is asked, when, how often, and what the caller gets in the end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/core/rig.h"

namespace gateway::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kRateLimit = openai_error("rate_limit_error", "Rate limit reached", "rate_limit_exceeded");
const std::string kBilling = openai_error("insufficient_quota", "You have no credits left", "insufficient_quota");
const std::string kServerError = openai_error("server_error", "The server had an error");
const std::string kOverflow = openai_error("invalid_request_error", "This model's maximum context length is 8192 tokens", "context_length_exceeded");

base::Headers retry_after(const std::string& value) { return {{{"retry-after", value}}}; }

base::Duration gap(const Rig& rig, std::size_t i) { return rig.started.at(i) - rig.started.at(i - 1); }

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

// ---- transient failures ----
TEST(Recovery, OverloadBacksOffOnTheSameKeyAndNeverMarksIt) {
  Rig rig(one_provider(2));

  rig.chat_completion();
  rig.reply(529, openai_error("overloaded_error", "Overloaded"));
  rig.until_attempt();
  rig.reply(503, openai_error("overloaded_error", "Overloaded"));
  rig.until_attempt();
  rig.succeed();

  EXPECT_EQ(rig.last().status, 200);
  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-a", "key-a"));
  EXPECT_GE(gap(rig, 1), 1s);
  EXPECT_LE(gap(rig, 1), 2s);
  EXPECT_GE(gap(rig, 2), 2s);
  EXPECT_LE(gap(rig, 2), 4s);
  EXPECT_TRUE(rig.stored<StoreCredential>().empty());
}

TEST(Recovery, NoWaitFollowsTheLastAttempt) {
  Rig rig(one_provider(1));

  rig.chat_completion();
  for (int i = 0; i < 3; ++i) {
    rig.reply(500, kServerError);
    if (i < 2) rig.until_attempt();
  }

  EXPECT_EQ(rig.count(), 3U);
  EXPECT_EQ(rig.last().status, 502);
  EXPECT_EQ(rig.last().json()["error"]["hint"], "The provider had an internal error. Please try again shortly.");
  EXPECT_EQ(rig.last().json()["error"]["attempts"].size(), 3U);
}

TEST(Recovery, AfterTheSecondTransientFailureTheFallbackIsAsked) {
  for (const int status : {500, 502, 503, 504, 529}) {
    Rig rig(with_fallback(2));
    rig.chat_completion();
    rig.reply(status, kServerError);
    rig.until_attempt();
    ASSERT_EQ(rig.count(), 2U) << status;
    rig.reply(status, kServerError);
    rig.succeed("saved", "gpt-y");

    EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-a", "key-s")) << status;
    EXPECT_EQ(gap(rig, 2), 0s);
    EXPECT_THAT(rig.last().body, HasSubstr("gpt-y"));
    EXPECT_EQ(rig.last().headers.get("x-gateway-target"), "spare/gpt-y");
    EXPECT_EQ(rig.last().headers.get("x-gateway-attempts"), "3");
  }
}

TEST(Recovery, ARetryAfterOfAnOverloadIsAFloor) {
  Rig rig(one_provider(1));

  rig.chat_completion();
  rig.reply(503, openai_error("overloaded_error", "Overloaded"), retry_after("17"));
  rig.advance(1min);

  ASSERT_EQ(rig.count(), 2U);
  EXPECT_EQ(gap(rig, 1), 17s);
}

TEST(Recovery, ALongRetryAfterSendsTheRequestElsewhereAtOnce) {
  Rig rig(with_fallback(1));

  rig.chat_completion();
  rig.reply(503, openai_error("overloaded_error", "Overloaded"), retry_after("60"));

  ASSERT_EQ(rig.count(), 2U);
  EXPECT_EQ(rig.latest().credential, "key-s");
  EXPECT_EQ(gap(rig, 1), 0s);
}

TEST(Recovery, ARetryAfterAboveTheCapIsNotWaitedFor) {
  Config config = one_provider(1);
  config.deadline = 1h;
  Rig rig(config);

  rig.chat_completion();
  rig.reply(503, openai_error("overloaded_error", "Overloaded"), retry_after("601"));

  EXPECT_EQ(rig.last().status, 503);
  EXPECT_EQ(rig.last().headers.get("retry-after"), "601");
}

TEST(Recovery, ConnectionsThatBreakAreRetriedThenLeft) {
  for (const TransportError error : {TransportError::refused, TransportError::reset, TransportError::closed, TransportError::dns}) {
    Rig rig(with_fallback(1));
    rig.chat_completion();
    rig.fail(0, error);
    rig.until_attempt();
    ASSERT_EQ(rig.count(), 2U);
    rig.fail(1, error);
    rig.succeed();
    EXPECT_EQ(rig.last().status, 200);
    EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-a", "key-s"));
  }
}

TEST(Recovery, AProviderThatCannotBeReachedIsNoTimeOut) {
  for (const TransportError error : {TransportError::refused, TransportError::dns, TransportError::reset}) {
    Rig rig(one_provider(1));
    rig.chat_completion();
    for (std::size_t i = 0; i < 3; ++i) {
      rig.fail(i, error);
      if (i < 2) rig.until_attempt();
    }
    EXPECT_EQ(rig.last().status, 502);
    EXPECT_EQ(rig.last().json()["error"]["reason"], "network");
    if (error != TransportError::reset) {
      EXPECT_EQ(rig.last().json()["error"]["hint"], "The provider cannot be reached. Check its address and your network.");
    }
  }
}

TEST(Recovery, ADeadKeptAliveConnectionIsReplacedAtOnceAndOnlyOnce) {
  Rig rig(one_provider(2));

  rig.chat_completion();
  rig.fail(0, TransportError::closed, true);
  ASSERT_EQ(rig.count(), 2U);
  EXPECT_EQ(gap(rig, 1), 0s);
  rig.fail(1, TransportError::closed, true);
  EXPECT_EQ(rig.count(), 2U) << "the second time it is a failure like any other";
  rig.until_attempt();
  rig.succeed();

  EXPECT_EQ(rig.last().status, 200);
  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-a", "key-a"));
  EXPECT_EQ(rig.last().headers.get("x-gateway-attempts"), "3") << "every replay is visible";
}

TEST(Recovery, ASilentTargetIsNotAskedTwice) {
  Rig rig(with_fallback(3));

  rig.chat_completion();
  rig.advance(90s);

  ASSERT_EQ(rig.count(), 2U);
  EXPECT_EQ(rig.latest().credential, "key-s");
  EXPECT_TRUE(rig.cancelled.contains(rig.attempt(0).id.value));
  rig.succeed();
  EXPECT_EQ(rig.last().status, 200);
}

TEST(Recovery, ASilentSoleTargetIsATimeoutForTheCaller) {
  Rig rig(one_provider(2));

  rig.chat_completion();
  rig.advance(90s);

  EXPECT_EQ(rig.count(), 1U);
  EXPECT_EQ(rig.last().status, 504);
  EXPECT_EQ(rig.last().json()["error"]["hint"], "The provider did not answer in time. Please try again shortly.");
}

TEST(Recovery, AnAnswered408IsRetried) {
  Rig rig(one_provider(1));

  rig.chat_completion();
  rig.reply(408, openai_error("timeout", "Request timed out"));
  rig.until_attempt();
  rig.succeed();

  EXPECT_EQ(rig.last().status, 200);
  EXPECT_EQ(rig.count(), 2U);
}

// ---- faults of the caller ----
TEST(Recovery, ARejectedRequestIsNeitherRetriedNorSentElsewhere) {
  Rig rig(with_fallback(3));

  rig.chat_completion();
  rig.reply(400, openai_error("invalid_request_error", "Unsupported parameter: 'foo'", "unsupported_parameter"));

  EXPECT_EQ(rig.count(), 1U);
  EXPECT_EQ(rig.last().status, 400);
  EXPECT_EQ(rig.last().json()["error"]["hint"], "The request was rejected by the API.");
  rig.http("GET", "/status", {}, {}, true);
  EXPECT_EQ(rig.last().json()["providers"][0]["credentials"][0]["state"], "ok") << "a caller's fault touches nothing";
}

TEST(Recovery, AContextOverflowGoesToALargerWindowOnly) {
  Config config = with_fallback(2);
  config.providers[0].context["gpt-x"] = 8192;
  config.providers[1].context["gpt-y"] = 4096;
  config.providers.push_back(config.providers[1]);
  config.providers[2].name = "large";
  config.providers[2].url = "https://large.example/v1";
  config.providers[2].credentials[0] = {"key-l", "sk-large-secret", 1, 0};
  config.providers[2].context = {{"gpt-l", 200'000}};
  config.routes[0].targets.push_back({"large", "gpt-l"});
  Rig rig(config);

  rig.chat_completion();
  rig.reply(400, kOverflow);
  rig.succeed();

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-l"));
  EXPECT_EQ(rig.last().status, 200);
}

TEST(Recovery, AContextOverflowWithoutALargerWindowIsTold) {
  Rig rig(with_fallback(2));

  rig.chat_completion();
  rig.reply(400, kOverflow);

  EXPECT_EQ(rig.count(), 1U);
  EXPECT_EQ(rig.last().status, 400);
  EXPECT_EQ(rig.last().json()["error"]["reason"], "context_overflow");
}

TEST(Recovery, AContentPolicyRefusalIsTheAnswerUnlessTheRouteSaysOtherwise) {
  for (const bool around : {false, true}) {
    Config config = with_fallback(2);
    config.routes[0].fallback_on_content_policy = around;
    Rig rig(config);
    rig.chat_completion();
    rig.reply(400, openai_error("invalid_request_error", "Your request was rejected by our safety system", "content_policy_violation"));
    EXPECT_EQ(rig.count(), around ? 2U : 1U);
    if (around) continue;
    EXPECT_EQ(rig.last().status, 400);
    EXPECT_EQ(rig.last().json()["error"]["reason"], "content_policy_blocked");
    EXPECT_THAT(rig.last().json()["error"]["message"].get<std::string>(), HasSubstr("rejected by our safety system"));
  }
}

TEST(Recovery, AMissingModelGoesToTheFallback) {
  Rig rig(with_fallback(2));

  rig.chat_completion();
  rig.reply(404, openai_error("invalid_request_error", "The model `gpt-x` does not exist", "model_not_found"));
  rig.succeed();

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-s"));
}

TEST(Recovery, TheUnknownFallsBackAndDoesNotRotate) {
  Rig rig(with_fallback(3));

  rig.chat_completion();
  rig.reply(404, "what is this");
  rig.succeed();

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-s"));
}

// ---- targets ----
TEST(Recovery, AFallbacksFailureNeverTouchesThePrimarysKeys) {
  Rig rig(with_fallback(1));
  rig.chat_completion();
  rig.advance(90s);  // the primary is silent
  rig.reply(402, kBilling);

  for (const auto& op : rig.stored<StoreCredential>()) EXPECT_EQ(op.state.provider, "spare");
}

TEST(Recovery, ThePrimaryComesBackByOneTrialRequest) {
  Rig rig(with_fallback(1));
  rig.chat_completion();
  rig.reply(503, kServerError);
  rig.until_attempt();
  rig.reply(503, kServerError);
  rig.succeed();
  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-s") << "left alone";
  rig.succeed();
  rig.advance(5s);

  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-a") << "the trial";
  const std::size_t trial = rig.count() - 1;
  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-s") << "others do not join it";
  rig.succeed();
  rig.head(trial, 503);
  rig.end(trial);
  EXPECT_EQ(rig.latest().credential, "key-s") << "a failed trial is not retried";
  EXPECT_EQ(rig.started.back(), rig.now.instant);
  rig.succeed();
  rig.advance(9s);
  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-s") << "ten seconds this time";
  rig.succeed();
  rig.advance(1s);
  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-a");
  rig.succeed();
  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-a") << "it is back";
}

TEST(Recovery, ABackoffOnATargetThatOthersFoundDownGoesElsewhere) {
  Rig rig(with_fallback(1));
  for (int i = 0; i < 4; ++i) rig.chat_completion();
  for (std::size_t i = 0; i < 4; ++i) {
    rig.head(i, 503);
    rig.end(i);
  }
  rig.until_attempt();
  rig.reply(503, kServerError);  // the first one's second look
  rig.advance(5s);

  std::size_t looks = 0;
  for (std::size_t i = 4; i < rig.count(); ++i) looks += rig.attempt(i).credential == "key-a" ? 1U : 0U;
  EXPECT_EQ(looks, 1U);
  EXPECT_EQ(rig.count(), 9U);
}

TEST(Recovery, WhenAllTargetsAreEvictedTheLeastBadIsTriedOnce) {
  Rig rig(one_provider(1));
  for (int round = 0; round < 2; ++round) {
    rig.chat_completion();
    for (int i = 0; i < 3; ++i) {
      rig.reply(500, kServerError);
      rig.advance(5s);
    }
  }
  const std::size_t before = rig.count();

  rig.chat_completion();
  ASSERT_EQ(rig.count(), before + 1);
  rig.reply(500, kServerError);
  EXPECT_EQ(rig.last().status, 502) << "no second try on a target that is down";
  EXPECT_EQ(rig.count(), before + 1);
}

TEST(Recovery, ATrialIsRetriedWhenNothingElseIsHealthy) {
  Rig rig(with_fallback(1));
  rig.chat_completion();
  rig.reply(500, kServerError);
  rig.until_attempt();
  rig.reply(500, kServerError);
  rig.reply(402, kBilling);
  EXPECT_EQ(rig.last().status, 402);
  rig.advance(5s);

  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-a");
  rig.reply(500, kServerError);
  rig.until_attempt();
  EXPECT_EQ(rig.latest().credential, "key-a");
  rig.succeed();

  EXPECT_EQ(rig.last().status, 200);
}

TEST(Recovery, IdenticalBackendsAreAskedOnce) {
  Config config = with_fallback(1);
  config.routes[0].targets = {{"acme", "gpt-x"}, {"acme", "gpt-x"}, {"spare", "gpt-y"}};
  Rig rig(config);

  rig.chat_completion();
  rig.advance(90s);

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-s"));
}

TEST(Recovery, TwoLabelsOfOneSecretAreOneKey) {
  Config config = one_provider(2);
  config.providers[0].credentials[1].secret = config.providers[0].credentials[0].secret;
  Rig rig(config);

  rig.chat_completion();
  rig.reply(402, kBilling);

  EXPECT_EQ(rig.count(), 1U);
  EXPECT_EQ(rig.last().status, 402);
}

TEST(Recovery, TargetsThatCannotServeTheRequestAreSkipped) {
  Config config = with_fallback(1);
  config.providers[0].tools = false;
  Rig rig(config);

  rig.http("POST", "/v1/chat/completions",
           R"({"model":"default","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]})");

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-s"));
}

TEST(Recovery, WhatNoTargetCanCarryIsARefusalBeforeAnyAttempt) {
  Config config = one_provider(1);
  config.providers[0].tools = false;
  Rig rig(config);

  rig.http("POST", "/v1/chat/completions",
           R"({"model":"default","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]})");

  EXPECT_EQ(rig.count(), 0U);
  EXPECT_EQ(rig.last().status, 400);
  EXPECT_EQ(rig.last().json()["error"]["param"], "tools");
}

// ---- one deadline, callers that leave ----
TEST(Recovery, OneDeadlineSpansAttemptsWaitsAndFallbacks) {
  Config config = with_fallback(1);
  config.deadline = 100s;
  Rig rig(config);

  rig.chat_completion();
  rig.advance(90s);
  ASSERT_EQ(rig.count(), 2U);
  rig.advance(10s);

  EXPECT_EQ(rig.last().status, 504);
  EXPECT_TRUE(rig.cancelled.contains(rig.attempt(1).id.value));
}

TEST(Recovery, ACallerThatLeavesCancelsItsAttemptAndTouchesNothing) {
  Rig rig(one_provider(1));
  const RequestId id = rig.chat_completion();

  rig.answer(id).gone = true;
  rig.step(ClientGone{id});

  EXPECT_TRUE(rig.cancelled.contains(rig.attempt(0).id.value));
  rig.chat_completion();
  EXPECT_EQ(rig.count(), 2U);
}

TEST(Recovery, ACallerThatLeavesWhileWaitingIsForgotten) {
  Rig rig(one_provider(1));
  const RequestId id = rig.chat_completion();
  rig.reply(429, kRateLimit, retry_after("20"));

  rig.answer(id).gone = true;
  rig.step(ClientGone{id});
  rig.advance(10min);

  EXPECT_EQ(rig.count(), 1U);
}

TEST(Recovery, ACapOfOneRequestPerKeyQueuesTheSecond) {
  Config config = one_provider(1);
  config.providers[0].credentials[0].concurrent_max = 1;
  Rig rig(config);

  rig.chat_completion();
  const RequestId second = rig.chat_completion();
  EXPECT_EQ(rig.count(), 1U);
  rig.succeed();
  ASSERT_EQ(rig.count(), 2U);
  rig.succeed();

  EXPECT_EQ(rig.answer(second).status, 200);
}

TEST(Recovery, ACallerThatLeavesTheQueueMakesRoom) {
  Config config = one_provider(1);
  config.providers[0].credentials[0].concurrent_max = 1;
  config.limits.queued = 1;
  Rig rig(config);
  rig.chat_completion();
  const RequestId waiting = rig.chat_completion();
  rig.answer(waiting).gone = true;
  rig.step(ClientGone{waiting});

  const RequestId next = rig.chat_completion();

  EXPECT_EQ(rig.answer(next).status, 0) << "it waits";
}

TEST(Recovery, ADeadlineShorterThanTheTimeOutsStillSendsTheNextRequestElsewhere) {
  Config config = with_fallback(1);
  config.deadline = 20s;
  Rig rig(config);
  rig.chat_completion();
  rig.advance(20s);
  EXPECT_EQ(rig.last().status, 504);

  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-s");
}

TEST(Recovery, AnErrorWhoseBodyBreaksOffIsJudgedByItsStatus) {
  Rig rig(one_provider(2));
  rig.chat_completion();
  rig.head(0, 402);
  rig.bytes(0, "{\"error\":{\"mess");
  rig.fail(0, TransportError::reset);

  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-b"));
}

TEST(Recovery, AFullQueueRefusesWithAHint) {
  Config config = one_provider(1);
  config.providers[0].credentials[0].concurrent_max = 1;
  config.limits.queued = 2;
  Rig rig(config);

  for (int i = 0; i < 3; ++i) rig.chat_completion();
  const RequestId fourth = rig.chat_completion();

  EXPECT_EQ(rig.answer(fourth).status, 429);
  EXPECT_EQ(rig.answer(fourth).json()["error"]["reason"], "limit");
  EXPECT_TRUE(rig.answer(fourth).headers.has("retry-after"));
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
