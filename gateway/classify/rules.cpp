// The table. "survey" marks what a gateway in wide use does (tests/data/classification_cases.json holds its recorded tests); a URL is
// the provider's own document, and where both speak the provider wins.
#include "gateway/classify/rules.h"

namespace gateway {
namespace {

using enum words::Text;
using enum words::Code;
using R = Reason;
constexpr auto H = HintId::none;
constexpr Statuses s_policy = s_textual | s400 | s403 | s422 | s451 | s5xx;
constexpr Statuses s_billing_4xx = s400 | s402 | s403 | s404 | s412 | s422 | s429 | s4xx;
constexpr std::string_view kSurvey = "survey";
constexpr std::string_view kOpenAi = "https://platform.openai.com/docs/guides/error-codes";
constexpr std::string_view kAnthropic = "https://docs.claude.com/en/api/errors";
constexpr std::string_view kGemini = "https://ai.google.dev/gemini-api/docs/troubleshooting";
constexpr std::string_view kGeminiLimits = "https://ai.google.dev/gemini-api/docs/rate-limits";
constexpr std::string_view kVertex = "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429";
constexpr std::string_view kOpenRouter = "https://openrouter.ai/docs/errors";
constexpr std::string_view kBedrock = "https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html";
constexpr std::string_view kDashScope = "https://help.aliyun.com/zh/model-studio/error-code";
constexpr std::string_view kZai = "https://docs.z.ai/api-reference/api-code";
constexpr std::string_view kMiniMax = "https://platform.minimax.io/docs/api-reference/errorcode";
constexpr std::string_view kCloudflare = "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/";
constexpr std::string_view kFaults = "provider_faults.json";

// name, vendors, dialects, statuses, codes, text, also, without, is, reason, act, hint, ignores_wait, source
constexpr Rule kRules[] = {
    // ---- What is certain whatever else is said ----
    {"content-policy.code", v_any, d_any, s_policy, c_content, 0, 0, 0, 0, R::content_policy_blocked, Act::abort, H, true, kFaults},
    {"content-policy.text", v_any, d_any, s_policy, 0, content, 0, 0, 0, R::content_policy_blocked, Act::abort, H, true, kSurvey},
    {"thinking-signature", v_any, d_any, s400, 0, thinking, thinking_broken, 0, 0, R::thinking_signature, Act::abort, H, true, kSurvey},
    {"long-context.tier", v_any, d_any, s429, 0, extra_usage, long_context, 0, 0, R::long_context_tier, Act::compress, H, true, kSurvey},
    {"long-context.beta", v_any, d_any, s400, 0, long_context_beta, not_yet, 0, 0, R::long_context_tier, Act::compress, H, true, kSurvey},
    {"grammar", v_any, d_any, s400, 0, grammar, 0, no_user_query, 0, R::llama_cpp_grammar_pattern, Act::abort, H, true, kSurvey},
    {"tool-call.failed", v_any, d_any, s400, c_tool_call, 0, 0, 0, 0, R::format_error, Act::again, H, false, "https://console.groq.com/docs/errors"},
    {"region.code", v_any, d_any, s_client | s_textual, c_region, 0, 0, 0, 0, R::provider_policy_blocked, Act::elsewhere, H, true, kOpenAi},
    {"region.text", v_any, d_any, s400 | s403 | s451 | s_textual, 0, region, 0, 0, 0, R::provider_policy_blocked, Act::elsewhere, H, true, kGemini},
    {"subscription", v_any, d_any, s_textual | s400 | s403 | s429, 0, subscription, 0, 0, 0, R::billing, Act::rotate, H, false, kFaults},
    {"billing.code", v_any, d_any, s_textual | s_billing_4xx, c_billing_sure, 0, 0, 0, 0, R::billing, Act::rotate, H, false, kFaults},
    {"zai.billing", v_zai, d_any, s_textual | s_client, c_zai_billing, 0, 0, 0, 0, R::billing, Act::rotate, H, false, kZai},
    {"zai.window", v_zai, d_any, s_textual | s_client, c_zai_window, 0, 0, 0, 0, R::rate_limit, Act::window, H, false, kZai},
    {"zai.rate", v_zai, d_any, s_textual | s_client, c_zai_rate, 0, 0, 0, 0, R::rate_limit, Act::rate, H, false, kZai},
    {"minimax.billing.code", v_minimax, d_any, s_any, c_minimax_billing, 0, 0, 0, 0, R::billing, Act::rotate, H, false, kMiniMax},
    // MiniMax answers HTTP 500 for an empty balance; "insufficient balance (1008)" is its own spelling, so its proxies are caught too.
    {"minimax.billing.text", v_any, d_any, s_any, 0, low_balance_minimax, billing, 0, 0, R::billing, Act::rotate, H, false, kMiniMax},
    {"minimax.window", v_minimax, d_any, s_textual | s_client, c_minimax_window, 0, 0, 0, 0, R::rate_limit, Act::window, H, false, kMiniMax},
    {"minimax.rate", v_minimax, d_any, s_textual | s_client, c_minimax_rate, 0, 0, 0, 0, R::rate_limit, Act::rate, H, false, kMiniMax},
    {"model-error", v_any, d_any, s_textual | s424 | s400, c_model_error, 0, 0, 0, 0, R::server_error, Act::again, H, false, kBedrock},

    // ---- 400 ----
    {"400.multimodal", v_any, d_any, s400, 0, multimodal, 0, 0, 0, R::multimodal_tool_content_unsupported, Act::abort, H, true, kSurvey},
    {"400.image", v_any, d_any, s400, 0, image, 0, 0, 0, R::image_too_large, Act::abort, H, true, kSurvey},
    {"400.encrypted.code", v_any, d_any, s400, c_encrypted, 0, 0, 0, 0, R::invalid_encrypted_content, Act::abort, H, true, kSurvey},
    {"400.encrypted.text", v_any, d_any, s400, 0, encrypted, 0, 0, 0, R::invalid_encrypted_content, Act::abort, H, true, kSurvey},
    // Hands over before "retry", "window" and the like are looked at: the sentence ends in "and try again".
    {"400.regain", v_any, d_any, s400, 0, regain, 0, 0, 0, R::rate_limit, Act::window, H, false, kAnthropic},
    {"400.key.code", v_any, d_any, s400, c_auth_sure, 0, 0, 0, 0, R::auth, Act::rotate, H, true, kGemini},
    {"400.key.text", v_any, d_any, s400, 0, bad_key, 0, 0, 0, R::auth, Act::rotate, H, true, kGemini},
    {"400.key.dialect", v_any, d_known, s400, 0, bad_key_generic, 0, 0, 0, R::auth, Act::rotate, H, true, kOpenAi},
    {"400.auth.anthropic", v_any, d_anthropic, s400, c_auth, 0, 0, 0, 0, R::auth, Act::rotate, H, true, kAnthropic},
    {"400.billing.dialect", v_any, d_openai, s400 | s403 | s412 | s422, c_billing_openai, 0, 0, 0, 0, R::billing, Act::rotate, H, false, kOpenAi},
    {"400.parameter", v_any, d_any, s400, 0, bad_parameter, 0, 0, 0, R::format_error, Act::abort, H, true, kSurvey},
    {"400.messages", v_any, d_any, s400, 0, bad_messages, 0, 0, 0, R::format_error, Act::abort, H, true, kSurvey},
    {"400.body", v_any, d_any, s400, c_bad_body, 0, 0, 0, 0, R::format_error, Act::abort, H, true, kSurvey},
    {"400.output-limit", v_any, d_any, s400, 0, output_limit, 0, 0, 0, R::format_error, Act::abort, H, true, kAnthropic},
    {"400.empty-reply", v_any, d_any, s400, 0, empty_reply, 0, 0, 0, R::server_error, Act::again, H, false, kSurvey},
    {"overflow.code", v_any, d_any, s_client | s_textual, c_overflow_sure, 0, 0, 0, 0, R::context_overflow, Act::compress, H, true, kFaults},
    {"overflow.code.openai", v_any, d_openai, s400 | s422, c_overflow_openai, 0, 0, 0, 0, R::context_overflow, Act::compress, H, true, kOpenAi},
    // Bedrock and Cerebras say "too many tokens" of a rate.
    {"400.rate-of-tokens", v_any, d_any, s400, 0, rate_of_tokens, 0, 0, 0, R::rate_limit, Act::rate, H, false, kBedrock},
    {"400.overflow", v_any, d_any, s400, 0, overflow, 0, 0, 0, R::context_overflow, Act::compress, H, true, kSurvey},
    {"422.overflow", v_any, d_known, s422, 0, overflow, overflow_sure, output_limit, 0, R::context_overflow, Act::compress, H, true, "https://huggingface.co/docs/text-generation-inference"},
    {"400.data-policy", v_any, d_any, s400 | s404, 0, policy, 0, 0, 0, R::provider_policy_blocked, Act::elsewhere, H, true, kOpenRouter},
    {"404.billing", v_any, d_any, s404, 0, billing, 0, 0, 0, R::billing, Act::rotate, H, false, kSurvey},
    {"model.code", v_any, d_any, s_textual | s400 | s404 | s410, c_model_sure, 0, 0, 0, 0, R::model_not_found, Act::elsewhere, H, true, kFaults},
    {"model.code.openai", v_any, d_openai, s400 | s404 | s503, c_model_openai, 0, 0, 0, 0, R::model_not_found, Act::elsewhere, H, true, kOpenAi},
    {"model.gone", v_any, d_any, s400 | s404 | s410, 0, model_gone, model_word, 0, 0, R::model_not_found, Act::elsewhere, H, true, kFaults},
    {"model.text", v_any, d_any, s400 | s404, 0, model, 0, 0, 0, R::model_not_found, Act::elsewhere, H, true, kSurvey},
    {"400.upstream-rate", v_openrouter, d_any, s400, 0, upstream_of, rate, 0, 0, R::upstream_rate_limit, Act::again, H, false, kOpenRouter},
    {"400.window", v_any, d_any, s400, 0, usage_limit, rate, billing | rate_plain, 0, R::rate_limit, Act::window, H, false, kSurvey},
    {"400.rate", v_any, d_any, s400, 0, rate, 0, 0, 0, R::rate_limit, Act::rate, H, false, kSurvey},
    {"400.rate.dialect", v_any, d_openai, s400, c_rate_dialect, 0, 0, 0, 0, R::rate_limit, Act::rate, H, false, kOpenAi},
    {"400.billing", v_any, d_any, s400, 0, billing, 0, 0, 0, R::billing, Act::rotate, H, false, kSurvey},
    {"400.cerebras-empty", v_cerebras, d_any, s400 | s413, 0, 0, 0, 0, is_empty, R::context_overflow, Act::compress, H, true, kFaults},
    {"400.vague-and-large", v_any, d_any, s400, 0, 0, 0, 0, is_vague_and_large, R::context_overflow, Act::compress, H, true, kSurvey},
    {"400", v_any, d_any, s400, 0, 0, 0, 0, 0, R::format_error, Act::abort, H, true, kSurvey},

    // ---- 401 to 413 ----
    {"401.revoked.code", v_any, d_any, s401 | s403, c_revoked, 0, 0, 0, 0, R::auth_permanent, Act::rotate, H, true, kSurvey},
    {"401.revoked.text", v_any, d_any, s401 | s403, 0, revoked, 0, 0, 0, R::auth_permanent, Act::rotate, H, true, kGemini},
    {"401", v_any, d_any, s401, 0, 0, 0, 0, 0, R::auth, Act::rotate, HintId::auth, true, kSurvey},
    {"402.in-flight", v_any, d_any, s402, c_in_flight, 0, 0, 0, 0, R::rate_limit, Act::rate, H, false, kOpenRouter},
    {"402.window", v_any, d_any, s402, 0, usage_limit, transient, 0, 0, R::rate_limit, Act::window, H, false, kSurvey},
    {"402", v_any, d_any, s402, 0, 0, 0, 0, 0, R::billing, Act::rotate, H, false, kSurvey},
    {"403.billing", v_any, d_any, s403, 0, billing, 0, 0, 0, R::billing, Act::rotate, H, false, kSurvey},
    {"403.budget", v_any, d_any, s403, 0, budget, 0, 0, 0, R::rate_limit, Act::window, H, false, kOpenRouter},
    {"403.edge", v_any, d_any, s403, 0, edge_block, 0, 0, 0, R::provider_policy_blocked, Act::elsewhere, H, true, kCloudflare},
    // A page is no API's answer: something in front of it refused, and another key would meet the same.
    {"403.page", v_any, d_any, s403, 0, 0, 0, 0, is_html, R::auth, Act::elsewhere, HintId::forbidden, true, kFaults},
    {"403", v_any, d_any, s403, 0, 0, 0, 0, 0, R::auth, Act::rotate, HintId::forbidden, true, kSurvey},
    {"404.not-found.code", v_any, d_known, s404, c_not_found, model_word, 0, 0, 0, R::model_not_found, Act::elsewhere, H, true, kAnthropic},
    {"404.page-not-found", v_nvidia, d_any, s404, 0, page_not_found, 0, 0, is_bare_model, R::model_not_found, Act::elsewhere, H, true, kSurvey},
    {"404.model-word", v_any, d_known, s404, 0, model_word, 0, 0, 0, R::model_not_found, Act::elsewhere, H, true, kFaults},
    {"404", v_any, d_any, s404, 0, 0, 0, 0, 0, R::unknown, Act::elsewhere, HintId::model_not_found, true, kSurvey},
    {"408", v_any, d_any, s408, 0, 0, 0, 0, 0, R::timeout, Act::again, H, false, kSurvey},
    {"412.billing", v_any, d_any, s412 | s422 | s410 | s4xx, 0, billing, 0, 0, 0, R::billing, Act::rotate, H, false, kFaults},
    // Groq: one request over the tokens a minute. It fits at a target with a larger limit.
    {"413.rate", v_any, d_any, s413, 0, rate, 0, 0, 0, R::payload_too_large, Act::elsewhere, H, true, "https://console.groq.com/docs/rate-limits"},
    {"413", v_any, d_any, s413, 0, 0, 0, 0, 0, R::payload_too_large, Act::abort, H, true, kSurvey},

    // ---- 429 ----
    {"429.overload.code", v_any, d_any, s429, c_overload | c_overload_dialect, 0, 0, 0, 0, R::overloaded, Act::again, H, false, kFaults},
    {"429.overload", v_any, d_any, s429, 0, overload, 0, 0, 0, R::overloaded, Act::again, H, false, kSurvey},
    {"429.wrapped.openrouter", v_openrouter, d_any, s429, 0, wrapped | upstream_of, 0, 0, 0, R::upstream_rate_limit, Act::again, H, false, kOpenRouter},
    {"429.wrapped", v_any, d_any, s429, 0, wrapped | upstream_of, 0, 0, is_wrapped, R::upstream_rate_limit, Act::again, H, false, kOpenRouter},
    {"429.throttle.aliyun", v_dashscope, d_any, s429, c_insufficient_quota, 0, 0, 0, 0, R::rate_limit, Act::rate, H, false, kDashScope},
    {"429.throttle.aliyun.text", v_any, d_any, s429, c_insufficient_quota, aliyun, 0, 0, 0, R::rate_limit, Act::rate, H, false, kDashScope},
    {"429.throttle.azure", v_azure, d_any, s429, c_insufficient_quota, 0, 0, 0, 0, R::rate_limit, Act::rate, H, false, "https://learn.microsoft.com/azure/ai-services/openai/how-to/quota"},
    {"429.throttle.named", v_any, d_any, s429, c_insufficient_quota, rate_plain, 0, 0, has_retry_delay, R::rate_limit, Act::rate, H, false, kFaults},
    {"429.day", v_any, d_gemini, s429, 0, day_quota, 0, 0, 0, R::rate_limit, Act::window, H, true, kGeminiLimits},
    {"429.day.vendor", v_gemini, d_any, s429, 0, day_quota, 0, 0, 0, R::rate_limit, Act::window, H, true, kGeminiLimits},
    // "limit: 0": the plan has none of this model; the wait in the same message is a phrase of the template.
    {"429.limit-zero", v_any, d_any, s429, 0, limit_zero, current_quota, 0, 0, R::billing, Act::rotate, H, true, kGeminiLimits},
    // Gemini uses OpenAI's billing sentence for a minute's quota; what tells them apart is that it names a wait.
    {"429.quota-with-delay", v_any, d_any, s429, 0, current_quota, 0, 0, has_retry_delay, R::rate_limit, Act::rate, H, false, kGeminiLimits},
    {"429.gemini-quota", v_any, d_gemini, s429, 0, current_quota, 0, 0, 0, R::rate_limit, Act::rate, H, false, kGeminiLimits},
    {"429.billing.code", v_any, d_any, s429, c_billing, 0, 0, 0, 0, R::billing, Act::rotate, H, false, kOpenAi},
    {"429.billing", v_any, d_any, s429, 0, billing, 0, 0, 0, R::billing, Act::rotate, H, false, kFaults},
    {"429.usage-limit.code", v_any, d_any, s429, c_usage_limit, 0, 0, 0, 0, R::rate_limit, Act::window, H, false, kFaults},
    {"429.window", v_any, d_any, s429, 0, plan_window | day_quota, 0, 0, 0, R::rate_limit, Act::window, H, false, kFaults},
    {"429.vertex-shared", v_vertex, d_any, s429, 0, resource_out, 0, provisioned, 0, R::upstream_rate_limit, Act::again, H, false, kVertex},
    {"429.edge", v_any, d_any, s429, 0, edge_limit, 0, 0, 0, R::rate_limit, Act::again, H, false, kCloudflare},
    {"429", v_any, d_any, s429, 0, 0, 0, 0, 0, R::rate_limit, Act::rate, H, false, kSurvey},
    {"451.region", v_any, d_known, s451, 0, 0, 0, 0, 0, R::provider_policy_blocked, Act::elsewhere, H, true, "RFC 7725"},
    {"4xx", v_any, d_any, s410 | s412 | s422 | s424 | s451 | s4xx, 0, 0, 0, 0, 0, R::format_error, Act::abort, H, true, kSurvey},

    // ---- 5xx ----
    {"5xx.request.code", v_any, d_any, s500 | s502, c_bad_request | c_bad_parameter, 0, 0, server_fault, 0, R::format_error, Act::abort, H, true, kSurvey},
    {"5xx.request.text", v_any, d_any, s500 | s502, 0, bad_parameter, 0, 0, 0, R::format_error, Act::abort, H, true, kSurvey},
    {"5xx.empty-reply", v_any, d_any, s500 | s502 | s503 | s529, 0, empty_reply, 0, 0, 0, R::server_error, Act::again, H, false, kSurvey},
    {"5xx.overflow", v_any, d_any, s500 | s502 | s503 | s529, 0, overflow, 0, 0, 0, R::context_overflow, Act::compress, H, true, kSurvey},
    {"503.no-channel", v_any, d_any, s503, 0, no_channel, 0, 0, 0, R::model_not_found, Act::elsewhere, H, true, kFaults},
    {"5xx.upstream-connect", v_any, d_any, s502 | s503 | s504, 0, upstream_connect, 0, 0, 0, R::timeout, Act::again, HintId::unreachable, false, "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage"},
    {"5xx.timeout.code", v_any, d_any, s504 | s524 | s500 | s503, c_timeout, 0, 0, 0, 0, R::timeout, Act::again, H, false, kGemini},
    {"500.dead-engine", v_any, d_any, s500 | s503, 0, dead_engine, 0, 0, 0, R::server_error, Act::elsewhere, H, false, kFaults},
    {"503.api-error", v_any, d_anthropic, s503, c_api_error, 0, 0, overload, 0, R::server_error, Act::again, H, false, kAnthropic},
    {"503", v_any, d_any, s503 | s529, 0, 0, 0, 0, 0, R::overloaded, Act::again, H, false, kSurvey},
    // 504 and 524 alone do not say who timed out: the provider, or one of its servers behind it.
    {"5xx", v_any, d_any, s_server, 0, 0, 0, 0, 0, R::server_error, Act::again, H, false, kSurvey},

    // ---- No status, or one that says success: code words, then words ----
    {"redirect", v_any, d_any, s3xx, 0, 0, 0, 0, is_redirect, R::format_error, Act::abort, H, true, "RFC 9110, 15.4"},
    {"type.rate-limit", v_any, d_any, s_none, 0, 0, 0, 0, is_rate_limit_type, R::rate_limit, Act::rate, H, false, kSurvey},
    {"code.rate", v_any, d_any, s_textual, c_rate | c_rate_sure | c_usage_limit, 0, 0, billing, 0, R::rate_limit, Act::rate, H, false, kSurvey},
    {"code.billing", v_any, d_any, s_textual, c_billing, 0, 0, 0, 0, R::billing, Act::rotate, H, false, kSurvey},
    {"code.model", v_any, d_any, s_textual, c_model, 0, 0, 0, 0, R::model_not_found, Act::elsewhere, H, true, kSurvey},
    {"code.overflow", v_any, d_any, s_textual, c_overflow, 0, 0, 0, 0, R::context_overflow, Act::compress, H, true, kSurvey},
    {"code.encrypted", v_any, d_any, s_textual, c_encrypted, 0, 0, 0, 0, R::invalid_encrypted_content, Act::abort, H, true, kSurvey},
    {"code.overload", v_any, d_any, s_textual, c_overload, 0, 0, 0, 0, R::overloaded, Act::again, H, false, kFaults},
    {"code.overload.dialect", v_any, d_known, s_textual, c_overload_dialect, 0, 0, 0, 0, R::overloaded, Act::again, H, false, kAnthropic},
    {"code.not-json", v_any, d_any, s_textual, c_stream_not_json, request_validation, 0, 0, 0, R::format_error, Act::abort, H, true, kSurvey},
    {"code.timeout", v_any, d_known, s_textual, c_timeout, 0, 0, 0, 0, R::timeout, Act::again, H, false, kAnthropic},
    {"code.too-large", v_any, d_known, s_textual, c_too_large, 0, 0, 0, 0, R::payload_too_large, Act::abort, H, true, kAnthropic},
    {"text.payload", v_any, d_any, s_textual, 0, payload, 0, 0, 0, R::payload_too_large, Act::abort, H, true, kSurvey},
    {"text.multimodal", v_any, d_any, s_textual, 0, multimodal, 0, 0, 0, R::multimodal_tool_content_unsupported, Act::abort, H, true, kSurvey},
    {"text.image", v_any, d_any, s_textual, 0, image, 0, 0, 0, R::image_too_large, Act::abort, H, true, kSurvey},
    {"text.quota-with-delay", v_any, d_any, s_textual, 0, current_quota, 0, 0, has_retry_delay, R::rate_limit, Act::rate, H, false, kGeminiLimits},
    {"text.window", v_any, d_any, s_textual, 0, usage_limit, transient, rate_plain, 0, R::rate_limit, Act::window, H, false, kSurvey},
    {"text.usage-limit", v_any, d_any, s_textual, 0, usage_limit, 0, rate_plain | rate_of_tokens, 0, R::billing, Act::rotate, H, false, kSurvey},
    {"text.overload", v_any, d_any, s_textual, 0, overload, 0, 0, 0, R::overloaded, Act::again, H, false, kSurvey},
    {"text.billing", v_any, d_any, s_textual, 0, billing, 0, 0, 0, R::billing, Act::rotate, H, false, kSurvey},
    {"text.rate", v_any, d_any, s_textual, 0, rate | rate_of_tokens, 0, 0, 0, R::rate_limit, Act::rate, H, false, kSurvey},
    {"text.empty-reply", v_any, d_any, s_textual, 0, empty_reply, 0, 0, 0, R::server_error, Act::again, H, false, kSurvey},
    {"text.overflow", v_any, d_any, s_textual, 0, overflow, 0, 0, 0, R::context_overflow, Act::compress, H, true, kSurvey},
    {"text.auth", v_any, d_any, s_textual, 0, auth_words | bad_key, 0, 0, 0, R::auth, Act::rotate, H, true, kSurvey},
    {"text.data-policy", v_any, d_any, s_textual, 0, policy, 0, 0, 0, R::provider_policy_blocked, Act::elsewhere, H, true, kSurvey},
    {"text.model", v_any, d_any, s_textual, 0, model, 0, 0, 0, R::model_not_found, Act::elsewhere, H, true, kSurvey},
    {"text.stale-breaker", v_any, d_any, s_textual, 0, stale_breaker, 0, 0, 0, R::timeout, Act::elsewhere, H, false, kSurvey},
    {"text.timeout", v_any, d_any, s_textual, 0, timed_out, 0, 0, 0, R::timeout, Act::again, H, false, kSurvey},
    {"text.unreachable", v_any, d_any, s_textual, 0, unreachable, 0, 0, 0, R::timeout, Act::again, HintId::unreachable, false, kSurvey},
    {"text.certificate", v_any, d_any, s_textual, 0, bad_certificate, 0, 0, 0, R::ssl_cert_verification, Act::elsewhere, H, true, kSurvey},
    {"type.certificate", v_any, d_any, s_none, 0, 0, 0, 0, is_certificate_type, R::ssl_cert_verification, Act::elsewhere, H, true, kSurvey},
    {"text.tls", v_any, d_any, s_textual, 0, tls_alert, 0, 0, 0, R::timeout, Act::again, HintId::unreachable, false, kSurvey},
    {"text.disconnect.large", v_any, d_any, s_textual, 0, disconnect, 0, 0, is_large_session, R::context_overflow, Act::compress, H, true, kSurvey},
    {"text.disconnect", v_any, d_any, s_textual, 0, disconnect, 0, 0, 0, R::timeout, Act::again, HintId::unreachable, false, kSurvey},
    {"type.transport", v_any, d_any, s_none, 0, 0, 0, 0, is_timeout_type, R::timeout, Act::again, H, false, kSurvey},
    // The generic words of a dialect come last: "invalid_request_error" is also stamped on server faults (Groq).
    {"text.server", v_any, d_known, s_textual, 0, server_fault, 0, 0, 0, R::server_error, Act::again, H, false, kAnthropic},
    {"code.server", v_any, d_known, s_textual, c_server, 0, 0, 0, 0, R::server_error, Act::again, H, false, kAnthropic},
    {"code.api-error", v_any, d_anthropic, s_textual, c_api_error, 0, 0, 0, 0, R::server_error, Act::again, H, false, kAnthropic},
    {"code.auth", v_any, d_known, s_textual, c_auth | c_auth_sure, 0, 0, 0, 0, R::auth, Act::rotate, H, true, kAnthropic},
    {"code.revoked", v_any, d_known, s_textual, c_revoked, 0, 0, 0, 0, R::auth_permanent, Act::rotate, H, true, kSurvey},
    {"code.not-found", v_any, d_known, s_textual, c_not_found, 0, 0, 0, 0, R::model_not_found, Act::elsewhere, H, true, kAnthropic},
    {"code.request", v_any, d_known, s_textual, c_bad_request | c_bad_parameter, 0, 0, 0, 0, R::format_error, Act::abort, H, true, kAnthropic},
    {"unknown", v_any, d_any, s_any, 0, 0, 0, 0, 0, R::unknown, Act::elsewhere, H, false, kSurvey},
};

struct VendorName {
  std::string_view part;   ///< of the configured name or host
  bool whole_label;        ///< only as a whole word between dots, dashes and the like
  Vendors vendors;
};
constexpr VendorName kVendors[] = {
    {"openrouter", false, v_openrouter}, {"azure", false, v_azure}, {"vertex", false, v_vertex}, {"aiplatform", false, v_vertex},
    {"gemini", false, v_gemini}, {"generativelanguage", false, v_gemini}, {"cloudcode", false, v_gemini}, {"dashscope", false, v_dashscope},
    {"aliyun", false, v_dashscope}, {"alibaba", false, v_dashscope}, {"qwen", true, v_dashscope}, {"cerebras", false, v_cerebras},
    {"zai", true, v_zai}, {"z.ai", false, v_zai}, {"zhipu", false, v_zai}, {"bigmodel", false, v_zai}, {"minimax", false, v_minimax},
    {"nvidia", false, v_nvidia}, {"bedrock", false, v_bedrock}, {"amazonaws", false, v_bedrock}, {"anthropic", false, v_anthropic},
    {"claude", true, v_anthropic}, {"openai", true, v_openai},
};

}  // namespace

std::span<const Rule> rules() { return kRules; }

Vendors vendor_of(std::string_view provider) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; };
  Vendors found = 0;
  for (const auto& name : kVendors) {
    const auto at = std::search(provider.begin(), provider.end(), name.part.begin(), name.part.end(), same);
    if (at == provider.end()) continue;
    const auto after = at + static_cast<std::ptrdiff_t>(name.part.size());
    const bool whole = (at == provider.begin() || !letter(*(at - 1))) && (after == provider.end() || !letter(*after));
    if (!name.whole_label || whole) found |= name.vendors;
  }
  // "z.ai" is also the end of "xyz.ai".
  if ((found & v_zai) != 0 && provider.ends_with("z.ai") && provider.size() > 4 && provider[provider.size() - 5] != '.') found &= ~v_zai;
  return found;
}

