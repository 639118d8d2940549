// Writes a responses request for OpenAI. Nothing is left in its store: the caller did not ask for that.
#include "gateway/wire/prompt.h"

namespace gateway {
namespace {

using base::Json;
using Kind = PromptPart::Kind;
using Role = PromptMessage::Role;

Json part_json(const PromptPart& part) {
  if (part.kind == Kind::text) return {{"type", "input_text"}, {"text", part.text}};
  if (part.kind == Kind::document) return {{"type", "input_file"}, {"filename", part.name.empty() ? "document" : part.name}, {"file_data", data_url(part)}};
  return {{"type", "input_image"}, {"image_url", part.url.empty() ? data_url(part) : part.url}, {"detail", part.detail.empty() ? "auto" : part.detail}};
}

Json output_json(const PromptPart& result) {
  bool text_only = true;
  for (const auto& part : result.content) text_only = text_only && part.kind == Kind::text;
  const std::string prefix = result.error ? "Error: " : "";  // no flag for it here
  if (text_only) return prefix + only_text(result.content, "");
  Json list = Json::array();
  if (result.error) list.push_back({{"type", "input_text"}, {"text", prefix}});
  for (const auto& part : result.content) list.push_back(part_json(part));
  return list;
}

void add_message(const PromptMessage& message, Json& input) {
  Json content = Json::array();
  const auto flush = [&](const char* role) {
    if (!content.empty()) input.push_back({{"type", "message"}, {"role", role}, {"content", std::move(content)}});
    content = Json::array();
  };
  for (const auto& part : message.parts) {
    if (part.kind == Kind::tool_call) {
      flush("assistant");
      input.push_back({{"type", "function_call"}, {"call_id", part.id}, {"name", part.name}, {"arguments", part.text.empty() ? "{}" : part.text}});
    } else if (part.kind == Kind::tool_result) {
      input.push_back({{"type", "function_call_output"}, {"call_id", part.id}, {"output", output_json(part)}});
    } else if (message.role == Role::assistant) {
      if (part.kind != Kind::text) refuse("an assistant message can hold text only at this target", part.at);
      content.push_back({{"type", "output_text"}, {"text", part.text}, {"annotations", Json::array()}});
    } else {
      content.push_back(part_json(part));
    }
  }
  flush(message.role == Role::system ? "system" : message.role == Role::user ? "user" : "assistant");
}

Json tool_json(const PromptTool& tool) {
  Json json{{"type", "function"}, {"name", tool.name}};
  if (!tool.description.empty()) json["description"] = tool.description;
  json["parameters"] = tool.schema.is_null() ? Json{{"type", "object"}, {"properties", Json::object()}} : tool.schema;
  // Strict is the default here and nowhere else.
  json["strict"] = tool.strict.value_or(false);
  return json;
}

Json choice_json(const ToolChoice& choice) {
  using Mode = ToolChoice::Mode;
  if (choice.mode == Mode::named) return {{"type", "function"}, {"name", choice.name}};
  return choice.mode == Mode::none ? "none" : choice.mode == Mode::required ? "required" : "auto";
}

Json format_json(const OutputFormat& format) {
  if (format.kind == OutputFormat::Kind::json) return {{"type", "json_object"}};
  Json json{{"type", "json_schema"}, {"name", format.name}};
  if (!format.description.empty()) json["description"] = format.description;
  json["schema"] = format.schema;
  if (format.strict) json["strict"] = *format.strict;
  return json;
}

void refuse_what_is_not_there(const Prompt& prompt) {
  if (prompt.front == Dialect::anthropic_messages) refuse_prefill(prompt);
  if (prompt.top_k) refuse("\"top_k\" cannot be carried to this target", "top_k");
  if (!prompt.stop.empty()) refuse("stop sequences cannot be carried to this target", prompt.named("stop"));
  const auto weighs = [](const Json& number) { return number.is_number() && number.get<double>() != 0; };
  if (weighs(prompt.presence_penalty)) refuse("\"presence_penalty\" cannot be carried to this target", "presence_penalty");
  if (weighs(prompt.frequency_penalty)) refuse("\"frequency_penalty\" cannot be carried to this target", "frequency_penalty");
}

Json write(const Prompt& prompt, std::string_view model) {
  refuse_what_is_not_there(prompt);
  Json body{{"model", model}, {"input", Json::array()}};
  for (const auto& message : prompt.messages) add_message(message, body["input"]);
  if (!prompt.tools.empty()) {
    auto& tools = body["tools"] = Json::array();
    for (const auto& tool : prompt.tools) tools.push_back(tool_json(tool));
    if (prompt.tool_choice) body["tool_choice"] = choice_json(*prompt.tool_choice);
    if (prompt.parallel_tools) body["parallel_tool_calls"] = *prompt.parallel_tools;
  }
  if (prompt.max_tokens) body["max_output_tokens"] = *prompt.max_tokens;
  if (!prompt.temperature.is_null()) body["temperature"] = prompt.temperature;
  if (!prompt.top_p.is_null()) body["top_p"] = prompt.top_p;
  Json text = Json::object();
  if (prompt.format.kind != OutputFormat::Kind::text) text["format"] = format_json(prompt.format);
  if (!prompt.verbosity.empty()) text["verbosity"] = prompt.verbosity;
  if (!text.empty()) body["text"] = std::move(text);
  Json reasoning = Json::object();
  if (const auto effort = openai_effort(prompt.reasoning); !effort.empty()) reasoning["effort"] = effort;
  if (prompt.reasoning.shown) reasoning["summary"] = "auto";
  if (!reasoning.empty()) body["reasoning"] = std::move(reasoning);
  if (!prompt.user.empty()) body["user"] = prompt.user;
  body["store"] = false;
  if (prompt.stream) body["stream"] = true;
  return body;
}

}  // namespace

WrittenBody write_openai_responses(const Prompt& prompt, std::string_view model) {
  try {
    return write(prompt, model);
  } catch (Refused& refused) {
    return std::move(refused.problem);
  }
}

}  // namespace gateway
