#include "harness/live/target.h"

#include <cctype>

#include "base/json_reader.h"
#include "base/text.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

using base::Json;

Target own_gateway(const std::string& executable) {
  Target target;
  target.name = "gateway";
  target.executable = executable;
  target.command = {executable, "run", "--config", "${config}", "--log", "json"};
  for (const auto& ability : abilities()) target.abilities.insert(std::string(ability.name));
  return target;
}

base::Result<Target> read_profile(const std::filesystem::path& file) {
  auto document = base::read_json_file(file.string());
  if (document.has_error()) return document.error();
  std::vector<base::Diagnostic> problems;
  base::JsonReader in(document.value(), problems);
  Target target;
  target.name = file.stem().string();
  in.ignore("$schema");
  in.string("about", {.otherwise = ""});
  target.command = in.strings("command");
  if (target.command.empty()) in.problem("command", "a target needs a command", "[\"node\", \"${folder}/server.js\", \"--port=${port}\"]");
  target.health = in.string("health", {.otherwise = "/"});
  target.config_name = in.string("config_name", {.otherwise = "config.json"});
  target.notify = in.boolean("notify", false);
  target.json_log = in.boolean("json_log", false);
  for (const auto& ability : in.strings("abilities")) target.abilities.insert(ability);
  const auto read_map = [&](const char* key, auto add) {
    if (const auto* node = in.raw(key)) {
      const auto json = node->to_json();
      if (json.is_object()) {
        for (const auto& [name, value] : json.items()) add(name, value.is_string() ? value.template get<std::string>() : base::dump(value));
      }
    }
  };
  read_map("env", [&](const std::string& name, std::string value) { target.env[name] = std::move(value); });
  read_map("unit", [&](const std::string& name, std::string value) { target.unit.emplace_back(name, std::move(value)); });
  if (const auto* config = in.raw("config")) target.config = config->to_json();
  in.done();
  if (!problems.empty()) return base::Error{problems};
  return target;
}

}  // namespace

base::Result<Target> find_target(const std::string& name, const Paths& paths) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (name.empty() || name == "gateway") return own_gateway((paths.bin / "gateway").string());
  if (name.starts_with("mutant:")) {
    const auto program = paths.libexec / "mutant-gateway";
    if (!fs::exists(program, ignored)) return base::problem("there is no mutant gateway at " + program.string(), "build the target mutant-gateway", {}, "--target");
    auto target = own_gateway(program.string());
    target.name = name;
    target.env["BROWNOUT_MUTANT"] = name.substr(7);
    return target;
  }
  if (fs::exists(name, ignored)) return read_profile(name);
  const auto file = paths.library / "targets" / (name + ".json");
  if (fs::exists(file, ignored)) return read_profile(file);
  return base::problem(fmt::format("no target is called \"{}\"", name), "gateway, mutant:NAME, a profile of scenarios/targets, or a FILE", {}, "--target");
}

std::string secret_variable(const std::string& provider, const std::string& label) {
  std::string name;
  for (const char c : provider + "_" + label) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
  return name;
}

std::string fill_words(std::string text, const Places& places) {
  text = base::replace_all(std::move(text), "${config}", places.config);
  text = base::replace_all(std::move(text), "${port}", std::to_string(places.port));
  text = base::replace_all(std::move(text), "${admin_port}", std::to_string(places.admin_port));
  text = base::replace_all(std::move(text), "${state}", places.state);
  text = base::replace_all(std::move(text), "${ca}", places.ca_file);
  text = base::replace_all(std::move(text), "${folder}", places.folder);
  for (const auto& [name, provider] : places.providers.items()) {
    text = base::replace_all(std::move(text), "${" + name + ".url}", base::string_or(provider, "url"));
    text = base::replace_all(std::move(text), "${" + name + ".base_url}", base::string_or(provider, "base_url"));
    text = base::replace_all(std::move(text), "${" + name + ".port}", std::to_string(base::integer_or(provider, "port", 0)));
  }
  return text;
}

