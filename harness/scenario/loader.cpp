#include "harness/scenario/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "harness/scenario/check_table.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

using base::Json;
using base::JsonNode;
using base::JsonReader;
using Kind = JsonNode::Kind;

std::string scalar_text(const JsonNode& node) {
  if (node.kind == Kind::string) return node.string;
  if (node.kind == Kind::boolean) return node.boolean ? "yes" : "no";
  return base::dump(node.to_json());
}

void read_unit(JsonReader& in, GatewaySetup& setup) {
  const auto* node = in.raw("unit");
  if (!node) return;
  if (node->kind != Kind::object) return in.problem("unit", "an object is wanted here: setting to value, such as {\"RestartSec\": \"30s\"}");
  auto unit = in.reader_of(*node, in.pointer() + "/unit");
  const auto names = names_of(unit_settings());
  for (const auto& member : node->members) {
    const auto at = unit.pointer() + "/" + member.key;
    if (!member.key.starts_with("X-") && !find_row(unit_settings(), member.key)) unit.unknown_word(member.key, "setting of a unit", member.key, names);
    const bool list = member.value.kind == Kind::array;
    if (member.value.kind == Kind::object || member.value.kind == Kind::null) unit.problem_at(member.value, at, "text, a number, true, false or a list of texts is wanted here");
    else if (!list) setup.unit.emplace_back(member.key, scalar_text(member.value));
    if (!list) continue;
    for (const auto& item : member.value.items) {
      if (item.kind == Kind::object || item.kind == Kind::array || item.kind == Kind::null) unit.problem_at(item, at, "text is wanted here");
      else setup.unit.emplace_back(member.key, scalar_text(item));
    }
  }
}

std::map<std::string, std::string> read_text_map(JsonReader& in, std::string_view key) {
  std::map<std::string, std::string> map;
  const auto* node = in.raw(key);
  if (!node) return map;
  if (node->kind != Kind::object) {
    in.problem(key, "an object is wanted here: name to text");
    return map;
  }
  for (const auto& member : node->members) {
    if (member.value.kind != Kind::string) in.problem_at(member.value, fmt::format("{}/{}/{}", in.pointer(), key, member.key), "text is wanted here");
    else map[member.key] = member.value.string;
  }
  return map;
}

void check_routes(JsonReader& in, const JsonNode& node, const std::vector<simulator::ProviderSpec>& providers) {
  std::vector<std::string_view> names;
  for (const auto& each : providers) names.push_back(each.name);
  for (const auto& route : node.members) {
    const auto* targets = &route.value;
    if (targets->kind == Kind::object) targets = targets->find("targets");
    if (!targets || targets->kind != Kind::array) {
      in.problem_at(route.value, "/gateway/routes/" + route.key, "a list of \"provider/model\" is wanted here, or an object with \"targets\"");
      continue;
    }
    for (std::size_t i = 0; i < targets->items.size(); ++i) {
      const auto& item = targets->items[i];
      const auto at = fmt::format("/gateway/routes/{}/{}", route.key, i);
      if (item.kind == Kind::object) continue;  // the gateway's own form of a target
      const auto slash = item.string.find('/');
      if (item.kind != Kind::string || slash == 0 || slash == std::string::npos || slash + 1 == item.string.size()) {
        in.problem_at(item, at, "\"provider/model\" is wanted here");
        continue;
      }
      const auto name = item.string.substr(0, slash);
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      const auto near = base::nearest_word(name, std::span<const std::string_view>(names));
      in.problem_at(item, at, fmt::format("no provider is called \"{}\"", base::printable(name, 80)), near ? fmt::format("did you mean \"{}\"?", *near) : "");
    }
  }
}

