// Reads a responses request of OpenAI's for a target of another dialect. Whatever leans on state kept at OpenAI is refused.
#include "gateway/wire/reader.h"

namespace gateway {
namespace {

using base::Json;
using Kind = PromptPart::Kind;
using Role = PromptMessage::Role;

PromptPart read_part(const Json& json, const std::string& at) {
  Fields in(json, at);
  const auto type = in.required_string("type");
  PromptPart part;
  if (type == "input_text" || type == "output_text" || type == "text") {
    part = text_part(in.string("text"), at);
    in.hints({"annotations", "logprobs", "prompt_cache_breakpoint"});
  } else if (type == "refusal") {
    part = text_part(in.string("refusal"), at);
  } else if (type == "input_image") {
    in.refuse_if_present("file_id", "the file lies at another provider");
    part = image_part(in.required_string("image_url"), in.string("detail"), at);
  } else if (type == "input_file") {
    in.refuse_if_present("file_id", "the file lies at another provider");
    in.refuse_if_present("file_url", "send the file itself");
    part = file_part(in.required_string("file_data"), in.string("filename"), at);
    in.hints({"detail"});
  } else {
    refuse("a part of type \"" + type + "\" cannot be carried to this target", at);
  }
  in.done();
  return part;
}

std::vector<PromptPart> read_content(const Json& content, const std::string& at) {
  std::vector<PromptPart> parts;
  if (content.is_string()) {
    parts.push_back(text_part(content.get_ref<const std::string&>(), at));
    return parts;
  }
  if (!content.is_array()) refuse("\"" + at + "\" must be a string or a list of parts", at);
  for_each_object(content, at, [&](const Json& json, const std::string& place) { parts.push_back(read_part(json, place)); });
  return parts;
}

/// Items of one turn gather in one message, as the other dialects have it.
PromptMessage& message_of(Prompt& prompt, Role role, const std::string& at) {
  if (role != Role::assistant || prompt.messages.empty() || prompt.messages.back().role != role) prompt.messages.push_back({role, {}, at});
  return prompt.messages.back();
}

void read_item(const Json& json, const std::string& at, Prompt& prompt) {
  Fields in(json, at);
  const auto type = in.string("type", "message");
  in.hints({"id", "status"});
  if (type == "message") {
    const auto role = in.required_string("role");
    const auto* content = in.get("content");
    if (!content) refuse("\"" + in.at("content") + "\" is missing", in.at("content"));
    in.hints({"phase"});
    const bool system = role == "system" || role == "developer";
    if (!system && role != "user" && role != "assistant") refuse("a message of role \"" + role + "\" cannot be carried to this target", in.at("role"));
    auto parts = read_content(*content, in.at("content"));
    if (system) only_text(parts, "a system message can hold text only at this target");
    auto& message = message_of(prompt, system ? Role::system : role == "user" ? Role::user : Role::assistant, at);
    for (auto& part : parts) message.parts.push_back(std::move(part));
  } else if (type == "function_call") {
    PromptPart part;
    part.kind = Kind::tool_call;
    part.at = at;
    part.id = in.required_string("call_id");
    part.name = in.required_string("name");
    part.text = in.string("arguments");
    message_of(prompt, Role::assistant, at).parts.push_back(std::move(part));
  } else if (type == "function_call_output") {
    PromptPart part;
    part.kind = Kind::tool_result;
    part.at = at;
    part.id = in.required_string("call_id");
    if (const auto* output = in.get("output")) part.content = read_content(*output, in.at("output"));
    message_of(prompt, Role::tool, at).parts.push_back(std::move(part));
  } else if (type == "reasoning") {
    // Sealed for the model that made it: no other can read it, and none needs it to go on.
    in.hints({"summary", "content", "encrypted_content"});
  } else {
    refuse("an item of type \"" + type + "\" cannot be carried to this target", at);
  }
  in.done();
}

PromptTool read_tool(const Json& json, const std::string& at) {
  Fields in(json, at);
  const auto type = in.required_string("type");
  if (type != "function") refuse("the server-side tool \"" + type + "\" cannot be carried to this target", in.at("type"));
  PromptTool tool;
  tool.name = in.required_string("name");
  tool.description = in.string("description");
  tool.strict = in.boolean("strict");
  if (const auto* schema = in.object("parameters")) tool.schema = *schema;
  in.hints({"defer_loading"});
  in.done();
  return tool;
}

void read_text(const Json& json, Prompt& prompt) {
  Fields in(json, "text");
  prompt.verbosity = in.string("verbosity");
  if (const auto* format = in.object("format")) {
    Fields inner(*format, "text.format");
    const auto type = inner.required_string("type");
    if (type == "json_schema") prompt.format = read_schema(inner);
    else if (type == "json_object") prompt.format.kind = OutputFormat::Kind::json;
    else if (type != "text") refuse("a format of type \"" + type + "\" cannot be carried to this target", "text.format.type");
  }
  in.done();
}

void read_reasoning(const Json& json, Prompt& prompt) {
  Fields in(json, "reasoning");
  prompt.reasoning.effort = checked_effort(in.string("effort"), "reasoning.effort");
  prompt.reasoning.shown = in.get("summary") || in.get("generate_summary");
  in.done();
}

void refuse_state(Fields& in) {
  for (const auto* key : {"previous_response_id", "conversation", "prompt", "context_management"}) in.refuse_if_present(key, "it leans on state kept at OpenAI");
  if (in.boolean("store").value_or(false)) refuse("\"store\" cannot be carried to this target: nothing is kept there", "store");
  if (in.boolean("background").value_or(false)) refuse("\"background\" cannot be carried to this target", "background");
  if (in.string("truncation", "disabled") != "disabled") refuse("\"truncation\" cannot be carried to this target: it never drops a part of the input", "truncation");
  if (in.integer("top_logprobs").value_or(0) != 0) refuse("\"top_logprobs\" cannot be carried to this target", "top_logprobs");
  if (const auto* include = in.array("include")) {
    for (const auto& item : *include) {
      // Sealed reasoning serves OpenAI alone: where there is none, nothing is missing.
      if (item != "reasoning.encrypted_content") refuse("\"include\" cannot be carried to this target", "include");
    }
  }
}

Prompt read(const Json& body) {
  Fields in(body, "");
  Prompt prompt;
  prompt.front = Dialect::openai_responses;
  prompt.names = {{"max_tokens", "max_output_tokens"}, {"format", "text.format"}, {"reasoning", "reasoning.effort"}, {"parallel", "parallel_tool_calls"}, {"verbosity", "text.verbosity"}};
  refuse_state(in);
  // Who asks, and how it is billed, cached and streamed; max_tool_calls bounds server-side tools, of which there are none.
  in.hints({"model", "stream_options", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "service_tier", "max_tool_calls"});
  prompt.user = in.string("user");
  prompt.stream = in.boolean("stream").value_or(false);
  prompt.max_tokens = in.integer("max_output_tokens");
  prompt.temperature = in.number("temperature");
  prompt.top_p = in.number("top_p");
  prompt.parallel_tools = in.boolean("parallel_tool_calls");
  prompt.reasoning.at = "reasoning.effort";
  if (const auto* reasoning = in.object("reasoning")) read_reasoning(*reasoning, prompt);
  if (const auto* text = in.object("text")) read_text(*text, prompt);
  if (const auto* tools = in.array("tools")) {
    for_each_object(*tools, "tools", [&](const Json& tool, const std::string& at) { prompt.tools.push_back(read_tool(tool, at)); });
  }
  if (const auto* choice = in.get("tool_choice")) prompt.tool_choice = read_tool_choice(*choice, "tool_choice", "");
  if (const auto instructions = in.string("instructions"); !instructions.empty()) prompt.messages.push_back({Role::system, {text_part(instructions, "instructions")}, "instructions"});
  if (const auto* input = in.get("input")) {
    if (input->is_string()) prompt.messages.push_back({Role::user, {text_part(input->get_ref<const std::string&>(), "input")}, "input"});
    else for_each_object(*input, "input", [&](const Json& item, const std::string& at) { read_item(item, at, prompt); });
  }
  in.done();
  return prompt;
}

}  // namespace

ReadPrompt read_openai_responses(const Json& body) {
  try {
    return read(body);
  } catch (Refused& refused) {
    return std::move(refused.problem);
  }
}

}  // namespace gateway
