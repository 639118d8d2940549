// The vocabulary of the rules: groups of phrases found in messages, and groups of code words. Data, and one pass to find them all.
#pragma once

#include <cstdint>
#include <string_view>

namespace gateway::words {

/// A set of groups, one bit each. A rule asks for groups, never for single phrases, so that a text is searched once.
using Set = std::uint64_t;

/// Groups of phrases in the provider's message (lower case).
enum Text : Set {
  billing = 1ULL << 0,
  current_quota = 1ULL << 1,      ///< "exceeded your current quota": billing at OpenAI, a throttle at Gemini
  rate = 1ULL << 2,
  rate_plain = 1ULL << 3,         ///< those of `rate` that say it outright
  overload = 1ULL << 4,
  usage_limit = 1ULL << 5,
  transient = 1ULL << 6,
  overflow = 1ULL << 7,
  output_limit = 1ULL << 8,
  auth_words = 1ULL << 9,
  bad_key = 1ULL << 10,           ///< "api key not valid": the key, whatever the status
  bad_key_generic = 1ULL << 11,
  revoked = 1ULL << 12,
  model = 1ULL << 13,
  model_gone = 1ULL << 14,
  model_word = 1ULL << 15,
  page_not_found = 1ULL << 16,
  policy = 1ULL << 17,            ///< an account's data policy
  content = 1ULL << 18,
  region = 1ULL << 19,
  payload = 1ULL << 20,
  image = 1ULL << 21,
  multimodal = 1ULL << 22,
  thinking = 1ULL << 23,
  thinking_broken = 1ULL << 24,
  extra_usage = 1ULL << 25,
  long_context = 1ULL << 26,
  long_context_beta = 1ULL << 27,
  not_yet = 1ULL << 28,
  grammar = 1ULL << 29,
  no_user_query = 1ULL << 30,
  encrypted = 1ULL << 31,
  bad_parameter = 1ULL << 32,
  bad_messages = 1ULL << 33,
  empty_reply = 1ULL << 34,
  timed_out = 1ULL << 35,
  unreachable = 1ULL << 36,
  bad_certificate = 1ULL << 37,
  tls_alert = 1ULL << 38,
  disconnect = 1ULL << 39,
  wrapped = 1ULL << 40,           ///< "provider returned error"
  upstream_of = 1ULL << 41,       ///< "upstream error from X"
  day_quota = 1ULL << 42,
  plan_window = 1ULL << 43,       ///< a plan's window is used up; it comes back by itself
  regain = 1ULL << 44,
  limit_zero = 1ULL << 45,
  retry_in = 1ULL << 46,          ///< the message names a wait
  rate_of_tokens = 1ULL << 47,
  edge_limit = 1ULL << 48,        ///< a limit by address, not by key
  edge_block = 1ULL << 49,
  resource_out = 1ULL << 50,
  provisioned = 1ULL << 51,
  aliyun = 1ULL << 52,
  stale_breaker = 1ULL << 53,
  dead_engine = 1ULL << 54,
  budget = 1ULL << 55,
  no_channel = 1ULL << 56,
  server_fault = 1ULL << 57,
  low_balance_minimax = 1ULL << 58,
  request_validation = 1ULL << 59,
  upstream_connect = 1ULL << 60,
  tool_call = 1ULL << 61,
  subscription = 1ULL << 62,
  overflow_sure = 1ULL << 63,     ///< says how many tokens were too many
};

/// Groups of code words (error.code, error.type, error.status, reasons, exception names), compared whole and without case.
enum Code : Set {
  c_billing = 1ULL << 0,          ///< believed when there is no status, or 402 and 429
  c_billing_openai = 1ULL << 1,   ///< OpenAI's own words, believed in its dialect at any 4xx
  c_billing_sure = 1ULL << 2,     ///< words nobody uses for anything else
  c_rate = 1ULL << 3,
  c_rate_dialect = 1ULL << 4,
  c_overload = 1ULL << 5,
  c_overload_dialect = 1ULL << 6,
  c_model = 1ULL << 7,
  c_model_openai = 1ULL << 8,
  c_model_sure = 1ULL << 9,
  c_overflow = 1ULL << 10,
  c_overflow_openai = 1ULL << 11,
  c_overflow_sure = 1ULL << 12,
  c_auth = 1ULL << 13,
  c_auth_sure = 1ULL << 14,
  c_revoked = 1ULL << 15,
  c_content = 1ULL << 16,
  c_region = 1ULL << 17,
  c_encrypted = 1ULL << 18,
  c_bad_request = 1ULL << 19,     ///< the generic "invalid_request_error"
  c_bad_parameter = 1ULL << 20,
  c_bad_body = 1ULL << 21,
  c_server = 1ULL << 22,
  c_api_error = 1ULL << 23,       ///< Anthropic's word for its own fault
  c_timeout = 1ULL << 24,
  c_not_found = 1ULL << 25,
  c_too_large = 1ULL << 26,
  c_insufficient_quota = 1ULL << 27,
  c_in_flight = 1ULL << 28,
  c_usage_limit = 1ULL << 29,
  c_resource_exhausted = 1ULL << 30,
  c_zai_billing = 1ULL << 31,
  c_zai_window = 1ULL << 32,
  c_zai_rate = 1ULL << 33,
  c_minimax_billing = 1ULL << 34,
  c_minimax_rate = 1ULL << 35,
  c_minimax_window = 1ULL << 36,
  c_stream_not_json = 1ULL << 37,
  c_tool_call = 1ULL << 38,
  c_model_error = 1ULL << 39,
  c_forbidden = 1ULL << 40,
  c_rate_sure = 1ULL << 41,
  c_free_tier = 1ULL << 42,
};

/// All groups with a phrase in `lower_text`. Cost: O(text), one pass whatever the number of phrases. Bytes, not characters.
Set find_text(std::string_view lower_text);
/// The groups of one code word; ASCII case is ignored, and a suffix after ':' too ("user_global_rate_limited:pro").
Set find_code(std::string_view word);

}  // namespace gateway::words
