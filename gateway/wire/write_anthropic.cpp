// Writes a messages request for Anthropic (version 2023-06-01).
#include <algorithm>

#include "base/text.h"
#include "gateway/wire/prompt.h"
#include "gateway/wire/reply.h"

namespace gateway {
namespace {

using base::Json;
using Kind = PromptPart::Kind;
using Role = PromptMessage::Role;

/// The API asks for max_tokens; the callers' dialects do not. Every model since Claude 3.5 gives as many.
constexpr std::int64_t kMaxTokensDefault = 8192;
constexpr std::int64_t kThinkingMin = 1024;  // the API's least budget

/// Anthropic takes ids of [a-zA-Z0-9_-] only; others make "functions.get_weather:0". The same change on both sides keeps the pair.
std::string plain_id(std::string id) {
  for (auto& c : id) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!good) c = '_';
  }
  return id;
}

Json arguments_of(const PromptPart& call) {
  if (base::trim(call.text).empty()) return Json::object();
  const auto json = base::parse_wire_json(call.text);
  if (!json || !json->is_object()) refuse("the arguments of a tool call are no JSON object, which this target asks for", call.at);
  return *json;
}

Json part_json(const PromptPart& part);

Json result_json(const PromptPart& result) {
  Json json{{"type", "tool_result"}, {"tool_use_id", plain_id(result.id)}};
  Json content = Json::array();
  for (const auto& part : result.content) {
    if (part.kind != Kind::text || !base::trim(part.text).empty()) content.push_back(part_json(part));
  }
  if (!content.empty()) json["content"] = std::move(content);
  if (result.error) json["is_error"] = true;
  return json;
}

Json part_json(const PromptPart& part) {
  switch (part.kind) {
    case Kind::text: return {{"type", "text"}, {"text", part.text}};
    case Kind::tool_call: return {{"type", "tool_use"}, {"id", plain_id(part.id)}, {"name", part.name}, {"input", arguments_of(part)}};
    case Kind::tool_result: return result_json(part);
    case Kind::document: {
      if (part.media_type != "application/pdf") refuse("a file of type " + part.media_type + " cannot be carried to this target: only PDF can", part.at);
      Json json{{"type", "document"}, {"source", {{"type", "base64"}, {"media_type", part.media_type}, {"data", part.data}}}};
      if (!part.name.empty()) json["title"] = part.name;
      return json;
    }
    case Kind::image: break;
  }
  if (!part.url.empty()) return {{"type", "image"}, {"source", {{"type", "url"}, {"url", part.url}}}};
  for (const std::string_view known : {"image/jpeg", "image/png", "image/gif", "image/webp"}) {
    if (part.media_type == known) return {{"type", "image"}, {"source", {{"type", "base64"}, {"media_type", part.media_type}, {"data", part.data}}}};
  }
  refuse("a picture of type " + part.media_type + " cannot be carried to this target", part.at);
}

/// Turns alternate here: neighbours of one side become one message. Results of tools come first in theirs, as the API asks.
void add_messages(const Prompt& prompt, Json& body) {
  Json system = Json::array();
  auto& messages = body["messages"];
  messages = Json::array();
  for (const auto& message : prompt.messages) {
    const std::string role = message.role == Role::assistant ? "assistant" : "user";
    Json content = Json::array();
    for (const auto& part : message.parts) {
      // The API refuses blocks of white space alone.
      if (part.kind == Kind::text && base::trim(part.text).empty()) continue;
      (message.role == Role::system ? system : content).push_back(part_json(part));
    }
    if (content.empty()) continue;
    if (messages.empty() || messages.back()["role"] != role) messages.push_back({{"role", role}, {"content", Json::array()}});
    auto& into = messages.back()["content"];
    for (auto& block : content) into.push_back(std::move(block));
  }
  for (auto& message : messages) {
    auto& content = message["content"];
    std::stable_partition(content.begin(), content.end(), [](const Json& block) { return base::string_or(block, "type") == "tool_result"; });
  }
  if (messages.empty()) refuse("this target needs a message of the user's", "messages");
  if (!system.empty()) body["system"] = std::move(system);
}

Json tool_json(const PromptTool& tool) {
  Json json{{"name", tool.name}};
  if (!tool.description.empty()) json["description"] = tool.description;
  json["input_schema"] = tool.schema.is_null() ? Json{{"type", "object"}, {"properties", Json::object()}} : tool.schema;
  if (tool.strict.value_or(false)) json["strict"] = true;
  return json;
}

