// Reads a chat/completions request for a target of another dialect. What has no counterpart anywhere is refused here by name.
#include "gateway/wire/reader.h"

namespace gateway {
namespace {

using base::Json;
using Kind = PromptPart::Kind;
using Role = PromptMessage::Role;

PromptPart read_part(const Json& json, const std::string& at) {
  Fields in(json, at);
  const auto type = in.required_string("type");
  in.hints({"cache_control"});  // says where a cache may be kept: price, not answer
  PromptPart part;
  if (type == "text") {
    part = text_part(in.string("text"), at);
  } else if (type == "refusal") {
    part = text_part(in.string("refusal"), at);
  } else if (type == "image_url") {
    const auto* value = in.get("image_url");
    if (value && value->is_string()) {
      part = image_part(value->get_ref<const std::string&>(), "", at);
    } else {
      const auto* image = in.object("image_url");
      if (!image) refuse("\"" + in.at("image_url") + "\" is missing", in.at("image_url"));
      Fields inner(*image, in.at("image_url"));
      part = image_part(inner.required_string("url"), inner.string("detail"), at);
      inner.done();
    }
  } else if (type == "file") {
    const auto* file = in.object("file");
    if (!file) refuse("\"" + in.at("file") + "\" is missing", in.at("file"));
    Fields inner(*file, in.at("file"));
    inner.refuse_if_present("file_id", "the file lies at another provider");
    part = file_part(inner.required_string("file_data"), inner.string("filename"), at);
    inner.done();
  } else {
    refuse("a part of type \"" + type + "\" cannot be carried to this target", at);
  }
  in.done();
  return part;
}

std::vector<PromptPart> read_content(Fields& in) {
  const auto* content = in.get("content");
  std::vector<PromptPart> parts;
  if (!content) return parts;
  if (content->is_string()) {
    parts.push_back(text_part(content->get_ref<const std::string&>(), in.at("content")));
    return parts;
  }
  if (!content->is_array()) refuse("\"" + in.at("content") + "\" must be a string or a list of parts", in.at("content"));
  for_each_object(*content, in.at("content"), [&](const Json& json, const std::string& at) { parts.push_back(read_part(json, at)); });
  return parts;
}

PromptPart read_call(const Json& json, const std::string& at) {
  Fields in(json, at);
  if (in.string("type", "function") != "function") refuse("a tool call of type \"" + in.string("type") + "\" cannot be carried to this target", at);
  in.hints({"index"});
  PromptPart part;
  part.kind = Kind::tool_call;
  part.at = at;
  part.id = in.required_string("id");
  if (const auto* extra = in.get("extra_content")) {
    if (const auto* signature = base::find_path(*extra, "google.thought_signature"); signature && signature->is_string()) part.signature = signature->get_ref<const std::string&>();
  }
  const auto* function = in.object("function");
  if (!function) refuse("\"" + in.at("function") + "\" is missing", in.at("function"));
  Fields inner(*function, in.at("function"));
  part.name = inner.required_string("name");
  part.text = inner.string("arguments");
  inner.done();
  in.done();
  return part;
}

PromptMessage read_message(const Json& json, const std::string& at) {
  Fields in(json, at);
  const auto role = in.required_string("role");
  PromptMessage message;
  message.at = at;
  message.parts = read_content(in);
  if (role == "system" || role == "developer") {
    message.role = Role::system;
    only_text(message.parts, "a system message can hold text only at this target");
  } else if (role == "user") {
    message.role = Role::user;
  } else if (role == "assistant") {
    message.role = Role::assistant;
    if (const auto refusal = in.string("refusal"); !refusal.empty()) message.parts.push_back(text_part(refusal, in.at("refusal")));
    // Reasoning of an earlier turn is shown to people; no model of this dialect reads it again.
    in.hints({"reasoning_content", "reasoning", "reasoning_details", "annotations", "logprobs"});
    in.refuse_if_present("audio", "it lies at another provider");
    in.refuse_if_present("function_call", "functions are deprecated, use tools");
    if (const auto* calls = in.array("tool_calls")) {
      for_each_object(*calls, in.at("tool_calls"), [&](const Json& call, const std::string& place) { message.parts.push_back(read_call(call, place)); });
    }
  } else if (role == "tool") {
    message.role = Role::tool;
    PromptPart result;
    result.kind = Kind::tool_result;
    result.at = at;
    result.id = in.required_string("tool_call_id");
    result.content = std::move(message.parts);
    message.parts = {std::move(result)};
    in.hints({"name"});  // the call's id says which tool it was
  } else {
    refuse("a message of role \"" + role + "\" cannot be carried to this target", in.at("role"));
  }
  in.refuse_if_present("name", "only this dialect knows named participants");
  in.done();
  return message;
}

PromptTool read_tool(const Json& json, const std::string& at) {
  Fields in(json, at);
  const auto type = in.string("type", "function");
  if (type != "function") refuse("a tool of type \"" + type + "\" cannot be carried to this target", in.at("type"));
  in.hints({"cache_control"});
  const auto* function = in.object("function");
  if (!function) refuse("\"" + in.at("function") + "\" is missing", in.at("function"));
  Fields inner(*function, in.at("function"));
  PromptTool tool;
  tool.name = inner.required_string("name");
  tool.description = inner.string("description");
  tool.strict = inner.boolean("strict");
  if (const auto* schema = inner.object("parameters")) tool.schema = *schema;
  inner.done();
  in.done();
  return tool;
}

OutputFormat read_format(const Json& json, const std::string& at) {
  Fields in(json, at);
  const auto type = in.required_string("type");
  OutputFormat format;
  if (type == "json_schema") {
    const auto* schema = in.object("json_schema");
    if (!schema) refuse("\"" + in.at("json_schema") + "\" is missing", in.at("json_schema"));
    Fields inner(*schema, in.at("json_schema"));
    format = read_schema(inner);
  } else if (type == "json_object") {
    format.kind = OutputFormat::Kind::json;
  } else if (type != "text") {
    refuse("a response format of type \"" + type + "\" cannot be carried to this target", at);
  }
  in.done();
  return format;
}

void refuse_the_inexpressible(Fields& in) {
  if (in.integer("n").value_or(1) != 1) refuse("\"n\" cannot be carried to this target: it gives one answer", "n");
  if (in.boolean("logprobs").value_or(false)) refuse("\"logprobs\" cannot be carried to this target", "logprobs");
  if (in.integer("top_logprobs").value_or(0) != 0) refuse("\"top_logprobs\" cannot be carried to this target", "top_logprobs");
  if (const auto* bias = in.get("logit_bias"); bias && !bias->empty()) refuse("\"logit_bias\" cannot be carried to this target: tokens differ", "logit_bias");
  if (in.boolean("store").value_or(false)) refuse("\"store\" cannot be carried to this target: nothing is kept there", "store");
  if (const auto* modalities = in.array("modalities"); modalities && *modalities != Json::array({"text"})) refuse("\"modalities\" cannot be carried to this target: it answers text only", "modalities");
  in.refuse_if_present("audio", "it answers text only");
  in.refuse_if_present("web_search_options", "it has no such tool");
  in.refuse_if_present("moderation", "it has no such service");
  in.refuse_if_present("functions", "functions are deprecated, use tools");
  in.refuse_if_present("function_call", "functions are deprecated, use tool_choice");
}

Prompt read(const Json& body) {
  Fields in(body, "");
  Prompt prompt;
  prompt.front = Dialect::openai_chat;
  prompt.names = {{"format", "response_format"}, {"reasoning", "reasoning_effort"}, {"parallel", "parallel_tool_calls"}};
  refuse_the_inexpressible(in);
  // Who asks, how it is billed and cached, what shape the stream's last chunk has: none of it changes the answer. A seed is
  // best effort at OpenAI itself, and a prediction only makes it faster.
  in.hints({"model", "stream", "stream_options", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "service_tier", "prediction"});
  prompt.user = in.string("user");
  prompt.stream = in.boolean("stream").value_or(false);
  prompt.max_tokens = in.integer("max_completion_tokens");
  const auto older = in.integer("max_tokens");
  if (!prompt.max_tokens) prompt.max_tokens = older;
  prompt.temperature = in.number("temperature");
  prompt.top_p = in.number("top_p");
  prompt.presence_penalty = in.number("presence_penalty");
  prompt.frequency_penalty = in.number("frequency_penalty");
  prompt.seed = in.integer("seed");
  prompt.stop = read_stop(in, "stop");
  prompt.parallel_tools = in.boolean("parallel_tool_calls");
  prompt.verbosity = in.string("verbosity");
  prompt.reasoning.at = "reasoning_effort";
  prompt.reasoning.effort = checked_effort(in.string("reasoning_effort"), "reasoning_effort");
  if (const auto* format = in.object("response_format")) prompt.format = read_format(*format, "response_format");
  if (const auto* tools = in.array("tools")) {
    for_each_object(*tools, "tools", [&](const Json& tool, const std::string& at) { prompt.tools.push_back(read_tool(tool, at)); });
  }
  if (const auto* choice = in.get("tool_choice")) prompt.tool_choice = read_tool_choice(*choice, "tool_choice", "function");
  if (const auto* messages = in.array("messages")) {
    for_each_object(*messages, "messages", [&](const Json& message, const std::string& at) { prompt.messages.push_back(read_message(message, at)); });
  }
  in.done();
  return prompt;
}

}  // namespace

ReadPrompt read_openai_chat(const Json& body) {
  try {
    return read(body);
  } catch (Refused& refused) {
    return std::move(refused.problem);
  }
}

}  // namespace gateway
