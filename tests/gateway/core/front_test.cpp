// The fronts: paths, methods, bodies, callers' keys, limits, names, pages for operators.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "tests/gateway/core/rig.h"

namespace gateway::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(Front, PathsMethodsAndBodiesAreRefusedInPlainWords) {
  struct Row {
    std::string method, target, body, type;
    int status;
  };
  const std::string good = R"({"model":"default","messages":[{"role":"user","content":"x"}]})";
  const Row rows[] = {{"GET", "/nothing", "", "", 404},
                      {"GET", "/v1/chat/completions", "", "", 405},
                      {"DELETE", "/v1/messages", "", "", 405},
                      {"POST", "/v1/models", "{}", "application/json", 405},
                      {"POST", "/health", "", "", 405},
                      {"GET", "/status", "", "", 404},
                      {"GET", "/metrics", "", "", 404},
                      {"POST", "/v1/chat/completions", good, "text/plain", 415},
                      {"POST", "/v1/chat/completions", "{", "application/json", 400},
                      {"POST", "/v1/chat/completions", "[]", "application/json", 400},
                      {"POST", "/v1/chat/completions", R"({"model":"default"})", "application/json", 400},
                      {"POST", "/v1/messages", R"({"model":"default","messages":"x"})", "application/json", 400},
                      {"POST", "/v1/responses", R"({"model":"default"})", "application/json", 400},
                      {"GET", "/v1/models/none", "", "", 404},
                      {"POST", "/chat/a%20b/messages", R"({"text":"x"})", "application/json", 400},
                      {"POST", "/chat/s/messages", R"({"text":""})", "application/json", 400},
                      {"GET", "/chat/none", "", "", 404},
                      {"PUT", "/chat/none", "", "", 405}};
  for (const Row& row : rows) {
    Rig rig(one_provider());
    rig.http(row.method, row.target, row.body, row.type.empty() ? base::Headers{} : base::Headers{{{"content-type", row.type}}});
    EXPECT_EQ(rig.last().status, row.status) << row.method << " " << row.target << " " << row.body;
    EXPECT_EQ(rig.count(), 0U);
    EXPECT_TRUE(rig.last().json().is_object());
    EXPECT_EQ(rig.last().headers.has("allow"), row.status == 405);
    EXPECT_EQ(rig.last().json().contains("type"), row.target.starts_with("/v1/messages")) << "Anthropic's errors say what they are";
  }
}

TEST(Front, ABodyOverTheLimitIsRefusedAndOneAtTheLimitIsTaken) {
  Config config = one_provider();
  const std::string body = R"({"model":"default","messages":[{"role":"user","content":"x"}]})";
  for (const std::size_t limit : {body.size(), body.size() - 1}) {
    config.limits.body = limit;
    Rig rig(config);
    rig.http("POST", "/v1/chat/completions", body);
    EXPECT_EQ(rig.last().status, limit == body.size() ? 0 : 413);
  }
}

TEST(Front, ABodyThatWasNotEvenReadIsRefusedInTheCallersDialect) {
  Rig rig(one_provider());
  const HttpRequest request{.method = "POST", .target = "/v1/messages", .headers = {}, .body = {}, .peer = {}, .body_over = 40'000'000};
  rig.answers[rig.last_id = 4711] = {};
  rig.step(RequestArrived{RequestId{4711}, request, false});

  auto& answer = rig.last();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.json()["type"], "error") << "Anthropic's errors say what they are";
  EXPECT_EQ(answer.json()["error"]["type"], "request_too_large");
}

TEST(Front, CallersNeedOneOfTheKeysPlainOrHashed) {
  Config config = one_provider();
  config.caller_keys = {"team-key-1", "sha256:" + base::sha256_hex("team-key-2")};
  Rig rig(config);
  const std::string body = R"({"model":"default","messages":[{"role":"user","content":"x"}]})";

  for (const base::Headers& headers : {base::Headers{}, base::Headers{{{"authorization", "Bearer wrong"}}}, base::Headers{{{"authorization", "Bearer "}}}, base::Headers{{{"x-api-key", "sk-acme-secret-a"}}}}) {
    rig.http("POST", "/v1/chat/completions", body, headers);
    EXPECT_EQ(rig.last().status, 401);
    EXPECT_EQ(rig.last().json()["error"]["code"], "gateway_auth_failed");
    EXPECT_EQ(rig.last().headers.get("x-gateway-reason"), "caller_auth");
  }
  EXPECT_EQ(rig.count(), 0U);
  rig.http("POST", "/v1/chat/completions", body, {{{"Authorization", "bearer team-key-1"}}});
  rig.http("POST", "/v1/chat/completions", body, {{{"X-Api-Key", "team-key-2"}}});
  EXPECT_EQ(rig.count(), 2U);
  EXPECT_THAT(rig.latest().headers.get("x-api-key"), Not(HasSubstr("team-key"))) << "the caller's key is not the provider's";
  rig.http("GET", "/health");
  EXPECT_EQ(rig.last().status, 200) << "health needs no key";
}

