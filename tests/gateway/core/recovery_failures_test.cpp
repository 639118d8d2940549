// Failures that pass and failures of the caller: who is asked again, after what wait, and who is not.
#include "tests/gateway/core/recovery_words.h"

namespace gateway::test {
namespace {

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

}  // namespace
}  // namespace gateway::test
