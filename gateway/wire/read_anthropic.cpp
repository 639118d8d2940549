// Reads a messages request of Anthropic's for a target of another dialect.
#include "gateway/wire/reader.h"

namespace gateway {
namespace {

using base::Json;
using Kind = PromptPart::Kind;
using Role = PromptMessage::Role;

PromptPart read_source(Fields& in, bool image, const std::string& at) {
  const auto* source = in.object("source");
  if (!source) refuse("\"" + in.at("source") + "\" is missing", in.at("source"));
  Fields inner(*source, in.at("source"));
  const auto type = inner.required_string("type");
  PromptPart part;
  part.kind = image ? Kind::image : Kind::document;
  part.at = at;
  if (type == "base64") {
    part.media_type = inner.required_string("media_type");
    part.data = inner.required_string("data");
  } else if (type == "url" && image) {
    part = image_part(inner.required_string("url"), "", at);
  } else if (type == "text" && !image) {
    inner.hints({"media_type"});
    part = text_part(inner.string("data"), at);
  } else {
    refuse("a source of type \"" + type + "\" cannot be carried to this target", inner.at("type"));
  }
  inner.done();
  return part;
}

PromptPart read_block(const Json& json, const std::string& at, bool& dropped);

std::vector<PromptPart> read_blocks(const Json& content, const std::string& at) {
  std::vector<PromptPart> parts;
  if (content.is_string()) {
    parts.push_back(text_part(content.get_ref<const std::string&>(), at));
    return parts;
  }
  if (!content.is_array()) refuse("\"" + at + "\" must be a string or a list of blocks", at);
  for_each_object(content, at, [&](const Json& json, const std::string& place) {
    bool dropped = false;
    auto part = read_block(json, place, dropped);
    if (!dropped) parts.push_back(std::move(part));
  });
  return parts;
}

PromptPart read_tool_part(Fields& in, const std::string& type, const std::string& at) {
  PromptPart part;
  part.at = at;
  if (type == "tool_use") {
    part.kind = Kind::tool_call;
    part.id = in.required_string("id");
    part.name = in.required_string("name");
    const auto* input = in.object("input");
    part.text = input ? base::dump(*input) : "{}";
    return part;
  }
  part.kind = Kind::tool_result;
  part.id = in.required_string("tool_use_id");
  part.error = in.boolean("is_error").value_or(false);
  if (const auto* content = in.get("content")) part.content = read_blocks(*content, in.at("content"));
  return part;
}

PromptPart read_block(const Json& json, const std::string& at, bool& dropped) {
  Fields in(json, at);
  const auto type = in.required_string("type");
  in.hints({"cache_control"});  // price, not answer
  PromptPart part;
  if (type == "text") {
    part = text_part(in.string("text"), at);
    if (const auto* citations = in.get("citations"); citations && !citations->empty()) refuse("citations cannot be carried to this target", in.at("citations"));
  } else if (type == "image") {
    part = read_source(in, true, at);
  } else if (type == "document") {
    part = read_source(in, false, at);
    part.name = in.string("title");
    if (const auto context = in.string("context"); !context.empty()) refuse("\"" + in.at("context") + "\" cannot be carried to this target", in.at("context"));
    if (const auto* citations = in.get("citations"); citations && base::bool_or(*citations, "enabled", false)) refuse("citations cannot be carried to this target", in.at("citations"));
  } else if (type == "tool_use" || type == "tool_result") {
    part = read_tool_part(in, type, at);
    in.hints({"caller"});
  } else if (type == "thinking" || type == "redacted_thinking") {
    // Sealed for the model that made it: no other can read it, and none needs it to go on.
    dropped = true;
    in.hints({"thinking", "signature", "data"});
  } else {
    refuse("a block of type \"" + type + "\" cannot be carried to this target", at);
  }
  in.done();
  return part;
}

void read_message(const Json& json, const std::string& at, Prompt& prompt) {
  Fields in(json, at);
  const auto role = in.required_string("role");
  const auto* content = in.get("content");
  if (!content) refuse("\"" + in.at("content") + "\" is missing", in.at("content"));
  auto parts = read_blocks(*content, in.at("content"));
  in.done();
  if (role == "system") {
    only_text(parts, "a system message can hold text only at this target");
    prompt.messages.push_back({Role::system, std::move(parts), at});
    return;
  }
  if (role != "user" && role != "assistant") refuse("a message of role \"" + role + "\" cannot be carried to this target", in.at("role"));
  // Results of tools stand in the user's message here, in messages of their own elsewhere.
  PromptMessage rest{role == "user" ? Role::user : Role::assistant, {}, at};
  for (auto& part : parts) {
    if (part.kind == Kind::tool_result) {
      PromptMessage result{Role::tool, {}, at};
      result.parts.push_back(std::move(part));
      prompt.messages.push_back(std::move(result));
    } else {
      rest.parts.push_back(std::move(part));
    }
  }
  if (!rest.parts.empty()) prompt.messages.push_back(std::move(rest));
}

PromptTool read_tool(const Json& json, const std::string& at) {
  Fields in(json, at);
  const auto type = in.string("type", "custom");
  if (type != "custom") refuse("the server-side tool \"" + type + "\" cannot be carried to this target", in.at("type"));
  PromptTool tool;
  tool.name = in.required_string("name");
  tool.description = in.string("description");
  tool.strict = in.boolean("strict");
  if (const auto* schema = in.object("input_schema")) tool.schema = *schema;
  // How the call is streamed, cached or loaded, not what it is; examples repeat what the schema says.
  in.hints({"cache_control", "eager_input_streaming", "defer_loading", "input_examples"});
  if (const auto* callers = in.array("allowed_callers"); callers && *callers != Json::array({"direct"})) refuse("\"" + in.at("allowed_callers") + "\" cannot be carried to this target", in.at("allowed_callers"));
  in.done();
  return tool;
}

void read_choice(const Json& json, Prompt& prompt) {
  Fields in(json, "tool_choice");
  const auto type = in.required_string("type");
  ToolChoice choice;
  if (type == "any") choice.mode = ToolChoice::Mode::required;
  else if (type == "none") choice.mode = ToolChoice::Mode::none;
  else if (type == "tool") choice = {ToolChoice::Mode::named, in.required_string("name")};
  else if (type != "auto") refuse("a tool choice of type \"" + type + "\" cannot be carried to this target", "tool_choice");
  prompt.tool_choice = choice;
  if (const auto alone = in.boolean("disable_parallel_tool_use")) prompt.parallel_tools = !*alone;
  in.done();
}

void read_thinking(const Json& json, Prompt& prompt) {
  Fields in(json, "thinking");
  const auto type = in.required_string("type");
  auto& reasoning = prompt.reasoning;
  if (type == "enabled") {
    reasoning.on = true;
    reasoning.budget = in.integer("budget_tokens");
  } else if (type == "adaptive") {
    reasoning.on = true;
  } else if (type == "disabled") {
    reasoning.off = true;
  } else {
    refuse("thinking of type \"" + type + "\" cannot be carried to this target", "thinking.type");
  }
  reasoning.shown = reasoning.on && in.string("display", "summarized") == "summarized";
  in.done();
}

void read_output(const Json& json, Prompt& prompt) {
  Fields in(json, "output_config");
  prompt.reasoning.effort = checked_effort(in.string("effort"), "output_config.effort");
  if (const auto* format = in.object("format")) {
    Fields inner(*format, "output_config.format");
    if (inner.required_string("type") != "json_schema") refuse("this output format cannot be carried to the target", "output_config.format.type");
    prompt.format = read_schema(inner);
  }
  in.done();
}

void read_system(const Json& system, Prompt& prompt) {
  PromptMessage message{Role::system, read_blocks(system, "system"), "system"};
  only_text(message.parts, "a system prompt can hold text only");
  prompt.messages.push_back(std::move(message));
}

Prompt read(const Json& body) {
  Fields in(body, "");
  Prompt prompt;
  prompt.front = Dialect::anthropic_messages;
  prompt.names = {{"stop", "stop_sequences"}, {"format", "output_config.format"}, {"reasoning", "thinking"}, {"parallel", "tool_choice.disable_parallel_tool_use"}};
  // Billing class, cache marks and speed change no answer.
  in.hints({"model", "service_tier", "cache_control", "speed", "stream_options", "diagnostics", "user_profile_id", "workspace_id"});
  for (const auto* key : {"container", "mcp_servers", "context_management", "inference_geo", "fallbacks"}) in.refuse_if_present(key, "only Anthropic has it");
  if (const auto* metadata = in.object("metadata")) prompt.user = base::string_or(*metadata, "user_id");
  prompt.stream = in.boolean("stream").value_or(false);
  prompt.max_tokens = in.integer("max_tokens");
  prompt.temperature = in.number("temperature");
  prompt.top_p = in.number("top_p");
  prompt.top_k = in.integer("top_k");
  prompt.stop = read_stop(in, "stop_sequences");
  prompt.reasoning.at = "thinking";
  if (const auto* thinking = in.object("thinking")) read_thinking(*thinking, prompt);
  if (const auto* output = in.object("output_config")) read_output(*output, prompt);
  if (const auto* format = in.object("output_format")) read_output(Json{{"format", *format}}, prompt);
  if (const auto* tools = in.array("tools")) {
    for_each_object(*tools, "tools", [&](const Json& tool, const std::string& at) { prompt.tools.push_back(read_tool(tool, at)); });
  }
  if (const auto* choice = in.object("tool_choice")) read_choice(*choice, prompt);
  if (const auto* system = in.get("system")) read_system(*system, prompt);
  if (const auto* messages = in.array("messages")) {
    for_each_object(*messages, "messages", [&](const Json& message, const std::string& at) { read_message(message, at, prompt); });
  }
  in.done();
  return prompt;
}

}  // namespace

ReadPrompt read_anthropic(const Json& body) {
  try {
    return read(body);
  } catch (Refused& refused) {
    return std::move(refused.problem);
  }
}

}  // namespace gateway
