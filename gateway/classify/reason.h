// The words for what went wrong: one table for the classifier, the core, the fronts, logs and metrics.
#pragma once

#include "base/names.h"

namespace gateway {

/// Why an attempt or a request failed. The order is that of kReasonNames; `none` is success.
enum class Reason : std::uint8_t {
  none,
  billing,
  rate_limit,
  upstream_rate_limit,
  overloaded,
  server_error,
  timeout,
  network,  ///< refused, unreachable, reset, DNS: the classifier reports `timeout`, the hint differs (see HintId)
  auth,
  auth_permanent,
  model_not_found,
  context_overflow,
  payload_too_large,
  image_too_large,
  content_policy_blocked,
  provider_policy_blocked,
  format_error,
  ssl_cert_verification,
  thinking_signature,
  long_context_tier,
  invalid_encrypted_content,
  multimodal_tool_content_unsupported,
  llama_cpp_grammar_pattern,
  stream_cut,      ///< the reply broke off after content was forwarded
  empty_response,  ///< a success that says nothing, or that cannot be read
  draining,        ///< the gateway's own: code gateway_draining
  caller_auth,     ///< the gateway's own: code gateway_auth_failed
  caller_fault,    ///< the gateway's own: the request cannot be read or carried over
  limit,           ///< the gateway's own: one of its named limits
  unknown,
};
inline constexpr base::Names<Reason, 30> kReasonNames{
    {"none", "billing", "rate_limit", "upstream_rate_limit", "overloaded", "server_error", "timeout", "network", "auth",
     "auth_permanent", "model_not_found", "context_overflow", "payload_too_large", "image_too_large",
     "content_policy_blocked", "provider_policy_blocked", "format_error", "ssl_cert_verification", "thinking_signature",
     "long_context_tier", "invalid_encrypted_content", "multimodal_tool_content_unsupported", "llama_cpp_grammar_pattern",
     "stream_cut", "empty_response", "draining", "caller_auth", "caller_fault", "limit", "unknown"}};

}  // namespace gateway
