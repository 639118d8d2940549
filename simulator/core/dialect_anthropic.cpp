#include <fmt/format.h>

#include "simulator/core/dialect_content.h"

namespace simulator {
namespace {

using base::Json;

std::string stop_word(const Content& content) {
  constexpr std::array<std::string_view, 4> kWords{"end_turn", "max_tokens", "tool_use", "refusal"};
  return content.finish_verbatim.empty() ? std::string(kWords[static_cast<std::size_t>(content.finish)]) : content.finish_verbatim;
}
std::string tool_id(const ToolCall& call) { return call.id.starts_with("toolu_") ? call.id : "toolu_" + call.id; }

constexpr std::string_view kSignature = "EqQBCgIYAg==";

Json message_of(const Content& content, bool done) {
  Json blocks = Json::array();
  if (done) {
    if (!content.reasoning.empty()) blocks.push_back({{"type", "thinking"}, {"thinking", content.reasoning}, {"signature", kSignature}});
    if (!content.text.empty()) blocks.push_back({{"type", "text"}, {"text", content.text}});
    for (const auto& call : content.tool_calls) {
      const auto input = base::parse_wire_json(call.arguments);
      blocks.push_back({{"type", "tool_use"}, {"id", tool_id(call)}, {"name", call.name}, {"input", input && input->is_object() ? *input : Json::object()}});
    }
  }
  return {{"model", content.model}, {"id", content.id("msg_")}, {"type", "message"}, {"role", "assistant"}, {"content", std::move(blocks)},
          {"stop_reason", done ? Json(stop_word(content)) : Json(nullptr)}, {"stop_sequence", nullptr},
          {"usage", {{"input_tokens", content.prompt_tokens}, {"cache_creation_input_tokens", 0}, {"cache_read_input_tokens", 0},
                     {"cache_creation", {{"ephemeral_5m_input_tokens", 0}, {"ephemeral_1h_input_tokens", 0}}},
                     {"output_tokens", done ? content.completion_tokens : 1}, {"service_tier", "standard"}, {"inference_geo", "not_available"}}}};
}

}  // namespace

void anthropic_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content) {
  if (!request.stream) {
    reply.parts.push_back(base::dump(message_of(content, true)));
    return;
  }
  // The `event:` line is not decoration: the official SDK ignores frames without it.
  const auto event = [&](Json value) { reply.parts.push_back(fmt::format("event: {}\ndata: {}\n\n", base::string_or(value, "type"), base::dump(value))); };
  int index = 0;
  const auto begin = [&](Json block) { event({{"type", "content_block_start"}, {"index", index}, {"content_block", std::move(block)}}); };
  const auto delta = [&](Json value) { event({{"type", "content_block_delta"}, {"index", index}, {"delta", std::move(value)}}); };
  const auto end = [&] { event({{"type", "content_block_stop"}, {"index", index++}}); };

  event({{"type", "message_start"}, {"message", message_of(content, false)}});
  if (!content.reasoning.empty()) {
    begin({{"type", "thinking"}, {"thinking", ""}, {"signature", ""}});
    delta({{"type", "thinking_delta"}, {"thinking", content.reasoning}});
    delta({{"type", "signature_delta"}, {"signature", kSignature}});
    end();
  }
  reply.content_first = reply.parts.size();
  if (!content.pieces.empty()) {
    begin({{"type", "text"}, {"text", ""}});
    event({{"type", "ping"}});
    reply.content_first = reply.parts.size();
    for (const auto& piece : content.pieces) delta({{"type", "text_delta"}, {"text", piece}});
    end();
  }
  for (const auto& call : content.tool_calls) {
    begin({{"type", "tool_use"}, {"id", tool_id(call)}, {"name", call.name}, {"input", Json::object()}});
    delta({{"type", "input_json_delta"}, {"partial_json", ""}});
    for (const auto& piece : argument_pieces(call.arguments)) delta({{"type", "input_json_delta"}, {"partial_json", piece}});
    end();
  }
  event({{"type", "message_delta"}, {"delta", {{"stop_reason", stop_word(content)}, {"stop_sequence", nullptr}}},
         {"usage", {{"input_tokens", content.prompt_tokens}, {"cache_creation_input_tokens", 0}, {"cache_read_input_tokens", 0}, {"output_tokens", content.completion_tokens}}}});
  event({{"type", "message_stop"}});
  reply.terminal_parts = 1;
}

}  // namespace simulator