GatewaySetup read_gateway(JsonReader& in, const std::vector<simulator::ProviderSpec>& providers) {
  GatewaySetup setup;
  if (const auto* routes = in.raw("routes")) {
    if (routes->kind != Kind::object) in.problem("routes", "an object is wanted here: route to list of \"provider/model\"");
    else check_routes(in, *routes, providers), setup.routes = routes->to_json();
  }
  if (const auto* config = in.raw("config")) {
    if (config->kind != Kind::object) in.problem("config", "an object is wanted here: merged over the configuration the harness writes");
    else setup.config = config->to_json();
  }
  read_unit(in, setup);
  setup.socket = in.boolean("socket", false);
  setup.managed = in.boolean("managed", true);
  setup.start = in.boolean("start", true);
  setup.installed = in.boolean("installed", true);
  setup.args = in.strings("args", 100);
  setup.env = read_text_map(in, "env");
  setup.files = read_text_map(in, "files");
  for (const auto& [path, text] : setup.files) {
    if (path.starts_with("/") || path.find("..") != std::string::npos) in.problem("files", fmt::format("\"{}\" leaves the state folder", path), "paths are relative to it");
  }
  if (!setup.managed && setup.socket) in.problem("socket", "without a manager nobody keeps the socket", "leave out \"managed\": false");
  if (!setup.managed && !setup.unit.empty()) in.problem("unit", "without a manager there is no unit", "leave out \"managed\": false");
  in.done();
  return setup;
}

void read_world(JsonReader& in, Scenario& scenario) {
  auto world = in.object("world");
  if (!world) return;
  scenario.virtual_world = world->boolean("virtual", true);
  scenario.virtual_reason = world->string("because", {.max = 500, .otherwise = ""});
  if (!scenario.virtual_world && scenario.virtual_reason.empty()) world->problem("", "say \"because\": which real thing this scenario needs");
  world->done();
}

std::vector<Expectation> read_expect(JsonReader& in, LoadContext& context) {
  std::vector<Expectation> list;
  std::vector<std::string_view> names;
  for (const auto& row : check_rows()) {
    if (!row.always) names.push_back(row.name);
  }
  for (auto& item : in.objects("expect", true, 1000)) {
    Expectation expectation{.line = item.node().line};
    expectation.check = item.string("check", {.max = 100});
    const auto* row = find_check(expectation.check);
    if (row && row->always) {
      item.problem("check", fmt::format("\"{}\" is always checked", expectation.check), "leave it out");
      row = nullptr;
    } else if (!row && !expectation.check.empty()) {
      item.unknown_word("check", "check", expectation.check, names);
    }
    if (!row) {
      for (const auto& member : item.node().members) item.ignore(member.key);
    } else {
      expectation.params = read_params(item, row->params, context.references);
      item.done();
    }
    list.push_back(std::move(expectation));
  }
  return list;
}

const std::vector<std::string_view> names_for(const Reference& reference, const Scenario& scenario, const LoadContext& context) {
  std::vector<std::string_view> names;
  switch (reference.type) {
    case ParamType::reply: names.assign(context.replies.begin(), context.replies.end()); break;
    case ParamType::cli: names.assign(context.commands.begin(), context.commands.end()); break;
    case ParamType::provider:
      for (const auto& each : scenario.providers) names.push_back(each.name);
      break;
    default:
      for (const auto& each : scenario.providers) {
        if (!reference.provider.empty() && each.name != reference.provider) continue;
        for (const auto& key : each.credentials) names.push_back(key.label);
      }
  }
  return names;
}

void resolve(JsonReader& in, const Scenario& scenario, const LoadContext& context) {
  for (const auto& reference : context.references) {
    const auto names = names_for(reference, scenario, context);
    const bool step = reference.type == ParamType::reply || reference.type == ParamType::cli;
    const bool found = std::any_of(names.begin(), names.end(), [&](auto name) { return step ? reply_matches(reference.name, name) : reference.name == name; });
    if (found) continue;
    const bool provider_unknown = !step && !reference.provider.empty() && names.empty();
    if (provider_unknown) continue;  // the provider itself is reported
    const auto noun = reference.type == ParamType::reply ? "send step" : reference.type == ParamType::cli ? "cli step" : reference.type == ParamType::provider ? "provider" : "credential";
    const auto near = base::nearest_word(reference.name, std::span<const std::string_view>(names));
    const std::vector<std::string> all(names.begin(), names.end());
    std::string hint;
    if (near) hint = fmt::format("did you mean \"{}\"?", *near);
    else if (all.empty()) hint = step ? "give a step a name with \"as\"" : "this scenario has none";
    else if (all.size() <= 16) hint = "one of: " + base::join(all, ", ");
    in.problem_at(*reference.node, reference.pointer, fmt::format("no {} is called \"{}\"", noun, base::printable(reference.name, 80)), hint);
  }
}

}  // namespace

