#include "gateway/wire/reply.h"

#include "gateway/wire/decoder.h"

namespace gateway {

using Kind = ReplyEvent::Kind;

void Gathered::add(const ReplyEvent& event) {
  switch (event.kind) {
    case Kind::start:
      if (id.empty()) id = event.id;
      if (model.empty()) model = event.name;
      break;
    case Kind::text:
    case Kind::reasoning:
      if (blocks.empty() || blocks.back().kind != event.kind || !blocks.back().signature.empty()) blocks.push_back({.kind = event.kind});
      blocks.back().text += event.text;
      break;
    case Kind::signature:
      if (blocks.empty() || blocks.back().kind != Kind::reasoning) blocks.push_back({.kind = Kind::reasoning});
      blocks.back().signature += event.text;
      break;
    case Kind::redacted: blocks.push_back({.kind = event.kind, .text = event.text}); break;
    case Kind::tool_start:
      blocks.push_back({.kind = event.kind, .text = {}, .id = event.id, .name = event.name, .signature = event.text, .index = event.index});
      break;
    case Kind::tool_arguments:
      for (auto& block : blocks) {
        if (block.kind == Kind::tool_start && block.index == event.index) block.text += event.text;
      }
      break;
    case Kind::finish:
      if (!finished) {
        finish = event.finish;
        finish_sequence = event.name;
      }
      finished = true;
      break;
    case Kind::usage:
      usage = event.usage;
      usage_known = true;
      break;
    default: break;
  }
}

std::string Gathered::text() const {
  std::string all;
  for (const auto& block : blocks) {
    if (block.kind == Kind::text) all += block.text;
  }
  return all;
}

bool Gathered::has_tools() const {
  for (const auto& block : blocks) {
    if (block.kind == Kind::tool_start) return true;
  }
  return false;
}

base::Json arguments_object(const std::string& arguments) {
  auto json = base::parse_wire_json(arguments);
  return json && json->is_object() ? std::move(*json) : base::Json::object();
}

ReplyEvent make_event(Kind kind, std::string text) {
  ReplyEvent event;
  event.kind = kind;
  event.text = std::move(text);
  return event;
}

ReplyEvent make_finish(Finish finish, std::string_view word) {
  auto event = make_event(Kind::finish, std::string(word));
  event.finish = finish;
  return event;
}

ReplyEvent make_usage(const Usage& usage) {
  auto event = make_event(Kind::usage);
  event.usage = usage;
  return event;
}

std::string error_inside(const base::Json& json) {
  if (json.is_array()) return !json.empty() && base::find(json[0], "error") ? error_inside(json[0]) : std::string();
  if (!json.is_object()) return {};
  const auto* error = base::find(json, "error");
  const bool real = error && !error->is_null() && !(error->is_string() && error->get_ref<const std::string&>().empty()) &&
                    !(error->is_boolean() && !error->get<bool>()) && !(error->is_object() && error->empty());
  if (real) return base::dump(json);
  // MiniMax answers 200 with the failure in base_resp only.
  if (const auto* base_resp = base::find(json, "base_resp"); base_resp && base::integer_or(*base_resp, "status_code", 0) != 0) return base::dump(json);
  for (const auto* content : {"choices", "content", "output", "candidates", "data", "response", "delta", "promptFeedback"}) {
    if (const auto* value = base::find(json, content); value && !value->is_null()) return {};
  }
  const auto type = base::string_or(json, "object", base::string_or(json, "type"));
  if (type == "error") return base::dump(json);
  // Flat envelopes: {"detail": …}, {"message": …, "code": …}, {"errors": […]}.
  const bool flat = base::find(json, "detail") || base::find(json, "errors") ||
                    (base::find(json, "message") && (base::find(json, "code") || base::find(json, "status") || base::find(json, "type") || json.size() == 1));
  return flat && !base::find(json, "id") ? base::dump(json) : std::string();
}

std::unique_ptr<Decoder> make_decoder(Dialect upstream) {
  switch (upstream) {
    case Dialect::openai_responses: return make_openai_responses_decoder();
    case Dialect::anthropic_messages: return make_anthropic_decoder();
    case Dialect::gemini: return make_gemini_decoder();
    case Dialect::openai_embeddings: return make_embeddings_decoder();
    case Dialect::openai_chat:
    case Dialect::chat: break;
  }
  return make_openai_chat_decoder();
}

}  // namespace gateway
