#include "simulator/core/providers_loader.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "simulator/core/faults.h"

namespace simulator {
namespace {

using base::JsonNode;
using base::JsonReader;
constexpr std::int64_t kCountMax = 1'000'000'000;

constexpr std::array<std::string_view, 30> kPersonalities{
    "openai", "anthropic", "gemini", "openrouter", "azure", "deepseek", "groq", "mistral", "xai", "together", "fireworks", "vllm",
    "ollama", "generic-proxy", "cloudflare", "vertex", "bedrock", "cohere", "moonshot", "zai", "minimax", "dashscope", "huggingface",
    "perplexity", "cerebras", "lmstudio", "llama.cpp", "github-models", "nginx", "nvidia"};

std::optional<std::pair<std::int64_t, std::int64_t>> read_nth(JsonReader& in, std::string_view key) {
  const auto* node = in.raw(key);
  if (!node) return std::nullopt;
  const auto good = [](const JsonNode& each) { return each.kind == JsonNode::Kind::integer && each.integer >= 1 && each.integer <= kCountMax; };
  if (good(*node)) return std::pair{node->integer, node->integer};
  if (node->kind == JsonNode::Kind::array && node->items.size() == 2 && good(node->items[0]) && good(node->items[1]) &&
      node->items[0].integer <= node->items[1].integer) {
    return std::pair{node->items[0].integer, node->items[1].integer};
  }
  in.problem(key, "a count from 1, or [first, last], is wanted here");
  return std::nullopt;
}

std::string read_glob(JsonReader& in, std::string_view key) { return in.string(key, {.max = 10'000, .otherwise = ""}); }

When read_when(JsonReader& in) {
  When when;
  when.credential = read_glob(in, "credential");
  when.model = read_glob(in, "model");
  when.path = read_glob(in, "path");
  when.method = read_glob(in, "method");
  when.session = read_glob(in, "session");
  when.state = read_glob(in, "state");
  when.text = read_glob(in, "text");
  when.stream = in.optional_boolean("stream");
  when.nth = read_nth(in, "nth");
  when.nth_credential = read_nth(in, "nth_credential");
  when.nth_session = read_nth(in, "nth_session");
  when.after = in.optional_duration("after");
  when.before = in.optional_duration("before");
  for (const auto* key : {"header", "body"}) {
    const auto* node = in.raw(key);
    if (!node) continue;
    if (node->kind != JsonNode::Kind::object) {
      in.problem(key, "an object is wanted here: what to look at → what it must be");
      continue;
    }
    for (const auto& member : node->members) {
      if (key[0] == 'h' && member.value.kind == JsonNode::Kind::string) when.headers.emplace_back(member.key, member.value.string);
      else if (key[0] == 'h') in.problem_at(member.value, in.pointer() + "/header/" + member.key, "text is wanted here");
      else if (!member.key.starts_with("/")) in.problem_at(member.value, in.pointer() + "/body/" + member.key, "a JSON pointer begins with /");
      else when.body.emplace_back(member.key, member.value.to_json());
    }
  }
  in.done();
  return when;
}

Rule read_rule(JsonReader& in) {
  Rule rule;
  rule.line = in.node().line;
  if (auto when = in.object("when")) rule.when = read_when(*when);
  rule.fault = read_fault(in);
  if (auto reply = in.object("reply")) rule.reply = read_reply_script(*reply);
  rule.times = in.integer("times", {.min = 1, .max = kCountMax, .otherwise = -1});
  rule.after = in.integer("after", {.min = 0, .max = kCountMax, .otherwise = 0});
  rule.every = in.integer("every", {.min = 1, .max = kCountMax, .otherwise = 1});
  rule.probability = in.number("probability", {.min = 0, .max = 1, .otherwise = 1.0});
  if (auto ramp = in.object("ramp")) {
    rule.ramp = Rule::Ramp{ramp->number("to", {.min = 0, .max = 1}), ramp->duration("over", {.min = std::chrono::milliseconds{1}})};
    ramp->done();
    if (!in.has("probability")) in.problem("ramp", "a ramp begins somewhere: it wants a \"probability\"", "\"probability\": 0");
  }
  rule.go_to = in.string("goto", {.max = 200, .otherwise = ""});
  if (rule.fault.none() && !rule.reply && rule.go_to.empty() && !in.has("fault") && !in.has("plan")) {
    in.problem("", "a rule does something: \"fault\", \"plan\", \"reply\" or \"goto\"");
  }
  if (const auto info = rule.fault.name.empty() ? std::nullopt : find_fault(rule.fault.name)) {
    if (info->stage != Stage::request && !rule.when.of_the_connection_only()) {
      in.problem("when", fmt::format("\"{}\" happens before a request is read, so it cannot depend on one", rule.fault.name), "only nth, after and before");
    }
  }
  in.done();
  return rule;
}

RateWindow read_window(JsonReader& in) {
  RateWindow window;
  window.limit = in.integer("limit", {.min = 1, .max = kCountMax});
  window.window = in.duration("window", {.min = std::chrono::milliseconds{1}, .otherwise = std::chrono::seconds{60}});
  in.done();
  return window;
}

CredentialSpec read_credential(JsonReader& in, std::string label) {
  CredentialSpec spec;
  spec.label = std::move(label);
  spec.secret = in.string("secret", {.min = 6, .max = 1000, .otherwise = ""});
  spec.credit = in.optional_number("credit");
  spec.cost = in.number("cost", {.min = 0, .otherwise = 1.0});
  if (auto window = in.object("requests")) spec.requests = read_window(*window);
  if (auto window = in.object("tokens")) spec.tokens = read_window(*window);
  spec.concurrent_max = in.integer("concurrent_max", {.min = 0, .max = kCountMax, .otherwise = 0});
  spec.revoked = in.boolean("revoked", false);
  spec.region_blocked = in.boolean("region_blocked", false);
  spec.models_blocked = in.strings("models_blocked");
  in.done();
  return spec;
}

void read_credentials(JsonReader& in, ProviderSpec& spec) {
  const auto* node = in.raw("credentials");
  if (!node) return;
  if (node->kind == JsonNode::Kind::array) {
    for (const auto& item : node->items) {
      if (item.kind == JsonNode::Kind::string && !item.string.empty()) spec.credentials.push_back({.label = item.string});
      else in.problem_at(item, in.pointer() + "/credentials", "a label is wanted here");
    }
  } else if (node->kind == JsonNode::Kind::object) {
    auto map = in.reader_of(*node, in.pointer() + "/credentials");
    for (auto& entry : map.entries()) spec.credentials.push_back(read_credential(entry.reader, entry.name));
  } else {
    in.problem("credentials", "labels are wanted here: [\"key-a\", …] or {\"key-a\": {…}}");
  }
  for (std::size_t i = 0; i < spec.credentials.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (spec.credentials[i].label == spec.credentials[j].label) in.problem("credentials", fmt::format("\"{}\" stands here twice", spec.credentials[i].label));
    }
  }
}

DialectKind dialect_of_personality(std::string_view personality) {
  if (personality == "anthropic") return DialectKind::anthropic_messages;
  if (personality == "gemini" || personality == "vertex") return DialectKind::gemini;
  return DialectKind::openai_chat;
}

std::string_view default_personality(DialectKind kind) {
  switch (kind) {
    case DialectKind::anthropic_messages: return "anthropic";
    case DialectKind::gemini: return "gemini";
    default: return "openai";
  }
}

}  // namespace

std::span<const std::string_view> personality_names() { return kPersonalities; }

bool When::of_the_connection_only() const {
  return credential.empty() && model.empty() && path.empty() && session.empty() && text.empty() && method.empty() && !stream && headers.empty() &&
         body.empty() && !nth_credential && !nth_session;
}

ReplyScript read_reply_script(JsonReader& in) {
  ReplyScript script;
  script.text = in.optional_string("text", {.min = 0});
  if (const auto tokens = in.optional_integer("tokens", {.min = 0, .max = 1'000'000})) script.tokens = static_cast<int>(*tokens);
  for (auto& call : in.objects("tool_calls", false, 100)) {
    ToolCallScript tool;
    tool.name = call.string("name", {.max = 200});
    tool.id = call.string("id", {.max = 200, .otherwise = ""});
    if (const auto* arguments = call.raw("arguments")) {
      tool.arguments = arguments->kind == JsonNode::Kind::string ? arguments->string : base::dump(arguments->to_json());
    } else {
      tool.arguments = "{}";
    }
    call.done();
    script.tool_calls.push_back(std::move(tool));
  }
  if (auto usage = in.object("usage")) {
    if (const auto n = usage->optional_integer("prompt_tokens", {.max = kCountMax})) script.prompt_tokens = static_cast<int>(*n);
    if (const auto n = usage->optional_integer("completion_tokens", {.max = kCountMax})) script.completion_tokens = static_cast<int>(*n);
    usage->done();
  }
  script.finish_reason = in.string("finish_reason", {.max = 100, .otherwise = ""});
  script.reasoning = in.string("reasoning", {.otherwise = ""});
  script.first_token = in.duration("first_token", {.otherwise = base::Duration{0}});
  script.gap = in.duration("gap", {.otherwise = base::Duration{0}});
  script.gap_jitter = in.duration("gap_jitter", {.otherwise = base::Duration{0}});
  if (const auto rate = in.optional_number("tokens_per_second", {.min = 0.001, .max = 1e6})) script.gap = base::from_seconds(1 / *rate);
  in.done();
  return script;
}

std::vector<Rule> read_rules(JsonReader& in, std::string_view key) {
  std::vector<Rule> rules;
  for (auto& item : in.objects(key, false, 10'000)) rules.push_back(read_rule(item));
  return rules;
}

ProviderSpec read_provider(JsonReader& in, std::string name) {
  ProviderSpec spec;
  spec.name = std::move(name);
  spec.line = in.node().line;
  // "like" is the short way: a personality together with the dialect it speaks.
  const auto like = in.optional_string("like");
  if (like && in.has("personality")) in.problem("personality", "\"like\" is the personality already, so leave one of them out");
  const auto spoken = like ? dialect_of_personality(*like) : DialectKind::openai_chat;
  spec.dialect = static_cast<DialectKind>(in.one_of("dialect", kDialectNames, static_cast<std::size_t>(spoken)));
  const auto personality = in.optional_string("personality");
  spec.personality = like ? *like : personality.value_or(std::string(default_personality(spec.dialect)));
  if (std::find(kPersonalities.begin(), kPersonalities.end(), spec.personality) == kPersonalities.end()) {
    in.unknown_word(like ? "like" : "personality", like ? "provider" : "personality", spec.personality, kPersonalities);
    spec.personality = default_personality(spec.dialect);
  }
  spec.models = in.strings("models");
  read_credentials(in, spec);
  spec.keys_any = in.boolean("keys_any", spec.credentials.empty());
  if (auto reply = in.object("reply")) spec.reply = read_reply_script(*reply);
  spec.slow_per_open = in.number("slow_per_open", {.min = 0, .max = 1000, .otherwise = 0.0});
  spec.script = read_rules(in, "script");
  spec.tls = in.boolean("tls", false) ? Tls::valid : Tls::none;
  spec.port = static_cast<int>(in.integer("port", {.min = 0, .max = 65535, .otherwise = 0}));
  if (const auto* options = in.raw("options")) {
    spec.options = options->to_json();
    if (!spec.options.is_object()) in.problem("options", "an object is wanted here");
  }
  for (const auto& rule : spec.script) {
    const auto info = rule.fault.name.empty() ? std::nullopt : find_fault(rule.fault.name);
    if (info && info->stage == Stage::tls) spec.tls = Tls::valid;
    if (rule.when.credential.empty() || rule.when.credential.find_first_of("*?") != std::string::npos || spec.credentials.empty()) continue;
    std::vector<std::string> labels;
    for (const auto& credential : spec.credentials) labels.push_back(credential.label);
    if (std::find(labels.begin(), labels.end(), rule.when.credential) == labels.end() && rule.when.credential != "unknown" && rule.when.credential != "none") {
      const auto near = base::nearest_word(rule.when.credential, labels);
      in.problem("script", fmt::format("the rule on line {} waits for a credential \"{}\", which the provider does not have", rule.line, rule.when.credential),
                 near ? "did you mean \"" + *near + "\"?" : "it has: " + base::join(labels, ", "));
    }
  }
  in.done();
  return spec;
}

std::vector<ProviderSpec> read_providers(JsonReader& in, std::string_view key) {
  std::vector<ProviderSpec> list;
  for (auto& entry : in.map(key)) list.push_back(read_provider(entry.reader, entry.name));
  return list;
}

std::string make_secret(std::string_view salt, std::string_view provider, std::string_view personality, std::string_view label) {
  const auto hex = base::hmac_sha256_hex(salt, fmt::format("{}/{}", provider, label));
  if (personality == "anthropic") return fmt::format("sk-ant-api03-sim-{}-{}-{}", provider, label, hex.substr(0, 32));
  if (personality == "gemini" || personality == "vertex") return fmt::format("AIzaSySim{}", hex.substr(0, 30));
  if (personality == "openrouter") return fmt::format("sk-or-v1-{}", hex);
  if (personality == "groq") return fmt::format("gsk_{}", hex.substr(0, 52));
  if (personality == "xai") return fmt::format("xai-{}", hex);
  if (personality == "huggingface") return fmt::format("hf_{}", hex.substr(0, 34));
  return fmt::format("sk-sim-{}-{}-{}", provider, label, hex.substr(0, 32));
}

std::string_view base_path_of(DialectKind dialect) {
  switch (dialect) {
    case DialectKind::anthropic_messages:
    case DialectKind::gemini: return "";
    default: return "/v1";
  }
}

}  // namespace simulator
