// Replies in words that no recorded case has: the rules are about what providers mean, not about what was once seen.
#include <gtest/gtest.h>

#include "gateway/classify/classify.h"
#include "gateway/classify/rules.h"

namespace gateway {
namespace {

struct Unseen {
  const char* dialect;
  const char* provider;
  int status;
  const char* body;
  Reason reason;
};

const Unseen kUnseen[] = {
    {"openai-chat", "acme", 429, R"({"error":{"message":"Your account has run out of credits. Please add funds.","type":"billing","code":null}})", Reason::billing},
    {"openai-chat", "acme", 403, R"({"error":{"message":"Monthly spend limit of $20 reached for this key"}})", Reason::billing},
    {"openai-chat", "acme", 402, R"({"detail":"Payment required: your prepaid balance is $0.00"})", Reason::billing},
    {"openai-chat", "acme", 402, R"({"error":{"message":"Weekly usage limit reached. It resets in 3 days."}})", Reason::rate_limit},
    {"openai-chat", "acme", 400, R"({"error":{"message":"Please shorten your prompt: 140000 tokens do not fit.","code":"context_length_exceeded"}})", Reason::context_overflow},
    {"openai-chat", "acme", 400, R"({"error":{"message":"The request has 140000 tokens but the context window of model-x is 128000"}})", Reason::context_overflow},
    {"openai-chat", "acme", 422, R"({"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens"})", Reason::context_overflow},
    {"openai-chat", "acme", 400, R"({"error":{"message":"Invalid API key format","code":"invalid_api_key"}})", Reason::auth},
    {"openai-chat", "acme", 401, R"({"error":{"message":"This API key has been revoked."}})", Reason::auth_permanent},
    {"openai-chat", "acme", 401, R"({"error":{"code":"account_deactivated","message":"The account was closed."}})", Reason::auth_permanent},
    {"openai-chat", "acme", 404, R"({"error":{"message":"The requested model 'foo-9' could not be located","type":"not_found"}})", Reason::model_not_found},
    {"openai-chat", "acme", 404, R"({"detail":"Not Found"})", Reason::unknown},
    {"openai-chat", "acme", 410, R"({"error":{"message":"The model foo-1 has been retired."}})", Reason::model_not_found},
    {"openai-chat", "acme", 429, R"({"error":{"message":"All workers are overloaded right now"}})", Reason::overloaded},
    {"openai-chat", "acme", 429, R"({"error":{"code":"slow_down","message":"Reduce the pace"}})", Reason::overloaded},
    {"openai-chat", "acme", 429, R"({"message":"Concurrency limit of 4 reached"})", Reason::rate_limit},
    {"openai-chat", "acme", 400, R"({"error":{"message":"Invalid type for 'messages[3].content'"}})", Reason::format_error},
    {"openai-chat", "acme", 400, R"({"error":{"message":"The image is too large: 9 MB"}})", Reason::image_too_large},
    {"openai-chat", "acme", 400, R"({"error":{"message":"image size exceeds 20 MB"}})", Reason::image_too_large},
    {"openai-chat", "acme", 403, R"({"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported"}})", Reason::provider_policy_blocked},
    {"openai-chat", "acme", 451, R"({"error":{"message":"Unavailable for legal reasons"}})", Reason::provider_policy_blocked},
    {"openai-chat", "azure-eu", 400, R"({"error":{"code":"content_filter","message":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}})", Reason::content_policy_blocked},
    {"openai-chat", "acme", 500, R"({"error":{"message":"CUDA error: out of memory"}})", Reason::server_error},
    {"openai-chat", "acme", 503, R"({"error":{"message":"No healthy upstream"}})", Reason::overloaded},
    {"openai-chat", "acme", 520, "", Reason::server_error},
    {"openai-chat", "acme", 307, "", Reason::unknown},
    {"anthropic-messages", "anthropic", 200, R"({"type":"error","error":{"type":"rate_limit_error","message":"Number of requests has exceeded your limit"}})", Reason::rate_limit},
    {"anthropic-messages", "anthropic", 200, R"({"type":"error","error":{"type":"authentication_error","message":"bad"}})", Reason::auth},
    {"anthropic-messages", "anthropic", 200, R"({"type":"error","error":{"type":"invalid_request_error","message":"nope"}})", Reason::format_error},
    {"anthropic-messages", "anthropic", 400, R"({"type":"error","error":{"type":"invalid_request_error","message":"messages.0: unexpected role"}})", Reason::format_error},
    {"anthropic-messages", "anthropic", 400, R"({"type":"error","error":{"type":"billing_error","message":"x"}})", Reason::billing},
    {"gemini-generateContent", "gemini", 400, R"({"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}})", Reason::auth},
    {"gemini-generateContent", "gemini", 504, R"({"error":{"code":504,"message":"x","status":"DEADLINE_EXCEEDED"}})", Reason::timeout},
    {"gemini-generateContent", "gemini", 200, R"({"promptFeedback":{"blockReason":"SAFETY"}})", Reason::content_policy_blocked},
    {"bedrock-converse", "bedrock", 200, R"({"throttlingException":{"message":"Slow"}})", Reason::rate_limit},
    {"openai-chat", "openrouter", 429, R"({"error":{"message":"Provider returned error","metadata":{"raw":"model is busy"}}})", Reason::upstream_rate_limit},
    {"openai-chat", "https://api.z.ai/api/paas", 429, R"({"error":{"code":"1113","message":"账户已欠费"}})", Reason::billing},
    {"", "", 429, R"({"error":{"type":"insufficient_quota"}})", Reason::billing},
};

