// The dialects of both sides: a caller's request read once, written for any provider; errors in the caller's words. Pure.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/headers.h"
#include "base/json.h"
#include "base/names.h"
#include "gateway/classify/reason.h"

namespace gateway {

enum class Dialect : std::uint8_t { openai_chat, openai_responses, anthropic_messages, gemini, openai_embeddings, chat };
/// `chat` is the gateway's own chat front: its bytes are {"reply"} JSON or its SSE (see docs/gateway-api.md); never an upstream.
inline constexpr base::Names<Dialect, 6> kDialectNames{
    {"openai-chat", "openai-responses", "anthropic-messages", "gemini", "openai-embeddings", "chat"}};

/// A caller's request, parsed once. Immutable after parsing; kept for all attempts.
struct ClientRequest {
  Dialect front = Dialect::openai_chat;
  std::string model;                 ///< as asked for
  bool stream = false;
  bool include_usage = false;
  std::string raw;                   ///< the caller's JSON object as text: passes through byte for byte but for `model`
  base::Json body;                   ///< the same, parsed, order kept; null where a quick look at the text was enough
  bool tools = false, images = false;
  std::int64_t approx_tokens = 0;    ///< about 4 bytes of text a token
  std::int64_t messages = 0;
};
/// What is wrong with a request: an answer 400 (or `status`) before any attempt.
struct RequestProblem {
  int status = 400;
  std::string what;   ///< one sentence
  std::string param;  ///< the member at fault, e.g. "messages[2].content"
  bool operator==(const RequestProblem&) const = default;
};
using ParsedRequest = std::variant<ClientRequest, RequestProblem>;
/// Bad JSON, wrong types, missing model/messages: a RequestProblem in plain words.
ParsedRequest parse_request(Dialect front, std::string_view body);

/// One message of a chat session, for requests the gateway makes itself.
struct Turn {
  std::string role;  ///< "user" or "assistant"
  std::string text;
};
/// The request of the chat front: its history as an openai-chat shaped ClientRequest with front = chat.
ClientRequest chat_request(const std::vector<Turn>& history, std::string model, bool stream);

struct UpstreamBody {
  std::string path;      ///< appended to the provider's URL: "/chat/completions", "/messages", "/models/M:generateContent", …
  base::Headers headers; ///< content-type, anthropic-version, …; no credential
  std::string body;
};
using BuiltRequest = std::variant<UpstreamBody, RequestProblem>;
/// Writes the request for one target. What cannot be carried over is a RequestProblem (400 before any attempt), never a silent loss.
BuiltRequest build_upstream(const ClientRequest& request, Dialect upstream, std::string_view model);
/// Whether the target could serve it at all; the sentence when not.
std::optional<RequestProblem> cannot_carry(const ClientRequest& request, Dialect upstream);
/// Whether the body goes as the caller wrote it, but for its model: nothing to translate, nothing that could not be carried.
bool same_dialect(const ClientRequest& request, Dialect upstream);

/// Headers of the caller that speak of the dialect, for a target of the same one (set() them over the built ones): the
/// API version and betas of Anthropic, the betas of OpenAI. Across dialects: none.
base::Headers forwarded_headers(Dialect front, Dialect upstream, const base::Headers& caller);

/// POST /v1/messages/count_tokens: an anthropic-messages target is asked itself …
UpstreamBody build_count_tokens(const ClientRequest& request, std::string_view model);
/// … for any other the gateway answers this estimate, {"input_tokens": N}, from approx_tokens.
std::string count_tokens_estimate(const ClientRequest& request);

/// The header that carries a credential to a provider of that dialect: {"authorization", "Bearer …"}, {"x-api-key", …}, {"x-goog-api-key", …}.
std::pair<std::string, std::string> credential_header(Dialect upstream, std::string_view secret);

/// One line of the attempt trail (gateway.md, "Recovery").
struct TrailEntry {
  std::string target;  ///< "acme/gpt-x"
  std::string key;     ///< label
  std::string reason;
  int status = 0;      ///< 0: no HTTP reply
  std::int64_t ms = 0, wait_ms = 0;
};
struct ErrorInfo {
  int status = 502;
  Reason reason = Reason::unknown;
  std::string message;   ///< "provider acme: insufficient balance (402)"; the hint is appended by the writer, on its own line
  std::string hint;
  std::string code;      ///< e.g. "insufficient_quota", "gateway_draining"; empty: the reason's word
  std::string param;
  std::string request_id;
  std::vector<TrailEntry> trail;
};
/// The JSON body of an error reply in the caller's dialect.
std::string error_body(Dialect front, const ErrorInfo& error);
/// The bytes that end a stream honestly after the commit point: an error event in the caller's dialect; never [DONE] or message_stop.
std::string error_event(Dialect front, const ErrorInfo& error);
/// An SSE comment the dialect's clients ignore: sent while `commit: complete` gathers.
std::string keep_alive_comment(Dialect front);

}  // namespace gateway