Dialects dialects_of(std::string_view dialect) {
  const auto has = [&](std::string_view part) { return dialect.find(part) != std::string_view::npos; };
  if (dialect.empty() || dialect == "any" || dialect == "unknown") return 0;
  Dialects found = 0;
  if (has("openai")) found |= d_openai;
  if (has("anthropic")) found |= d_anthropic;
  if (has("gemini")) found |= d_gemini;
  if (has("bedrock")) found |= d_bedrock;
  if (has("cohere") || has("ollama") || has("dashscope") || has("hf-")) found |= d_other;
  return found;
}

Statuses status_set(std::optional<int> status) {
  if (!status || *status <= 0) return s_none;
  switch (*status) {
    case 400: return s400;
    case 401: return s401;
    case 402: return s402;
    case 403: return s403;
    case 404: return s404;
    case 408: return s408;
    case 410: return s410;
    case 412: return s412;
    case 413: return s413;
    case 422: return s422;
    case 424: return s424;
    case 429: return s429;
    case 451: return s451;
    case 500: return s500;
    case 502: return s502;
    case 503: return s503;
    case 504: return s504;
    case 524: return s524;
    case 529: return s529;
    default: break;
  }
  if (*status >= 500) return s5xx;
  if (*status >= 400) return s4xx;
  return *status >= 300 ? s_ok | s3xx : s_ok;
}

}  // namespace gateway
