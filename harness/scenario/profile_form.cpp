#include "harness/scenario/profile_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace harness {
namespace {

using base::Json;
using base::JsonNode;

constexpr std::string_view kEnvironment = "env:";  // ${env:NAME}
constexpr std::array<std::string_view, 4> kLists{"routes", "targets", "providers", "keys"};
constexpr std::array<std::string_view, 6> kPlaceWords{"config", "port", "admin_port", "state", "ca", "folder"};
constexpr std::array<std::string_view, 6> kProviderWords{"provider.name", "provider.kind", "provider.url", "provider.base_url", "provider.dialect", "provider.vendor"};
constexpr std::array<std::string_view, 3> kKeyWords{"key.label", "key.secret", "key.variable"};

/// Calls word(name) for each ${name}; its text replaces it, nullopt leaves it. "$${" is an escaped "${".
std::string replace_words(const std::string& text, const std::function<std::optional<std::string>(const std::string&)>& word) {
  std::string out;
  std::size_t at = 0;
  for (auto next = text.find("${"); next != std::string::npos; next = text.find("${", at)) {
    const auto end = text.find('}', next);
    const bool escaped = next > at && text[next - 1] == '$';
    out += text.substr(at, next - at - (escaped ? 1 : 0));
    at = next + 2;
    if (escaped || end == std::string::npos) {
      out += "${";
      continue;
    }
    const auto name = text.substr(next + 2, end - next - 2);
    const auto value = word(name);
    out += value ? *value : "${" + name + "}";
    at = end + 1;
  }
  return out + text.substr(at);
}

struct RouteTarget {
  std::string provider, model;
};
struct Route {
  std::string name;
  std::vector<RouteTarget> targets;
};

std::optional<RouteTarget> read_target(const Json& text) {
  if (!text.is_string()) return std::nullopt;
  const auto whole = text.get<std::string>();
  const auto slash = whole.find('/');
  if (slash == std::string::npos) return std::nullopt;
  return RouteTarget{whole.substr(0, slash), whole.substr(slash + 1)};
}

std::vector<Route> routes_of(const FormFacts& facts) {
  std::vector<Route> routes;
  for (const auto& [name, value] : facts.scenario.gateway.routes.items()) {
    const auto* targets = value.is_object() ? base::find(value, "targets") : &value;
    Route route{name, {}};
    if (targets != nullptr) {
      for (const auto& each : *targets) {
        if (auto target = read_target(each)) route.targets.push_back(*target);
      }
    }
    routes.push_back(std::move(route));
  }
  // What config_for writes when a scenario names no route.
  if (routes.empty() && !facts.places.providers.empty()) routes.push_back({"default", {{facts.places.providers.begin().key(), "gpt-test"}}});
  return routes;
}

class Writer {
 public:
  explicit Writer(const FormFacts& facts) : facts_(facts), routes_(routes_of(facts)) {}

  Json fill(const Json& form, const std::string& model) const { return write(form, {.targets = targets_for(model), .route = {}, .provider = {}, .model = {}, .key = {}, .secret = {}}); }
  std::string text(const std::string& text) const { return write_text(text, {}); }

 private:
  struct Scope {
    std::vector<RouteTarget> targets;
    std::string route, provider, model, key, secret;
  };

  std::vector<RouteTarget> targets_for(const std::string& model) const {
    const auto wanted = model.empty() ? std::string("default") : model;
    for (const auto& route : routes_) {
      if (route.name == wanted) return route.targets;
    }
    if (const auto direct = read_target(wanted); direct && facts_.places.providers.contains(direct->provider)) return {*direct};
    // A model that is no route goes where the first route goes, under its own name: the provider says whether it knows it.
    auto targets = routes_.empty() ? std::vector<RouteTarget>{} : routes_.front().targets;
    for (auto& target : targets) target.model = wanted;
    return targets;
  }

