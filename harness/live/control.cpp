// The calls of a run to the simulator's control port and to the manager: how World reaches the processes it started.
#include "base/text.h"
#include "harness/live/world.h"

namespace harness {

using base::Json;

Environment World::environment() const {
  auto env = current_environment();
  const auto fronts = (spec_.paths.libexec / "fronts").string();
  if (manager_) {
    for (const auto& pair : manager_->environment()) {
      const auto at = pair.find('=');
      env[pair.substr(0, at)] = pair.substr(at + 1);
    }
  }
  if (spec_.manager == "mock") env["PATH"] = fronts + ":" + spec_.paths.bin.string() + ":" + (env.contains("PATH") ? env["PATH"] : "/usr/bin:/bin");
  env["XDG_RUNTIME_DIR"] = runtime_;
  env["HOME"] = spec_.folder.string() + "/home";
  env["XDG_CONFIG_HOME"] = spec_.folder.string() + "/home/.config";
  env["XDG_STATE_HOME"] = spec_.folder.string() + "/home/.local/state";
  env["XDG_DATA_HOME"] = spec_.folder.string() + "/home/.local/share";
  env["XDG_CACHE_HOME"] = spec_.folder.string() + "/home/.cache";
  env["BROWNOUT_CONFIG"] = places_.config;
  env["BROWNOUT_RUN"] = run_id_;
  env["NO_COLOR"] = "1";
  env["LC_ALL"] = "C.UTF-8";
  for (const auto& [name, value] : spec_.scenario.gateway.env) env[name] = value;
  for (const auto& [name, value] : spec_.target.env) env[name] = fill_words(value, places_);
  return env;
}

Finished World::systemctl(std::vector<std::string> arguments, base::Duration limit) const {
  if (manager_) {
    // Straight to the manager: the front would cost a process for each question.
    const auto done = manager_->systemctl(arguments, limit);
    return {.code = done.rc, .out = done.out, .err = done.err};
  }
  Command command;
  command.argv = {"systemctl", "--user"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = environment();
  return run_command(std::move(command), limit);
}

std::string World::property(const std::string& name) const {
  const auto done = systemctl({"show", kUnit, "-p", name, "--value"}, std::chrono::seconds{60});
  return std::string(base::trim(done.out));
}

base::Result<bool> World::manager_fault(const std::string& name, const Json& params) const {
  if (!manager_) return base::problem("only the mock manager has faults", "--manager mock");
  const auto wrong = manager_->fault(name, params);
  if (!wrong.empty()) return base::problem("the manager refused the fault \"" + name + "\": " + wrong);
  return true;
}

void World::clear_manager_faults() const {
  if (manager_) manager_->fault("clear");
}

int World::main_pid() const {
  const auto pid = base::parse_integer(property("MainPID"));
  return static_cast<int>(pid.value_or(0));
}

std::optional<PlainReply> World::control(const std::string& method, const std::string& path, const Json& body) const {
  if (control_port_ == 0) return std::nullopt;
  return plain_call(control_port_, method, path, body.is_null() ? std::string{} : base::dump(body), std::chrono::minutes{2});
}

}  // namespace harness
