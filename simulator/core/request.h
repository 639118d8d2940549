// One attempt as the provider sees it: parsed, before anything is decided about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/headers.h"
#include "base/json.h"

namespace simulator {

struct ProviderRequest {
  std::string method;
  std::string path;   ///< without the query, percent-encoding kept, without a space prefix
  std::string query;  ///< without '?'
  base::Headers headers;
  std::string body;
  std::optional<base::Json> json;  ///< the body, when it is JSON; not filled for bodies nobody looks into
  std::string model;               ///< from the body, or from the path (Gemini, Azure deployments); may be empty
  bool stream = false;             ///< SSE is wanted
  std::string secret;              ///< the credential as sent; empty when there is none
  std::string credential;          ///< the label; empty when no known credential was sent
  std::string session;             ///< user, metadata.user_id, x-session-id or prompt_cache_key; may be empty
  std::uint64_t connection = 0;
  std::uint64_t attempt = 0;       ///< over all providers
  std::uint64_t nth = 0;           ///< 1-based, of this provider
  std::uint64_t nth_credential = 0;
  std::uint64_t nth_session = 0;
};

/// Fills json, model, stream, secret and session from method, path, query, headers and body.
void interpret(ProviderRequest& request);

/// The credential as any of the dialects sends it: Authorization Bearer, x-api-key, api-key, x-goog-api-key, ?key=.
std::string credential_of(const ProviderRequest& request);

}  // namespace simulator
