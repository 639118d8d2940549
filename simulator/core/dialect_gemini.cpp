#include "simulator/core/dialect_content.h"

namespace simulator {
namespace {

using base::Json;

std::string finish_word(const Content& content) {
  // A function call ends with STOP as well.
  constexpr std::array<std::string_view, 4> kWords{"STOP", "MAX_TOKENS", "STOP", "SAFETY"};
  return content.finish_verbatim.empty() ? std::string(kWords[static_cast<std::size_t>(content.finish)]) : content.finish_verbatim;
}

Json chunk_of(const Content& content, Json parts, bool last) {
  Json candidate{{"content", {{"parts", std::move(parts)}, {"role", "model"}}}};
  if (last) candidate["finishReason"] = finish_word(content);
  candidate["index"] = 0;
  const int said = content.completion_tokens - content.reasoning_tokens;
  Json usage{{"promptTokenCount", content.prompt_tokens}, {"candidatesTokenCount", said}, {"totalTokenCount", content.prompt_tokens + content.completion_tokens},
             {"promptTokensDetails", Json::array({{{"modality", "TEXT"}, {"tokenCount", content.prompt_tokens}}})}};
  if (content.reasoning_tokens > 0) usage["thoughtsTokenCount"] = content.reasoning_tokens;
  return {{"candidates", Json::array({std::move(candidate)})}, {"usageMetadata", std::move(usage)}, {"modelVersion", content.model}, {"responseId", content.id("")}};
}

Json call_part(const ToolCall& call) {
  const auto args = base::parse_wire_json(call.arguments);
  return {{"functionCall", {{"name", call.name}, {"args", args && args->is_object() ? *args : Json::object()}}}, {"thoughtSignature", "EskgCsYgAb4="}};
}

}  // namespace

void gemini_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content) {
  const Json thought{{"text", content.reasoning}, {"thought", true}};
  if (!request.stream) {
    Json parts = Json::array();
    if (!content.reasoning.empty()) parts.push_back(thought);
    if (!content.text.empty() || content.tool_calls.empty()) parts.push_back({{"text", content.text}});
    for (const auto& call : content.tool_calls) parts.push_back(call_part(call));
    reply.parts.push_back(base::dump(chunk_of(content, std::move(parts), true)));
    return;
  }
  std::vector<Json> chunks;
  if (!content.reasoning.empty()) chunks.push_back(chunk_of(content, Json::array({thought}), false));
  reply.content_first = chunks.size();
  for (const auto& piece : content.pieces) chunks.push_back(chunk_of(content, Json::array({{{"text", piece}}}), false));
  for (const auto& call : content.tool_calls) chunks.push_back(chunk_of(content, Json::array({call_part(call)}), false));
  chunks.push_back(chunk_of(content, Json::array({{{"text", ""}}}), true));
  const bool sse = ("&" + request.query + "&").find("&alt=sse&") != std::string::npos;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (sse) reply.parts.push_back("data: " + base::dump(chunks[i]) + "\r\n\r\n");
    else reply.parts.push_back((i == 0 ? "[" : ",\r\n") + base::dump(chunks[i]));
  }
  // Without alt=sse it is one JSON array, sent as it grows.
  if (!sse) reply.parts.emplace_back("]");
  reply.terminal_parts = 1;
}

}  // namespace simulator
