// Writes a chat/completions request for OpenAI and its many imitators.
#include "gateway/wire/prompt.h"

namespace gateway {
namespace {

using base::Json;
using Kind = PromptPart::Kind;
using Role = PromptMessage::Role;

Json part_json(const PromptPart& part) {
  if (part.kind == Kind::text) return {{"type", "text"}, {"text", part.text}};
  if (part.kind == Kind::document) return {{"type", "file"}, {"file", {{"filename", part.name.empty() ? "document" : part.name}, {"file_data", data_url(part)}}}};
  Json image{{"url", part.url.empty() ? data_url(part) : part.url}};
  if (!part.detail.empty()) image["detail"] = part.detail;
  return {{"type", "image_url"}, {"image_url", std::move(image)}};
}

Json user_json(const PromptMessage& message) {
  if (message.parts.size() == 1 && message.parts[0].kind == Kind::text) return {{"role", "user"}, {"content", message.parts[0].text}};
  Json content = Json::array();
  for (const auto& part : message.parts) content.push_back(part_json(part));
  return {{"role", "user"}, {"content", std::move(content)}};
}

Json assistant_json(const PromptMessage& message) {
  std::vector<PromptPart> said;
  Json calls = Json::array();
  for (const auto& part : message.parts) {
    if (part.kind == Kind::tool_call) calls.push_back({{"id", part.id}, {"type", "function"}, {"function", {{"name", part.name}, {"arguments", part.text.empty() ? "{}" : part.text}}}});
    else said.push_back(part);
  }
  Json json{{"role", "assistant"}, {"content", nullptr}};
  if (!said.empty() || calls.empty()) json["content"] = only_text(said, "an assistant message can hold text only at this target");
  if (!calls.empty()) json["tool_calls"] = std::move(calls);
  return json;
}

void add_message(const PromptMessage& message, Json& out) {
  switch (message.role) {
    case Role::system: out.push_back({{"role", "system"}, {"content", only_text(message.parts, "")}}); break;
    case Role::user: out.push_back(user_json(message)); break;
    case Role::assistant: out.push_back(assistant_json(message)); break;
    case Role::tool:
      for (const auto& result : message.parts) {
        auto text = only_text(result.content, "a tool's result can hold text only at this target");
        // This dialect has no flag for it: the words must say so.
        if (result.error) text = "Error: " + text;
        out.push_back({{"role", "tool"}, {"tool_call_id", result.id}, {"content", std::move(text)}});
      }
      break;
  }
}

Json tool_json(const PromptTool& tool) {
  Json function{{"name", tool.name}};
  if (!tool.description.empty()) function["description"] = tool.description;
  if (!tool.schema.is_null()) function["parameters"] = tool.schema;
  if (tool.strict) function["strict"] = *tool.strict;
  return {{"type", "function"}, {"function", std::move(function)}};
}

Json choice_json(const ToolChoice& choice) {
  using Mode = ToolChoice::Mode;
  if (choice.mode == Mode::named) return {{"type", "function"}, {"function", {{"name", choice.name}}}};
  return choice.mode == Mode::none ? "none" : choice.mode == Mode::required ? "required" : "auto";
}

Json format_json(const OutputFormat& format) {
  if (format.kind == OutputFormat::Kind::json) return {{"type", "json_object"}};
  Json schema{{"name", format.name}};
  if (!format.description.empty()) schema["description"] = format.description;
  schema["schema"] = format.schema;
  if (format.strict) schema["strict"] = *format.strict;
  return {{"type", "json_schema"}, {"json_schema", std::move(schema)}};
}

/// OpenAI's reasoning models refuse max_tokens; imitators know nothing else.
bool wants_completion_tokens(std::string_view model) {
  const auto slash = model.rfind('/');
  if (slash != std::string_view::npos) model.remove_prefix(slash + 1);
  return model.starts_with("gpt-5") || (model.size() > 1 && model[0] == 'o' && model[1] >= '1' && model[1] <= '9');
}

Json write(const Prompt& prompt, std::string_view model) {
  if (prompt.front == Dialect::anthropic_messages) refuse_prefill(prompt);
  if (prompt.top_k) refuse("\"top_k\" cannot be carried to this target", "top_k");
  // OpenAI's reference: "up to 4 sequences".
  if (prompt.stop.size() > 4) refuse("more than 4 stop sequences cannot be carried to this target", prompt.named("stop"));
  Json body{{"model", model}, {"messages", Json::array()}};
  for (const auto& message : prompt.messages) add_message(message, body["messages"]);
  if (!prompt.tools.empty()) {
    auto& tools = body["tools"] = Json::array();
    for (const auto& tool : prompt.tools) tools.push_back(tool_json(tool));
    if (prompt.tool_choice) body["tool_choice"] = choice_json(*prompt.tool_choice);
    if (prompt.parallel_tools) body["parallel_tool_calls"] = *prompt.parallel_tools;
  }
  if (prompt.max_tokens) body[wants_completion_tokens(model) ? "max_completion_tokens" : "max_tokens"] = *prompt.max_tokens;
  const std::pair<const char*, const Json*> numbers[] = {
      {"temperature", &prompt.temperature}, {"top_p", &prompt.top_p}, {"presence_penalty", &prompt.presence_penalty}, {"frequency_penalty", &prompt.frequency_penalty}};
  for (const auto& [name, value] : numbers) {
    if (!value->is_null()) body[name] = *value;
  }
  if (prompt.seed) body["seed"] = *prompt.seed;
  if (!prompt.stop.empty()) body["stop"] = prompt.stop;
  if (prompt.format.kind != OutputFormat::Kind::text) body["response_format"] = format_json(prompt.format);
  if (const auto effort = openai_effort(prompt.reasoning); !effort.empty()) body["reasoning_effort"] = effort;
  if (!prompt.verbosity.empty()) body["verbosity"] = prompt.verbosity;
  if (!prompt.user.empty()) body["user"] = prompt.user;
  if (prompt.stream) {
    body["stream"] = true;
    // Every other front tells usage in its streams.
    body["stream_options"] = {{"include_usage", true}};
  }
  return body;
}

}  // namespace

std::string openai_effort(const Reasoning& reasoning) {
  if (reasoning.effort == "max") return "xhigh";
  if (!reasoning.effort.empty()) return reasoning.effort;
  // A budget in tokens has no counterpart: the effort whose budget is nearest. Off is what these models are without an effort,
  // or cannot be told; on without a measure is left to the model.
  if (!reasoning.on || !reasoning.budget) return {};
  return *reasoning.budget <= 2048 ? "low" : *reasoning.budget <= 12'000 ? "medium" : "high";
}

WrittenBody write_openai_chat(const Prompt& prompt, std::string_view model) {
  try {
    return write(prompt, model);
  } catch (Refused& refused) {
    return std::move(refused.problem);
  }
}

}  // namespace gateway
