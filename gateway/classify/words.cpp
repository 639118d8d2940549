// The phrases and code words themselves, by group. Every phrase is lower case; sources stand with the rules that use the groups.
#include "gateway/classify/words.h"

#include <array>
#include <unordered_map>

#include "base/text.h"
#include "gateway/classify/matcher.h"

namespace gateway::words {
namespace {

struct Phrase {
  Set groups;
  std::string_view text;
};

constexpr Phrase kPhrases[] = {
    // Money and plans.
    {billing, "insufficient credit"}, {billing, "insufficient_quota"}, {billing, "insufficient quota"},
    {billing, "insufficient balance"}, {billing, "insufficient funds"}, {billing, "insufficient_balance"}, {billing, "credit balance"},
    {billing, "credits exhausted"}, {billing, "credits have been exhausted"}, {billing, "credits are exhausted"},
    {billing, "credits are depleted"}, {billing, "credits depleted"}, {billing, "requires available credits"},
    {billing, "account balance is too low"}, {billing, "balance is too low"}, {billing, "balance is insufficient"},
    {billing, "no usable credits"}, {billing, "not enough credits"}, {billing, "out of credits"}, {billing, "run out of credits"},
    {billing, "top up your"}, {billing, "payment required"}, {billing, "billing hard limit"}, {billing, "key limit exceeded"}, {billing, "billing limit"},
    {billing, "account is deactivated"}, {billing, "plan does not include"}, {billing, "out of extra usage"},
    {billing, "out of funds"}, {billing, "balance_depleted"}, {billing, "model_not_supported_on_free_tier"},
    {billing, "not available on the free tier"}, {billing, "used all available credits"}, {billing, "spending limit"},
    {billing, "spend limit"}, {billing, "spending cap"}, {billing, "spend cap"}, {billing, "purchase more credits"},
    {billing, "monthly included credits"}, {billing, "free tier of the model has been exhausted"}, {billing, "billing or payment"},
    {billing, "cannot be billed"}, {billing, "please recharge"}, {billing, "no resource package"}, {billing, "overdue"},
    {billing, "is suspended, possibly due to"}, {billing, "account is not active, please check your billing"},
    {billing, "余额不足"}, {billing, "欠费"}, {billing, "额度不足"}, {billing, "额度已用尽"},
    {billing | current_quota, "exceeded your current quota"},
    {subscription, "active grok subscription"}, {subscription, "need a grok subscription"},
    {subscription, "out of available resources"},
    {low_balance_minimax, "(1008)"},
    {budget, "budget of"}, {budget, "monthly budget"}, {budget, "daily budget"},
    // Rates.
    {rate | rate_plain, "rate limit"}, {rate | rate_plain, "rate-limit"}, {rate | rate_plain, "rate_limit"},
    {rate | rate_plain, "ratelimit"}, {rate | rate_plain, "too many requests"}, {rate, "throttled"}, {rate, "throttling"},
    {rate, "requests per minute"}, {rate, "tokens per minute"}, {rate, "requests per day"}, {rate, "tokens per day"},
    {rate, "try again in"}, {rate, "please retry after"}, {rate, "resource_exhausted"}, {rate, "rate increased too quickly"},
    {rate, "throttlingexception"}, {rate, "too many concurrent requests"}, {rate, "servicequotaexceededexception"},
    {rate, "concurrency limit"}, {rate, "concurrency usage"}, {rate, "请求过于频繁"}, {rate, "速率限制"},
    {rate_of_tokens, "too many tokens, please wait"}, {rate_of_tokens, "tokens per minute limit"},
    {day_quota, "perday"}, {day_quota, "per_day"}, {day_quota, "per day"}, {day_quota, "per-day"}, {day_quota, "daily limit"},
    {plan_window, "usage limit"}, {plan_window, "usage_limit"}, {plan_window, "session limit"}, {plan_window, "weekly limit"},
    {plan_window, "weekly/monthly limit"}, {plan_window, "monthly limit"}, {plan_window, "5-hour"}, {plan_window, "5 hour"},
    {plan_window, "limit will reset"}, {plan_window, "subscription quota"}, {plan_window, "quota refresh"},
    {plan_window, "weekly quota"}, {plan_window, "monthly quota"},
    {regain, "you will regain access"}, {regain, "api usage limits"},
    {limit_zero, "limit: 0,"}, {limit_zero, "limit: 0\n"}, {limit_zero, "limit: 0 "}, {limit_zero, "limit: 0. "},
    {retry_in, "retry in "}, {retry_in, "retry after"}, {retry_in, "try again in"}, {retry_in, "try again after"},
    {retry_in, "quota exceeded for metric"},
    {edge_limit, "error code: 1015"}, {edge_limit, "you are being rate limited | "},
    {resource_out, "resource exhausted"}, {resource_out, "resource has been exhausted"},
    {provisioned, "provisioned throughput"}, {aliyun, "aliyun"},
    {wrapped, "provider returned error"}, {upstream_of, "upstream error from"}, {upstream_of, "rate-limited upstream"},
    {upstream_of, "rate limited upstream"},
    {usage_limit, "usage limit"}, {usage_limit, "quota"}, {usage_limit, "limit exceeded"}, {usage_limit, "limit reached"},
    {transient, "try again"}, {transient, "retry"}, {transient, "resets at"}, {transient, "reset in"}, {transient, "resets in"},
    {transient, "will reset"}, {transient, "wait"}, {transient, "requests remaining"}, {transient, "periodic"},
    {transient, "window"},
    // Capacity.
    {overload, "overloaded"}, {overload, "at capacity"}, {overload, "over capacity"}, {overload, "capacity exceeded"},
    {overload, "no capacity available"}, {overload, "overloading"}, {overload, "high load"}, {overload, "not ready for inference"},
    {overload, "currently loading"}, {overload, "server busy"}, {overload, "experiencing high"}, {overload, "high demand"},
    {overload, "负载已饱和"}, {overload, "系统繁忙"}, {overload, "服务器繁忙"},
    // Size.
    {overflow, "context length"}, {overflow, "context size"}, {overflow, "maximum context"}, {overflow, "token limit"},
    {overflow, "too many tokens"}, {overflow, "reduce the length"}, {overflow, "exceeds the limit of"}, {overflow, "exceeds the limit"},
    {overflow, "context window"}, {overflow, "context limit"}, {overflow, "context_length"}, {overflow, "prompt is too long"},
    {overflow, "prompt too long"}, {overflow, "prompt exceeds max length"}, {overflow, "max_tokens"},
    {overflow, "maximum number of tokens"}, {overflow, "max_model_len"}, {overflow, "prompt length"},
    {overflow, "input is too long"}, {overflow, "maximum model length"}, {overflow, "truncating input"},
    {overflow, "slot context"}, {overflow, "n_ctx_slot"}, {overflow, "max input token"}, {overflow, "input token"},
    {overflow, "maximum allowed input length"}, {overflow, "tokens in request more than max tokens allowed"},
    {overflow, "prompt token count"}, {overflow, "context the overflows"}, {overflow, "exceed context"},
    {overflow, "exceeds the available context"}, {overflow, "context overflow"}, {overflow, "input length"},
    {overflow, "maximum input length"}, {overflow | overflow_sure, "max_new_tokens` must be <="}, {overflow | overflow_sure, "maximum context length"},
    {overflow | overflow_sure, "tokens > "}, {overflow, "conversation is too long"},
    {overflow, "超过最大长度"}, {overflow, "上下文长度"}, {overflow, "超出最大长度"}, {overflow, "上下文超"},
    {output_limit, "maximum allowed number of output tokens"}, {output_limit, "max_tokens must be"},
    {output_limit, "max_tokens is too large"}, {output_limit, "max_completion_tokens is too large"},
    {output_limit, "maximum output tokens"},
    {payload, "request entity too large"}, {payload, "payload too large"}, {payload, "request_too_large"},
    {payload, "error code: 413"}, {payload, "maximum allowed number of bytes"}, {payload, "request body too large"},
    {payload, "request payload size exceeds"}, {payload, "content too large"},
    {image, "image exceeds"}, {image, "image too large"}, {image, "image is too large"}, {image, "image_too_large"},
    {image, "image dimensions exceed"}, {image, "image size exceeds"},
    // Keys.
    {auth_words, "invalid api key"}, {auth_words, "invalid_api_key"}, {auth_words, "authentication"}, {auth_words, "unauthorized"},
    {auth_words, "forbidden"}, {auth_words, "invalid token"}, {auth_words, "token expired"}, {auth_words, "token revoked"},
    {auth_words, "access denied"}, {auth_words, "gateway_auth_failed"}, {auth_words, "invalid x-api-key"},
    {auth_words, "permission denied"},
    {bad_key, "api key not valid"}, {bad_key, "api key expired"}, {bad_key, "incorrect api key"}, {bad_key, "api key is invalid"},
    {bad_key, "api key is not valid"}, {bad_key, "no api key"}, {bad_key, "api key missing"}, {bad_key, "missing api key"},
    {bad_key, "api key not found"}, {bad_key, "无效的令牌"},
    {bad_key_generic, "invalid api key"}, {bad_key_generic, "invalid_api_key"}, {bad_key_generic, "invalid x-api-key"},
    {revoked, "has been revoked"}, {revoked, "was revoked"}, {revoked, "reported as leaked"}, {revoked, "has been deactivated"},
    {revoked, "key has been disabled"}, {revoked, "key is disabled"}, {revoked, "has been permanently"},
    // Models.
    {model, "is not a valid model"}, {model, "invalid model"}, {model, "model not found"}, {model, "model_not_found"},
    {model, "does not exist"}, {model, "no such model"}, {model, "unknown model"}, {model, "unsupported model"},
    {model, "no endpoints found that support tool use"}, {model, "model is not found"}, {model, "is not supported for generatecontent"},
    {model_gone, "has been decommissioned"}, {model_gone, "end of its life"}, {model_gone, "end of life"},
    {model_gone, "has been deprecated and"}, {model_gone, "has been retired"}, {model_gone, "model is no longer available"},
    {model_word, "model"}, {model_word, "no endpoints found"}, {page_not_found, "404 page not found"},
    {no_channel, "无可用渠道"}, {no_channel, "no available channel"},
    // Policies.
    {policy, "data policy"}, {policy, "guardrail restrictions"}, {policy, "privacy settings"},
    {content, "flagged for possible"}, {content, "flagged by the moderation"}, {content, "was flagged"}, {content, "were flagged"},
    {content, "usage policies"}, {content, "usage policy"}, {content, "safety system"}, {content, "content management policy"},
    {content, "content filtering policy"}, {content, "content policy"}, {content, "content_policy"}, {content, "content filter"},
    {content, "content_filter"}, {content, "requires moderation"}, {content, "inappropriate content"},
    {content, "responsible ai policy"}, {content, "prohibited_content"}, {content, "prohibited content"},
    {content, "blocked for safety"}, {content, "blocked due to safety"}, {content, "blocked by safety"},
    {content, "不安全或敏感"}, {content, "敏感内容"},
    {region, "user location is not supported"}, {region, "country, region, or territory not supported"},
    {region, "not available in your country"}, {region, "not available in your region"}, {region, "not supported in your region"},
    {region, "unsupported_country"},
    {edge_block, "request not allowed"}, {edge_block, "just a moment"}, {edge_block, "attention required"},
    {edge_block, "error code: 1020"}, {edge_block, "used cloudflare to restrict access"}, {edge_block, "you have been blocked"},
    // Requests that are wrong in a known way.
    {multimodal, "tool message content must be a string"}, {multimodal, "expected string, got list"},
    {multimodal, "text is not set"}, {multimodal, "image content is not supported in tool"},
    {thinking, "thinking"}, {thinking_broken, "signature"}, {thinking_broken, "cannot be modified"},
    {thinking_broken, "must remain as they were"},
    {extra_usage, "extra usage"}, {extra_usage, "usage credits are required"}, {long_context, "long context"},
    {long_context_beta, "long context beta"}, {not_yet, "not yet available"},
    {grammar, "error parsing grammar"}, {grammar, "unable to generate parser"}, {grammar, "failed to parse grammar"},
    {grammar, "json-schema-to-grammar"}, {no_user_query | bad_messages, "no user query found"},
    {encrypted, "encrypted content for item"}, {encrypted, "invalid_encrypted_content"},
    {encrypted, "could not decrypt the provided encrypted_content"},
    {bad_parameter, "unknown parameter"}, {bad_parameter, "unsupported parameter"}, {bad_parameter, "unrecognized request argument"},
    {bad_parameter, "extra inputs are not permitted"}, {bad_parameter, "is deprecated for this model"},
    {bad_messages, "must have non-empty content"}, {bad_messages, "content must be non-empty"},
    {bad_messages, "each message must have at least one content element"}, {bad_messages, "roles must alternate"},
    {request_validation, "request validation failed:"}, {tool_call, "failed to call a function"},
    // Servers and networks.
    {empty_reply, "empty response"}, {dead_engine, "enginecore encountered"}, {dead_engine, "enginedeaderror"},
    {dead_engine, "engine is dead"}, {dead_engine, "engine process has died"},
    {server_fault, "internal server error"}, {server_fault, "server had an error"}, {server_fault, "internal error"},
    {timed_out, "timed out"}, {timed_out, "deadline exceeded"}, {timed_out, "deadline expired"}, {timed_out, "request timeout"},
    {unreachable, "connection refused"}, {unreachable, "econnrefused"}, {unreachable, "no route to host"},
    {unreachable, "network is unreachable"}, {unreachable, "network unreachable"}, {unreachable, "name or service not known"},
    {unreachable, "nodename nor servname"}, {unreachable, "temporary failure in name resolution"},
    {unreachable, "failure in name resolution"}, {unreachable, "getaddrinfo"}, {unreachable, "eai_again"}, {unreachable, "enotfound"},
    {unreachable, "fetch failed"}, {unreachable, "failed to fetch"}, {unreachable, "upstream connect error"},
    {upstream_connect, "upstream connect error"},
    {bad_certificate, "certificate verify failed"}, {bad_certificate, "certificate_verify_failed"},
    {bad_certificate, "unable to get local issuer certificate"}, {bad_certificate, "self-signed certificate"},
    {bad_certificate, "self signed certificate"}, {bad_certificate, "certificate has expired"},
    {bad_certificate, "hostname mismatch"}, {bad_certificate, "unable to verify the first certificate"},
    {tls_alert, "bad record mac"}, {tls_alert, "bad_record_mac"}, {tls_alert, "ssl alert"}, {tls_alert, "tls alert"},
    {tls_alert, "tls_alert"}, {tls_alert, "ssl_alert"}, {tls_alert, "tlsv1 alert"}, {tls_alert, "sslv3 alert"},
    {tls_alert, "ssl handshake failure"}, {tls_alert, "[ssl:"},
    {disconnect, "server disconnected"}, {disconnect, "peer closed connection"}, {disconnect, "connection reset by peer"},
    {disconnect, "connection was closed"}, {disconnect, "network connection lost"}, {disconnect, "unexpected eof"},
    {disconnect, "incomplete chunked read"}, {disconnect, "econnreset"}, {disconnect, "socket hang up"},
    {stale_breaker, "consecutive stale attempts"},
};

constexpr Phrase kCodes[] = {
    {c_billing | c_billing_openai | c_insufficient_quota, "insufficient_quota"},
    {c_billing | c_billing_openai, "billing_not_active"}, {c_billing | c_billing_openai, "billing_hard_limit_reached"},
    {c_billing | c_billing_openai, "organization_spend_limit_exceeded"}, {c_billing | c_billing_openai, "project_spend_limit_exceeded"},
    {c_billing | c_billing_openai, "organization_usage_limit_exceeded"}, {c_billing, "payment_required"},
    {c_billing, "insufficient_credits"}, {c_billing, "no_usable_credits"}, {c_billing, "balance_depleted"},
    {c_billing | c_free_tier, "model_not_supported_on_free_tier"}, {c_billing, "member_spend_cap_exceeded"},
    {c_billing_sure, "personal-team-blocked"}, {c_billing_sure, "billing_error"}, {c_billing_sure, "insufficient_balance_error"},
    {c_billing_sure, "insufficient_balance"}, {c_billing_sure, "credit_limit"}, {c_billing_sure, "arrearage"},
    {c_billing_sure, "allocationquota.freetieronly"}, {c_billing_sure, "linked_organization_spend_limit_reached"},
    {c_billing_sure, "exceeded_current_quota_error"}, {c_billing_sure, "prepaid_balance_exhausted"},
    {c_zai_billing, "1113"}, {c_zai_window, "1308"}, {c_zai_window, "1310"}, {c_zai_rate, "1302"}, {c_zai_rate, "1303"},
    {c_minimax_billing, "1008"}, {c_minimax_rate, "1002"}, {c_minimax_rate, "1039"}, {c_minimax_window, "2056"},
    {c_rate | c_resource_exhausted, "resource_exhausted"}, {c_rate, "throttled"}, {c_rate | c_rate_dialect, "rate_limit_exceeded"},
    {c_rate_sure, "rate_limit_error"}, {c_rate_sure, "throttlingexception"}, {c_rate_sure, "rate_limited"},
    {c_rate_sure, "toomanyrequestsexception"}, {c_rate_sure, "servicequotaexceededexception"}, {c_rate_sure, "ratelimitreached"},
    {c_rate_sure, "rate_limit_reached_error"}, {c_rate_sure, "request_rate_limit_exceeded"}, {c_rate_sure, "limit_requests"},
    {c_rate_sure, "limit_burst_rate"}, {c_rate_sure, "user_global_rate_limited"}, {c_rate_sure, "model_rate_limit"},
    {c_rate_sure, "too_many_requests"}, {c_in_flight, "in_flight_budget_exhausted"}, {c_usage_limit, "usage_limit_reached"},
    {c_usage_limit, "gousagelimit"},
    {c_overload_dialect, "overloaded_error"}, {c_overload, "overloaded"}, {c_overload, "server_is_overloaded"},
    {c_overload, "engine_overloaded_error"}, {c_overload, "capacity_exhausted"}, {c_overload, "model_capacity_exhausted"},
    {c_overload, "modelnotreadyexception"}, {c_overload, "serviceunavailableexception"},
    {c_overload, "service_tier_capacity_exceeded"}, {c_overload, "slow_down"}, {c_overload, "unavailable"},
    {c_overload, "service_unavailable"}, {c_overload, "service_unavailable_error"}, {c_overload, "unavailable_error"},
    {c_model | c_model_openai, "model_not_found"}, {c_model, "model_not_available"}, {c_model, "invalid_model"},
    {c_model_sure, "model_decommissioned"}, {c_model_sure, "model_deprecated"}, {c_model_sure, "deploymentnotfound"},
    {c_model_sure, "model_not_supported"},
    {c_overflow | c_overflow_openai, "context_length_exceeded"}, {c_overflow, "max_tokens_exceeded"},
    {c_overflow_sure, "model_max_prompt_tokens_exceeded"}, {c_overflow_sure, "exceed_context_size_error"},
    {c_overflow_sure, "string_above_max_length"}, {c_overflow_sure, "model_context_window_exceeded"},
    {c_auth, "authentication_error"}, {c_auth, "permission_error"}, {c_auth, "unauthenticated"}, {c_auth, "permission_denied"},
    {c_auth, "permission-denied"}, {c_auth, "unauthorized"}, {c_auth, "invalid_api_key"}, {c_auth, "accessdeniedexception"},
    {c_auth, "unrecognizedclientexception"}, {c_auth, "expiredtokenexception"},
    {c_auth_sure, "api_key_invalid"}, {c_auth_sure, "invalid_authentication_error"}, {c_auth_sure, "incorrect_api_key_error"},
    {c_revoked, "token_invalidated"}, {c_revoked, "token_revoked"}, {c_revoked, "invalid_grant"}, {c_revoked, "unauthorized_client"},
    {c_revoked, "refresh_token_reused"}, {c_revoked, "account_deactivated"}, {c_revoked, "key_revoked"},
    {c_content, "content_policy_violation"}, {c_content, "content_filter"}, {c_content, "cyber_policy"},
    {c_content, "data_inspection_failed"}, {c_content, "datainspectionfailed"}, {c_content, "responsibleaipolicyviolation"},
    {c_content, "moderation_blocked"}, {c_content, "sensitive_words_detected"},
    {c_region, "unsupported_country_region_territory"}, {c_encrypted, "invalid_encrypted_content"},
    {c_bad_request, "invalid_request_error"}, {c_bad_request, "bad_request_error"}, {c_bad_parameter, "unknown_parameter"},
    {c_bad_parameter, "unsupported_parameter"}, {c_bad_parameter, "unsupported_value"}, {c_bad_body, "invalid_request_body"},
    {c_server, "server_error"}, {c_server, "internal_server_error"}, {c_server, "internalservererror"}, {c_server, "internal"},
    {c_server, "internalserverexception"}, {c_server, "internal_error"}, {c_api_error, "api_error"},
    {c_model_error, "modelerrorexception"}, {c_model_error, "modelstreamerrorexception"},
    {c_timeout, "deadline_exceeded"}, {c_timeout, "timeout_error"}, {c_timeout, "modeltimeoutexception"},
    {c_timeout, "origin_response_timeout"}, {c_timeout, "user_request_timeout"},
    {c_not_found, "not_found_error"}, {c_not_found, "resourcenotfoundexception"}, {c_not_found, "not_found"},
    {c_too_large, "request_too_large"}, {c_stream_not_json, "provider_stream_non_json_data"}, {c_tool_call, "tool_use_failed"},
    {c_forbidden, "forbidden"},
};

const PhraseMatcher& text_matcher() {
  // Built at the first use; immutable after it, so that any thread may search.
  static const PhraseMatcher matcher = [] {
    PhraseMatcher built;
    for (const auto& phrase : kPhrases) built.add(phrase.text, phrase.groups);
    built.finish();
    return built;
  }();
  return matcher;
}

}  // namespace

Set find_text(std::string_view lower_text) { return text_matcher().find(lower_text); }

Set find_code(std::string_view word) {
  static const auto codes = [] {
    std::unordered_map<std::string_view, Set> map;
    for (const auto& code : kCodes) map[code.text] |= code.groups;
    return map;
  }();
  constexpr std::size_t kCodeMax = 64;  // a longer one is a sentence
  word = word.substr(0, word.find(':'));
  if (word.empty() || word.size() > kCodeMax) return 0;
  std::array<char, kCodeMax> lowered{};
  for (std::size_t i = 0; i < word.size(); ++i) {
    lowered[i] = word[i] >= 'A' && word[i] <= 'Z' ? static_cast<char>(word[i] + ('a' - 'A')) : word[i];
  }
  const auto found = codes.find(std::string_view(lowered.data(), word.size()));
  return found == codes.end() ? 0 : found->second;
}

}  // namespace gateway::words
