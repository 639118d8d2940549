// Writes a generateContent request for Gemini.
#include "base/text.h"
#include "gateway/wire/prompt.h"

namespace gateway {
namespace {

using base::Json;
using Kind = PromptPart::Kind;
using Role = PromptMessage::Role;

/// Gemini 3 refuses calls of its history without their signature, except with this word, which its documents give for calls
/// that it did not make itself.
constexpr std::string_view kSignatureOfOthers = "skip_thought_signature_validator";

class GeminiWriter {
 public:
  GeminiWriter(const Prompt& prompt, std::string_view model) : prompt_(prompt), model_(model) {}

  Json write() {
    refuse_what_is_not_there();
    Json body{{"contents", Json::array()}};
    add_messages(body);
    add_tools(body);
    if (auto config = generation_config(); !config.empty()) body["generationConfig"] = std::move(config);
    return body;
  }

 private:
  void refuse_what_is_not_there() {
    refuse_prefill(prompt_);
    if (!prompt_.verbosity.empty() && prompt_.verbosity != "medium") refuse("\"" + prompt_.named("verbosity") + "\" cannot be carried to this target", prompt_.named("verbosity"));
    if (!prompt_.tools.empty() && prompt_.parallel_tools && !*prompt_.parallel_tools) refuse("one tool call at a time cannot be asked of this target", prompt_.named("parallel"));
    // Its reference: "up to 5".
    if (prompt_.stop.size() > 5) refuse("more than 5 stop sequences cannot be carried to this target", prompt_.named("stop"));
    if (prompt_.seed && (*prompt_.seed > INT32_MAX || *prompt_.seed < INT32_MIN)) refuse("a seed beyond 32 bits cannot be carried to this target", "seed");
  }

  Json arguments_of(const PromptPart& call) const {
    if (base::trim(call.text).empty()) return Json::object();
    const auto json = base::parse_wire_json(call.text);
    if (!json || !json->is_object()) refuse("the arguments of a tool call are no JSON object, which this target asks for", call.at);
    return *json;
  }

  Json result_json(const PromptPart& result) const {
    const auto found = calls_.find(result.id);
    if (found == calls_.end()) refuse("the result of a tool call that no earlier message made", result.at);
    const auto text = only_text(result.content, "a tool's result can hold text only at this target");
    Json response{{result.error ? "error" : "result", text}};
    if (!result.error) {
      if (const auto json = base::parse_wire_json(text); json && json->is_object()) response = *json;
    }
    return {{"functionResponse", {{"name", found->second}, {"response", std::move(response)}}}};
  }

  Json part_json(const PromptPart& part) {
    switch (part.kind) {
      case Kind::text: return {{"text", part.text}};
      case Kind::tool_result: return result_json(part);
      case Kind::tool_call: {
        calls_[part.id] = part.name;
        Json json{{"functionCall", {{"name", part.name}, {"args", arguments_of(part)}}}};
        if (!part.signature.empty()) json["thoughtSignature"] = part.signature;
        else if (base::icontains(model_, "gemini-3")) json["thoughtSignature"] = kSignatureOfOthers;
        return json;
      }
      default: break;
    }
    if (!part.url.empty()) refuse("a picture behind a URL cannot be carried to this target: send it as a data URL", part.at);
    return {{"inlineData", {{"mimeType", part.media_type}, {"data", part.data}}}};
  }

  /// Neighbours of one side become one turn: the results of parallel calls must come together.
  void add_messages(Json& body) {
    Json system = Json::array();
    auto& contents = body["contents"];
    for (const auto& message : prompt_.messages) {
      const std::string role = message.role == Role::assistant ? "model" : "user";
      for (const auto& part : message.parts) {
        if (part.kind == Kind::text && part.text.empty()) continue;
        auto json = part_json(part);
        if (message.role == Role::system) {
          system.push_back(std::move(json));
          continue;
        }
        if (contents.empty() || contents.back()["role"] != role) contents.push_back({{"role", role}, {"parts", Json::array()}});
        contents.back()["parts"].push_back(std::move(json));
      }
    }
    if (contents.empty()) refuse("this target needs a message of the user's", "messages");
    if (!system.empty()) body["systemInstruction"] = {{"parts", std::move(system)}};
  }

  void add_tools(Json& body) const {
    using Mode = ToolChoice::Mode;
    if (prompt_.tools.empty()) return;
    Json declarations = Json::array();
    bool strict = false;
    for (const auto& tool : prompt_.tools) {
      Json json{{"name", tool.name}};
      if (!tool.description.empty()) json["description"] = tool.description;
      // Whole JSON Schema; `parameters` would take a part of it only.
      if (!tool.schema.is_null()) json["parametersJsonSchema"] = tool.schema;
      strict = strict || tool.strict.value_or(false);
      declarations.push_back(std::move(json));
    }
    body["tools"] = Json::array({Json{{"functionDeclarations", std::move(declarations)}}});
    const auto choice = prompt_.tool_choice.value_or(ToolChoice{});
    if (!prompt_.tool_choice && !strict) return;
    Json config{{"mode", choice.mode == Mode::none ? "NONE" : choice.mode == Mode::automatic ? (strict ? "VALIDATED" : "AUTO") : "ANY"}};
    if (choice.mode == Mode::named) config["allowedFunctionNames"] = Json::array({choice.name});
    body["toolConfig"] = {{"functionCallingConfig", std::move(config)}};
  }

  Json generation_config() const {
    Json config = Json::object();
    const std::pair<const char*, const Json*> numbers[] = {
        {"temperature", &prompt_.temperature}, {"topP", &prompt_.top_p}, {"presencePenalty", &prompt_.presence_penalty}, {"frequencyPenalty", &prompt_.frequency_penalty}};
    for (const auto& [name, value] : numbers) {
      if (!value->is_null()) config[name] = *value;
    }
    if (prompt_.top_k) config["topK"] = *prompt_.top_k;
    if (prompt_.max_tokens) config["maxOutputTokens"] = *prompt_.max_tokens;
    if (!prompt_.stop.empty()) config["stopSequences"] = prompt_.stop;
    if (prompt_.seed) config["seed"] = *prompt_.seed;
    if (prompt_.format.kind != OutputFormat::Kind::text) config["responseMimeType"] = "application/json";
    if (prompt_.format.kind == OutputFormat::Kind::schema) config["responseJsonSchema"] = prompt_.format.schema;
    if (auto thinking = thinking_config(); !thinking.empty()) config["thinkingConfig"] = std::move(thinking);
    return config;
  }

  Json thinking_config() const {
    const auto& reasoning = prompt_.reasoning;
    Json config = Json::object();
    // Thoughts count against the token limit: they must leave room for an answer.
    if (!reasoning.effort.empty()) config["thinkingBudget"] = std::min(effort_budget(reasoning.effort), prompt_.max_tokens.value_or(INT32_MAX) / 2);
    else if (reasoning.on) config["thinkingBudget"] = reasoning.budget.value_or(-1);  // -1: the model decides
    // `off` is Anthropic's default and says nothing more: some models here refuse a budget of 0.
    if (reasoning.shown) config["includeThoughts"] = true;
    return config;
  }

  const Prompt& prompt_;
  std::string_view model_;
  std::map<std::string, std::string> calls_;  // id → name, of the calls so far
};

}  // namespace

WrittenBody write_gemini(const Prompt& prompt, std::string_view model) {
  try {
    return GeminiWriter(prompt, model).write();
  } catch (Refused& refused) {
    return std::move(refused.problem);
  }
}

}  // namespace gateway