std::vector<std::string> read_words(JsonReader& in, std::string_view key, std::string_view noun, const std::vector<std::string_view>& names, bool required) {
  std::vector<std::string> words;
  const auto* node = in.raw(key, required);
  if (!node) return words;
  if (node->kind != Kind::array) {
    in.problem(key, "a list of words is wanted here");
    return words;
  }
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const auto& item = node->items[i];
    const auto at = fmt::format("{}/{}/{}", in.pointer(), key, i);
    if (item.kind != Kind::string) {
      in.problem_at(item, at, "text is wanted here");
      continue;
    }
    if (!names.empty() && std::find(names.begin(), names.end(), item.string) == names.end()) {
      const auto near = base::nearest_word(item.string, std::span(names));
      const std::vector<std::string> all(names.begin(), names.end());
      in.problem_at(item, at, fmt::format("no {} is called \"{}\"", noun, base::printable(item.string, 80)),
                    near ? fmt::format("did you mean \"{}\"?", *near) : "one of: " + base::join(all, ", "));
    }
    if (std::find(words.begin(), words.end(), item.string) != words.end()) in.problem_at(item, at, fmt::format("\"{}\" stands here twice", item.string));
    words.push_back(item.string);
  }
  return words;
}

bool reply_matches(std::string_view pattern, std::string_view name) {
  if (pattern == name || base::glob_match(pattern, name)) return true;
  const auto dot = pattern.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == pattern.size()) return false;
  const auto digits = pattern.substr(dot + 1);
  return pattern.substr(0, dot) == name && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

base::Result<Scenario> parse_scenario(std::string text, const std::string& file) {
  auto document = base::parse_json_document(std::move(text), file);
  if (document.has_error()) return document.error();
  std::vector<base::Diagnostic> problems;
  JsonReader in(document.value(), problems);
  LoadContext context;
  Scenario scenario;
  scenario.file = file;
  scenario.name = std::filesystem::path(file).stem().string();
  in.ignore("$schema");
  scenario.version = in.integer("version", {.min = 1, .max = 1});
  scenario.title = in.string("title", {.max = 200});
  scenario.why = in.string("why", {.max = 2000});
  scenario.origin = read_words(in, "origin", "origin", {}, false);
  scenario.tags = read_words(in, "tags", "tag", names_of(tags()), true);
  scenario.needs = read_words(in, "needs", "ability", names_of(abilities()), false);
  if (const auto* providers = in.raw("providers", true)) scenario.providers_json = providers->to_json();
  scenario.providers = simulator::read_providers(in, "providers");
  if (auto gateway = in.object("gateway", true)) scenario.gateway = read_gateway(*gateway, scenario.providers);
  scenario.steps = read_steps(in, "steps", context, true);
  scenario.expect = read_expect(in, context);
  scenario.step_expect = std::move(context.step_expect);
  scenario.catches = read_words(in, "catches", "mutant", {}, false);
  scenario.speed = in.optional_number("speed", {.min = 0.01, .max = 50});
  if (const auto seed = in.optional_integer("seed")) scenario.seed = static_cast<std::uint64_t>(*seed);
  read_world(in, scenario);
  scenario.unused_faults_reason = in.string("unused_faults", {.max = 500, .otherwise = ""});
  scenario.time_limit = in.duration("time_limit", {.min = std::chrono::seconds{1}, .otherwise = scenario.time_limit});
  in.done();
  resolve(in, scenario, context);
  if (problems.empty()) return scenario;
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) { return a.line != b.line ? a.line < b.line : a.column < b.column; });
  return base::Error{std::move(problems)};
}

base::Result<Scenario> load_scenario(const std::string& path) {
  auto document = base::read_json_file(path);
  if (document.has_error()) return document.error();
  return parse_scenario(std::move(document.value().text), path);
}

}  // namespace harness
