// The table of settings as text for people, as a JSON Schema for editors, and as the example of a first run.
#include <set>

#include "base/text.h"
#include "gateway/core/settings.h"

namespace gateway {
namespace {

std::string words(std::span<const std::string_view> list) { return fmt::format("{}", fmt::join(list, " | ")); }

std::string range_of(double low, double high, std::string_view unit, bool duration) {
  if (high <= 0) return {};
  if (duration) return fmt::format("{} to {}", base::format_duration(base::from_seconds(low)), base::format_duration(base::from_seconds(high)));
  return fmt::format("{} to {}{}{}", low, high, unit.empty() ? "" : " ", unit);
}

std::string form_name(Form form) {
  switch (form) {
    case Form::address: return "address";
    case Form::address_or_off: return "address or \"off\"";
    case Form::url: return "URL";
    case Form::path:
    case Form::optional_path: return "path";
    case Form::secret: return "secret";
    case Form::level: return words(kLogLevels);
    case Form::plain: break;
  }
  return "text";
}

template <class Owner>
SettingInfo describe(const std::string& prefix, const Setting<Owner>& s, const Owner& fresh) {
  SettingInfo info{.path = prefix + std::string(s.key), .doc = std::string(s.doc), .required = s.required};
  const auto fill = [&](std::string type, std::string otherwise, bool duration = false) {
    info.type = std::move(type);
    info.otherwise = s.required ? "" : std::move(otherwise);
    info.range = range_of(s.low, s.high, s.unit, duration);
  };
  std::visit(
      [&](auto member) {
        using Value = std::remove_cvref_t<decltype(fresh.*member)>;
        const auto& value = fresh.*member;
        if constexpr (std::is_same_v<Value, std::string>) {
          fill(form_name(s.form), value);
          info.range.clear();  // a limit of bytes helps nobody
          info.text = true;
        } else if constexpr (std::is_same_v<Value, base::Duration>) {
          fill("duration", base::format_duration(value), true);
          info.text = true;
        } else if constexpr (std::is_same_v<Value, bool>) {
          fill("true or false", value ? "true" : "false");
        } else if constexpr (std::is_same_v<Value, double>) {
          fill("number", fmt::format("{}", value));
        } else if constexpr (std::is_integral_v<Value>) {
          fill("whole number", fmt::format("{}", value));
        } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
          fill("list of secrets", "[]");
          info.range.clear();
        } else if constexpr (std::is_same_v<Value, std::map<std::string, std::string>>) {
          fill("map of text", "{}");
          info.range.clear();
        } else if constexpr (std::is_same_v<Value, std::map<std::string, std::int64_t>>) {
          fill("map of whole numbers", "{}");
        } else if constexpr (std::is_same_v<Value, Dialect>) {
          fill(words(std::span(kDialectNames.words.data(), kUpstreamDialects)), "");
          info.text = true;
        } else if constexpr (std::is_same_v<Value, Strategy>) {
          fill(words(kStrategyNames.words), std::string(kStrategyNames(value)));
          info.text = true;
        } else {
          fill(words(kCommitNames.words), std::string(kCommitNames(value)));
          info.text = true;
        }
      },
      s.member);
  return info;
}

template <class Owner>
void describe_all(std::vector<SettingInfo>& out, const std::string& prefix, std::span<const Setting<Owner>> settings, const Owner& fresh = {}) {
  for (const auto& each : settings) out.push_back(describe(prefix, each, fresh));
}

std::vector<SettingInfo> gather() {
  std::vector<SettingInfo> out;
  Config fresh;
  fresh.state = kStateDefault;
  describe_all(out, "", root_settings(), fresh);
  out.push_back({.path = "providers", .type = "map of objects", .doc = "Name → provider. Routes refer to the names.", .required = true});
  describe_all(out, "providers.NAME.", provider_settings());
  describe_all(out, "providers.NAME.timeouts.", timeout_settings());
  out.push_back({.path = "providers.NAME.credentials", .type = "list of objects", .otherwise = "[]", .doc = "Its keys, in the order of fill-first. Empty: a provider without keys."});
  describe_all(out, "providers.NAME.credentials.N.", credential_settings());
  out.push_back({.path = "routes", .type = "map", .doc = "Name → targets, tried in order: [\"provider/model\", …], or an object with \"targets\". \"default\" serves every other "
                 "model; without one, the first route does.", .required = true});
  out.push_back({.path = "routes.NAME.targets", .type = "list of text", .doc = "\"provider/model\", tried in order.", .required = true});
  describe_all(out, "routes.NAME.", route_settings());
  describe_all(out, "retry.", retry_settings());
  describe_all(out, "limits.", limit_settings());
  describe_all(out, "restart.", restart_settings());
  describe_all(out, "respawn.", respawn_settings());
  return out;
}

base::Json schema_of(const SettingInfo& info) {
  base::Json node{{"description", info.doc + (info.range.empty() ? "" : " Range: " + info.range + ".")}};
  if (info.type == "whole number") node["type"] = "integer";
  else if (info.type == "number") node["type"] = "number";
  else if (info.type == "true or false") node["type"] = "boolean";
  else if (info.type.starts_with("list of objects")) node["type"] = "array";
  else if (info.type.starts_with("list")) node["type"] = "array", node["items"] = {{"type", "string"}};
  else if (info.type == "map of text") node["type"] = "object", node["additionalProperties"] = {{"type", "string"}};
  else if (info.type == "map of whole numbers") node["type"] = "object", node["additionalProperties"] = {{"type", "integer"}};
  else node["type"] = "string";
  if (info.type == "duration") node["pattern"] = "^([0-9.]+(ns|us|ms|s|m|min|h|d))+$|\\$\\{";
  if (info.type.find(" | ") != std::string::npos) {
    node["enum"] = base::Json::array();
    for (const auto& word : base::split(info.type, '|')) node["enum"].push_back(std::string(base::trim(word)));
  }
  if (!info.otherwise.empty() && node["type"] == "string") node["default"] = info.otherwise;
  else if (!info.otherwise.empty()) node["default"] = base::parse_wire_json(info.otherwise).value_or(nullptr);
  return node;
}

base::Json& object_at(base::Json& node) {
  if (!node.contains("type")) node["type"] = "object";
  if (node["type"] == "object" && !node.contains("properties") && !node.contains("additionalProperties")) {
    node["properties"] = base::Json::object();
    node["additionalProperties"] = false;
  }
  return node;
}

/// The schema node one step further down: a property, the values of a map (NAME), or the items of a list (N).
base::Json& schema_step(base::Json& node, const std::string& step) {
  if (step == "NAME") {
    node["type"] = "object";
    node.erase("properties");
    if (!node.contains("additionalProperties") || node["additionalProperties"].is_boolean()) node["additionalProperties"] = base::Json::object();
    return node["additionalProperties"];
  }
  if (step == "N") {
    if (!node.contains("items")) node["items"] = base::Json::object();
    return node["items"];
  }
  return object_at(node)["properties"][step];
}

}  // namespace

