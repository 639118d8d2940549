// Targets, the one deadline, and callers that leave or queue.
#include "tests/gateway/core/recovery_words.h"

namespace gateway::test {
namespace {

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

}  // namespace
}  // namespace gateway::test
