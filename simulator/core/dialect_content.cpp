#include "simulator/core/dialect_content.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "base/text.h"

namespace simulator {
namespace {

using base::Json;

constexpr std::array<std::string_view, 16> kWords{"the", "gateway", "keeps", "its", "promise", "when", "a", "provider", "fails", "and", "every",
                                                  "request", "has", "one", "clear", "end"};
constexpr int kTokensMadeUpMax = 1'000'000;

std::string made_up_text(int tokens, std::uint64_t seed) {
  std::string text;
  for (int i = 0; i < tokens; ++i) {
    if (i > 0) text += ' ';
    text += kWords[base::hash_mix({seed, static_cast<std::uint64_t>(i)}) % kWords.size()];
  }
  return text;
}

/// How many words_of() gives.
std::size_t word_count(std::string_view text) {
  return text.empty() ? 0 : 1 + static_cast<std::size_t>(std::count(text.begin() + 1, text.end(), ' '));
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> pieces;
  pieces.reserve(word_count(text));
  for (std::size_t at = 0; at < text.size();) {
    auto end = text.find(' ', at + 1);
    if (end == std::string::npos) end = text.size();
    pieces.push_back(text.substr(at, end - at));
    at = end;
  }
  return pieces;
}

/// A value that fits a JSON schema, as far as tests need one.
Json value_for(const Json& schema, int depth) {
  if (const auto* words = base::find(schema, "enum"); words && words->is_array() && !words->empty()) return (*words)[0];
  const auto type = base::string_or(schema, "type", "string");
  if (type == "integer" || type == "number" || type == "INTEGER" || type == "NUMBER") return 1;
  if (type == "boolean" || type == "BOOLEAN") return true;
  if (type == "array" || type == "ARRAY") return Json::array();
  if (type != "object" && type != "OBJECT") return "example";
  Json object = Json::object();
  const auto* properties = base::find(schema, "properties");
  if (properties && properties->is_object() && depth < 5) {
    for (const auto& [name, each] : properties->items()) object[name] = value_for(each, depth + 1);
  }
  return object;
}

/// True when the request insists on a tool call; each dialect has its own words for it.
bool tool_wanted(const Json& json) {
  if (const auto* choice = base::find(json, "tool_choice")) {
    if (choice->is_string()) return *choice == "required" || *choice == "any";
    const auto type = base::string_or(*choice, "type");
    return type == "function" || type == "tool" || type == "any";
  }
  const auto* mode = base::find_path(json, "toolConfig.functionCallingConfig.mode");
  return mode && *mode == "ANY";
}

std::optional<ToolCall> tool_of_request(const Json& json) {
  const auto* tool = base::find_path(json, "tools.0");
  if (!tool || !tool_wanted(json)) return std::nullopt;
  if (const auto* inner = base::find(*tool, "function")) tool = inner;
  if (const auto* inner = base::find_path(*tool, "functionDeclarations.0")) tool = inner;
  const auto* schema = base::find(*tool, "parameters");
  if (!schema) schema = base::find(*tool, "input_schema");
  if (!schema) schema = base::find(*tool, "parametersJsonSchema");
  return ToolCall{.name = base::string_or(*tool, "name", "tool"), .arguments = base::dump(schema ? value_for(*schema, 0) : Json::object())};
}

std::int64_t tokens_max_of(const Json& json) {
  for (const auto* key : {"max_completion_tokens", "max_output_tokens", "max_tokens"}) {
    if (const auto value = base::integer_or(json, key, 0); value > 0) return value;
  }
  const auto* gemini = base::find_path(json, "generationConfig.maxOutputTokens");
  return gemini && gemini->is_number_integer() ? gemini->get<std::int64_t>() : 0;
}

void take_finish(Content& content, const std::string& word) {
  if (word.empty()) return;
  content.finish_verbatim.clear();
  if (word == "stop" || word == "end_turn" || word == "STOP") content.finish = Finish::stop;
  else if (word == "length" || word == "max_tokens" || word == "MAX_TOKENS") content.finish = Finish::length;
  else if (word == "tool_calls" || word == "tool_use") content.finish = Finish::tool_calls;
  else if (word == "content_filter" || word == "refusal" || word == "SAFETY") content.finish = Finish::content_filter;
  else content.finish_verbatim = word;
}

}  // namespace

int token_estimate_of(std::string_view text) { return static_cast<int>(std::min<std::size_t>(1'000'000'000, text.size() / 4 + 1)); }

std::string Content::id(std::string_view prefix) const {
  std::string out;
  out.reserve(prefix.size() + 24);
  out = prefix;
  base::append_hex(out, number);
  base::append_hex(out, base::hash_mix({number, 2}), 8);
  return out;
}

std::vector<std::string> argument_pieces(std::string_view arguments) {
  if (arguments.size() < 2) return {std::string(arguments)};
  std::vector<std::string> pieces;
  const auto size = std::max<std::size_t>(1, std::min<std::size_t>(12, (arguments.size() + 1) / 2));
  for (std::size_t at = 0; at < arguments.size();) {
    auto end = std::min(arguments.size(), at + size);
    // Never inside a character: a JSON string must be whole UTF-8.
    while (end < arguments.size() && (static_cast<unsigned char>(arguments[end]) & 0xC0U) == 0x80U) ++end;
    pieces.emplace_back(arguments.substr(at, end - at));
    at = end;
  }
  return pieces;
}

Content make_content(const ProviderRequest& request, const ReplyScript& script, const ReplyContext& context) {
  static const Json kNothing = Json::object();
  const Json* tree = request.plain ? nullptr : request.json();
  const Json& json = tree ? *tree : kNothing;
  Content content{.number = base::hash_mix({context.seed, request.attempt}), .created = context.wall.since_epoch.count() / 1'000'000'000,
                  .model = request.model, .reasoning = script.reasoning};
  for (const auto& call : script.tool_calls) content.tool_calls.push_back({call.id, call.name, call.arguments});
  if (content.tool_calls.empty() && !script.text) {
    if (auto call = tool_of_request(json)) content.tool_calls.push_back(std::move(*call));
  }
  if (!content.tool_calls.empty()) content.finish = Finish::tool_calls;
  if (script.text) content.text = *script.text;
  else if (script.tokens) content.text = made_up_text(std::min(*script.tokens, kTokensMadeUpMax), base::hash_mix({context.seed, base::hash_text(request.body)}));
  else if (content.tool_calls.empty()) content.text = "Hello from the simulator.";
  const auto tokens_max = request.plain ? std::max(request.plain->tokens_max, request.plain->completion_tokens_max) : tokens_max_of(json);
  auto words = word_count(content.text);
  const bool too_long = !script.text && tokens_max > 0 && words > static_cast<std::size_t>(tokens_max);
  if (request.stream || too_long) content.pieces = words_of(content.text);
  if (too_long) {
    content.pieces.resize(static_cast<std::size_t>(tokens_max));
    content.text.clear();
    for (const auto& piece : content.pieces) content.text += piece;
    words = content.pieces.size();
    content.finish = Finish::length;
  }
  take_finish(content, script.finish_reason);
  for (std::size_t i = 0; i < content.tool_calls.size(); ++i) {
    auto& call = content.tool_calls[i];
    if (call.arguments.empty()) call.arguments = "{}";
    if (call.id.empty()) call.id = fmt::format("{:016x}{:04x}", base::hash_mix({content.number, 3}), i);
  }
  content.prompt_tokens = script.prompt_tokens.value_or(token_estimate_of(request.body));
  content.reasoning_tokens = content.reasoning.empty() ? 0 : token_estimate_of(content.reasoning);
  int made = static_cast<int>(words) + content.reasoning_tokens;
  for (const auto& call : content.tool_calls) made += token_estimate_of(call.name) + token_estimate_of(call.arguments);
  content.completion_tokens = script.completion_tokens.value_or(made);
  return content;
}

}  // namespace simulator
