// Errors in the caller's words: bodies, stream events, and the small frames around them.
#include "gateway/wire/dialect.h"
#include "gateway/wire/encoder.h"
#include "gateway/wire/json_cursor.h"

namespace gateway {
namespace {

using base::Json;

/// The hint stands on its own line of the message: it is the one thing every SDK shows.
std::string full_message(const ErrorInfo& error) {
  if (error.message.empty()) return error.hint;
  return error.hint.empty() ? error.message : error.message + "\n" + error.hint;
}

std::string reason_word(const ErrorInfo& error) { return std::string(kReasonNames(error.reason)); }
std::string code_of(const ErrorInfo& error) { return error.code.empty() ? reason_word(error) : error.code; }

Json trail_json(const std::vector<TrailEntry>& trail) {
  Json list = Json::array();
  for (const auto& entry : trail) {
    list.push_back({{"target", entry.target}, {"key", entry.key}, {"reason", entry.reason}, {"status", entry.status}, {"ms", entry.ms}, {"wait_ms", entry.wait_ms}});
  }
  return list;
}

std::string openai_type(const ErrorInfo& error) {
  if (error.reason == Reason::billing) return "insufficient_quota";
  switch (error.status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 429: return "rate_limit_error";
    default: return error.status >= 400 && error.status < 500 ? "invalid_request_error" : "server_error";
  }
}

/// The types Anthropic documents for its statuses; its SDK knows no others.
std::string anthropic_type(const ErrorInfo& error) {
  switch (error.status) {
    case 401: return "authentication_error";
    case 402: return "billing_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503:
    case 529: return "overloaded_error";
    case 504: return "timeout_error";
    default: return error.status >= 400 && error.status < 500 ? "invalid_request_error" : "api_error";
  }
}

/// As text: the error that most callers meet is answered as fast as a success.
std::string openai_error(const ErrorInfo& error) {
  std::string out;
  out.reserve(error.message.size() + 2 * error.hint.size() + 160 + 120 * error.trail.size());
  const auto member = [&](std::string_view key, std::string_view value) { append_json_string(out += key, value); };
  member(R"({"message":)", full_message(error));
  member(R"(,"type":)", openai_type(error));
  member(R"(,"code":)", code_of(error));
  if (error.param.empty()) out += R"(,"param":null)";
  else member(R"(,"param":)", error.param);
  member(R"(,"hint":)", error.hint);
  member(R"(,"reason":)", reason_word(error));
  out += R"(,"attempts":[)";
  for (const auto& entry : error.trail) {
    if (&entry != &error.trail.front()) out += ',';
    member(R"({"target":)", entry.target);
    member(R"(,"key":)", entry.key);
    member(R"(,"reason":)", entry.reason);
    base::append_json_integer(out += R"(,"status":)", entry.status);
    base::append_json_integer(out += R"(,"ms":)", entry.ms);
    base::append_json_integer(out += R"(,"wait_ms":)", entry.wait_ms);
    out += '}';
  }
  return out += "]}";
}

Json anthropic_error(const ErrorInfo& error) {
  Json inner{{"type", anthropic_type(error)}, {"message", full_message(error)}, {"code", code_of(error)}};
  if (!error.param.empty()) inner["param"] = error.param;
  inner["hint"] = error.hint;
  inner["reason"] = reason_word(error);
  inner["attempts"] = trail_json(error.trail);
  return {{"type", "error"}, {"error", std::move(inner)}, {"request_id", error.request_id.empty() ? Json(nullptr) : Json(error.request_id)}};
}

Json chat_error(const ErrorInfo& error) {
  Json body{{"reply", "⚠️ " + full_message(error)}};
  if (!error.hint.empty()) body["hint"] = error.hint;
  body["reason"] = reason_word(error);
  return body;
}

/// Both forms OpenAI has used, in one event: flat as its types document it, nested because openai 6.x throws only on an `error` member.
Json responses_error(const ErrorInfo& error) {
  return {{"type", "error"}, {"sequence_number", 0}, {"code", code_of(error)}, {"message", full_message(error)},
          {"param", error.param.empty() ? Json(nullptr) : Json(error.param)}, {"error", base::parse_wire_json(openai_error(error)).value_or(Json())}};
}

}  // namespace

std::string error_body(Dialect front, const ErrorInfo& error) {
  if (front == Dialect::anthropic_messages) return base::dump(anthropic_error(error));
  if (front == Dialect::chat) return base::dump(chat_error(error));
  return R"({"error":)" + openai_error(error) + '}';
}

std::string error_event(Dialect front, const ErrorInfo& error) {
  std::string out;
  switch (front) {
    case Dialect::anthropic_messages: append_frame(out, "error", anthropic_error(error)); break;
    case Dialect::openai_responses: append_frame(out, "error", responses_error(error)); break;
    case Dialect::chat: append_frame(out, "error", chat_error(error)); break;
    default: out.append("data: ").append(error_body(front, error)).append("\n\n"); break;
  }
  return out;
}

std::string keep_alive_comment(Dialect) { return ": keep-alive\n\n"; }

std::pair<std::string, std::string> credential_header(Dialect upstream, std::string_view secret) {
  if (upstream == Dialect::gemini) return {"x-goog-api-key", std::string(secret)};
  // Anthropic's OAuth tokens are no API keys: they go as bearer tokens.
  if (upstream == Dialect::anthropic_messages && !secret.starts_with("sk-ant-oat")) return {"x-api-key", std::string(secret)};
  return {"authorization", "Bearer " + std::string(secret)};
}

}  // namespace gateway
