#include <fmt/format.h>

#include "simulator/core/dialect_content.h"

namespace simulator {
namespace {

using base::Json;

std::string finish_word(const Content& content) {
  constexpr std::array<std::string_view, 4> kWords{"stop", "length", "tool_calls", "content_filter"};
  return content.finish_verbatim.empty() ? std::string(kWords[static_cast<std::size_t>(content.finish)]) : content.finish_verbatim;
}

std::string call_id(const ToolCall& call) { return call.id.starts_with("call_") ? call.id : "call_" + call.id; }

Json usage_of(const Content& content) {
  return {{"prompt_tokens", content.prompt_tokens},
          {"completion_tokens", content.completion_tokens},
          {"total_tokens", content.prompt_tokens + content.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", 0}, {"audio_tokens", 0}}},
          {"completion_tokens_details", {{"reasoning_tokens", content.reasoning_tokens}, {"audio_tokens", 0}, {"accepted_prediction_tokens", 0}, {"rejected_prediction_tokens", 0}}}};
}

Json whole(const Content& content) {
  Json message{{"role", "assistant"}, {"content", content.text.empty() && !content.tool_calls.empty() ? Json(nullptr) : Json(content.text)}, {"refusal", nullptr}, {"annotations", Json::array()}};
  if (!content.reasoning.empty()) message["reasoning_content"] = content.reasoning;
  for (const auto& call : content.tool_calls) {
    message["tool_calls"].push_back({{"id", call_id(call)}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  }
  return {{"id", content.id("chatcmpl-")}, {"object", "chat.completion"}, {"created", content.created}, {"model", content.model},
          {"choices", Json::array({{{"index", 0}, {"message", std::move(message)}, {"logprobs", nullptr}, {"finish_reason", finish_word(content)}}})},
          {"usage", usage_of(content)}, {"service_tier", "default"}, {"system_fingerprint", "fp_de604bd877"}};
}

}  // namespace

void openai_chat_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content) {
  if (!request.stream) {
    reply.parts.push_back(base::dump(whole(content)));
    return;
  }
  const auto* asked = request.json ? base::find_path(*request.json, "stream_options.include_usage") : nullptr;
  const bool with_usage = asked && asked->is_boolean() && asked->get<bool>();
  const auto frame = [&](Json choices, Json usage) {
    Json chunk{{"id", content.id("chatcmpl-")}, {"object", "chat.completion.chunk"}, {"created", content.created}, {"model", content.model},
               {"service_tier", "default"}, {"system_fingerprint", "fp_de604bd877"}, {"choices", std::move(choices)}};
    // The key is there only when usage was asked for, and then it is null in all chunks but the last.
    if (with_usage) chunk["usage"] = std::move(usage);
    reply.parts.push_back("data: " + base::dump(chunk) + "\n\n");
  };
  const auto delta = [&](Json value, Json finish = nullptr) {
    frame(Json::array({{{"index", 0}, {"delta", std::move(value)}, {"logprobs", nullptr}, {"finish_reason", std::move(finish)}}}), nullptr);
  };
  const auto call_head = [&](std::size_t i) {
    const auto& call = content.tool_calls[i];
    return Json::array({{{"index", i}, {"id", call_id(call)}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", ""}}}}});
  };
  // A reply that is a tool call and nothing else names its first call in the first chunk.
  const bool calls_only = content.pieces.empty() && content.reasoning.empty() && !content.tool_calls.empty();
  Json first{{"role", "assistant"}, {"content", calls_only ? Json(nullptr) : Json("")}};
  if (calls_only) first["tool_calls"] = call_head(0);
  first["refusal"] = nullptr;
  delta(std::move(first));
  if (!content.reasoning.empty()) delta({{"reasoning_content", content.reasoning}});
  reply.content_first = reply.parts.size();
  for (const auto& piece : content.pieces) delta({{"content", piece}});
  for (std::size_t i = 0; i < content.tool_calls.size(); ++i) {
    if (i > 0 || !calls_only) delta({{"tool_calls", call_head(i)}});
    for (const auto& piece : argument_pieces(content.tool_calls[i].arguments)) delta({{"tool_calls", Json::array({{{"index", i}, {"function", {{"arguments", piece}}}}})}});
  }
  delta(Json::object(), finish_word(content));
  if (with_usage) frame(Json::array(), usage_of(content));
  reply.parts.emplace_back("data: [DONE]\n\n");
  reply.terminal_parts = 1;
}

}  // namespace simulator