  std::vector<Scope> scopes(const std::string& list, const Scope& outer) const {
    std::vector<Scope> found;
    const auto& providers = facts_.places.providers;
    auto scope = outer;
    if (list == "routes") {
      for (const auto& route : routes_) {
        scope.route = route.name;
        scope.targets = route.targets;
        found.push_back(scope);
      }
    } else if (list == "targets") {
      for (const auto& target : outer.targets) {
        scope.provider = target.provider;
        scope.model = target.model;
        found.push_back(scope);
      }
    } else if (list == "providers") {
      for (const auto& [name, provider] : providers.items()) {
        scope.provider = name;
        found.push_back(scope);
      }
    } else if (const auto* provider = base::find(providers, outer.provider); provider != nullptr && provider->contains("credentials")) {
      for (const auto& [label, secret] : (*provider)["credentials"].items()) {
        scope.key = label;
        scope.secret = secret.is_string() ? secret.get<std::string>() : "";
        found.push_back(scope);
      }
    }
    return found;
  }

  std::string write_text(const std::string& text, const Scope& scope) const {
    return replace_words(text, [&](const std::string& name) { return word(name, scope); });
  }

  std::optional<std::string> word(const std::string& name, const Scope& scope) const {
    if (const auto found = facts_.words.find(name); found != facts_.words.end()) return found->second;
    if (name.starts_with(kEnvironment)) return facts_.environment ? facts_.environment(name.substr(kEnvironment.size())) : "";
    if (std::find(kPlaceWords.begin(), kPlaceWords.end(), name) != kPlaceWords.end()) return fill_words("${" + name + "}", facts_.places);
    if (name == "route.name") return scope.route;
    if (name == "target.model") return scope.model;
    if (name == "key.label") return scope.key;
    if (name == "key.secret") return scope.secret;
    if (name == "key.variable") return secret_variable(scope.provider, scope.key);
    return provider_word(name, scope.provider);
  }

  std::optional<std::string> provider_word(const std::string& name, const std::string& provider) const {
    const auto* entry = base::find(facts_.places.providers, provider);
    if (entry == nullptr || std::find(kProviderWords.begin(), kProviderWords.end(), name) == kProviderWords.end()) return std::nullopt;
    auto dialect = base::string_or(*entry, "dialect");
    if (dialect == "any") dialect = "openai-chat";
    if (name == "provider.name") return provider;
    if (name == "provider.dialect") return dialect;
    if (name == "provider.vendor") return base::string_or(*entry, "personality");
    if (name != "provider.kind") return base::string_or(*entry, name.substr(name.find('.') + 1));
    const auto called = facts_.dialects.find(dialect);
    return called == facts_.dialects.end() ? dialect : called->second;
  }

  /// What an `each` stands for: a list, or with "name" an object. An `each` right inside of it goes into the same list.
  Json write_each(const Json& form, const Scope& scope) const {
    const auto* name = base::find(form, "name");
    Json all = name != nullptr ? Json::object() : Json::array();
    for (const auto& inner : scopes(base::string_or(form, "each"), scope)) {
      if (name != nullptr) all[write_text(name->get<std::string>(), inner)] = write(form["of"], inner);
      else append(all, form["of"], inner);
    }
    return all;
  }

  static bool spliced(const Json& form) { return form.is_object() && form.contains("each") && !form.contains("name"); }

  void append(Json& list, const Json& form, const Scope& scope) const {
    auto value = write(form, scope);
    if (!spliced(form)) return list.push_back(std::move(value));
    for (auto& each : value) list.push_back(std::move(each));
  }

  Json write(const Json& form, const Scope& scope) const {
    if (form.is_string()) return write_text(form.get<std::string>(), scope);
    if (form.is_object() && form.contains("each")) return write_each(form, scope);
    if (form.is_array()) {
      Json list = Json::array();
      for (const auto& item : form) append(list, item, scope);
      return list;
    }
    if (!form.is_object()) return form;
    Json object = Json::object();
    for (const auto& [key, value] : form.items()) object[key] = write(value, scope);
    return object;
  }

