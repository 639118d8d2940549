#include "simulator/core/provider_reply.h"

#include <fmt/format.h>

#include "base/random.h"
#include "base/text.h"

namespace simulator {
namespace {

using base::Json;

struct FamilyRow {
  std::string_view name;
  int status;
  std::string_view type;
  std::string_view code;
  std::string_view message;
};
constexpr std::array<FamilyRow, 16> kFamilies{{
    {"400", 400, "invalid_request_error", "", "Invalid request."},
    {"400-context", 400, "invalid_request_error", "context_length_exceeded", "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens. Please reduce the length of the messages."},
    {"401", 401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."},
    {"402", 402, "insufficient_credits", "insufficient_credits", "Insufficient credits. Add more credits to your account."},
    {"403", 403, "permission_error", "forbidden", "You do not have access to this resource."},
    {"403-region", 403, "request_forbidden", "unsupported_country_region_territory", "Country, region, or territory not supported"},
    {"404-model", 404, "invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."},
    {"408", 408, "timeout", "timeout", "Request timed out."},
    {"413", 413, "invalid_request_error", "request_too_large", "Request exceeds the maximum size"},
    {"429", 429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached for requests. Please try again later."},
    {"429-billing", 429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."},
    {"500", 500, "server_error", "", "The server had an error while processing your request. Sorry about that!"},
    {"502", 502, "server_error", "", "Bad gateway"},
    {"503", 503, "server_error", "", "The engine is currently overloaded, please try again later"},
    {"504", 504, "server_error", "", "Gateway timeout"},
    {"529", 529, "overloaded_error", "", "Overloaded"},
}};
constexpr auto kFamilyNames = [] {
  std::array<std::string_view, kFamilies.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kFamilies[i].name;
  return names;
}();

std::string frame(const Json& json) { return "data: " + base::dump(json) + "\n\n"; }

}  // namespace

HealthyReply make_healthy_reply(const ProviderSpec& spec, const ProviderRequest& request, const ReplyScript& script,
                                const ReplyContext& context) {
  (void)spec;
  HealthyReply reply;
  reply.first_token = script.first_token;
  reply.gap = script.gap;
  const auto id = fmt::format("chatcmpl-{:016x}", base::hash_mix({context.seed, request.attempt}));
  reply.headers.add("x-request-id", fmt::format("req_{:016x}", base::hash_mix({context.seed, request.attempt, 1})));
  const auto created = context.wall.since_epoch.count() / 1'000'000'000;
  const auto text = script.text.value_or("Hello from the simulator.");
  const Json usage{{"prompt_tokens", 8}, {"completion_tokens", 5}, {"total_tokens", 13}};
  if (!request.stream) {
    reply.headers.add("content-type", "application/json");
    const Json body{{"id", id}, {"object", "chat.completion"}, {"created", created}, {"model", request.model},
                    {"choices", Json::array({{{"index", 0}, {"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}})},
                    {"usage", usage}};
    reply.parts.push_back(base::dump(body));
    return reply;
  }
  reply.stream = true;
  reply.headers.add("content-type", "text/event-stream; charset=utf-8");
  const auto chunk = [&](Json delta, Json finish) {
    return frame({{"id", id}, {"object", "chat.completion.chunk"}, {"created", created}, {"model", request.model},
                  {"choices", Json::array({{{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", std::move(finish)}}})}});
  };
  reply.parts.push_back(chunk({{"role", "assistant"}, {"content", ""}}, nullptr));
  reply.content_first = 1;
  for (std::size_t at = 0; at < text.size();) {
    auto end = text.find(' ', at + 1);
    if (end == std::string::npos) end = text.size();
    reply.parts.push_back(chunk({{"content", text.substr(at, end - at)}}, nullptr));
    at = end;
  }
  reply.parts.push_back(chunk(Json::object(), "stop"));
  reply.parts.push_back("data: [DONE]\n\n");
  reply.terminal_parts = 1;
  return reply;
}

HealthyReply error_reply(const ProviderSpec& spec, const ProviderRequest& request, const ErrorWords& words,
                         const ReplyContext& context) {
  (void)spec;
  const FamilyRow* row = &kFamilies[11];
  for (const auto& each : kFamilies) {
    if (each.name == words.kind) row = &each;
  }
  HealthyReply reply;
  reply.status = row->status;
  reply.headers.add("content-type", "application/json");
  reply.headers.add("x-request-id", fmt::format("req_{:016x}", base::hash_mix({context.seed, request.attempt, 1})));
  if (words.retry_after) {
    reply.headers.add("retry-after", fmt::format("{}", (base::milliseconds(*words.retry_after) + 999) / 1000));
  }
  const Json error{{"message", words.message.empty() ? std::string(row->message) : words.message}, {"type", row->type},
                   {"param", nullptr}, {"code", row->code.empty() ? Json(nullptr) : Json(row->code)}};
  reply.parts.push_back(base::dump(Json{{"error", error}}));
  return reply;
}

std::span<const std::string_view> error_families() { return kFamilyNames; }

}  // namespace simulator
