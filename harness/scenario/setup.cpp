#include "harness/scenario/setup.h"

#include <cctype>

#include "base/text.h"

namespace harness {

using base::Json;

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

std::string unit_for(const UnitSetup& target, const Scenario& scenario, const Places& places, const std::string& environment_file) {
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
  for (const auto& setting : target.settings) set(setting);
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
