#include "base/json_text.h"
#include "simulator/core/dialect_content.h"

namespace simulator {
namespace {

using base::append_json_integer;
using base::append_json_string;
using base::json_string;

std::string stop_word(const Content& content) {
  constexpr std::array<std::string_view, 4> kWords{"end_turn", "max_tokens", "tool_use", "refusal"};
  return content.finish_verbatim.empty() ? std::string(kWords[static_cast<std::size_t>(content.finish)]) : content.finish_verbatim;
}
std::string tool_id(const ToolCall& call) { return call.id.starts_with("toolu_") ? call.id : "toolu_" + call.id; }

constexpr std::string_view kSignature = "EqQBCgIYAg==";

/// The input of a whole tool call: its arguments where they are an object, else an empty one.
std::string input_of(const ToolCall& call) {
  const auto input = base::parse_wire_json(call.arguments);
  return input && input->is_object() ? base::dump(*input) : "{}";
}

std::string blocks_of(const Content& content) {
  std::string out;
  const auto begin = [&](std::string_view head) { out.append(out.empty() ? "" : ",").append(head); };
  if (!content.reasoning.empty()) {
    begin(R"({"type":"thinking","thinking":)");
    append_json_string(out, content.reasoning);
    out.append(R"(,"signature":")").append(kSignature).append("\"}");
  }
  if (!content.text.empty()) {
    begin(R"({"type":"text","text":)");
    append_json_string(out, content.text);
    out += '}';
  }
  for (const auto& call : content.tool_calls) {
    begin(R"({"type":"tool_use","id":)");
    append_json_string(out, tool_id(call));
    out += R"(,"name":)";
    append_json_string(out, call.name);
    out.append(R"(,"input":)").append(input_of(call)).append("}");
  }
  return out;
}

std::string message_of(const Content& content, bool done) {
  std::string out = R"({"model":)";
  append_json_string(out, content.model);
  out += R"(,"id":)";
  append_json_string(out, content.id("msg_"));
  out += R"(,"type":"message","role":"assistant","content":[)";
  if (done) out += blocks_of(content);
  out += R"(],"stop_reason":)";
  out += done ? json_string(stop_word(content)) : "null";
  out += R"(,"stop_sequence":null,"usage":{"input_tokens":)";
  append_json_integer(out, content.prompt_tokens);
  out += R"(,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":)";
  append_json_integer(out, done ? content.completion_tokens : 1);
  out += R"(,"service_tier":"standard","inference_geo":"not_available"}})";
  return out;
}

/// Writes the events of a stream. The `event:` line is not decoration: the official SDK ignores frames without it.
struct Events {
  HealthyReply& reply;
  int index = 0;  ///< of the content block

  void event(std::string_view type, std::string_view members = "") {
    std::string part;
    part.reserve(2 * type.size() + members.size() + 40);
    part.append("event: ").append(type).append("\ndata: {\"type\":\"").append(type).append("\"").append(members).append("}\n\n");
    reply.parts.push_back(std::move(part));
  }
  std::string place() const {
    std::string out = R"(,"index":)";
    append_json_integer(out, index);
    return out;
  }
  void begin(std::string_view block) { event("content_block_start", place().append(R"(,"content_block":)").append(block)); }
  void delta(std::string_view type, std::string_view member, std::string_view value) {
    auto out = place();
    out.append(R"(,"delta":{"type":")").append(type).append("\",\"").append(member).append("\":");
    append_json_string(out, value);
    event("content_block_delta", out += '}');
  }
  void end() {
    event("content_block_stop", place());
    ++index;
  }
};

void end_events(Events& events, const Content& content) {
  auto out = R"(,"delta":{"stop_reason":)" + json_string(stop_word(content)) + R"(,"stop_sequence":null},"usage":{"input_tokens":)";
  append_json_integer(out, content.prompt_tokens);
  out += R"(,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":)";
  append_json_integer(out, content.completion_tokens);
  events.event("message_delta", out += '}');
  events.event("message_stop");
}

}  // namespace

void anthropic_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content) {
  if (!request.stream) {
    reply.parts.push_back(message_of(content, true));
    return;
  }
  Events events{.reply = reply};
  events.event("message_start", R"(,"message":)" + message_of(content, false));
  if (!content.reasoning.empty()) {
    events.begin(R"({"type":"thinking","thinking":"","signature":""})");
    events.delta("thinking_delta", "thinking", content.reasoning);
    events.delta("signature_delta", "signature", kSignature);
    events.end();
  }
  reply.content_first = reply.parts.size();
  if (!content.pieces.empty()) {
    events.begin(R"({"type":"text","text":""})");
    events.event("ping");
    reply.content_first = reply.parts.size();
    for (const auto& piece : content.pieces) events.delta("text_delta", "text", piece);
    events.end();
  }
  for (const auto& call : content.tool_calls) {
    events.begin(R"({"type":"tool_use","id":)" + json_string(tool_id(call)) + R"(,"name":)" + json_string(call.name) + R"(,"input":{}})");
    events.delta("input_json_delta", "partial_json", "");
    for (const auto& piece : argument_pieces(call.arguments)) events.delta("input_json_delta", "partial_json", piece);
    events.end();
  }
  end_events(events, content);
  reply.terminal_parts = 1;
}

}  // namespace simulator