void merge_json(Json& into, const Json& over) {
  if (!over.is_object() || !into.is_object()) {
    into = over;
    return;
  }
  for (const auto& [key, value] : over.items()) {
    if (value.is_null()) {
      into.erase(key);
    } else if (into.contains(key)) {
      merge_json(into[key], value);
    } else {
      into[key] = value;
    }
  }
}

Json config_for(const Scenario& scenario, const Places& places) {
  Json config{{"listen", fmt::format("127.0.0.1:{}", places.port)}, {"admin", fmt::format("127.0.0.1:{}", places.admin_port)}, {"state", places.state}};
  Json providers = Json::object();
  for (const auto& [name, provider] : places.providers.items()) {
    Json entry{{"dialect", base::string_or(provider, "dialect")}, {"url", base::string_or(provider, "base_url")}, {"vendor", base::string_or(provider, "personality")}};
    if (entry["dialect"] == "any") entry["dialect"] = "openai-chat";
    Json credentials = Json::array();
    for (const auto& [label, secret] : provider["credentials"].items()) {
      credentials.push_back({{"label", label}, {"secret", "${" + secret_variable(name, label) + "}"}});
    }
    entry["credentials"] = std::move(credentials);
    if (!places.ca_file.empty() && base::string_or(provider, "url").starts_with("https")) entry["ca_file"] = places.ca_file;
    providers[name] = std::move(entry);
  }
  config["providers"] = std::move(providers);
  if (!scenario.gateway.routes.empty()) {
    config["routes"] = scenario.gateway.routes;
  } else if (!config["providers"].empty()) {
    config["routes"] = {{"default", Json::array({config["providers"].begin().key() + "/gpt-test"})}};
  }
  auto over = base::dump(scenario.gateway.config);
  if (const auto filled = base::parse_wire_json(fill_words(over, places))) merge_json(config, *filled);
  return config;
}

std::string unit_for(const Target& target, const Scenario& scenario, const Places& places, const std::string& environment_file) {
  std::vector<std::pair<std::string, std::string>> unit{{"StartLimitIntervalSec", "600"}, {"StartLimitBurst", "20"}};
  std::vector<std::pair<std::string, std::string>> service{
      {"Type", target.notify ? "notify" : "simple"}, {"Restart", "on-failure"}, {"RestartSec", "30"}, {"RestartForceExitStatus", "75"},
      {"RestartPreventExitStatus", "78"}, {"TimeoutStartSec", "90"}, {"TimeoutStopSec", "95"}, {"KillMode", "mixed"}, {"ExecReload", "/bin/kill -HUP $MAINPID"}};
  const auto set = [&](const std::pair<std::string, std::string>& setting) {
    const bool of_unit = setting.first.starts_with("StartLimit") || setting.first == "OnFailure" || setting.first == "Description" || setting.first == "After" ||
                         setting.first == "Requires";
    auto& list = of_unit ? unit : service;
    for (auto& [name, value] : list) {
      if (name == setting.first) {
        value = setting.second;
        return;
      }
    }
    list.push_back(setting);
  };
  for (const auto& setting : target.unit) set(setting);
  for (const auto& setting : scenario.gateway.unit) set(setting);
  std::string command;
  for (const auto& word : target.command) command += (command.empty() ? "" : " ") + fill_words(word, places);
  for (const auto& word : scenario.gateway.args) command += " " + fill_words(word, places);
  std::string text = "[Unit]\nDescription=Brownout LLM gateway\n";
  if (scenario.gateway.socket) text += "Requires=brownout-gateway.socket\nAfter=brownout-gateway.socket\n";
  for (const auto& [name, value] : unit) text += name + "=" + fill_words(value, places) + "\n";
  text += "\n[Service]\nExecStart=" + command + "\nEnvironmentFile=" + environment_file + "\n";
  for (const auto& [name, value] : service) text += name + "=" + fill_words(value, places) + "\n";
  return text + "\n[Install]\nWantedBy=default.target\n";
}

std::string socket_unit_for(const Places& places) {
  return fmt::format("[Unit]\nDescription=Brownout LLM gateway, listening socket\n\n[Socket]\nListenStream=127.0.0.1:{}\nBacklog=4096\n\n[Install]\nWantedBy=sockets.target\n", places.port);
}

}  // namespace harness