void add_tools(const Prompt& prompt, Json& body) {
  using Mode = ToolChoice::Mode;
  if (prompt.tools.empty()) return;
  auto& tools = body["tools"] = Json::array();
  for (const auto& tool : prompt.tools) tools.push_back(tool_json(tool));
  const bool alone = prompt.parallel_tools && !*prompt.parallel_tools;
  if (!prompt.tool_choice && !alone) return;
  const auto choice = prompt.tool_choice.value_or(ToolChoice{});
  Json json{{"type", choice.mode == Mode::none ? "none" : choice.mode == Mode::required ? "any" : choice.mode == Mode::named ? "tool" : "auto"}};
  if (choice.mode == Mode::named) json["name"] = choice.name;
  if (alone && choice.mode != Mode::none) json["disable_parallel_tool_use"] = true;
  body["tool_choice"] = std::move(json);
}

/// Models up to Claude 4.5 think within a budget; later ones choose it themselves, by an effort, and refuse a budget.
bool thinks_by_budget(std::string_view model) {
  for (const auto* part : {"claude-3", "-4-2025", "-4-0", "-4-1", "-4-5"}) {
    if (base::icontains(model, part)) return true;
  }
  return false;
}

/// The API refuses a budget where the last turn is the assistant's call without the sealed thinking it began with: no other
/// dialect keeps that, so within a tool's round trip it goes on without.
bool amid_tool_use(const Prompt& prompt) { return prompt.messages.back().role == Role::tool; }

void add_reasoning(const Prompt& prompt, std::string_view model, std::int64_t max_tokens, Json& body) {
  const auto& effort = prompt.reasoning.effort;
  if (effort.empty() || effort == "none" || effort == "minimal") return;  // it thinks only when asked to
  const auto forced = prompt.tool_choice && (prompt.tool_choice->mode == ToolChoice::Mode::required || prompt.tool_choice->mode == ToolChoice::Mode::named);
  if (forced) refuse("reasoning cannot be joined with a forced tool at this target", prompt.reasoning.at);
  if (prompt.temperature.is_number() && prompt.temperature.get<double>() != 1) refuse("reasoning cannot be joined with a temperature other than 1 at this target", prompt.reasoning.at);
  if (!thinks_by_budget(model)) {
    body["thinking"] = {{"type", "adaptive"}};
    body["output_config"]["effort"] = effort;
    return;
  }
  if (amid_tool_use(prompt)) return;
  if (max_tokens <= kThinkingMin) refuse("reasoning needs a token limit of over 1024 at this target", prompt.named("max_tokens"));
  // The budget is part of max_tokens and must leave room for an answer.
  body["thinking"] = {{"type", "enabled"}, {"budget_tokens", std::max(kThinkingMin, std::min(effort_budget(effort), max_tokens / 2))}};
}

void refuse_what_is_not_there(const Prompt& prompt) {
  const auto weighs = [](const Json& number) { return number.is_number() && number.get<double>() != 0; };
  refuse_prefill(prompt);
  if (weighs(prompt.presence_penalty)) refuse("\"presence_penalty\" cannot be carried to this target", "presence_penalty");
  if (weighs(prompt.frequency_penalty)) refuse("\"frequency_penalty\" cannot be carried to this target", "frequency_penalty");
  if (prompt.temperature.is_number() && prompt.temperature.get<double>() > 1) refuse("a temperature over 1 cannot be carried to this target", "temperature");
  if (!prompt.verbosity.empty() && prompt.verbosity != "medium") refuse("\"" + prompt.named("verbosity") + "\" cannot be carried to this target", prompt.named("verbosity"));
  if (prompt.format.kind == OutputFormat::Kind::json) refuse("JSON without a schema cannot be carried to this target: give a schema", prompt.named("format"));
}

Json write(const Prompt& prompt, std::string_view model) {
  refuse_what_is_not_there(prompt);
  const auto max_tokens = prompt.max_tokens.value_or(kMaxTokensDefault);
  Json body{{"model", model}, {"max_tokens", max_tokens}};
  add_messages(prompt, body);
  add_tools(prompt, body);
  // A schema's name and description are labels; the schema itself is what binds.
  if (prompt.format.kind == OutputFormat::Kind::schema) body["output_config"]["format"] = {{"type", "json_schema"}, {"schema", prompt.format.schema}};
  add_reasoning(prompt, model, max_tokens, body);
  if (!prompt.temperature.is_null()) body["temperature"] = prompt.temperature;
  if (!prompt.top_p.is_null()) body["top_p"] = prompt.top_p;
  if (!prompt.stop.empty()) body["stop_sequences"] = prompt.stop;
  if (!prompt.user.empty()) body["metadata"] = {{"user_id", prompt.user}};
  if (prompt.stream) body["stream"] = true;
  return body;
}

}  // namespace

WrittenBody write_anthropic(const Prompt& prompt, std::string_view model) {
  try {
    return write(prompt, model);
  } catch (Refused& refused) {
    return std::move(refused.problem);
  }
}

}  // namespace gateway