  const FormFacts& facts_;
  std::vector<Route> routes_;
};

// ---- what a person wrote wrong ----

class FormCheck {
 public:
  FormCheck(base::JsonReader& in, const std::set<std::string>& extra) : in_(in) {
    known_.insert(extra.begin(), extra.end());
    known_.insert(kPlaceWords.begin(), kPlaceWords.end());
  }

  void look(const JsonNode& node, const std::string& pointer, const std::set<std::string>& known) const {
    if (node.kind == JsonNode::Kind::string) return look_text(node, pointer, known);
    if (node.kind == JsonNode::Kind::object && node.find("each") != nullptr) return look_each(node, pointer, known);
    for (std::size_t i = 0; i < node.items.size(); ++i) look(node.items[i], fmt::format("{}/{}", pointer, i), known);
    for (const auto& member : node.members) look(member.value, pointer + "/" + member.key, known);
  }
  const std::set<std::string>& known() const { return known_; }

 private:
  void look_text(const JsonNode& node, const std::string& pointer, const std::set<std::string>& known) const {
    replace_words(node.string, [&](const std::string& name) -> std::optional<std::string> {
      if (name.starts_with(kEnvironment) || known.contains(name)) return "";
      const std::vector<std::string> all(known.begin(), known.end());
      const auto near = base::nearest_word(name, std::span<const std::string>(all));
      const auto hint = near ? fmt::format("did you mean \"${{{}}}\"?", *near) : "words that mean something here: " + base::join(all, ", ");
      in_.problem_at(node, pointer, fmt::format("\"${{{}}}\" means nothing here", base::printable(name, 80)), hint + "  The target's own: \"$${" + name + "}\"");
      return "";
    });
  }

  void look_each(const JsonNode& node, const std::string& pointer, const std::set<std::string>& known) const {
    const auto& each = *node.find("each");
    const auto* of = node.find("of");
    const auto* name = node.find("name");
    if (std::find(kLists.begin(), kLists.end(), each.string) == kLists.end()) {
      const auto near = base::nearest_word(each.string, std::span<const std::string_view>(kLists));
      in_.problem_at(each, pointer + "/each", fmt::format("there is no list of \"{}\"", base::printable(each.string, 80)),
                     near ? fmt::format("did you mean \"{}\"?", *near) : "one of: routes, targets, providers, keys");
    }
    if (of == nullptr) in_.problem_at(node, pointer, "an \"each\" needs \"of\": what is written for each", R"({"each": "targets", "of": {"model": "${target.model}"}})");
    for (const auto& member : node.members) {
      if (member.key != "each" && member.key != "of" && member.key != "name") in_.problem_at(member.value, pointer + "/" + member.key, fmt::format("\"{}\" is no member of an \"each\"", member.key), "it has each, of and name");
    }
    auto inner = known;
    if (each.string == "routes") inner.insert("route.name");
    if (each.string == "targets") inner.insert("target.model");
    if (each.string == "targets" || each.string == "providers") inner.insert(kProviderWords.begin(), kProviderWords.end());
    if (each.string == "keys") inner.insert(kKeyWords.begin(), kKeyWords.end());
    if (each.string == "keys" && !known.contains("provider.name")) in_.problem_at(each, pointer + "/each", "keys are of a provider", "put it inside an \"each\" of targets or providers");
    if (name != nullptr && name->kind != JsonNode::Kind::string) in_.problem_at(*name, pointer + "/name", "text is wanted here");
    else if (name != nullptr) look_text(*name, pointer + "/name", inner);
    if (of != nullptr) look(*of, pointer + "/of", inner);
  }

  base::JsonReader& in_;
  std::set<std::string> known_;
};

}  // namespace

std::string fill_text(const std::string& text, const FormFacts& facts) { return Writer(facts).text(text); }
Json fill_form(const Json& form, const FormFacts& facts, const std::string& model) { return Writer(facts).fill(form, model); }

void check_form(base::JsonReader& in, const JsonNode& form, const std::string& pointer, const std::set<std::string>& extra) {
  const FormCheck check(in, extra);
  check.look(form, pointer, check.known());
}

}  // namespace harness
