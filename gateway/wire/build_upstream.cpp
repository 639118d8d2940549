// One request written for one target: the caller's own text where the dialect is the same, translated where it is not.
#include "gateway/wire/dialect.h"
#include "gateway/wire/json_cursor.h"
#include "gateway/wire/prompt.h"

namespace gateway {
namespace {

constexpr std::string_view kAnthropicVersion = "2023-06-01";

bool is_openai(Dialect dialect) {
  return dialect == Dialect::openai_chat || dialect == Dialect::openai_responses || dialect == Dialect::openai_embeddings;
}

/// A model's name as one path segment, RFC 3986; Gemini's own "models/" prefix is taken off.
std::string path_segment(std::string_view model) {
  if (model.starts_with("models/")) model.remove_prefix(7);
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : model) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._~@:").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

UpstreamBody envelope(const ClientRequest& request, Dialect upstream, std::string_view model) {
  UpstreamBody out;
  switch (request.front == Dialect::openai_embeddings ? Dialect::openai_embeddings : upstream) {
    case Dialect::openai_responses: out.path = "/responses"; break;
    case Dialect::anthropic_messages: out.path = "/messages"; break;
    case Dialect::openai_embeddings: out.path = "/embeddings"; break;
    case Dialect::gemini:
      out.path = "/models/" + path_segment(model) + (request.stream ? ":streamGenerateContent?alt=sse" : ":generateContent");
      break;
    default: out.path = "/chat/completions"; break;
  }
  out.headers.add("content-type", "application/json");
  out.headers.add("accept", request.stream ? "text/event-stream" : "application/json");
  if (upstream == Dialect::anthropic_messages) out.headers.add("anthropic-version", std::string(kAnthropicVersion));
  return out;
}

base::Json parsed_body(const ClientRequest& request) {
  return request.body.is_null() ? base::parse_wire_json(request.raw).value_or(base::Json::object()) : request.body;
}

std::string passed_body(const ClientRequest& request, std::string_view model) {
  auto text = with_model(request.raw, model);
  if (!text.empty()) return text;
  // A key written with escapes, or nested deeper than the quick reader goes.
  auto body = parsed_body(request);
  body["model"] = model;
  return base::dump(body);
}

ReadPrompt read_prompt(Dialect front, const base::Json& body) {
  switch (front) {
    case Dialect::openai_responses: return read_openai_responses(body);
    case Dialect::anthropic_messages: return read_anthropic(body);
    default: return read_openai_chat(body);
  }
}

WrittenBody translated(const ClientRequest& request, Dialect upstream, std::string_view model) {
  auto read = request.body.is_null() ? read_prompt(request.front, parsed_body(request)) : read_prompt(request.front, request.body);
  if (auto* wrong = std::get_if<RequestProblem>(&read)) return std::move(*wrong);
  const auto& prompt = std::get<Prompt>(read);
  if (prompt.messages.empty()) return RequestProblem{400, "the request has no messages that can be carried to this target", request.front == Dialect::openai_responses ? "input" : "messages"};
  switch (upstream) {
    case Dialect::openai_responses: return write_openai_responses(prompt, model);
    case Dialect::anthropic_messages: return write_anthropic(prompt, model);
    case Dialect::gemini: return write_gemini(prompt, model);
    default: return write_openai_chat(prompt, model);
  }
}

}  // namespace

bool same_dialect(const ClientRequest& request, Dialect upstream) {
  if (request.front == Dialect::openai_embeddings) return is_openai(upstream);
  // The chat front's requests are written in the shape of chat/completions.
  return request.front == upstream || (request.front == Dialect::chat && upstream == Dialect::openai_chat);
}

BuiltRequest build_upstream(const ClientRequest& request, Dialect upstream, std::string_view model) {
  if (request.front == Dialect::openai_embeddings && !is_openai(upstream)) return RequestProblem{400, "embeddings go to OpenAI-compatible providers only", "model"};
  auto out = envelope(request, upstream, model);
  if (same_dialect(request, upstream)) {
    out.body = passed_body(request, model);
    return out;
  }
  auto written = translated(request, upstream, model);
  if (auto* wrong = std::get_if<RequestProblem>(&written)) return std::move(*wrong);
  out.body = base::dump(std::get<base::Json>(written));
  return out;
}

base::Headers forwarded_headers(Dialect front, Dialect upstream, const base::Headers& caller) {
  base::Headers out;
  if (front != upstream) return out;
  // A caller that asks for a later API version means its shapes, and gets them: the body is its own.
  for (const std::string_view name : {"anthropic-version", "anthropic-beta", "openai-beta"}) {
    if (name.starts_with("anthropic") != (upstream == Dialect::anthropic_messages)) continue;
    if (const auto value = caller.find(name)) out.add(std::string(name), std::string(*value));
  }
  return out;
}

UpstreamBody build_count_tokens(const ClientRequest& request, std::string_view model) {
  auto out = envelope(request, Dialect::anthropic_messages, model);
  out.path = "/messages/count_tokens";
  out.headers.set("accept", "application/json");
  out.body = passed_body(request, model);
  return out;
}

std::string count_tokens_estimate(const ClientRequest& request) {
  // At least one: no request is free.
  return base::dump(base::Json{{"input_tokens", std::max<std::int64_t>(1, request.approx_tokens)}});
}

std::optional<RequestProblem> cannot_carry(const ClientRequest& request, Dialect upstream) {
  if (same_dialect(request, upstream)) return std::nullopt;
  auto built = build_upstream(request, upstream, "m");
  if (auto* wrong = std::get_if<RequestProblem>(&built)) return *std::move(wrong);
  return std::nullopt;
}

}  // namespace gateway
