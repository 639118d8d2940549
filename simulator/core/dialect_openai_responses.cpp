#include <fmt/format.h>

#include "simulator/core/dialect_content.h"

namespace simulator {
namespace {

using base::Json;

Json member_or(const ProviderRequest& request, std::string_view key, Json otherwise) {
  const auto* json = request.json();
  const auto* value = json ? base::find(*json, key) : nullptr;
  return value ? *value : std::move(otherwise);
}

Json message_item(const Content& content, bool done) {
  Json parts = Json::array();
  if (done) parts.push_back({{"type", "output_text"}, {"annotations", Json::array()}, {"logprobs", Json::array()}, {"text", content.text}});
  return {{"id", content.id("msg_")}, {"type", "message"}, {"status", done ? "completed" : "in_progress"}, {"content", std::move(parts)}, {"role", "assistant"}};
}
Json reasoning_item(const Content& content, bool done) {
  Json summary = Json::array();
  if (done) summary.push_back({{"type", "summary_text"}, {"text", content.reasoning}});
  return {{"id", content.id("rs_")}, {"type", "reasoning"}, {"summary", std::move(summary)}};
}
Json call_item(const ToolCall& call, bool done) {
  return {{"id", "fc_" + call.id}, {"type", "function_call"}, {"status", done ? "completed" : "in_progress"}, {"arguments", done ? call.arguments : ""},
          {"call_id", call.id.starts_with("call_") ? call.id : "call_" + call.id}, {"name", call.name}};
}

Json output_of(const Content& content) {
  Json output = Json::array();
  if (!content.reasoning.empty()) output.push_back(reasoning_item(content, true));
  if (!content.text.empty() || content.tool_calls.empty()) output.push_back(message_item(content, true));
  for (const auto& call : content.tool_calls) output.push_back(call_item(call, true));
  return output;
}

bool incomplete(const Content& content) { return content.finish == Finish::length || content.finish == Finish::content_filter; }

Json response_of(const ProviderRequest& request, const Content& content, bool done) {
  Json details = nullptr;
  if (done && incomplete(content)) details = {{"reason", content.finish == Finish::length ? "max_output_tokens" : "content_filter"}};
  Json usage = nullptr;
  if (done) {
    usage = {{"input_tokens", content.prompt_tokens}, {"input_tokens_details", {{"cached_tokens", 0}}}, {"output_tokens", content.completion_tokens},
             {"output_tokens_details", {{"reasoning_tokens", content.reasoning_tokens}}}, {"total_tokens", content.prompt_tokens + content.completion_tokens}};
  }
  return {{"id", content.id("resp_")}, {"object", "response"}, {"created_at", content.created},
          {"status", !done ? "in_progress" : incomplete(content) ? "incomplete" : "completed"}, {"background", false}, {"error", nullptr},
          {"incomplete_details", std::move(details)}, {"instructions", member_or(request, "instructions", nullptr)},
          {"max_output_tokens", member_or(request, "max_output_tokens", nullptr)}, {"max_tool_calls", nullptr}, {"model", content.model},
          {"output", done ? output_of(content) : Json::array()}, {"parallel_tool_calls", true}, {"previous_response_id", member_or(request, "previous_response_id", nullptr)},
          {"prompt_cache_key", nullptr}, {"reasoning", {{"effort", "medium"}, {"summary", nullptr}}}, {"safety_identifier", nullptr}, {"service_tier", "auto"},
          {"store", member_or(request, "store", true)}, {"temperature", 1}, {"text", {{"format", {{"type", "text"}}}, {"verbosity", "medium"}}},
          {"tool_choice", member_or(request, "tool_choice", "auto")}, {"tools", member_or(request, "tools", Json::array())}, {"top_logprobs", 0}, {"top_p", 1},
          {"truncation", "disabled"}, {"usage", std::move(usage)}, {"user", nullptr}, {"metadata", member_or(request, "metadata", Json::object())}};
}

/// Writes events with the rising sequence number that the SDKs do not check and other readers do.
struct Events {
  HealthyReply& reply;
  int sequence = 0;
  void operator()(std::string_view type, const Json& members) {
    Json event{{"type", type}, {"sequence_number", sequence++}};
    event.update(members);
    reply.parts.push_back(fmt::format("event: {}\ndata: {}\n\n", type, base::dump(event)));
  }
};

void message_events(Events& event, const Content& content, int index) {
  const auto id = content.id("msg_");
  const Json part{{"type", "output_text"}, {"annotations", Json::array()}, {"logprobs", Json::array()}, {"text", ""}};
  Json part_done = part;
  part_done["text"] = content.text;
  event("response.output_item.added", {{"output_index", index}, {"item", message_item(content, false)}});
  event("response.content_part.added", {{"item_id", id}, {"output_index", index}, {"content_index", 0}, {"part", part}});
  event.reply.content_first = event.reply.parts.size();
  for (const auto& piece : content.pieces) {
    event("response.output_text.delta", {{"item_id", id}, {"output_index", index}, {"content_index", 0}, {"delta", piece}, {"logprobs", Json::array()}});
  }
  event("response.output_text.done", {{"item_id", id}, {"output_index", index}, {"content_index", 0}, {"text", content.text}, {"logprobs", Json::array()}});
  event("response.content_part.done", {{"item_id", id}, {"output_index", index}, {"content_index", 0}, {"part", part_done}});
  event("response.output_item.done", {{"output_index", index}, {"item", message_item(content, true)}});
}

void reasoning_events(Events& event, const Content& content, int index) {
  const auto id = content.id("rs_");
  const Json place{{"item_id", id}, {"output_index", index}, {"summary_index", 0}};
  const auto with = [&](const Json& more) {
    Json all = place;
    all.update(more);
    return all;
  };
  event("response.output_item.added", {{"output_index", index}, {"item", reasoning_item(content, false)}});
  event("response.reasoning_summary_part.added", with({{"part", {{"type", "summary_text"}, {"text", ""}}}}));
  event("response.reasoning_summary_text.delta", with({{"delta", content.reasoning}}));
  event("response.reasoning_summary_text.done", with({{"text", content.reasoning}}));
  event("response.reasoning_summary_part.done", with({{"part", {{"type", "summary_text"}, {"text", content.reasoning}}}}));
  event("response.output_item.done", {{"output_index", index}, {"item", reasoning_item(content, true)}});
}

}  // namespace

void openai_responses_reply(HealthyReply& reply, const ProviderRequest& request, const Content& content) {
  if (!request.stream) {
    reply.parts.push_back(base::dump(response_of(request, content, true)));
    return;
  }
  Events event{reply};
  event("response.created", {{"response", response_of(request, content, false)}});
  event("response.in_progress", {{"response", response_of(request, content, false)}});
  int index = 0;
  if (!content.reasoning.empty()) reasoning_events(event, content, index++);
  reply.content_first = reply.parts.size();
  if (!content.text.empty() || content.tool_calls.empty()) message_events(event, content, index++);
  for (const auto& call : content.tool_calls) {
    const auto id = "fc_" + call.id;
    event("response.output_item.added", {{"output_index", index}, {"item", call_item(call, false)}});
    for (const auto& piece : argument_pieces(call.arguments)) event("response.function_call_arguments.delta", {{"item_id", id}, {"output_index", index}, {"delta", piece}});
    event("response.function_call_arguments.done", {{"item_id", id}, {"output_index", index}, {"arguments", call.arguments}});
    event("response.output_item.done", {{"output_index", index}, {"item", call_item(call, true)}});
    ++index;
  }
  event(incomplete(content) ? "response.incomplete" : "response.completed", {{"response", response_of(request, content, true)}});
  reply.terminal_parts = 1;
}

}  // namespace simulator
