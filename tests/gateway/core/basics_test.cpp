// The shortest way through the core: one request, one empty key, one hint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/core/rig.h"

namespace gateway::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Basics, AChatCompletionIsAnsweredByTheFirstKey) {
  Rig rig(one_provider());

  rig.chat_completion();
  ASSERT_EQ(rig.count(), 1U);
  EXPECT_EQ(rig.latest().path, "/chat/completions");
  EXPECT_EQ(rig.latest().headers.get("authorization"), "Bearer sk-acme-secret-a");
  EXPECT_EQ(base::string_or(*base::parse_wire_json(rig.latest().body), "model"), "gpt-x");
  rig.succeed("pong");

  EXPECT_EQ(rig.last().status, 200);
  EXPECT_THAT(rig.last().body, HasSubstr("pong"));
  EXPECT_EQ(rig.last().headers.get("x-gateway-attempts"), "1");
  EXPECT_EQ(rig.last().headers.get("x-gateway-provider"), "acme");
  EXPECT_TRUE(rig.last().headers.has("x-request-id"));
}

TEST(Basics, AnEmptyKeyCostsOneRequestAndTheNextKeyAnswersAtOnce) {
  Rig rig(one_provider());

  rig.chat_completion();
  rig.reply(402, openai_error("insufficient_quota", "You have no credits left"));
  ASSERT_EQ(rig.count(), 2U);
  EXPECT_EQ(rig.started[0], rig.started[1]);
  rig.succeed();

  EXPECT_EQ(rig.last().status, 200);
  EXPECT_THAT(rig.keys_tried(), ElementsAre("key-a", "key-b"));
  const auto states = rig.stored<StoreCredential>();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].state.label, "key-a");
  EXPECT_EQ(states[0].state.kind, CredentialState::Kind::cooling);
  EXPECT_EQ(states[0].state.reason, Reason::billing);
}

TEST(Basics, WhenAllKeysAreEmptyTheCallerGetsTheHintInItsDialect) {
  Rig rig(one_provider(1));

  rig.chat_completion();
  rig.reply(402, openai_error("insufficient_quota", "You have no credits left"));

  EXPECT_EQ(rig.count(), 1U);
  EXPECT_EQ(rig.last().status, 402);
  const base::Json error = rig.last().json()["error"];
  EXPECT_EQ(error["hint"], kBillingHint);
  EXPECT_EQ(error["reason"], "billing");
  EXPECT_EQ(error["code"], "insufficient_quota");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr(kBillingHint));
  EXPECT_EQ(error["attempts"].size(), 1U);
  EXPECT_EQ(rig.last().headers.get("x-gateway-reason"), "billing");
  EXPECT_EQ(rig.last().headers.get("retry-after"), "3600");
  EXPECT_EQ(rig.last().headers.get("x-should-retry"), "false");
}

TEST(Basics, AnAnthropicCallerGetsTheHintInItsOwnWords) {
  Rig rig(one_provider(1));

  rig.messages();
  rig.reply(402, openai_error("insufficient_quota", "You have no credits left"));

  EXPECT_EQ(rig.last().status, 402);
  const base::Json body = rig.last().json();
  EXPECT_EQ(body["type"], "error");
  EXPECT_THAT(body["error"]["message"].get<std::string>(), HasSubstr(kBillingHint));
}

TEST(Basics, AStreamPassesAndEndsWithItsTerminator) {
  Rig rig(one_provider());

  rig.chat_completion(true);
  rig.stream_head(0);
  rig.bytes(0, kRole);
  EXPECT_EQ(rig.last().status, 0) << "nothing goes out before the first content";
  rig.bytes(0, frame("one "));
  EXPECT_EQ(rig.last().status, 200);
  rig.bytes(0, frame("two") + kStop + kDone);
  EXPECT_TRUE(rig.last().ended);
  EXPECT_TRUE(rig.last().clean);
  rig.end(0);

  EXPECT_EQ(rig.last().body, kRole + frame("one ") + frame("two") + kStop + kDone);
  EXPECT_EQ(rig.last().headers.get("content-type"), "text/event-stream");
}

TEST(Basics, HealthSaysRunning) {
  Rig rig(one_provider());

  rig.http("GET", "/health");

  EXPECT_EQ(rig.last().status, 200);
  EXPECT_EQ(rig.last().json()["status"], "running");
  EXPECT_EQ(rig.last().json()["version"], std::string(base::kVersion));
}

TEST(Basics, NoSecretIsEverLogged) {
  Config config = one_provider(1);
  config.log_level = "debug";
  Rig rig(config);

  rig.chat_completion();
  rig.reply(401, openai_error("invalid_request_error", "Incorrect API key provided: sk-acme-secret-a", "invalid_api_key"));
  EXPECT_THAT(rig.last().body, Not(HasSubstr("sk-acme-secret"))) << "some providers repeat the key they refuse";
  rig.http("GET", "/status", {}, {}, true);

  EXPECT_THAT(rig.last().body, Not(HasSubstr("sk-acme-secret")));
  for (const Log& line : rig.logs) EXPECT_THAT(base::dump(line.fields), Not(HasSubstr("sk-acme-secret"))) << line.event;
  for (const auto& op : rig.stored<StoreCredential>()) EXPECT_THAT(op.state.key_hash, Not(HasSubstr("sk-acme")));
}

}  // namespace
}  // namespace gateway::test