TEST(Unseen, RepliesAreJudgedByWhatTheyMean) {
  for (const auto& unseen : kUnseen) {
    Failure failure;
    failure.dialect = unseen.dialect;
    failure.provider = unseen.provider;
    failure.status = unseen.status;
    failure.body = unseen.body;
    const auto verdict = classify(failure);
    EXPECT_EQ(kReasonNames(verdict.reason), kReasonNames(unseen.reason)) << unseen.status << " " << unseen.body << "\n  by " << verdict.why;
  }
}

TEST(Unseen, TheSameWordsMeanDifferentThingsAtDifferentProviders) {
  Failure failure;
  failure.dialect = "openai-chat";
  failure.status = 429;
  failure.body = R"({"error":{"message":"You exceeded your current quota, please check your plan and billing details.","code":"insufficient_quota"}})";
  failure.provider = "openai";
  EXPECT_EQ(classify(failure).reason, Reason::billing);
  failure.provider = "dashscope";
  EXPECT_EQ(classify(failure).reason, Reason::rate_limit);
}

TEST(Rules, NamesAreUniqueAndTheLastRuleHoldsAlways) {
  std::set<std::string_view> names;
  for (const auto& rule : rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_FALSE(rule.source.empty()) << rule.name;
  }
  const auto& last = rules().back();
  EXPECT_TRUE(last.vendors == 0 && last.dialects == 0 && last.statuses == 0 && last.codes == 0 && last.text == 0 && last.also == 0 &&
              last.without == 0 && last.is == 0);
}

TEST(Rules, ActionsFollowTheReason) {
  // gateway.md, "Recovery": what a rule may never say.
  for (const auto& rule : rules()) {
    if (rule.reason == Reason::billing || rule.reason == Reason::auth_permanent) {
      EXPECT_EQ(rule.act, Act::rotate) << rule.name;
    }
    if (rule.reason == Reason::overloaded || rule.reason == Reason::timeout) {
      EXPECT_TRUE(rule.act == Act::again || rule.act == Act::elsewhere) << rule.name;
    }
    if (rule.reason == Reason::context_overflow) {
      EXPECT_EQ(rule.act, Act::compress) << rule.name;
    }
    if (rule.reason == Reason::content_policy_blocked) {
      EXPECT_EQ(rule.act, Act::abort) << rule.name;
    }
    if (rule.reason == Reason::unknown) {
      EXPECT_EQ(rule.act, Act::elsewhere) << rule.name;
    }
  }
}

TEST(Rules, VendorsAreFoundInNamesAndHosts) {
  EXPECT_EQ(vendor_of("openrouter"), Vendors{v_openrouter});
  EXPECT_EQ(vendor_of("https://OpenRouter.ai/api/v1"), Vendors{v_openrouter});
  EXPECT_EQ(vendor_of("api.z.ai"), Vendors{v_zai});
  EXPECT_EQ(vendor_of("zai"), Vendors{v_zai});
  EXPECT_EQ(vendor_of("bizai.example"), Vendors{0});
  EXPECT_EQ(vendor_of("generativelanguage.googleapis.com"), Vendors{v_gemini});
  EXPECT_EQ(vendor_of(""), Vendors{0});
}

}  // namespace
}  // namespace gateway