TEST(Front, RoutesAreTheModelsAndDefaultServesTheRest) {
  Config config = one_provider();
  config.routes.push_back({"fast", {{"acme", "gpt-fast"}}, Commit::first_content, false});
  Rig rig(config);

  rig.http("GET", "/v1/models");
  EXPECT_EQ(rig.last().json()["data"].size(), 2U);
  EXPECT_EQ(rig.last().json()["data"][1]["id"], "fast");
  rig.http("GET", "/v1/models", {}, {{{"anthropic-version", "2023-06-01"}}});
  EXPECT_EQ(rig.last().json()["first_id"], "default");
  rig.http("GET", "/v1/models/fast");
  EXPECT_EQ(rig.last().json()["object"], "model");
  rig.chat_completion(false, "fast");
  EXPECT_THAT(rig.latest().body, HasSubstr("gpt-fast"));
  rig.chat_completion(false, "whatever");
  EXPECT_THAT(rig.latest().body, HasSubstr("gpt-x"));
}

TEST(Front, NamesOfTheRequestAreTakenOverAndHandedOn) {
  Rig rig(one_provider());
  const std::string body = R"({"model":"default","messages":[{"role":"user","content":"x"}]})";
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";

  rig.http("POST", "/v1/chat/completions", body, {{{"x-request-id", "abc-1"}, {"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}}});
  EXPECT_EQ(rig.latest().headers.get("x-request-id"), "abc-1");
  EXPECT_THAT(rig.latest().headers.get("traceparent"), MatchesRegex("00-" + trace + "-[0-9a-f]{16}-01"));
  EXPECT_THAT(rig.latest().headers.get("traceparent"), Not(HasSubstr("00f067aa0ba902b7")));
  rig.succeed();
  EXPECT_EQ(rig.last().headers.get("x-request-id"), "abc-1");

  rig.http("POST", "/v1/chat/completions", body, {{{"x-request-id", "bad id\r\nx: y"}, {"traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"}}});
  EXPECT_THAT(rig.latest().headers.get("x-request-id"), MatchesRegex("req_[0-9a-f]{16}"));
  EXPECT_THAT(rig.latest().headers.get("traceparent"), Not(HasSubstr("00000000000000000000000000000000")));
}

TEST(Front, PastTheLimitOfRequestsCallersAreRefusedWithAHint) {
  Config config = one_provider();
  config.limits.requests = 2;
  Rig rig(config);
  rig.chat_completion();
  rig.chat_completion();
  rig.chat_completion();

  EXPECT_EQ(rig.last().status, 503);
  EXPECT_EQ(rig.last().json()["error"]["reason"], "limit");
  EXPECT_NE(rig.last().json()["error"]["hint"], "");
  EXPECT_EQ(rig.count(), 2U);
}

TEST(Front, EmbeddingsPass) {
  Rig rig(one_provider());
  rig.http("POST", "/v1/embeddings", R"({"model":"default","input":"x"})");
  EXPECT_EQ(rig.latest().path, "/embeddings");
  rig.reply(200, R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1]}],"model":"e","usage":{"prompt_tokens":1,"total_tokens":1}})");
  EXPECT_EQ(rig.last().status, 200);
  EXPECT_EQ(rig.last().json()["data"][0]["embedding"][0], 0.1);
}

TEST(Front, TokensAreCountedByAnthropicOrEstimated) {
  Config config = one_provider(1);
  const std::string body = R"({"model":"default","messages":[{"role":"user","content":"hello there, how are you today?"}]})";
  Rig guess(config);
  guess.http("POST", "/v1/messages/count_tokens", body);
  EXPECT_EQ(guess.last().status, 200);
  EXPECT_GT(guess.last().json()["input_tokens"], 0);

  config.providers[0].dialect = Dialect::anthropic_messages;
  Rig asked(config);
  asked.http("POST", "/v1/messages/count_tokens", body);
  ASSERT_EQ(asked.count(), 1U);
  EXPECT_EQ(asked.latest().path, "/messages/count_tokens");
  EXPECT_THAT(asked.latest().body, Not(HasSubstr("max_tokens")));
  asked.reply(200, R"({"input_tokens":14})");
  EXPECT_EQ(asked.last().json()["input_tokens"], 14);
}

TEST(Admin, StatusNamesKeysByLabelWithTheirStates) {
  Rig rig(one_provider());
  rig.chat_completion();
  rig.reply(402, openai_error("insufficient_quota", "no credits", "insufficient_quota"));
  rig.advance(10s);

  rig.http("GET", "/status", {}, {}, true);
  const base::Json body = rig.last().json();
  EXPECT_EQ(body["status"], "running");
  EXPECT_EQ(body["active_requests"], 1);
  const base::Json key = body["providers"][0]["credentials"][0];
  EXPECT_EQ(key["label"], "key-a");
  EXPECT_EQ(key["state"], "cooling");
  EXPECT_EQ(key["reason"], "billing");
  EXPECT_EQ(key["usable_in_s"], 3590);
  EXPECT_EQ(body["providers"][0]["credentials"][1]["in_flight"], 1);
  EXPECT_EQ(body["last_failure"]["reason"], "billing");
}

