// Every personality and error family: the status, the envelope and the headers.
#include <gtest/gtest.h>

#include "base/text.h"
#include "simulator/core/provider_reply.h"

namespace simulator {
namespace {

using base::Json;

HealthyReply error_of(std::string personality, DialectKind dialect, std::string family, std::optional<base::Duration> wait = std::nullopt) {
  ProviderSpec spec{.dialect = dialect, .personality = std::move(personality)};
  ProviderRequest request{.method = "POST", .path = "/v1/chat/completions", .model = "m-1", .attempt = 7};
  return error_reply(spec, request, {.kind = std::move(family), .retry_after = wait}, {.seed = 1});
}

TEST(Personalities, WordEveryFamilyInAWellFormedEnvelope) {
  for (const auto personality : personality_names()) {
    for (const auto family : error_families()) {
      for (const auto dialect : {DialectKind::openai_chat, DialectKind::anthropic_messages, DialectKind::gemini}) {
        const auto reply = error_of(std::string(personality), dialect, std::string(family));
        EXPECT_GE(reply.status, 400) << personality << ' ' << family;
        ASSERT_EQ(reply.parts.size(), 1U);
        EXPECT_EQ(reply.parts[0].find("{}"), std::string::npos) << reply.parts[0];
        if (reply.headers.get("content-type") == "text/html") continue;
        const auto body = base::parse_wire_json(reply.parts[0]);
        ASSERT_TRUE(body && body->is_object()) << reply.parts[0];
      }
    }
  }
}

struct Row {
  std::string personality;
  DialectKind dialect;
  std::string family;
  int status;
  std::string body;
};
class Words : public testing::TestWithParam<Row> {};
TEST_P(Words, AreTheProvidersOwn) {
  const auto& row = GetParam();

  const auto reply = error_of(row.personality, row.dialect, row.family);

  EXPECT_EQ(reply.status, row.status);
  EXPECT_NE(reply.parts[0].find(row.body), std::string::npos) << reply.parts[0];
}
using enum DialectKind;
INSTANTIATE_TEST_SUITE_P(Table, Words, testing::Values(
    Row{"openai", openai_chat, "429-billing", 429, R"("type":"insufficient_quota","param":null,"code":"insufficient_quota")"},
    Row{"openai", openai_chat, "404-model", 404, "The model `m-1` does not exist"},
    Row{"anthropic", anthropic_messages, "402", 402, R"({"type":"error","error":{"type":"billing_error")"},
    Row{"anthropic", anthropic_messages, "529", 529, R"("type":"overloaded_error","message":"Overloaded")"},
    Row{"anthropic", anthropic_messages, "429-billing", 400, "Your credit balance is too low"},
    Row{"gemini", gemini, "429", 429, R"("status":"RESOURCE_EXHAUSTED")"},
    Row{"gemini", gemini, "401", 400, "API_KEY_INVALID"},
    Row{"openrouter", openai_chat, "402", 402, R"({"error":{"message":"Insufficient credits. Add more using https://openrouter.ai/credits","code":402}})"},
    Row{"azure", openai_chat, "404-model", 404, R"({"error":{"code":"DeploymentNotFound")"},
    Row{"deepseek", openai_chat, "402", 402, R"("message":"Insufficient Balance","type":"unknown_error")"},
    Row{"groq", openai_chat, "429", 429, "Rate limit reached for model `m-1`"},
    Row{"mistral", openai_chat, "429", 429, R"({"object":"error","message":"Rate limit exceeded","type":"rate_limited","param":null,"code":"1300","raw_status_code":429})"},
    Row{"xai", openai_chat, "402", 403, R"({"code":"permission-denied","error":"Your team has either used all available credits)"},
    Row{"together", openai_chat, "402", 402, R"("type":"credit_limit")"},
    Row{"fireworks", openai_chat, "500", 500, R"("type":"server_error")"},
    Row{"vllm", openai_chat, "404-model", 404, R"("type":"NotFoundError","param":null,"code":404)"},
    Row{"ollama", openai_chat, "404-model", 404, R"(model \"m-1\" not found, try pulling it first)"},
    Row{"generic-proxy", openai_chat, "502", 502, R"({"detail":"Bad gateway"})"},
    Row{"cloudflare", openai_chat, "502", 502, "<center>cloudflare</center>"}));

TEST(Personalities, SayHowLongToWaitInTheirOwnPlace) {
  const auto openai = error_of("openai", openai_chat, "429", std::chrono::milliseconds{1500});
  const auto azure = error_of("azure", openai_chat, "429", std::chrono::milliseconds{1500});
  const auto google = error_of("gemini", gemini, "429", std::chrono::milliseconds{1500});

  EXPECT_EQ(openai.headers.get("retry-after"), "2");
  EXPECT_EQ(azure.headers.get("retry-after-ms"), "1500");
  EXPECT_FALSE(google.headers.has("retry-after"));
  EXPECT_NE(google.parts[0].find(R"("retryDelay":"2s")"), std::string::npos) << google.parts[0];
}

TEST(Personalities, NameTheRequest) {
  const auto openai = error_of("openai", openai_chat, "500");
  const auto anthropic = error_of("anthropic", anthropic_messages, "500");

  EXPECT_TRUE(openai.headers.get("x-request-id").starts_with("req_"));
  EXPECT_EQ(base::string_or(Json::parse(anthropic.parts[0]), "request_id"), anthropic.headers.get("request-id"));
}

}  // namespace
}  // namespace simulator
