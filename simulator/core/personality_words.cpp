// The sentences: one row for each (personality, family) that differs from its dialect. Taken from the fault catalogue.
#include <fmt/format.h>

#include "base/text.h"
#include "simulator/core/personality.h"

namespace simulator {
namespace {

struct Row {
  std::string_view who;  ///< a personality, or "" for every one of the OpenAI family
  std::string_view family;
  int status;
  std::string_view type;
  std::string_view code;
  std::string_view message;  ///< {} is the model
};

constexpr Row kRows[] = {
    {"anthropic", "400", 400, "invalid_request_error", "", "messages: Input should be a valid list"},
    {"anthropic", "400-context", 400, "invalid_request_error", "", "prompt is too long: 213462 tokens > 200000 maximum"},
    {"anthropic", "400-policy", 400, "invalid_request_error", "", "Output blocked by content filtering policy"},
    {"anthropic", "401", 401, "authentication_error", "", "invalid x-api-key"},
    {"anthropic", "402", 402, "billing_error", "", "There's an issue with your billing or payment information."},
    {"anthropic", "403", 403, "permission_error", "", "Your API key does not have permission to use the specified resource."},
    {"anthropic", "403-region", 403, "permission_error", "", "Access to Anthropic models is not allowed from unsupported countries, regions, or territories."},
    {"anthropic", "404-model", 404, "not_found_error", "", "model: {}"},
    {"anthropic", "408", 408, "timeout_error", "", "Request timed out."},
    {"anthropic", "413", 413, "request_too_large", "", "Request exceeds the maximum allowed number of bytes."},
    {"anthropic", "429", 429, "rate_limit_error", "", "This request would exceed your account's rate limit. Please try again later."},
    {"anthropic", "429-billing", 400, "invalid_request_error", "", "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."},
    {"anthropic", "500", 500, "api_error", "", "Internal server error"},
    {"anthropic", "502", 502, "api_error", "", "Bad gateway"},
    {"anthropic", "503", 503, "api_error", "", "Service unavailable"},
    {"anthropic", "504", 504, "timeout_error", "", "Request timed out. Please try again later."},
    {"anthropic", "529", 529, "overloaded_error", "", "Overloaded"},
    {"gemini", "400", 400, "", "", "Request contains an invalid argument."},
    {"gemini", "400-context", 400, "", "", "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576)."},
    {"gemini", "401", 400, "", "API_KEY_INVALID", "API key not valid. Please pass a valid API key."},
    {"gemini", "402", 402, "", "", "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing."},
    {"gemini", "403", 403, "", "", "The caller does not have permission"},
    {"gemini", "403-region", 400, "", "", "User location is not supported for the API use."},
    {"gemini", "404-model", 404, "", "", "models/{} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods."},
    {"gemini", "429", 429, "", "", "You exceeded your current quota, please check your plan and billing details."},
    {"gemini", "429-billing", 429, "", "", "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing."},
    {"gemini", "500", 500, "", "", "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"},
    {"gemini", "503", 503, "", "", "The model is overloaded. Please try again later."},
    {"gemini", "529", 503, "", "", "The model is overloaded. Please try again later."},
    {"openrouter", "402", 402, "", "", "Insufficient credits. Add more using https://openrouter.ai/credits"},
    {"openrouter", "429-billing", 402, "", "", "Key limit exceeded"},
    {"openrouter", "401", 401, "", "", "User not found."},
    {"openrouter", "429", 429, "", "", "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day"},
    {"openrouter", "400-context", 400, "", "", "This endpoint's maximum context length is 131072 tokens. However, you requested about 148000 tokens (130000 of text input, 18000 in the output)."},
    {"openrouter", "503", 503, "", "", "No instances available (yet)"},
    {"azure", "401", 401, "", "401", "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."},
    {"azure", "404-model", 404, "", "DeploymentNotFound", "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."},
    {"azure", "429", 429, "", "429", "Your requests to {} have exceeded the token rate limit for your current AIServices S0 pricing tier. Please retry after 12 seconds."},
    {"azure", "400-policy", 400, "", "content_filter", "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry."},
    {"deepseek", "401", 401, "authentication_error", "invalid_request_error", "Authentication Fails, Your api key: ****here is invalid"},
    {"deepseek", "402", 402, "unknown_error", "invalid_request_error", "Insufficient Balance"},
    {"deepseek", "429", 429, "rate_limit_error", "", "Rate Limit Reached"},
    {"deepseek", "503", 503, "server_error", "", "Server Overloaded"},
    {"groq", "401", 401, "invalid_request_error", "invalid_api_key", "Invalid API Key"},
    {"groq", "429", 429, "tokens", "rate_limit_exceeded", "Rate limit reached for model `{}` in organization `org_sim` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try again in 4.77s."},
    {"groq", "503", 503, "internal_server_error", "", "Service Unavailable: The server is temporarily unable to handle the request due to overloading or maintenance."},
    {"groq", "400-context", 400, "invalid_request_error", "context_length_exceeded", "Please reduce the length of the messages or completion."},
    {"mistral", "401", 401, "", "", "Unauthorized"},
    {"mistral", "429", 429, "rate_limited", "1300", "Rate limit exceeded"},
    {"mistral", "503", 503, "service_tier_capacity_exceeded", "3505", "Service tier capacity exceeded for this model."},
    {"xai", "400-context", 400, "Client specified an invalid argument", "", "This model's maximum prompt length is 131072 but the request contains 150000 tokens."},
    {"xai", "401", 400, "Client specified an invalid argument", "", "Incorrect API key provided: xa***23. You can obtain an API key from https://console.x.ai."},
    {"xai", "402", 403, "permission-denied", "", "Your team has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit."},
    {"xai", "429-billing", 429, "Some resource has been exhausted", "", "Your team has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit."},
    {"together", "402", 402, "credit_limit", "", "The account associated with this API key has reached its maximum allowed monthly spending limit."},
    {"together", "503", 503, "service_unavailable", "", "Engine Overloaded: The server is experiencing a high volume of requests and is temporarily overloaded."},
    {"vllm", "404-model", 404, "NotFoundError", "", "The model `{}` does not exist."},
    {"vllm", "400-context", 400, "BadRequestError", "", "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion). Please reduce the length of the messages or completion."},
    {"vllm", "500", 500, "InternalServerError", "", "EngineCore encountered an issue. See stack trace (above) for the root cause."},
    {"ollama", "404-model", 404, "not_found_error", "", "model \"{}\" not found, try pulling it first"},
    {"ollama", "503", 503, "api_error", "", "server busy, please try again.  maximum pending requests exceeded"},
    {"", "400", 400, "invalid_request_error", "", "Invalid request."},
    {"", "400-context", 400, "invalid_request_error", "context_length_exceeded", "This model's maximum context length is 128000 tokens. However, your messages resulted in 130518 tokens. Please reduce the length of the messages."},
    {"", "400-policy", 400, "invalid_request_error", "content_policy_violation", "Your request was rejected as a result of our safety system."},
    {"", "401", 401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-sim***. You can find your API key at https://platform.openai.com/account/api-keys."},
    {"", "402", 402, "insufficient_credits", "insufficient_credits", "Insufficient credits. Add more credits to your account."},
    {"", "403", 403, "permission_error", "forbidden", "You do not have access to this resource."},
    {"", "403-region", 403, "request_forbidden", "unsupported_country_region_territory", "Country, region, or territory not supported"},
    {"", "404-model", 404, "invalid_request_error", "model_not_found", "The model `{}` does not exist or you do not have access to it."},
    {"", "408", 408, "timeout", "timeout", "Request timed out."},
    {"", "413", 413, "invalid_request_error", "request_too_large", "Request exceeds the maximum size"},
    {"", "429", 429, "requests", "rate_limit_exceeded", "Rate limit reached for {} in organization org-sim on requests per min (RPM): Limit 3, Used 3, Requested 1. Visit https://platform.openai.com/account/rate-limits to learn more."},
    {"", "429-billing", 429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."},
    {"", "500", 500, "server_error", "", "The server had an error while processing your request. Sorry about that!"},
    {"", "502", 502, "server_error", "", "Bad gateway"},
    {"", "503", 503, "server_error", "", "The engine is currently overloaded, please try again later"},
    {"", "504", 504, "server_error", "", "Gateway timeout"},
    {"", "529", 529, "overloaded_error", "", "Overloaded"},
};

constexpr std::array<std::string_view, 17> kFamilies{"400", "400-context", "400-policy", "401", "402", "403", "403-region", "404-model", "408",
                                                     "413", "429", "429-billing", "500", "502", "503", "504", "529"};

const Row* row_of(std::string_view who, std::string_view family) {
  for (const auto& row : kRows) {
    if (row.who == who && row.family == family) return &row;
  }
  return nullptr;
}

}  // namespace

std::span<const std::string_view> error_families() { return kFamilies; }

Refusal words_of_family(const ProviderSpec& spec, const ProviderRequest& request, const Route& route, std::string_view family) {
  const Row* row = nullptr;
  if (route.family == Family::anthropic) row = row_of("anthropic", family);
  else if (route.family == Family::gemini) row = row_of("gemini", family);
  else row = row_of(spec.personality, family);
  if (!row) row = row_of("", family);
  if (!row) row = row_of("", "500");
  const auto model = request.model.empty() ? std::string("the model") : base::printable(request.model, 200);
  return {.status = row->status, .type = std::string(row->type), .code = std::string(row->code),
          .message = base::replace_all(std::string(row->message), "{}", model)};
}

}  // namespace simulator
