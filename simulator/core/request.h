// One attempt as the provider sees it: parsed, before anything is decided about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/headers.h"
#include "base/json.h"

namespace simulator {

/// A body as most are: who shall answer, the messages, little else. Read in one pass, without a tree.
struct PlainBody {
  std::string model, session;
  bool stream = false;
  std::int64_t tokens_max = 0;             ///< 0: not said
  std::int64_t completion_tokens_max = 0;  ///< OpenAI's newer name for it; never both
};
/// Nothing when the body has anything that a reply could depend on beyond that (tools, options, other types, odd text): its tree decides then.
std::optional<PlainBody> read_plain_body(std::string_view body);

/// The JSON of a body, built when it is first asked for.
class BodyTree {
 public:
  /// Null: the body is no JSON. `body` must be the same in every call.
  base::Json* of(const std::string& body) const;

 private:
  mutable bool read_ = false;
  mutable std::optional<base::Json> json_;
};

struct ProviderRequest {
  std::string method;
  std::string path;   ///< without the query, percent-encoding kept, without a space prefix
  std::string query;  ///< without '?'
  base::Headers headers;
  std::string body;
  std::optional<PlainBody> plain;  ///< set: the body is what it says, and json() need not be asked
  BodyTree tree;
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

  /// The body, when it is JSON; else null.
  const base::Json* json() const { return tree.of(body); }
};

/// Fills plain, model, stream, secret and session from method, path, query, headers and body.
void interpret(ProviderRequest& request);

/// The credential as any of the dialects sends it: Authorization Bearer, x-api-key, api-key, x-goog-api-key, ?key=.
std::string credential_of(const ProviderRequest& request);

}  // namespace simulator
