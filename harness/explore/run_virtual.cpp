#include "harness/explore/run_virtual.h"

#include "gateway/core/config_loader.h"
#include "harness/explore/virtual_steps.h"
#include "harness/manager/faults.h"

namespace harness::explore {

using base::Json;

namespace {

constexpr std::uint64_t kAskEvery = 1024;  ///< steps of the clock between two looks at whether to go on

std::string step_reason(const std::vector<Step>& steps);

struct Reason {
  std::string operator()(const SendStep& step) const { return step.raw ? "sends raw bytes" : step.connect_ahead > base::Duration{0} ? "connects ahead of its request" : ""; }
  std::string operator()(const CliStep&) const { return "runs the command line"; }
  std::string operator()(const DiskStep&) const { return "needs a disk"; }
  std::string operator()(const SignalStep& step) const { return step.signal.ends_with("STOP") || step.signal.ends_with("CONT") ? "stops a real process" : ""; }
  std::string operator()(const ManagerStep& step) const {
    if (step.systemctl) return "";
    for (const auto& row : manager::kFaults) {
      if (row.name == step.fault) return row.actor == manager::FaultActor::machine ? "" : "has a fault that needs real processes";
    }
    return "has a fault of the live manager";
  }
  std::string operator()(const WaitStep& step) const { return step.until == "cli" || step.until == "status" ? "waits for what only a process shows" : ""; }
  std::string operator()(const EditConfigStep& step) const { return step.raw ? "writes a raw configuration file" : ""; }
  std::string operator()(const std::shared_ptr<ParallelStep>& step) const {
    for (const auto& branch : step->branches) {
      if (auto reason = step_reason(branch); !reason.empty()) return reason;
    }
    return "";
  }
  std::string operator()(const std::shared_ptr<RepeatStep>& step) const { return step_reason(step->steps); }
  std::string operator()(const ScriptStep&) const { return ""; }
  std::string operator()(const AccountStep&) const { return ""; }
};

std::string step_reason(const std::vector<Step>& steps) {
  for (const auto& step : steps) {
    if (auto reason = std::visit(Reason{}, step.what); !reason.empty()) return reason;
  }
  return "";
}

/// The simulator's ready line, as the live world gets it.
Places places_of(const Scenario& scenario, const simulator::Model& model) {
  Places places;
  places.port = 8642;
  places.admin_port = 8643;
  places.state = "/nowhere/gateway.db";  // never opened: the store is a value
  places.providers = Json::object();
  std::uint16_t port = 9000;
  for (std::size_t i = 0; i < model.provider_count(); ++i) {
    const auto& spec = model.spec(i);
    Json credentials = Json::object();
    for (const auto& credential : spec.credentials) credentials[credential.label] = model.secret_of(i, credential);
    const auto url = fmt::format("http://127.0.0.1:{}", ++port);
    places.providers[spec.name] = {{"url", url}, {"base_url", url + std::string(simulator::base_path_of(spec.dialect))}, {"port", port}, {"dialect", simulator::name_of(spec.dialect)},
                                   {"personality", spec.personality}, {"credentials", std::move(credentials)}};
  }
  (void)scenario;
  return places;
}

base::Result<gateway::Config> config_from(const Json& json, const Places& places, const Scenario& scenario) {
  gateway::Environment environment;
  for (const auto& [name, provider] : places.providers.items()) {
    for (const auto& [label, secret] : provider["credentials"].items()) environment[secret_variable(name, label)] = secret.get<std::string>();
  }
  for (const auto& [name, value] : scenario.gateway.env) environment[name] = value;
  environment["HOME"] = "/nowhere";
  auto loaded = gateway::load_config_text(base::dump(json), scenario.name + " (configuration)", environment);
  if (loaded.has_error()) return loaded.error();
  return std::move(loaded.value().config);
}

}  // namespace

std::optional<std::string> not_virtual(const Scenario& scenario) {
  if (!scenario.virtual_world) return scenario.virtual_reason.empty() ? "it says so" : scenario.virtual_reason;
  if (auto reason = step_reason(scenario.steps); !reason.empty()) return reason;
  if (!scenario.gateway.files.empty()) return "needs files";
  if (!scenario.gateway.installed) return "needs a unit folder";
  for (const auto& expectation : scenario.expect) {
    if (expectation.check == "resources" || expectation.check == "cli.output") return "checks " + expectation.check;
  }
  return std::nullopt;
}

base::Result<gateway::Config> virtual_config(const Scenario& scenario, std::uint64_t seed) {
  const simulator::Model model(scenario.providers, {.seed = seed, .salt = "virtual"}, {});
  const auto places = places_of(scenario, model);
  return config_from(config_for(scenario, places), places, scenario);
}

std::shared_ptr<const manager::Unit> virtual_unit(const Scenario& scenario, manager::Compat compat) {
  const UnitSetup setup{.command = {"/usr/bin/gateway", "run"}, .notify = true, .settings = {}};
  auto text = unit_for(setup, scenario, {}, "/dev/null");
  // There are no files here: what the environment would bring is in the configuration already.
  const auto line = text.find("EnvironmentFile=");
  if (line != std::string::npos) text.erase(line, text.find('\n', line) - line + 1);
  for (const auto* setting : {"Requires=brownout-gateway.socket\n", "After=brownout-gateway.socket\n"}) {
    if (const auto at = text.find(setting); at != std::string::npos) text.erase(at, std::string_view(setting).size());
  }
  return manager::unit_from_text(World::kUnitName, text, compat);
}

base::Result<History> run_virtual(const Scenario& scenario, const WorldOptions& options) {
  const simulator::Model model(scenario.providers, {.seed = options.seed, .salt = "virtual"}, {});
  const auto places = places_of(scenario, model);
  const auto json = config_for(scenario, places);
  auto config = config_from(json, places, scenario);
  if (config.has_error()) return config.error();
  World world(scenario, std::move(config.value()), virtual_unit(scenario, options.compat), options);
  Json providers = Json::object();
  for (const auto& provider : scenario.providers) {
    Json labels = Json::array();
    for (const auto& credential : provider.credentials) labels.push_back(credential.label);
    providers[provider.name] = {{"credentials", std::move(labels)}};
  }
  world.note("harness", "run", [&]() -> Json { return {{"scenario", scenario.name}, {"file", scenario.file}, {"seed", options.seed}, {"speed", 0}, {"world", "virtual"}, {"target", "gateway"}, {"manager", "machine"},
                                {"providers", std::move(providers)}}; });
  VirtualSteps steps(world);
  steps.places = places;
  steps.config_json = json;
  steps.make_config = [&](const Json& changed) { return config_from(changed, places, scenario); };
  bool over = false;
  const auto begin = [&] { steps.run(scenario.steps, [&] { over = true; }); };
  if (scenario.gateway.start) {
    world.systemctl({"start", World::kUnitName}, [&](int rc, const std::string&, const std::string& err) {
      if (rc != 0) world.note("harness", "start-failed", [&]() -> Json { return {{"code", rc}, {"text", err}}; });
      begin();
    });
  } else {
    begin();
  }
  const auto limit = base::Instant{} + scenario.time_limit;
  bool interrupted = false;
  while ((!over || world.clients_open() > 0) && !interrupted && world.clock().step(limit)) {
    steps.poll();
    interrupted = options.go_on && world.clock().steps() % kAskEvery == 0 && !options.go_on();
  }
  world.note("harness", "teardown", [&]() -> Json { return Json::object(); });
  // What the teardown does comes after it, on the clock too.
  bool later = false;
  world.clock().after(std::chrono::milliseconds{1}, [&] { later = true; });
  while (!later && world.clock().step(base::kNever)) {
  }
  bool stopped = false;
  world.systemctl({"stop", World::kUnitName}, [&](int, const std::string&, const std::string&) { stopped = true; });
  while (!stopped && world.clock().step(limit + std::chrono::minutes{5})) {
  }
  world.finish();
  world.note("harness", "end", [&]() -> Json { return {{"steps_done", steps.done()}, {"complete", over && !steps.failed() && !interrupted}, {"interrupted", interrupted}}; });
  auto history = std::move(world.history());
  history.sort();
  return history;
}

}  // namespace harness::explore