const std::vector<SettingInfo>& all_settings() {
  static const auto table = gather();
  return table;
}

std::string explain_settings(std::string_view only) {
  std::string out;
  for (const auto& info : all_settings()) {
    if (!only.empty() && info.path.find(only) == std::string::npos) continue;
    out += info.path + "\n    " + info.type;
    if (!info.range.empty()) out += ", " + info.range;
    out += info.required ? ", required" : info.otherwise.empty() ? ", default: none" : ", default: " + info.otherwise;
    out += "\n    " + info.doc + "\n";
  }
  return out;
}

base::Json config_schema() {
  base::Json root{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Brownout gateway"}};
  object_at(root)["properties"]["$schema"] = {{"type", "string"}};
  for (const auto& info : all_settings()) {
    const auto steps = base::split(info.path, '.');
    base::Json* node = &root;
    base::Json* parent = nullptr;
    for (const auto& step : steps) {
      parent = node;
      node = &schema_step(*node, step);
    }
    if (info.type.starts_with("map of objects") || info.path == "routes") *node = {{"type", "object"}, {"description", info.doc}};
    else node->update(schema_of(info));
    if (info.required && steps.back() != "N") object_at(*parent)["required"].push_back(steps.back());
  }
  auto& route = root["properties"]["routes"]["additionalProperties"];
  const base::Json object = route;
  route = {{"anyOf", {{{"type", "array"}, {"items", {{"type", "string"}}}, {"minItems", 1}}, object}}};
  return root;
}

std::string example_config() {
  // The two keys a person must fill in come from the environment, so that the file itself holds no secret.
  return R"({
  "$schema": "gateway.schema.json",
  "listen": "127.0.0.1:8642",
  "admin": "127.0.0.1:8643",
  "state": "~/.local/state/brownout/gateway.db",
  "providers": {
    "openai": {
      "dialect": "openai-chat",
      "url": "https://api.openai.com/v1",
      "credentials": [ {"label": "main", "secret": "${OPENAI_API_KEY}"} ]
    },
    "anthropic": {
      "dialect": "anthropic-messages",
      "url": "https://api.anthropic.com/v1",
      "credentials": [ {"label": "main", "secret": "${ANTHROPIC_API_KEY}"} ]
    }
  },
  "routes": {
    "default": ["openai/gpt-4o-mini", "anthropic/claude-3-5-haiku-latest"]
  },
  "retry": {"attempts": 3},
  "restart": {"drain": "60s"},
  "deadline": "5m"
}
)";
}

}  // namespace gateway
