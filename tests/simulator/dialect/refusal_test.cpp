// What each provider refuses about a request, in its own words.
#include <gtest/gtest.h>

#include "simulator/core/provider_reply.h"

namespace simulator {
namespace {

struct Case {
  std::string name;
  DialectKind dialect;
  std::string method, path, type, version, body;
  int status;
  std::string words;
};

class Refusals : public testing::TestWithParam<Case> {};

TEST_P(Refusals, AreWordedAsTheProviderDoes) {
  const auto& each = GetParam();
  ProviderSpec spec{.dialect = each.dialect, .personality = each.dialect == DialectKind::anthropic_messages ? "anthropic" : "openai", .models = {"known-*"}};
  ProviderRequest request{.method = each.method, .path = each.path, .body = each.body, .attempt = 1};
  request.headers.add("content-type", each.type);
  if (!each.version.empty()) request.headers.add("anthropic-version", each.version);
  interpret(request);

  const auto reply = make_healthy_reply(spec, request, {}, {});

  EXPECT_EQ(reply.status, each.status) << reply.parts[0];
  EXPECT_NE(reply.parts[0].find(each.words), std::string::npos) << reply.parts[0];
}

const std::string kJson = "application/json";
const std::string kChat = "/v1/chat/completions";
const std::string kVersion = "2023-06-01";
using enum DialectKind;
INSTANTIATE_TEST_SUITE_P(Table, Refusals, testing::Values(
    Case{"path", openai_chat, "POST", "/v1/nothing", kJson, "", "{}", 404, "Invalid URL (POST /v1/nothing)"},
    Case{"method", openai_chat, "GET", kChat, kJson, "", "", 405, "method_not_supported"},
    Case{"type", openai_chat, "POST", kChat, "text/plain", "", "{}", 415, "unsupported_content_type"},
    Case{"json", openai_chat, "POST", kChat, kJson, "", "{", 400, "We could not parse the JSON body"},
    Case{"model_missing", openai_chat, "POST", kChat, kJson, "", "{}", 400, "you must provide a model parameter"},
    Case{"model_unknown", openai_chat, "POST", kChat, kJson, "", R"({"model":"gpt-9","messages":[1]})", 404, "model_not_found"},
    Case{"messages_missing", openai_chat, "POST", kChat, kJson, "", R"({"model":"known-1"})", 400, "Missing required parameter: 'messages'."},
    Case{"messages_type", openai_chat, "POST", kChat, kJson, "", R"({"model":"known-1","messages":"hi"})", 400, "invalid_type"},
    Case{"messages_empty", openai_chat, "POST", kChat, kJson, "", R"({"model":"known-1","messages":[]})", 400, "empty_array"},
    Case{"input_missing", openai_responses, "POST", "/v1/responses", kJson, "", R"({"model":"known-1"})", 400, "Missing required parameter: 'input'."},
    Case{"version_missing", anthropic_messages, "POST", "/v1/messages", kJson, "", "{}", 400, "anthropic-version: header is required"},
    Case{"version_unknown", anthropic_messages, "POST", "/v1/messages", kJson, "1999-01-01", "{}", 400, "is not a valid version"},
    Case{"max_tokens", anthropic_messages, "POST", "/v1/messages", kJson, kVersion, R"({"model":"known-1","messages":[1]})", 400, "max_tokens: Field required"},
    Case{"claude_unknown", anthropic_messages, "POST", "/v1/messages", kJson, kVersion, R"({"model":"x","max_tokens":1,"messages":[1]})", 404, "\"not_found_error\""},
    Case{"too_large", anthropic_messages, "POST", "/v1/messages", kJson, kVersion, std::string((32U << 20U) + 1, ' '), 413, "request_too_large"},
    Case{"contents", gemini, "POST", "/v1beta/models/known-1:generateContent", kJson, "", "{}", 400, "INVALID_ARGUMENT"},
    Case{"gemini_unknown", gemini, "POST", "/v1beta/models/g9:generateContent", kJson, "", R"({"contents":[1]})", 404, "models/g9 is not found for API version v1beta"}),
    [](const auto& each) { return each.param.name; });

TEST(Refusals, ABodyOfTheLargestSizeIsNotRefusedForItsSize) {
  ProviderSpec spec{.dialect = anthropic_messages, .personality = "anthropic"};
  ProviderRequest request{.method = "POST", .path = "/v1/messages", .body = std::string(32U << 20U, ' ')};
  request.headers.add("anthropic-version", kVersion);
  interpret(request);

  EXPECT_EQ(make_healthy_reply(spec, request, {}, {}).status, 400);
}

}  // namespace
}  // namespace simulator