TEST(Admin, MetricsAreCountedByReasonAndProvider) {
  Rig rig(one_provider());
  rig.chat_completion();
  rig.reply(402, openai_error("insufficient_quota", "no credits", "insufficient_quota"));
  rig.succeed();

  rig.http("GET", "/metrics", {}, {}, true);

  EXPECT_THAT(rig.last().body, HasSubstr("brownout_attempts_total{provider=\"acme\",reason=\"billing\"} 1\n"));
  EXPECT_THAT(rig.last().body, HasSubstr("brownout_attempts_total{provider=\"acme\",reason=\"none\"} 1\n"));
  EXPECT_THAT(rig.last().body, HasSubstr("brownout_requests_total{front=\"openai-chat\",reason=\"none\"} 1\n"));
  EXPECT_THAT(rig.last().body, HasSubstr("brownout_credential_usable{provider=\"acme\",key=\"key-a\"} 0\n"));
  EXPECT_THAT(rig.last().body, HasSubstr("gen_ai_client_token_usage_total{gen_ai_provider_name=\"acme\",gen_ai_token_type=\"input\"} 3\n"));
}

TEST(Admin, KeysAreDisabledEnabledAndReset) {
  Rig rig(one_provider());
  const auto post = [&](const std::string& path) {
    rig.http("POST", path, {}, {}, true);
    return rig.last().status;
  };
  EXPECT_EQ(post("/keys/acme/key-a/disable"), 200);
  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-b");
  rig.reply(402, openai_error("insufficient_quota", "no credits", "insufficient_quota"));
  EXPECT_EQ(rig.last().status, 402);

  EXPECT_EQ(post("/keys/acme/key-b/reset"), 200);
  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-b");
  EXPECT_EQ(post("/keys/acme/key-a/enable"), 200);
  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-a");
  EXPECT_EQ(post("/keys/acme/none/reset"), 404);
  EXPECT_EQ(post("/keys/none/key-a/reset"), 404);
  EXPECT_EQ(post("/keys/acme/key-a/sell"), 404);
  rig.http("GET", "/keys", {}, {}, true);
  EXPECT_EQ(rig.last().json()["keys"].size(), 2U);
  EXPECT_EQ(rig.stored<StoreCredential>().back().state.kind, CredentialState::Kind::ok);
}

TEST(Admin, WhenAllKeysAreDisabledTheAnswerSaysSo) {
  Rig rig(one_provider(1));
  rig.http("POST", "/keys/acme/key-a/disable", {}, {}, true);
  rig.chat_completion();
  EXPECT_EQ(rig.last().status, 502);
  EXPECT_THAT(rig.last().json()["error"]["message"].get<std::string>(), HasSubstr("disabled"));
}

TEST(Admin, AResetWakesThoseWhoWait) {
  Rig rig(one_provider(1));
  rig.chat_completion();
  rig.reply(429, openai_error("rate_limit_error", "slow"), {{{"retry-after", "100"}}});
  EXPECT_EQ(rig.count(), 1U);

  rig.http("POST", "/keys/acme/key-a/reset", {}, {}, true);
  const RequestId other = rig.chat_completion();

  EXPECT_GE(rig.count(), 2U);
  rig.succeed();
  EXPECT_EQ(rig.answer(other).status, 200);
}

TEST(Admin, AFailedStoreIsDegradedAndGoesOn) {
  Rig rig(one_provider());
  rig.step(StoreFailed{"disk full: /var/x.db"});
  rig.http("GET", "/health");
  EXPECT_EQ(rig.last().status, 200);
  EXPECT_EQ(rig.last().json()["status"], "degraded");
  EXPECT_EQ(rig.last().json()["problem"], "disk full: /var/x.db");
  rig.chat_completion();
  rig.succeed();
  EXPECT_EQ(rig.last().status, 200);
}

TEST(Reload, StatesAreKeptByKeyAndRunningRequestsFinishOnTheOld) {
  Rig rig(one_provider(2));
  rig.chat_completion();
  rig.reply(402, openai_error("insufficient_quota", "no credits", "insufficient_quota"));
  const RequestId running = RequestId{rig.last_id};
  Config config = one_provider(2);
  config.providers[0].credentials[0].label = "renamed";
  config.routes[0].targets[0].model = "gpt-new";

  rig.step(ConfigReloaded{config});
  rig.chat_completion();
  EXPECT_EQ(rig.latest().credential, "key-b") << "the empty key is known under its new label";
  EXPECT_THAT(rig.latest().body, HasSubstr("gpt-new"));
  rig.head(1, 200, {{{"content-type", "application/json"}}});
  rig.bytes(1, completion());
  rig.end(1);
  EXPECT_EQ(rig.answer(running).status, 200);
}

}  // namespace
}  // namespace gateway::test
