#include "harness/live/target.h"

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

}  // namespace harness
