// Errors in each front's words.
#include <gtest/gtest.h>

#include "gateway/wire/dialect.h"
#include "tests/gateway/wire/support.h"
#include "tests/support/golden.h"

namespace gateway {
namespace {

using wiretest::events_of;

const ErrorInfo kBilling{.status = 402, .reason = Reason::billing, .message = "provider acme: insufficient balance (402)", .hint = "Your API balance or quota is exhausted. Check your provider dashboard.",
                         .request_id = "req_1", .trail = {{"acme/gpt-x", "key-a", "billing", 402, 12, 0}}};
const std::string kShown = kBilling.message + "\n" + kBilling.hint;

TEST(Errors, OpenAiBodiesCarryHintReasonAndTrail) {
  for (const auto front : {Dialect::openai_chat, Dialect::openai_responses, Dialect::openai_embeddings}) {
    const auto error = base::parse_wire_json(error_body(front, kBilling)).value()["error"];
    EXPECT_EQ(error["message"], kShown);
    EXPECT_EQ(error["type"], "insufficient_quota");
    EXPECT_EQ(error["code"], "billing");
    EXPECT_EQ(error["param"], nullptr);
    EXPECT_EQ(error["hint"], kBilling.hint);
    EXPECT_EQ(error["reason"], "billing");
    EXPECT_EQ(base::dump(error["attempts"]), R"([{"target":"acme/gpt-x","key":"key-a","reason":"billing","status":402,"ms":12,"wait_ms":0}])");
  }
}

TEST(Errors, AnthropicBodiesHaveTheDocumentedTypes) {
  const auto body = base::parse_wire_json(error_body(Dialect::anthropic_messages, kBilling)).value();
  EXPECT_EQ(body["type"], "error");
  EXPECT_EQ(body["error"]["type"], "billing_error");
  EXPECT_EQ(body["error"]["message"], kShown);
  EXPECT_EQ(body["request_id"], "req_1");
  const std::pair<int, const char*> types[] = {{400, "invalid_request_error"}, {401, "authentication_error"}, {413, "request_too_large"}, {429, "rate_limit_error"}, {503, "overloaded_error"}, {504, "timeout_error"}, {502, "api_error"}};
  for (const auto& [status, type] : types) {
    auto info = kBilling;
    info.status = status;
    EXPECT_EQ(base::parse_wire_json(error_body(Dialect::anthropic_messages, info)).value()["error"]["type"], type);
  }
}

TEST(Errors, TheChatFrontShowsAPersonTheHint) {
  EXPECT_EQ(error_body(Dialect::chat, kBilling), "{\"reply\":\"⚠️ provider acme: insufficient balance (402)\\nYour API balance or quota is exhausted. Check your provider dashboard.\","
                                                 "\"hint\":\"Your API balance or quota is exhausted. Check your provider dashboard.\",\"reason\":\"billing\"}");
}

TEST(Errors, EventsNeverEndAStreamCleanly) {
  for (const auto front : {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages, Dialect::chat}) {
    const auto bytes = error_event(front, kBilling);
    const auto events = events_of(bytes);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].name, front == Dialect::openai_chat ? "" : "error");
    EXPECT_EQ(bytes.find("[DONE]"), std::string::npos);
    EXPECT_EQ(bytes.find("message_stop"), std::string::npos);
    EXPECT_NE(base::dump(events[0].data).find(kBilling.hint), std::string::npos);
  }
}

TEST(Errors, BodiesAndEventsAreWordForWordAsReviewed) {
  // tests/clients/wire.test.mjs gives these texts to the official SDKs.
  for (const auto front : {Dialect::openai_chat, Dialect::openai_responses, Dialect::anthropic_messages, Dialect::chat}) {
    support::expect_golden("wire/error-body-" + std::string(kDialectNames(front)) + ".txt", error_body(front, kBilling) + "\n");
    support::expect_golden("wire/error-event-" + std::string(kDialectNames(front)) + ".txt", error_event(front, kBilling));
  }
}

TEST(Errors, CredentialsGoWhereEachProviderLooks) {
  EXPECT_EQ(credential_header(Dialect::openai_chat, "k"), std::make_pair(std::string("authorization"), std::string("Bearer k")));
  EXPECT_EQ(credential_header(Dialect::anthropic_messages, "k").first, "x-api-key");
  EXPECT_EQ(credential_header(Dialect::anthropic_messages, "sk-ant-oat01-x").first, "authorization");
  EXPECT_EQ(credential_header(Dialect::gemini, "k").first, "x-goog-api-key");
}

}  // namespace
}  // namespace gateway
